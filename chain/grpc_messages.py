"""From `sui.rpc.v2` messages to the port's plain values.

Role: read the fields that the project asks a node for; a field that is missing or unreadable is the node's fault.

It makes no calls.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from google.protobuf.field_mask_pb2 import FieldMask

from chain import outcome
from chain.errors import BadLedgerAnswerError
from chain.ledger import EventFrame, ExecutedTransaction, GasUsed, LedgerEvent, LedgerObject, Simulation
from sui.errors import ParseError
from sui.rpc.v2 import common_pb2, object_pb2, query_pb2
from sui.type_tag import StructTag
from sui.types import (
    IMMUTABLE,
    Address,
    AddressOwner,
    ConsensusAddressOwner,
    Digest,
    ObjectOwner,
    ObjectRef,
    Owner,
    SharedOwner,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.timestamp_pb2 import Timestamp

    from sui.rpc.v2 import effects_pb2, transaction_execution_service_pb2

OBJECT_FIELDS = ("object_id", "version", "digest", "owner", "object_type", "contents", "previous_transaction")
"""What is read of an object."""

TRANSACTION_FIELDS = (
    "digest",
    "transaction.bcs",
    "signatures",
    "effects.bcs",
    "events.bcs",
    "checkpoint",
    "timestamp",
)
"""What is read of a transaction."""

EVENT_FIELDS = (
    "package_id",
    "module",
    "sender",
    "event_type",
    "contents",
    "checkpoint",
    "transaction_digest",
    "event_index",
)
"""What is read of an event that comes alone."""


MORE_FOLLOWS = frozenset({query_pb2.QUERY_END_REASON_ITEM_LIMIT, query_pb2.QUERY_END_REASON_SCAN_LIMIT})
"""Reasons for which a listing ends though more follows."""


def milliseconds(timestamp: Timestamp) -> int:
    """Unix milliseconds of a protobuf timestamp."""
    return int(timestamp.seconds) * 1000 + int(timestamp.nanos) // 1_000_000


def read_owner(message: common_pb2.Owner) -> Owner:
    """Read an object's owner."""
    kinds = common_pb2.Owner.OwnerKind
    if message.kind == kinds.SHARED:
        return SharedOwner(message.version)
    if message.kind == kinds.IMMUTABLE:
        return IMMUTABLE
    address = Address.parse(message.address)
    if message.kind == kinds.ADDRESS:
        return AddressOwner(address)
    if message.kind == kinds.OBJECT:
        return ObjectOwner(address)
    if message.kind == kinds.CONSENSUS_ADDRESS:
        return ConsensusAddressOwner(message.version, address)
    raise BadLedgerAnswerError(f"the node names an owner kind {message.kind} that this program does not know")


def read_object(message: object_pb2.Object) -> LedgerObject:
    """Read an object.

    Raises:
        BadLedgerAnswerError: a field cannot be read.
    """
    try:
        kind = message.object_type
        previous = message.previous_transaction
        return LedgerObject(
            ref=ObjectRef(Address.parse(message.object_id), message.version, Digest.parse(message.digest)),
            owner=read_owner(message.owner),
            type=None if kind in {"", "package"} else StructTag.parse(kind),
            contents=message.contents.value,
            previous_transaction=Digest.parse(previous) if previous else None,
        )
    except ParseError as error:
        raise BadLedgerAnswerError(f"the node's object cannot be read: {error}") from error


def read_event(message: effects_pb2.Event) -> LedgerEvent:
    """Read an event that came alone, with the transaction it belongs to.

    Raises:
        BadLedgerAnswerError: a field cannot be read.
    """
    try:
        return LedgerEvent(
            digest=Digest.parse(message.transaction_digest),
            index=message.event_index,
            package=Address.parse(message.package_id),
            module=message.module,
            sender=Address.parse(message.sender),
            type=StructTag.parse(message.event_type),
            contents=message.contents.value,
            checkpoint=message.checkpoint if message.HasField("checkpoint") else None,
        )
    except ParseError as error:
        raise BadLedgerAnswerError(f"the node's event cannot be read: {error}") from error


def read_transaction(message: effects_pb2.ExecutedTransaction) -> ExecutedTransaction:
    """Read an executed transaction.

    Raises:
        BadLedgerAnswerError: a part is missing or cannot be read.
    """
    if not message.effects.bcs.value:
        raise BadLedgerAnswerError("the node answered without the transaction's effects")
    try:
        digest = Digest.parse(message.digest)
    except ParseError as error:
        raise BadLedgerAnswerError(f"the node's transaction cannot be read: {error}") from error
    return outcome.executed(
        digest=digest,
        transaction=message.transaction.bcs.value,
        signatures=tuple(signature.bcs.value for signature in message.signatures),
        effects=message.effects.bcs.value,
        events=message.events.bcs.value,
        checkpoint=message.checkpoint if message.HasField("checkpoint") else None,
        timestamp_ms=milliseconds(message.timestamp) if message.HasField("timestamp") else None,
    )


def read_simulation(message: transaction_execution_service_pb2.SimulateTransactionResponse) -> Simulation:
    """Read what a transaction would do.

    Raises:
        BadLedgerAnswerError: a part is missing or cannot be read.
    """
    if not message.transaction.effects.bcs.value:
        raise BadLedgerAnswerError("the node simulated without saying the effects")
    effects = outcome.decode_effects(message.transaction.effects.bcs.value)
    gas = effects.gas_used
    return Simulation(
        abort=outcome.abort_of(effects.status),
        gas=GasUsed(gas.computation_cost, gas.storage_cost, gas.storage_rebate),
        events=outcome.decode_events(message.transaction.events.bcs.value, effects.transaction_digest, None),
        returns=tuple(
            tuple(output.value.value for output in command.return_values) for command in message.command_outputs
        ),
    )


_TYPES = {
    object_pb2.OpenSignatureBody.ADDRESS: "address",
    object_pb2.OpenSignatureBody.BOOL: "bool",
    object_pb2.OpenSignatureBody.U8: "u8",
    object_pb2.OpenSignatureBody.U16: "u16",
    object_pb2.OpenSignatureBody.U32: "u32",
    object_pb2.OpenSignatureBody.U64: "u64",
    object_pb2.OpenSignatureBody.U128: "u128",
    object_pb2.OpenSignatureBody.U256: "u256",
}


def _body_text(body: object_pb2.OpenSignatureBody) -> str:
    inner = ",".join(_body_text(each) for each in body.type_parameter_instantiation)
    if body.type == object_pb2.OpenSignatureBody.VECTOR:
        return f"vector<{inner}>"
    if body.type == object_pb2.OpenSignatureBody.DATATYPE:
        return f"{body.type_name}<{inner}>" if inner else body.type_name
    if body.type == object_pb2.OpenSignatureBody.TYPE_PARAMETER:
        return f"T{body.type_parameter}"
    return _TYPES.get(body.type, "?")


def signature_text(parameter: object_pb2.OpenSignature) -> str:
    """A parameter's type as text, with `&` or `&mut`."""
    marks = {object_pb2.OpenSignature.IMMUTABLE: "&", object_pb2.OpenSignature.MUTABLE: "&mut "}
    return marks.get(parameter.reference, "") + _body_text(parameter.body)


def field_mask(fields: Sequence[str]) -> FieldMask:
    """Which fields a node is asked for."""
    return FieldMask(paths=list(fields))


def event_filter(types: Sequence[str]) -> query_pb2.EventFilter:
    """A filter that lets events of any of these types through."""
    terms = [
        query_pb2.EventTerm(
            literals=[query_pb2.EventLiteral(event_type=query_pb2.EventTypeFilter(event_type=event_type))]
        )
        for event_type in types
    ]
    return query_pb2.EventFilter(terms=terms)


def query_options(after: bytes | None, limit: int, *, newest_first: bool) -> query_pb2.QueryOptions:
    """Where a listing begins, how long it is, and in which order."""
    if newest_first:
        return query_pb2.QueryOptions(limit=limit, before=after, ordering=query_pb2.ORDERING_DESCENDING)
    return query_pb2.QueryOptions(limit=limit, after=after)


def read_event_frame(frame: Any) -> EventFrame:
    """Read one frame of a listing or a subscription."""
    has_watermark = frame.HasField("watermark")
    ended = "end" in frame.DESCRIPTOR.fields_by_name and frame.HasField("end")
    return EventFrame(
        event=read_event(frame.event) if frame.HasField("event") else None,
        cursor=frame.watermark.cursor if has_watermark and frame.watermark.HasField("cursor") else None,
        checkpoint=frame.watermark.checkpoint if has_watermark else None,
        end=ended,
        exhausted=ended and frame.end.reason not in MORE_FOLLOWS,
    )
