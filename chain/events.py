"""The one port "authenticated events": nothing else in gateway or enclave reads the ledger's events.

Role: follow the events of our package over cuts, each checked, each once.

Rules:
- a subscription starts at the tip and does not resume, so every (re)connection first subscribes, then fills the gap
  from the last cursor by ListEvents, then reads on; what both deliver is delivered once, by (digest, event index);
- a cursor that the node no longer knows is replaced by the checkpoint it stood in;
- between attempts it waits with exponential backoff and jitter;
- an event that fails a check of `chain.checks` is reported and dropped, never delivered, and not remembered as seen, so
  the true one may still come;
- a stored answer, and a stored violation, is checked by the enclave's signature over it where the key is known; every
  other event by its transaction, which is fetched once and kept for a while, or was handed over by our own gateway.

It keeps no cursor on disk: each delivered event carries the one to go on from. A light client will replace the checks
and keep this interface.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chain.backoff import Backoff
from chain.bindings.events import (
    K8sAPIRequest,
    K8sResponseStored,
    K8sViolationStored,
    SealTokenChanged,
    decode_event,
    event_type,
)
from chain.checks import (
    CheckedTransaction,
    check_effects,
    check_origin,
    check_request,
    check_token,
    check_transaction,
)
from chain.endings import is_signed
from chain.errors import (
    BadLedgerAnswerError,
    ChainError,
    CursorExpiredError,
    LedgerError,
    LedgerUnreachableError,
    NotFoundError,
    PayloadError,
    UnauthenticError,
)
from chain.expected import ExpectedTransactions
from chain.limits import LIMITS, Limits
from chain.payload import chunks_hash

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from random import Random

    from chain.endings import Ending
    from chain.ledger import EventFrame, ExecutedTransaction, Ledger, LedgerEvent
    from chain.packages import KnownPackages
    from sui.types import Address, Digest


@dataclass(frozen=True)
class Trust:
    """What events are checked against.

    Attributes:
        chain_id: the chain's id, 32 bytes.
        package: our package's original id.
        packages: the ids of its versions that may be called, as they are learnt.
        enclave_key: the Ed25519 key of a registered enclave, None where it is not known.
    """

    chain_id: bytes
    package: Address
    packages: KnownPackages
    enclave_key: Callable[[Address], bytes | None] = field(default=lambda _enclave: None)


@dataclass(frozen=True)
class AuthenticEvent:
    """An event that passed the checks.

    Attributes:
        event: the decoded event, a class of `chain.bindings.events`.
        raw: as the node gave it; (`raw.digest`, `raw.index`) identifies it.
        cursor: where to go on from once this event is dealt with.
        sender: who signed its transaction.
    """

    event: Any
    raw: LedgerEvent
    cursor: bytes | None
    sender: Address


class AuthenticatedEvents:
    """Follows the events of our package."""

    def __init__(
        self,
        ledger: Ledger,
        trust: Trust,
        *,
        rng: Random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        refused: Callable[[LedgerEvent, ChainError], None] = lambda _event, _error: None,
        interrupted: Callable[[ChainError], None] = lambda _error: None,
        caught_up: Callable[[], None] = lambda: None,
        any_gateway: bool = False,
        limits: Limits = LIMITS,
    ) -> None:
        """Follow through a ledger.

        Args:
            ledger: the node; it is not believed.
            trust: what events are checked against.
            rng: draws the jitter.
            sleep: waits between attempts.
            refused: told of every event that failed a check.
            interrupted: told of every cut.
            caught_up: told, once a connection, when everything that the ledger held as it began has been delivered
                and dealt with.
            any_gateway: take requests under a grant from whatever gateway: for those who only look on.
            limits: page sizes, caps and delays.
        """
        self.expected = ExpectedTransactions(limits)
        self.trust = trust
        self._ledger = ledger
        self._backoff = Backoff(rng, limits)
        self._sleep = sleep
        self._refused = refused
        self._interrupted = interrupted
        self._caught_up = caught_up
        self._any_gateway = any_gateway
        self._limits = limits
        self._seen: OrderedDict[tuple[Digest, int], None] = OrderedDict()
        self._checked: OrderedDict[Digest, tuple[CheckedTransaction, ExecutedTransaction]] = OrderedDict()
        self._cursor: bytes | None = None
        self._checkpoint: int | None = None

    def expect(self, digest: Digest, transaction: bytes, signature: bytes) -> None:
        """Hand over a transaction that our own gateway is about to submit.

        Raises:
            UnauthenticError: the digest or the signature is not that of the bytes.
        """
        self.expected.add(digest, transaction, signature)

    async def follow(
        self, names: Sequence[str], *, cursor: bytes | None = None, from_checkpoint: int | None = None
    ) -> AsyncIterator[AuthenticEvent]:
        """Yield checked events of these struct names for ever, each once.

        Args:
            names: struct names of the package's module `events`, as `K8sAPIRequest`.
            cursor: go on after this one.
            from_checkpoint: without a cursor, begin with the events of this checkpoint; without both, with the next
                event there is.
        """
        types = [event_type(self.trust.package, name) for name in names]
        self._cursor = cursor
        while True:
            try:
                async for found in self._connection(types, from_checkpoint):
                    self._backoff.reset()
                    yield found
            except CursorExpiredError as error:
                self._interrupted(error)
                self._cursor, from_checkpoint = None, self._checkpoint
            except LedgerError as error:
                self._interrupted(error)
            if self._cursor is not None:
                from_checkpoint = None
            await self._sleep(self._backoff.next_s())

    async def _connection(self, types: Sequence[str], from_checkpoint: int | None) -> AsyncIterator[AuthenticEvent]:
        """One subscription with the gap before it."""
        live = self._ledger.subscribe_events(types)
        try:
            frame = await self._next(live)
            if frame is not None and (self._cursor is not None or from_checkpoint is not None):
                async for found in self._gap(types, from_checkpoint, frame.checkpoint):
                    yield found
            if frame is not None:
                self._caught_up()
            while frame is not None:
                async for found in self._deliver(frame):
                    yield found
                frame = await self._next(live)
            self._interrupted(LedgerUnreachableError("the event stream ended; the ledger or the way to it was cut"))
        except TimeoutError:
            self._interrupted(LedgerUnreachableError("the event stream is silent; connecting anew"))
        finally:
            await live.aclose()  # type: ignore[attr-defined]

    async def _next(self, live: AsyncIterator[EventFrame]) -> EventFrame | None:
        """The next frame; None when the stream has ended.

        Raises:
            TimeoutError: the stream is silent.
        """
        # Not `wait_for`: Python 3.11's forgets that it was cancelled when a frame comes in the same moment.
        async with asyncio.timeout(self._limits.stream_idle_s):
            return await anext(live, None)

    async def _gap(
        self, types: Sequence[str], from_checkpoint: int | None, until: int | None
    ) -> AsyncIterator[AuthenticEvent]:
        """What happened between the last cursor and the subscription's first frame."""
        while True:
            start = from_checkpoint if self._cursor is None else None
            last: EventFrame | None = None
            async for frame in self._ledger.list_events(
                types, after=self._cursor, limit=self._limits.events_page, from_checkpoint=start
            ):
                last = frame
                async for found in self._deliver(frame):
                    yield found
            if last is None or last.exhausted or not last.end:
                return
            if until is not None and last.checkpoint is not None and last.checkpoint > until:
                return

    async def _deliver(self, frame: EventFrame) -> AsyncIterator[AuthenticEvent]:
        raw = frame.event
        if raw is not None and raw.key not in self._seen:
            try:
                event, sender = await self._check(raw)
            except (UnauthenticError, NotFoundError, BadLedgerAnswerError) as error:
                self._refused(raw, error)
            else:
                self._remember(raw)
                yield AuthenticEvent(event, raw, frame.cursor or self._cursor, sender)
        if frame.cursor is not None:
            self._cursor = frame.cursor
        if frame.checkpoint is not None:
            self._checkpoint = frame.checkpoint

    async def _check(self, raw: LedgerEvent) -> tuple[Any, Address]:
        try:
            event = decode_event(self.trust.package, raw.type, raw.contents)
        except PayloadError as error:
            raise UnauthenticError("package", str(error)) from error
        if isinstance(event, K8sResponseStored | K8sViolationStored):
            key = self.trust.enclave_key(event.enclave)
            if key is not None:
                self._check_ending(event, key)
                return event, raw.sender
        checked = await self._transaction(raw)
        packages = self.trust.packages
        check_origin(checked, raw, original=self.trust.package, packages=packages.speaking(event))
        if isinstance(event, K8sAPIRequest):
            check_request(checked, raw, event, packages)
        elif isinstance(event, SealTokenChanged):
            check_token(checked, raw, event)
        return event, checked.sender

    def _check_ending(self, event: Ending, key: bytes) -> None:
        if not is_signed(event, key, chain_id=self.trust.chain_id, package=self.trust.package):
            raise UnauthenticError("signature", f"the answer to {event.request_id} is not signed by its enclave")
        if isinstance(event, K8sResponseStored) and event.body and chunks_hash(event.body) != event.body_hash:
            raise UnauthenticError("signature", f"the body of the answer to {event.request_id} was altered")

    async def _transaction(self, raw: LedgerEvent) -> CheckedTransaction:
        """The checked transaction of an event: ours, kept, or fetched (the ledger may lag behind its own events)."""
        own = self.expected.get(raw.digest)
        if own is not None:
            return own
        known = self._checked.get(raw.digest)
        if known is not None:
            check_effects(known[1], raw)
            return known[0]
        for attempt in range(self._limits.transaction_lookup_attempts):
            try:
                executed = await self._ledger.get_transaction(raw.digest)
                break
            except NotFoundError:
                if attempt + 1 == self._limits.transaction_lookup_attempts:
                    raise
                await self._sleep(self._limits.backoff_first_s)
        checked = check_transaction(
            raw.digest, executed.transaction, executed.signatures, by_own_gateway=self._any_gateway
        )
        check_effects(executed, raw)
        self._checked[raw.digest] = (checked, executed)
        while len(self._checked) > self._limits.checked_transactions:
            self._checked.popitem(last=False)
        return checked

    def _remember(self, raw: LedgerEvent) -> None:
        self._seen[raw.key] = None
        while len(self._seen) > self._limits.seen_events:
            self._seen.popitem(last=False)
