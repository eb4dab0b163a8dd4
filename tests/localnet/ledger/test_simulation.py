"""Simulation: nothing is kept, gas is chosen, and checks may be off."""

from dataclasses import replace

import pytest

from localnet.ledger import UserInputError
from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import Failed, Failure, MoveAbort, Success
from sui.transaction import (
    GAS_COIN,
    NO_EXPIRATION,
    TRANSACTION_DATA,
    GasData,
    ImmOrOwned,
    Input,
    Shared,
    TransactionData,
)
from sui.types import Address

NOBODY = Address(bytes(32))


def bare(who, builder):
    """A transaction as clients ask about it: without any gas data."""
    return TransactionData(builder.finish(), who.address, GasData((), NOBODY, 0, 0), NO_EXPIRATION)


def test_nothing_is_kept(things, alice, bob):
    tip, coins = things.ledger.service_info(), things.coins(alice)
    builder = ProgrammableBuilder()
    [coin] = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 5)])
    builder.transfer_objects([coin], builder.pure(bytes(bob.address)))
    done = things.ledger.simulate(bare(alice, builder))
    assert isinstance(done.effects.status, Success)
    assert done.effects.gas_used.computation_cost == 1_000_000
    assert things.ledger.service_info() == tip
    assert things.coins(alice) == coins
    assert things.sui(bob) == 0
    assert things.ledger.get_transaction(done.digest) is None


def test_what_was_simulated_is_what_happens(things, alice):
    builder = ProgrammableBuilder()
    thing = things.call(builder, "make", builder.pure_value(bcs.BYTES, b"abc"))
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    data = things.data(alice, builder)
    simulated = things.ledger.simulate(data)
    encoded = TRANSACTION_DATA.encode(data)
    done = things.ledger.execute(encoded, [alice.sign_transaction(encoded)])
    assert simulated.effects == done.effects
    assert simulated.effects_bcs == done.effects_bcs
    assert simulated.events == done.events
    _, after = things.ledger.transaction_objects(done)
    assert simulated.output_objects == after


def test_gas_selection(things, alice, bob):
    builder = ProgrammableBuilder()
    thing = things.call(builder, "make", builder.pure_value(bcs.BYTES, b"x" * 2_000))
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    done = things.ledger.simulate(bare(alice, builder), gas_selection=True)
    gas = done.transaction.gas_data
    assert gas.price == 1000
    assert gas.payment == (things.gas_coin(alice),)
    used = done.effects.gas_used
    assert gas.budget >= used.computation_cost + used.storage_cost
    assert gas.budget < 3 * (used.computation_cost + used.storage_cost)
    encoded = TRANSACTION_DATA.encode(done.transaction)
    executed = things.ledger.execute(encoded, [alice.sign_transaction(encoded)])
    assert isinstance(executed.effects.status, Success)
    with pytest.raises(UserInputError, match="Unable to perform gas selection"):
        things.ledger.simulate(bare(bob, builder), gas_selection=True)


def test_gas_selection_spares_inputs_and_takes_several_coins(world, alice, bob):
    coins = world.fund(alice, 3_000_000, 3_000_001, 900_000_000)
    builder = ProgrammableBuilder()
    builder.transfer_objects([builder.obj(ImmOrOwned(coins[2]))], builder.pure(bytes(bob.address)))
    done = world.ledger.simulate(bare(alice, builder), gas_selection=True)
    assert coins[2] not in done.transaction.gas_data.payment
    assert isinstance(done.effects.status, Success)


def test_returned_values_and_changes_by_reference(things, alice):
    record = things.thing(alice, b"abc")
    builder = ProgrammableBuilder()
    thing = builder.obj(things.owned(record))
    things.call(builder, "length", thing)
    things.call(builder, "set", thing, builder.pure_value(bcs.BYTES, b"z"))
    things.call(builder, "divide", builder.pure_value(bcs.U64, 7), builder.pure_value(bcs.U64, 2))
    outputs = things.ledger.simulate(bare(alice, builder)).command_outputs
    assert [(str(v.type), v.bcs) for v in outputs[0].return_values] == [("u64", (3).to_bytes(8, "little"))]
    [changed] = outputs[1].mutated_by_ref
    assert changed.argument == Input(0)
    assert changed.bcs == bytes(record.ref.object_id) + b"\1z"
    assert outputs[2].return_values[0].bcs == (3).to_bytes(8, "little")


def test_failures_are_results(things, alice):
    builder = ProgrammableBuilder()
    things.call(builder, "fail", builder.pure_value(bcs.U64, 42))
    status = things.ledger.simulate(bare(alice, builder)).effects.status
    assert isinstance(status, Failed)
    assert isinstance(status.error, MoveAbort)
    assert (status.error.code, status.command) == (42, 0)


def test_checks_can_be_off(things, alice, bob):
    record = things.thing(alice, b"abc")
    builder = ProgrammableBuilder()
    things.call(builder, "hidden")
    thing = builder.obj(things.owned(record))
    things.call(builder, "length", thing)
    with pytest.raises(UserInputError, match="is owned by account address"):
        things.ledger.simulate(bare(bob, builder))
    assert things.ledger.simulate(bare(alice, builder)).effects.status.error == Failure("NonEntryFunctionInvoked")
    done = things.ledger.simulate(bare(bob, builder), checks=False)
    assert isinstance(done.effects.status, Success)
    assert done.command_outputs[1].return_values[0].bcs == (3).to_bytes(8, "little")


def test_clock_is_now(things, alice):
    registry = things.registry(alice)
    things.now[0] += 123_456
    clock = Shared(Address.parse("0x6"), 1, mutable=False)
    builder = ProgrammableBuilder()
    things.call(builder, "count", builder.obj(things.shared(registry)), builder.obj(clock))
    done = things.ledger.simulate(bare(alice, builder))
    [after] = [r for r in done.output_objects if r.ref.object_id == registry.ref.object_id]
    assert after.object.data.contents[40:] == things.now[0].to_bytes(8, "little")


def test_publishing_can_be_simulated_again_and_again(world, alice):
    world.publish(alice)
    published = world.ledger.list_transactions(after=-1, limit=1000)[-1].transaction
    data = replace(published, gas_data=GasData((), alice.address, 0, 0))
    for _ in range(2):
        done = world.ledger.simulate(data)
        assert isinstance(done.effects.status, Success)
        [package] = [r for r in done.output_objects if type(r.object.data).__name__ == "MovePackage"]
        assert world.ledger.package(package.ref.object_id) is None


def test_prices_and_budgets_are_checked(world, alice):
    builder = ProgrammableBuilder()
    builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 1)])
    data = bare(alice, builder)
    with pytest.raises(UserInputError, match="under reference gas price"):
        world.ledger.simulate(replace(data, gas_data=replace(data.gas_data, price=5)))
    with pytest.raises(UserInputError, match="is lower than min"):
        world.ledger.simulate(replace(data, gas_data=replace(data.gas_data, budget=5)))
