"""Effects, events and whole executed transactions as messages."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from localnet.rpc.render_common import bcs, gas, owner, signature, timestamp
from localnet.rpc.render_json import json_value
from localnet.rpc.render_object import coin_balance, is_coin, object_message, type_text
from localnet.rpc.render_status import status
from localnet.rpc.render_transaction import transaction
from sui.digests import effects_digest
from sui.effects import (
    Cancelled,
    Event,
    IdCreated,
    IdNone,
    InputExist,
    MutateConsensusStreamEnded,
    ObjectChange,
    ObjectWrite,
    PackageWrite,
    ReadConsensusStreamEnded,
    ReadOnlyRoot,
    TransactionEffects,
    UnchangedKind,
)
from sui.object import MoveObject
from sui.rpc.v2 import effects_pb2 as pb
from sui.types import AddressOwner, ConsensusAddressOwner

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localnet.ledger import ExecutedTransaction, Ledger, LedgerEvent, ObjectRecord
    from localnet.rpc.masks import Mask
    from sui.types import Address

_UNCHANGED = {
    ReadOnlyRoot: pb.UnchangedConsensusObject.READ_ONLY_ROOT,
    MutateConsensusStreamEnded: pb.UnchangedConsensusObject.MUTATE_CONSENSUS_STREAM_ENDED,
    ReadConsensusStreamEnded: pb.UnchangedConsensusObject.READ_CONSENSUS_STREAM_ENDED,
    Cancelled: pb.UnchangedConsensusObject.CANCELED,
}


class Objects:
    """The objects that a transaction read and wrote, found when somebody asks for them."""

    def __init__(
        self,
        ledger: Ledger,
        effects: TransactionEffects,
        known: Iterable[ObjectRecord] = (),
    ) -> None:
        """Look them up in the ledger unless they are given."""
        self._ledger = ledger
        self._effects = effects
        self._known = {(record.ref.object_id, record.ref.version): record for record in known}

    def _find(self, object_id: Address, version: int) -> ObjectRecord | None:
        key = (object_id, version)
        if key not in self._known:
            record = self._ledger.get_object(object_id, version)
            if record is None:
                return None
            self._known[key] = record
        return self._known[key]

    def before(self, change: ObjectChange) -> ObjectRecord | None:
        """Return the object as it was."""
        state = change.input_state
        return self._find(change.object_id, state.version) if isinstance(state, InputExist) else None

    def after(self, change: ObjectChange) -> ObjectRecord | None:
        """Return the object as it is left."""
        match change.output_state:
            case ObjectWrite():
                return self._find(change.object_id, self._effects.lamport_version)
            case PackageWrite(version=version):
                return self._find(change.object_id, version)
            case _:
                return None

    def all(self) -> list[ObjectRecord]:
        """Return every version that was read for writing, or written."""
        found: list[ObjectRecord] = []
        for change in self._effects.changed_objects:
            found.extend(record for record in (self.before(change), self.after(change)) if record is not None)
        return found

    def balance_changes(self) -> list[pb.BalanceChange]:
        """Return how the coins of each address changed."""
        totals: dict[tuple[str, str], int] = defaultdict(int)
        for change in self._effects.changed_objects:
            for record, sign in ((self.before(change), -1), (self.after(change), 1)):
                if record is None:
                    continue
                balance = coin_balance(record)
                held = record.object.owner
                if balance is None or not isinstance(held, AddressOwner | ConsensusAddressOwner):
                    continue
                address = held.address if isinstance(held, AddressOwner) else held.owner
                totals[str(address), _currency(record)] += sign * balance
        return [
            pb.BalanceChange(address=address, coin_type=coin, amount=str(amount))
            for (address, coin), amount in sorted(totals.items())
            if amount
        ]


def _currency(record: ObjectRecord) -> str:
    data = record.object.data
    return str(data.tag.type_params[0]) if isinstance(data, MoveObject) and is_coin(data.tag) else ""


def _change(value: ObjectChange, effects: TransactionEffects, objects: Objects, mask: Mask) -> pb.ChangedObject:
    out = pb.ChangedObject(object_id=str(value.object_id))
    inputs, outputs, operations = (
        pb.ChangedObject.InputObjectState,
        pb.ChangedObject.OutputObjectState,
        pb.ChangedObject.IdOperation,
    )
    match value.input_state:
        case InputExist(version=version, digest=digest, owner=held):
            out.input_state = inputs.INPUT_OBJECT_STATE_EXISTS
            out.input_version = version
            out.input_digest = str(digest)
            out.input_owner.CopyFrom(owner(held))
        case _:
            out.input_state = inputs.INPUT_OBJECT_STATE_DOES_NOT_EXIST
    match value.output_state:
        case ObjectWrite(digest=digest, owner=held):
            out.output_state = outputs.OUTPUT_OBJECT_STATE_OBJECT_WRITE
            out.output_version = effects.lamport_version
            out.output_digest = str(digest)
            out.output_owner.CopyFrom(owner(held))
        case PackageWrite(version=version, digest=digest):
            out.output_state = outputs.OUTPUT_OBJECT_STATE_PACKAGE_WRITE
            out.output_version = version
            out.output_digest = str(digest)
        case _:
            out.output_state = outputs.OUTPUT_OBJECT_STATE_DOES_NOT_EXIST
    if isinstance(value.id_operation, IdNone):
        out.id_operation = operations.NONE
    else:
        out.id_operation = operations.CREATED if isinstance(value.id_operation, IdCreated) else operations.DELETED
    if "object_type" in mask:
        record = objects.after(value) or objects.before(value)
        if record is not None:
            out.object_type = type_text(record)
    return out


def _unchanged(ledger: Ledger, object_id: Address, kind: UnchangedKind, mask: Mask) -> pb.UnchangedConsensusObject:
    kinds = pb.UnchangedConsensusObject.UnchangedConsensusObjectKind
    out = pb.UnchangedConsensusObject(object_id=str(object_id), kind=_UNCHANGED.get(type(kind), kinds.PER_EPOCH_CONFIG))
    if isinstance(kind, ReadOnlyRoot | MutateConsensusStreamEnded | ReadConsensusStreamEnded | Cancelled):
        out.version = kind.version
    if isinstance(kind, ReadOnlyRoot):
        out.digest = str(kind.digest)
        if "object_type" in mask:
            record = ledger.get_object(object_id, kind.version)
            if record is not None:
                out.object_type = type_text(record)
    return out


def effects_message(
    ledger: Ledger, value: TransactionEffects, raw: bytes, objects: Objects, mask: Mask
) -> pb.TransactionEffects:
    """Return what a transaction did, as much of it as is wanted."""
    out = pb.TransactionEffects()
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("TransactionEffects", raw))
    if "digest" in mask:
        out.digest = str(effects_digest(raw))
    if "version" in mask:
        out.version = 2
    if "status" in mask:
        out.status.CopyFrom(status(value.status))
    if "epoch" in mask:
        out.epoch = value.executed_epoch
    if "gas_used" in mask:
        out.gas_used.CopyFrom(gas(value.gas_used))
    if "transaction_digest" in mask:
        out.transaction_digest = str(value.transaction_digest)
    if "gas_object" in mask and value.gas_object_index is not None:
        change = value.changed_objects[value.gas_object_index]
        out.gas_object.CopyFrom(_change(change, value, objects, mask["gas_object"]))
    if "events_digest" in mask and value.events_digest is not None:
        out.events_digest = str(value.events_digest)
    if "dependencies" in mask:
        out.dependencies.extend([str(digest) for digest in value.dependencies])
    if "lamport_version" in mask:
        out.lamport_version = value.lamport_version
    if "changed_objects" in mask:
        below = mask["changed_objects"]
        out.changed_objects.extend([_change(change, value, objects, below) for change in value.changed_objects])
    if "unchanged_consensus_objects" in mask:
        below = mask["unchanged_consensus_objects"]
        out.unchanged_consensus_objects.extend(
            [_unchanged(ledger, object_id, kind, below) for object_id, kind in value.unchanged_shared_objects]
        )
    if "auxiliary_data_digest" in mask and value.aux_data_digest is not None:
        out.auxiliary_data_digest = str(value.aux_data_digest)
    return out


def event_message(ledger: Ledger, value: Event, mask: Mask) -> pb.Event:
    """Return an event, as much of it as is wanted, without its place."""
    out = pb.Event()
    if "package_id" in mask:
        out.package_id = str(value.package_id)
    if "module" in mask:
        out.module = value.module
    if "sender" in mask:
        out.sender = str(value.sender)
    if mask.any("event_type", "contents"):
        name = str(value.type)
        if "event_type" in mask:
            out.event_type = name
        if "contents" in mask:
            out.contents.name = name
            out.contents.value = value.contents
    if "json" in mask:
        shown = json_value(ledger.vm, value.type, value.contents)
        if shown is not None:
            out.json.CopyFrom(shown)
    return out


def placed_event(ledger: Ledger, value: LedgerEvent, mask: Mask) -> pb.Event:
    """Return an event with its place in the ledger."""
    out = event_message(ledger, value.event, mask)
    if "checkpoint" in mask:
        out.checkpoint = value.checkpoint
    if "transaction_digest" in mask:
        out.transaction_digest = str(value.transaction_digest)
    if "transaction_index" in mask:
        out.transaction_index = value.transaction_offset
    if "event_index" in mask:
        out.event_index = value.cursor.event_index
    return out


def events_message(
    ledger: Ledger, value: TransactionEffects, events: Iterable[Event], raw: bytes, mask: Mask
) -> pb.TransactionEvents:
    """Return all events of a transaction, as much of them as is wanted."""
    out = pb.TransactionEvents()
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("TransactionEvents", raw))
    if "digest" in mask and value.events_digest is not None:
        out.digest = str(value.events_digest)
    if "events" in mask:
        below = mask["events"]
        out.events.extend([event_message(ledger, event, below) for event in events])
    return out


def executed_message(
    ledger: Ledger, value: ExecutedTransaction, mask: Mask, *, offset: int | None = None
) -> pb.ExecutedTransaction:
    """Return an executed transaction, as much of it as is wanted; `offset` is its place in its checkpoint."""
    out = pb.ExecutedTransaction()
    objects = Objects(ledger, value.effects)
    if "digest" in mask:
        out.digest = str(value.digest)
    if "transaction" in mask:
        out.transaction.CopyFrom(
            transaction(value.transaction, value.transaction_bcs, str(value.digest), mask["transaction"])
        )
    if "signatures" in mask:
        below = mask["signatures"]
        out.signatures.extend([signature(item, below) for item in value.signatures])
    if "effects" in mask:
        out.effects.CopyFrom(effects_message(ledger, value.effects, value.effects_bcs, objects, mask["effects"]))
    if "events" in mask and value.effects.events_digest is not None:
        out.events.CopyFrom(events_message(ledger, value.effects, value.events, value.events_bcs, mask["events"]))
    if "checkpoint" in mask and value.checkpoint is not None:
        out.checkpoint = value.checkpoint
    if "timestamp" in mask and value.timestamp_ms is not None:
        out.timestamp.CopyFrom(timestamp(value.timestamp_ms))
    if "transaction_index" in mask and offset is not None:
        out.transaction_index = offset
    add_objects(ledger, out, objects, mask)
    return out


def add_objects(ledger: Ledger, out: pb.ExecutedTransaction, objects: Objects, mask: Mask) -> None:
    """Fill in balances and objects where they are wanted."""
    if "balance_changes" in mask:
        out.balance_changes.extend(objects.balance_changes())
    if "objects" in mask:
        below = mask["objects"]["objects"]
        out.objects.objects.extend([object_message(ledger, record, below) for record in objects.all()])
