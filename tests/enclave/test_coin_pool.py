"""The pool of gas coins: one state each, no coin in two transactions, and nothing lost that is ours."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from enclave.coin_pool import CoinPool, CoinState
from enclave.custody_limits import CustodyLimits
from enclave.errors import SignatureRefused
from sui.types import Address, Digest, ObjectRef

LIMITS = CustodyLimits(coins=12, answer_reserve_mist=50, lease_s=10, unknown_s=100)


def ref(number, version=1):
    return ObjectRef(Address(bytes([number]) * 32), version, Digest(bytes([version % 256]) * 32))


def pool_of(count, balance=100):
    pool = CoinPool(LIMITS)
    pool.add([(ref(n), balance) for n in range(count)])
    return pool


def refused(code, call, *args, **kwargs):
    with pytest.raises(SignatureRefused) as caught:
        call(*args, **kwargs)
    assert caught.value.code == code


def test_two_leases_never_share_a_coin_and_an_empty_pool_says_no_gas():
    pool = pool_of(2)
    first, second = pool.lease(10), pool.lease(10)
    assert first.payment != second.payment
    refused("no-gas", pool.lease, 10)


def test_a_budget_above_every_balance_is_no_gas():
    refused("no-gas", pool_of(2).lease, 101)


def test_a_settled_coin_comes_back_as_it_is_now():
    pool = pool_of(1)
    lease = pool.lease(10)
    pool.settle(lease.number, ref(0, 2), 90)
    assert pool.lease(90).payment == ref(0, 2)


def test_a_settlement_without_a_balance_is_brought_up_to_date_by_the_ledger():
    pool = pool_of(1)
    pool.settle(pool.lease(10).number, ref(0, 2), None)
    assert pool.add([(ref(0, 2), 7)]) == 1
    refused("no-gas", pool.lease, 8)


def test_an_unknown_coin_stays_out_until_the_ledger_shows_a_newer_version():
    pool = pool_of(1)
    lease = pool.lease(10)
    pool.settle(lease.number, None, None)
    assert pool.count(CoinState.UNKNOWN) == 1
    assert pool.add([(ref(0), 100)]) == 0
    refused("no-gas", pool.lease, 10)
    assert pool.add([(ref(0, 5), 60)]) == 1
    assert pool.lease(60).payment == ref(0, 5)
    refused("unknown-lease", pool.settle, lease.number, ref(0, 5), 60)


def test_an_unknown_lease_can_still_be_settled():
    pool = pool_of(1)
    lease = pool.lease(10)
    pool.settle(lease.number, None, None)
    pool.settle(lease.number, ref(0), 100)
    assert pool.lease(100).payment == ref(0)


def test_the_smallest_coin_that_is_large_enough_is_taken():
    pool = CoinPool(LIMITS)
    pool.add([(ref(0), 900), (ref(1), 60), (ref(2), 20)])
    assert pool.lease(10).payment == ref(2)
    pool.reserve(1)
    assert pool.lease(10, reservation=1).payment == ref(1)
    assert pool.lease(500).payment == ref(0)


def test_a_lease_that_nobody_settles_becomes_unknown_and_the_ledger_brings_its_coin_back():
    pool = pool_of(2)
    executed, unsent = pool.lease(10, now_s=5), pool.lease(10, now_s=5)
    assert (executed.payment, unsent.payment) == (ref(0), ref(1))
    shown = [(ref(0, 3), 90), (ref(1), 100)]
    assert pool.add(shown, 14.9) == 0
    assert pool.count(CoinState.LEASED) == 2
    assert pool.add(shown, 15) == 1
    assert (pool.count(CoinState.UNKNOWN), pool.lease(90, now_s=15).payment) == (1, ref(0, 3))
    assert pool.add(shown, 114.9) == 0
    assert pool.add(shown, 115) == 1
    assert pool.lease(100, now_s=115).payment == ref(1)
    refused("unknown-lease", pool.settle, unsent.number, ref(1), 100)


def test_an_unknown_outcome_that_never_comes_frees_all_coins_of_its_transaction():
    pool = pool_of(3)
    lease = pool.lease(10, further=(ref(1), ref(2)))
    pool.settle(lease.number, None, None, 50)
    assert pool.add([(ref(1), 100), (ref(2), 100)], 500) == 0
    assert pool.add([(ref(0), 100)], 149.9) == 0
    assert pool.add([(ref(0), 100)], 150) == 1
    assert pool.count(CoinState.FREE) == 3
    assert pool.leases == ()


def test_a_coin_that_a_lost_lease_no_longer_holds_is_left_to_its_new_one():
    pool = pool_of(2)
    lost = pool.lease(10, further=(ref(1),))
    pool.settle(lost.number, None, None)
    pool.add([(ref(1, 2), 70)])
    taken = pool.lease(10)
    assert taken.payment == ref(1, 2)
    pool.settle(lost.number, ref(0), 100)
    assert [coin.state for coin in pool.coins if coin.ref == taken.payment] == [CoinState.LEASED]


def test_further_coins_are_used_up_when_the_transaction_ran_and_come_back_when_not():
    pool = pool_of(3)
    lease = pool.lease(10, further=(ref(1), ref(2)))
    assert lease.payment == ref(0)
    pool.settle(lease.number, ref(0), 100)
    assert pool.count(CoinState.FREE) == 3
    lease = pool.lease(10, further=(ref(1), ref(2)))
    pool.settle(lease.number, ref(0, 2), 290)
    assert [coin.ref for coin in pool.coins] == [ref(0, 2)]


def test_further_coins_that_are_not_ours_or_not_free_are_refused():
    pool = pool_of(2)
    refused("coin-busy", pool.lease, 10, further=(ref(9),))
    refused("coin-busy", pool.lease, 10, further=(ref(1, 2),))
    taken = pool.lease(10)
    refused("coin-busy", pool.lease, 10, further=(taken.payment,))


def test_a_coin_that_was_given_away_is_gone():
    pool = pool_of(1)
    pool.settle(pool.lease(10).number, ref(0), 0)
    assert pool.coins == ()


def test_reserved_coins_are_for_their_holder():
    pool = pool_of(3)
    pool.reserve(4)
    pool.reserve(5)
    assert pool.lease(10).payment == ref(2)
    refused("no-gas", pool.lease, 10)
    refused("unknown-reservation", pool.lease, 10, reservation=7)
    one, two = pool.lease(10, reservation=4), pool.lease(10, reservation=5)
    assert {one.payment, two.payment} == {ref(0), ref(1)}
    refused("unknown-reservation", pool.lease, 10, reservation=4)


def test_a_reservation_that_is_asked_for_again_is_the_same_one():
    pool = pool_of(3)
    for _ in range(3):
        pool.reserve(4)
    assert pool.count(CoinState.RESERVED) == 1
    pool.release(4)
    pool.release(4)
    assert pool.count(CoinState.FREE) == 3


def test_a_lease_and_a_reservation_of_one_number_are_two_things():
    pool = pool_of(3)
    number = pool.lease(10).number
    pool.reserve(number)
    pool.release(number)
    assert pool.count(CoinState.LEASED) == 1
    pool.reserve(number)
    pool.cancel(number)
    assert pool.count(CoinState.RESERVED) == 1


def test_reservations_are_given_back_one_by_one_and_all_at_once():
    pool = pool_of(3)
    pool.reserve(2)
    pool.release(2)
    assert pool.count(CoinState.FREE) == 3
    pool.reserve(1)
    pool.reserve(2)
    pool.release_all()
    assert pool.count(CoinState.FREE) == 3
    refused("bad-request", pool.reserve, 0)
    pool.lease(10)
    pool.reserve(1)
    pool.reserve(2)
    refused("no-gas", pool.reserve, 3)


def test_the_pool_is_capped_and_empty_coins_are_not_taken():
    pool = CoinPool(LIMITS)
    assert pool.add([(ref(n), 10) for n in range(20)]) == 12
    assert CoinPool(LIMITS).add([(ref(1), 0)]) == 0


def test_another_coin_or_an_older_one_does_not_settle_a_lease():
    pool = pool_of(2)
    lease = pool.lease(10)
    refused("bad-request", pool.settle, lease.number, ref(1, 2), 10)
    refused("bad-request", pool.settle, lease.number, ref(0, 0), 10)


class Ledger(RuleBasedStateMachine):
    """A ledger that runs some transactions and loses others, beside the pool."""

    def __init__(self):
        super().__init__()
        self.pool = CoinPool(replace(LIMITS, unknown_s=1_000))
        self.versions = {}
        self.leases = {}
        self.now_s = 0.0

    @rule(number=st.integers(0, 9))
    def fund(self, number):
        if ref(number).object_id not in self.versions:
            self.versions[ref(number).object_id] = (number, 1)
        self.pool.add([(ref(n, v), 100) for n, v in self.versions.values()], self.now_s)

    @rule(seconds=st.sampled_from([1.0, 5.0]))
    def wait(self, seconds):
        self.now_s += seconds

    @rule()
    def lease(self):
        try:
            lease = self.pool.lease(10, now_s=self.now_s)
        except SignatureRefused:
            return
        held = {other.payment.object_id for other in self.leases.values()}
        assert lease.payment.object_id not in held
        number, version = self.versions[lease.payment.object_id]
        assert lease.payment == ref(number, version)
        self.leases[lease.number] = lease

    @precondition(lambda self: self.leases)
    @rule(data=st.data(), ran=st.booleans(), known=st.booleans())
    def end(self, data, ran, known):
        number = data.draw(st.sampled_from(sorted(self.leases)))
        lease = self.leases.pop(number)
        if number not in {each.number for each in self.pool.leases}:
            return
        index, version = self.versions[lease.payment.object_id]
        if ran:
            self.versions[lease.payment.object_id] = (index, version + 1)
        if known:
            self.pool.settle(number, ref(index, version + ran), 100)
        else:
            self.pool.settle(number, None, None, self.now_s)

    @invariant()
    def every_coin_is_in_one_state_and_free_ones_are_current(self):
        for coin in self.pool.coins:
            if coin.state is CoinState.FREE:
                assert coin.ref == ref(*self.versions[coin.ref.object_id])


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
