"""Seal tokens as authenticated events told of them.

Role: the gateway's and executor's own copy of every token: owner, key, rules and revocation.

Rules: fed by checked SealTokenChanged events only; of two states the one with the higher revision holds, whatever order
events come in, and a revocation is never taken back; a token of another cluster is ignored. Wider rules that wait hold
from their time on, without another event (`SealToken.at`). Stake and expiry are kept for people to read: the contract
judges them.

It asks no node.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chain.rules import Envelope, Rule, allows

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chain.bindings.events import SealTokenChanged
    from sui.types import Address


@dataclass(frozen=True)
class SealToken:
    """What is known of one token."""

    token: Address
    cluster: Address
    owner: Address
    public_key: bytes
    rules: tuple[Rule, ...]
    stake: int
    usable_from: int
    expires_at: int
    revoked: bool
    note: str = ""
    revision: int = 0
    pending_rules: tuple[Rule, ...] = ()
    pending_from: int = 0
    version: int = 1

    def at(self, now_ms: int) -> SealToken:
        """The token as it is at a time of the ledger: with its wider rules once they hold."""
        if not self.pending_rules or self.pending_from > now_ms:
            return self
        return replace(self, rules=self.pending_rules, pending_rules=(), pending_from=0)

    def allows(self, envelope: Envelope, narrowed: tuple[Rule, ...] = ()) -> bool:
        """Whether the rules, and a grant's narrower ones where there are some, allow a request."""
        return allows(self.rules, envelope) and (not narrowed or allows(narrowed, envelope))


def token_of(event: SealTokenChanged) -> SealToken:
    """The state that an event tells."""
    return SealToken(
        token=event.token,
        cluster=event.cluster,
        owner=event.owner,
        public_key=event.public_key,
        rules=event.rules,
        stake=event.stake,
        usable_from=event.usable_from,
        expires_at=event.expires_at,
        revoked=event.revoked,
        note=event.note,
        revision=event.revision,
        pending_rules=event.pending_rules,
        pending_from=event.pending_from,
        version=event.version,
    )


class TokenRegistry:
    """Every token of one cluster that was announced."""

    def __init__(self, cluster: Address) -> None:
        """Begin without tokens."""
        self._cluster = cluster
        self._tokens: dict[Address, SealToken] = {}

    def apply(self, event: SealTokenChanged) -> SealToken | None:
        """Take in a checked event; return the token's state, None where it is another cluster's."""
        if event.cluster != self._cluster:
            return None
        state = token_of(event)
        known = self._tokens.get(state.token)
        if known is not None and known.revision > state.revision:
            return known
        if known is not None and known.revoked:
            state = replace(state, revoked=True)
        self._tokens[state.token] = state
        return state

    def get(self, token: Address) -> SealToken | None:
        """What is known of a token."""
        return self._tokens.get(token)

    def __len__(self) -> int:
        """How many tokens are known."""
        return len(self._tokens)

    def __iter__(self) -> Iterator[SealToken]:
        """All tokens, in the order in which they were first seen."""
        return iter(tuple(self._tokens.values()))
