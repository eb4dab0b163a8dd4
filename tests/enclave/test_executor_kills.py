"""Killed at any moment, the executor answers each request once and runs no change twice."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from tests.enclave.executor_world import Death, Life, World


async def live_until_done(world: World, deaths: list[int]) -> int:
    """Live one life after another; gives how many it took."""
    for lives, at in enumerate([*deaths, -1, -1, -1], start=1):
        async with asyncio.timeout(60):
            if await Life(world, Death(at)).live():
                return lives
    raise AssertionError("the executor did not come to an end")


def check(world: World) -> dict[int, int]:
    """Each request has one answer that its client can open; no change ran twice; what is said to have run, ran."""
    assert set(world.stored) == {bytes(asked.event.request_id) for asked in world.asked}
    assert not world.signer.equivocations
    assert max(world.apiserver.changes.values(), default=0) <= 1
    counts: dict[int, int] = {}
    for asked in world.asked:
        status, _, body = world.opened(asked)
        counts[status] = counts.get(status, 0) + 1
        ran = world.apiserver.changes.get(str(asked.event.request_id), 0)
        if asked.change:
            assert status in {201, 504}
            assert ran == 1 if status == 201 else b"not known" in body
        else:
            assert status == 200
    return counts


async def test_without_a_kill_everything_is_carried_out():
    world = World(1)
    for number in range(20):
        world.ask("PUT" if number % 2 else "GET", f"/api/v1/namespaces/default/configmaps/c{number % 5}", body=b"{}")
    await live_until_done(world, [])
    assert check(world) == {200: 10, 201: 10}


async def steps_of(method: str) -> list[str]:
    world, death = World(2), Death()
    world.ask(method)
    assert await Life(world, death).live()
    return death.steps


async def test_every_step_of_a_change_can_be_the_last():
    steps = await steps_of("PUT")
    assert {"before append", "after append", "before call", "after call", "before sign", "after sign"} <= set(steps)
    unknown = []
    for at in range(len(steps)):
        world = World(2)
        world.ask("PUT")
        assert await live_until_done(world, [at]) == 2
        if check(world) == {504: 1}:
            unknown.append(steps[at])
    # Only between the journalled intent and the journalled answer is the outcome not known.
    assert unknown == ["after append", "before call", "after call", "before append"]


async def test_every_step_of_a_read_can_be_the_last():
    for at in range(len(await steps_of("GET"))):
        world = World(3)
        world.ask("GET")
        assert await live_until_done(world, [at]) == 2
        assert check(world) == {200: 1}


async def test_every_pair_of_steps_of_a_change_can_be_the_last_two():
    steps = await steps_of("PUT")
    for first in range(len(steps)):
        for second in range(0, len(steps), 2):
            world = World(4)
            world.ask("PUT")
            await live_until_done(world, [first, second])
            check(world)


@pytest.mark.parametrize("seed", range(4))
async def test_two_hundred_mixed_requests_and_many_kills(seed: int):
    rng = Random(seed)
    world = World(seed)
    world.ledger.pauses = 10
    for number in range(200):
        method = rng.choice(["GET", "PUT", "POST", "DELETE", "PATCH"])
        name = "" if method == "POST" else f"/c{rng.randrange(20)}"
        world.ask(method, f"/api/v1/namespaces/default/configmaps{name}", body=b"%d" % number)
    deaths = [rng.randrange(1, 700) for _ in range(12)]
    lives = await live_until_done(world, deaths)
    counts = check(world)
    assert lives > 2
    assert sum(counts.values()) == 200
    assert counts[201] > 50


async def test_a_lost_outcome_and_a_refused_batch_lose_nothing():
    world = World(5)
    for number in range(60):
        world.ask("PUT" if number % 2 else "GET", f"/api/v1/namespaces/default/configmaps/c{number}", body=b"{}")
    world.ledger.faults.lose_outcome = 0.5
    world.ledger.pauses = 15
    world.deny_batches = True
    await live_until_done(world, [150])
    check(world)
