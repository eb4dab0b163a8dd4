"""What authenticated events of our cluster change inside the executor, beside the requests themselves.

Role: tokens, settings, versions of the contract, our own activation and end: into the view, to the signer, to the
mirrored roles, and to the streams that a change ends.

Rules: fed with checked events of our own cluster only. The signer is told of each version of the contract that a state
of the cluster names, long before it is due, and again until it has taken it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol

import structlog

from chain.bindings.events import EnclaveActivated, EnclaveRevoked, SealTokenChanged
from enclave.execution_errors import ExecutionError

if TYPE_CHECKING:
    from chain.clock import LedgerClock
    from chain.tokens import SealToken
    from enclave.mirror import RoleMirror
    from enclave.streaming import StreamRoom
    from gateway.view import ClusterView
    from sui.types import Address

_log = structlog.get_logger()


class Approver(Protocol):
    """Who takes the contract's versions: the signer."""

    async def approve_package(self, package: Address) -> None:
        """Take a version of the contract, which may be called from then on."""


class Learner:
    """Applies events of state."""

    def __init__(
        self, view: ClusterView, clock: LedgerClock, signer: Approver, mirror: RoleMirror, streams: StreamRoom
    ) -> None:
        """Begin with what the view knows."""
        self.activated = asyncio.Event()
        self._view = view
        self._clock = clock
        self._signer = signer
        self._mirror = mirror
        self._streams = streams
        self._approved: set[Address] = set()

    def recall(self, event: Any) -> None:
        """Take up what an earlier life has learnt."""
        self._view.apply(event)
        if self._view.activated:
            self.activated.set()

    async def learn(self, event: Any) -> None:
        """Take in an event, and end what it ends."""
        before = self._view.tokens.get(event.token) if isinstance(event, SealTokenChanged) else None
        self.recall(event)
        await self.approve()
        if isinstance(event, SealTokenChanged):
            await self._token_changed(before, self._view.tokens.get(event.token))
        elif isinstance(event, EnclaveRevoked):
            if event.enclave == self._view.enclave:
                self._streams.end_all("enclave")
        elif isinstance(event, EnclaveActivated):
            if event.address != self._view.address and self._view.activated:
                self._streams.end_all("enclave")
            self._clock.observe(event.activated_at)

    async def approve(self) -> None:
        """Tell the signer of the contract's versions; what it does not take now is told again."""
        for package in self._view.packages:
            if package in self._approved:
                continue
            try:
                await self._signer.approve_package(package)
            except ExecutionError as error:
                _log.warning("package-not-approved", package=str(package), error=str(error))
            else:
                self._approved.add(package)

    async def _token_changed(self, before: SealToken | None, now: SealToken | None) -> None:
        if now is None:
            return
        if before is not None and self._narrows(now, before):
            self._streams.end_token(now.token)
        if now.revoked:
            await self._mirror.drop(now)

    def _narrows(self, now: SealToken, before: SealToken) -> bool:
        """Whether a token that changed may allow less than before, now or once its pending rules hold."""
        now_ms = self._clock.now_ms()
        new, old = now.at(now_ms), before.at(now_ms)
        return new.revoked or (new.rules, new.pending_rules) != (old.rules, old.pending_rules)


def cluster_of(event: Any) -> Address | None:
    """The cluster that an event speaks of."""
    return getattr(getattr(event, "state", event), "cluster", None)
