"""`std::string`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import NativeAbort
from localnet.vm.natives.registry import plain

if TYPE_CHECKING:
    from localnet.vm.session import Session

_INVALID_INDEX = 1


@plain("0x1", "string", "internal_check_utf8")
def check_utf8(session: Session, data: bytearray) -> bool:
    """Return whether the bytes are UTF-8."""
    session.native_units += 52 + 2 * len(data)
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


@plain("0x1", "string", "internal_is_char_boundary")
def is_char_boundary(session: Session, data: bytearray, index: int) -> bool:
    """Return whether a character begins (or the text ends) at this byte."""
    session.native_units += 52
    if index == 0 or index == len(data):
        return True
    return index < len(data) and data[index] & 0xC0 != 0x80


@plain("0x1", "string", "internal_sub_string")
def sub_string(session: Session, data: bytearray, start: int, end: int) -> bytearray:
    """Return the bytes from start to end."""
    session.native_units += 52 + 2 * max(0, end - start)
    if end > len(data) or end < start:
        raise NativeAbort(_INVALID_INDEX)
    return data[start:end]


@plain("0x1", "string", "internal_index_of")
def index_of(session: Session, data: bytearray, wanted: bytearray) -> int:
    """Return where a text begins in another, or its length."""
    session.native_units += 52 + 2 * (len(data) + len(wanted))
    found = data.find(wanted)
    return len(data) if found < 0 else found
