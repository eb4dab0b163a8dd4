"""What the contract denied for good, repeated from memory.

Role: a token that is revoked, expired or without stake would make the enclave pay for one aborted transaction after
another. The first denial is kept with its digest and repeated.

Rules:
- Kept only with the authenticated state it was decided under (`state`, compared by equality). As soon as an
  authenticated event has changed that state, or something pending in it is due, the contract is asked again.
- A denial for want of stake holds for changes only.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gateway.errors import DeniedError


@dataclass(slots=True)
class DenialMemory:
    """Lasting denials by token, at most `kept` of them."""

    kept: int
    _denials: OrderedDict[tuple[bytes, bool], tuple[Hashable, DeniedError]] = field(default_factory=OrderedDict)

    def remember(self, token: bytes, state: Hashable, denied: DeniedError, *, change: bool) -> None:
        """Keep a denial if it is a lasting one.

        Args:
            token: The token's object id.
            state: Everything authenticated that the denial depends on.
            denied: What the contract said.
            change: Whether the denied request was a change.
        """
        if not denied.lasting:
            return
        self._denials[token, change] = (state, denied)
        self._denials.move_to_end((token, change))
        while len(self._denials) > self.kept:
            self._denials.popitem(last=False)

    def recall(self, token: bytes, state: Hashable, *, change: bool) -> DeniedError | None:
        """Give the denial that still holds for this kind of request, or None."""
        found = self._denials.get((token, change))
        if found is None:
            return None
        known, denied = found
        if known != state:
            del self._denials[token, change]
            return None
        return denied
