"""`std::vector`: bytecode has instructions for these, so only a transaction calls them by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import VmError
from localnet.vm.natives.registry import Native, generic, plain
from localnet.vm.place import INDEX_OUT_OF_BOUNDS, POP_EMPTY_VECTOR

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value


def _outside(sub_status: int) -> VmError:
    return VmError("VECTOR_OPERATION_ERROR", sub_status=sub_status)


@generic("0x1", "vector", "empty")
def empty(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return an empty vector."""
    make = bytearray if types[0].kind == "u8" else list

    def native(_session: Session) -> Value:
        return make()

    return native


@plain("0x1", "vector", "length")
def length(_session: Session, vector: Value) -> int:
    """Return the length."""
    return len(vector)


@plain("0x1", "vector", "borrow")
def borrow(_session: Session, vector: Value, index: int) -> Value:
    """Return a reference to an item."""
    if index >= len(vector):
        raise _outside(INDEX_OUT_OF_BOUNDS)
    return vector[index]


@generic("0x1", "vector", "borrow_mut")
def borrow_mut(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return a mutable reference to an item."""
    container = types[0].container

    def native(_session: Session, vector: Value, index: int) -> Value:
        if index >= len(vector):
            raise _outside(INDEX_OUT_OF_BOUNDS)
        return vector[index] if container else (vector, index)

    return native


@plain("0x1", "vector", "push_back")
def push_back(_session: Session, vector: Value, item: Value) -> None:
    """Append."""
    vector.append(item)


@plain("0x1", "vector", "pop_back")
def pop_back(_session: Session, vector: Value) -> Value:
    """Take the last item."""
    if not vector:
        raise _outside(POP_EMPTY_VECTOR)
    return vector.pop()


@plain("0x1", "vector", "destroy_empty")
def destroy_empty(_session: Session, vector: Value) -> None:
    """End an empty vector."""
    if vector:
        raise _outside(3)


@plain("0x1", "vector", "swap")
def swap(_session: Session, vector: Value, one: int, other: int) -> None:
    """Swap two items."""
    if max(one, other) >= len(vector):
        raise _outside(INDEX_OUT_OF_BOUNDS)
    vector[one], vector[other] = vector[other], vector[one]
