"""What k3s and its components print, as fields of our log: one JSON object a line.

Role: cut the child's output into lines, cap them, and say of each its level and what may be told of it.

Rules: the log leaves the enclave, and object names travel sealed; so once users are served, only warnings and errors
are told, and of them only what stands in the program itself: where it was printed, and klog's constant message. Until
then no user's object exists, and lines are told whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

_LINE_CHARACTERS: Final = 1_000
_READ_BYTES: Final = 65_536
_KLOG: Final = re.compile(
    r"(?P<severity>[IWEF])\d{4} \S+ +\d+ (?P<source>[\w./-]+:\d+)\]"
    r"(?: \"(?P<message>[^\"\\]*)\"(?= \w+=|$))?"
)
_LOGRUS: Final = re.compile(r"time=\S+ level=(?P<level>\w+)")
_LEVELS: Final = {
    "I": "info", "W": "warning", "E": "error", "F": "error",
    "info": "info", "warning": "warning", "error": "error", "fatal": "error", "panic": "error",
}  # fmt: skip


class Reader(Protocol):
    """What gives bytes as they come, and none at the end."""

    async def read(self, n: int, /) -> bytes:
        """Up to `n` bytes."""


@dataclass
class Lines:
    """Cuts bytes into lines and tells of them.

    Attributes:
        tell: called with level and fields of each line that is told.
        serving: whether users are served already.
        line_characters: how much of a line is kept.
    """

    tell: Callable[[str, dict[str, str]], None]
    serving: bool = False
    line_characters: int = _LINE_CHARACTERS
    _rest: bytearray = field(default_factory=bytearray)

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        for piece in data.splitlines(keepends=True):
            room = max(0, self.line_characters - len(self._rest))
            self._rest += piece.rstrip(b"\r\n")[:room]
            if piece.endswith(b"\n"):
                self.end()

    def end(self) -> None:
        """Take what there is as a line."""
        text = self._rest.decode(errors="replace")
        self._rest.clear()
        if text:
            self._line(text)

    def _line(self, text: str) -> None:
        klog, logrus = _KLOG.match(text), _LOGRUS.match(text)
        level = "info"
        if klog is not None:
            level = _LEVELS[klog["severity"]]
        elif logrus is not None:
            level = _LEVELS.get(logrus["level"], "info")
        if not self.serving:
            self.tell(level, {"line": text})
        elif level != "info":
            told = {} if klog is None else {"source": klog["source"], "message": klog["message"] or ""}
            self.tell(level, told)


async def read_lines(reader: Reader, lines: Lines) -> None:
    """Tell of all lines until the end."""
    while data := await reader.read(_READ_BYTES):
        lines.feed(data)
    lines.end()
