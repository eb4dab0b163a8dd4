"""What an owner sent himself and is not what its envelope says: a violation instead of an answer, and never both."""

from __future__ import annotations

import asyncio

import pytest

from chain.rules import Envelope
from enclave.book import Book
from enclave.records import encode_record
from sui.types import Address
from tests.enclave.executor_world import Asked, Death, Life, MemoryLog, World
from tests.enclave.test_executor_kills import live_until_done

WHERE = "/api/v1/namespaces/default/configmaps"
SAYS = Envelope("get", "", "configmaps", "", "default")


def violates(world: World, *, by_owner: bool = True, method: str = "PUT") -> Asked:
    """Ask for a change inside, for a read outside."""
    return world.ask(method, f"{WHERE}/a", body=b"{}", says=SAYS, by_owner=by_owner)


async def live(world: World) -> None:
    async with asyncio.timeout(20):
        assert await Life(world).live()


async def test_an_owner_who_lies_gets_a_violation_and_nothing_is_carried_out():
    world = World()
    asked = violates(world)
    await live(world)
    assert world.violations == {bytes(asked.event.request_id): asked.event.asked_at}
    assert not world.stored
    assert not world.apiserver.changes
    assert not world.apiserver.users


@pytest.mark.parametrize(
    ("method", "target", "says", "stream"),
    [
        ("GET", f"{WHERE}/a", Envelope("get", "", "secrets", "", "default"), False),
        ("GET", f"{WHERE}/a", Envelope("get", "", "configmaps", "", "team-a"), False),
        ("GET", f"{WHERE}?watch=true", Envelope("watch", "", "configmaps", "", "default"), False),
    ],
)
async def test_each_way_to_lie_is_one(method, target, says, stream):
    world = World()
    asked = world.ask(method, target, says=says, stream=stream, by_owner=True)
    await live(world)
    assert set(world.violations) == {bytes(asked.event.request_id)}


async def test_under_a_grant_it_stays_an_answer():
    world = World()
    asked = violates(world, by_owner=False)
    await live(world)
    assert not world.violations
    assert world.opened(asked)[0] == 400


async def test_an_owner_whose_bytes_do_not_open_gets_an_answer():
    world = World()
    asked = world.ask("GET", f"{WHERE}/a", sealed=b"no hpke at all", by_owner=True)
    honest = world.ask("GET", f"{WHERE}/a", by_owner=True)
    await live(world)
    assert not world.violations
    assert world.opened(asked)[0] == 400
    assert world.opened(honest)[0] == 200


async def test_a_violation_leaves_alone_and_holds_no_answer_up():
    world = World()
    world.ledger.pauses = 5
    asked = [violates(world) if number % 4 == 2 else world.ask("GET", f"{WHERE}/c{number}") for number in range(12)]
    await live(world)
    assert len(world.violations) == 3
    assert len(world.stored) == 9
    assert [name for _, name in world.called].count("store_k8s_violation") == 3
    assert all(bytes(each.event.request_id) in {**world.violations, **world.stored} for each in asked)
    numbers = sorted(statement.sequence for statement, _ in world.signer.statements.values())
    assert numbers == list(range(1, 13))


async def test_a_violation_that_the_contract_does_not_take_at_first_is_sent_again():
    world = World()
    asked = violates(world)
    token = world.ledger.objects.pop(asked.event.token)
    life = Life(world)
    waits = life.storer._sleep

    async def sleep(seconds: float) -> None:
        world.ledger.objects.setdefault(asked.event.token, token)
        await waits(seconds)

    life.storer._sleep = sleep
    async with asyncio.timeout(20):
        assert await life.live()
    assert set(world.violations) == {bytes(asked.event.request_id)}


async def test_every_step_of_a_violation_can_be_the_last():
    death = Death()
    world = World(6)
    violates(world)
    assert await Life(world, death).live()
    steps = death.steps
    assert {"before append", "after append", "before sign", "after sign", "sign transaction"} <= set(steps)
    for first in range(len(steps)):
        for second in (-1, *range(len(steps))):
            world = World(6)
            asked = violates(world)
            await live_until_done(world, [first, second])
            assert set(world.violations) == {bytes(asked.event.request_id)}
            assert not world.stored
            assert not world.signer.equivocations
            assert not world.apiserver.changes


async def test_a_violation_stays_one_over_a_rewritten_journal():
    world = World()
    asked = violates(world)
    life = Life(world, Death())
    life.take()
    entry = life.book.get(asked.event.request_id)
    async with asyncio.timeout(20):
        while entry.signed is None:  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0)
    await life.end()
    again = Book(MemoryLog(world.records, Death()))
    again.log.rewrite([encode_record(record) for record in again._records()])
    found = Book(MemoryLog(world.records, Death())).get(Address(asked.event.request_id))
    assert (found.violated, found.signed, found.answer) == (entry.violated, entry.signed, None)
