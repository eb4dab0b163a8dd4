"""The user's coins: one for each transaction, made from large ones, never the same twice."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.errors import LedgerUnreachableError, OutcomeUnknownError
from chain.ledger import Coin
from cli.purse import PURSE_LIMITS, Purse, PurseLimits
from gateway.errors import GasError, LocalError
from sui.builder import ProgrammableBuilder
from sui.digests import transaction_digest
from sui.keys import Ed25519Key, verify_user_signature
from sui.system import ChangeEpoch
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND
from sui.types import Address, Digest, ObjectRef
from tests.cli.coin_ledger import GAS_MIST, CoinLedger

KEY = Ed25519Key.generate(b"\x31" * 32)
PACKAGE = Address.parse("0x5")
SUI = 1_000_000_000


def kind() -> bytes:
    builder = ProgrammableBuilder()
    builder.move_call(PACKAGE, "m", "f", [])
    return TRANSACTION_KIND.encode(builder.finish())


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def purse(*balances: int, limits: PurseLimits = PURSE_LIMITS):
    ledger = CoinLedger()
    ledger.coins[KEY.address] = []
    ledger.give(KEY.address, *balances)
    clock = Clock()
    return Purse(ledger, KEY, monotonic=clock, limits=limits), ledger, clock


def paying(signed) -> ObjectRef:
    [coin] = TRANSACTION_DATA.decode(signed.transaction).gas_data.payment
    return coin


async def sign(made: Purse, budget: int = 20_000_000):
    return await made.sign(kind(), gas_budget=budget, gas_price=1000)


def balances(ledger: CoinLedger) -> list[int]:
    return sorted(coin.balance for coin in ledger.coins[KEY.address])


async def test_a_signed_transaction_is_the_accounts_own():
    made, _, _ = purse(SUI)
    await made.open()
    signed = await sign(made)
    assert verify_user_signature(signed.signature, signed.transaction) == KEY.address == made.address
    assert signed.digest == transaction_digest(signed.transaction)
    data = TRANSACTION_DATA.decode(signed.transaction)
    assert (data.gas_data.budget, data.gas_data.price) == (20_000_000, 1000)


async def test_one_large_coin_becomes_many():
    made, ledger, _ = purse(10 * SUI)
    await made.open()
    assert ledger.steps == [f"split {PURSE_LIMITS.pieces - 1}"]
    signed = [await sign(made) for _ in range(PURSE_LIMITS.pieces)]
    assert len({paying(one).object_id for one in signed}) == PURSE_LIMITS.pieces
    with pytest.raises(GasError, match="under way"):
        await sign(made)
    # What is left in the large coin is spent last.
    assert paying(signed[-1]).version == 2


async def test_what_little_there_is_is_split_as_far_as_it_goes():
    made, ledger, _ = purse(350_000_000)
    await made.open()
    assert ledger.steps == ["split 2"]
    assert balances(ledger) == [100_000_000, 100_000_000, 150_000_000 - GAS_MIST]


@pytest.mark.parametrize("held", [[100_000_000] * 8, [50_000_000]])
async def test_enough_coins_or_too_little_to_split_are_left_alone(held):
    made, ledger, _ = purse(*held)
    await made.open()
    assert not ledger.steps


@pytest.mark.parametrize("held", [[], [PURSE_LIMITS.least_mist - 1]])
async def test_without_sui_it_says_so(held):
    made, _, _ = purse(*held)
    with pytest.raises(GasError, match=f"send it SUI .*k3s-daas ledger faucet {KEY.address}"):
        await made.open()
    with pytest.raises(GasError, match=r"has no coin of 0\.02 SUI"):
        await sign(made)


async def test_small_coins_are_collected_when_pieces_are_made():
    made, ledger, _ = purse(500_000_000, *[10_000_000] * 5)
    await made.open()
    assert ledger.steps == ["merge 5", "split 4"]
    assert sum(balances(ledger)) == 550_000_000 - GAS_MIST


async def test_a_settled_coin_pays_again_with_what_is_left():
    made, ledger, _ = purse(50_000_000)
    await made.open()
    signed = await sign(made)
    done = await ledger.execute(signed.transaction, [signed.signature])
    after = ledger.coins[KEY.address][0].ref
    assert done.success
    await made.settle(signed.lease, after, signed.balance - GAS_MIST)
    again = await sign(made)
    assert paying(again) == after
    assert again.balance == 50_000_000 - GAS_MIST
    await made.settle(again.lease, after, 0)
    with pytest.raises(GasError):
        await sign(made)
    await made.settle(99, after, 5)


async def test_a_coin_in_doubt_stays_out_until_the_ledger_shows_it():
    made, ledger, clock = purse(50_000_000, limits=PurseLimits(unknown_s=100))
    await made.open()
    signed = await sign(made)
    await made.settle(signed.lease, None)
    clock.now_s = 99.0
    await made.look()
    with pytest.raises(GasError):
        await sign(made)
    clock.now_s = 100.0
    await made.look()
    again = await sign(made)
    await made.settle(again.lease, None)
    [coin] = ledger.coins[KEY.address]
    newer = ObjectRef(coin.ref.object_id, coin.ref.version + 1, Digest(b"\x09" * 32))
    ledger.coins[KEY.address] = [Coin(newer, 45_000_000)]
    await made.look()
    assert paying(await sign(made)) == newer


async def test_what_another_command_spent_or_brought_is_seen():
    made, ledger, _ = purse(50_000_000, 60_000_000)
    await made.open()
    signed = await sign(made)
    ledger.coins[KEY.address] = []
    [fresh] = ledger.give(KEY.address, 70_000_000)
    await made.look()
    assert paying(await sign(made)) == fresh.ref
    with pytest.raises(GasError):
        await sign(made)
    # The one that is under way is not forgotten: its outcome says what it is.
    await made.settle(signed.lease, paying(signed), 50_000_000)
    assert paying(await sign(made)) == paying(signed)


async def test_a_split_that_was_not_sent_or_lost_loses_no_coin():
    made, ledger, clock = purse(10 * SUI)
    ledger.faults.lose_outcome = 1.0
    with pytest.raises(OutcomeUnknownError):
        await made.open()
    with pytest.raises(GasError, match="under way"):
        await sign(made)
    ledger.faults.lose_outcome = 0.0
    clock.now_s = PURSE_LIMITS.unknown_s
    await made.look()
    await sign(made)

    other, ledger, _ = purse(10 * SUI)
    execute = ledger.execute

    async def unreachable(_transaction, _signatures):
        raise LedgerUnreachableError("nobody there")

    ledger.execute = unreachable
    with pytest.raises(LedgerUnreachableError):
        await other.open()
    ledger.execute = execute
    assert paying(await sign(other)).version == 1


async def test_it_makes_new_coins_when_they_run_out():
    made, ledger, _ = purse(50_000_000, limits=PurseLimits(look_s=0.01, pause_s=0.0))
    await made.open()
    await sign(made)
    keeping = asyncio.create_task(made.keep())
    try:
        ledger.faults.unreachable = True
        await asyncio.sleep(0.05)
        ledger.faults.unreachable = False
        ledger.give(KEY.address, 2 * SUI)
        async with asyncio.timeout(10):
            while not ledger.steps:  # noqa: ASYNC110 - the ledger tells nobody
                await asyncio.sleep(0.005)
            for _ in range(8):
                await sign(made)
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


async def test_only_programmable_transactions_are_paid_for():
    made, _, _ = purse(SUI)
    await made.open()
    epoch = TRANSACTION_KIND.encode(ChangeEpoch(1, 2, 3, 4, 5, 6, 7, ()))
    with pytest.raises(LocalError, match="programmable"):
        await made.sign(epoch, gas_budget=20_000_000, gas_price=1)


@given(st.lists(st.sampled_from(["sign", "settle", "lose", "run", "look", "wait"]), max_size=60), st.randoms())
@settings(max_examples=60, deadline=None)
def test_whatever_happens_no_coin_is_in_two_transactions(steps, rng):
    asyncio.run(_walk(steps, rng))


async def _walk(steps, rng):
    made, ledger, clock = purse(*[60_000_000] * 3, limits=PurseLimits(unknown_s=50, pieces=4))
    await made.look()
    held, lost = {}, []
    for step in steps:
        if step == "sign":
            try:
                signed = await sign(made)
            except GasError:
                continue
            coin = paying(signed)
            assert coin not in {paying(other) for other in held.values()}
            # A lost one may still run until its time is over.
            assert coin not in {paying(other) for other, until_s in lost if clock.now_s < until_s}
            held[signed.lease] = signed
        elif step in {"settle", "run"} and held:
            signed = held.pop(rng.choice(sorted(held)))
            coin, balance = paying(signed), signed.balance
            if step == "run":
                await ledger.execute(signed.transaction, [signed.signature])
                coin = next(c.ref for c in ledger.coins[KEY.address] if c.ref.object_id == coin.object_id)
                balance -= GAS_MIST
            await made.settle(signed.lease, coin, balance)
        elif step == "lose" and held:
            signed = held.pop(rng.choice(sorted(held)))
            await made.settle(signed.lease, None)
            lost.append((signed, clock.now_s + 50))
        elif step == "look":
            await made.look()
        elif step == "wait":
            clock.now_s += 20
