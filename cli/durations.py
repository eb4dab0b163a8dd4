"""Durations as people write them: `90s`, `15m`, `12h`, `30d`."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,15})(ms|[smhd])\Z")


def parse_duration(text: str) -> int | None:
    """Read a duration into milliseconds; None where it is none, or no time at all."""
    match = _DURATION.match(text)
    if match is None or int(match[1]) == 0:
        return None
    return int(match[1]) * _UNITS_MS[match[2]]


def spoken(span_ms: int) -> str:
    """A span in the largest unit that fits it without a rest."""
    for unit in ("d", "h", "m", "s"):
        if span_ms and span_ms % _UNITS_MS[unit] == 0:
            return f"{span_ms // _UNITS_MS[unit]}{unit}"
    return f"{span_ms}ms"


class Duration(click.ParamType[int]):
    """Reads a duration into milliseconds; where `plain` is set, a bare number is milliseconds."""

    name = "duration"

    def __init__(self, *, plain: bool = False) -> None:
        """Say whether a number without a unit is taken."""
        self._plain = plain

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read one."""
        if isinstance(value, int):
            return value
        if self._plain and str(value).isdecimal():
            return int(value)
        found = parse_duration(str(value))
        if found is None:
            self.fail(f"{value!r} is no duration; write 90s, 15m, 12h or 30d", param, ctx)
        return found
