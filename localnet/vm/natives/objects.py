"""`sui::object`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.natives.registry import plain
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.session import Session
    from localnet.vm.values import Value


@plain("0x2", "object", "borrow_uid")
def borrow_uid(session: Session, value: Value) -> Value:
    """Return a reference to an object's UID, its first field."""
    session.native_units += 52
    return value[0]


@plain("0x2", "object", "delete_impl")
def delete_impl(session: Session, object_id: bytes) -> None:
    """Note that a UID is gone."""
    session.native_units += 52
    session.record_deleted_id(Address(object_id))


@plain("0x2", "object", "record_new_uid")
def record_new_uid(session: Session, object_id: bytes) -> None:
    """Note that a UID was made."""
    session.native_units += 52
    session.record_new_id(Address(object_id))
