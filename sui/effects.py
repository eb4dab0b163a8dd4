"""What a transaction did: TransactionEffects V2 and the events it emitted.

Version 1 of the effects (networks before mid-2024) is refused as an unknown variant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sui import bcs
from sui.codecs import ADDRESS, DIGEST, OWNER
from sui.execution_status import (
    EXECUTION_STATUS,
    SUCCESS,
    CommandArgumentError,
    ExecutionFailure,
    ExecutionStatus,
    Failed,
    Failure,
    ModuleId,
    MoveAbort,
    MoveLocation,
    MovePrimitiveRuntimeError,
    PackageUpgradeError,
    Success,
    TypeArgumentError,
)
from sui.type_tag import STRUCT_TAG, StructTag

if TYPE_CHECKING:
    from sui.types import Address, Digest, Owner


@dataclass(frozen=True, slots=True)
class GasCostSummary:
    """What a transaction cost, in MIST."""

    computation_cost: int
    storage_cost: int
    storage_rebate: int
    non_refundable_storage_fee: int

    @property
    def net(self) -> int:
        """What the gas payer lost; negative where the rebate is larger than the costs."""
        return self.computation_cost + self.storage_cost - self.storage_rebate


@dataclass(frozen=True, slots=True)
class InputNotExist:
    """The object did not exist before."""


@dataclass(frozen=True, slots=True)
class InputExist:
    """The object existed before, with this version, digest and owner."""

    version: int
    digest: Digest
    owner: Owner


ObjectIn = InputNotExist | InputExist


@dataclass(frozen=True, slots=True)
class OutputNotExist:
    """The object does not exist afterwards: deleted or wrapped."""


@dataclass(frozen=True, slots=True)
class ObjectWrite:
    """The object was written; its version is the transaction's Lamport version."""

    digest: Digest
    owner: Owner


@dataclass(frozen=True, slots=True)
class PackageWrite:
    """A package was written."""

    version: int
    digest: Digest


ObjectOut = OutputNotExist | ObjectWrite | PackageWrite


@dataclass(frozen=True, slots=True)
class IdNone:
    """The id was neither created nor deleted."""


@dataclass(frozen=True, slots=True)
class IdCreated:
    """The id was created."""


@dataclass(frozen=True, slots=True)
class IdDeleted:
    """The id was deleted."""


IdOperation = IdNone | IdCreated | IdDeleted


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What happened to one object."""

    object_id: Address
    input_state: ObjectIn
    output_state: ObjectOut
    id_operation: IdOperation


@dataclass(frozen=True, slots=True)
class ReadOnlyRoot:
    """A shared object that was read only."""

    version: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class MutateConsensusStreamEnded:
    """A shared object wanted for writing that no longer existed at this version."""

    version: int


@dataclass(frozen=True, slots=True)
class ReadConsensusStreamEnded:
    """A shared object wanted for reading that no longer existed at this version."""

    version: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A shared object of a transaction that consensus cancelled; the version says why."""

    version: int


@dataclass(frozen=True, slots=True)
class PerEpochConfig:
    """A configuration object read at its version of the epoch's start."""


UnchangedKind = ReadOnlyRoot | MutateConsensusStreamEnded | ReadConsensusStreamEnded | Cancelled | PerEpochConfig


@dataclass(frozen=True, slots=True)
class TransactionEffects:
    """Effects, version 2."""

    status: ExecutionStatus
    executed_epoch: int
    gas_used: GasCostSummary
    transaction_digest: Digest
    gas_object_index: int | None
    events_digest: Digest | None
    dependencies: tuple[Digest, ...]
    lamport_version: int
    changed_objects: tuple[ObjectChange, ...]
    unchanged_shared_objects: tuple[tuple[Address, UnchangedKind], ...]
    aux_data_digest: Digest | None


@dataclass(frozen=True, slots=True)
class Event:
    """A Move value that code announced; `package_id` and `module` are those of the command's entry point."""

    package_id: Address
    module: str
    sender: Address
    type: StructTag
    contents: bytes


@dataclass(frozen=True, slots=True)
class TransactionEvents:
    """All events of one transaction, in order."""

    events: tuple[Event, ...]


GAS_COST_SUMMARY: bcs.Codec[GasCostSummary] = bcs.struct(
    GasCostSummary,
    computation_cost=bcs.U64,
    storage_cost=bcs.U64,
    storage_rebate=bcs.U64,
    non_refundable_storage_fee=bcs.U64,
)
_CHANGE: bcs.Codec[ObjectChange] = bcs.struct(
    ObjectChange,
    object_id=ADDRESS,
    input_state=bcs.enum(
        "ObjectIn",
        bcs.struct(InputNotExist),
        bcs.struct(InputExist, version=bcs.U64, digest=DIGEST, owner=OWNER),
    ),
    output_state=bcs.enum(
        "ObjectOut",
        bcs.struct(OutputNotExist),
        bcs.struct(ObjectWrite, digest=DIGEST, owner=OWNER),
        bcs.struct(PackageWrite, version=bcs.U64, digest=DIGEST),
    ),
    id_operation=bcs.enum("IDOperation", bcs.struct(IdNone), bcs.struct(IdCreated), bcs.struct(IdDeleted)),
)
_UNCHANGED: bcs.Codec[Any] = bcs.enum(
    "UnchangedSharedKind",
    bcs.struct(ReadOnlyRoot, version=bcs.U64, digest=DIGEST),
    bcs.struct(MutateConsensusStreamEnded, version=bcs.U64),
    bcs.struct(ReadConsensusStreamEnded, version=bcs.U64),
    bcs.struct(Cancelled, version=bcs.U64),
    bcs.struct(PerEpochConfig),
)
TRANSACTION_EFFECTS: bcs.Codec[TransactionEffects] = bcs.sparse_enum(
    "TransactionEffects",
    {
        1: bcs.struct(
            TransactionEffects,
            status=EXECUTION_STATUS,
            executed_epoch=bcs.U64,
            gas_used=GAS_COST_SUMMARY,
            transaction_digest=DIGEST,
            gas_object_index=bcs.option(bcs.U32),
            events_digest=bcs.option(DIGEST),
            dependencies=bcs.vector(DIGEST),
            lamport_version=bcs.U64,
            changed_objects=bcs.vector(_CHANGE),
            unchanged_shared_objects=bcs.vector(bcs.tuple_of(ADDRESS, _UNCHANGED)),
            aux_data_digest=bcs.option(DIGEST),
        )
    },
)
EVENT: bcs.Codec[Event] = bcs.struct(
    Event, package_id=ADDRESS, module=bcs.STRING, sender=ADDRESS, type=STRUCT_TAG, contents=bcs.BYTES
)
TRANSACTION_EVENTS: bcs.Codec[TransactionEvents] = bcs.struct(TransactionEvents, events=bcs.vector(EVENT))

__all__ = [
    "EVENT",
    "EXECUTION_STATUS",
    "GAS_COST_SUMMARY",
    "SUCCESS",
    "TRANSACTION_EFFECTS",
    "TRANSACTION_EVENTS",
    "Cancelled",
    "CommandArgumentError",
    "Event",
    "ExecutionFailure",
    "ExecutionStatus",
    "Failed",
    "Failure",
    "GasCostSummary",
    "IdCreated",
    "IdDeleted",
    "IdNone",
    "IdOperation",
    "InputExist",
    "InputNotExist",
    "ModuleId",
    "MoveAbort",
    "MoveLocation",
    "MovePrimitiveRuntimeError",
    "MutateConsensusStreamEnded",
    "ObjectChange",
    "ObjectIn",
    "ObjectOut",
    "ObjectWrite",
    "OutputNotExist",
    "PackageUpgradeError",
    "PackageWrite",
    "PerEpochConfig",
    "ReadConsensusStreamEnded",
    "ReadOnlyRoot",
    "Success",
    "TransactionEffects",
    "TransactionEvents",
    "TypeArgumentError",
    "UnchangedKind",
]
