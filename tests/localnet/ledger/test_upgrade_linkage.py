"""Packages that use upgraded packages: which version runs, and which versions do not fit together."""

from __future__ import annotations

import pytest

from localnet.vm.deserialize import deserialize
from sui.builder import ProgrammableBuilder
from sui.effects import Failed, Failure, MoveAbort
from sui.transaction import Result
from sui.type_tag import TypeTag
from tests.localnet.vm.toolchain import build

from .upgrade_world import DEPENDENCIES_ONLY, FRAMEWORK, VERSION_1, VERSION_2, Line, compile_sources

pytestmark = pytest.mark.toolchain

APP = """module app::app;
public fun version(): u64 { pkg::pkg::version() }
public fun fail() { pkg::pkg::fail() }
entry fun private_version(): u64 { pkg::pkg::version() }
public fun require(version: u64) { assert!(version() == version, version()) }
"""
TOP = "module top::top;\npublic fun version(): u64 { app::app::version() }\n"
INVALID = Failure("InvalidLinkage")


def compile_app(name, code, **addresses):
    """The modules of package `name`, compiled beside what it uses, whose addresses are given."""
    lines = "".join(f'{each} = "{address}"\n' for each, address in {name: "0x0", **addresses}.items())
    toml = f'[package]\nname = "{name}"\nedition = "2024"\n\n[addresses]\n{lines}'
    sources = {"pkg": VERSION_1, "app": APP, name: code}
    files = {f"sources/{each}.move": sources[each] for each in (name, *addresses)}
    return tuple(code for code in build({"Move.toml": toml, **files}) if deserialize(code).name == name)


@pytest.fixture
def library(world, alice):
    """A package in two versions."""
    line = Line.start(world, alice, compile_sources(VERSION_1))
    line.first_version = line.package
    line.upgrade(compile_sources(VERSION_2))
    return line


@pytest.fixture
def app(world, alice, library):
    """A package that is linked with the first version."""
    line = Line.start(
        world, alice, compile_app("app", APP, pkg=library.first_version), (*FRAMEWORK, library.first_version)
    )
    line.code = compile_app("app", APP, pkg=library.first_version)
    return line


def version(line, package, *before, module="app", function="version"):
    """The version that a call reports, in one transaction with calls of `pkg::version`."""
    builder = ProgrammableBuilder()
    for other in before:
        builder.move_call(other, "pkg", "version", [])
    asked = builder.move_call(package, module, function, [])
    assert isinstance(asked, Result)
    simulated = line.world.ledger.simulate(line.world.data(line.who, builder))
    [value] = simulated.command_outputs[asked.index].return_values
    return int.from_bytes(value.bcs, "little")


def test_a_package_runs_with_the_version_it_was_linked_with(app):
    assert version(app, app.package) == 1


def test_a_public_function_runs_with_a_later_version_when_the_transaction_calls_that(app, library):
    assert version(app, app.package, library.package) == 2
    builder = ProgrammableBuilder()
    builder.move_call(app.package, "app", "fail", [])
    builder.move_call(library.package, "pkg", "version", [])
    error = app.world.failed(app.who, builder).error
    assert isinstance(error, MoveAbort)
    assert error.location.module.address == library.package


def test_an_entry_function_wants_exactly_what_it_was_linked_with(app, library):
    assert version(app, app.package, library.first_version, function="private_version") == 1
    builder = ProgrammableBuilder()
    builder.move_call(app.package, "app", "private_version", [])
    builder.move_call(library.package, "pkg", "version", [])
    assert app.world.failed(app.who, builder) == Failed(INVALID, 1)


def test_a_type_wants_at_least_the_version_that_has_it(library):
    late = TypeTag.parse(f"{library.package}::pkg::Late")
    builder = ProgrammableBuilder()
    builder.move_call(library.first_version, "pkg", "pair", [], [late])
    assert library.world.failed(library.who, builder) == Failed(INVALID, 0)
    builder = ProgrammableBuilder()
    builder.move_call(library.package, "pkg", "pair", [], [late])
    library.world.ok(library.who, builder)


def test_an_upgrade_may_change_nothing_but_what_it_is_linked_with(app, library):
    before = app.package
    app.upgrade(app.code, policy=DEPENDENCIES_ONLY, dependencies=(*FRAMEWORK, library.package))
    assert (version(app, before), version(app, app.package)) == (1, 2)
    linkage = app.world.ledger.get_object(app.package).object.data.linkage_table
    assert (linkage[library.first_version].upgraded_id, linkage[library.first_version].upgraded_version) == (
        library.package,
        2,
    )


def test_nobody_goes_below_what_a_dependency_is_linked_with(app, library, world, alice):
    original = app.package
    app.upgrade(app.code, dependencies=(*FRAMEWORK, library.package))
    code = compile_app("top", TOP, app=original, pkg=library.first_version)

    def publish(*dependencies):
        builder = ProgrammableBuilder()
        cap = builder.publish(code, [*FRAMEWORK, *dependencies])
        builder.transfer_objects([cap], builder.pure(bytes(alice.address)))
        return builder

    downgrade = world.failed(alice, publish(app.package, library.first_version))
    assert downgrade == Failed(Failure("PublishUpgradeDependencyDowngrade"), 0)
    missing = world.failed(alice, publish(app.package))
    assert missing == Failed(Failure("PublishUpgradeMissingDependency"), 0)
    both = world.failed(alice, publish(app.package, library.package, library.first_version))
    assert both == Failed(INVALID, 0)
    top = Line.start(world, alice, code, (*FRAMEWORK, app.package, library.package))
    assert version(top, top.package, module="top") == 2
