"""The operand stack at compile time: each entry is a Python expression, with what its value depends on.

An expression is evaluated later than Move would; so it is put into a variable (`SymbolicStack.settle_*`) before
anything that it depends on may change. No expression on the stack can fail.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.vm.errors import VmError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localnet.vm.types import Type

_LONGEST = 160
_NOTHING: frozenset[int] = frozenset()


@dataclass(slots=True)
class Operand:
    """One entry.

    Attributes:
        text: the expression.
        type: its Move type.
        locals: local variables that it reads.
        memory: whether it reads what a write through a reference could change.
        cell: for `&mut` to something that is no container: the container's expression and the index's.
    """

    text: str
    type: Type
    locals: frozenset[int] = _NOTHING
    memory: bool = False
    cell: tuple[str, str] | None = None

    @property
    def simple(self) -> bool:
        """Whether it is a name or a number, so that writing it twice costs nothing."""
        return self.text.isalnum()


class SymbolicStack:
    """The entries, and the lines of Python written so far."""

    def __init__(self) -> None:
        """Start empty."""
        self.entries: list[Operand] = []
        self.lines: list[str] = []
        self._temporaries = 0

    def temporary(self) -> str:
        """Return a new variable's name."""
        self._temporaries += 1
        return f"t{self._temporaries}"

    def next_block(self) -> None:
        """Begin another block: lines anew, names go on."""
        if self.entries:
            raise VmError("UNKNOWN_VERIFICATION_ERROR", detail="operands are left at the end of a block")
        self.lines = []

    def push(self, operand: Operand) -> None:
        """Push, through a variable when the expression grew long."""
        if len(operand.text) > _LONGEST:
            operand = self.settled(operand)
        self.entries.append(operand)

    def pop(self) -> Operand:
        """Pop.

        Raises:
            VmError: the block uses more than it has; verified code cannot.
        """
        if not self.entries:
            raise VmError("EMPTY_VALUE_STACK")
        return self.entries.pop()

    def pop_many(self, count: int) -> list[Operand]:
        """Pop `count` entries, first pushed first."""
        popped = [self.pop() for _ in range(count)]
        popped.reverse()
        return popped

    def settled(self, operand: Operand) -> Operand:
        """Return the operand as a variable that nothing changes."""
        if operand.cell is not None:
            container, index = operand.cell
            if not container.isalnum() or container[0] == "l":
                name = self.temporary()
                self.lines.append(f"{name} = {container}")
                container = name
            if not index.isdigit():
                name = self.temporary()
                self.lines.append(f"{name} = {index}")
                index = name
            return Operand(f"({container}, {index})", operand.type, cell=(container, index))
        name = self.temporary()
        self.lines.append(f"{name} = {operand.text}")
        return Operand(name, operand.type)

    def atom(self, operand: Operand) -> Operand:
        """Return the operand as something that may be written more than once."""
        return operand if operand.simple else self.settled(operand)

    def settle_local(self, index: int) -> None:
        """Settle what reads a local that is about to change."""
        for position, operand in enumerate(self.entries):
            if index in operand.locals:
                self.entries[position] = self.settled(operand)

    def settle_memory(self) -> None:
        """Settle what reads memory that is about to change."""
        for position, operand in enumerate(self.entries):
            if operand.memory:
                self.entries[position] = self.settled(operand)


def joined(operands: Iterable[Operand]) -> tuple[frozenset[int], bool]:
    """Return what an expression made of these depends on."""
    read: frozenset[int] = _NOTHING
    memory = False
    for operand in operands:
        read |= operand.locals
        memory = memory or operand.memory
    return read, memory
