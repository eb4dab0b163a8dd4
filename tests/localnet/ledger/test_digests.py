"""Digests, ids, versions and BCS, put together here by hand and compared."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from localnet.ledger.genesis import SYSTEM_SIGNATURE
from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.digests import upgrade_digest
from sui.effects import InputExist, ObjectWrite
from sui.system import ConsensusCommitPrologueV4, Genesis
from sui.transaction import GAS_COIN, TRANSACTION_DATA
from sui.types import Address

from .conftest import compiled


def blake(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def u64(*values):
    return struct.pack(f"<{len(values)}Q", *values)


def short(data):
    """A vector of fewer than 128 bytes."""
    assert len(data) < 128
    return bytes([len(data)]) + data


def address_owner(owner):
    return b"\0" + owner


def coin_digest(contents, version, owner, previous):
    value = b"\0\1\1" + u64(version) + short(contents) + address_owner(owner) + short(previous) + u64(130 * 7600)
    return blake(b"Object::", value)


def test_a_transfer_to_the_last_byte(world, alice, bob):
    gas = world.gas_coin(alice)
    before = world.ledger.get_object(gas.object_id).object
    balance = world.balance_of(gas)
    builder = ProgrammableBuilder()
    [coin] = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 77)])
    builder.transfer_objects([coin], builder.pure(bytes(bob.address)))
    data = world.data(alice, builder)
    encoded = TRANSACTION_DATA.encode(data)
    done = world.ledger.execute(encoded, [alice.sign_transaction(encoded)])

    digest = blake(b"TransactionData::", encoded)
    version = gas.version + 1
    new_id = blake(b"\xf1", digest, u64(0))
    rebate = 130 * 7600
    cost = (1_000_000, 2 * rebate, rebate * 99 // 100, rebate // 100)
    left = balance - 77 - cost[0] - cost[1] + cost[2]
    gas_digest = coin_digest(bytes(gas.object_id) + u64(left), version, alice.address, digest)
    new_digest = coin_digest(new_id + u64(77), version, bob.address, digest)
    changes = {
        bytes(gas.object_id): b"\1"
        + u64(gas.version)
        + short(gas.digest)
        + address_owner(alice.address)
        + b"\1"
        + short(gas_digest)
        + address_owner(alice.address)
        + b"\0",
        new_id: b"\0\1" + short(new_digest) + address_owner(bob.address) + b"\1",
    }
    ordered = sorted(changes)
    effects = (
        b"\1\0"
        + u64(0, *cost)
        + short(digest)
        + b"\1"
        + struct.pack("<I", ordered.index(bytes(gas.object_id)))
        + b"\0"
        + b"\1"
        + short(before.previous_transaction)
        + u64(version)
        + b"\2"
        + b"".join(object_id + changes[object_id] for object_id in ordered)
        + b"\0\0"
    )
    assert done.digest == digest
    assert done.effects_bcs == effects
    assert world.ledger.get_object(gas.object_id).ref.digest == gas_digest
    assert world.ledger.get_object(Address(new_id)).ref.digest == new_digest

    checkpoint = world.ledger.get_checkpoint(done.checkpoint, transactions=True)
    prologue = checkpoint.transactions[0]
    contents = (
        b"\0\2"
        + short(prologue.digest)
        + short(blake(b"TransactionEffects::", prologue.effects_bcs))
        + short(digest)
        + short(blake(b"TransactionEffects::", effects))
        + b"\2\1"
        + short(SYSTEM_SIGNATURE)
        + b"\1"
        + short(alice.sign_transaction(encoded))
    )
    assert checkpoint.contents_bcs == contents
    assert checkpoint.summary.content_digest == blake(b"CheckpointContents::", contents)
    assert checkpoint.digest == blake(b"CheckpointSummary::", checkpoint.summary_bcs)
    assert checkpoint.summary.previous_digest == world.ledger.get_checkpoint(done.checkpoint - 1).digest


def test_events_are_hashed_as_effects_say(things, alice):
    builder = ProgrammableBuilder()
    thing = things.call(builder, "make", builder.pure_value(bcs.BYTES, b"abc"))
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    done = things.ok(alice, builder)
    thing_id = blake(b"\xf1", done.digest, u64(0))
    event = (
        bytes(things.things)
        + short(b"things")
        + bytes(alice.address)
        + bytes(things.things)
        + short(b"things")
        + short(b"Made")
        + b"\0"
        + short(thing_id + u64(3))
    )
    expected = b"\1" + event
    assert done.events_bcs == expected
    assert done.effects.events_digest == blake(b"TransactionEvents::", expected)


def test_versions_are_lamport_clocks(things, alice, bob):
    registry = things.registry(alice)
    for _ in range(3):
        things.thing(alice)
    builder = ProgrammableBuilder()
    builder_args = [builder.pure_value(bcs.U64, 1), builder.pure_value(bcs.BYTES, b"")]
    things.call(builder, "add_field", builder.obj(things.shared(registry)), *builder_args)
    versions = [things.gas_coin(bob).version, registry.ref.version]
    done = things.ok(bob, builder)
    assert done.effects.lamport_version == max(versions) + 1
    for change in done.effects.changed_objects:
        assert isinstance(change.output_state, ObjectWrite)
        stored = things.ledger.get_object(change.object_id, done.effects.lamport_version)
        assert stored.ref.digest == change.output_state.digest
        assert blake(b"Object::", stored.bcs) == stored.ref.digest
        if isinstance(change.input_state, InputExist):
            old = things.ledger.get_object(change.object_id, change.input_state.version)
            assert (old.ref.digest, old.object.owner) == (change.input_state.digest, change.input_state.owner)


def test_dynamic_field_ids_derive_from_parent_and_key(things, alice):
    registry = things.registry(alice)
    builder = ProgrammableBuilder()
    arguments = [builder.pure_value(bcs.U64, 9), builder.pure_value(bcs.BYTES, b"v")]
    things.call(builder, "add_field", builder.obj(things.shared(registry)), *arguments)
    things.ok(alice, builder)
    [field] = things.ledger.list_dynamic_fields(registry.ref.object_id).items
    assert field.ref.object_id == blake(b"\xf0", registry.ref.object_id, u64(8), u64(9), b"\2")


def test_genesis_and_the_clocks_transactions(world):
    first = world.ledger.get_checkpoint(0, transactions=True)
    assert first.digest == world.ledger.chain_id
    assert first.summary.previous_digest is None
    [genesis] = first.transactions
    assert isinstance(genesis.transaction.kind, Genesis)
    assert genesis.effects.lamport_version == 1
    second = world.ledger.get_checkpoint(1, transactions=True)
    [prologue] = second.transactions
    assert isinstance(prologue.transaction.kind, ConsensusCommitPrologueV4)
    assert prologue.transaction.kind.commit_timestamp_ms == world.now[0] == second.summary.timestamp_ms
    clock = world.ledger.get_object(Address.parse("0x6"))
    assert clock.object.data.contents == bytes(Address.parse("0x6")) + u64(world.now[0])
    assert clock.ref.version == 2
    for object_id, name in (("0x5", "SuiSystemState"), ("0x8", "Random"), ("0x403", "DenyList")):
        assert world.ledger.get_object(Address.parse(object_id)).object.data.tag.name == name


def test_equal_seeds_give_equal_ledgers(opened, alice, bob):
    digests = []
    for seed in (7, 7, 8):
        world = opened(seed=seed)
        world.publish(alice)
        world.thing(bob)
        world.now[0] += 10
        world.thing(alice)
        tip = world.ledger.get_checkpoint()
        digests.append((world.ledger.chain_id, tip.digest, tip.sequence_number))
    assert digests[0] == digests[1]
    assert digests[0][0] != digests[2][0]


@pytest.mark.parametrize("name", ["entries", "things"])
def test_the_digest_of_an_upgrade_is_the_one_that_the_compiler_prints(name):
    built = json.loads((Path(__file__).parent / name / "compiled.json").read_text())
    dependencies = [Address.parse(each) for each in built["dependencies"]]
    digest = upgrade_digest(compiled(name), dependencies)
    assert digest.hex() == built["digest"]
    assert upgrade_digest(compiled(name), reversed(dependencies)) == digest
    assert upgrade_digest(compiled(name), dependencies[:1]) != digest
