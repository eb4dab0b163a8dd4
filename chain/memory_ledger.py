"""The ledger port in memory: a small world for tests of whatever follows events and submits transactions.

Role: keep real transactions, effects and events in Sui's own BCS, so that digests, derived ids and signatures are the
ones that a node would give; what a transaction does is decided by a function that the test gives.

Rules: one transaction is one checkpoint; a cursor is the position in the list of all events; faults (cut, duplicate,
reorder, lie) are set on the object and drawn from its own random source, so a seed repeats them.

It runs no Move and checks no gas: that is `localnet`, which tests start as a process.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chain import outcome
from chain.errors import LedgerUnreachableError, NotFoundError, OutcomeUnknownError, TransactionRefusedError
from chain.ledger import (
    Coin,
    EventFrame,
    ExecutedTransaction,
    FunctionSignature,
    GasUsed,
    Ledger,
    LedgerEvent,
    LedgerObject,
    ServiceInfo,
    Simulation,
    TransactionFrame,
)
from sui import effects as fx
from sui.digests import events_digest, transaction_digest
from sui.errors import SuiError
from sui.execution_status import Failed, ModuleId, MoveAbort, MoveLocation
from sui.keys import verify_user_signature
from sui.transaction import TRANSACTION_DATA, MoveCall, ProgrammableTransaction, TransactionData
from sui.types import Address, Digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from random import Random


@dataclass(frozen=True)
class Verdict:
    """What a transaction does here: events, or an abort as (package, module, function, code)."""

    events: tuple[fx.Event, ...] = ()
    abort: tuple[Address, str, str, int] | None = None


@dataclass
class Faults:
    """How badly this ledger behaves; chances are from 0 to 1, drawn at each frame.

    Attributes:
        cut: a stream ends with an error.
        duplicate: an event comes twice.
        reorder: an event changes places with the next one.
        lie: turns what is said of an event into something else, or withholds it.
        lose_outcome: an executed transaction's answer is lost.
        unreachable: every call fails.
    """

    cut: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    lie: Callable[[LedgerEvent], LedgerEvent | None] | None = None
    lose_outcome: float = 0.0
    unreachable: bool = False


class MemoryLedger(Ledger):
    """A ledger in memory."""

    def __init__(
        self,
        decide: Callable[[TransactionData, Digest], Verdict],
        *,
        rng: Random,
        now_ms: Callable[[], int] = lambda: 1_800_000_000_000,
        chain_id: bytes = bytes(range(32)),
    ) -> None:
        """Begin with an empty chain; `decide` says what each transaction does."""
        self.faults = Faults()
        self.objects: dict[Address, LedgerObject] = {}
        self.coins: dict[Address, list[Coin]] = {}
        self.transactions: dict[Digest, ExecutedTransaction] = {}
        self.events: list[LedgerEvent] = []
        self._order: list[Digest] = []
        self._decide = decide
        self._rng = rng
        self._now_ms = now_ms
        self._chain_id = Digest(chain_id)
        self._changed = asyncio.Event()

    def _reach(self) -> None:
        if self.faults.unreachable:
            raise LedgerUnreachableError("the ledger in memory was told to be unreachable")

    async def service_info(self) -> ServiceInfo:
        """Which chain this is and how far it is."""
        self._reach()
        return ServiceInfo(self._chain_id, 0, len(self._order), self._now_ms(), "memory")

    async def gas_price(self) -> int:
        """Always 1000 MIST."""
        self._reach()
        return 1000

    async def get_objects(self, object_ids: Sequence[Address]) -> list[LedgerObject | None]:
        """What the test put in `objects`."""
        self._reach()
        return [self.objects.get(object_id) for object_id in object_ids]

    async def owned_objects(self, owner: Address, type_text: str, *, limit: int = 50) -> list[LedgerObject]:
        """None: tests that need owned objects use the localnet."""
        del owner, type_text, limit
        self._reach()
        return []

    async def owned_coins(self, owner: Address, *, limit: int = 50) -> list[Coin]:
        """What the test put in `coins`."""
        self._reach()
        return self.coins.get(owner, [])[:limit]

    async def function(self, package: Address, module: str, name: str) -> FunctionSignature:
        """None: there is no code here."""
        raise NotFoundError(f"the ledger in memory holds no code, so no {package}::{module}::{name}")

    async def package_modules(self, package: Address) -> tuple[bytes, ...]:
        """None: there is no code here."""
        raise NotFoundError(f"the ledger in memory holds no code, so no package {package}")

    async def execute(self, transaction: bytes, signatures: Sequence[bytes]) -> ExecutedTransaction:
        """Execute once; the same bytes again give the first outcome, as on Sui."""
        self._reach()
        digest = transaction_digest(transaction)
        if digest not in self.transactions:
            self._commit(digest, transaction, tuple(signatures))
        if self._rng.random() < self.faults.lose_outcome:
            raise OutcomeUnknownError(f"the answer for {digest} was lost", digest)
        return self.transactions[digest]

    def _commit(self, digest: Digest, transaction: bytes, signatures: tuple[bytes, ...]) -> None:
        try:
            data = TRANSACTION_DATA.decode(transaction)
            signers = {verify_user_signature(signature, transaction) for signature in signatures}
        except SuiError as error:
            raise TransactionRefusedError(f"not a signed transaction: {error}") from error
        if data.sender not in signers:
            raise TransactionRefusedError("the sender did not sign")
        verdict = self._decide(data, digest)
        events = fx.TRANSACTION_EVENTS.encode(fx.TransactionEvents(verdict.events)) if verdict.events else b""
        self.transactions[digest] = outcome.executed(
            digest=digest,
            transaction=transaction,
            signatures=signatures,
            effects=fx.TRANSACTION_EFFECTS.encode(_effects(digest, verdict, events)),
            events=events,
            checkpoint=len(self._order),
            timestamp_ms=self._now_ms(),
        )
        self._order.append(digest)
        self.events.extend(self.transactions[digest].events)
        self._wake()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def simulate(self, transaction: bytes) -> Simulation:
        """What the verdict would be."""
        self._reach()
        verdict = self._decide(TRANSACTION_DATA.decode(transaction), transaction_digest(transaction))
        abort = outcome.abort_of(_status(verdict))
        return Simulation(abort, GasUsed(1_000_000, 0, 0))

    async def get_transaction(self, digest: Digest) -> ExecutedTransaction:
        """A transaction by its digest."""
        self._reach()
        if digest not in self.transactions:
            raise NotFoundError(f"the ledger in memory has no transaction {digest}")
        return self.transactions[digest]

    async def subscribe_events(self, types: Sequence[str]) -> AsyncIterator[EventFrame]:
        """Events from now on, with the faults that are set."""
        self._reach()
        at = len(self.events)
        yield self._frame(None, at)
        while True:
            changed = self._changed
            if at >= len(self.events):
                await changed.wait()
                self._reach()
                continue
            until = len(self.events)
            async for frame in self._faulty(at, until, types):
                yield frame
            at = until

    async def list_events(
        self,
        types: Sequence[str],
        *,
        after: bytes | None,
        limit: int,
        from_checkpoint: int | None = None,
        newest_first: bool = False,
    ) -> AsyncIterator[EventFrame]:
        """Past events, with the faults that are set."""
        self._reach()
        at = int.from_bytes(after, "big") if after else 0
        while from_checkpoint and at < len(self.events) and (self.events[at].checkpoint or 0) < from_checkpoint:
            at += 1
        if newest_first:
            end = at if after else len(self.events)
            for place in range(end - 1, max(end - limit, 0) - 1, -1):
                yield self._frame(self.events[place] if str(self.events[place].type) in types else None, place)
            yield replace(self._frame(None, max(end - limit, 0)), end=True, exhausted=end <= limit)
            return
        until = min(at + limit, len(self.events))
        async for frame in self._faulty(at, until, types):
            yield frame
        yield replace(self._frame(None, until), end=True, exhausted=until == len(self.events))

    async def _faulty(self, at: int, until: int, types: Sequence[str]) -> AsyncIterator[EventFrame]:
        order = list(range(at, until))
        for place in range(len(order) - 1):
            if self._rng.random() < self.faults.reorder:
                order[place], order[place + 1] = order[place + 1], order[place]
        passed = at
        for count, place in enumerate(order):
            if self._rng.random() < self.faults.cut:
                raise LedgerUnreachableError("the stream was cut")
            passed = place + 1 if sorted(order[: count + 1]) == list(range(at, at + count + 1)) else passed
            told: LedgerEvent | None = self.events[place]
            if self.faults.lie is not None:
                told = self.faults.lie(self.events[place])
            if told is not None and str(told.type) not in types:
                told = None
            frame = self._frame(told, max(passed, at))
            yield frame
            if self._rng.random() < self.faults.duplicate:
                yield frame

    def _frame(self, event: LedgerEvent | None, position: int) -> EventFrame:
        checkpoint = self.events[position].checkpoint if position < len(self.events) else len(self._order)
        return EventFrame(event, position.to_bytes(8, "big"), checkpoint)

    async def list_transactions(
        self, functions: Sequence[str], *, after: bytes | None, limit: int, newest_first: bool = False
    ) -> AsyncIterator[TransactionFrame]:
        """Past transactions that call one of these functions."""
        self._reach()
        order = self._order[::-1] if newest_first else self._order
        at = int.from_bytes(after, "big") if after else 0
        for place in range(at, min(at + limit, len(order))):
            found = self.transactions[order[place]]
            if _calls(found.transaction) & set(functions):
                yield TransactionFrame(found, (place + 1).to_bytes(8, "big"))
        until = min(at + limit, len(order))
        yield TransactionFrame(None, until.to_bytes(8, "big"), end=True, exhausted=until == len(order))

    async def close(self) -> None:
        """Nothing is open."""


def _calls(transaction: bytes) -> set[str]:
    kind = TRANSACTION_DATA.decode(transaction).kind
    if not isinstance(kind, ProgrammableTransaction):
        return set()
    return {f"{c.package}::{c.module}::{c.function}" for c in kind.commands if isinstance(c, MoveCall)}


def _status(verdict: Verdict) -> fx.ExecutionStatus:
    if verdict.abort is None:
        return fx.SUCCESS
    package, module, function, code = verdict.abort
    return Failed(MoveAbort(MoveLocation(ModuleId(package, module), 0, 0, function), code), 0)


def _effects(digest: Digest, verdict: Verdict, events: bytes) -> fx.TransactionEffects:
    return fx.TransactionEffects(
        status=_status(verdict),
        executed_epoch=0,
        gas_used=fx.GasCostSummary(1_000_000, 0, 0, 0),
        transaction_digest=digest,
        gas_object_index=None,
        events_digest=events_digest(events) if events else None,
        dependencies=(),
        lamport_version=1,
        changed_objects=(),
        unchanged_shared_objects=(),
        aux_data_digest=None,
    )
