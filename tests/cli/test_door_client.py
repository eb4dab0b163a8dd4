"""The side door from outside: a client of the real door over TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl

import pytest
from aiohttp import web

from chain.payload import sealed_hash
from cli.door_client import DoorClient, DoorPlace
from enclave.authority import CertificateAuthority
from gateway.errors import CrowdedError, LocalError, MissingBodyError, StreamError
from gateway.leaf import obtain_leaf
from gateway.limits import Limits
from gateway.messages import HttpRequest
from sui.types import Address
from tests.enclave.door_world import SCOPE, DoorWorld
from tests.gateway.world import NOW_MS, Owner

SEALED = b"sealed" * 50_000
REQUEST = Address(b"\x91" * 32)


@pytest.fixture
def world() -> DoorWorld:
    return DoorWorld()


@pytest.fixture
def alice(world) -> Owner:
    return world.own(Owner(11))


@contextlib.asynccontextmanager
async def visiting(world, owner, *, port=None, tls=None, sign=None, limits=None):
    """A client whose tickets the owner signs."""
    async with world.served() as visitor:
        place = DoorPlace(
            url=f"https://127.0.0.1:{port or visitor.port}",
            tls=tls or world.tls(),
            scope=SCOPE,
            token=owner.state.token,
            sign=sign or owner.key.sign,
            now_ms=lambda: NOW_MS,
        )
        client = DoorClient(place, limits or Limits())
        try:
            yield client
        finally:
            await client.close()


async def test_payloads_are_brought_in_the_tokens_name(world, alice):
    async with visiting(world, alice) as client:
        await client.expect(None, (SEALED, b"another"))
    assert {token for token, _, _ in world.executor.payloads.values()} == {alice.state.token}
    assert set(world.executor.payloads) == {sealed_hash(SEALED), sealed_hash(b"another")}


async def test_a_refusal_is_told_by_whose_fault_it_is(world, alice):
    async with visiting(world, alice) as client:
        world.executor.crowded = True
        with pytest.raises(CrowdedError, match="too much waits"):
            await client.expect(None, (SEALED,))
        world.executor.crowded, world.executor.stopped = False, True
        with pytest.raises(LocalError, match="HTTP 503"):
            await client.expect(None, (SEALED,))
    async with visiting(world, alice, sign=Owner(12).key.sign) as client:
        with pytest.raises(LocalError, match=r"HTTP 403.*opens nothing here"):
            await client.expect(None, (SEALED,))


async def test_only_the_attested_ca_is_trusted(world, alice):
    other = DoorWorld()
    other.authority = CertificateAuthority(bytes(range(1, 49)))
    for tls in (other.tls(), ssl.create_default_context()):
        async with visiting(world, alice, tls=tls) as client:
            with pytest.raises(LocalError, match="cannot be reached"):
                await client.expect(None, (SEALED,))
    assert not world.executor.payloads


async def test_an_enclave_that_is_away_is_said(world, alice):
    async with visiting(world, alice, port=1) as client:
        with pytest.raises(LocalError, match="cannot be reached"):
            await client.fetch(None, bytes(32), 1)
        with pytest.raises(StreamError):
            await anext(client.stream(None, REQUEST))


async def test_answers_are_fetched_or_gone(world, alice):
    body_hash = sealed_hash(SEALED)
    world.executor.bodies[bytes(alice.state.token), body_hash] = SEALED
    async with visiting(world, alice) as client:
        assert await client.fetch(None, body_hash, len(SEALED)) == SEALED
        with pytest.raises(MissingBodyError):
            await client.fetch(None, bytes(32), 1)
        with pytest.raises(LocalError, match="HTTP 400"):
            await client.fetch(None, body_hash, 1)


async def test_an_answer_that_does_not_come_in_time_is_given_up(world, alice):
    world.executor.hold.clear()
    async with visiting(world, alice, limits=Limits(fetch_timeout_s=0.05)) as client:
        with pytest.raises(LocalError, match="did not answer within"):
            await client.fetch(None, bytes(32), 1)
        world.executor.hold.set()


async def test_local_requests_are_answered(world, alice):
    async with visiting(world, alice) as client:
        answer = await client.local(None, HttpRequest("GET", "/api", (("Accept", "x"),), b""))
        assert (answer.status, answer.header("content-type"), answer.body) == (200, "application/json", b"/api")
        with pytest.raises(LocalError, match=r"HTTP 403.*contract's to decide"):
            await client.local(None, HttpRequest("GET", "/api/v1/secrets", (), b""))
    [(_, request)] = world.executor.locals
    assert request.headers == (("Accept", "x"),)


async def test_a_stream_is_read_frame_by_frame(world, alice):
    frames = [b"one", b"two" * 100_000, b"3"]
    world.executor.streams[bytes(alice.state.token), bytes(REQUEST)] = frames
    async with visiting(world, alice) as client:
        assert [frame async for frame in client.stream(None, REQUEST)] == frames


async def test_a_stream_that_is_cut_or_refused_is_said(world, alice):
    world.executor.streams[bytes(alice.state.token), bytes(REQUEST)] = [b"one"]
    world.executor.cut = True
    async with visiting(world, alice) as client:
        with pytest.raises(StreamError, match="broke"):
            [frame async for frame in client.stream(None, REQUEST)]
    async with visiting(world, alice, sign=Owner(12).key.sign) as client:
        with pytest.raises(StreamError, match="HTTP 403"):
            await anext(client.stream(None, REQUEST))


async def test_reading_slowly_slows_the_enclave_down(world, alice):
    frames = 400
    world.executor.streams[bytes(alice.state.token), bytes(REQUEST)] = [bytes(256 * 1024)] * frames
    async with visiting(world, alice) as client:
        stream = client.stream(None, REQUEST)
        await anext(stream)
        await asyncio.sleep(0.3)
        assert world.executor.given < frames // 2
        await stream.aclose()
        async with asyncio.timeout(10):
            while world.executor.open_streams:  # noqa: ASYNC110 - what is waited for knows of no event
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def lying(world, answer):
    """Something behind the attested CA that answers everything alike."""

    async def issue(der: bytes) -> bytes:
        return world.authority.issue(der)

    leaf = await obtain_leaf(issue)
    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=leaf.context())
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize(("status", "body"), [(200, b"x" * 1000), (200, b"\xff"), (302, b""), (500, b"no json")])
async def test_a_broken_enclave_is_not_believed(world, alice, status, body):
    async def answer(_request):
        return web.Response(status=status, body=body, headers={"Location": "https://127.0.0.1:1/"})

    async with lying(world, answer) as port, visiting(world, alice, port=port) as client:
        with pytest.raises(LocalError):
            await client.fetch(None, bytes(32), 0)
        with pytest.raises(LocalError):
            await client.local(None, HttpRequest("GET", "/api"))
        with pytest.raises(StreamError):
            [frame async for frame in client.stream(None, REQUEST)]
