"""Effects of a transaction, as Sui writes and hashes them: version 2, objects in the order of their ids.

What it does not do: decide what changed (see `localnet.ledger.changes`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sui.digests import events_digest
from sui.effects import (
    TRANSACTION_EFFECTS,
    TRANSACTION_EVENTS,
    Event,
    ExecutionStatus,
    GasCostSummary,
    IdCreated,
    IdDeleted,
    IdNone,
    InputExist,
    InputNotExist,
    MutateConsensusStreamEnded,
    ObjectChange,
    ObjectWrite,
    OutputNotExist,
    PackageWrite,
    ReadConsensusStreamEnded,
    ReadOnlyRoot,
    TransactionEffects,
    TransactionEvents,
)
from sui.object import MovePackage
from sui.types import Digest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localnet.ledger.changes import Changes
    from localnet.ledger.records import ObjectRecord
    from sui.effects import ObjectIn, ObjectOut, UnchangedKind
    from sui.transaction import Shared
    from sui.types import Address

GENESIS_MARKER = Digest(bytes(32))
_NOT_BEFORE = InputNotExist()
_NOT_AFTER = OutputNotExist()
_SAME, _CREATED, _DELETED = IdNone(), IdCreated(), IdDeleted()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a transaction ended, besides its objects."""

    status: ExecutionStatus
    gas: GasCostSummary
    events: tuple[Event, ...]
    lamport_version: int


def lamport_version(versions: Iterable[int]) -> int:
    """Return the version that a transaction gives, from those of its inputs."""
    return max(versions, default=0) + 1


def encode_events(events: tuple[Event, ...]) -> bytes:
    """Return the BCS of a transaction's events, empty where there are none."""
    return TRANSACTION_EVENTS.encode(TransactionEvents(events)) if events else b""


def build_effects(
    *,
    transaction: Digest,
    epoch: int,
    outcome: Outcome,
    changes: Changes,
    written: Mapping[Address, ObjectRecord],
    gas_object: Address | None,
    dependencies: Iterable[Digest],
    ended: Iterable[tuple[Shared, int]] = (),
) -> tuple[TransactionEffects, bytes, bytes]:
    """Return the effects, their BCS, and the BCS of the events (empty where there are none).

    Args:
        transaction: digest of the transaction.
        epoch: in which it ran.
        outcome: status, gas, events and version.
        changes: what it did to objects.
        written: the objects that it wrote, as stored.
        gas_object: the coin that paid.
        dependencies: digests of the transactions whose objects it used.
        ended: shared inputs that no longer exist, with the version at which they ended.
    """
    ids = sorted({*written, *changes.removed, *changes.created, *changes.deleted})
    changed = tuple([_change(object_id, changes, written.get(object_id)) for object_id in ids])
    unchanged: list[tuple[Address, UnchangedKind]] = [
        (object_id, ReadOnlyRoot(given.record.ref.version, given.record.ref.digest))
        for object_id, given in changes.inputs.items()
        if given.shared and not given.mutable
    ]
    for shared, version in ended:
        kind = MutateConsensusStreamEnded(version) if shared.mutable else ReadConsensusStreamEnded(version)
        unchanged.append((shared.object_id, kind))
    events = encode_events(outcome.events)
    effects = TransactionEffects(
        status=outcome.status,
        executed_epoch=epoch,
        gas_used=outcome.gas,
        transaction_digest=transaction,
        gas_object_index=None if gas_object is None else ids.index(gas_object),
        events_digest=events_digest(events) if events else None,
        dependencies=tuple(sorted(set(dependencies) - {GENESIS_MARKER})),
        lamport_version=outcome.lamport_version,
        changed_objects=changed,
        unchanged_shared_objects=tuple(unchanged),
        aux_data_digest=None,
    )
    return effects, TRANSACTION_EFFECTS.encode(effects), events


def _change(object_id: Address, changes: Changes, record: ObjectRecord | None) -> ObjectChange:
    before = changes.before(object_id)
    state_in: ObjectIn = _NOT_BEFORE
    if before is not None:
        state_in = InputExist(before.ref.version, before.ref.digest, before.object.owner)
    state_out: ObjectOut = _NOT_AFTER
    if record is not None and isinstance(record.object.data, MovePackage):
        state_out = PackageWrite(record.ref.version, record.ref.digest)
    elif record is not None:
        state_out = ObjectWrite(record.ref.digest, record.object.owner)
    operation: IdNone | IdCreated | IdDeleted = _SAME
    if object_id in changes.created:
        operation = _CREATED
    elif object_id in changes.deleted:
        operation = _DELETED
    return ObjectChange(object_id, state_in, state_out, operation)
