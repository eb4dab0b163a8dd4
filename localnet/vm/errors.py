"""What can go wrong in the Move VM.

VmFailure
|-- ExecutionFailure        the executed Move code failed; the transaction is charged and has no effects
|   |-- MoveAbort           an `abort`, in bytecode or in a native, with its code
|   `-- VmError             the machine stopped it: arithmetic, bounds, depth, gas, a limit
|-- CallRefused             the call never started: no such function, wrong arguments or type arguments
|-- LinkError               a package, module, function or type that the code names is not there
`-- VerificationError       bytecode that must not be published
`-- MalformedBytecode   bytes that are no module at all
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sui.types import Address


@dataclass(frozen=True, slots=True)
class Location:
    """A place in Move code: `package` is the id of the version that ran, `original` what types name."""

    package: Address
    original: Address
    module: str
    function: str
    function_index: int
    instruction: int

    def __str__(self) -> str:
        """Return it as `0x2::coin::split, instruction 7`."""
        return f"{self.original.short}::{self.module}::{self.function}, instruction {self.instruction}"


class VmFailure(Exception):  # noqa: N818 - the tree says which ones are errors
    """Anything that the Move VM refuses or fails at."""


class ExecutionFailure(VmFailure):
    """The executed code failed: nothing that it did may be kept."""

    def __init__(self, message: str, location: Location | None) -> None:
        """Keep where it happened."""
        super().__init__(message)
        self.location = location


class MoveAbort(ExecutionFailure):
    """Move code aborted with a code of its own."""

    def __init__(self, location: Location, code: int) -> None:
        """Keep place and code."""
        super().__init__(f"aborted with code {code} in {location}", location)
        self.code = code

    @property
    def module(self) -> str:
        """Name of the module that aborted."""
        return self.where.module

    @property
    def function(self) -> str:
        """Name of the function that aborted."""
        return self.where.function

    @property
    def instruction(self) -> int:
        """Offset of the instruction that aborted (0 in natives)."""
        return self.where.instruction

    @property
    def where(self) -> Location:
        """The place, which an abort always has."""
        if self.location is None:
            raise AssertionError("an abort without its place was made")
        return self.location


class VmError(ExecutionFailure):
    """The VM stopped the code; `status` is Sui's StatusCode name, `sub_status` its detail."""

    def __init__(
        self, status: str, location: Location | None = None, sub_status: int | None = None, detail: str = ""
    ) -> None:
        """Keep status, place and details."""
        super().__init__(f"{status}{f' ({detail})' if detail else ''} in {location or 'the VM'}", location)
        self.status = status
        self.sub_status = sub_status
        self.detail = detail


class CallRefused(VmFailure):
    """The call was not started; the message says what the caller gave that does not fit."""


class LinkError(VmFailure):
    """Something that the bytecode or a type names does not exist in this package's linkage."""


class VerificationError(VmFailure):
    """The bytecode breaks a rule of Move or Sui, so it cannot be published."""


class MalformedBytecode(VerificationError):  # noqa: N818 - a kind of VerificationError
    """The bytes are no module in bytecode version 6 or 7."""


class NativeAbort(Exception):  # noqa: N818 - never leaves the VM: call sites turn it into MoveAbort
    """Raised by a native; the call site adds the place."""

    def __init__(self, code: int) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code
