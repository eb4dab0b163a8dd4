"""Where generated code is, for the failures that it raises."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.vm.errors import Location, MoveAbort, VmError

if TYPE_CHECKING:
    from sui.types import Address

INDEX_OUT_OF_BOUNDS = 1
POP_EMPTY_VECTOR = 2
UNPACK_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A function of a package version."""

    package: Address
    original: Address
    module: str
    function: str
    index: int

    def at(self, instruction: int) -> Location:
        """Return the location of an instruction."""
        return Location(self.package, self.original, self.module, self.function, self.index, instruction)

    def abort(self, instruction: int, code: int) -> MoveAbort:
        """Return an abort to raise."""
        return MoveAbort(self.at(instruction), code)

    def arithmetic(self, instruction: int) -> VmError:
        """Return the failure of an overflow, a division by zero, a bad shift or a bad cast."""
        return VmError("ARITHMETIC_ERROR", self.at(instruction))

    def vector(self, instruction: int, sub_status: int) -> VmError:
        """Return the failure of a vector operation."""
        return VmError("VECTOR_OPERATION_ERROR", self.at(instruction), sub_status)

    def variant(self, instruction: int) -> VmError:
        """Return the failure of unpacking another variant."""
        return VmError("VARIANT_TAG_MISMATCH", self.at(instruction))

    def too_deep(self) -> VmError:
        """Return the failure of one call too many."""
        return VmError("CALL_STACK_OVERFLOW", self.at(0))
