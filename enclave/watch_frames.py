"""Cutting a watch's bytes at the boundaries of its events.

Role: what goes to the client is always a whole number of events, so that a stream which we end is one that its client
understands as ended, not as broken.

Rules: JSON watches are lines; protobuf watches are u32 big-endian lengths and that many bytes; of anything else every
piece counts as whole. A single event has a cap, checked before it is kept.
"""

from __future__ import annotations

from typing import Final

from enclave.execution_errors import AnswerTooLargeError

_LENGTH_BYTES: Final = 4


class WatchCutter:
    """Takes a stream's bytes as they come and gives whole events."""

    def __init__(self, content_type: str, content_encoding: str, event_bytes: int) -> None:
        """Choose the way to cut by the answer's headers; `event_bytes` caps one event."""
        plain = content_encoding in {"", "identity"}
        kind = content_type.split(";", maxsplit=1)[0].strip().lower()
        self._lines = plain and kind == "application/json"
        self._lengths = plain and kind == "application/vnd.kubernetes.protobuf"
        self._limit = event_bytes
        self._rest = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take more bytes and give the events that are now whole; may be empty.

        Raises:
            AnswerTooLargeError: one event is longer than it may be.
        """
        if not self._lines and not self._lengths:
            return data
        self._rest += data
        end = self._rest.rfind(b"\n") + 1 if self._lines else self._whole_lengths()
        whole = bytes(self._rest[:end])
        del self._rest[:end]
        if len(self._rest) > self._limit:
            raise AnswerTooLargeError(f"one event of the watch has more than {self._limit} bytes")
        return whole

    def _whole_lengths(self) -> int:
        at = 0
        while at + _LENGTH_BYTES <= len(self._rest):
            length = int.from_bytes(self._rest[at : at + _LENGTH_BYTES], "big")
            if length > self._limit:
                raise AnswerTooLargeError(f"one event of the watch has more than {self._limit} bytes")
            if at + _LENGTH_BYTES + length > len(self._rest):
                break
            at += _LENGTH_BYTES + length
        return at
