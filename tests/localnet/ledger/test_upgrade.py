"""Upgrades on the ledger: what they make, what both versions do afterwards, and what is refused."""

from __future__ import annotations

import pytest

from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import (
    Failed,
    Failure,
    IdCreated,
    InputNotExist,
    MoveAbort,
    MovePrimitiveRuntimeError,
    PackageUpgradeError,
    PackageWrite,
)
from sui.object import MovePackage
from sui.type_tag import SUI_FRAMEWORK, StructTag, TypeTag
from sui.types import Address, ImmutableOwner

from .upgrade_world import (
    COMPATIBLE,
    VERSION_1,
    VERSION_2,
    Line,
    compile_sources,
    edited,
    number,
)

pytestmark = pytest.mark.toolchain


@pytest.fixture
def line(world, alice):
    """The first version, published by Alice."""
    return Line.start(world, alice, compile_sources(VERSION_1))


@pytest.fixture
def upgraded(line):
    """The same after an upgrade; `line.package` is the second version."""
    line.original = line.package
    line.done = line.upgrade(compile_sources(VERSION_2))
    return line


def counter(line):
    return line.world.created(line.first, "Counter")[0]


def counting(line):
    return lambda builder: builder.obj(line.world.shared(counter(line)))


def outputs(line, function, package=None, types=()):
    builder = ProgrammableBuilder()
    builder.move_call(package or line.package, "pkg", function, [], types)
    simulated = line.world.ledger.simulate(line.world.data(line.who, builder))
    return [value.bcs for value in simulated.command_outputs[0].return_values]


# --- what an upgrade makes


def test_it_stores_a_package_under_an_id_of_its_own(upgraded):
    [change] = [each for each in upgraded.done.effects.changed_objects if isinstance(each.output_state, PackageWrite)]
    assert (change.object_id, change.input_state, change.id_operation) == (
        upgraded.package,
        InputNotExist(),
        IdCreated(),
    )
    assert change.output_state.version == 2
    whole = upgraded.world.ledger.get_object(upgraded.package).object
    assert isinstance(whole.data, MovePackage)
    assert (whole.owner, whole.data.version, whole.previous_transaction) == (
        ImmutableOwner(),
        2,
        upgraded.done.digest,
    )
    first = upgraded.world.ledger.get_object(upgraded.original)
    assert (first.ref.version, first.object.data.version) == (1, 1)
    assert upgraded.world.ledger.package(upgraded.package).original_id == upgraded.original
    assert upgraded.world.ledger.package_versions(upgraded.package) == (
        (upgraded.original, 1),
        (upgraded.package, 2),
    )


def test_the_cap_speaks_of_the_new_version(upgraded):
    cap = upgraded.world.ledger.get_object(upgraded.cap.ref.object_id).object.data.contents
    assert cap[32:] == bytes(upgraded.package) + (2).to_bytes(8, "little") + b"\0"


def test_types_keep_the_version_that_first_had_them(upgraded):
    package = upgraded.world.ledger.get_object(upgraded.package).object.data
    origins = {origin.datatype_name: origin.package for origin in package.type_origin_table}
    assert {origins["Thing"], origins["Kind"], origins["Said"]} == {upgraded.original}
    assert {origins["Late"], origins["LateThing"]} == {upgraded.package}
    assert sorted(package.linkage_table) == [Address.parse("0x1"), SUI_FRAMEWORK]


def test_old_modules_are_not_initialised_again(upgraded):
    assert not upgraded.done.events
    assert not upgraded.world.created(upgraded.done, "Counter")


# --- what both versions do


def test_each_version_runs_when_it_is_called(upgraded):
    upgraded.works("bump", counting(upgraded))
    assert upgraded.value(counter(upgraded)) == 2
    upgraded.works("bump", counting(upgraded), package=upgraded.original)
    assert upgraded.value(counter(upgraded)) == 3


def test_an_event_names_the_version_called_and_the_version_of_its_type(upgraded):
    [said] = upgraded.works("bump", counting(upgraded)).events
    assert (said.package_id, said.module) == (upgraded.package, "pkg")
    assert said.type == StructTag(upgraded.original, "pkg", "Said")
    [said] = upgraded.works("bump", counting(upgraded), package=upgraded.original).events
    assert (said.package_id, said.type.address) == (upgraded.original, upgraded.original)
    [late] = upgraded.works("late", number(3)).events
    assert (late.package_id, late.type) == (upgraded.package, StructTag(upgraded.package, "pkg", "Late"))


def test_names_of_types_in_move(upgraded):
    def text(raw):
        return raw[1:].decode()

    first, second = upgraded.original.hex(), upgraded.package.hex()
    for package in (upgraded.original, upgraded.package):
        assert [text(raw) for raw in outputs(upgraded, "names", package)] == [f"{first}::pkg::Said"] * 2
    assert [text(raw) for raw in outputs(upgraded, "late_names")] == [f"{second}::pkg::Late", f"{first}::pkg::Late"]


def test_objects_go_back_and_forth(upgraded, alice):
    for maker, taker in ((upgraded.original, upgraded.package), (upgraded.package, upgraded.original)):
        builder = ProgrammableBuilder()
        thing = builder.move_call(maker, "pkg", "make", [builder.pure_value(bcs.U64, 8)])
        builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
        [record] = upgraded.world.created(upgraded.world.ok(alice, builder), "Thing")
        assert record.object.data.tag == StructTag(upgraded.original, "pkg", "Thing")
        given = upgraded.world.owned(record)
        upgraded.works("destroy", lambda builder, given=given: builder.obj(given), package=taker)


def test_objects_of_a_later_type(upgraded, alice):
    builder = ProgrammableBuilder()
    thing = builder.move_call(upgraded.package, "pkg", "make_late", [builder.pure_value(bcs.U64, 8)])
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    [record] = upgraded.world.created(upgraded.world.ok(alice, builder), "LateThing")
    assert record.object.data.tag == StructTag(upgraded.package, "pkg", "LateThing")


def test_type_arguments_by_any_version_that_has_the_type(upgraded):
    name = TypeTag.parse(f"{upgraded.package}::pkg::Said")
    assert outputs(upgraded, "pair", types=[name])
    builder = ProgrammableBuilder()
    builder.move_call(upgraded.package, "pkg", "pair", [], [TypeTag.parse(f"{upgraded.package}::pkg::Said")])
    simulated = upgraded.world.ledger.simulate(upgraded.world.data(upgraded.who, builder))
    assert str(simulated.command_outputs[0].return_values[0].type) == str(
        TypeTag.parse(f"{upgraded.original}::pkg::Pair<{upgraded.original}::pkg::Said>")
    )


def test_an_abort_names_the_version_that_ran_other_errors_the_first(upgraded):
    for package in (upgraded.original, upgraded.package):
        error = upgraded.call("fail", package=package).effects.status.error
        assert isinstance(error, MoveAbort)
        assert (error.location.module.address, error.location.module.name, error.code) == (package, "pkg", 7)
        error = upgraded.call("divide", number(0), package=package).effects.status.error
        assert isinstance(error, MovePrimitiveRuntimeError)
        assert error.location.module.address == upgraded.original


def test_private_functions_may_change(upgraded):
    upgraded.works("secret", number(1), number(2))
    upgraded.works("secret", number(1), package=upgraded.original)
    assert outputs(upgraded, "use_hidden") == [(6).to_bytes(8, "little")]


def test_a_third_version(upgraded):
    second = upgraded.package
    upgraded.upgrade(compile_sources(edited("{ 2 }", "{ 3 }", VERSION_2)))
    package = upgraded.world.ledger.get_object(upgraded.package).object.data
    origins = {origin.datatype_name: origin.package for origin in package.type_origin_table}
    assert (package.version, origins["Said"], origins["Late"]) == (3, upgraded.original, second)
    upgraded.works("bump", counting(upgraded))
    assert upgraded.value(counter(upgraded)) == 3
    [late] = upgraded.works("late", number(3)).events
    assert (late.package_id, late.type.address) == (upgraded.package, second)


def test_two_versions_do_not_fit_one_transaction(upgraded):
    builder = ProgrammableBuilder()
    builder.move_call(upgraded.original, "pkg", "version", [])
    builder.move_call(upgraded.package, "pkg", "version", [])
    assert upgraded.world.failed(upgraded.who, builder) == Failed(Failure("InvalidLinkage"), 1)


def test_upgrades_outlive_the_process(opened, alice, tmp_path):
    world = opened(tmp_path / "state")
    line = Line.start(world, alice, compile_sources(VERSION_1))
    original = line.package
    line.upgrade(compile_sources(VERSION_2))
    world.ledger.close()
    again = opened(tmp_path / "state", world.now)
    again.gas = world.gas
    line.world = again
    [late] = line.works("late", number(3)).events
    assert late.type.address == line.package
    line.works("bump", counting(line))
    assert line.value(counter(line)) == 2
    assert again.ledger.package_versions(original) == ((original, 1), (line.package, 2))


# --- the ticket


def test_the_ticket_is_for_one_package(line, world, alice):
    other = Line.start(world, alice, compile_sources(VERSION_2))
    error = PackageUpgradeError("PackageIDDoesNotMatch", other.package, line.package)
    assert line.refused(compile_sources(VERSION_2), package=other.package) == Failed(error, 1)


def test_the_ticket_is_for_this_code(line):
    code = compile_sources(VERSION_2)
    refused = line.refused(code, digest=bytes(32))
    assert refused.error.kind == "DigestDoesNotMatch"
    assert len(refused.error.digest) == 32
    assert refused.command == 1


def test_the_ticket_is_for_a_known_policy(line):
    assert line.refused(compile_sources(VERSION_2), policy=5) == Failed(
        PackageUpgradeError("UnknownUpgradePolicy", policy=5), 1
    )


def test_tickets_and_receipts_must_be_used(line):
    code = compile_sources(VERSION_2)
    builder = ProgrammableBuilder()
    line.authorized(builder, COMPATIBLE, bytes(32))
    assert line.world.failed(line.who, builder).error == Failure("UnusedValueWithoutDrop", (0, 0))
    complete = line.building(code).finish()
    builder = line.building(code)
    kind = builder.finish()
    assert kind == complete
    status = line.world.failed(line.who, without_last(builder))
    assert status.error == Failure("UnusedValueWithoutDrop", (1, 0))


def without_last(builder):
    """The same transaction less its last command."""
    kind = builder.finish()

    class Shortened:
        def finish(self):
            return type(kind)(kind.inputs, kind.commands[:-1])

    return Shortened()


def test_one_ticket_at_a_time_and_never_more_than_the_cap_allows(line):
    builder = ProgrammableBuilder()
    line.authorized(builder, COMPATIBLE, bytes(32))
    line.authorized(builder, COMPATIBLE, bytes(32))
    error = line.world.failed(line.who, builder).error
    assert (error.location.function_name, error.code) == ("authorize_upgrade", 2)
    builder = ProgrammableBuilder()
    cap = builder.obj(line.world.owned(line.cap))
    builder.move_call(SUI_FRAMEWORK, "package", "only_additive_upgrades", [cap])
    line.world.ok(line.who, builder)
    error = line.refused(compile_sources(VERSION_2)).error
    assert (error.location.function_name, error.code) == ("authorize_upgrade", 1)


def test_without_its_cap_a_package_stays(line, bob):
    builder = ProgrammableBuilder()
    builder.move_call(SUI_FRAMEWORK, "package", "make_immutable", [builder.obj(line.world.owned(line.cap))])
    line.world.ok(line.who, builder)
    assert line.world.ledger.get_object(line.cap.ref.object_id) is None


def test_a_failed_upgrade_leaves_nothing(line):
    before = line.world.owned(line.cap)
    line.refused(compile_sources(edited("public fun fail() { abort 7 }", "")))
    after = line.world.ledger.get_object(line.cap.ref.object_id)
    assert after.object.data.contents[32:64] == bytes(line.package)
    assert after.ref.version > before.ref.version
    assert line.world.ledger.package_versions(line.package) == ((line.package, 1),)
    line.upgrade(compile_sources(VERSION_2))


# --- what publishing asks as well


def test_modules_are_compiled_for_no_address(line):
    there = line.world.ledger.get_object(line.package).object.data
    code = tuple(there.module_map.values())
    assert line.refused(code).error == Failure("PublishErrorNonZeroAddress")


def test_dependencies_are_named(line):
    assert line.refused(compile_sources(VERSION_2), dependencies=(SUI_FRAMEWORK,)).error == Failure(
        "PublishUpgradeMissingDependency"
    )


def test_code_is_verified(line):
    code = compile_sources(VERSION_2)
    broken = (code[0][:-3],)
    assert line.refused(broken).error == Failure("VMVerificationOrDeserializationError")
