"""The authenticated events that a gateway lives by: state into its view, stored answers to those who wait.

Role: the same two followers for the gateway inside the enclave and for one outside it.

Rules: only checked events count; answers of other enclaves than our own are passed over; the ledger's time is taken
from what our own enclave's events say. A ledger that is cut off is waited for.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from chain.bindings.events import EnclaveActivated, K8sResponseStored, K8sViolationStored
from chain.endings import ENDINGS
from chain.events import AuthenticatedEvents, Trust

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.clock import LedgerClock
    from chain.errors import ChainError
    from chain.ledger import Ledger, LedgerEvent
    from gateway.answers import AnswerDesk
    from gateway.view import ClusterView

_STATE_EVENTS = ("SealTokenChanged", "ClusterChanged", "EnclaveRegistered", "EnclaveActivated")
_log = structlog.get_logger()


@dataclass(slots=True)
class Follower:
    """Follows the events for one gateway.

    Attributes:
        ledger: The node; it is not believed.
        view: What it learns goes there.
        desk: Stored answers go there.
        clock: The ledger's time.
        activated: Set once the view's enclave was seen to be activated.
        caught_up: Set once all that the ledger held when it was first followed has been taken in.
        changed: Called after each event that changed the view.
    """

    ledger: Ledger
    view: ClusterView
    desk: AnswerDesk
    clock: LedgerClock
    activated: asyncio.Event = field(default_factory=asyncio.Event)
    caught_up: asyncio.Event = field(default_factory=asyncio.Event)
    changed: Callable[[], None] = lambda: None

    async def follow_state(self, from_checkpoint: int) -> None:
        """Keep tokens and cluster as authenticated events tell them, from a checkpoint on."""
        events = self._events(caught_up=self.caught_up.set)
        async for found in events.follow(_STATE_EVENTS, from_checkpoint=from_checkpoint):
            event = found.event
            self.view.apply(event)
            if isinstance(event, EnclaveActivated):
                self.clock.observe(event.activated_at)
            if self.view.activated:
                self.activated.set()
            self.changed()

    async def follow_answers(self) -> None:
        """Hand stored answers to those who wait."""
        async for found in self._events().follow(ENDINGS):
            event = found.event
            if isinstance(event, K8sResponseStored | K8sViolationStored) and event.enclave == self.view.enclave:
                self.clock.observe(event.stored_at)
                self.desk.deliver(event)

    def _events(self, caught_up: Callable[[], None] = lambda: None) -> AuthenticatedEvents:
        """Open the port of authenticated events."""
        trust = Trust(self.view.chain_id, self.view.package, self.view.packages, self.view.key_of)
        return AuthenticatedEvents(
            self.ledger,
            trust,
            rng=random.SystemRandom(),
            refused=_report_refused,
            interrupted=lambda error: _log.warning("events-interrupted", error=str(error)),
            caught_up=caught_up,
        )


def _report_refused(raw: LedgerEvent, error: ChainError) -> None:
    """Log an event that failed a check."""
    _log.warning("event-refused", digest=str(raw.digest), index=raw.index, error=str(error))
