"""The relays carry bytes both ways, record them when asked, and say clearly when a port is taken."""

import asyncio
import socket

import pytest

from parent.errors import PortTakenError
from parent.relays import Address, Relays
from wire.control import ATTESTATION_PORT, GATEWAY_PORT, LEDGER_PORT
from wire.vsock import Loopback

ANY = Address("127.0.0.1", 0)


async def echo(listener, mark):
    """Answer each connection's bytes with a mark before them, until cancelled."""

    async def serve(connection):
        reader, writer = await asyncio.open_connection(sock=connection)
        while data := await reader.read(1024):
            writer.write(mark + data)
            await writer.drain()
        writer.close()

    async with asyncio.TaskGroup() as tasks:
        while True:
            tasks.create_task(serve(await listener.accept()))


async def ask(address, message):
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(message)
    answer = await reader.read(1024)
    writer.close()
    return answer


class Guest(Loopback):
    """A vsock whose guest side is in this process."""


@pytest.fixture
async def guest():
    vsock = Guest()
    served = [
        asyncio.create_task(echo(vsock.listen(GATEWAY_PORT), b"gateway:")),
        asyncio.create_task(echo(vsock.listen(ATTESTATION_PORT), b"document:")),
    ]
    yield vsock
    for task in served:
        task.cancel()
    await asyncio.gather(*served, return_exceptions=True)


async def test_each_relay_reaches_its_own_port(guest):
    relays = Relays(guest, ledger=ANY)
    gateway, attestation = relays.start(gateway=ANY, attestation=ANY)
    assert await ask(gateway, b"hello") == b"gateway:hello"
    assert await ask(attestation, b"hello") == b"document:hello"
    await relays.stop()
    with pytest.raises(OSError):
        await ask(gateway, b"hello")


async def test_the_enclave_reaches_the_ledger_of_the_settings(guest):
    server = await asyncio.start_server(lambda _, w: (w.write(b"ledger"), w.close()), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    relays = Relays(guest, ledger=Address("127.0.0.1", port))
    relays.start(gateway=ANY, attestation=ANY)
    reader, writer = await asyncio.open_connection(sock=await guest.connect(LEDGER_PORT))
    assert await reader.read() == b"ledger"
    writer.close()
    await relays.stop()
    server.close()


async def test_recording_keeps_every_byte(guest, tmp_path):
    relays = Relays(guest, ledger=ANY, record=tmp_path)
    gateway, _ = relays.start(gateway=ANY, attestation=ANY)
    await ask(gateway, b"secret-looking bytes")
    await relays.stop()
    assert (tmp_path / "gateway-1-forth").read_bytes() == b"secret-looking bytes"
    assert (tmp_path / "gateway-1-back").read_bytes() == b"gateway:secret-looking bytes"


async def test_a_taken_port_names_the_flag_to_change(guest):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        relays = Relays(guest, ledger=ANY)
        with pytest.raises(PortTakenError, match="--listen HOST:PORT"):
            relays.start(gateway=Address("127.0.0.1", taken.getsockname()[1]), attestation=ANY)
        await relays.stop()


@pytest.mark.parametrize("text", ["", "host", "host:", "host:x", ":1", "host:65536", "host:-1"])
def test_bad_addresses_are_refused(text):
    with pytest.raises(ValueError, match="HOST:PORT"):
        Address.parse(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "[::1]:8080", "example.org:443"])
def test_addresses_are_read_and_printed(text):
    assert str(Address.parse(text)) == text
