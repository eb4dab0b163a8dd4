"""Durations as people write them: `90s`, `15m`, `12h`, `30d`."""

from __future__ import annotations

import re
from typing import Any

import click

_UNITS_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])\Z")


class Duration(click.ParamType[int]):
    """Reads a duration into milliseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read one."""
        if isinstance(value, int):
            return value
        match = _DURATION.match(str(value))
        if match is None or int(match[1]) == 0:
            self.fail(f"{value!r} is no duration; write 90s, 15m, 12h or 30d", param, ctx)
        return int(match[1]) * _UNITS_MS[match[2]]
