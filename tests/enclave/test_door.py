"""The side door: who comes in with which ticket, and what he gets."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import replace

import aiohttp
import pytest

from chain.payload import Header, decode_answer, sealed_hash
from chain.tickets import LocalCall, TicketPurpose, encode_local_call
from enclave.door import NO_TICKET, OPENS_NOTHING
from enclave.door_limits import DoorLimits
from gateway.limits import Limits
from sui.types import Address
from tests.enclave.door_world import SCOPE, DoorWorld, ticket_of
from tests.gateway.world import NOW_MS, Owner
from wire.frames import FrameDecoder

SEALED = b"sealed" * 50_000
HASH = sealed_hash(SEALED)
REQUEST = b"\x91" * 32
PUT, FETCH, STREAM, LOCAL = TicketPurpose
CALL = LocalCall("GET", "/api", (Header("Accept", "*/*"),), b"")


async def eventually(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.005)


@pytest.fixture
def world() -> DoorWorld:
    return DoorWorld()


@pytest.fixture
def alice(world) -> Owner:
    return world.own(Owner(11))


@pytest.fixture
def bob(world) -> Owner:
    return world.own(Owner(12))


def put(owner, **changes):
    return ticket_of(owner, PUT, HASH, len(SEALED), **changes)


async def test_a_payload_reaches_the_executor_in_its_tokens_name(world, alice):
    async with world.served() as visitor:
        assert await visitor.status("PUT", f"payload/{HASH.hex()}", put(alice), data=SEALED) == (204, "")
    assert world.executor.payloads == {HASH: (alice.state.token, SEALED, NOW_MS + 60_000)}


async def test_the_largest_payload_passes_and_a_larger_one_does_not(world, alice):
    largest = bytes(world.limits.put_bytes)
    async with world.served() as visitor:
        for sealed, status in ((largest, 204), (largest + b"\0", 400)):
            subject = sealed_hash(sealed)
            ticket = ticket_of(alice, PUT, subject, len(sealed))
            try:
                told = await visitor.status("PUT", f"payload/{subject.hex()}", ticket, data=io.BytesIO(sealed))
            except aiohttp.ClientConnectionError:
                told = (400, "the refusal overtook the sending")
            assert told[0] == status


STRANGERS = {
    "nothing": lambda _: {},
    "a bearer": lambda owner: {"headers": {"Authorization": f"Bearer {put(owner).text}"}},
    "two tickets": lambda owner: {"headers": [("Authorization", f"Ticket {put(owner).text}")] * 2},
    "no ticket at all": lambda _: {"ticket": "abc"},
    "half a ticket": lambda owner: {"ticket": put(owner).text[:-2]},
}


@pytest.mark.parametrize("shown", STRANGERS)
@pytest.mark.parametrize(("method", "path"), [("PUT", f"payload/{HASH.hex()}"), ("GET", "what/ever")])
async def test_without_a_ticket_there_is_no_way_in(world, alice, shown, method, path):
    async with world.served() as visitor:
        assert await visitor.status(method, path, **STRANGERS[shown](alice)) == (401, NO_TICKET)
    assert not world.executor.payloads


FOREIGN = {
    "another owner's signature": lambda alice, bob: put(alice, sign=bob.key.sign),
    "an unknown token": lambda alice, _: put(alice, token=Address(b"\x77" * 32)),
    "another's token": lambda alice, bob: put(alice, token=bob.state.token),
    "another chain": lambda alice, _: put(alice, scope=replace(SCOPE, chain_id=b"\x08" * 32)),
    "another package": lambda alice, _: put(alice, scope=replace(SCOPE, package=Address(b"\x08" * 32))),
    "another cluster": lambda alice, _: put(alice, scope=replace(SCOPE, cluster=Address(b"\x08" * 32))),
    "another enclave": lambda alice, _: put(alice, scope=replace(SCOPE, enclave=Address(b"\x08" * 32))),
}


@pytest.mark.parametrize("why", FOREIGN)
async def test_whose_ticket_is_not_his_own_and_for_here_hears_nothing(world, alice, bob, why):
    async with world.served() as visitor:
        told = await visitor.status("PUT", f"payload/{HASH.hex()}", FOREIGN[why](alice, bob), data=SEALED)
    assert told == (403, OPENS_NOTHING)
    assert not world.executor.payloads


@pytest.mark.parametrize(
    ("deadline", "words"), [(NOW_MS, "expired"), (NOW_MS - 1, "expired"), (NOW_MS + 120_001, "ahead")]
)
async def test_a_ticket_is_good_for_a_while_only(world, alice, deadline, words):
    async with world.served() as visitor:
        ticket = put(alice, deadline=deadline)
        status, message = await visitor.status("PUT", f"payload/{HASH.hex()}", ticket, data=SEALED)
        assert (status, words in message) == (403, True)
        assert await visitor.status("PUT", f"payload/{HASH.hex()}", put(alice, deadline=NOW_MS + 120_000), data=SEALED)
    assert HASH in world.executor.payloads


@pytest.mark.parametrize("state", [{"revoked": True}, {"expires_at": NOW_MS}])
async def test_a_token_that_is_over_opens_nothing(world, state):
    owner = world.own(Owner(11), **state)
    async with world.served() as visitor:
        status, message = await visitor.status("PUT", f"payload/{HASH.hex()}", put(owner), data=SEALED)
    assert status == 403
    assert "revoked or has expired" in message


@pytest.mark.parametrize(("method", "path"), [
    ("GET", f"payload/{HASH.hex()}"),
    ("PUT", "payload/abc"),
    ("PUT", f"payload/{HASH.hex().upper()}"),
    ("PUT", f"payload/{HASH.hex()}/x"),
    ("GET", "what/ever"),
    ("POST", "local/x"),
])  # fmt: skip
async def test_other_paths_lead_nowhere(world, alice, method, path):
    async with world.served() as visitor:
        assert (await visitor.status(method, path, put(alice)))[0] == 404


@pytest.mark.parametrize(("method", "path", "own"), [
    ("PUT", f"payload/{HASH.hex()}", FETCH),
    ("GET", f"body/{HASH.hex()}", PUT),
    ("GET", f"stream/{HASH.hex()}", FETCH),
    ("POST", "local", STREAM),
])  # fmt: skip
async def test_a_ticket_opens_its_own_purpose_only(world, alice, method, path, own):
    async with world.served() as visitor:
        status, message = await visitor.status(method, path, ticket_of(alice, own, HASH))
    assert (status, "another purpose" in message) == (403, True)


async def test_a_ticket_opens_its_own_subject_only(world, alice):
    world.executor.bodies[bytes(alice.state.token), HASH] = SEALED
    async with world.served() as visitor:
        for method, path, ticket, data in (
            ("PUT", f"payload/{'00' * 32}", put(alice), SEALED),
            ("GET", f"body/{HASH.hex()}", ticket_of(alice, FETCH, bytes(32), len(SEALED)), None),
            ("GET", f"stream/{REQUEST.hex()}", ticket_of(alice, STREAM, HASH), None),
            ("POST", "local", ticket_of(alice, LOCAL, HASH, len(encode_local_call(CALL))), encode_local_call(CALL)),
        ):
            status, message = await visitor.status(method, path, ticket, data=data)
            assert (status, "something else" in message) == (403, True)


async def test_bytes_are_those_of_the_ticket(world, alice):
    async with world.served() as visitor:
        path = f"payload/{HASH.hex()}"
        for data, words in (
            (SEALED[:-1] + b"x", "another hash"),
            (SEALED[:-1], "length"),
            (SEALED + b"x", "length"),
            (_pieces(), "length"),
        ):
            status, message = await visitor.status("PUT", path, put(alice), data=data)
            assert (status, words in message) == (400, True)
    assert not world.executor.payloads


async def _pieces():
    yield SEALED


async def test_a_body_that_does_not_come_gives_its_room_back(alice, world):
    slow = DoorWorld(limits=DoorLimits(upload_s=0.05, token_put_bytes=len(SEALED)))
    slow.own(alice)

    async def stalled():
        yield SEALED[:10]
        await asyncio.sleep(1)

    async with slow.served() as visitor:
        headers = {"Content-Length": str(len(SEALED))}
        path = f"payload/{HASH.hex()}"
        try:
            told = await visitor.status("PUT", path, put(alice), data=stalled(), headers=headers)
        except aiohttp.ClientConnectionError:
            told = (400, "in time")
        assert (told[0], "in time" in told[1]) == (400, True)
        assert await visitor.status("PUT", path, put(alice), data=SEALED) == (204, "")


async def test_what_is_under_way_is_counted_by_the_ticket(alice):
    world = DoorWorld(limits=DoorLimits(token_put_bytes=len(SEALED) + 9, token_puts=2, all_put_bytes=len(SEALED) + 99))
    world.own(alice)
    carol = world.own(Owner(13))
    rest = asyncio.Event()

    async def slowly():
        yield SEALED[:10]
        await rest.wait()
        yield SEALED[10:]

    small = b"0123456789"
    subject = sealed_hash(small)
    path = f"payload/{subject.hex()}"
    async with world.served() as visitor:
        headers = {"Content-Length": str(len(SEALED))}
        under_way = asyncio.create_task(
            visitor.status("PUT", f"payload/{HASH.hex()}", put(alice), data=slowly(), headers=headers)
        )
        await eventually(lambda: world.door._put_bytes)
        status, message = await visitor.status("PUT", path, ticket_of(alice, PUT, subject, 10), data=small)
        assert (status, "bytes under way" in message) == (429, True)
        assert (await visitor.status("PUT", path, ticket_of(carol, PUT, subject, 10), data=small))[0] == 204
        big = ticket_of(carol, PUT, subject, 100)
        assert (await visitor.status("PUT", path, big, data=small * 10))[0] == 429
        rest.set()
        assert (await under_way)[0] == 204
        assert (await visitor.status("PUT", path, ticket_of(alice, PUT, subject, 10), data=small))[0] == 204
    assert not world.door._inside
    assert not world.door._put_bytes


async def test_the_executor_keeps_no_more_than_it_may_and_may_be_away(world, alice):
    async with world.served() as visitor:
        path = f"payload/{HASH.hex()}"
        world.executor.crowded = True
        assert (await visitor.status("PUT", path, put(alice), data=SEALED))[0] == 429
        world.executor.crowded, world.executor.stopped = False, True
        assert (await visitor.status("PUT", path, put(alice), data=SEALED))[0] == 503


async def test_before_the_activation_nobody_comes_in(alice):
    world = DoorWorld(activated=False)
    world.own(alice)
    async with world.served() as visitor:
        assert (await visitor.status("PUT", f"payload/{HASH.hex()}", put(alice), data=SEALED))[0] == 503


async def test_an_answer_is_fetched_by_its_own_token(world, alice, bob):
    world.executor.bodies[bytes(alice.state.token), HASH] = SEALED
    async with world.served() as visitor:
        path = f"body/{HASH.hex()}"
        async with visitor.ask("GET", path, ticket_of(alice, FETCH, HASH, len(SEALED))) as response:
            assert (response.status, await response.read()) == (200, SEALED)
        assert (await visitor.status("GET", path, ticket_of(bob, FETCH, HASH, len(SEALED))))[0] == 404
        assert (await visitor.status("GET", path, ticket_of(alice, FETCH, HASH, 7)))[0] == 400


async def test_fetches_of_one_token_are_few(alice):
    world = DoorWorld(limits=DoorLimits(token_fetches=2, all_fetches=3))
    world.own(alice)
    bob = world.own(Owner(12))
    for owner in (alice, bob):
        world.executor.bodies[bytes(owner.state.token), HASH] = SEALED
    world.executor.hold.clear()
    async with world.served() as visitor:
        path = f"body/{HASH.hex()}"

        def fetch(owner):
            return visitor.status("GET", path, ticket_of(owner, FETCH, HASH, len(SEALED)))

        waiting = [asyncio.create_task(fetch(alice)) for _ in range(2)]
        await eventually(lambda: world.door._everyone[FETCH] == 2)
        assert (await fetch(alice))[0] == 429
        waiting.append(asyncio.create_task(fetch(bob)))
        await eventually(lambda: world.door._everyone[FETCH] == 3)
        assert (await fetch(bob))[0] == 429
        world.executor.hold.set()
        assert [status for status, _ in await asyncio.gather(*waiting)] == [200, 200, 200]


async def test_requests_a_second_are_limited(alice):
    world = DoorWorld(rates=Limits(token_burst=2, token_rate_per_s=0.001))
    world.own(alice)
    async with world.served() as visitor:
        path = f"body/{HASH.hex()}"
        told = [await visitor.status("GET", path, ticket_of(alice, FETCH, HASH)) for _ in range(3)]
    assert [status for status, _ in told] == [404, 404, 429]


async def test_a_stream_comes_frame_by_frame_to_its_own_token(world, alice, bob):
    world.executor.streams[bytes(alice.state.token), REQUEST] = [b"one", b"two" * 1000]
    async with world.served() as visitor:
        path = f"stream/{REQUEST.hex()}"
        async with visitor.ask("GET", path, ticket_of(alice, STREAM, REQUEST)) as response:
            assert FrameDecoder().feed(await response.read()) == [b"one", b"two" * 1000]
        async with visitor.ask("GET", path, ticket_of(bob, STREAM, REQUEST)) as response:
            assert await response.read() == b""


async def test_a_stream_that_is_cut_inside_is_cut_outside(world, alice):
    world.executor.streams[bytes(alice.state.token), REQUEST] = [b"one"]
    world.executor.cut = True
    ticket = ticket_of(alice, STREAM, REQUEST)
    async with world.served() as visitor, visitor.ask("GET", f"stream/{REQUEST.hex()}", ticket) as response:
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_stream_is_read_as_fast_as_its_client_reads(world, alice):
    frames = 400
    world.executor.streams[bytes(alice.state.token), REQUEST] = [bytes(256 * 1024)] * frames
    ticket = ticket_of(alice, STREAM, REQUEST)
    async with world.served() as visitor, visitor.ask("GET", f"stream/{REQUEST.hex()}", ticket) as response:
        await asyncio.sleep(0.3)
        assert world.executor.given < frames // 2
        assert len(await response.read()) == frames * (256 * 1024 + 4)


async def test_a_client_that_leaves_an_idle_stream_frees_it(alice):
    world = DoorWorld(limits=DoorLimits(gone_poll_s=0.01))
    world.own(alice)
    world.executor.streams[bytes(alice.state.token), REQUEST] = [b"never"]
    world.executor.hold.clear()
    async with world.served() as visitor:
        response = await visitor.ask("GET", f"stream/{REQUEST.hex()}", ticket_of(alice, STREAM, REQUEST))
        await eventually(lambda: world.executor.open_streams == 1)
        response.close()
        await eventually(lambda: world.executor.open_streams == 0)


async def test_streams_of_one_token_are_limited(alice):
    world = DoorWorld(rates=Limits(token_streams=1))
    world.own(alice)
    world.executor.streams[bytes(alice.state.token), REQUEST] = [b"never"]
    world.executor.hold.clear()
    async with world.served() as visitor:
        ticket = ticket_of(alice, STREAM, REQUEST)
        async with visitor.ask("GET", f"stream/{REQUEST.hex()}", ticket) as first:
            assert first.status == 200
            assert (await visitor.status("GET", f"stream/{REQUEST.hex()}", ticket))[0] == 429


def local(owner, call, **changes):
    data = encode_local_call(call)
    return {"ticket": ticket_of(owner, LOCAL, call.subject, len(data), **changes), "data": data}


async def test_discovery_is_answered_as_the_tokens_user(world, alice):
    async with world.served() as visitor, visitor.ask("POST", "local", **local(alice, CALL)) as response:
        answer = decode_answer(await response.read())
    assert (answer.status, answer.body) == (200, b"/api")
    assert answer.headers == (Header("Content-Type", "application/json"),)
    [(identity, request)] = world.executor.locals
    assert (identity.token, identity.owner, identity.session, identity.narrowed) == (
        alice.state.token, alice.state.owner, b"", (),
    )  # fmt: skip
    assert request.headers == (("Accept", "*/*"),)


@pytest.mark.parametrize(("call", "status"), [
    (LocalCall("GET", "/api/v1/namespaces/default/secrets", (), b""), 403),
    (LocalCall("DELETE", "/api", (), b""), 403),
    (LocalCall("GET", "no path", (), b""), 400),
])  # fmt: skip
async def test_what_the_contract_decides_is_not_local(world, alice, call, status):
    async with world.served() as visitor:
        assert (await visitor.status("POST", "local", **local(alice, call)))[0] == status
    assert not world.executor.locals


async def test_what_is_no_local_call_or_too_long_is_refused(world, alice):
    long = LocalCall("POST", "/api", (), bytes(world.limits.local_bytes))
    async with world.served() as visitor:
        ticket = ticket_of(alice, LOCAL, HASH, 3)
        assert (await visitor.status("POST", "local", ticket, data=b"abc"))[0] == 400
        assert (await visitor.status("POST", "local", **local(alice, long)))[0] == 400


async def test_the_kubernetes_api_is_beside_the_door(world, alice):
    async with world.served() as visitor:
        url = f"https://127.0.0.1:{visitor.port}/k3s-daas/v2/x"
        async with visitor.session.get(url, ssl=visitor.tls, server_hostname="enclave.k3s-daas") as response:
            assert response.status == 401
            assert "bearer" in json.loads(await response.read())["message"]
