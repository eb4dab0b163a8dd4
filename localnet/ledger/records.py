"""What the ledger answers with: plain immutable records, decoded values beside their exact BCS bytes.

They hold no logic. Whoever serves them over a network picks from them; nothing in here is a wire format of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from sui.checkpoint import CheckpointContents, CheckpointSummary
    from sui.effects import Event, TransactionEffects
    from sui.object import Object
    from sui.transaction import Argument, TransactionData
    from sui.type_tag import StructTag, TypeTag
    from sui.types import Address, Digest, ObjectRef

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ObjectRecord:
    """One version of one object: its reference, its value and its BCS as hashed."""

    ref: ObjectRef
    object: Object
    bcs: bytes


@dataclass(frozen=True, slots=True)
class ExecutedTransaction:
    """A transaction with what it did; `checkpoint` is None until a checkpoint holds it.

    `index` is its place in the order of the whole ledger, from 0 (genesis).
    """

    digest: Digest
    index: int
    transaction: TransactionData
    transaction_bcs: bytes
    signatures: tuple[bytes, ...]
    effects: TransactionEffects
    effects_bcs: bytes
    events: tuple[Event, ...]
    events_bcs: bytes
    checkpoint: int | None
    timestamp_ms: int | None


@dataclass(frozen=True, slots=True)
class OutputValue:
    """A Move value that a simulated command returned or changed; `argument` is set for what it changed."""

    type: TypeTag
    bcs: bytes
    argument: Argument | None = None


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """What one command of a simulated transaction returned, and the values it changed by reference."""

    return_values: tuple[OutputValue, ...]
    mutated_by_ref: tuple[OutputValue, ...]


@dataclass(frozen=True, slots=True)
class SimulatedTransaction:
    """What a transaction would do now; `transaction` has its gas filled in when the ledger selected it."""

    transaction: TransactionData
    transaction_bcs: bytes
    digest: Digest
    effects: TransactionEffects
    effects_bcs: bytes
    events: tuple[Event, ...]
    command_outputs: tuple[CommandOutput, ...]
    input_objects: tuple[ObjectRecord, ...]
    output_objects: tuple[ObjectRecord, ...]
    suggested_gas_price: int


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """A sealed checkpoint; `transactions` is filled where it was asked for, and for subscribers."""

    sequence_number: int
    digest: Digest
    summary: CheckpointSummary
    summary_bcs: bytes
    contents: CheckpointContents
    contents_bcs: bytes
    transactions: tuple[ExecutedTransaction, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a listing; `next` continues after it and is None at the end."""

    items: tuple[T, ...]
    next: bytes | None


@dataclass(frozen=True, slots=True)
class Balance:
    """What an address holds of one coin type in coins."""

    coin_type: StructTag
    total: int
    coins: int


@dataclass(frozen=True, slots=True)
class EventFilter:
    """One literal of an event filter: every field that is set must match (`negated` turns the result around).

    `package`, `module` speak of the module that emitted it; `event_type` is a full type, or one without parameters
    that matches all its instances; with `type_module` alone every type of `(package, module)` matches.
    """

    sender: Address | None = None
    emit_package: Address | None = None
    emit_module: str | None = None
    type_package: Address | None = None
    type_module: str | None = None
    type_name: str | None = None
    type_params: tuple[TypeTag, ...] | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class EventCursor:
    """The place of an event in the order of the ledger; compares in that order."""

    transaction_index: int
    event_index: int


@dataclass(frozen=True, slots=True)
class LedgerEvent:
    """An event with its place; (transaction digest, event index) identifies it for ever."""

    event: Event
    cursor: EventCursor
    transaction_digest: Digest
    checkpoint: int
    transaction_offset: int
    timestamp_ms: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events in order; `scanned_to` is where a next listing goes on, `at_tip` that nothing sealed is beyond it."""

    events: tuple[LedgerEvent, ...]
    scanned_to: EventCursor
    at_tip: bool


@dataclass(frozen=True, slots=True)
class EpochInfo:
    """The one epoch of this ledger."""

    epoch: int
    reference_gas_price: int
    start_ms: int
    first_checkpoint: int
    protocol_version: int
    attributes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ServiceInfo:
    """Which network this is and how far it has come."""

    chain_id: Digest
    epoch: int
    checkpoint_height: int
    timestamp_ms: int
    lowest_available_checkpoint: int = 0
