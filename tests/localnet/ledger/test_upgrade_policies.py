"""What the policy of an upgrade asks of the code, and which modules are initialised."""

from __future__ import annotations

import pytest

from sui.builder import ProgrammableBuilder
from sui.effects import Failed, PackageUpgradeError
from sui.type_tag import StructTag

from .upgrade_world import (
    ADDITIVE,
    DEPENDENCIES_ONLY,
    VERSION_1,
    VERSION_2,
    Line,
    compile_sources,
    edited,
)

pytestmark = pytest.mark.toolchain

INCOMPATIBLE = Failed(PackageUpgradeError("IncompatibleUpgrade"), 1)


@pytest.fixture
def line(world, alice):
    """The first version, published by Alice."""
    return Line.start(world, alice, compile_sources(VERSION_1))


BREAKING = {
    "a public function is gone": ("public fun fail() { abort 7 }", ""),
    "it is no longer public": ("public fun fail()", "public(package) fun fail()"),
    "it takes something else": ("destroy(thing: Thing): u64 {", "destroy(thing: Thing, _: u64): u64 {"),
    "it returns something else": ("divide(by: u64): u64 { 1 / by }", "divide(by: u64): u128 { (1 / by) as u128 }"),
    "it asks more of a type": ("any<T: copy + drop>", "any<T: copy + drop + store>"),
    "a field is added": ("Said has copy, drop { n: u64 }", "Said has copy, drop { n: u64, m: u64 }"),
    "a field has another name": ("Started has copy, drop { version", "Started has copy, drop { number"),
    "an ability is added": ("Said has copy, drop {", "Said has copy, drop, store {"),
    "an ability is gone": ("Pair<phantom T: copy> has copy, drop, store", "Pair<phantom T: copy> has copy, drop"),
    "a type parameter asks for less": ("Pair<phantom T: copy>", "Pair<phantom T>"),
    "a variant is added": ("Two { n: u64 } }", "Two { n: u64 }, Three }"),
    "a variant has another name": ("has copy, drop, store { One,", "has copy, drop, store { Uno,"),
    "a type is gone": ("public struct Thing has", "public struct Thong has"),
}
CONSEQUENT = {
    "a field is added": [("Said { n: counter.n }", "Said { n: counter.n, m: 0 }")],
    "a field has another name": [("Started { version: version() }", "Started { number: version() }")],
    "a variant is added": [("Kind::Two { n } => n }", "Kind::Two { n } => n, Kind::Three => 3 }")],
    "a variant has another name": [("Kind::One else", "Kind::Uno else"), ("Kind::One => 1", "Kind::Uno => 1")],
    "a type is gone": [
        ("ctx: &mut TxContext): Thing { Thing {", "ctx: &mut TxContext): Thong { Thong {"),
        ("destroy(thing: Thing)", "destroy(thing: Thong)"),
        ("let Thing {", "let Thong {"),
    ],
}


@pytest.mark.parametrize("why", BREAKING)
def test_what_is_not_compatible(line, why):
    code = edited(*BREAKING[why])
    for change in CONSEQUENT.get(why, []):
        code = edited(*change, code)
    assert line.refused(compile_sources(code)) == INCOMPATIBLE


OTHER = "module pkg::other;\npublic fun seven(): u64 { 7 }\n"


def test_modules_stay_and_new_ones_may_come(world, alice):
    line = Line.start(world, alice, compile_sources(VERSION_1, OTHER))
    assert line.refused(compile_sources(VERSION_1)) == INCOMPATIBLE
    third = "module pkg::third;\npublic fun eight(): u64 { pkg::other::seven() + 1 }\n"
    line.upgrade(compile_sources(VERSION_1, OTHER, third))
    builder = ProgrammableBuilder()
    builder.move_call(line.package, "third", "eight", [])
    world.ok(alice, builder)


INITIALISED = """module pkg::other;
public struct OTHER has drop {}
public struct Made has copy, drop { witnessed: bool }
fun init(witness: OTHER, _: &mut TxContext) {
    sui::event::emit(Made { witnessed: sui::types::is_one_time_witness(&witness) })
}
"""


def test_new_modules_are_initialised(line):
    done = line.upgrade(compile_sources(VERSION_1, INITIALISED))
    [made] = done.events
    assert (made.package_id, made.module, made.contents) == (line.package, "other", b"\1")
    assert made.type == StructTag(line.package, "other", "Made")


def test_an_old_module_gains_no_initialiser(world, alice):
    line = Line.start(world, alice, compile_sources(VERSION_1, "module pkg::other;\npublic fun seven(): u64 { 7 }\n"))
    code = compile_sources(VERSION_1, INITIALISED + "public fun seven(): u64 { 7 }\n")
    assert line.refused(code) == INCOMPATIBLE


def test_additive(line):
    assert line.refused(compile_sources(VERSION_2), policy=ADDITIVE) == INCOMPATIBLE
    changed_body = compile_sources(edited("{ 1 }", "{ 2 }"))
    assert line.refused(changed_body, policy=ADDITIVE) == INCOMPATIBLE
    changed_constant = compile_sources(edited('b"first"', 'b"other"'))
    assert line.refused(changed_constant, policy=ADDITIVE) == INCOMPATIBLE
    changed_private = compile_sources(
        edited("entry fun secret(n: u64): u64 { n }", "entry fun secret(n: u64): u64 { n + 1 }")
    )
    assert line.refused(changed_private, policy=ADDITIVE) == INCOMPATIBLE
    more = VERSION_1 + "public struct More has drop { a: u64 }\npublic fun aaa(): More { More { a: 1 } }\n"
    line.upgrade(compile_sources(more, OTHER), policy=ADDITIVE)


def test_only_dependencies(line):
    for code in (
        compile_sources(VERSION_1, OTHER),
        compile_sources(VERSION_1 + "public fun more() {}\n"),
        compile_sources(VERSION_1 + "public struct More has drop {}\n"),
        compile_sources(edited("{ 1 }", "{ 2 }")),
    ):
        assert line.refused(code, policy=DEPENDENCIES_ONLY) == INCOMPATIBLE
    line.upgrade(compile_sources(VERSION_1), policy=DEPENDENCIES_ONLY)
    assert line.world.ledger.get_object(line.package).object.data.version == 2
