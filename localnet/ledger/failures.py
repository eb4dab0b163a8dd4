"""How failures of the Move VM are named in effects.

An abort names the package version that ran (its storage id), every other runtime error its original id: Sui resolves
the first only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import CallRefused, LinkError, MoveAbort, VerificationError, VmError
from sui import effects
from sui.effects import Failure, ModuleId, MoveLocation, MovePrimitiveRuntimeError

if TYPE_CHECKING:
    from localnet.vm.errors import Location, VmFailure
    from sui.effects import ExecutionFailure
    from sui.types import Address

OUT_OF_GAS = "OUT_OF_GAS"


def _place(package: Address, place: Location) -> MoveLocation:
    return MoveLocation(ModuleId(package, place.module), place.function_index, place.instruction, place.function)


def failure_of(failure: VmFailure) -> ExecutionFailure:
    """Return what effects say of a failure of the VM."""
    match failure:
        case MoveAbort():
            return effects.MoveAbort(_place(failure.where.package, failure.where), failure.code)
        case VmError(status=status) if status == OUT_OF_GAS:
            return Failure("InsufficientGas")
        case VmError(status=status) if "INVARIANT" in status:
            return Failure("VMInvariantViolation")
        case VmError():
            where = failure.location
            return MovePrimitiveRuntimeError(None if where is None else _place(where.original, where))
        case LinkError():
            return Failure("FunctionNotFound")
        case VerificationError():
            return Failure("VMVerificationOrDeserializationError")
        case CallRefused():
            return Failure("VMInvariantViolation")
        case _:
            return Failure("InvariantViolation")
