"""The relay: bytes whole, both ways at once, under slow, cut and silent peers."""

# ruff: noqa: N802 - N numbers are written as the list has them

import asyncio
import contextlib
import hashlib
import random

import pytest

from wire.errors import ConnectFailed
from wire.relay import Direction, Relay, RelayLimits
from wire.sockets import dial_tcp, listen_tcp
from wire.vsock import Loopback

MIB = 1 << 20


class Rig:
    """Client - relay - server, all on loopback ports."""

    def __init__(self, serve, *, limits=None, tap=None, far_open=True):
        self.network = Loopback()
        self.serve = serve
        self.relay = Relay(self.network.listen(1), self.dial, limits=limits or RelayLimits(), tap=tap)
        self.far = self.network.listen(2) if far_open else None

    async def dial(self):
        return await asyncio.open_connection(sock=await self.network.connect(2))

    async def client(self):
        return await asyncio.open_connection(sock=await self.network.connect(1))

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self.relay.serve())]
        if self.far is not None:
            self.tasks.append(asyncio.create_task(self.accept()))
        return self

    async def accept(self):
        while True:
            streams = await asyncio.open_connection(sock=await self.far.accept())
            self.tasks.append(asyncio.create_task(self.run(*streams)))

    async def run(self, reader, writer):
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
        finally:
            writer.close()

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0.01)

    async def quiet(self):
        while self.relay.counters.active:  # noqa: ASYNC110 - the counter is what is tested
            await asyncio.sleep(0.005)


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.write_eof()


async def test_N4_one_mebibyte_both_ways_at_once_is_whole_and_recorded():
    seen = {Direction.FORTH: hashlib.sha256(), Direction.BACK: hashlib.sha256()}
    up, down = random.Random(1).randbytes(MIB), random.Random(2).randbytes(MIB)
    received = asyncio.get_running_loop().create_future()

    async def serve(reader, writer):
        async def send():
            writer.write(down)
            await writer.drain()

        _, got = await asyncio.gather(send(), reader.readexactly(MIB))
        received.set_result(got)

    async with Rig(serve, tap=lambda _, way, data: seen[way].update(data)) as rig:
        reader, writer = await rig.client()
        writer.write(up)
        got = await asyncio.wait_for(reader.readexactly(MIB), 20)
        assert got == down
        assert await received == up
        assert await reader.read() == b""
        writer.close()
        await rig.quiet()
        assert rig.relay.counters.bytes == {Direction.FORTH: MIB, Direction.BACK: MIB}
    assert seen[Direction.FORTH].digest() == hashlib.sha256(up).digest()
    assert seen[Direction.BACK].digest() == hashlib.sha256(down).digest()


async def test_half_close_lets_the_answer_through():
    async def serve(reader, writer):
        question = await reader.read()
        writer.write(question[::-1])

    async with Rig(serve) as rig:
        reader, writer = await rig.client()
        writer.write(b"question")
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), 5) == b"noitseuq"
        writer.close()
        await rig.quiet()


async def test_a_slow_reader_slows_the_sender():
    gate = asyncio.Event()

    async def serve(reader, writer):
        await gate.wait()
        assert len(await reader.readexactly(32 * MIB)) == 32 * MIB
        writer.write(b"done")

    async with Rig(serve) as rig:
        reader, writer = await rig.client()
        sending = asyncio.create_task(_send(writer, 32 * MIB))
        await asyncio.sleep(0.2)
        assert not sending.done()
        assert rig.relay.counters.bytes[Direction.FORTH] < 4 * MIB
        gate.set()
        assert await asyncio.wait_for(reader.readexactly(4), 20) == b"done"
        await sending
        writer.close()


async def _send(writer, count):
    for _ in range(count // 65536):
        writer.write(bytes(65536))
        await writer.drain()


async def test_N2_an_idle_connection_is_cut():
    async with Rig(echo, limits=RelayLimits(idle_timeout_s=0.1)) as rig:
        reader, writer = await rig.client()
        for _ in range(4):
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            await asyncio.sleep(0.06)
        assert await asyncio.wait_for(reader.read(), 2) == b""
        assert rig.relay.counters.idle == 1
        writer.close()


async def test_N2_connections_above_the_cap_are_closed_at_once():
    async with Rig(echo, limits=RelayLimits(connections=2)) as rig:
        kept = [await rig.client() for _ in range(2)]
        for reader, writer in kept:
            writer.write(b"x")
            await reader.readexactly(1)
        reader, writer = await rig.client()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        assert rig.relay.counters.refused == 1
        writer.close()
        kept[0][1].close()
        while rig.relay.counters.active == 2:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        reader, writer = await rig.client()
        writer.write(b"y")
        assert await asyncio.wait_for(reader.readexactly(1), 2) == b"y"
        writer.close()
        kept[1][1].close()


async def test_a_far_side_that_does_not_answer_closes_the_near_side():
    async with Rig(echo, far_open=False) as rig:
        reader, writer = await rig.client()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        assert rig.relay.counters.failed == 1
        writer.close()


async def test_N2_a_far_side_that_never_connects_runs_out_of_time():
    async with Rig(echo, limits=RelayLimits(connect_timeout_s=0.05)) as rig:

        async def never():
            await asyncio.Event().wait()

        rig.relay._dial = never
        reader, writer = await rig.client()
        assert await asyncio.wait_for(reader.read(), 2) == b""
        writer.close()


@pytest.mark.parametrize("seed", range(6))
async def test_cut_and_slow_peers_leave_nothing_behind(seed):
    chance = random.Random(seed)

    async def moody(reader, writer):
        while data := await reader.read(chance.randrange(1, 5000)):
            if chance.random() < 0.05:
                writer.transport.abort()
                return
            await asyncio.sleep(chance.random() * 0.002)
            writer.write(data)
            await writer.drain()

    async def talk(rig):
        reader, writer = await rig.client()
        sent = got = b""
        with contextlib.suppress(OSError):
            for _ in range(chance.randrange(1, 12)):
                part = chance.randbytes(chance.randrange(1, 20_000))
                writer.write(part)
                sent += part
                await asyncio.sleep(chance.random() * 0.002)
                got += await asyncio.wait_for(reader.read(4096), 5)
            if chance.random() < 0.5:
                writer.transport.abort()
        writer.close()
        assert sent.startswith(got)

    async with Rig(moody) as rig:
        await asyncio.wait_for(asyncio.gather(*(talk(rig) for _ in range(12))), 30)
        await asyncio.wait_for(rig.quiet(), 5)
        assert rig.relay.counters.accepted == 12


async def test_tcp_names_are_dialled_and_absence_is_named():
    listener = listen_tcp("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]
    near, far = await asyncio.gather(dial_tcp("127.0.0.1", port, timeout_s=2), listener.accept())
    near.close()
    far.close()
    listener.close()
    with pytest.raises(ConnectFailed, match=f":{port} cannot be reached"):
        await dial_tcp("127.0.0.1", port, timeout_s=2)
