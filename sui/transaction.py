"""Transactions: TransactionData V1 with its programmable transaction, and how a sender signs it.

Rules:
    * a codec here checks form only; limits of the network and identifiers are the executor's to check;
    * the system's own transactions are in `sui.system`;
    * withdrawals from address balances (CallArg variant 2) are refused as an unknown variant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sui import bcs, system
from sui.codecs import ADDRESS, DIGEST, OBJECT_REF
from sui.type_tag import TYPE_TAG, TypeTag

if TYPE_CHECKING:
    from sui.types import Address, Digest, ObjectRef

MAX_TRANSACTION_SIZE = 131_072
INTENT_TRANSACTION = b"\0\0\0"


@dataclass(frozen=True, slots=True)
class GasCoin:
    """The coin that pays for gas."""


@dataclass(frozen=True, slots=True)
class Input:
    """An input of the transaction."""

    index: int


@dataclass(frozen=True, slots=True)
class Result:
    """The only result of an earlier command."""

    index: int


@dataclass(frozen=True, slots=True)
class NestedResult:
    """One of several results of an earlier command."""

    index: int
    result_index: int


Argument = GasCoin | Input | Result | NestedResult
GAS_COIN = GasCoin()


@dataclass(frozen=True, slots=True)
class MoveCall:
    """Call a Move function."""

    package: Address
    module: str
    function: str
    type_arguments: tuple[TypeTag, ...]
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class TransferObjects:
    """Give objects to an address."""

    objects: tuple[Argument, ...]
    address: Argument


@dataclass(frozen=True, slots=True)
class SplitCoins:
    """Take amounts out of a coin, as new coins."""

    coin: Argument
    amounts: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class MergeCoins:
    """Put coins into another one."""

    destination: Argument
    sources: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Publish:
    """Publish a package; its result is the UpgradeCap."""

    modules: tuple[bytes, ...]
    dependencies: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class MakeMoveVec:
    """Make a vector of values; the type is needed where there are none, or where they are pure."""

    element_type: TypeTag | None
    elements: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Publish a new version of a package against an UpgradeTicket; its result is the UpgradeReceipt."""

    modules: tuple[bytes, ...]
    dependencies: tuple[Address, ...]
    package: Address
    ticket: Argument


Command = MoveCall | TransferObjects | SplitCoins | MergeCoins | Publish | MakeMoveVec | Upgrade


@dataclass(frozen=True, slots=True)
class ImmOrOwned:
    """An immutable object, or one that the sender owns, at an exact version."""

    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Shared:
    """A shared object, at whatever version consensus orders it."""

    object_id: Address
    initial_shared_version: int
    mutable: bool


@dataclass(frozen=True, slots=True)
class Receiving:
    """An object that was transferred to another object's id."""

    ref: ObjectRef


ObjectArg = ImmOrOwned | Shared | Receiving


@dataclass(frozen=True, slots=True)
class Pure:
    """BCS bytes of a plain value."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Object:
    """An object as an input."""

    arg: ObjectArg


CallArg = Pure | Object


@dataclass(frozen=True, slots=True)
class ProgrammableTransaction:
    """Commands that run one after the other, all or nothing."""

    inputs: tuple[CallArg, ...]
    commands: tuple[Command, ...]


TransactionKind = ProgrammableTransaction | system.SystemTransaction


@dataclass(frozen=True, slots=True)
class GasData:
    """Who pays, with which coins, at which price in MIST, and at most how much."""

    payment: tuple[ObjectRef, ...]
    owner: Address
    price: int
    budget: int


@dataclass(frozen=True, slots=True)
class NoExpiration:
    """The transaction stays valid as long as its objects do."""


@dataclass(frozen=True, slots=True)
class EpochExpiration:
    """The transaction is refused after this epoch."""

    epoch: int


@dataclass(frozen=True, slots=True)
class ValidDuring:
    """The transaction is valid on one chain between two epochs (or times)."""

    min_epoch: int | None
    max_epoch: int | None
    min_timestamp: int | None
    max_timestamp: int | None
    chain: Digest
    nonce: int


TransactionExpiration = NoExpiration | EpochExpiration | ValidDuring
NO_EXPIRATION = NoExpiration()


@dataclass(frozen=True, slots=True)
class TransactionData:
    """What a sender (and a gas sponsor) signs: version 1."""

    kind: TransactionKind
    sender: Address
    gas_data: GasData
    expiration: TransactionExpiration


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A transaction with its intent and signatures, as checkpoints carry it."""

    intent: bytes
    data: TransactionData
    signatures: tuple[bytes, ...]


ARGUMENT: bcs.Codec[Argument] = bcs.enum(
    "Argument",
    bcs.struct(GasCoin),
    bcs.struct(Input, index=bcs.U16),
    bcs.struct(Result, index=bcs.U16),
    bcs.struct(NestedResult, index=bcs.U16, result_index=bcs.U16),
)
_ARGUMENTS = bcs.vector(ARGUMENT)
_MODULES = bcs.vector(bcs.BYTES)
_ADDRESSES = bcs.vector(ADDRESS)
COMMAND: bcs.Codec[Command] = bcs.enum(
    "Command",
    bcs.struct(
        MoveCall,
        package=ADDRESS,
        module=bcs.STRING,
        function=bcs.STRING,
        type_arguments=bcs.vector(TYPE_TAG),
        arguments=_ARGUMENTS,
    ),
    bcs.struct(TransferObjects, objects=_ARGUMENTS, address=ARGUMENT),
    bcs.struct(SplitCoins, coin=ARGUMENT, amounts=_ARGUMENTS),
    bcs.struct(MergeCoins, destination=ARGUMENT, sources=_ARGUMENTS),
    bcs.struct(Publish, modules=_MODULES, dependencies=_ADDRESSES),
    bcs.struct(MakeMoveVec, element_type=bcs.option(TYPE_TAG), elements=_ARGUMENTS),
    bcs.struct(Upgrade, modules=_MODULES, dependencies=_ADDRESSES, package=ADDRESS, ticket=ARGUMENT),
)
OBJECT_ARG: bcs.Codec[ObjectArg] = bcs.enum(
    "ObjectArg",
    bcs.struct(ImmOrOwned, ref=OBJECT_REF),
    bcs.struct(Shared, object_id=ADDRESS, initial_shared_version=bcs.U64, mutable=bcs.BOOL),
    bcs.struct(Receiving, ref=OBJECT_REF),
)
CALL_ARG: bcs.Codec[CallArg] = bcs.enum(
    "CallArg", bcs.struct(Pure, value=bcs.BYTES), bcs.struct(Object, arg=OBJECT_ARG)
)
PROGRAMMABLE_TRANSACTION = bcs.struct(
    ProgrammableTransaction, inputs=bcs.vector(CALL_ARG), commands=bcs.vector(COMMAND)
)
TRANSACTION_KIND: bcs.Codec[TransactionKind] = bcs.sparse_enum(
    "TransactionKind", {0: PROGRAMMABLE_TRANSACTION, **system.VARIANTS}
)
GAS_DATA: bcs.Codec[GasData] = bcs.struct(
    GasData, payment=bcs.vector(OBJECT_REF), owner=ADDRESS, price=bcs.U64, budget=bcs.U64
)
TRANSACTION_EXPIRATION: bcs.Codec[TransactionExpiration] = bcs.enum(
    "TransactionExpiration",
    bcs.struct(NoExpiration),
    bcs.struct(EpochExpiration, epoch=bcs.U64),
    bcs.struct(
        ValidDuring,
        min_epoch=bcs.option(bcs.U64),
        max_epoch=bcs.option(bcs.U64),
        min_timestamp=bcs.option(bcs.U64),
        max_timestamp=bcs.option(bcs.U64),
        chain=DIGEST,
        nonce=bcs.U32,
    ),
)
TRANSACTION_DATA: bcs.Codec[TransactionData] = bcs.enum(
    "TransactionData",
    bcs.struct(
        TransactionData,
        kind=TRANSACTION_KIND,
        sender=ADDRESS,
        gas_data=GAS_DATA,
        expiration=TRANSACTION_EXPIRATION,
    ),
)
SIGNED_TRANSACTION: bcs.Codec[SignedTransaction] = bcs.struct(
    SignedTransaction, intent=bcs.fixed(3), data=TRANSACTION_DATA, signatures=bcs.vector(bcs.BYTES)
)
