"""Calls between processes: many at once, errors as codes, hostile bytes as a closed connection."""

import asyncio
import os

import cbor2
import pytest

from wire.errors import ConnectFailed, IpcError, IpcLost
from wire.frames import encode_frame
from wire.ipc import Client, IpcLimits, Server


class Service:
    def __init__(self):
        self.release = asyncio.Event()
        self.reports = []
        self.running = 0
        self.most = 0

    async def add(self, peer, params):
        return params["a"] + params["b"]

    async def who(self, peer, params):
        return [peer.uid, peer.pid]

    async def wait(self, peer, params):
        self.running += 1
        self.most = max(self.most, self.running)
        await self.release.wait()
        self.running -= 1
        return params

    async def refuse(self, peer, params):
        raise IpcError("no-gas", "the pool is empty: top it up")

    async def crash(self, peer, params):
        raise ValueError("secret inside")

    async def big(self, peer, params):
        return bytes(params)


@pytest.fixture
async def service(tmp_path):
    service = Service()
    names = ("add", "who", "wait", "refuse", "crash", "big")
    handlers = {name: getattr(service, name) for name in names} | {"closed": service.add}
    service.path = tmp_path / "s.sock"
    service.limits = IpcLimits(frame_bytes=100_000, calls_per_connection=4, frame_timeout_s=0.2, connections=3)
    service.server = Server(
        service.path,
        handlers,
        service.limits,
        allowed={"closed": frozenset({99_999})},
        report=lambda method, error: service.reports.append((method, str(error))),
    )
    async with service.server:
        service.client = Client(service.path, service.limits)
        yield service
        await service.client.close()


async def test_a_call_and_its_answer(service):
    assert await service.client.call("add", {"a": 1, "b": 2}) == 3
    assert await service.client.call("who") == [os.getuid(), os.getpid()]


async def test_calls_overtake_one_another(service):
    slow = asyncio.create_task(service.client.call("wait", "slow"))
    assert await service.client.call("add", {"a": 1, "b": 1}) == 2
    assert not slow.done()
    service.release.set()
    assert await slow == "slow"


async def test_calls_under_way_are_capped_and_the_rest_wait(service):
    calls = [asyncio.create_task(service.client.call("wait", n)) for n in range(10)]
    await asyncio.sleep(0.1)
    assert service.most == 4
    service.release.set()
    assert await asyncio.gather(*calls) == list(range(10))


async def test_errors_have_codes_and_tell_no_inside(service):
    for method, code in (
        ("refuse", "no-gas"),
        ("crash", "internal"),
        ("nothing", "unknown-method"),
        ("closed", "forbidden"),
    ):
        with pytest.raises(IpcError) as refused:
            await service.client.call(method, {"a": 1, "b": 2})
        assert refused.value.code == code
        assert "secret" not in str(refused.value)
    assert service.reports == [("crash", "secret inside")]


async def test_messages_above_the_cap_are_refused_on_both_sides(service):
    with pytest.raises(IpcError, match="too-large"):
        await service.client.call("add", bytes(200_000))
    with pytest.raises(IpcError, match="too-large"):
        await service.client.call("big", 200_000)
    assert len(await service.client.call("big", 90_000)) == 90_000


async def test_a_late_answer_is_lost_and_the_connection_goes_on(service):
    with pytest.raises(IpcLost, match="within"):
        await service.client.call("wait", 1, timeout=0.05)
    service.release.set()
    assert await service.client.call("add", {"a": 2, "b": 2}) == 4


async def test_a_lost_server_fails_the_calls_and_a_new_one_is_found(service):
    waiting = asyncio.create_task(service.client.call("wait", 1))
    await asyncio.sleep(0.05)
    await service.server.__aexit__()
    with pytest.raises(IpcLost):
        await waiting
    with pytest.raises(ConnectFailed):
        await service.client.call("add", {"a": 1, "b": 1})
    async with service.server:
        assert await service.client.call("add", {"a": 1, "b": 1}) == 2


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        encode_frame(b"\xff"),
        encode_frame(b""),
        encode_frame(cbor2.dumps(1)),
        encode_frame(cbor2.dumps({"id": "x", "method": "add"})),
        encode_frame(cbor2.dumps({"id": 1})),
        encode_frame(b"\x81" * 5000),
        b"\x00\x00\x00\x05ab",
    ],
)
async def test_hostile_bytes_close_the_connection_and_hurt_nobody(service, data):
    reader, writer = await asyncio.open_unix_connection(str(service.path))
    writer.write(data)
    assert await asyncio.wait_for(reader.read(), 3) == b""
    writer.close()
    assert await service.client.call("add", {"a": 1, "b": 1}) == 2


async def test_connections_above_the_cap_are_closed(service):
    clients = [Client(service.path, service.limits) for _ in range(3)]
    for client in clients:
        await client.call("add", {"a": 1, "b": 1})
    with pytest.raises(IpcLost):
        await service.client.call("add", {"a": 1, "b": 1}, timeout=1)
    for client in clients:
        await client.close()


async def test_a_server_that_was_not_started_says_so(tmp_path):
    with pytest.raises(RuntimeError, match="not started"):
        await Server(tmp_path / "x", {}).serve()
