"""Gas: rounding, budgets, smashing, sponsors, and that no MIST is ever made or lost."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from localnet.ledger.gas import round_half_digits, sender_rebate
from localnet.ledger.store import coin_value
from sui import bcs
from sui.builder import ProgrammableBuilder
from sui.effects import Failed, Failure, GasCostSummary, IdDeleted, Success
from sui.object import MoveObject
from sui.transaction import GAS_COIN, ImmOrOwned
from sui.type_tag import GAS_COIN_TYPE

COIN = 130 * 7_600
SUPPLY = 10_000_000_000_000_000_000


@pytest.mark.parametrize(
    ("units", "rounded"),
    [
        (0, 1000),
        (999, 1000),
        (1000, 1000),
        (1001, 1010),
        (1999, 2000),
        (20_001, 20_100),
        (29_999, 30_000),
        (305_501, 305_600),
        (1_005_001, 1_006_000),
        (10_000_001, 10_001_000),
    ],
)
def test_half_digits(units, rounded):
    assert round_half_digits(units, 1000) == rounded


def test_rebate_is_rounded_half_up():
    assert [sender_rebate(paid, 9_900) for paid in (0, 49, 50, 51, 100, 988_000)] == [0, 49, 50, 50, 99, 978_120]


def test_computation_is_priced(things, alice):
    builder = ProgrammableBuilder()
    things.call(builder, "spin", builder.pure_value(bcs.U64, 3_000))
    cheap = things.ok(alice, builder).effects.gas_used.computation_cost
    dear = things.ok(alice, builder, price=2_500).effects.gas_used.computation_cost
    assert cheap > 1_000_000
    assert dear == cheap * 5 // 2


def test_out_of_gas_takes_what_was_allowed(things, alice):
    builder = ProgrammableBuilder()
    things.call(builder, "spin", builder.pure_value(bcs.U64, 10_000_000))
    done = things.submit(alice, builder, budget=20_000_000)
    assert done.effects.status == Failed(Failure("InsufficientGas"), 0)
    assert done.effects.gas_used.computation_cost == 20_000_000
    most = things.submit(alice, builder, budget=900 * 10**9)
    assert most.effects.status == Failed(Failure("InsufficientGas"), 0)
    assert most.effects.gas_used.computation_cost == 5_000_000_000


def test_budget_that_does_not_cover_storage(things, alice):
    gas, second = things.fund(alice, 100_000_000, 100_000_001)
    builder = ProgrammableBuilder()
    thing = things.call(builder, "make", builder.pure_value(bcs.BYTES, b"x" * 10_000))
    builder.transfer_objects([thing], builder.pure(bytes(alice.address)))
    done = things.submit(alice, builder, payment=[gas], budget=20_000_000)
    assert isinstance(done.effects.status, Failed)
    assert done.effects.status.error == Failure("InsufficientGas")
    # Only the coin itself is charged for storage.
    assert done.effects.gas_used == GasCostSummary(1_000_000, COIN, 978_120, 9_880)
    # Too little even for that: the whole budget goes, the coin keeps what it had paid.
    least = things.submit(alice, builder, payment=[second], budget=1_000_000)
    assert least.effects.status.error == Failure("InsufficientGas")
    assert least.effects.gas_used == GasCostSummary(1_000_000, 0, 0, 0)
    assert things.ledger.get_object(second.object_id).object.storage_rebate == COIN


def test_gas_coins_are_smashed_even_when_the_transaction_fails(things, alice):
    first, second, third = things.fund(alice, 10**9, 2 * 10**9, 3 * 10**9)
    builder = ProgrammableBuilder()
    things.call(builder, "fail", builder.pure_value(bcs.U64, 1))
    done = things.submit(alice, builder, payment=[first, second, third], budget=10**8)
    assert isinstance(done.effects.status, Failed)
    deleted = {c.object_id for c in done.effects.changed_objects if c.id_operation == IdDeleted()}
    assert deleted == {second.object_id, third.object_id}
    assert done.effects.gas_used.storage_rebate == 3 * COIN * 99 // 100
    assert things.balance_of(first) == 6 * 10**9 - done.effects.gas_used.net


def live_sui(ledger):
    """All SUI in coins, and all storage deposits of objects."""
    coins = paid = 0
    for (object_id,) in ledger._store.db.execute("SELECT id FROM live").fetchall():
        record = ledger._store.latest(object_id)
        paid += record.object.storage_rebate
        data = record.object.data
        if isinstance(data, MoveObject) and data.tag == GAS_COIN_TYPE:
            coins += coin_value(data)
    return coins, paid


class Economy(RuleBasedStateMachine):
    """Random payments, merges, objects and failures between three people."""

    opened = None
    people = ()

    @initialize()
    def start(self):
        self.world = type(self).opened()
        self.world.publish(self.people[0])
        for who in self.people:
            self.world.fund(who, *([10**9] * 3))
        self.world.ledger.faucet(self.people[0].address, [1])
        self.burned = 0

    def spend(self, who, builder, **options):
        before = live_sui(self.world.ledger)
        coins = self.world.coins(who)
        options.setdefault("payment", [coins[0].ref])
        options.setdefault("budget", 10**8)
        done = self.world.submit(who, builder, **options)
        used = done.effects.gas_used
        after = live_sui(self.world.ledger)
        # What was paid for computation and what is not refunded leaves; deposits are kept by objects.
        assert before[0] - after[0] == used.net
        deposits = after[1] - before[1]
        assert deposits == used.storage_cost - used.storage_rebate - used.non_refundable_storage_fee
        return done

    def pick(self, who, data):
        coins = list(self.world.coins(who)[1:])
        return data.draw(st.lists(st.sampled_from(coins), unique_by=id, max_size=3)) if coins else []

    @rule(data=st.data(), payer=st.integers(0, 2), payee=st.integers(0, 2), amount=st.integers(0, 2 * 10**9))
    def pay(self, data, payer, payee, amount):
        builder = ProgrammableBuilder()
        [coin] = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, amount)])
        builder.transfer_objects([coin], builder.pure(bytes(self.people[payee].address)))
        self.spend(self.people[payer], builder)

    @rule(data=st.data(), who=st.integers(0, 2), fails=st.booleans())
    def merge(self, data, who, fails):
        owner = self.people[who]
        builder = ProgrammableBuilder()
        picked = self.pick(owner, data)
        if not picked:
            return
        builder.merge_coins(GAS_COIN, [builder.obj(ImmOrOwned(coin.ref)) for coin in picked])
        if fails:
            self.world.call(builder, "fail", builder.pure_value(bcs.U64, 3))
        done = self.spend(owner, builder)
        assert isinstance(done.effects.status, Failed if fails else Success)

    @rule(data=st.data(), who=st.integers(0, 2))
    def smash(self, data, who):
        owner = self.people[who]
        coins = [self.world.coins(owner)[0], *self.pick(owner, data)]
        builder = ProgrammableBuilder()
        self.world.call(builder, "fail", builder.pure_value(bcs.U64, 3))
        self.spend(owner, builder, payment=[coin.ref for coin in coins])

    @rule(who=st.integers(0, 2), size=st.integers(0, 3_000), budget=st.integers(1_000_000, 40_000_000))
    def make(self, who, size, budget):
        owner = self.people[who]
        builder = ProgrammableBuilder()
        thing = self.world.call(builder, "make", builder.pure_value(bcs.BYTES, bytes(size)))
        builder.transfer_objects([thing], builder.pure(bytes(owner.address)))
        self.spend(owner, builder, budget=budget)

    @rule(who=st.integers(0, 2))
    def destroy(self, who):
        owner = self.people[who]
        mine = [r for r in self.world.ledger.owned_objects(owner.address).items if r.object.data.tag.name == "Thing"]
        if not mine:
            return
        builder = ProgrammableBuilder()
        self.world.call(builder, "destroy_all", builder.make_move_vec([builder.obj(ImmOrOwned(r.ref)) for r in mine]))
        done = self.spend(owner, builder)
        assert isinstance(done.effects.status, Success)

    @invariant()
    def nothing_is_made_or_lost(self):
        if not hasattr(self, "world"):
            return
        ledger = self.world.ledger
        coins, paid = live_sui(ledger)
        total = ledger.get_checkpoint().summary.epoch_rolling_gas_cost_summary
        assert coins + paid + total.computation_cost + total.non_refundable_storage_fee == SUPPLY

    def teardown(self):
        if hasattr(self, "world"):
            self.world.ledger.close()


@pytest.mark.slow
def test_sui_is_conserved(opened, alice, bob):
    third = type(alice).generate(b"\x33" * 32)
    machine = type("Conservation", (Economy,), {"opened": staticmethod(opened), "people": (alice, bob, third)})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
