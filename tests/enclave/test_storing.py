"""Storing answers when the ledger has a bad day: nothing is lost, no coin is lost, nothing is stored twice."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any

import pytest

from chain.errors import LedgerUnreachableError, NotFoundError, OutcomeUnknownError, TransactionRefusedError
from chain.memory_ledger import Verdict
from enclave.execution import State
from sui.types import Address
from tests.enclave.executor_world import COIN_MIST, LIMITS, PACKAGE, Life, World

if TYPE_CHECKING:
    from collections.abc import Callable

WHERE = "/api/v1/namespaces/default/configmaps"


def failing(world: World, name: str, failures: list[Exception | Callable[[], Any]]) -> None:
    """Have the next calls of one of the ledger's methods fail, one after the other."""
    real = getattr(world.ledger, name)

    async def call(*arguments: Any) -> Any:
        if failures:
            failure = failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            failure()
        return await real(*arguments)

    setattr(world.ledger, name, call)


async def live(world: World, count: int = 3) -> None:
    asked = [world.ask("PUT", f"{WHERE}/c{n}") for n in range(count)]
    async with asyncio.timeout(20):
        assert await Life(world).live()
    assert [world.opened(each)[0] for each in asked] == [201] * count
    assert not world.signer.equivocations
    assert not world.signer.leased
    assert len(world.signer.free) + len(world.signer.reserved) == 256


async def test_batches_leave_together():
    world = World()
    world.ledger.pauses = 20
    await live(world, 60)
    assert len(world.ledger.transactions) < 40
    world = World()
    world.ledger.pauses = 20
    world.deny_batches = True
    await live(world, 60)


async def test_a_lone_answer_waits_for_nobody_and_others_gather_the_longer_the_slower_the_ledger_is():
    slept: list[float] = []

    async def waits(count: int, seconds_a_look: float) -> set[float]:
        world = World()
        world.ledger.pauses = 20
        asked = [world.ask("PUT", f"{WHERE}/c{n}") for n in range(count)]
        life = Life(world)
        sleep, clock = life.storer._sleep, itertools.count(0.0, seconds_a_look)

        async def noted(seconds: float) -> None:
            slept.append(seconds)
            await sleep(seconds)

        life.storer._sleep, life.storer._monotonic = noted, clock.__next__
        slept.clear()
        assert await life.live()
        assert [world.opened(each)[0] for each in asked] == [201] * count
        return set(slept)

    assert await waits(1, 1.0) == set()
    assert LIMITS.gather_most_s in await waits(60, 10.0)
    assert await waits(60, 0.0) == {LIMITS.gather_least_s}


@pytest.mark.parametrize("name", ["get_objects", "gas_price"])
async def test_a_ledger_that_is_not_reached_is_asked_again(name: str):
    world = World()
    failing(world, name, [LedgerUnreachableError("down")] * 5)
    await live(world)


async def test_an_unsent_transaction_is_sent_again_as_it_is():
    world = World()
    failing(world, "execute", [LedgerUnreachableError("down")] * 4)
    await live(world, 1)
    assert len(world.ledger.transactions) == 1


async def test_a_refused_transaction_gives_its_coin_back_and_is_made_anew():
    world = World()
    failing(world, "execute", [TransactionRefusedError("stale coin")] * 3)
    await live(world)


@pytest.mark.parametrize("error", [NotFoundError("gone"), LedgerUnreachableError("down")])
async def test_a_refused_transactions_coin_is_looked_up(error: Exception):
    world = World()
    failing(world, "execute", [TransactionRefusedError("stale coin")])
    failing(world, "get_objects", [lambda: None, error])
    await live(world, 1)


async def test_what_is_left_in_a_coin_is_told():
    world = World()
    await live(world, 1)
    assert world.signer.settled == [(None, COIN_MIST - 1_000_000)]


async def test_an_unknown_outcome_is_looked_up_by_its_digest():
    world = World()
    real = world.ledger.execute

    async def execute(transaction: bytes, signatures: list[bytes]) -> Any:
        done = await real(transaction, signatures)
        raise OutcomeUnknownError("lost", done.digest)

    world.ledger.execute = execute  # type: ignore[method-assign, assignment]
    await live(world)


async def test_a_request_that_the_ledger_does_not_show_yet_is_waited_for():
    world = World()
    asked = world.ask("PUT")
    hidden = world.ledger.objects.pop(asked.event.request_id)
    life = Life(world)
    living = asyncio.create_task(life.live())
    for _ in range(25):
        await asyncio.sleep(0)
    assert not world.stored
    world.ledger.objects[asked.event.request_id] = hidden
    assert await living
    assert world.opened(asked)[0] == 201


async def test_an_answer_that_the_contract_never_takes_lapses():
    world = World()
    asked = world.ask("PUT")
    world.ledger._decide = lambda _data, _digest: Verdict(abort=(PACKAGE, "request", "answer", 9))
    life = Life(world)
    entry = None
    living = asyncio.create_task(life.live())
    while entry is None:
        await asyncio.sleep(0)
        entry = life.book.get(asked.event.request_id)
    async with asyncio.timeout(20):
        assert await living
    assert entry.state is State.LAPSED
    assert world.now > asked.event.answer_until
    assert not world.stored


async def test_the_ledgers_own_event_ends_what_an_earlier_life_stored():
    world = World()
    asked = world.ask("PUT")
    life = Life(world)
    del world.ledger.objects[asked.event.request_id]
    living = asyncio.create_task(life.live())
    while (entry := life.book.get(asked.event.request_id)) is None or entry.state is not State.SIGNED:  # noqa: ASYNC110
        await asyncio.sleep(0)
    life.storer.witnessed(entry)
    async with asyncio.timeout(5):
        assert await living
    assert life.book.is_known(asked.event.request_id)
    assert life.book.get(Address(bytes(asked.event.request_id))) is None
