"""A transaction's outcome is found out, whatever is lost on the way."""

import asyncio
import random

import pytest

from chain.errors import LedgerUnreachableError, OutcomeUnknownError, TransactionRefusedError
from chain.sending import execute_certainly
from tests.chain import world as w


class Time:
    """A clock that sleeping moves."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


async def send(ledger, transaction, signature, **options):
    time = Time()
    return await execute_certainly(
        ledger, transaction, [signature], rng=random.Random(1), sleep=time.sleep, monotonic=time, **options
    )


async def test_the_outcome_is_found_after_lost_answers():
    ledger = w.new_ledger()
    ledger.faults.lose_outcome = 1.0
    transaction, signature = w.submit_transaction([w.Asked()])
    done = await send(ledger, transaction, signature)
    assert done.success
    assert len(ledger.events) == 1


async def test_an_abort_is_an_outcome():
    transaction, signature = w.submit_transaction([w.Asked(envelope=w.Envelope("deny", "", "pods", "", "x"))])
    done = await send(w.new_ledger(), transaction, signature)
    assert (done.abort.module, done.abort.function, done.abort.code) == ("seal_token", "assert_allows", 7)


async def test_a_refusal_is_final():
    transaction, _ = w.submit_transaction([w.Asked()])
    with pytest.raises(TransactionRefusedError):
        await send(w.new_ledger(), transaction, w.STRANGER.sign_transaction(transaction))


async def test_an_unreachable_ledger_is_waited_for_and_then_told():
    ledger = w.new_ledger()
    ledger.faults.unreachable = True
    transaction, signature = w.submit_transaction([w.Asked()])
    with pytest.raises(LedgerUnreachableError):
        await send(ledger, transaction, signature, total_s=1.0)


async def test_it_is_unknown_where_the_ledger_is_lost_after_sending():
    ledger = w.new_ledger()
    real = ledger.execute

    async def execute(transaction, signatures):
        await real(transaction, signatures)
        ledger.faults.unreachable = True
        raise OutcomeUnknownError("lost", ledger._order[-1])

    ledger.execute = execute
    transaction, signature = w.submit_transaction([w.Asked()])
    with pytest.raises(OutcomeUnknownError) as caught:
        await send(ledger, transaction, signature, total_s=1.0)
    assert caught.value.digest in ledger.transactions


async def test_a_refusal_after_sending_leaves_it_unknown():
    ledger = w.new_ledger()
    answers = iter([OutcomeUnknownError("lost", w.Digest(bytes(32))), TransactionRefusedError("no")])

    async def execute(_transaction, _signatures):
        raise next(answers)

    ledger.execute = execute
    transaction, signature = w.submit_transaction([w.Asked()])
    with pytest.raises(OutcomeUnknownError):
        await send(ledger, transaction, signature)
