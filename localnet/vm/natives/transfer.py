"""`sui::transfer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import VmError
from localnet.vm.loader import as_datatype
from localnet.vm.natives.registry import Native, generic
from sui.types import Address, AddressOwner, ConsensusAddressOwner, ImmutableOwner, SharedOwner

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value

_ALL_PERMISSIONS = 0b1111


@generic("0x2", "transfer", "transfer_impl")
def transfer_impl(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Give an object to an address."""
    kind = as_datatype(types[0])

    def native(session: Session, value: Value, recipient: bytes) -> None:
        session.native_units += 52
        session.transfer(kind, value, AddressOwner(Address(recipient)))

    return native


@generic("0x2", "transfer", "freeze_object_impl")
def freeze_object_impl(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Make an object immutable."""
    kind = as_datatype(types[0])

    def native(session: Session, value: Value) -> None:
        session.native_units += 52
        session.transfer(kind, value, ImmutableOwner())

    return native


@generic("0x2", "transfer", "share_object_impl")
def share_object_impl(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Make an object shared; its first version is filled in by the ledger."""
    kind = as_datatype(types[0])

    def native(session: Session, value: Value) -> None:
        session.native_units += 52
        session.transfer(kind, value, SharedOwner(0))

    return native


@generic("0x2", "transfer", "party_transfer_impl")
def party_transfer_impl(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Give an object to one address by consensus; Sui knows no other party yet."""
    kind = as_datatype(types[0])

    def native(session: Session, value: Value, default: int, addresses: list[bytes], permissions: list[int]) -> None:
        session.native_units += 52
        if default != 0 or len(addresses) != 1 or permissions != [_ALL_PERMISSIONS]:
            raise VmError("UNKNOWN_INVARIANT_VIOLATION_ERROR", detail="a party is one address with all permissions")
        session.transfer(kind, value, ConsensusAddressOwner(0, Address(addresses[0])))

    return native


@generic("0x2", "transfer", "receive_impl")
def receive_impl(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Take an object that was sent to an object's address."""
    kind = as_datatype(types[0])

    def native(session: Session, parent: bytes, object_id: Value, version: int) -> Value:
        session.native_units += 52
        return session.receive(Address(parent), Address(object_id[0]), version, kind)

    return native
