"""The gateway's neighbours over real UNIX sockets."""

from __future__ import annotations

import asyncio
import contextlib

import cbor2
import pytest

from chain.grants import parse_bearer
from chain.rules import parse_rules
from enclave.gateway_ports import IpcExecutor, IpcSigner
from gateway.errors import GasError, LocalError, MissingBodyError, StreamError
from gateway.identity import Identity
from gateway.limits import Limits
from gateway.messages import HttpRequest
from gateway.ports import SignedTransaction
from sui.types import Address, Digest, ObjectRef
from tests.gateway.world import Owner, World
from wire.errors import IpcError
from wire.ipc import Client, Server
from wire.streams import read_frame, write_frame

REF = ObjectRef(Address(b"\x09" * 32), 7, Digest(b"\x08" * 32))
SIGNED = SignedTransaction(b"tx", b"s" * 97, Digest(b"\x05" * 32), 1, 9)


@contextlib.asynccontextmanager
async def served(path, **methods):
    """A neighbour with these methods; each takes the parameters."""

    def handler(method):
        async def answer(_peer, params):
            return method(params)

        return answer

    async with Server(path, {name: handler(method) for name, method in methods.items()}):
        client = Client(path)
        try:
            yield client
        finally:
            await client.close()


def _identity(world, owner):
    return Identity(owner.state.token, owner.state.owner, parse_bearer(owner.bearer(world)), owner.state)


WHO = _identity(World(), Owner(11))


def refuse(code):
    def method(_params):
        raise IpcError(code, "because")

    return method


async def test_the_signer_signs_and_settles(tmp_path):
    asked = []
    answer = {"transaction": b"tx", "signature": b"s" * 97, "digest": b"\x05" * 32, "lease": 1, "balance": 9}
    async with served(
        tmp_path / "s", sign_transaction=lambda p: asked.append(p) or answer, settle=asked.append
    ) as client:
        signer = IpcSigner(client)
        assert await signer.sign(b"kind", gas_budget=5, gas_price=6) == SIGNED
        await signer.settle(1, REF, 4)
        await signer.settle(1, None)
    assert asked == [
        {"kind": b"kind", "gas_budget": 5, "gas_price": 6, "expiration_epoch": None},
        {"lease": 1, "coin": {"object_id": b"\x09" * 32, "version": 7, "digest": b"\x08" * 32, "balance": 4}},
        {"lease": 1, "coin": None},
    ]


async def test_an_empty_pool_and_a_refusal_are_told_apart(tmp_path):
    async with served(tmp_path / "a", sign_transaction=refuse("no-gas")) as client:
        with pytest.raises(GasError):
            await IpcSigner(client).sign(b"", gas_budget=1, gas_price=1)
    async with served(tmp_path / "b", sign_transaction=refuse("refused"), settle=refuse("x")) as client:
        with pytest.raises(LocalError):
            await IpcSigner(client).sign(b"", gas_budget=1, gas_price=1)
        await IpcSigner(client).settle(1, None)
    async with served(tmp_path / "c", sign_transaction=lambda _: {"transaction": b"only"}) as client:
        with pytest.raises(LocalError):
            await IpcSigner(client).sign(b"", gas_budget=1, gas_price=1)
    with pytest.raises(LocalError):
        await IpcSigner(Client(tmp_path / "nobody")).sign(b"", gas_budget=1, gas_price=1)


async def test_the_executor_is_told_before_and_answers_locally(tmp_path):
    asked = []
    answer = {"status": 200, "headers": [["Content-Type", "application/json"]], "body": b"{}"}
    world = World()
    alice = world.own(Owner(11, narrowed=parse_rules(["/pods:default:get"])))
    identity = _identity(world, alice)
    async with served(tmp_path / "e", expect=asked.append, local=lambda p: asked.append(p) or answer) as client:
        executor = IpcExecutor(client, tmp_path / "stream", Limits())
        await executor.expect(SIGNED, (b"large",))
        response = await executor.local(identity, HttpRequest("GET", "/api", (("Accept", "x"),), b""))
    assert (response.status, response.body) == (200, b"{}")
    assert asked[0] == {"digest": b"\x05" * 32, "transaction": b"tx", "signature": b"s" * 97, "payloads": [b"large"]}
    assert asked[1] == {
        "token": bytes(alice.state.token),
        "owner": bytes(alice.state.owner),
        "grant_session": identity.session,
        "narrowed": [["", "pods", "", "default", ["get"]]],
        "method": "GET",
        "target": "/api",
        "headers": [["Accept", "x"]],
        "body": b"",
    }


@pytest.mark.parametrize("answer", [None, {}, {"status": "x", "headers": [], "body": b""}, {"status": 200}])
async def test_a_malformed_answer_is_none(tmp_path, answer):
    world = World()
    async with served(tmp_path / "e", local=lambda _: answer) as client:
        executor = IpcExecutor(client, tmp_path / "stream", Limits())
        with pytest.raises(LocalError):
            await executor.local(_identity(world, world.own(Owner(11))), HttpRequest("GET", "/api"))


async def test_a_body_is_fetched_or_gone(tmp_path):
    async with served(tmp_path / "e", fetch=lambda p: {"sealed": p["body_hash"] * 2}) as client:
        executor = IpcExecutor(client, tmp_path / "stream", Limits())
        assert await executor.fetch(WHO, b"ab", 4) == b"abab"
        with pytest.raises(LocalError):
            await executor.fetch(WHO, b"ab", 5)
    async with served(tmp_path / "f", fetch=refuse("not-found")) as client:
        with pytest.raises(MissingBodyError):
            await IpcExecutor(client, tmp_path / "stream", Limits()).fetch(WHO, b"ab", 4)


@contextlib.asynccontextmanager
async def streaming(path, serve):
    server = await asyncio.start_unix_server(serve, path)
    try:
        yield
    finally:
        server.close()


async def test_a_stream_is_read_frame_by_frame(tmp_path):
    heard = []

    async def serve(reader, writer):
        heard.append(cbor2.loads(await read_frame(reader)))
        for frame in (b"one", b"two"):
            await write_frame(writer, frame)
        writer.close()

    async with streaming(tmp_path / "stream", serve):
        executor = IpcExecutor(Client(tmp_path / "e"), tmp_path / "stream", Limits())
        assert [frame async for frame in executor.stream(WHO, REF.object_id)] == [b"one", b"two"]
    assert heard == [{"request_id": b"\x09" * 32, "token": bytes(WHO.token)}]


async def test_a_stream_that_breaks_in_a_frame_is_cut(tmp_path):
    async def serve(reader, writer):
        await read_frame(reader)
        writer.write(b"\x00\x00\x00\x09half")
        writer.close()

    async with streaming(tmp_path / "stream", serve):
        executor = IpcExecutor(Client(tmp_path / "e"), tmp_path / "stream", Limits())
        with pytest.raises(StreamError):
            [frame async for frame in executor.stream(WHO, REF.object_id)]
    with pytest.raises(StreamError):
        [frame async for frame in executor.stream(WHO, REF.object_id)]


async def test_a_client_that_leaves_closes_the_stream(tmp_path):
    closed = asyncio.Event()

    async def serve(reader, writer):
        await read_frame(reader)
        await write_frame(writer, b"one")
        assert await reader.read() == b""
        closed.set()
        writer.close()

    async with streaming(tmp_path / "stream", serve):
        frames = IpcExecutor(Client(tmp_path / "e"), tmp_path / "stream", Limits()).stream(WHO, REF.object_id)
        assert await anext(frames) == b"one"
        await frames.aclose()
        async with asyncio.timeout(5):
            await closed.wait()
