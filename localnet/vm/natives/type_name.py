"""`std::type_name`: types as text, addresses in 64 hex digits without 0x."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import NativeAbort
from localnet.vm.natives.registry import Native, generic
from localnet.vm.types import DataType, VectorType

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value
    from sui.types import Address

_NO_ADDRESS = 0


def _text(kind: Type, *, original: bool) -> str:
    if isinstance(kind, VectorType):
        return f"vector<{_text(kind.element, original=original)}>"
    if isinstance(kind, DataType):
        decl = kind.decl
        address = decl.original_id if original else decl.defining_id
        name = f"{address.hex()}::{decl.module}::{decl.name}"
        if not kind.args:
            return name
        return f"{name}<{','.join(_text(argument, original=original) for argument in kind.args)}>"
    return kind.kind


def _name(types: tuple[Type, ...], *, original: bool) -> Native:
    text = _text(types[0], original=original).encode()

    def native(session: Session) -> Value:
        session.native_units += 52 + 2 * len(text)
        return [[bytearray(text)]]

    return native


def _address(types: tuple[Type, ...], *, original: bool) -> Native:
    kind = types[0]

    def native(session: Session) -> Address:
        session.native_units += 52
        if not isinstance(kind, DataType):
            raise NativeAbort(_NO_ADDRESS)
        return kind.decl.original_id if original else kind.decl.defining_id

    return native


@generic("0x1", "type_name", "with_defining_ids")
def with_defining_ids(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the type's text with the ids of the versions that first had each type."""
    return _name(types, original=False)


@generic("0x1", "type_name", "with_original_ids")
def with_original_ids(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the type's text with the ids of the packages' first versions."""
    return _name(types, original=True)


@generic("0x1", "type_name", "defining_id")
def defining_id(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the id of the version that first had the type."""
    return _address(types, original=False)


@generic("0x1", "type_name", "original_id")
def original_id(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the id of the type's package's first version."""
    return _address(types, original=True)
