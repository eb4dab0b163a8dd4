"""The ledger's time.

Role: answer "what time is it on chain" without asking the machine's wall clock, which in an enclave is the parent's.

Rules: the time is that of the last authenticated checkpoint or event plus the monotonic time since then; it never goes
back; before the first observation there is no time.

It does not fetch anything: whoever reads the ledger tells it what it saw.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chain.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable


class ClockUnsetError(ChainError):
    """Nothing was seen from the ledger yet, so there is no time."""


class LedgerClock:
    """The last time seen from the ledger, plus the monotonic time since."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Begin without a time; `monotonic` gives seconds."""
        self._monotonic = monotonic
        self._base_ms: int | None = None
        self._seen_at = 0.0

    def observe(self, timestamp_ms: int) -> None:
        """Take in the time of an authenticated checkpoint or event; an older one than now is ignored."""
        if self._base_ms is not None and timestamp_ms <= self.now_ms():
            return
        self._base_ms = timestamp_ms
        self._seen_at = self._monotonic()

    @property
    def is_set(self) -> bool:
        """Whether a time is known."""
        return self._base_ms is not None

    def now_ms(self) -> int:
        """The ledger's time now, in Unix milliseconds.

        Raises:
            ClockUnsetError: nothing was observed yet.
        """
        if self._base_ms is None:
            raise ClockUnsetError("the ledger's time is not known yet: no checkpoint was seen; wait for the ledger")
        return self._base_ms + int((self._monotonic() - self._seen_at) * 1000)
