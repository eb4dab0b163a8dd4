"""Functions of 0x1 and 0x2 that Move declares `native`."""

from __future__ import annotations

from typing import Any


def registry() -> Any:
    """Return all natives."""
    return {}
