"""Effects and failures: every variant is written under the number that Sui gives it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysui.sui.sui_bcs import bcs_txne as oracle

from sui import digests
from sui.effects import (
    TRANSACTION_EFFECTS,
    TRANSACTION_EVENTS,
    Event,
    Failed,
    GasCostSummary,
    IdCreated,
    IdDeleted,
    IdNone,
    InputExist,
    InputNotExist,
    ObjectChange,
    ObjectWrite,
    OutputNotExist,
    PackageWrite,
    ReadOnlyRoot,
    Success,
    TransactionEffects,
    TransactionEvents,
)
from sui.errors import BcsError
from sui.execution_status import (
    EXECUTION_FAILURE,
    EXECUTION_STATUS,
    FAILURE_KINDS,
    CommandArgumentError,
    Failure,
    ModuleId,
    MoveAbort,
    MoveLocation,
    MovePrimitiveRuntimeError,
    PackageUpgradeError,
    TypeArgumentError,
)
from sui.object import (
    OBJECT,
    CoinType,
    GasCoinType,
    MoveObject,
    MovePackage,
    Object,
    OtherType,
    StakedSuiType,
    TypeOrigin,
    UpgradeInfo,
    object_type,
    struct_tag,
)
from sui.type_tag import GAS_COIN_TYPE, SUI_COIN_TYPE, U64_TAG, StructTag, TypeTag
from sui.types import (
    IMMUTABLE,
    Address,
    AddressOwner,
    ConsensusAddressOwner,
    Digest,
    ObjectOwner,
    SharedOwner,
)

TREASURY = StructTag.parse("0x2::coin::TreasuryCap<0x5::m::T>")
LOCATION = MoveLocation(ModuleId(Address.parse("0xbeef"), "m"), 3, 14, "f")
addresses = st.binary(min_size=32, max_size=32).map(Address)
digest_values = st.binary(min_size=32, max_size=32).map(Digest)
u64 = st.integers(0, (1 << 64) - 1)
plain_owners = st.one_of(
    st.builds(AddressOwner, addresses),
    st.builds(ObjectOwner, addresses),
    st.builds(SharedOwner, u64),
    st.just(IMMUTABLE),
)
changes = st.builds(
    ObjectChange,
    addresses,
    st.one_of(st.just(InputNotExist()), st.builds(InputExist, u64, digest_values, plain_owners)),
    st.one_of(
        st.just(OutputNotExist()),
        st.builds(ObjectWrite, digest_values, plain_owners),
        st.builds(PackageWrite, u64, digest_values),
    ),
    st.sampled_from([IdNone(), IdCreated(), IdDeleted()]),
)
effects_values = st.builds(
    TransactionEffects,
    st.one_of(st.just(Success()), st.builds(Failed, st.builds(MoveAbort, st.just(LOCATION), u64), st.none() | u64)),
    u64,
    st.builds(GasCostSummary, u64, u64, u64, u64),
    digest_values,
    st.none() | st.integers(0, (1 << 32) - 1),
    st.none() | digest_values,
    st.lists(digest_values, max_size=3).map(tuple),
    u64,
    st.lists(changes, max_size=4).map(tuple),
    st.lists(st.tuples(addresses, st.builds(ReadOnlyRoot, u64, digest_values)), max_size=3).map(tuple),
    st.none() | digest_values,
)


@given(effects_values)
def test_round_trip_and_agreement_with_an_independent_decoder(effects):
    raw = TRANSACTION_EFFECTS.encode(effects)
    assert TRANSACTION_EFFECTS.decode(raw) == effects
    assert oracle.TransactionEffects.deserialize(raw).serialize() == raw


def test_plain_failures_have_the_numbers_of_an_independent_list():
    names = [name for name, _ in oracle.ExecutionFailureStatus._enums]
    checked = 0
    for kind in FAILURE_KINDS & set(names):
        try:
            raw = EXECUTION_FAILURE.encode(Failure(kind))
        except BcsError:
            continue  # it carries values
        assert raw == bytes([names.index(kind)])
        assert EXECUTION_FAILURE.decode(raw) == Failure(kind)
        checked += 1
    assert checked >= 20


@pytest.mark.parametrize(
    ("failure", "begins"),
    [
        (MoveAbort(LOCATION, 7), "0c"),
        (MovePrimitiveRuntimeError(LOCATION), "0b01"),
        (MovePrimitiveRuntimeError(None), "0b00"),
        (CommandArgumentError(2, "TypeMismatch"), "13020000"),
        (CommandArgumentError(2, "IndexOutOfBounds", 5), "130200040500"),
        (CommandArgumentError(2, "SecondaryIndexOutOfBounds", 5, 6), "13020005 0500 0600"),
        (TypeArgumentError(1, "ConstraintNotSatisfied"), "14010001"),
        (PackageUpgradeError("IncompatibleUpgrade"), "1b02"),
        (PackageUpgradeError("DigestDoesNotMatch", digest=b"ab"), "1b03026162"),
        (PackageUpgradeError("UnknownUpgradePolicy", policy=9), "1b0409"),
        (PackageUpgradeError("NotAPackage", package=Address(bytes(32))), "1b0100"),
        (PackageUpgradeError("PackageIDDoesNotMatch", Address(bytes(32)), Address(bytes(32))), "1b0500"),
        (Failure("MoveObjectTooBig", (5, 4)), "0405"),
        (Failure("CoinTypeGlobalPause", ("x",)), "230178"),
        (Failure("ExecutionCancelledDueToSharedObjectCongestion", ((Address(bytes(32)),),)), "2101"),
    ],
)
def test_failures_with_values(failure, begins):
    raw = EXECUTION_FAILURE.encode(failure)
    assert raw.hex().startswith(begins.replace(" ", ""))
    assert EXECUTION_FAILURE.decode(raw) == failure
    status = Failed(failure, 0)
    assert EXECUTION_STATUS.decode(EXECUTION_STATUS.encode(status)) == status


@pytest.mark.parametrize(
    "failure",
    [
        Failure("MoveAbort"),
        Failure("NoSuchThing"),
        Failure("MoveObjectTooBig"),
        CommandArgumentError(0, "NoSuchThing"),
        PackageUpgradeError("NotAPackage"),
    ],
)
def test_failures_that_cannot_be_written(failure):
    with pytest.raises(BcsError):
        EXECUTION_FAILURE.encode(failure)


@pytest.mark.parametrize("raw", ["2a", "13000013", "14000002", "1b06", "ff01"])
def test_unknown_failures_are_refused(raw):
    with pytest.raises(BcsError):
        EXECUTION_FAILURE.decode(bytes.fromhex(raw))


def test_net_cost():
    assert GasCostSummary(1000, 500, 2000, 20).net == -500


def test_events_round_trip():
    event = Event(Address.parse("0xbeef"), "m", Address.parse("0xa"), StructTag.parse("0xbeef::m::E<u8>"), b"\1\2")
    events = TransactionEvents((event, event))
    assert TRANSACTION_EVENTS.decode(TRANSACTION_EVENTS.encode(events)) == events


@pytest.mark.parametrize(
    ("tag", "form"),
    [
        (GAS_COIN_TYPE, GasCoinType()),
        (StructTag.parse("0x3::staking_pool::StakedSui"), StakedSuiType()),
        (StructTag.parse("0x2::coin::Coin<0x5::m::T>"), CoinType(StructTag.parse("0x5::m::T"))),
        (SUI_COIN_TYPE, OtherType(SUI_COIN_TYPE)),
        (TREASURY, OtherType(TREASURY)),
    ],
)
def test_forms_of_object_types(tag, form):
    assert object_type(tag) == form
    assert struct_tag(form) == tag


def test_objects_round_trip():
    owners = [AddressOwner(Address(bytes(32))), IMMUTABLE, SharedOwner(3), ConsensusAddressOwner(4, Address(bytes(32)))]
    move = MoveObject(object_type(GAS_COIN_TYPE), True, 5, bytes(40))
    package = MovePackage(
        Address.parse("0xbeef"),
        1,
        {"b": b"2", "a": b"1", "aa": b"3"},
        (TypeOrigin("a", "T", Address.parse("0xbeef")),),
        {Address.parse("0x2"): UpgradeInfo(Address.parse("0x2"), 1)},
    )
    for data in (move, package):
        for owner in owners:
            item = Object(data, owner, Digest(bytes(32)), 100)
            raw = OBJECT.encode(item)
            assert OBJECT.decode(raw) == item
            assert item.reference().digest == digests.object_digest(raw)
    assert move.object_id == Address(bytes(32))
    with pytest.raises(BcsError):
        _ = MoveObject(GasCoinType(), True, 5, b"short").object_id


def test_dynamic_field_ids_differ_by_parent_type_and_key():
    parent, other = Address.parse("0x1"), Address.parse("0x2")
    ids = {
        digests.dynamic_field_id(parent, U64_TAG, bytes(8)),
        digests.dynamic_field_id(other, U64_TAG, bytes(8)),
        digests.dynamic_field_id(parent, TypeTag.parse("u128"), bytes(8)),
        digests.dynamic_field_id(parent, U64_TAG, bytes([1]) + bytes(7)),
    }
    assert len(ids) == 4
