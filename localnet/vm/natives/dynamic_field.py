"""`sui::dynamic_field`: objects that belong to objects."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localnet.vm.errors import NativeAbort
from localnet.vm.loader import as_datatype
from localnet.vm.natives.registry import Native, generic, plain
from sui.type_tag import TYPE_TAG
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value

_SCOPE = b"\xf0"
_DOES_NOT_EXIST = 1


@generic("0x2", "dynamic_field", "hash_type_and_key")
def hash_type_and_key(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the id of the field with this name: BLAKE2b-256(0xf0, parent, length, name, type of the name)."""
    encode = types[0].encoder
    tag = TYPE_TAG.encode(types[0].tag)

    def native(session: Session, parent: bytes, key: Value) -> Address:
        name = encode(key)
        session.native_units += 100 + 2 * (len(name) + len(tag))
        seed = b"".join((_SCOPE, parent, len(name).to_bytes(8, "little"), name, tag))
        return Address(hashlib.blake2b(seed, digest_size=32).digest())

    return native


@generic("0x2", "dynamic_field", "add_child_object")
def add_child_object(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Make an object a child."""
    kind = as_datatype(types[0])

    def native(session: Session, parent: bytes, child: Value) -> None:
        session.native_units += 100
        session.add_child(Address(parent), kind, child)

    return native


def _borrow(types: tuple[Type, ...]) -> Native:
    kind = as_datatype(types[0])

    def native(session: Session, uid: Value, object_id: bytes) -> Value:
        session.native_units += 100
        slot = session.child(Address(uid[0][0]), Address(object_id), kind)
        if slot is None:
            raise NativeAbort(_DOES_NOT_EXIST)
        return slot.value

    return native


@generic("0x2", "dynamic_field", "borrow_child_object")
def borrow_child_object(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return a reference to a child."""
    return _borrow(types)


@generic("0x2", "dynamic_field", "borrow_child_object_mut")
def borrow_child_object_mut(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return a mutable reference to a child."""
    return _borrow(types)


@generic("0x2", "dynamic_field", "remove_child_object")
def remove_child_object(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Take a child out."""
    kind = as_datatype(types[0])

    def native(session: Session, parent: bytes, object_id: bytes) -> Value:
        session.native_units += 100
        slot = session.child(Address(parent), Address(object_id), kind)
        if slot is None:
            raise NativeAbort(_DOES_NOT_EXIST)
        slot.exists = False
        return slot.value

    return native


@plain("0x2", "dynamic_field", "has_child_object")
def has_child_object(session: Session, parent: bytes, object_id: bytes) -> bool:
    """Return whether there is a child with this id."""
    session.native_units += 100
    return session.has_child(Address(parent), Address(object_id))


@generic("0x2", "dynamic_field", "has_child_object_with_ty")
def has_child_object_with_ty(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return whether there is a child with this id and type."""
    kind = as_datatype(types[0])

    def native(session: Session, parent: bytes, object_id: bytes) -> bool:
        session.native_units += 100
        return session.has_child(Address(parent), Address(object_id), kind)

    return native
