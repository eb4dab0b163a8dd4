"""`sui::types`: the one-time witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.abilities import DROP
from localnet.vm.natives.registry import Native, generic
from localnet.vm.types import DataType, Type

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.values import Value


def is_witness_type(kind: Type) -> bool:
    """Return whether a type is shaped like a one-time witness: named as its module, `drop` alone, one bool field."""
    if not isinstance(kind, DataType):
        return False
    decl = kind.decl
    return (
        decl.name == decl.module.upper()
        and decl.abilities == DROP
        and not decl.is_enum
        and not decl.parameters
        and [field.kind for field in kind.fields] == ["bool"]
    )


@generic("0x2", "types", "is_one_time_witness")
def is_one_time_witness(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return whether the value is a one-time witness: of such a type, with its field true."""
    possible = is_witness_type(types[0])

    def native(session: Session, value: Value) -> bool:
        session.native_units += 52
        return possible and value[0] is True

    return native
