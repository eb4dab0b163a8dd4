"""How failures of the Move VM are named in effects."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.errors import CallRefused, LinkError, MoveAbort, VerificationError, VmError
from sui import effects
from sui.effects import Failure, ModuleId, MoveLocation, MovePrimitiveRuntimeError

if TYPE_CHECKING:
    from localnet.vm.errors import Location, VmFailure
    from sui.effects import ExecutionFailure

OUT_OF_GAS = "OUT_OF_GAS"


def location_of(place: Location) -> MoveLocation:
    """Return a place in Move code as effects name it: by the package's original id."""
    return MoveLocation(ModuleId(place.original, place.module), place.function_index, place.instruction, place.function)


def failure_of(failure: VmFailure) -> ExecutionFailure:
    """Return what effects say of a failure of the VM."""
    match failure:
        case MoveAbort():
            return effects.MoveAbort(location_of(failure.where), failure.code)
        case VmError(status=status) if status == OUT_OF_GAS:
            return Failure("InsufficientGas")
        case VmError(status=status) if "INVARIANT" in status:
            return Failure("VMInvariantViolation")
        case VmError():
            return MovePrimitiveRuntimeError(None if failure.location is None else location_of(failure.location))
        case LinkError():
            return Failure("FunctionNotFound")
        case VerificationError():
            return Failure("VMVerificationOrDeserializationError")
        case CallRefused():
            return Failure("VMInvariantViolation")
        case _:
            return Failure("InvariantViolation")
