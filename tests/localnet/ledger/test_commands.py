"""Commands of programmable transactions, and what they do to objects, storage and rebate."""

import base64
import json
from pathlib import Path

import pytest

from localnet.ledger.gas import object_size
from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import (
    CommandArgumentError,
    Failed,
    Failure,
    GasCostSummary,
    IdCreated,
    IdDeleted,
    IdNone,
    MoveAbort,
    MovePrimitiveRuntimeError,
    OutputNotExist,
    ReadOnlyRoot,
    Success,
    TypeArgumentError,
)
from sui.object import MoveObject, MovePackage
from sui.transaction import GAS_COIN, ImmOrOwned, Input, NestedResult, Receiving, Result, Shared
from sui.type_tag import GAS_COIN_TYPE, SUI_COIN_TYPE, SUI_FRAMEWORK, StructTag, TypeTag
from sui.types import Address, AddressOwner, ImmutableOwner, ObjectOwner, SharedOwner

CLOCK_ID = "0x6"
PER_BYTE = 7_600
COIN = 130 * PER_BYTE  # 40 owner, 32 digest, 8 rebate, 40 contents, 1 type, 1 flag, 8 version


def pay(builder, who, *amounts):
    coins = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, amount) for amount in amounts])
    builder.transfer_objects(coins, builder.pure(bytes(who.address)))


def test_transfer_costs_what_a_coin_object_costs(world, alice, bob):
    gas = world.gas_coin(alice)
    before = world.sui(alice)
    builder = ProgrammableBuilder()
    pay(builder, bob, 5)
    done = world.ok(alice, builder)
    # The gas coin had paid for itself: 99 % comes back, and it pays again.
    assert done.effects.gas_used == GasCostSummary(1_000_000, 2 * COIN, 978_120, 9_880)
    assert world.sui(bob) == 5
    assert world.sui(alice) == before - 5 - done.effects.gas_used.net
    assert done.effects.lamport_version == gas.version + 1


def test_merge_gives_back_the_rebate_of_the_deleted_coin(world, alice):
    first, second = world.fund(alice, 100, 23)
    gas = world.gas_coin(alice)
    builder = ProgrammableBuilder()
    builder.merge_coins(builder.obj(ImmOrOwned(first)), [builder.obj(ImmOrOwned(second))])
    done = world.ok(alice, builder)
    assert world.balance_of(first) == 123
    assert world.ledger.get_object(second.object_id) is None
    assert done.effects.gas_used.storage_cost == 2 * COIN
    assert done.effects.gas_used.storage_rebate == 3 * COIN * 99 // 100
    [change] = [c for c in done.effects.changed_objects if c.object_id == second.object_id]
    assert change.id_operation == IdDeleted()
    assert change.output_state == OutputNotExist()
    assert done.effects.changed_objects[done.effects.gas_object_index].object_id == gas.object_id


def test_storage_of_a_created_object_is_exact_and_comes_back(things, alice):
    record = things.thing(alice, b"x" * 1000)
    size = object_size(record.object, 40)
    tag_bytes = 1 + 32 + 7 + 6 + 1  # form, address, "things", "Thing", no type arguments
    assert size == 40 + 32 + 8 + (32 + 2 + 1000) + tag_bytes + 1 + 8
    assert record.object.storage_rebate == size * PER_BYTE
    builder = ProgrammableBuilder()
    things.call(builder, "destroy", builder.obj(things.owned(record)))
    done = things.ok(alice, builder)
    rebate = (size * PER_BYTE + COIN) * 9_900
    assert done.effects.gas_used.storage_rebate == (rebate + 5_000) // 10_000
    assert done.effects.gas_used.storage_cost == COIN


def test_objects_may_be_changed_shrunk_and_pay_anew(things, alice):
    record = things.thing(alice, b"x" * 500)
    builder = ProgrammableBuilder()
    things.call(builder, "set", builder.obj(things.owned(record)), builder.pure_value(bcs.BYTES, b"y"))
    done = things.ok(alice, builder)
    after = things.ledger.get_object(record.ref.object_id)
    assert after.object.data.contents[32:] == b"\x01y"
    assert after.object.storage_rebate == record.object.storage_rebate - 500 * PER_BYTE
    assert after.object.previous_transaction == done.digest


def test_publish_runs_init_and_returns_the_upgrade_cap(world, alice):
    done = world.publish(alice)
    [cap] = world.created(done, "UpgradeCap")
    [registry] = world.created(done, "Registry")
    [badge] = world.created(done, "Badge")
    assert cap.object.owner == AddressOwner(alice.address)
    assert cap.object.data.contents[32:] == bytes(world.things) + (1).to_bytes(8, "little") + b"\0"
    assert registry.object.owner == SharedOwner(done.effects.lamport_version)
    assert badge.object.data.has_public_transfer is False
    assert cap.object.data.has_public_transfer is True
    package = world.ledger.get_object(world.things).object
    assert isinstance(package.data, MovePackage)
    assert package.owner == ImmutableOwner()
    assert list(package.data.module_map) == ["things"]
    assert set(package.data.linkage_table) == {SUI_FRAMEWORK, StructTag.parse("0x1::a::A").address}
    [event] = done.events
    assert (event.package_id, event.module, event.type.name) == (world.things, "things", "Started")
    assert event.contents == bytes(alice.address)
    assert world.ledger.package_versions(world.things) == ((world.things, 1),)


def test_publish_without_a_dependency_is_refused(world, alice):
    builder = ProgrammableBuilder()
    from_framework = world.ledger.package(SUI_FRAMEWORK)
    builder.publish([from_framework.modules["clock"]], [])
    assert world.failed(alice, builder).error == Failure("PublishErrorNonZeroAddress")
    builder = ProgrammableBuilder()
    builder.publish([b"\xa1\x1c\xeb\x0b nonsense"], [])
    assert world.failed(alice, builder).error == Failure("VMVerificationOrDeserializationError")


def test_missing_dependency(things, alice):
    compiled = json.loads((Path(__file__).parent / "things" / "compiled.json").read_text())
    builder = ProgrammableBuilder()
    builder.publish([base64.b64decode(compiled["modules"][0])], [SUI_FRAMEWORK])
    assert things.failed(alice, builder) == Failed(Failure("PublishUpgradeMissingDependency"), 0)


def test_shared_object_and_clock(things, alice, bob):
    registry = things.registry(alice)
    things.now[0] += 5_000
    builder = ProgrammableBuilder()
    clock = Shared(Address.parse(CLOCK_ID), 1, mutable=False)
    things.call(builder, "count", builder.obj(things.shared(registry)), builder.obj(clock))
    done = things.ok(bob, builder)
    after = things.ledger.get_object(registry.ref.object_id)
    assert after.object.data.contents[32:] == (1).to_bytes(8, "little") + things.now[0].to_bytes(8, "little")
    assert after.object.owner == registry.object.owner
    clock_now = things.ledger.get_object(Address.parse(CLOCK_ID))
    assert done.effects.unchanged_shared_objects == (
        (Address.parse(CLOCK_ID), ReadOnlyRoot(clock_now.ref.version, clock_now.ref.digest)),
    )
    assert clock_now.object.previous_transaction in done.effects.dependencies


def test_shared_object_deleted_by_value_and_then_gone(things, alice, bob):
    registry = things.registry(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "close", builder.obj(things.shared(registry)))
    done = things.ok(bob, builder)
    [change] = [c for c in done.effects.changed_objects if c.object_id == registry.ref.object_id]
    assert change.id_operation == IdDeleted()
    builder = ProgrammableBuilder()
    things.call(builder, "counted", builder.obj(things.shared(registry, mutable=False)))
    assert things.failed(alice, builder) == Failed(Failure("InputObjectDeleted"), None)


def test_shared_object_may_not_become_owned(things, alice):
    registry = things.registry(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "swallow", builder.obj(things.shared(registry)))
    assert things.failed(alice, builder).error == Failure("SharedObjectOperationNotAllowed")
    assert things.ledger.get_object(registry.ref.object_id).object.owner == registry.object.owner


def test_shared_object_read_only_is_not_changed(things, alice):
    registry = things.registry(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "close", builder.obj(things.shared(registry, mutable=False)))
    assert things.failed(alice, builder).error == CommandArgumentError(0, "InvalidObjectByValue")
    builder = ProgrammableBuilder()
    key_, value = builder.pure_value(bcs.U64, 1), builder.pure_value(bcs.BYTES, b"v")
    things.call(builder, "add_field", builder.obj(things.shared(registry, mutable=False)), key_, value)
    assert things.failed(alice, builder).error == CommandArgumentError(0, "InvalidObjectByMutRef")


def test_only_new_objects_can_be_shared(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "share_it", builder.obj(things.owned(record)))
    error = things.failed(alice, builder).error
    assert isinstance(error, MoveAbort)
    assert (error.location.module.name, error.code) == ("transfer", 0)


def test_frozen_objects_can_be_read_by_all_and_changed_by_none(things, alice, bob):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "freeze_it", builder.obj(things.owned(record)))
    things.ok(alice, builder)
    frozen = things.owned(record)
    assert things.ledger.get_object(record.ref.object_id).object.owner == ImmutableOwner()
    builder = ProgrammableBuilder()
    things.call(builder, "length", builder.obj(frozen))
    things.ok(bob, builder)
    for function, kind in (("destroy", "InvalidObjectByValue"), ("set", "InvalidObjectByMutRef")):
        builder = ProgrammableBuilder()
        rest = [builder.pure_value(bcs.BYTES, b"")] if function == "set" else []
        things.call(builder, function, builder.obj(frozen), *rest)
        assert things.failed(bob, builder).error == CommandArgumentError(0, kind)


def test_wrapping_and_unwrapping_keeps_the_id(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    crate = things.call(builder, "pack", builder.obj(things.owned(record)))
    builder.transfer_objects([crate], builder.pure(bytes(alice.address)))
    packed = things.ok(alice, builder)
    [change] = [c for c in packed.effects.changed_objects if c.object_id == record.ref.object_id]
    assert (change.output_state, change.id_operation) == (OutputNotExist(), IdNone())
    assert things.ledger.get_object(record.ref.object_id) is None
    [crate] = things.created(packed, "Crate")
    builder = ProgrammableBuilder()
    thing = things.call(builder, "unpack", builder.obj(things.owned(crate)))
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    unpacked = things.ok(alice, builder)
    [change] = [c for c in unpacked.effects.changed_objects if c.object_id == record.ref.object_id]
    assert change.id_operation == IdNone()
    assert things.ledger.get_object(record.ref.object_id).ref.version == unpacked.effects.lamport_version


def test_wrapped_object_deleted_inside_is_listed_as_deleted(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    crate = things.call(builder, "pack", builder.obj(things.owned(record)))
    builder.transfer_objects([crate], builder.pure(bytes(alice.address)))
    [crate] = things.created(things.ok(alice, builder), "Crate")
    builder = ProgrammableBuilder()
    things.call(builder, "crush", builder.obj(things.owned(crate)))
    done = things.ok(alice, builder)
    deleted = {c.object_id for c in done.effects.changed_objects if c.id_operation == IdDeleted()}
    assert deleted == {record.ref.object_id, crate.ref.object_id}


def test_dynamic_fields_are_objects_of_their_parent(things, alice):
    registry = things.registry(alice)
    for function, value in (("add_field", b"one"), ("change_field", b"other")):
        builder = ProgrammableBuilder()
        arguments = [builder.pure_value(bcs.U64, 9), builder.pure_value(bcs.BYTES, value)]
        things.call(builder, function, builder.obj(things.shared(registry)), *arguments)
        things.ok(alice, builder)
        [found] = things.ledger.list_dynamic_fields(registry.ref.object_id).items
        assert found.object.owner == ObjectOwner(registry.ref.object_id)
        assert found.object.data.contents[32:] == (9).to_bytes(8, "little") + bytes([len(value)]) + value
    builder = ProgrammableBuilder()
    things.call(builder, "remove_field", builder.obj(things.shared(registry)), builder.pure_value(bcs.U64, 9))
    done = things.ok(alice, builder)
    assert things.ledger.list_dynamic_fields(registry.ref.object_id).items == ()
    [change] = [c for c in done.effects.changed_objects if c.object_id == found.ref.object_id]
    assert change.id_operation == IdDeleted()


def test_receiving_what_was_sent_to_an_object(things, alice, bob):
    parent, child = things.thing(alice), things.thing(bob, b"child")
    builder = ProgrammableBuilder()
    builder.transfer_objects([builder.obj(things.owned(child))], builder.pure(bytes(parent.ref.object_id)))
    things.ok(bob, builder)
    sent = things.ledger.get_object(child.ref.object_id)
    builder = ProgrammableBuilder()
    thing = things.call(builder, "receive", builder.obj(things.owned(parent)), builder.obj(Receiving(sent.ref)))
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    done = things.ok(alice, builder)
    assert things.ledger.get_object(child.ref.object_id).object.owner == AddressOwner(alice.address)
    assert sent.object.previous_transaction in done.effects.dependencies


def test_vectors_of_objects(things, alice):
    first, second = things.thing(alice), things.thing(alice)
    builder = ProgrammableBuilder()
    both = builder.make_move_vec([builder.obj(things.owned(first)), builder.obj(things.owned(second))])
    things.call(builder, "destroy_all", both)
    done = things.ok(alice, builder)
    assert things.ledger.get_object(first.ref.object_id) is None
    assert len([c for c in done.effects.changed_objects if c.id_operation == IdDeleted()]) == 2


def test_vectors_of_pure_values(things, alice):
    builder = ProgrammableBuilder()
    element = TypeTag.parse("0x2::object::ID")
    ids = builder.make_move_vec([builder.pure(bytes(alice.address)), builder.pure(bytes(32))], element)
    things.call(builder, "ids", ids)
    things.call(builder, "ids", builder.make_move_vec([], element))
    things.ok(alice, builder)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda w, b: w.call(b, "require", b.pure(b"\0")), ("require", 7)),
        (lambda w, b: w.call(b, "fail", b.pure_value(bcs.U64, 99)), ("fail", 99)),
    ],
)
def test_aborts_name_place_and_code(things, alice, build, expected):
    builder = ProgrammableBuilder()
    things.call(builder, "divide", builder.pure_value(bcs.U64, 4), builder.pure_value(bcs.U64, 2))
    build(things, builder)
    failed = things.failed(alice, builder)
    assert isinstance(failed.error, MoveAbort)
    location = failed.error.location
    assert (location.function_name, failed.error.code, failed.command) == (*expected, 1)
    assert (location.module.address, location.module.name) == (things.things, "things")


def test_a_failed_transaction_keeps_nothing_but_its_cost(things, alice, bob):
    record = things.thing(alice)
    before = things.sui(alice)
    builder = ProgrammableBuilder()
    pay(builder, bob, 5)
    things.call(builder, "set", builder.obj(things.owned(record)), builder.pure_value(bcs.BYTES, b"changed"))
    things.call(builder, "fail", builder.pure_value(bcs.U64, 1))
    done = things.submit(alice, builder)
    assert isinstance(done.effects.status, Failed)
    assert done.effects.status.command == 3
    assert things.sui(bob) == 0
    assert done.events == ()
    after = things.ledger.get_object(record.ref.object_id)
    assert after.object.data.contents == record.object.data.contents
    assert after.ref.version == done.effects.lamport_version
    assert things.sui(alice) == before - done.effects.gas_used.net


def test_arithmetic_is_a_primitive_error(things, alice):
    builder = ProgrammableBuilder()
    things.call(builder, "divide", builder.pure_value(bcs.U64, 1), builder.pure_value(bcs.U64, 0))
    error = things.failed(alice, builder).error
    assert isinstance(error, MovePrimitiveRuntimeError)
    assert error.location.function_name == "divide"


@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        ("missing", [], Failure("FunctionNotFound")),
        ("hidden", [], Failure("NonEntryFunctionInvoked")),
        ("package_only", [], Failure("NonEntryFunctionInvoked")),
        ("init", [], Failure("NonEntryFunctionInvoked")),
        ("divide", [b"\1" * 8], Failure("ArityMismatch")),
        ("divide", [b"\1" * 8, b"\1" * 7], CommandArgumentError(1, "InvalidBCSBytes")),
        ("text", [b"\2\xff\xfe"], CommandArgumentError(0, "InvalidBCSBytes")),
        ("require", [b"\2"], CommandArgumentError(0, "InvalidBCSBytes")),
        ("maybe", [b"\2" + bytes(16)], CommandArgumentError(0, "InvalidBCSBytes")),
        ("destroy", [bytes(33)], CommandArgumentError(0, "InvalidUsageOfPureArg")),
        ("hot", [], Failure("UnusedValueWithoutDrop", (0, 0))),
        ("generic", [bytes(32), bytes(32)], Failure("TypeArityMismatch")),
    ],
)
def test_calls_that_are_not_possible(things, alice, function, arguments, error):
    builder = ProgrammableBuilder()
    things.call(builder, function, *[builder.pure(argument) for argument in arguments])
    assert things.failed(alice, builder).error == error


def test_type_arguments_are_checked(things, alice):
    builder = ProgrammableBuilder()
    coin = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 1)])[0]
    to = builder.pure(bytes(alice.address))
    things.call(builder, "generic", coin, to, types=[TypeTag.parse("u64")])
    assert things.failed(alice, builder).error == TypeArgumentError(0, "ConstraintNotSatisfied")
    builder = ProgrammableBuilder()
    coin = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 1)])[0]
    things.call(builder, "generic", coin, builder.pure(bytes(alice.address)), types=[GAS_COIN_TYPE])
    assert isinstance(things.submit(alice, builder).effects.status, Success)


def test_functions_with_public_variants_are_not_called_directly(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    tag = record.object.data.tag
    builder.move_call(
        SUI_FRAMEWORK,
        "transfer",
        "transfer",
        [builder.obj(things.owned(record)), builder.pure(bytes(alice.address))],
        [tag],
    )
    assert things.failed(alice, builder).error == Failure("NonEntryFunctionInvoked")


def test_entry_functions_may_be_private(things, alice):
    builder = ProgrammableBuilder()
    things.call(builder, "private_entry", builder.pure_value(bcs.U64, 3))
    things.ok(alice, builder)


def test_pure_inputs_are_copied_and_keep_the_type_of_a_mutable_use(things, alice):
    builder = ProgrammableBuilder()
    number = builder.pure_value(bcs.U64, 1)
    things.call(builder, "divide", number, number)
    things.call(builder, "bump", number)
    things.call(builder, "divide", number, number)
    things.ok(alice, builder)
    builder = ProgrammableBuilder()
    number = builder.pure_value(bcs.U64, 1)
    things.call(builder, "bump", number)
    things.call(builder, "maybe", number)
    assert things.failed(alice, builder) == Failed(CommandArgumentError(0, "TypeMismatch"), 1)


@pytest.mark.parametrize(
    ("argument", "error"),
    [
        (Input(9), ("IndexOutOfBounds", 9, 0)),
        (Result(5), ("IndexOutOfBounds", 5, 0)),
        (NestedResult(0, 3), ("SecondaryIndexOutOfBounds", 0, 3)),
        (Result(0), ("InvalidResultArity", 0, 0)),
    ],
)
def test_arguments_that_name_nothing(things, alice, argument, error):
    builder = ProgrammableBuilder()
    pay(builder, alice, 1, 2)
    builder.transfer_objects([argument], builder.pure(bytes(alice.address)))
    assert things.failed(alice, builder).error == CommandArgumentError(0, *error)


def test_values_are_used_up(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    thing = builder.obj(things.owned(record))
    things.call(builder, "destroy", thing)
    things.call(builder, "length", thing)
    assert things.failed(alice, builder) == Failed(CommandArgumentError(0, "InvalidValueUsage"), 1)


def test_objects_without_store_are_not_transferred(things, alice):
    [badge] = [
        record for record in things.ledger.owned_objects(alice.address).items if record.object.data.tag.name == "Badge"
    ]
    builder = ProgrammableBuilder()
    builder.transfer_objects([builder.obj(things.owned(badge))], builder.pure(bytes(alice.address)))
    assert things.failed(alice, builder).error == CommandArgumentError(0, "InvalidTransferObject")


def test_gas_coin_is_taken_by_transfer_only(things, alice, bob):
    builder = ProgrammableBuilder()
    things.call(builder, "generic", GAS_COIN, builder.pure(bytes(bob.address)), types=[GAS_COIN_TYPE])
    assert things.failed(alice, builder).error == CommandArgumentError(0, "InvalidGasCoinUsage")
    builder = ProgrammableBuilder()
    builder.transfer_objects([GAS_COIN], builder.pure(bytes(bob.address)))
    before = things.balance_of(things.gas_coin(alice))
    done = things.ok(alice, builder)
    assert things.sui(bob) == before - done.effects.gas_used.net
    assert done.effects.gas_object_index is not None


def test_the_budget_cannot_be_split_off(world, alice, bob):
    gas = world.fund(alice, 2_000_000_000)[0]
    builder = ProgrammableBuilder()
    pay(builder, bob, 1_500_000_001)
    status = world.failed(alice, builder, payment=[gas], budget=500_000_000)
    assert status == Failed(Failure("InsufficientCoinBalance"), 0)


def test_calls_that_return_references_are_refused(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    things.call(builder, "borrowed", builder.obj(things.owned(record)))
    assert things.failed(alice, builder).error == Failure("InvalidPublicFunctionReturnType", (0,))


def test_too_large_objects_are_refused(things, alice):
    builder = ProgrammableBuilder()
    large = things.call(builder, "large", builder.pure_value(bcs.U64, 256_001))
    builder.transfer_objects([large], builder.pure(bytes(alice.address)))
    error = things.failed(alice, builder, budget=900 * 10**9).error
    assert error in (Failure("MoveObjectTooBig", (262_179, 256_000)), Failure("InsufficientGas"))


def test_created_and_never_stored_leaves_no_trace(things, alice):
    builder = ProgrammableBuilder()
    thing = things.call(builder, "make", builder.pure_value(bcs.BYTES, b""))
    things.call(builder, "destroy", thing)
    done = things.ok(alice, builder)
    assert len(done.effects.changed_objects) == 1
    assert len(done.events) == 1
    assert not [c for c in done.effects.changed_objects if c.id_operation == IdCreated()]
    assert isinstance(things.ledger.get_object(things.gas_coin(alice).object_id).object.data, MoveObject)
    assert things.ledger.balance(alice.address, SUI_COIN_TYPE).coins == 1


def test_only_objects_are_transferred_and_only_coins_split(things, alice):
    record = things.thing(alice)
    builder = ProgrammableBuilder()
    builder.transfer_objects([builder.pure(bytes(32))], builder.pure(bytes(32)))
    assert things.failed(alice, builder).error == CommandArgumentError(0, "TypeMismatch")
    builder = ProgrammableBuilder()
    number = things.call(builder, "private_entry", builder.pure_value(bcs.U64, 1))
    builder.transfer_objects([number], builder.pure(bytes(32)))
    assert things.failed(alice, builder).error == CommandArgumentError(0, "TypeMismatch")
    builder = ProgrammableBuilder()
    builder.split_coins(builder.obj(things.owned(record)), [builder.pure_value(bcs.U64, 1)])
    assert things.failed(alice, builder).error == CommandArgumentError(0, "TypeMismatch")
    builder = ProgrammableBuilder()
    builder.merge_coins(GAS_COIN, [builder.obj(things.owned(record))])
    assert things.failed(alice, builder).error == CommandArgumentError(1, "TypeMismatch")


def test_vectors_without_a_type_hold_objects(things, alice):
    builder = ProgrammableBuilder()
    number = things.call(builder, "private_entry", builder.pure_value(bcs.U64, 1))
    builder.make_move_vec([number])
    assert things.failed(alice, builder).error == CommandArgumentError(0, "InvalidMakeMoveVecNonObjectArgument")
    builder = ProgrammableBuilder()
    builder.make_move_vec([], TypeTag.parse("0x2::coin::Nothing"))
    assert things.failed(alice, builder).error == TypeArgumentError(0, "TypeNotFound")


def test_a_value_is_borrowed_mutably_once_in_a_command(things, alice):
    first = things.thing(alice)
    builder = ProgrammableBuilder()
    coin = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 1)])[0]
    builder.merge_coins(coin, [coin])
    assert things.failed(alice, builder).error == CommandArgumentError(1, "InvalidValueUsage")
    builder = ProgrammableBuilder()
    thing = builder.obj(things.owned(first))
    things.call(builder, "receive", thing, thing)
    assert things.failed(alice, builder).error == CommandArgumentError(1, "TypeMismatch")


def test_indirect_dependencies_must_be_named(things, alice):
    compiled = json.loads((Path(__file__).parent / "things" / "compiled.json").read_text())
    code = base64.b64decode(compiled["modules"][0])
    builder = ProgrammableBuilder()
    builder.publish([code], [SUI_FRAMEWORK, things.things])
    assert things.failed(alice, builder).error == Failure("PublishUpgradeMissingDependency")
    builder = ProgrammableBuilder()
    builder.publish([code, code], [Address.parse("0x1"), SUI_FRAMEWORK])
    assert things.failed(alice, builder).error == Failure("VMVerificationOrDeserializationError")
