"""What a node checks before it executes a transaction.

Steps, in this order; each raises and none changes anything:
    1. form: size, kind, expiration, counts, pure arguments (`check_form`);
    2. signatures: exactly those of the sender and of the gas owner, over the intent and the bytes;
    3. inputs: exist, at the version and digest that are named, owned by who signed, shared as claimed;
    4. gas: price, budget, coins.

The words of the errors are Sui's. What it does not check: types of arguments, visibility, Move code (execution does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger.errors import (
    MalformedTransaction,
    SignatureRejected,
    StaleObject,
    TransactionExpired,
    UserInputError,
)
from localnet.ledger.store import coin_value
from sui.errors import BcsError, KeyFormatError, SignatureError
from sui.keys import verify_user_signature
from sui.object import GasCoinType, MoveObject, MovePackage
from sui.transaction import (
    TRANSACTION_DATA,
    EpochExpiration,
    ImmOrOwned,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    Object,
    ProgrammableTransaction,
    Publish,
    Pure,
    Receiving,
    Shared,
    SplitCoins,
    TransactionData,
    TransferObjects,
    Upgrade,
    ValidDuring,
)
from sui.type_tag import StructTag, TypeTag, VectorTag
from sui.types import (
    Address,
    AddressOwner,
    ConsensusAddressOwner,
    Digest,
    ImmutableOwner,
    ObjectOwner,
    ObjectRef,
    SharedOwner,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from localnet.ledger.limits import ProtocolLimits
    from localnet.ledger.records import ObjectRecord
    from localnet.ledger.store import Store
    from sui.transaction import Command

CLOCK_ID = Address.parse("0x6")


@dataclass(frozen=True, slots=True)
class InputObject:
    """An object that a transaction uses, as it is when the transaction starts."""

    record: ObjectRecord
    mutable: bool
    shared: bool


@dataclass(frozen=True, slots=True)
class CheckedTransaction:
    """A transaction whose inputs were looked up and found in order.

    `ended` are shared objects that existed once: the transaction is executed, and fails because of them.
    """

    data: TransactionData
    kind: ProgrammableTransaction
    inputs: dict[Address, InputObject]
    packages: tuple[ObjectRecord, ...]
    gas: tuple[ObjectRecord, ...]
    receiving: tuple[ObjectRef, ...]
    ended: tuple[tuple[Shared, int], ...]


def decode(transaction: bytes, limits: ProtocolLimits) -> TransactionData:
    """Return the TransactionData of which these bytes are the BCS.

    Raises:
        MalformedTransaction: they are not canonical BCS of one.
        UserInputError: they are too many.
    """
    if len(transaction) > limits.max_tx_size_bytes:
        raise UserInputError(
            "Size limit exceeded: serialized transaction size exceeded maximum of "
            f"{limits.max_tx_size_bytes} is {len(transaction)}"
        )
    try:
        return TRANSACTION_DATA.decode(transaction)
    except BcsError as error:
        raise MalformedTransaction(f"unable to deserialize TransactionData: {error}") from error


def check_signatures(data: TransactionData, transaction: bytes, signatures: Sequence[bytes]) -> None:
    """Check that exactly the sender, and the gas owner if he is another, signed these bytes.

    Raises:
        SignatureRejected: a signature is missing, of somebody else, wrong, or of a scheme that is not supported.
    """
    required = {data.sender, data.gas_data.owner}
    if len(signatures) != len(required):
        raise SignatureRejected(f"Expect {len(required)} signer signatures but got {len(signatures)}.")
    signers: set[Address] = set()
    for signature in signatures:
        try:
            signers.add(verify_user_signature(signature, transaction))
        except (SignatureError, KeyFormatError) as error:
            raise SignatureRejected(f"Signature is not valid: {error}") from error
    for signer in sorted(required - signers):
        raise SignatureRejected(f"Required Signature from {signer} is absent.")


def check_form(
    data: TransactionData, limits: ProtocolLimits, *, epoch: int, chain_id: Digest
) -> ProgrammableTransaction:
    """Check everything that needs no look-up, and return the programmable transaction.

    Raises:
        MalformedTransaction: only the system sends this kind.
        TransactionExpired: its time is over, or has not come, or it is for another chain.
        UserInputError: a count or size exceeds its limit, or something that must not be empty is.
    """
    kind = data.kind
    if not isinstance(kind, ProgrammableTransaction):
        raise MalformedTransaction("System Transaction not accepted")
    match data.expiration:
        case EpochExpiration(last) if last < epoch:
            raise TransactionExpired("Transaction Expired")
        case ValidDuring() as during:
            too_late = during.max_epoch is not None and during.max_epoch < epoch
            too_early = during.min_epoch is not None and during.min_epoch > epoch
            if too_late or too_early or during.chain != chain_id:
                raise TransactionExpired("Transaction Expired")
        case _:
            pass
    if len(kind.commands) > limits.max_programmable_tx_commands:
        raise _limit("maximum commands in a programmable transaction", limits.max_programmable_tx_commands)
    for argument in kind.inputs:
        if isinstance(argument, Pure) and len(argument.value) >= limits.max_pure_argument_size_bytes:
            raise _limit("maximum pure argument size", limits.max_pure_argument_size_bytes)
    for command in kind.commands:
        _check_command(command, limits)
    return kind


def _limit(what: str, value: int) -> UserInputError:
    return UserInputError(f"Size limit exceeded: {what} is {value}")


def _empty() -> UserInputError:
    return UserInputError(
        "TransferObjects, MergeCoin, and Publish cannot have empty arguments. "
        "If MakeMoveVec has empty arguments, it must have a type specified"
    )


def _check_command(command: Command, limits: ProtocolLimits) -> None:
    count = 0
    match command:
        case MoveCall():
            if len(command.type_arguments) > limits.max_type_arguments:
                raise _limit("maximum type arguments in a call transaction", limits.max_type_arguments)
            for tag in command.type_arguments:
                _check_type(tag, 1, limits)
            if len(command.arguments) > limits.max_arguments:
                raise _limit("maximum arguments in a move call", limits.max_arguments)
        case TransferObjects():
            count = len(command.objects)
        case SplitCoins():
            count = len(command.amounts)
        case MergeCoins():
            count = len(command.sources)
        case MakeMoveVec():
            count = len(command.elements) or (command.element_type is not None)
            if command.element_type is not None:
                _check_type(command.element_type, 1, limits)
        case Publish() | Upgrade():
            count = len(command.modules)
            if count > limits.max_modules_in_publish:
                raise _limit(
                    "maximum modules in a programmable transaction publish command", limits.max_modules_in_publish
                )
            if len(command.dependencies) > limits.max_package_dependencies:
                raise _limit("maximum package dependencies", limits.max_package_dependencies)
    if not count and not isinstance(command, MoveCall):
        raise _empty()
    if count > limits.max_arguments:
        raise _limit("maximum arguments in a programmable transaction command", limits.max_arguments)


def _check_type(tag: TypeTag, depth: int, limits: ProtocolLimits) -> None:
    if depth > limits.max_type_argument_depth:
        raise _limit("maximum type argument depth in a call transaction", limits.max_type_argument_depth)
    if isinstance(tag, VectorTag):
        _check_type(tag.element, depth + 1, limits)
    elif isinstance(tag, StructTag):
        for parameter in tag.type_params:
            _check_type(parameter, depth + 1, limits)


def check_inputs(
    data: TransactionData, kind: ProgrammableTransaction, store: Store, limits: ProtocolLimits, *, owners: bool = True
) -> CheckedTransaction:
    """Look up every object that the transaction names, and check that it may use it as it says.

    Args:
        data: the transaction.
        kind: its programmable transaction.
        store: the objects.
        limits: the protocol's table.
        owners: False skips who owns an input (a simulation with its checks disabled).

    Raises:
        UserInputError: an input does not exist, is stale, of somebody else, or not of the kind claimed.
    """
    inputs: dict[Address, InputObject] = {}
    receiving: list[ObjectRef] = []
    ended: list[tuple[Shared, int]] = []
    seen: set[Address] = set()
    for argument in kind.inputs:
        if not isinstance(argument, Object):
            continue
        used = argument.arg
        object_id = used.object_id if isinstance(used, Shared) else used.ref.object_id
        if object_id in seen:
            raise UserInputError("The transaction inputs contain duplicated ObjectRef's")
        seen.add(object_id)
        match used:
            case ImmOrOwned(ref):
                record = _owned_input(ref, store, data.sender if owners else None)
                inputs[object_id] = InputObject(
                    record, mutable=not isinstance(record.object.owner, ImmutableOwner), shared=False
                )
            case Shared():
                found = _shared_input(used, store)
                if isinstance(found, int):
                    ended.append((used, found))
                else:
                    inputs[object_id] = InputObject(found, mutable=used.mutable, shared=True)
            case Receiving(ref):
                _receiving_input(ref, store)
                receiving.append(ref)
    packages = tuple(_package(package_id, store) for package_id in sorted(set(_packages_of(kind.commands))))
    if len(seen) + len(packages) + len(data.gas_data.payment) > limits.max_input_objects:
        raise _limit("maximum input and receiving objects in a transaction", limits.max_input_objects)
    gas: list[ObjectRecord] = []
    for ref in data.gas_data.payment:
        if ref.object_id in seen:
            raise UserInputError(f"Mutable object {ref.object_id} cannot appear more than one in one transaction.")
        seen.add(ref.object_id)
        gas.append(_gas_coin(ref, store, data.gas_data.owner))
    return CheckedTransaction(data, kind, inputs, packages, tuple(gas), tuple(receiving), tuple(ended))


def check_gas(checked: CheckedTransaction, limits: ProtocolLimits) -> None:
    """Check price, budget and coins.

    Raises:
        UserInputError: there is no coin, or the price or budget is out of bounds, or the coins do not cover it.
    """
    gas = checked.data.gas_data
    if not gas.payment:
        raise UserInputError("Transaction gas payment missing.")
    if len(gas.payment) > limits.max_gas_payment_objects:
        raise _limit("maximum number of gas payment objects", limits.max_gas_payment_objects)
    check_price_and_budget(gas.price, gas.budget, limits)
    balance = sum(coin_value(coin.object.data) or 0 for coin in checked.gas if isinstance(coin.object.data, MoveObject))
    if balance < gas.budget:
        raise UserInputError(f"Balance of gas object {balance} is lower than the needed amount: {gas.budget}.")


def check_price_and_budget(price: int, budget: int, limits: ProtocolLimits) -> None:
    """Check the two numbers of gas data.

    Raises:
        UserInputError: one is out of bounds.
    """
    if price < limits.reference_gas_price_mist:
        raise UserInputError(f"Gas price {price} under reference gas price (RGP) {limits.reference_gas_price_mist}")
    if price >= limits.max_gas_price_mist:
        raise UserInputError(f"Gas price cannot exceed {limits.max_gas_price_mist} mist")
    if budget > limits.max_tx_gas_mist:
        raise UserInputError(f"Gas budget: {budget} is higher than max: {limits.max_tx_gas_mist}.")
    least = limits.base_tx_cost_units * price
    if budget < least:
        raise UserInputError(f"Gas budget: {budget} is lower than min: {least}.")


def _exact(ref: ObjectRef, store: Store) -> ObjectRecord:
    """Return the newest version of an object if it is the one that is named."""
    record = store.latest(ref.object_id)
    if record is None:
        removed = store.removed_at(ref.object_id)
        if removed is None:
            raise UserInputError(
                f"Could not find the referenced object {ref.object_id} at version Some({ref.version:#x})."
            )
        raise StaleObject(_stale(ref, removed))
    if isinstance(record.object.data, MovePackage):
        raise UserInputError(f"A move object is expected, instead a move package is passed: {ref.object_id}")
    if record.ref.version != ref.version:
        if ref.version > record.ref.version:
            raise UserInputError(
                f"Could not find the referenced object {ref.object_id} at version Some({ref.version:#x})."
            )
        raise StaleObject(_stale(ref, record.ref.version))
    if record.ref.digest != ref.digest:
        raise UserInputError(
            f"Invalid Object digest for object {ref.object_id}. Expected digest : {record.ref.digest}."
        )
    return record


def _stale(ref: ObjectRef, current: int) -> str:
    return (
        f"Transaction needs to be rebuilt because object {ref.object_id} version {ref.version:#x} is unavailable for "
        f"consumption, current version: {current:#x}"
    )


def _owned_input(ref: ObjectRef, store: Store, signer: Address | None) -> ObjectRecord:
    record = _exact(ref, store)
    match record.object.owner:
        case AddressOwner(owner):
            if signer is not None and owner != signer:
                raise UserInputError(_wrong_owner(ref.object_id, owner, signer))
        case ObjectOwner(parent):
            raise UserInputError(
                f"Object {ref.object_id} is owned by object {parent}. "
                "Objects owned by other objects cannot be used as input arguments."
            )
        case SharedOwner() | ConsensusAddressOwner():
            raise UserInputError("Object used as owned is not owned.")
        case ImmutableOwner():
            pass
    return record


def _wrong_owner(object_id: Address, owner: Address, signer: Address) -> str:
    return (
        f"Transaction was not signed by the correct sender: Object {object_id} is owned by account address {owner}, "
        f"but given owner/signer address is {signer}"
    )


def _shared_input(used: Shared, store: Store) -> ObjectRecord | int:
    """Return a shared object, or the version at which it ceased to exist."""
    record = store.latest(used.object_id)
    if record is None:
        removed = store.removed_at(used.object_id)
        if removed is None:
            raise UserInputError(f"Could not find the referenced object {used.object_id} at version None.")
        return removed
    owner = record.object.owner
    if not isinstance(owner, SharedOwner):
        raise UserInputError("Object used as shared is not shared.")
    if owner.initial_shared_version != used.initial_shared_version:
        raise UserInputError("Wrong initial version given for shared object")
    if used.object_id == CLOCK_ID and used.mutable:
        raise UserInputError("Mutable parameter provided, immutable parameter expected.")
    return record


def _receiving_input(ref: ObjectRef, store: Store) -> None:
    record = _exact(ref, store)
    match record.object.owner:
        case AddressOwner():
            return
        case ObjectOwner(parent):
            raise UserInputError(
                f"Object {ref.object_id} is owned by object {parent}. "
                "Objects owned by other objects cannot be used as input arguments."
            )
        case SharedOwner() | ConsensusAddressOwner():
            raise UserInputError("Object used as shared is not shared.")
        case ImmutableOwner():
            raise UserInputError("Mutable parameter provided, immutable parameter expected.")


def _gas_coin(ref: ObjectRef, store: Store, owner: Address) -> ObjectRecord:
    record = _exact(ref, store)
    held = record.object.owner
    if not isinstance(held, AddressOwner):
        raise UserInputError(f"Gas object is not an owned object with owner: {held}.")
    data = record.object.data
    if not isinstance(data, MoveObject) or not isinstance(data.type, GasCoinType):
        raise UserInputError(f"Object {ref.object_id} is not a gas object")
    if held.address != owner:
        raise UserInputError(_wrong_owner(ref.object_id, held.address, owner))
    return record


def _package(package_id: Address, store: Store) -> ObjectRecord:
    record = store.latest(package_id)
    if record is None:
        raise UserInputError(f"Dependent package not found on-chain: {package_id}")
    if not isinstance(record.object.data, MovePackage):
        raise UserInputError(f"A move package is expected, instead a move object is passed: {package_id}")
    return record


def _packages_of(commands: Iterable[Command]) -> Iterator[Address]:
    for command in commands:
        match command:
            case MoveCall():
                yield command.package
                for tag in command.type_arguments:
                    yield from _packages_in(tag)
            case MakeMoveVec(tag) if tag is not None:
                yield from _packages_in(tag)
            case Publish():
                yield from command.dependencies
            case Upgrade():
                yield from command.dependencies
                yield command.package
            case _:
                pass


def _packages_in(tag: TypeTag) -> Iterator[Address]:
    if isinstance(tag, VectorTag):
        yield from _packages_in(tag.element)
    elif isinstance(tag, StructTag):
        yield tag.address
        for parameter in tag.type_params:
            yield from _packages_in(parameter)
