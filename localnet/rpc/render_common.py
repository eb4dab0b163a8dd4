"""Owners, references, signatures, gas and times as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp

from sui.rpc.v2 import common_pb2
from sui.types import AddressOwner, ConsensusAddressOwner, ImmutableOwner, ObjectOwner, Owner, SharedOwner

if TYPE_CHECKING:
    from localnet.rpc.masks import Mask
    from sui.effects import GasCostSummary
    from sui.types import ObjectRef


def timestamp(milliseconds: int) -> Timestamp:
    """Return a time given in Unix milliseconds."""
    return Timestamp(seconds=milliseconds // 1000, nanos=milliseconds % 1000 * 1_000_000)


def bcs(name: str, value: bytes) -> common_pb2.Bcs:
    """Return BCS bytes with the name of their type."""
    return common_pb2.Bcs(name=name, value=value)


def owner(value: Owner) -> common_pb2.Owner:
    """Return an owner."""
    kinds = common_pb2.Owner.OwnerKind
    match value:
        case AddressOwner():
            return common_pb2.Owner(kind=kinds.ADDRESS, address=str(value.address))
        case ObjectOwner():
            return common_pb2.Owner(kind=kinds.OBJECT, address=str(value.object_id))
        case SharedOwner():
            return common_pb2.Owner(kind=kinds.SHARED, version=value.initial_shared_version)
        case ConsensusAddressOwner():
            return common_pb2.Owner(kind=kinds.CONSENSUS_ADDRESS, address=str(value.owner), version=value.start_version)
        case ImmutableOwner():
            return common_pb2.Owner(kind=kinds.IMMUTABLE)


def reference(value: ObjectRef) -> common_pb2.ObjectReference:
    """Return an object's id, version and digest."""
    return common_pb2.ObjectReference(object_id=str(value.object_id), version=value.version, digest=str(value.digest))


def gas(value: GasCostSummary) -> common_pb2.GasCostSummary:
    """Return what a transaction cost."""
    return common_pb2.GasCostSummary(
        computation_cost=value.computation_cost,
        storage_cost=value.storage_cost,
        storage_rebate=value.storage_rebate,
        non_refundable_storage_fee=value.non_refundable_storage_fee,
    )


def signature(value: bytes, mask: Mask) -> common_pb2.UserSignature:
    """Return a user signature; its parts only for schemes of one key."""
    out = common_pb2.UserSignature()
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("UserSignatureBytes", value))
    if not value:
        return out
    if "scheme" in mask and value[0] in common_pb2.SignatureScheme.values():
        out.scheme = common_pb2.SignatureScheme.ValueType(value[0])
    if "simple" in mask and value[0] in {0, 1, 2} and len(value) > 65:
        out.simple.scheme = common_pb2.SignatureScheme.ValueType(value[0])
        out.simple.signature = value[1:65]
        out.simple.public_key = value[65:]
    return out
