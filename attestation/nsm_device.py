"""The Nitro Security Module as the kernel's device file, and the choice between it and the simulated one's socket.

Format: one ioctl, `_IOWR(0x0A, 0, 32)`, whose argument is four native 64-bit words: address and length of the request,
address and length of the room for the response; the kernel writes the response's length into the fourth. Source:
aws-nitro-enclaves-nsm-api, `src/driver/mod.rs`; Linux, `drivers/misc/nsm.c`.

Rules: the device file is opened once; requests and responses have the driver's own caps; only one process may have it.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import stat
import struct
from typing import TYPE_CHECKING

from attestation.errors import NsmUnavailable
from attestation.nsm import REQUEST_BYTES, RESPONSE_BYTES, UnixTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NSM_IOCTL = 0xC020_0A00
"""The device's only request number."""

_MESSAGE = struct.Struct("=4Q")


class DeviceTransport:
    """A device behind its file."""

    def __init__(self, path: Path, *, ioctl: Callable[[int, int, bytearray], int] = fcntl.ioctl) -> None:
        """Open lazily; `ioctl` is the system call."""
        self._path = path
        self._ioctl = ioctl
        self._file: int | None = None

    def exchange(self, request: bytes) -> bytes:
        """Send one request and wait for its response."""
        if len(request) > REQUEST_BYTES:
            raise NsmUnavailable(f"a request of {len(request)} bytes is longer than the NSM takes ({REQUEST_BYTES})")
        sent = ctypes.create_string_buffer(request, len(request))
        room = ctypes.create_string_buffer(RESPONSE_BYTES)
        message = bytearray(_MESSAGE.pack(ctypes.addressof(sent), len(request), ctypes.addressof(room), RESPONSE_BYTES))
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            self._ioctl(self._file, NSM_IOCTL, message)
        except OSError as error:
            why = "the message is too long" if error.errno == errno.EMSGSIZE else error.strerror or str(error)
            raise NsmUnavailable(f"the NSM at {self._path} does not answer: {why}") from None
        length = _MESSAGE.unpack(message)[3]
        if not 0 < length <= RESPONSE_BYTES:
            raise NsmUnavailable(f"the NSM answered with {length} bytes; 1 to {RESPONSE_BYTES} were possible")
        return room.raw[:length]

    def close(self) -> None:
        """Close the file; the next exchange opens it anew."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def transport_to(path: Path) -> DeviceTransport | UnixTransport:
    """The way to the device at `path`: its file in an enclave, the simulated one's socket elsewhere.

    Raises:
        NsmUnavailable: there is neither.
    """
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise NsmUnavailable(f"there is no NSM at {path}: {error.strerror or error}") from None
    if stat.S_ISCHR(mode):
        return DeviceTransport(path)
    return UnixTransport(path)
