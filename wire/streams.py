"""Frames over asyncio streams: the thin shell around `wire.frames`."""

from __future__ import annotations

import asyncio

from wire.errors import FrameError
from wire.frames import DEFAULT_LIMITS, LENGTH, FrameLimits, checked_length, encode_frame


async def read_frame(
    reader: asyncio.StreamReader, *, limits: FrameLimits = DEFAULT_LIMITS, timeout_s: float | None = None
) -> bytes | None:
    """Read one frame, or None at a clean end of the stream.

    Args:
        reader: the stream.
        limits: the caps.
        timeout_s: how long the frame's body may take once its length is there; waiting for a frame to begin is free.

    Raises:
        FrameError: too long, cut off, or too slow.
    """
    try:
        header = await reader.readexactly(LENGTH.size)
    except asyncio.IncompleteReadError as error:
        if not error.partial:
            return None
        raise FrameError("the stream ended in the middle of a frame's length") from None
    (length,) = LENGTH.unpack(header)
    checked_length(length, limits)
    try:
        async with asyncio.timeout(timeout_s):
            return await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise FrameError(f"the stream ended {len(error.partial)} bytes into a frame of {length}") from None
    except TimeoutError:
        raise FrameError(f"a frame of {length} bytes did not arrive within {timeout_s} s") from None


async def write_frame(writer: asyncio.StreamWriter, payload: bytes, *, limits: FrameLimits = DEFAULT_LIMITS) -> None:
    """Write one frame and wait until the peer has room for more (back-pressure).

    Raises:
        FrameError: it is longer than the peer would take.
    """
    writer.write(encode_frame(payload, limits=limits))
    await writer.drain()
