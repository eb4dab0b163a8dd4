"""Transactions and checkpoints in the store: written once, read back decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from localnet.ledger.records import CheckpointRecord, EventCursor, ExecutedTransaction, LedgerEvent, ObjectRecord
from sui import bcs
from sui.checkpoint import CHECKPOINT_CONTENTS, CHECKPOINT_SUMMARY
from sui.effects import TRANSACTION_EFFECTS, TRANSACTION_EVENTS, InputExist, OutputNotExist, PackageWrite
from sui.transaction import TRANSACTION_DATA
from sui.types import Digest

if TYPE_CHECKING:
    from localnet.ledger.store import Store

_SIGNATURES = bcs.vector(bcs.BYTES)
_MAX_INTEGER = (1 << 63) - 1


class _Place(NamedTuple):
    """A checkpoint as a range of transactions; without a number where it is not sealed."""

    number: int | None
    timestamp_ms: int | None
    first: int
    end: int


class History:
    """What was executed, and in which checkpoints it lies."""

    def __init__(self, store: Store) -> None:
        """Read from and write to `store`."""
        self._store = store

    def write(self, done: ExecutedTransaction) -> None:
        """Append a transaction with its event index."""
        self._store.write_transaction(
            done.index,
            done.digest,
            (done.transaction_bcs, _SIGNATURES.encode(done.signatures), done.effects_bcs, done.events_bcs),
            [(str(event.type), bytes(event.package_id), event.module, bytes(event.sender)) for event in done.events],
        )

    def index_of(self, digest: Digest) -> int | None:
        """Return the place of a transaction."""
        row = self._store.db.execute("SELECT idx FROM transactions WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else int(row[0])

    def range(self, first: int, last: int) -> tuple[ExecutedTransaction, ...]:
        """Return the transactions from `first` up to, but not including, `last`."""
        rows = self._store.db.execute(
            "SELECT idx, digest, data, signatures, effects, events FROM transactions"
            " WHERE idx >= ? AND idx < ? ORDER BY idx",
            (first, last),
        ).fetchall()
        result = []
        found: _Place | None = None
        for row in rows:
            if found is None or row[0] >= found.end:
                found = self._place(row[0])
            result.append(_transaction(row, found))
        return tuple(result)

    def _place(self, index: int) -> _Place:
        """Return the checkpoint that holds a transaction."""
        row = self._store.db.execute(
            "SELECT seq, timestamp, first, summary FROM checkpoints WHERE first <= ? ORDER BY first DESC LIMIT 1",
            (index,),
        ).fetchone()
        if row is not None:
            end = CHECKPOINT_SUMMARY.decode(row[3]).network_total_transactions
            if index < end:
                return _Place(row[0], row[1], row[2], end)
        return _Place(None, None, index, index + 1)

    def checkpoint(self, which: int | Digest | None = None, *, transactions: bool = False) -> CheckpointRecord | None:
        """Return a checkpoint by number or digest, or the newest."""
        query = "SELECT seq, digest, first, summary, contents FROM checkpoints"
        if which is None:
            row = self._store.db.execute(f"{query} ORDER BY seq DESC LIMIT 1").fetchone()
        elif isinstance(which, Digest):
            row = self._store.db.execute(f"{query} WHERE digest = ?", (which,)).fetchone()
        else:
            row = self._store.db.execute(f"{query} WHERE seq = ?", (min(which, _MAX_INTEGER),)).fetchone()
        if row is None:
            return None
        number, digest, first, summary_bcs, contents_bcs = row
        contents = CHECKPOINT_CONTENTS.decode(contents_bcs)
        return CheckpointRecord(
            number,
            Digest(digest),
            CHECKPOINT_SUMMARY.decode(summary_bcs),
            summary_bcs,
            contents,
            contents_bcs,
            self.range(first, first + len(contents.transactions)) if transactions else (),
        )

    def event(self, done: ExecutedTransaction, place: int) -> LedgerEvent:
        """Return an event of a sealed transaction with its place."""
        return LedgerEvent(
            event=done.events[place],
            cursor=EventCursor(done.index, place),
            transaction_digest=done.digest,
            checkpoint=done.checkpoint or 0,
            transaction_offset=done.index - self._place(done.index).first,
            timestamp_ms=done.timestamp_ms or 0,
        )

    def objects(self, done: ExecutedTransaction) -> tuple[tuple[ObjectRecord, ...], tuple[ObjectRecord, ...]]:
        """Return the objects that a transaction changed, before and after it."""
        before: list[ObjectRecord] = []
        after: list[ObjectRecord] = []
        for change in done.effects.changed_objects:
            if isinstance(change.input_state, InputExist):
                found = self._store.at_version(change.object_id, change.input_state.version)
                if found is not None:
                    before.append(found)
            if not isinstance(change.output_state, OutputNotExist):
                state = change.output_state
                version = state.version if isinstance(state, PackageWrite) else done.effects.lamport_version
                found = self._store.at_version(change.object_id, version)
                if found is not None:
                    after.append(found)
        return tuple(before), tuple(after)


def _transaction(row: tuple[Any, ...], place: _Place) -> ExecutedTransaction:
    index, digest, data, signatures, effects, events = row
    return ExecutedTransaction(
        digest=Digest(digest),
        index=index,
        transaction=TRANSACTION_DATA.decode(data),
        transaction_bcs=data,
        signatures=_SIGNATURES.decode(signatures),
        effects=TRANSACTION_EFFECTS.decode(effects),
        effects_bcs=effects,
        events=TRANSACTION_EVENTS.decode(events).events if events else (),
        events_bcs=events,
        checkpoint=place.number,
        timestamp_ms=place.timestamp_ms,
    )
