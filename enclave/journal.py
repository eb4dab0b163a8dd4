"""The executor's journal: an append-only file that survives the executor, not the enclave.

Format, version 1: the magic `k3sdaasJ`, u32 version; then records: u32 length, u32 CRC-32 of the payload, payload.

Rules:
- `append` returns after the record is on stable storage (fsync); what a record permits is done only then.
- A torn tail (the last record cut or with a wrong checksum) is dropped: it permitted nothing yet. A wrong checksum with
  more records behind it is damage, and refused.
- `rewrite` replaces the file whole by a rename, to drop what is over.
- One process has it open at a time (flock).

It never leaves the enclave, and it knows nothing of what its records mean.
"""

from __future__ import annotations

import fcntl
import os
import struct
import zlib
from typing import TYPE_CHECKING, Final, Protocol

from enclave.execution_errors import JournalError
from enclave.execution_limits import LIMITS, ExecutionLimits

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MAGIC: Final = b"k3sdaasJ"
VERSION: Final = 1
"""The format's version."""

_HEADER: Final = struct.Struct(">8sI")
_RECORD: Final = struct.Struct(">II")


def frame(payload: bytes, limits: ExecutionLimits = LIMITS) -> bytes:
    """Put length and checksum before a record.

    Raises:
        JournalError: it is longer than a record may be.
    """
    if len(payload) > limits.journal_record_bytes:
        raise JournalError(f"a journal record has {len(payload)} bytes, at most {limits.journal_record_bytes} may be")
    return _RECORD.pack(len(payload), zlib.crc32(payload)) + payload


def parse(data: bytes, limits: ExecutionLimits = LIMITS) -> tuple[list[bytes], int]:
    """Read all whole records of a journal's bytes.

    Returns:
        The records, and how many bytes of `data` they and the header take; what follows is a torn tail.

    Raises:
        JournalError: it is no journal of this version, or damaged before its tail.
    """
    if len(data) < _HEADER.size and _HEADER.pack(_MAGIC, VERSION).startswith(data):
        return [], 0
    if data[: len(_MAGIC)] != _MAGIC or len(data) < _HEADER.size:
        raise JournalError("this file is no journal; remove it to begin anew")
    _, version = _HEADER.unpack_from(data)
    if version != VERSION:
        raise JournalError(f"the journal has version {version}, this program knows {VERSION}; begin with an empty one")
    records: list[bytes] = []
    at = _HEADER.size
    while at + _RECORD.size <= len(data):
        length, checksum = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + length
        if length > limits.journal_record_bytes:
            break
        if end > len(data):
            return records, at
        payload = data[at + _RECORD.size : end]
        if zlib.crc32(payload) != checksum:
            break
        records.append(payload)
        at = end
    else:
        return records, at
    if _whole_record_follows(data, at, limits):
        raise JournalError("the journal is damaged in its middle; the enclave must begin anew")
    return records, at


def _whole_record_follows(data: bytes, at: int, limits: ExecutionLimits) -> bool:
    """Tell damage from a torn tail: behind a torn record there is nothing that was written later."""
    length, _ = _RECORD.unpack_from(data, at)
    following = at + _RECORD.size + length
    if length > limits.journal_record_bytes or following + _RECORD.size > len(data):
        return False
    length, checksum = _RECORD.unpack_from(data, following)
    end = following + _RECORD.size + length
    return bool(end <= len(data) and zlib.crc32(data[following + _RECORD.size : end]) == checksum)


class Log(Protocol):
    """Where records are kept; `Journal` is the real one."""

    size_bytes: int
    found: list[bytes]

    def append(self, *payloads: bytes) -> None:
        """Write records and return once they are stable."""

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace all records."""


class Journal:
    """An open journal."""

    def __init__(self, path: Path, limits: ExecutionLimits = LIMITS) -> None:
        """Open the journal, or create it, and read what it holds.

        Raises:
            JournalError: another process has it, it is damaged, or of another version.
        """
        self._path = path
        self._limits = limits
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._lock(self._file)
            with os.fdopen(os.dup(self._file), "rb") as source:
                data = source.read()
            self.found, whole = parse(data, limits)
            if whole == 0:
                os.ftruncate(self._file, 0)
                os.pwrite(self._file, _HEADER.pack(_MAGIC, VERSION), 0)
                whole = _HEADER.size
            else:
                os.ftruncate(self._file, whole)
            os.fsync(self._file)
        except BaseException:
            os.close(self._file)
            raise
        self._sync_folder()
        self.size_bytes = whole
        self._broken = False

    def append(self, *payloads: bytes) -> None:
        """Write records and return once they are stable.

        Raises:
            JournalError: they could not be written; nothing more can be.
        """
        if self._broken:
            raise JournalError("the journal was given up after an earlier error; the executor must be restarted")
        data = b"".join(frame(payload, self._limits) for payload in payloads)
        try:
            written = 0
            while written < len(data):
                written += os.pwrite(self._file, data[written:], self.size_bytes + written)
            os.fsync(self._file)
        except OSError as error:
            self._broken = True
            raise JournalError(
                f"the journal cannot be written: {error.strerror}; is the enclave's memory full?"
            ) from error
        self.size_bytes += len(data)

    def rewrite(self, payloads: Iterable[bytes]) -> None:
        """Replace all records by these.

        Raises:
            JournalError: they could not be written; the old ones stay.
        """
        fresh_path = self._path.with_name(self._path.name + ".new")
        size = _HEADER.size
        try:
            fresh = os.open(fresh_path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            try:
                self._lock(fresh)
                os.write(fresh, _HEADER.pack(_MAGIC, VERSION))
                for payload in payloads:
                    data = frame(payload, self._limits)
                    written = 0
                    while written < len(data):
                        written += os.write(fresh, data[written:])
                    size += len(data)
                os.fsync(fresh)
                fresh_path.replace(self._path)
            except BaseException:
                os.close(fresh)
                raise
        except OSError as error:
            raise JournalError(f"the journal cannot be rewritten: {error.strerror}") from error
        os.close(self._file)
        self._file, self.size_bytes, self._broken = fresh, size, False
        self._sync_folder()

    def close(self) -> None:
        """Close the file; what was appended is stable already."""
        os.close(self._file)

    @staticmethod
    def _lock(file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError("another executor has the journal open; end it first") from error

    def _sync_folder(self) -> None:
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
