"""What becomes due by time changes what a request may rely on, and ends what it no longer allows."""

from __future__ import annotations

import json
from dataclasses import replace

from chain.rules import Rule
from tests.enclave.executor_world import START_MS, TOKEN, Life, MemoryInbox, World
from tests.enclave.test_executor_refusals import WHERE, until


async def test_a_request_that_relies_on_wider_rules_finds_them_applied_once_they_are_due():
    world, due = World(), START_MS + 5_000
    narrow, wide = ((Rule("", "configmaps", "", "default", verbs),) for verbs in (("get",), ("get", "update")))
    known = world.tokens.get(TOKEN)
    assert known is not None
    world.tell(replace(known, rules=narrow, pending_rules=wide, pending_from=due))
    applied: list[tuple[int, bool]] = []
    appliance = world.apiserver._appliance

    def watched(call):
        if call.method == "PATCH" and "/roles/" in call.target:
            applied.append((world.now, b'"update"' in call.body))
        return appliance(call)

    world.apiserver._appliance = watched
    life = Life(world)
    world.now = due - 1_000
    first = world.ask("GET", f"{WHERE}/a")
    life.take()
    await until(lambda: bytes(first.event.request_id) in world.stored)
    assert not any(wider for _, wider in applied)
    world.now = due
    second = world.ask("PUT", f"{WHERE}/a")
    life.take()
    await until(lambda: bytes(second.event.request_id) in world.stored)
    assert any(wider for at, wider in applied if at >= due)
    assert world.opened(second)[0] == 201
    await life.end()


async def test_a_stream_ends_when_other_rules_come_to_hold_that_do_not_allow_it():
    world, due = World(), START_MS + 5_000
    known = world.tokens.get(TOKEN)
    assert known is not None
    other = (Rule("", "pods", "", "default", ("get",)),)
    for rules, ends in ((other, "deadline"), (known.rules, "client")):
        world.tell(replace(known, pending_rules=rules, pending_from=due))
        world.now = START_MS
        asked = world.ask("GET", f"{WHERE}?watch=true", stream=True, deadline_ms=600_000)
        inbox = world.streams.inboxes[bytes(asked.event.request_id)] = MemoryInbox()
        life = Life(world)
        life.take()
        await until(lambda inbox=inbox: bool(inbox.frames))
        world.now = due
        await world.apiserver.events.put(b'{"type":"ADDED"}\n')
        if ends == "client":
            await until(lambda inbox=inbox: len(inbox.frames) > 1)
            inbox.gone.set()
        await until(lambda asked=asked: bytes(asked.event.request_id) in world.stored)
        assert json.loads(world.opened(asked)[2])["ended"] == ends
        await life.end()
