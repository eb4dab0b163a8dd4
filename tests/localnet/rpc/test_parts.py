"""The parts of the shell without a wire: masks, cursors, words for failures, JSON of Move values."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st

from localnet.ledger import EventCursor
from localnet.rpc import cursors
from localnet.rpc.errors import InvalidArgumentError
from localnet.rpc.masks import read_mask
from localnet.rpc.render_json import json_value
from localnet.rpc.render_status import status
from sui.effects import (
    CommandArgumentError,
    Failed,
    Failure,
    ModuleId,
    MoveAbort,
    MoveLocation,
    MovePrimitiveRuntimeError,
    PackageUpgradeError,
    Success,
    TypeArgumentError,
)
from sui.execution_status import FAILURE_KINDS
from sui.rpc.v2 import effects_pb2 as pb
from sui.type_tag import TypeTag
from sui.types import Address

DESCRIPTOR = pb.ExecutedTransaction.DESCRIPTOR
KINDS = pb.ExecutionError.ExecutionErrorKind


def mask_of(*paths):
    return read_mask(DESCRIPTOR, FieldMask(paths=paths), ("digest",))


def test_masks():
    mask = mask_of("effects.status", "effects.gas_used.storage_cost", "events")
    assert "effects" in mask
    assert "digest" not in mask
    assert "status" in mask["effects"]
    assert "bcs" not in mask["effects"]
    assert "computation_cost" in mask["effects"]["status"]
    assert "computation_cost" not in mask["effects"]["gas_used"]
    assert "json" in mask["events"]["events"]
    assert not mask["transaction"].any("bcs", "digest")
    assert "effects" not in mask_of()
    assert "effects" in mask_of("*")
    whole = mask_of("effects", "effects.status")
    assert "bcs" in whole["effects"]
    assert "bcs" in mask_of("effects.status", "effects")["effects"]


@pytest.mark.parametrize("path", ["nothing", "effects.nothing", "digest.more", "", ".", "effects.", "effects..status"])
def test_masks_that_name_nothing_are_refused(path):
    with pytest.raises(InvalidArgumentError):
        mask_of(path)


def test_a_mask_has_a_maximum_of_paths():
    with pytest.raises(InvalidArgumentError):
        mask_of(*["digest"] * 101)


@given(st.integers(0, (1 << 63) - 1), st.integers(0, (1 << 32) - 1))
def test_cursors_round_trip(transaction, event):
    place = EventCursor(transaction, event)
    assert cursors.read_event_cursor(cursors.event_cursor(place)) == place
    assert cursors.read_number_cursor(b"c", cursors.number_cursor(b"c", transaction)) == transaction
    with pytest.raises(InvalidArgumentError):
        cursors.read_number_cursor(b"t", cursors.number_cursor(b"c", transaction))


LOCATION = MoveLocation(ModuleId(Address.parse("0xbeef"), "m"), 3, 14, None)


def rendered(failure):
    return status(Failed(failure, 1)).error


def test_success():
    assert status(Success()) == pb.ExecutionStatus(success=True)


@pytest.mark.parametrize("kind", sorted(FAILURE_KINDS))
def test_every_failure_has_a_kind_and_words(kind):
    special = {
        "MoveAbort": MoveAbort(LOCATION, 7),
        "MovePrimitiveRuntimeError": MovePrimitiveRuntimeError(LOCATION),
        "CommandArgumentError": CommandArgumentError(1, "TypeMismatch"),
        "TypeArgumentError": TypeArgumentError(1, "TypeNotFound"),
        "PackageUpgradeError": PackageUpgradeError("NotAPackage", Address(bytes(32))),
    }
    values = {
        "CircularObjectOwnership": (Address(bytes(32)),),
        "NonExclusiveWriteInputObjectModified": (Address(bytes(32)),),
        "UnusedValueWithoutDrop": (1, 2),
        "InvalidPublicFunctionReturnType": (1,),
        "ExecutionCancelledDueToSharedObjectCongestion": ((Address(bytes(32)),),),
        "AddressDeniedForCoin": (Address(bytes(32)), "0x2::sui::SUI"),
        "CoinTypeGlobalPause": ("0x2::sui::SUI",),
    }
    sized = (5, 4) if kind.endswith(("TooBig", "TooLarge")) else ()
    error = rendered(special.get(kind) or Failure(kind, values.get(kind, sized)))
    assert error.kind != KINDS.EXECUTION_ERROR_KIND_UNKNOWN
    assert error.description
    assert error.command == 1


@pytest.mark.parametrize(
    ("failure", "part", "expected"),
    [
        (CommandArgumentError(1, "InvalidBCSBytes"), "command_argument_error",
         pb.CommandArgumentError.INVALID_BCS_BYTES),
        (CommandArgumentError(1, "InvalidUsageOfPureArg"), "command_argument_error",
         pb.CommandArgumentError.INVALID_USAGE_OF_PURE_ARGUMENT),
        (CommandArgumentError(1, "SecondaryIndexOutOfBounds", 2, 3), "command_argument_error",
         pb.CommandArgumentError.SECONDARY_INDEX_OUT_OF_BOUNDS),
        (TypeArgumentError(0, "ConstraintNotSatisfied"), "type_argument_error",
         pb.TypeArgumentError.CONSTRAINT_NOT_SATISFIED),
        (PackageUpgradeError("PackageIDDoesNotMatch", Address(bytes(32)), Address(bytes(32))), "package_upgrade_error",
         pb.PackageUpgradeError.PACKAGE_ID_DOES_NOT_MATCH),
        (PackageUpgradeError("DigestDoesNotMatch", digest=b"ab"), "package_upgrade_error",
         pb.PackageUpgradeError.DIGEST_DOES_NOT_MATCH),
    ],
)  # fmt: skip
def test_details_of_failures(failure, part, expected):
    error = rendered(failure)
    assert error.WhichOneof("error_details") == part
    assert getattr(error, part).kind == expected


def test_sizes_and_indices():
    assert rendered(Failure("MoveObjectTooBig", (5, 4))).size_error == pb.SizeError(size=5, max_size=4)
    details = rendered(CommandArgumentError(1, "SecondaryIndexOutOfBounds", 2, 3)).command_argument_error
    assert details.index_error == pb.IndexError(index=2, subresult=3)


@pytest.mark.parametrize(
    ("type_text", "data", "shown"),
    [
        ("u32", "05000000", 5),
        ("u64", "ffffffffffffffff", str((1 << 64) - 1)),
        ("bool", "01", True),
        ("vector<u8>", "03616263", "YWJj"),
        ("vector<vector<u64>>", "01010700000000000000", [["7"]]),
        ("0x1::string::String", "026869", "hi"),
        ("0x1::ascii::String", "026869", "hi"),
        ("0x1::option::Option<u16>", "00", None),
        ("0x1::option::Option<u16>", "010100", 1),
        ("0x2::balance::Balance<0x2::sui::SUI>", "0500000000000000", "5"),
        ("0x2::object::ID", "ab" * 32, "0x" + "ab" * 32),
    ],
)
def test_json_of_values(world, type_text, data, shown):
    value = json_value(world.ledger.vm, TypeTag.parse(type_text), bytes.fromhex(data))
    kinds = {"string_value": str, "number_value": float, "bool_value": bool}
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        assert [[item.string_value for item in row.list_value.values] for row in value.list_value.values] == shown
    elif shown is None:
        assert kind == "null_value"
    else:
        assert isinstance(getattr(value, kind), kinds[kind])
        assert getattr(value, kind) == shown


def test_json_of_what_is_no_value_is_absent(world):
    assert json_value(world.ledger.vm, TypeTag.parse("u64"), b"\0") is None
    assert json_value(world.ledger.vm, TypeTag.parse("0x5::no::Such"), b"") is None
