"""The numbered ports: handshake, handing over, refusals; one set of tests for every family that runs here."""

# ruff: noqa: N802 - N numbers are written as the list has them

import asyncio
import contextlib
import socket
from pathlib import Path

import pytest

from wire.errors import AddressInvalid, ConnectFailed
from wire.sockets import SocketListener, dial_tcp, dial_unix, listen_tcp, listen_unix
from wire.vsock import (
    HybridGuest,
    HybridHost,
    HybridSwitch,
    KernelVsock,
    Loopback,
    VsockLimits,
    open_vsock,
)

LIMITS = VsockLimits(connect_timeout_s=0.5)


class Machine:
    """Host and guest of one simulated hybrid vsock."""

    def __init__(self, folder):
        guest = folder / "guest"
        guest.mkdir()
        self.path = folder / "v.sock"
        self.host = HybridHost(self.path, LIMITS)
        self.guest = HybridGuest(self.path, guest, LIMITS)
        self.listening = listen_unix(self.path)
        self.switch = HybridSwitch(self.listening, guest, LIMITS)


@pytest.fixture
async def machine(tmp_path):
    machine = Machine(tmp_path)
    serving = asyncio.create_task(machine.switch.serve())
    yield machine
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    machine.listening.close()


async def exchange(connecting, listening, port):
    listener = listening.listen(port)
    loop = asyncio.get_running_loop()
    try:
        with await connecting.connect(port) as near, await listener.accept() as far:
            await loop.sock_sendall(near, b"ping")
            assert await loop.sock_recv(far, 10) == b"ping"
            await loop.sock_sendall(far, b"pong")
            assert await loop.sock_recv(near, 10) == b"pong"
    finally:
        listener.close()


async def test_host_to_guest(machine):
    await exchange(machine.host, machine.guest, 5000)


async def test_guest_to_host(machine):
    await exchange(machine.guest, machine.host, 8001)


async def test_loopback():
    loopback = Loopback()
    await exchange(loopback, loopback, 7)
    with pytest.raises(ConnectFailed):
        await loopback.connect(7)


async def test_what_the_host_sends_right_behind_the_handshake_reaches_the_guest(machine):
    listener, loop = machine.guest.listen(5000), asyncio.get_running_loop()
    with await dial_unix(machine.path, timeout_s=1) as raw:
        await loop.sock_sendall(raw, b"CONNECT 5000\nhello")
        with await listener.accept() as far:
            assert await loop.sock_recv(far, 10) == b"hello"
            assert (await loop.sock_recv(raw, 20)).startswith(b"OK ")
    listener.close()


async def test_nobody_listening_is_an_error_on_both_ways(machine):
    with pytest.raises(ConnectFailed, match="5000"):
        await machine.host.connect(5000)
    with pytest.raises(ConnectFailed, match="_8001"):
        await machine.guest.connect(8001)


@pytest.mark.parametrize(
    "handshake",
    [
        b"CONNECT\n",
        b"CONNECT x\n",
        b"connect 5000\n",
        b"CONNECT 5000 1\n",
        b"CONNECT -1\n",
        b"x" * 64,
        b"\n",
        b"CONNECT 4294967296\n",
        b"CONNECT ../../etc\n",
        b"",
    ],
)
async def test_a_wrong_handshake_is_dropped_and_the_next_one_works(machine, handshake):
    loop = asyncio.get_running_loop()
    with await dial_unix(machine.path, timeout_s=1) as raw:
        await loop.sock_sendall(raw, handshake)
        if not handshake.endswith(b"\n"):
            raw.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(loop.sock_recv(raw, 10), 2) == b""
    await exchange(machine.host, machine.guest, 5000)


async def test_N2_a_silent_peer_is_dropped_in_time(machine):
    loop = asyncio.get_running_loop()
    with await dial_unix(machine.path, timeout_s=1) as raw:
        assert await asyncio.wait_for(loop.sock_recv(raw, 10), 2) == b""


async def test_a_stranger_at_the_guests_listener_costs_only_his_turn(machine):
    listener = machine.guest.listen(5000)
    with await dial_unix(machine.guest.folder / "port_5000", timeout_s=1) as stranger:
        await asyncio.get_running_loop().sock_sendall(stranger, b"x")
        near, far = await asyncio.gather(machine.host.connect(5000), listener.accept())
        near.close()
        far.close()
    listener.close()


async def test_a_port_can_be_taken_again_after_close(machine):
    for _ in range(2):
        await exchange(machine.host, machine.guest, 5001)


@pytest.mark.parametrize(
    ("address", "kind"),
    [("vsock:3", KernelVsock), ("uds-host:/a/b", HybridHost), ("uds-guest:/a/b:/c", HybridGuest)],
)
def test_addresses(address, kind):
    assert isinstance(open_vsock(address), kind)


@pytest.mark.parametrize("address", ["", "vsock", "vsock:x", "tcp:1:2", "uds-host:", "uds-guest:/a"])
def test_other_addresses_are_refused(address):
    with pytest.raises(AddressInvalid):
        open_vsock(address)


@pytest.mark.parametrize("port", [-1, 2**32])
async def test_ports_out_of_range_are_refused(machine, port):
    with pytest.raises(AddressInvalid):
        await machine.host.connect(port)


@pytest.mark.parametrize(("peer", "cid", "taken"), [(3, 3, True), (3, 2, True), (3, 4, False), (16, 3, False)])
async def test_N1_peers_of_another_cid_are_dropped(monkeypatch, peer, cid, taken):
    listening = socket.socket(socket.AF_UNIX)
    ours, theirs = socket.socketpair()
    second, _keep = socket.socketpair()
    arrivals = iter([(ours, (cid, 1)), (second, (peer, 1))])

    async def next_arrival(_):
        return next(arrivals)

    listener = SocketListener(listening, accepts_peer=KernelVsock(peer)._accepts)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_accept", next_arrival)
    assert (await listener.accept() is ours) == taken
    assert (ours.fileno() < 0) != taken
    for each in (listening, ours, theirs, second, _keep):
        each.close()


async def test_a_taken_address_is_named(tmp_path):
    listener = listen_tcp("127.0.0.1", 0)
    port = listener.socket.getsockname()[1]
    with pytest.raises(ConnectFailed, match=f"127.0.0.1:{port}.*choose another"):
        listen_tcp("127.0.0.1", port)
    listener.close()
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ConnectFailed):
        listen_unix(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "precious"


async def test_the_kernels_vsock_on_its_own_loopback():
    here = KernelVsock(1, LIMITS)
    try:
        await exchange(here, here, 51_234)
    except (ConnectFailed, OSError) as error:
        pytest.skip(f"this kernel has no vsock loopback: {error}")


async def test_the_kernels_vsock_names_an_absent_peer():
    try:
        socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM).close()
    except OSError:
        pytest.skip("this kernel has no AF_VSOCK")
    with pytest.raises(ConnectFailed, match="CID 77"):
        await KernelVsock(77, LIMITS).connect(1)


async def test_a_name_without_an_address_is_named():
    with pytest.raises(ConnectFailed, match="cannot be reached"):
        await dial_tcp("no-such-name.invalid", 1, timeout_s=0.3)
    with pytest.raises(ConnectFailed):
        listen_unix(Path("/proc/none"))
