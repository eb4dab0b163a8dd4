"""How a transaction ended, as a message, with a node's words for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sui.effects import (
    CommandArgumentError,
    ExecutionFailure,
    ExecutionStatus,
    Failure,
    MoveAbort,
    MoveLocation,
    MovePrimitiveRuntimeError,
    PackageUpgradeError,
    Success,
    TypeArgumentError,
)
from sui.rpc.v2 import effects_pb2 as pb
from sui.types import Digest

if TYPE_CHECKING:
    from sui.types import Address

_DIGEST_BYTES = 32
_KINDS = pb.ExecutionError.ExecutionErrorKind
_RENAMED = {
    "MoveObjectTooBig": "OBJECT_TOO_BIG",
    "MovePackageTooBig": "PACKAGE_TOO_BIG",
    "SharedObjectOperationNotAllowed": "CONSENSUS_OBJECT_OPERATION_NOT_ALLOWED",
    "ExecutionCancelledDueToSharedObjectCongestion": "EXECUTION_CANCELED_DUE_TO_CONSENSUS_OBJECT_CONGESTION",
    "ExecutionCancelledDueToRandomnessUnavailable": "EXECUTION_CANCELED_DUE_TO_RANDOMNESS_UNAVAILABLE",
    "VMVerificationOrDeserializationError": "VM_VERIFICATION_OR_DESERIALIZATION_ERROR",
    "VMInvariantViolation": "VM_INVARIANT_VIOLATION",
    "InvalidBCSBytes": "INVALID_BCS_BYTES",
    "InvalidUsageOfPureArg": "INVALID_USAGE_OF_PURE_ARGUMENT",
    "PackageIDDoesNotMatch": "PACKAGE_ID_DOES_NOT_MATCH",
}
_SIZES = frozenset(
    {
        "MoveObjectTooBig",
        "MovePackageTooBig",
        "EffectsTooLarge",
        "WrittenObjectsTooLarge",
        "MoveVectorElemTooBig",
        "MoveRawValueTooBig",
    }
)
_WORDS = {
    "InsufficientGas": "Insufficient Gas.",
    "InvalidGasObject": "Invalid Gas Object. Possibly not address-owned or possibly not a SUI coin.",
    "InvariantViolation": "INVARIANT VIOLATION.",
    "FeatureNotYetSupported": "Attempted to used feature that is not supported yet",
    "InsufficientCoinBalance": "Insufficient coin balance for operation.",
    "CoinBalanceOverflow": "The coin balance overflows u64",
    "PublishErrorNonZeroAddress": "Publish Error, Non-zero Address. The modules in the package must have their "
    "self-addresses set to zero.",
    "SuiMoveVerificationError": "Sui Move Bytecode Verification Error. Please run the Sui Move Verifier for more "
    "information.",
    "VMVerificationOrDeserializationError": "Move Bytecode Verification Error. Please run the Bytecode Verifier for "
    "more information.",
    "VMInvariantViolation": "MOVE VM INVARIANT VIOLATION.",
    "FunctionNotFound": "Function Not Found.",
    "ArityMismatch": "Arity mismatch for Move function. The number of arguments does not match the number of "
    "parameters",
    "TypeArityMismatch": "Type arity mismatch for Move function. Mismatch between the number of actual versus "
    "expected type arguments.",
    "NonEntryFunctionInvoked": "Non Entry Function Invoked. Move Call must start with an entry function",
    "InvalidTransferObject": "Invalid Transfer Object. The object must have public transfer.",
    "PublishUpgradeMissingDependency": "Publish/Upgrade Error, Missing dependency on system package.",
    "PublishUpgradeDependencyDowngrade": "Publish/Upgrade Error, Dependency downgrade.",
    "CertificateDenied": "Certificate is on the deny list",
    "SharedObjectOperationNotAllowed": "The shared object operation is not allowed.",
    "InputObjectDeleted": "Certificate cannot be executed due to a dependency on a deleted shared object",
    "InvalidLinkage": "Linkage error.",
}


def _snake(name: str) -> str:
    known = _RENAMED.get(name)
    if known is not None:
        return known
    return "".join(f"_{letter}" if letter.isupper() and index else letter for index, letter in enumerate(name)).upper()


def _location(value: MoveLocation) -> pb.MoveLocation:
    return pb.MoveLocation(
        package=str(value.module.address),
        module=value.module.name,
        function=value.function,
        instruction=value.instruction,
        function_name=value.function_name,
    )


def _place(value: MoveLocation | None) -> str:
    if value is None:
        return "UNKNOWN"
    name = value.function_name or f"function {value.function}"
    return f"{value.module.address.hex()}::{value.module.name}::{name} (instruction {value.instruction})"


def describe(failure: ExecutionFailure) -> str:
    """Return a failure in words."""
    match failure:
        case MoveAbort():
            return f"Move Runtime Abort. Location: {_place(failure.location)}, Abort Code: {failure.code}"
        case MovePrimitiveRuntimeError():
            return (
                f"Move Primitive Runtime Error. Location: {_place(failure.location)}. "
                "Arithmetic error, stack overflow, max value depth, etc."
            )
        case CommandArgumentError():
            return f"Invalid command argument at {failure.argument}. {failure.kind}"
        case TypeArgumentError():
            return f"Error for type argument at index {failure.argument}: {failure.kind}"
        case PackageUpgradeError():
            return f"Invalid package upgrade. {failure.kind}"
        case Failure():
            words = _WORDS.get(failure.kind, failure.kind)
            if not failure.values:
                return words
            return f"{words} ({', '.join(map(str, failure.values))})"


def _error(failure: ExecutionFailure, command: int | None) -> pb.ExecutionError:
    name = failure.kind if isinstance(failure, Failure) else type(failure).__name__
    kind = _KINDS.Value(_snake(name)) if _snake(name) in _KINDS.keys() else _KINDS.EXECUTION_ERROR_KIND_UNKNOWN  # noqa: SIM118
    out = pb.ExecutionError(description=describe(failure), command=command, kind=kind)
    match failure:
        case MoveAbort():
            out.abort.abort_code = failure.code
            out.abort.location.CopyFrom(_location(failure.location))
        case MovePrimitiveRuntimeError():
            if failure.location is not None:
                out.abort.location.CopyFrom(_location(failure.location))
        case CommandArgumentError():
            kinds = pb.CommandArgumentError.CommandArgumentErrorKind
            out.command_argument_error.argument = failure.argument
            out.command_argument_error.kind = kinds.Value(_snake(failure.kind))
            if failure.kind in {"IndexOutOfBounds", "SecondaryIndexOutOfBounds", "InvalidResultArity"}:
                out.command_argument_error.index_error.index = failure.index
            if failure.kind == "SecondaryIndexOutOfBounds":
                out.command_argument_error.index_error.subresult = failure.secondary_index
        case TypeArgumentError():
            out.type_argument_error.type_argument = failure.argument
            out.type_argument_error.kind = pb.TypeArgumentError.TypeArgumentErrorKind.Value(_snake(failure.kind))
        case PackageUpgradeError():
            _upgrade(out.package_upgrade_error, failure)
        case Failure():
            _plain(out, failure)
    return out


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)


def _upgrade(out: pb.PackageUpgradeError, failure: PackageUpgradeError) -> None:
    kinds = pb.PackageUpgradeError.PackageUpgradeErrorKind
    out.MergeFrom(
        pb.PackageUpgradeError(
            kind=kinds.Value(_snake(failure.kind)),
            package_id=_text(failure.package),
            ticket_id=_text(failure.ticket),
            digest=str(Digest(failure.digest)) if len(failure.digest) == _DIGEST_BYTES else None,
            policy=failure.policy if failure.kind == "UnknownUpgradePolicy" else None,
        )
    )


def _plain(out: pb.ExecutionError, failure: Failure) -> None:
    values = failure.values
    if failure.kind in _SIZES:
        out.size_error.size, out.size_error.max_size = values
    elif failure.kind in {"CircularObjectOwnership", "NonExclusiveWriteInputObjectModified"}:
        out.object_id = str(values[0])
    elif failure.kind == "UnusedValueWithoutDrop":
        out.index_error.index, out.index_error.subresult = values
    elif failure.kind == "InvalidPublicFunctionReturnType":
        out.index_error.index = values[0]
    elif failure.kind == "ExecutionCancelledDueToSharedObjectCongestion":
        out.congested_objects.objects.extend(map(str, values[0]))
    elif failure.kind == "AddressDeniedForCoin":
        out.coin_deny_list_error.address, out.coin_deny_list_error.coin_type = str(values[0]), values[1]
    elif failure.kind == "CoinTypeGlobalPause":
        out.coin_deny_list_error.coin_type = values[0]


def status(value: ExecutionStatus) -> pb.ExecutionStatus:
    """Return whether a transaction succeeded, and why it did not."""
    if isinstance(value, Success):
        return pb.ExecutionStatus(success=True)
    return pb.ExecutionStatus(success=False, error=_error(value.error, value.command))
