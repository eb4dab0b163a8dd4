"""What packages do with the framework's own parts: publishers, displays, the cap of their upgrades, frozen objects."""

from __future__ import annotations

import pytest

from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.digests import upgrade_digest
from sui.effects import MoveAbort
from sui.transaction import GAS_COIN, ImmOrOwned
from sui.type_tag import SUI_FRAMEWORK, StructTag, TypeTag
from sui.types import AddressOwner, ImmutableOwner

from .conftest import CLOCK, published
from .upgrade_world import FRAMEWORK, Line, compile_sources

pytestmark = pytest.mark.toolchain

SOURCE = """module pkg::pkg;

use std::string::String;
use std::type_name;
use sui::coin::Coin;
use sui::display;
use sui::package::{Self, Publisher, UpgradeCap, UpgradeReceipt, UpgradeTicket};
use sui::sui::SUI;

const EEarly: u64 = 4;

public struct PKG has drop {}
public struct Ticket has key, store { id: UID, name: String }
public struct Rules has key, store { id: UID, limit: u64 }
public struct Gate has key { id: UID, cap: UpgradeCap, not_before_ms: u64 }

fun init(witness: PKG, ctx: &mut TxContext) {
    let publisher = package::claim(witness, ctx);
    assert!(publisher.from_module<Ticket>());
    let mut shown = display::new<Ticket>(&publisher, ctx);
    shown.add(b"name".to_string(), b"{name}".to_string());
    shown.update_version();
    transfer::public_transfer(shown, ctx.sender());
    transfer::public_transfer(publisher, ctx.sender());
    transfer::public_freeze_object(Rules { id: object::new(ctx), limit: 10 });
}

public fun make(name: String, ctx: &mut TxContext): Ticket { Ticket { id: object::new(ctx), name } }

public fun within(rules: &Rules, n: u64): bool { n <= rules.limit }

public fun change(rules: &mut Rules) { rules.limit = 0 }

entry fun collect(mut coins: vector<Coin<SUI>>, to: address) {
    let mut sum = coins.pop_back();
    while (!coins.is_empty()) sum.join(coins.pop_back());
    coins.destroy_empty();
    transfer::public_transfer(sum, to);
}

public fun ids(): (address, address) {
    (type_name::original_id<Ticket>(), type_name::defining_id<Ticket>())
}

public fun owns(publisher: &Publisher): bool { publisher.from_package<Ticket>() }

public fun guard(cap: UpgradeCap, not_before_ms: u64, ctx: &mut TxContext) {
    transfer::share_object(Gate { id: object::new(ctx), cap, not_before_ms })
}

public fun allow(gate: &mut Gate, digest: vector<u8>, clock: &sui::clock::Clock): UpgradeTicket {
    assert!(clock.timestamp_ms() >= gate.not_before_ms, EEarly);
    gate.cap.authorize(package::compatible_policy(), digest)
}

public fun finish(gate: &mut Gate, receipt: UpgradeReceipt) { gate.cap.commit(receipt) }
"""
LATER = """module pkg::later;

use std::type_name;

public struct LATER has drop {}
public struct Pass has key, store { id: UID }

fun init(witness: LATER, ctx: &mut TxContext) {
    sui::package::claim_and_keep(witness, ctx);
    sui::transfer::public_freeze_object(Pass { id: object::new(ctx) });
}

public fun ids(): (address, address) { (type_name::original_id<Pass>(), type_name::defining_id<Pass>()) }
"""


@pytest.fixture
def line(world, alice):
    """The package, published by Alice."""
    return Line.start(world, alice, compile_sources(SOURCE))


def made(line, done, name):
    [record] = line.world.created(done, name)
    return record


def returned(line, package, module, function):
    builder = ProgrammableBuilder()
    builder.move_call(package, module, function, [])
    simulated = line.world.ledger.simulate(line.world.data(line.who, builder))
    return [value.bcs for value in simulated.command_outputs[0].return_values]


def test_a_witness_claims_a_publisher_and_a_display(line):
    publisher = made(line, line.first, "Publisher")
    contents = publisher.object.data.contents
    package = line.package.hex().encode()
    assert contents[32:] == bytes([64]) + package + b"\3pkg"
    display = made(line, line.first, "Display")
    ticket = StructTag(line.package, "pkg", "Ticket")
    assert display.object.data.tag == StructTag(SUI_FRAMEWORK, "display", "Display", (ticket,))
    assert display.object.owner == AddressOwner(line.who.address)
    kinds = [event.type.name for event in line.first.events]
    assert kinds == ["DisplayCreated", "VersionUpdated"]
    assert {(event.package_id, event.module) for event in line.first.events} == {(line.package, "pkg")}
    builder = ProgrammableBuilder()
    given = builder.obj(line.world.owned(publisher))
    builder.move_call(line.package, "pkg", "owns", [given])
    builder.move_call(SUI_FRAMEWORK, "package", "burn_publisher", [given])
    line.world.ok(line.who, builder)
    assert line.world.ledger.get_object(publisher.ref.object_id) is None


def test_a_frozen_object_is_read_by_all_and_changed_by_none(line, bob):
    rules = made(line, line.first, "Rules")
    assert rules.object.owner == ImmutableOwner()
    for function, refused in (("within", None), ("change", "InvalidObjectByMutRef")):
        builder = ProgrammableBuilder()
        given = [builder.obj(ImmOrOwned(rules.ref))]
        if refused is None:
            given.append(builder.pure_value(bcs.U64, 3))
        builder.move_call(line.package, "pkg", function, given)
        if refused is None:
            line.world.ok(bob, builder)
        else:
            assert line.world.failed(bob, builder).error.kind == refused


def test_many_coins_in_one_private_call(line, bob):
    [coin] = line.world.fund(line.who, 1_000)
    before = line.world.sui(bob)
    builder = ProgrammableBuilder()
    split = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, amount) for amount in (5, 6)])
    coins = builder.make_move_vec(
        [*split, builder.obj(ImmOrOwned(coin))], TypeTag.parse("0x2::coin::Coin<0x2::sui::SUI>")
    )
    builder.move_call(line.package, "pkg", "collect", [coins, builder.pure(bytes(bob.address))])
    line.world.ok(line.who, builder)
    assert line.world.sui(bob) == before + 1_011
    assert line.world.ledger.get_object(coin.object_id).object.owner == AddressOwner(bob.address)


def test_new_modules_claim_for_the_first_version(line):
    original = line.package
    done = line.upgrade(compile_sources(SOURCE, LATER))
    publisher = made(line, done, "Publisher")
    assert publisher.object.data.contents[33:97] == original.hex().encode()
    assert made(line, done, "Pass").object.owner == ImmutableOwner()
    assert returned(line, line.package, "later", "ids") == [bytes(original), bytes(line.package)]
    assert returned(line, line.package, "pkg", "ids") == [bytes(original), bytes(original)]
    builder = ProgrammableBuilder()
    builder.move_call(line.package, "pkg", "owns", [builder.obj(line.world.owned(publisher))])
    line.world.ok(line.who, builder)


def test_a_package_keeps_its_own_cap_and_decides_when(line):
    world, code = line.world, compile_sources(SOURCE, LATER)
    builder = ProgrammableBuilder()
    opens = world.now[0] + 60_000
    builder.move_call(
        line.package, "pkg", "guard", [builder.obj(world.owned(line.cap)), builder.pure_value(bcs.U64, opens)]
    )
    gate = made(line, world.ok(line.who, builder), "Gate")
    assert world.ledger.get_object(line.cap.ref.object_id) is None

    def upgrading():
        builder = ProgrammableBuilder()
        given = builder.obj(world.shared(gate))
        digest = builder.pure_value(bcs.BYTES, bytes(upgrade_digest(code, FRAMEWORK)))
        clock = builder.obj(CLOCK)
        ticket = builder.move_call(line.package, "pkg", "allow", [given, digest, clock])
        receipt = builder.upgrade(code, FRAMEWORK, line.package, ticket)
        builder.move_call(line.package, "pkg", "finish", [given, receipt])
        return builder

    error = world.failed(line.who, upgrading()).error
    assert isinstance(error, MoveAbort)
    assert (error.location.function_name, error.code) == ("allow", 4)
    world.now[0] = opens + 1
    done = world.ok(line.who, upgrading())
    assert world.ledger.package_versions(line.package)[1] == (published(done), 2)
    assert bytes(published(done)) in world.ledger.get_object(gate.ref.object_id).object.data.contents
