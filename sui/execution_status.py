"""How a transaction ended: success, or one of the failures that effects can name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sui import bcs
from sui.codecs import ADDRESS
from sui.errors import BcsError

if TYPE_CHECKING:
    from sui.types import Address


@dataclass(frozen=True, slots=True)
class ModuleId:
    """A module by package (original id) and name."""

    address: Address
    name: str


@dataclass(frozen=True, slots=True)
class MoveLocation:
    """Where in Move code something happened."""

    module: ModuleId
    function: int
    instruction: int
    function_name: str | None


@dataclass(frozen=True, slots=True)
class MoveAbort:
    """Move code aborted with a code."""

    location: MoveLocation
    code: int


@dataclass(frozen=True, slots=True)
class MovePrimitiveRuntimeError:
    """Move code failed without an abort: overflow, division by zero, a vector's bounds."""

    location: MoveLocation | None


@dataclass(frozen=True, slots=True)
class CommandArgumentError:
    """An argument of a command cannot be used as the command wants; `kind` is the variant's name."""

    argument: int
    kind: str
    index: int = 0
    secondary_index: int = 0


@dataclass(frozen=True, slots=True)
class TypeArgumentError:
    """A type argument is unknown (`TypeNotFound`) or lacks an ability (`ConstraintNotSatisfied`)."""

    argument: int
    kind: str


@dataclass(frozen=True, slots=True)
class PackageUpgradeError:
    """An upgrade was refused; `kind` is the variant's name."""

    kind: str
    package: Address | None = None
    ticket: Address | None = None
    digest: bytes = b""
    policy: int = 0


@dataclass(frozen=True, slots=True)
class Failure:
    """Any other failure, by the name of its variant and the values it carries, in BCS order."""

    kind: str
    values: tuple[Any, ...] = ()


ExecutionFailure = (
    MoveAbort | MovePrimitiveRuntimeError | CommandArgumentError | TypeArgumentError | PackageUpgradeError | Failure
)


@dataclass(frozen=True, slots=True)
class Success:
    """Every command ran."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Nothing but gas was charged; `command` is the one that failed, where one did."""

    error: ExecutionFailure
    command: int | None


ExecutionStatus = Success | Failed
SUCCESS = Success()

_SIZES = (bcs.U64, bcs.U64)
_NONE: tuple[bcs.Codec[Any], ...] = ()

_ARGUMENT_KINDS: tuple[tuple[str, int], ...] = (
    ("TypeMismatch", 0),
    ("InvalidBCSBytes", 0),
    ("InvalidUsageOfPureArg", 0),
    ("InvalidArgumentToPrivateEntryFunction", 0),
    ("IndexOutOfBounds", 1),
    ("SecondaryIndexOutOfBounds", 2),
    ("InvalidResultArity", 1),
    ("InvalidGasCoinUsage", 0),
    ("InvalidValueUsage", 0),
    ("InvalidObjectByValue", 0),
    ("InvalidObjectByMutRef", 0),
    ("SharedObjectOperationNotAllowed", 0),
    ("InvalidArgumentArity", 0),
    ("InvalidTransferObject", 0),
    ("InvalidMakeMoveVecNonObjectArgument", 0),
    ("ArgumentWithoutValue", 0),
    ("CannotMoveBorrowedValue", 0),
    ("CannotWriteToExtendedReference", 0),
    ("InvalidReferenceArgument", 0),
)
_TYPE_KINDS = ("TypeNotFound", "ConstraintNotSatisfied")
_UPGRADE_KINDS: tuple[tuple[str, tuple[tuple[str, bcs.Codec[Any]], ...]], ...] = (
    ("UnableToFetchPackage", (("package", ADDRESS),)),
    ("NotAPackage", (("package", ADDRESS),)),
    ("IncompatibleUpgrade", ()),
    ("DigestDoesNotMatch", (("digest", bcs.BYTES),)),
    ("UnknownUpgradePolicy", (("policy", bcs.U8),)),
    ("PackageIDDoesNotMatch", (("package", ADDRESS), ("ticket", ADDRESS))),
)
_FAILURES: tuple[tuple[str, tuple[bcs.Codec[Any], ...]], ...] = (
    ("InsufficientGas", _NONE),
    ("InvalidGasObject", _NONE),
    ("InvariantViolation", _NONE),
    ("FeatureNotYetSupported", _NONE),
    ("MoveObjectTooBig", _SIZES),
    ("MovePackageTooBig", _SIZES),
    ("CircularObjectOwnership", (ADDRESS,)),
    ("InsufficientCoinBalance", _NONE),
    ("CoinBalanceOverflow", _NONE),
    ("PublishErrorNonZeroAddress", _NONE),
    ("SuiMoveVerificationError", _NONE),
    ("MovePrimitiveRuntimeError", _NONE),
    ("MoveAbort", _NONE),
    ("VMVerificationOrDeserializationError", _NONE),
    ("VMInvariantViolation", _NONE),
    ("FunctionNotFound", _NONE),
    ("ArityMismatch", _NONE),
    ("TypeArityMismatch", _NONE),
    ("NonEntryFunctionInvoked", _NONE),
    ("CommandArgumentError", _NONE),
    ("TypeArgumentError", _NONE),
    ("UnusedValueWithoutDrop", (bcs.U16, bcs.U16)),
    ("InvalidPublicFunctionReturnType", (bcs.U16,)),
    ("InvalidTransferObject", _NONE),
    ("EffectsTooLarge", _SIZES),
    ("PublishUpgradeMissingDependency", _NONE),
    ("PublishUpgradeDependencyDowngrade", _NONE),
    ("PackageUpgradeError", _NONE),
    ("WrittenObjectsTooLarge", _SIZES),
    ("CertificateDenied", _NONE),
    ("SuiMoveVerificationTimedout", _NONE),
    ("SharedObjectOperationNotAllowed", _NONE),
    ("InputObjectDeleted", _NONE),
    ("ExecutionCancelledDueToSharedObjectCongestion", (bcs.vector(ADDRESS),)),
    ("AddressDeniedForCoin", (ADDRESS, bcs.STRING)),
    ("CoinTypeGlobalPause", (bcs.STRING,)),
    ("ExecutionCancelledDueToRandomnessUnavailable", _NONE),
    ("MoveVectorElemTooBig", _SIZES),
    ("MoveRawValueTooBig", _SIZES),
    ("InvalidLinkage", _NONE),
    ("InsufficientFundsForWithdraw", _NONE),
    ("NonExclusiveWriteInputObjectModified", (ADDRESS,)),
)
_FAILURE_INDEX = {name: index for index, (name, _) in enumerate(_FAILURES)}
FAILURE_KINDS = frozenset(_FAILURE_INDEX)
"""Names that `Failure.kind` can have (besides those with a class of their own)."""

_LOCATION = bcs.struct(
    MoveLocation,
    module=bcs.struct(ModuleId, address=ADDRESS, name=bcs.STRING),
    function=bcs.U16,
    instruction=bcs.U16,
    function_name=bcs.option(bcs.STRING),
)
_ABORT = bcs.struct(MoveAbort, location=_LOCATION, code=bcs.U64)
_PRIMITIVE = bcs.struct(MovePrimitiveRuntimeError, location=bcs.option(_LOCATION))


def _index(name: str, names: list[str], what: str) -> int:
    try:
        return names.index(name)
    except ValueError:
        raise BcsError(f"{what} has no variant {name!r}") from None


def _variant(reader: bcs.Reader, count: int, what: str) -> int:
    index = reader.uleb128()
    if index >= count:
        raise BcsError(f"{what} has no variant {index} (before byte {reader.position})")
    return index


class _ArgumentError(bcs.Codec[CommandArgumentError]):
    name = "CommandArgumentError"
    min_size = 3

    def write(self, out: bytearray, value: CommandArgumentError) -> None:
        bcs.U16.write(out, value.argument)
        index = _index(value.kind, [name for name, _ in _ARGUMENT_KINDS], self.name)
        bcs.write_uleb128(out, index)
        for part in (value.index, value.secondary_index)[: _ARGUMENT_KINDS[index][1]]:
            bcs.U16.write(out, part)

    def read(self, reader: bcs.Reader) -> CommandArgumentError:
        argument = bcs.U16.read(reader)
        kind, parts = _ARGUMENT_KINDS[_variant(reader, len(_ARGUMENT_KINDS), self.name)]
        return CommandArgumentError(argument, kind, *[bcs.U16.read(reader) for _ in range(parts)])


class _TypeError(bcs.Codec[TypeArgumentError]):
    name = "TypeArgumentError"
    min_size = 3

    def write(self, out: bytearray, value: TypeArgumentError) -> None:
        bcs.U16.write(out, value.argument)
        bcs.write_uleb128(out, _index(value.kind, list(_TYPE_KINDS), self.name))

    def read(self, reader: bcs.Reader) -> TypeArgumentError:
        argument = bcs.U16.read(reader)
        return TypeArgumentError(argument, _TYPE_KINDS[_variant(reader, len(_TYPE_KINDS), self.name)])


class _UpgradeError(bcs.Codec[PackageUpgradeError]):
    name = "PackageUpgradeError"
    min_size = 1

    def write(self, out: bytearray, value: PackageUpgradeError) -> None:
        index = _index(value.kind, [name for name, _ in _UPGRADE_KINDS], self.name)
        bcs.write_uleb128(out, index)
        for name, codec in _UPGRADE_KINDS[index][1]:
            part = getattr(value, name)
            if part is None:
                raise BcsError(f"{value.kind} needs its {name}")
            codec.write(out, part)

    def read(self, reader: bcs.Reader) -> PackageUpgradeError:
        kind, parts = _UPGRADE_KINDS[_variant(reader, len(_UPGRADE_KINDS), self.name)]
        return PackageUpgradeError(kind, **{name: codec.read(reader) for name, codec in parts})


_SPECIAL: dict[str, tuple[type, bcs.Codec[Any]]] = {
    "MovePrimitiveRuntimeError": (MovePrimitiveRuntimeError, _PRIMITIVE),
    "MoveAbort": (MoveAbort, _ABORT),
    "CommandArgumentError": (CommandArgumentError, _ArgumentError()),
    "TypeArgumentError": (TypeArgumentError, _TypeError()),
    "PackageUpgradeError": (PackageUpgradeError, _UpgradeError()),
}


class _ExecutionFailure(bcs.Codec[ExecutionFailure]):
    name = "ExecutionFailureStatus"
    min_size = 1

    def write(self, out: bytearray, value: ExecutionFailure) -> None:
        kind = value.kind if isinstance(value, Failure) else type(value).__name__
        index = _FAILURE_INDEX.get(kind)
        if index is None or (isinstance(value, Failure) and kind in _SPECIAL):
            raise BcsError(f"{self.name} has no plain variant {kind!r}")
        bcs.write_uleb128(out, index)
        if not isinstance(value, Failure):
            _SPECIAL[kind][1].write(out, value)
            return
        codecs = _FAILURES[index][1]
        if len(codecs) != len(value.values):
            raise BcsError(f"{kind} carries {len(codecs)} values, {len(value.values)} are given")
        for codec, part in zip(codecs, value.values, strict=True):
            codec.write(out, part)

    def read(self, reader: bcs.Reader) -> ExecutionFailure:
        kind, codecs = _FAILURES[_variant(reader, len(_FAILURES), self.name)]
        special = _SPECIAL.get(kind)
        if special is not None:
            value: ExecutionFailure = special[1].read(reader)
            return value
        return Failure(kind, tuple([codec.read(reader) for codec in codecs]))


EXECUTION_FAILURE: bcs.Codec[ExecutionFailure] = _ExecutionFailure()
EXECUTION_STATUS: bcs.Codec[ExecutionStatus] = bcs.enum(
    "ExecutionStatus",
    bcs.struct(Success),
    bcs.struct(Failed, error=EXECUTION_FAILURE, command=bcs.option(bcs.U64)),
)
