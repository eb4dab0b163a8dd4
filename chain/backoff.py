"""Exponential backoff with full jitter, as a pure sequence of delays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.limits import LIMITS, Limits

if TYPE_CHECKING:
    from random import Random


class Backoff:
    """Delays that double up to a cap, each drawn between half and the whole; a success starts anew."""

    def __init__(self, rng: Random, limits: Limits = LIMITS) -> None:
        """Draw from `rng`, so that a seed repeats a run."""
        self._rng = rng
        self._limits = limits
        self._attempt = 0

    def next_s(self) -> float:
        """The delay before the next attempt, in seconds."""
        whole = min(self._limits.backoff_cap_s, self._limits.backoff_first_s * 2 ** min(self._attempt, 30))
        self._attempt += 1
        return float(whole * (0.5 + 0.5 * self._rng.random()))

    def reset(self) -> None:
        """Start anew after a success."""
        self._attempt = 0
