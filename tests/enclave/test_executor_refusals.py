"""What the executor answers instead of carrying out, and what it does on bad days."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import replace

import pytest

from chain.payload import Header
from chain.rules import Envelope, Rule
from enclave.execution_errors import AnswerTooLargeError, ApiserverCutError, ApiserverUnreachableError
from enclave.execution_limits import ExecutionLimits
from enclave.records import Payload
from sui.types import Address
from tests.enclave.executor_world import (
    LIMITS,
    START_MS,
    TOKEN,
    Asked,
    Death,
    Life,
    MemoryInbox,
    World,
)

WHERE = "/api/v1/namespaces/default/configmaps"


async def answer(world: World, asked: Asked) -> tuple[int, str]:
    """Live until everything is answered; gives status and message (empty for an answer in clear)."""
    async with asyncio.timeout(20):
        assert await Life(world).live()
    status, _, body = world.opened(asked)
    return status, json.loads(body)["message"] if body else ""


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0)


async def test_the_apiserver_hears_the_allowed_headers_as_the_mirrored_user():
    world = World()
    headers = (Header("Impersonate-User", "root"), Header("Accept", "application/json"), Header("Cookie", "a"))
    asked = world.ask("GET", WHERE, headers=headers)
    assert await Life(world).live()
    status, heard, _ = world.opened(asked)
    assert status == 200
    assert world.apiserver.headers == [(("Accept", "application/json"),)]
    assert world.apiserver.users == {f"sui:{TOKEN}:{asked.event.owner}"}
    assert heard == {"Content-Type": "application/json"}


async def test_what_does_not_open_is_answered_400_in_clear():
    world = World()
    wrong = [
        world.ask("PUT", sealed_for=Address(b"\x77" * 32)),
        world.ask("PUT", sealed=b"no hpke at all"),
        world.ask("PUT", sealed=b"\x00" * 2000),
    ]
    assert await Life(world).live()
    assert [world.opened(each) for each in wrong] == [(400, {}, b"")] * 3
    assert not world.apiserver.changes


async def test_what_is_not_what_its_envelope_says_is_refused_sealed():
    world = World()
    says = Envelope("get", "", "configmaps", "", "default")
    asked = world.ask("DELETE", f"{WHERE}/a", says=says)
    status, message = await answer(world, asked)
    assert status == 400
    assert "not what its transaction says" in message
    assert not world.apiserver.changes


async def test_the_appliances_objects_are_protected():
    world = World()
    status, message = await answer(world, world.ask("POST", "/api/v1/namespaces/kube-system/configmaps"))
    assert status == 403
    assert "belongs to the appliance" in message


async def test_a_payload_is_carried_out_once():
    world = World()
    first = world.ask("PUT", f"{WHERE}/a")
    copied = replace(first.event, request_id=Address(b"\x55" * 32))
    world.asked.append(Asked(copied, first.plain, replace(first.record, digest=b"\x55" * 32), change=True))
    world.ledger.objects[copied.request_id] = world.ledger.objects[first.event.request_id]
    assert await Life(world).live()
    assert world.opened(first)[0] == 201
    stored = world.stored[bytes(copied.request_id)]
    assert stored.status == 409
    assert len(world.apiserver.changes) == 1


async def test_a_payload_is_carried_out_once_even_after_its_request_was_forgotten():
    world = World()
    first = world.ask("PUT", f"{WHERE}/a")
    life = Life(world)
    assert await life.live()
    life.book.forget(world.now)
    copied = replace(first.event, request_id=Address(b"\x55" * 32))
    world.asked.append(Asked(copied, first.plain, replace(first.record, digest=b"\x55" * 32), change=True))
    world.ledger.objects[copied.request_id] = object_of(world, copied.request_id)
    assert await Life(world).live()
    assert world.stored[bytes(copied.request_id)].status == 409
    assert len(world.apiserver.changes) == 1


def object_of(world: World, request_id: Address):
    template = world.ask("GET", WHERE)
    found = world.ledger.objects[template.event.request_id]
    return replace(found, ref=replace(found.ref, object_id=request_id))


async def test_nothing_starts_after_its_deadline():
    world = World()
    asked = world.ask("PUT", deadline_ms=5)
    status, message = await answer(world, asked)
    assert status == 504
    assert "was not carried out" in message
    assert not world.apiserver.changes


async def test_a_request_whose_time_is_over_lapses():
    world = World()
    asked = world.ask("PUT")
    life = Life(world)
    world.now = asked.event.answer_until + 1
    assert await life.live()
    assert not world.stored
    assert not life.book.open_entries()
    assert not world.apiserver.changes


async def test_payloads_beside_the_chain_are_waited_for_until_the_deadline():
    world = World()
    asked = world.ask("PUT", inline=False)
    assert await answer(world, asked) == (410, "")
    assert not world.apiserver.changes


async def test_payloads_beside_the_chain_are_found_in_the_journal():
    world = World()
    whole = world.ask("PUT", f"{WHERE}/a")
    sealed = b"".join(whole.event.payload)
    world.asked[0] = replace(whole, event=replace(whole.event, payload=()))
    life = Life(world)
    payload = Payload(whole.event.payload_hash, sealed, START_MS + 60_000)
    life.book._write(payload)
    life.book._payloads[payload.payload_hash] = payload
    assert await life.live()
    assert world.opened(whole)[0] == 201
    again = Life(world)
    assert again.book.payload(payload.payload_hash) is None


async def test_without_gas_nothing_is_carried_out():
    world = World()
    asked = world.ask("PUT", deadline_ms=2_000)
    coins, world.signer.free = world.signer.free, []
    life = asyncio.create_task(Life(world).live())
    # The event, then the answer: only now is there gas to send it.
    await until(lambda: len(world.records) >= 2)
    world.signer.free = coins
    assert await life
    status, _, body = world.opened(asked)
    assert status == 503
    assert b"no gas" in body
    assert not world.apiserver.changes


async def test_a_token_that_nobody_announced_is_waited_for():
    world = World()
    asked = world.ask("PUT", deadline_ms=3_000)
    world.tokens._tokens.clear()
    status, message = await answer(world, asked)
    assert status == 503
    assert "announced" in message


async def test_another_owner_than_the_tokens_is_refused():
    world = World()
    asked = world.ask("PUT")
    world.tell(replace(world.tokens.get(TOKEN), owner=Address(b"\x66" * 32)))
    assert (await answer(world, asked))[0] == 403


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_an_apiserver_that_is_not_there_is_waited_for(method: str):
    world = World()
    world.apiserver.fail = [ApiserverUnreachableError("starting")] * 3
    asked = world.ask(method)
    assert await Life(world).live()
    assert world.opened(asked)[0] in {200, 201}


async def test_a_cut_read_is_repeated_and_a_cut_change_is_not():
    world = World()
    world.apiserver.fail = [ApiserverCutError("cut")]
    status, message = await answer(world, world.ask("PUT"))
    assert status == 504
    assert "not known" in message
    assert list(world.apiserver.changes.values()) == [1]
    world = World()
    asked = world.ask("GET")
    life = Life(world)
    world.apiserver.fail = [ApiserverCutError("cut")]
    assert await life.live()
    assert world.opened(asked)[0] == 200


async def test_an_answer_that_is_too_large_is_said_so():
    world = World()
    world.apiserver.fail = [AnswerTooLargeError("ask for less (--chunk-size)")]
    status, message = await answer(world, world.ask("GET", WHERE))
    assert status == 507
    assert "--chunk-size" in message


async def test_a_fault_of_our_own_is_answered_too():
    world = World()
    world.apiserver.fail = [RuntimeError("secret inside")]
    assert await answer(world, world.ask("PUT")) == (504, "")
    world.apiserver.fail = [RuntimeError("secret inside")]
    assert await answer(world, world.ask("GET")) == (500, "")


async def test_requests_for_one_object_run_in_order_and_others_beside():
    world = World()
    asked = [world.ask("PUT", f"{WHERE}/c{n % 3}", body=b"%d" % n) for n in range(30)]
    assert await Life(world).live()
    for name in range(3):
        mine = [str(each.event.request_id) for each in asked if each.plain.target.endswith(f"c{name}")]
        assert [each for each in world.apiserver.order if each in mine] == mine


async def test_a_narrowed_grant_runs_as_a_user_of_its_own():
    world = World()
    asked = world.ask("GET")
    narrowed = (Rule("", "configmaps", "", "default", ("get",)),)
    world.asked[0] = replace(asked, event=replace(asked.event, narrowed=narrowed))
    assert await Life(world).live()
    [user] = world.apiserver.users
    assert user.startswith(f"sui:{TOKEN}:{asked.event.owner}:")


# ---- streams ------------------------------------------------------------------------------------------------------


def watch(world: World, **more: object) -> tuple[Asked, MemoryInbox]:
    asked = world.ask("GET", f"{WHERE}?watch=1", stream=True, **more)  # type: ignore[arg-type]
    inbox = world.streams.inboxes[bytes(asked.event.request_id)] = MemoryInbox()
    return asked, inbox


async def test_a_stream_ends_with_its_source_and_says_what_was_streamed():
    world = World()
    asked, inbox = watch(world)
    for piece in (b'{"a":1}\n{"b"', b":2}\n", b'{"c', b""):
        world.apiserver.events.put_nowait(piece)
    assert await Life(world).live()
    frames, ended = world.frames(asked, inbox)
    assert ended
    assert inbox.closed
    _, *content, salt = frames
    assert b"".join(content) == b'{"a":1}\n{"b":2}\n'
    status, _, body = world.opened(asked)
    told = json.loads(body)
    assert status == 200
    assert told == {
        "ended": "source",
        "length": 16,
        "transcript": hashlib.sha256(salt + b"".join(content)).hexdigest(),
    }


async def test_a_stream_ends_before_its_deadline():
    world = World()
    asked, inbox = watch(world, deadline_ms=400)
    assert await Life(world).live()
    _, ended = world.frames(asked, inbox)
    assert ended
    assert json.loads(world.opened(asked)[2])["ended"] == "deadline"


async def test_a_stream_ends_with_its_grant():
    world = World()
    asked, inbox = watch(world)
    world.asked[0] = replace(asked, event=replace(asked.event, grant_expires_at=world.now + 300))
    assert await Life(world).live()
    assert world.frames(asked, inbox)[1]
    assert json.loads(world.opened(asked)[2])["ended"] == "deadline"


async def test_a_client_that_leaves_ends_its_stream():
    world = World()
    asked, inbox = watch(world)
    inbox.gone.set()
    assert await Life(world).live()
    assert json.loads(world.opened(asked)[2])["ended"] == "client"


async def test_a_client_that_does_not_read_is_let_go():
    world = World()
    asked, inbox = watch(world)
    inbox.room.clear()
    assert await Life(world, limits=replace(LIMITS, stream_write_s=0.01)).live()
    assert json.loads(world.opened(asked)[2])["ended"] == "client"


async def test_a_client_that_never_comes_gets_an_answer():
    world = World()
    asked = world.ask("GET", f"{WHERE}?watch=1", stream=True)
    assert (await answer(world, asked))[0] == 504


async def test_the_apiservers_refusal_of_a_watch_is_a_whole_answer():
    world = World()
    asked, inbox = watch(world)
    world.apiserver.watch_status = 410
    assert await Life(world).live()
    assert not inbox.frames
    assert inbox.closed
    status, _, body = world.opened(asked)
    assert (status, body) == (410, b'{"kind":"Status"}')


@pytest.mark.parametrize("why", ["token", "enclave"])
async def test_a_stream_ends_with_its_token_or_enclave(why: str):
    world = World()
    asked, inbox = watch(world)
    life = Life(world)
    living = asyncio.create_task(life.live())
    await until(lambda: inbox.frames)
    if why == "token":
        life.room.end_token(TOKEN)
    else:
        life.room.end_all("enclave")
    assert await living
    assert json.loads(world.opened(asked)[2])["ended"] == why


async def test_a_stream_cut_by_a_crash_is_answered_interrupted_and_never_run_again():
    world = World()
    asked, _ = watch(world)
    death = Death()
    first = Life(world, death)
    living = asyncio.create_task(first.live())
    await until(lambda: "before call" in death.steps)
    death.happened.set()
    assert not await living
    status, message = await answer(world, asked)
    assert status == 504
    assert "interrupted" in message


# ---- the journal's length, and bodies -----------------------------------------------------------------------------


async def test_what_is_over_is_forgotten_after_its_time_and_the_journal_is_rewritten():
    world = World()
    for number in range(20):
        world.ask("PUT", f"{WHERE}/c{number}", body=b"x" * 1000)
    life = Life(world, limits=ExecutionLimits(journal_slack_bytes=1))
    assert await life.live()
    before = life.book.log.size_bytes
    life.book.forget(world.now)
    assert life.book.log.size_bytes < before / 10
    again = Life(world)
    assert all(again.book.is_known(asked.event.request_id) for asked in world.asked)
    assert again.book.cursor == life.book.cursor
    again.book.forget(max(asked.event.answer_until for asked in world.asked) + 1)
    assert not any(again.book.is_known(asked.event.request_id) for asked in world.asked)


async def test_a_large_answer_is_kept_for_fetching_over_a_rewrite():
    world = World()
    asked = world.ask("PUT", body=b"y" * 50_000)
    life = Life(world, limits=ExecutionLimits(journal_slack_bytes=1, inline_bytes=1_000))
    life.book.inline_bytes = 1_000
    assert await life.live()
    stored = world.stored[bytes(asked.event.request_id)]
    assert not stored.body
    life.book.forget(world.now)
    again = Life(world)
    again.book.inline_bytes = 1_000
    kept = again.book.body(stored.body_hash, TOKEN)
    assert kept is not None
    assert world.opened(asked, kept)[2] == b"y" * 50_000
    assert again.book.body(bytes(32), TOKEN) is None
    assert again.book.body(stored.body_hash, Address(b"\x44" * 32)) is None
    again.book.forget(asked.event.answer_until + LIMITS.keep_ms + 1)
    assert again.book.body(stored.body_hash, TOKEN) is None


async def test_who_waits_for_its_payload_holds_nobody_up():
    world = World()
    waiting = [world.ask("PUT", f"{WHERE}/w{number}", inline=False) for number in range(3)]
    asked = world.ask("PUT", f"{WHERE}/a")
    living = asyncio.create_task(Life(world, limits=replace(LIMITS, in_flight=2)).live())
    await until(lambda: bytes(asked.event.request_id) in world.stored)
    assert not any(bytes(each.event.request_id) in world.stored for each in waiting)
    assert await living
    assert {world.opened(each)[0] for each in waiting} == {410}
