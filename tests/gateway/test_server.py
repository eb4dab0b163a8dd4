"""The HTTPS shell over real sockets."""

from __future__ import annotations

import asyncio
import gzip
import io

import aiohttp
import pytest
from yarl import URL

from chain.rules import parse_rules
from gateway.messages import HttpResponse

PODS = "/api/v1/namespaces/default/pods"


def bearer(world, owner):
    return {"Authorization": f"Bearer {owner.bearer(world)}"}


async def test_a_request_and_its_answer(world, served, alice):
    world.handler = lambda request: HttpResponse(200, (("Content-Type", "text/plain"),), request.body)
    async with served.request("POST", PODS, headers=bearer(world, alice), data=b"abc") as response:
        assert response.status == 200
        assert response.headers["Audit-ID"].startswith("0x")
        assert await response.read() == b"abc"


async def test_the_target_arrives_as_it_was_sent(world, served, alice):
    target = PODS + "?fieldSelector=metadata.name%3Dx&labelSelector=a%20in%20%28b%2Cc%29"
    url = URL(f"https://127.0.0.1:{served.port}{target}", encoded=True)
    async with served.session.get(
        url, ssl=served.tls, server_hostname="enclave.k3s-daas", headers=bearer(world, alice)
    ):
        assert world.requests[0].target == target


async def test_a_head_request_has_headers_and_no_body(world, served, alice):
    async with served.request("HEAD", PODS, headers=bearer(world, alice)) as response:
        assert response.status == 200
        assert await response.read() == b""
    assert world.requests[0].method == "HEAD"


async def test_a_large_answer_arrives_whole(world, served, alice):
    world.handler = lambda _: HttpResponse(200, (), b"y" * 5_000_000)
    async with served.request("GET", PODS, headers=bearer(world, alice)) as response:
        assert await response.read() == b"y" * 5_000_000


async def test_a_compressed_body_stays_compressed(world, served, alice):
    body = gzip.compress(b"x" * 1000)
    headers = bearer(world, alice) | {"Content-Encoding": "gzip"}
    async with served.request("POST", PODS, headers=headers, data=body) as response:
        assert response.status == 200
    assert world.requests[0].body == body
    assert world.requests[0].header("content-encoding") == "gzip"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_cap_is_413(world, served, alice, chunked):
    async def pieces():
        for _ in range(4):
            yield b"x" * (1024 * 1024)

    data = pieces() if chunked else io.BytesIO(b"x" * (4 * 1024 * 1024))
    try:
        async with served.request("POST", PODS, headers=bearer(world, alice), data=data) as response:
            assert response.status == 413
    except aiohttp.ClientConnectionError:
        pass  # The refusal may overtake the sending of the rest.
    assert not world.submissions


async def test_a_long_bearer_fits_into_a_header(world, served, alice):
    rules = tuple(f"/configmaps:{'n' * 60}-{n}:get,list,watch,create,update,patch,delete" for n in range(64))
    alice.narrowed = parse_rules(rules)
    async with served.request("GET", PODS, headers=bearer(world, alice)) as response:
        assert response.status == 403
    assert len(alice.bearer(world)) > 8192


async def test_a_watch_is_chunked_and_arrives_piece_by_piece(world, served, alice):
    world.frames = [b"one\n", b"two\n"]
    async with served.request("GET", PODS + "?watch=1", headers=bearer(world, alice)) as response:
        assert response.headers["Transfer-Encoding"] == "chunked"
        world.hold.clear()
        world.hold.set()
        assert await response.read() == b"one\ntwo\n"
    assert world.streams_closed == 1


async def test_a_cut_watch_breaks_the_connection(world, served, alice):
    world.frames, world.cut_stream = [b"one\n"], True
    async with served.request("GET", PODS + "?watch=1", headers=bearer(world, alice)) as response:
        with pytest.raises(aiohttp.ClientError):
            await response.read()


async def test_a_watch_that_nobody_reads_any_more_is_closed(world, served, alice):
    world.frames = [b"x" * 65536] * 4000
    response = await served.request("GET", PODS + "?watch=1", headers=bearer(world, alice))
    await response.content.readany()
    response.close()
    for _ in range(100):
        if world.streams_closed:
            break
        await asyncio.sleep(0.02)
    assert world.streams_closed == 1


async def test_a_slow_reader_holds_the_sender_back(world, served, alice):
    world.frames = [b"x" * 65536] * 2000
    given = 0

    def count(frames):
        nonlocal given
        for frame in frames:
            given += 1
            yield frame

    world.frames = count(world.frames)
    response = await served.request("GET", PODS + "?watch=1", headers=bearer(world, alice))
    await asyncio.sleep(0.3)
    assert given < 1000
    assert len(await response.read()) == 65536 * 2000
    response.close()


async def test_plain_http_on_the_port_is_dropped_and_others_go_on(world, served, alice):
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert not (await reader.read()).startswith(b"HTTP")
    writer.close()
    async with served.request("GET", PODS, headers=bearer(world, alice)) as response:
        assert response.status == 200


async def test_a_client_that_leaves_an_idle_watch_frees_it(world, served, alice):
    def frames():
        yield b"one\n"
        world.hold.clear()
        yield b"never"

    world.frames = frames()
    response = await served.request("GET", PODS + "?watch=1", headers=bearer(world, alice))
    assert await response.content.readany() == b"one\n"
    assert not world.streams_closed
    response.close()
    async with asyncio.timeout(10):
        while not world.streams_closed:  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.02)
