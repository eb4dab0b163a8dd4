"""Length-prefixed frames: u32 big-endian length, then that many bytes.

Pure: bytes in, frames out. A length above the cap is refused when its four bytes have arrived, before anything is
kept for it; after an error the decoder stays unusable, since the position in the stream is lost.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from wire.errors import FrameError

LENGTH = struct.Struct(">I")


@dataclass(frozen=True)
class FrameLimits:
    """Caps for frames."""

    frame_bytes: int = 16 << 20
    """Longest frame; the largest message is a request body of 3 MiB with its surroundings, or an answer."""


DEFAULT_LIMITS = FrameLimits()


def encode_frame(payload: bytes, *, limits: FrameLimits = DEFAULT_LIMITS) -> bytes:
    """The frame around `payload`.

    Raises:
        FrameError: it is longer than the peer would take.
    """
    return LENGTH.pack(checked_length(len(payload), limits)) + payload


def checked_length(length: int, limits: FrameLimits) -> int:
    """Return `length` if a frame may have it.

    Raises:
        FrameError: it is above the cap.
    """
    if length > limits.frame_bytes:
        raise FrameError(f"a frame of {length} bytes; at most {limits.frame_bytes} are taken")
    return length


class FrameDecoder:
    """Turns a byte stream into frames, however the stream is cut."""

    def __init__(self, limits: FrameLimits = DEFAULT_LIMITS) -> None:
        """Start at the beginning of a stream."""
        self._limits = limits
        self._buffer = bytearray()
        self._broken = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take more of the stream and return the frames that are now whole.

        Raises:
            FrameError: a length above the cap; nothing more can be read from this stream.
        """
        if self._broken:
            raise FrameError("the stream was given up after an earlier error")
        self._buffer += data
        frames: list[bytes] = []
        start = 0
        while len(self._buffer) - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, start)
            try:
                checked_length(length, self._limits)
            except FrameError:
                self._broken = True
                self._buffer.clear()
                raise
            end = start + LENGTH.size + length
            if end > len(self._buffer):
                break
            frames.append(bytes(self._buffer[start + LENGTH.size : end]))
            start = end
        del self._buffer[:start]
        return frames

    def finish(self) -> None:
        """Say that the stream has ended.

        Raises:
            FrameError: it ended in the middle of a frame.
        """
        if self._buffer:
            raise FrameError(f"the stream ended {len(self._buffer)} bytes into a frame")
