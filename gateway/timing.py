"""The parts of one request's latency.

Role: measure, on a monotonic clock, what the ledger cannot say: how long sending, finality, execution and storing took.

Rules: the parts never add up to more than the whole; execution is taken from the enclave's signed time, clamped to what
was really waited.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gateway.ports import Accepted, StoredAnswer


@dataclass(slots=True)
class Timing:
    """The stop-watch of one request; it starts when it is made."""

    monotonic: Callable[[], float]
    _started_s: float = field(init=False)
    _accepted_s: float = field(init=False, default=0.0)
    _accepted_at_ms: int = field(init=False, default=0)
    _accepted: Accepted | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Start."""
        self._started_s = self.monotonic()

    def accept(self, accepted: Accepted, ledger_now_ms: int) -> None:
        """Note that the contract's yes is known."""
        self._accepted_s = self.monotonic()
        self._accepted = accepted
        self._accepted_at_ms = ledger_now_ms

    def parts(self, answer: StoredAnswer | None = None) -> dict[str, int]:
        """Give the parts so far, in milliseconds."""
        now_s = self.monotonic()
        total_ms = round((now_s - self._started_s) * 1000)
        if self._accepted is None:
            return {"total_ms": total_ms}
        finality_ms = self._accepted.finality_ms
        submit_ms = max(0, round((self._accepted_s - self._started_s) * 1000) - finality_ms)
        parts = {"submit_ms": submit_ms, "finality_ms": finality_ms}
        if answer is not None:
            waited_ms = round((now_s - self._accepted_s) * 1000)
            execute_ms = max(0, min(waited_ms, answer.executed_at_ms - self._accepted_at_ms))
            parts |= {"execute_ms": execute_ms, "store_ms": waited_ms - execute_ms}
        return parts | {"total_ms": total_ms}
