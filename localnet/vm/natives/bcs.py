"""`std::bcs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.natives.registry import Native, generic

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value


@generic("0x1", "bcs", "to_bytes")
def to_bytes(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the BCS of a value."""
    encode = types[0].encoder

    def native(session: Session, value: Value) -> bytearray:
        data = bytearray(encode(value))
        session.native_units += 52 + 2 * len(data)
        return data

    return native
