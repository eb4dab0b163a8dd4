"""What a node checks before it executes a transaction.

Steps, in this order; each raises and none changes anything:
    1. form: size, kind, expiration, counts, pure arguments (`form.check_form`);
    2. signatures: exactly those of the sender and of the gas owner (`form.check_signatures`);
    3. inputs: exist, at the version and digest that are named, owned by who signed, shared as claimed;
    4. gas: price, budget, coins.

The words of the errors are Sui's. What it does not check: types of arguments, visibility, Move code (execution does).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger.errors import (
    StaleObject,
    UserInputError,
)
from localnet.ledger.form import limit_exceeded
from localnet.ledger.store import coin_value
from sui.object import GasCoinType, MoveObject, MovePackage
from sui.transaction import (
    ImmOrOwned,
    MakeMoveVec,
    MoveCall,
    Object,
    ProgrammableTransaction,
    Publish,
    Receiving,
    Shared,
    TransactionData,
    Upgrade,
)
from sui.type_tag import StructTag, TypeTag, VectorTag
from sui.types import (
    Address,
    AddressOwner,
    ConsensusAddressOwner,
    ImmutableOwner,
    ObjectOwner,
    ObjectRef,
    SharedOwner,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
        raise limit_exceeded("maximum input and receiving objects in a transaction", limits.max_input_objects)
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
        raise limit_exceeded("maximum number of gas payment objects", limits.max_gas_payment_objects)
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
    live = store.latest(used.object_id)
    record = live or store.last_version(used.object_id)
    if record is None:
        raise UserInputError(f"Could not find the referenced object {used.object_id} at version None.")
    owner = record.object.owner
    if not isinstance(owner, SharedOwner):
        raise UserInputError("Object used as shared is not shared.")
    if owner.initial_shared_version != used.initial_shared_version:
        raise UserInputError("Wrong initial version given for shared object")
    if used.object_id == CLOCK_ID and used.mutable:
        raise UserInputError("Mutable parameter provided, immutable parameter expected.")
    if live is not None:
        return live
    return store.removed_at(used.object_id) or record.ref.version


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
