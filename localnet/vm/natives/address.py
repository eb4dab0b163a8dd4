"""`sui::address`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import NativeAbort
from localnet.vm.natives.registry import plain
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.session import Session

_PARSE_ERROR = 0


@plain("0x2", "address", "to_u256")
def to_u256(session: Session, value: bytes) -> int:
    """Return the address as a big-endian number."""
    session.charge(52)
    return int.from_bytes(value, "big")


@plain("0x2", "address", "from_u256")
def from_u256(session: Session, value: int) -> Address:
    """Return the address whose big-endian number this is."""
    session.charge(52)
    return Address(value.to_bytes(32, "big"))


@plain("0x2", "address", "from_bytes")
def from_bytes(session: Session, data: bytearray) -> Address:
    """Return the address of exactly 32 bytes."""
    session.charge(52)
    if len(data) != 32:
        raise NativeAbort(_PARSE_ERROR)
    return Address(bytes(data))
