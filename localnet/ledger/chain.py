"""The order of the ledger: transactions, checkpoints, the Clock, and who is told of them.

Rules:
    * a checkpoint begins with a system transaction that sets the Clock, and is sealed `finality_ms` later;
    * a commit is all or nothing: either everything in it is durable, or the ledger is as it was before;
    * subscribers are called after the commit that sealed a checkpoint, in the order of checkpoints.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from localnet.ledger import listing
from localnet.ledger.changes import Changes, Draft
from localnet.ledger.checkpoint import EMPTY, seal, tip_of
from localnet.ledger.effects import Outcome, build_effects, lamport_version
from localnet.ledger.executor import Execution
from localnet.ledger.gas import GasAccount
from localnet.ledger.genesis import SYSTEM_SIGNATURE, system_transaction
from localnet.ledger.history import History
from localnet.ledger.limits import LIMITS
from localnet.ledger.packages import original_id
from localnet.ledger.records import (
    CheckpointRecord,
    EventCursor,
    EventPage,
    ExecutedTransaction,
    LedgerEvent,
    ObjectRecord,
)
from localnet.ledger.validate import CLOCK_ID, CheckedTransaction, InputObject
from sui.digests import transaction_digest
from sui.effects import SUCCESS, GasCostSummary
from sui.object import MovePackage
from sui.system import CancelledTransactionsV2, ConsensusCommitPrologueV4, Genesis
from sui.transaction import TRANSACTION_DATA
from sui.types import Digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localnet.ledger.checkpoint import Tip
    from localnet.ledger.packages import PackageShelf
    from localnet.ledger.records import EventFilter
    from localnet.ledger.store import Store
    from sui.transaction import TransactionData

_NO_DIGEST = Digest(bytes(32))
_FREE = GasCostSummary(0, 0, 0, 0)
_EPOCH = 0
_MAX_PAGE = 1_000


class Commit:
    """What one commit adds; handed out by `Chain.commit`."""

    def __init__(self, chain: Chain) -> None:
        """Belong to a chain."""
        self._chain = chain
        self._index = -1

    def refresh(self, checked: CheckedTransaction) -> CheckedTransaction:
        """Return the transaction with the Clock as this commit set it."""
        clock = checked.inputs.get(CLOCK_ID)
        if clock is None:
            return checked
        return replace(checked, inputs={**checked.inputs, CLOCK_ID: replace(clock, record=self._chain.clock_record())})

    def append(
        self, data: TransactionData, encoded: bytes, digest: Digest, signatures: tuple[bytes, ...], done: Execution
    ) -> None:
        """Add an executed transaction."""
        self._index = self._chain.append(data, encoded, digest, signatures, done)

    def result(self) -> ExecutedTransaction:
        """Return the transaction as it stands after the commit."""
        return self._chain.recent(self._index)


class Chain:
    """The growing end of the ledger over its store."""

    def __init__(
        self,
        store: Store,
        shelf: PackageShelf,
        clock: Callable[[], int],
        *,
        finality_ms: int,
        idle_checkpoint_ms: int,
    ) -> None:
        """Continue where the store ends."""
        self._store = store
        self._shelf = shelf
        self._clock = clock
        self._finality_ms = finality_ms
        self._idle_ms = idle_checkpoint_ms
        self._history = History(store)
        self._subscribers: list[Callable[[CheckpointRecord], None]] = []
        self._sealed: list[CheckpointRecord] = []
        newest = self._history.checkpoint(None)
        self._tip = EMPTY if newest is None else tip_of(newest.summary, newest.digest)
        self._pending = list(self._history.range(self._tip.transactions, self._tip.transactions + _MAX_PENDING))
        self._next = self._tip.transactions + len(self._pending)
        self._commit_ms = self._clock_ms() if self._pending else 0
        self._recent: OrderedDict[int, ExecutedTransaction] = OrderedDict()

    @property
    def is_empty(self) -> bool:
        """Whether there is no genesis yet."""
        return self._next == 0

    @property
    def tip(self) -> Tip:
        """The newest sealed checkpoint."""
        return self._tip

    # --- time

    def _clock_ms(self) -> int:
        record = self._store.latest(CLOCK_ID)
        if record is None or isinstance(record.object.data, MovePackage):
            return 0
        return int.from_bytes(record.object.data.contents[32:40], "little")

    def _now(self, now_ms: int | None = None) -> int:
        return max(self._clock() if now_ms is None else now_ms, self._tip.timestamp_ms, self._commit_ms)

    def clock_record(self) -> ObjectRecord:
        """Return the Clock object."""
        record = self._store.latest(CLOCK_ID)
        if record is None:
            raise RuntimeError("the ledger has no Clock")
        return record

    def preview_clock(self, checked: CheckedTransaction) -> CheckedTransaction:
        """Return a transaction with the Clock as a commit now would set it."""
        given = checked.inputs.get(CLOCK_ID)
        if given is None:
            return checked
        record = given.record
        now = self._commit_ms if self._pending else self._now()
        data = record.object.data
        if isinstance(data, MovePackage):
            return checked
        contents = data.contents[:32] + now.to_bytes(8, "little")
        shown = replace(record, object=replace(record.object, data=replace(data, contents=contents)))
        return replace(checked, inputs={**checked.inputs, CLOCK_ID: replace(given, record=shown)})

    # --- growing

    def genesis(self, data: TransactionData) -> None:
        """Write the first transaction, seal it, and set the Clock in a second checkpoint."""
        encoded = TRANSACTION_DATA.encode(data)
        digest = transaction_digest(encoded)
        changes = Changes({}, ())
        if not isinstance(data.kind, Genesis):
            raise TypeError("a ledger begins with a genesis transaction")
        for made in data.kind.objects:
            value = made.data
            if not isinstance(value, MovePackage):
                draft = Draft(value.type, value.has_public_transfer, value.contents, made.owner)
                changes.write(value.object_id, draft)
            else:
                changes.write(value.object_id, value)
            changes.created.add(value.object_id)
        done = self._system(digest, changes, ())
        with self._atomically():
            self.append(data, encoded, digest, (SYSTEM_SIGNATURE,), done)
            self._seal(0)
            self._open(self._now())
            self._seal(self._commit_ms)

    def _system(self, digest: Digest, changes: Changes, dependencies: Sequence[Digest]) -> Execution:
        changes.charge_storage(GasAccount(0, 1, LIMITS, metered=False))
        version = lamport_version([given.record.ref.version for given in changes.inputs.values()])
        written = changes.records(version, digest)
        effects, effects_bcs, events_bcs = build_effects(
            transaction=digest,
            epoch=_EPOCH,
            outcome=Outcome(SUCCESS, _FREE, (), version),
            changes=changes,
            written=written,
            gas_object=None,
            dependencies=dependencies,
        )
        packages = tuple(value for value in changes.written.values() if isinstance(value, MovePackage))
        return Execution(effects, effects_bcs, (), events_bcs, written, (), packages, (), ())

    def _open(self, now_ms: int) -> None:
        """Begin a checkpoint with the transaction that sets the Clock."""
        self._commit_ms = now_ms
        record = self.clock_record()
        data = system_transaction(
            ConsensusCommitPrologueV4(
                epoch=_EPOCH,
                round=self._tip.number + 1,
                sub_dag_index=None,
                commit_timestamp_ms=now_ms,
                consensus_commit_digest=self._tip.digest or _NO_DIGEST,
                version_assignments=CancelledTransactionsV2(()),
                additional_state_digest=_NO_DIGEST,
            )
        )
        encoded = TRANSACTION_DATA.encode(data)
        digest = transaction_digest(encoded)
        changes = Changes({CLOCK_ID: InputObject(record, mutable=True, shared=True)}, ())
        changes.rewrite(record, bytes(CLOCK_ID) + now_ms.to_bytes(8, "little"))
        done = self._system(digest, changes, (record.object.previous_transaction,))
        self.append(data, encoded, digest, (SYSTEM_SIGNATURE,), done)

    @contextmanager
    def _atomically(self) -> Iterator[None]:
        """Make what happens inside durable at its end, or undo it; then tell the subscribers."""
        before = (self._next, self._tip, self._commit_ms, list(self._pending), list(self._sealed))
        self._store.begin()
        try:
            yield
            self._store.commit()
        except BaseException:
            self._store.rollback()
            self._next, self._tip, self._commit_ms, self._pending, self._sealed = before
            self._recent.clear()
            raise
        self._tell()

    @contextmanager
    def commit(self) -> Iterator[Commit]:
        """Add transactions durably: what is appended inside is committed at the end, or not at all."""
        try:
            with self._atomically():
                if not self._pending:
                    self._open(self._now())
                yield Commit(self)
                if self._finality_ms == 0:
                    self._seal(self._commit_ms)
        finally:
            self._shelf.unstage()

    def append(
        self, data: TransactionData, encoded: bytes, digest: Digest, signatures: tuple[bytes, ...], done: Execution
    ) -> int:
        """Write an executed transaction; returns its index."""
        index = self._next
        executed = ExecutedTransaction(
            digest=digest,
            index=index,
            transaction=data,
            transaction_bcs=encoded,
            signatures=signatures,
            effects=done.effects,
            effects_bcs=done.effects_bcs,
            events=done.events,
            events_bcs=done.events_bcs,
            checkpoint=None,
            timestamp_ms=None,
        )
        store = self._store
        self._history.write(executed)
        version = done.effects.lamport_version
        store.write_objects(tuple(done.written.values()), [(object_id, version) for object_id in done.removed])
        for package in done.packages:
            store.write_package(package.id, original_id(package), package.version)
        self._next = index + 1
        self._pending.append(executed)
        self._keep(executed)
        return index

    def _keep(self, executed: ExecutedTransaction) -> None:
        self._recent[executed.index] = executed
        if len(self._recent) > _MAX_RECENT:
            self._recent.popitem(last=False)

    def recent(self, index: int) -> ExecutedTransaction:
        """Return a transaction that was just appended."""
        return self._recent[index]

    def _seal(self, timestamp_ms: int) -> None:
        first = self._tip.transactions
        number = self._tip.number + 1
        sealed = [replace(done, checkpoint=number, timestamp_ms=timestamp_ms) for done in self._pending]
        record = seal(self._tip, sealed, epoch=_EPOCH, timestamp_ms=timestamp_ms)
        self._store.write_checkpoint(
            number, record.digest, first, timestamp_ms, (record.summary_bcs, record.contents_bcs)
        )
        for done in sealed:
            if done.index in self._recent:
                self._recent[done.index] = done
        self._tip = tip_of(record.summary, record.digest)
        self._pending = []
        self._sealed.append(record)

    def _tell(self) -> None:
        sealed, self._sealed = self._sealed, []
        for record in sealed:
            for callback in tuple(self._subscribers):
                callback(record)

    def tick(self, now_ms: int | None = None) -> None:
        """Seal what is due."""
        now = self._now(now_ms)
        due = bool(self._pending) and now - self._commit_ms >= self._finality_ms
        idle = not self._pending and 0 < self._idle_ms <= now - self._tip.timestamp_ms
        if not (due or idle):
            return
        with self._atomically():
            if idle:
                self._open(now)
            self._seal(self._commit_ms)

    def subscribe(self, callback: Callable[[CheckpointRecord], None]) -> Callable[[], None]:
        """Call `callback` with each sealed checkpoint; returns the undo."""
        self._subscribers.append(callback)

        def undo() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return undo

    def close(self) -> None:
        """Seal what is pending and close the store."""
        if self._pending:
            with self._atomically():
                self._seal(self._commit_ms)
        self._store.close()

    # --- answering

    def transaction(self, digest: Digest) -> ExecutedTransaction | None:
        """Return a transaction by its digest."""
        index = self._history.index_of(digest)
        if index is None:
            return None
        return self._recent.get(index) or next(iter(self._history.range(index, index + 1)))

    def transactions(self, first: int, limit: int) -> tuple[ExecutedTransaction, ...]:
        """Return sealed transactions from an index on."""
        last = min(first + max(1, min(limit, _MAX_PAGE)), self._tip.transactions)
        return self._history.range(max(first, 0), last)

    def transaction_objects(
        self, done: ExecutedTransaction
    ) -> tuple[tuple[ObjectRecord, ...], tuple[ObjectRecord, ...]]:
        """Return the objects that a transaction changed, before and after it."""
        return self._history.objects(done)

    def checkpoint(self, which: int | Digest | None = None, *, transactions: bool = False) -> CheckpointRecord | None:
        """Return a sealed checkpoint."""
        return self._history.checkpoint(which, transactions=transactions)

    def events(
        self,
        terms: Sequence[Sequence[EventFilter]],
        *,
        after: EventCursor | None,
        before: EventCursor | None,
        descending: bool,
        limit: int,
    ) -> EventPage:
        """List sealed events."""
        limit = max(1, min(limit, _MAX_PAGE))
        sealed = self._tip.transactions
        rows = listing.event_rows(
            self._store, terms, after=after, before=before, sealed=sealed, descending=descending, limit=limit
        )
        events: list[LedgerEvent] = []
        done: ExecutedTransaction | None = None
        for index, place in rows:
            if done is None or done.index != index:
                done = self._recent.get(index) or next(iter(self._history.range(index, index + 1)))
            events.append(self._history.event(done, place))
        if len(rows) == limit:
            return EventPage(tuple(events), EventCursor(*rows[-1]), at_tip=False)
        end = EventCursor(0, 0) if descending else EventCursor(sealed, 0)
        return EventPage(tuple(events), end if before is None or descending else before, at_tip=True)


_MAX_PENDING = 1_000_000
_MAX_RECENT = 512
