"""The one way between parent and enclave: numbered ports, whatever carries them.

Three families with one interface (`Vsock`): AF_VSOCK; UNIX sockets in the form of hybrid vsock, for the simulation
and for vhost-device-vsock; and a loopback inside one process, for tests.

Hybrid vsock, host to guest: connect to one socket, write `CONNECT <port>` and a newline, read `OK <n>` and a newline;
from then on the bytes are the guest's. Guest to host: connect to `<that socket>_<port>`. In the simulation
`HybridSwitch` plays the hypervisor: it reads the handshake and hands the accepted descriptor itself to the guest's
listener, so that no byte is copied on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wire.errors import AddressInvalid, ConnectFailed
from wire.sockets import Listener, SocketListener, dial_unix, listen_unix

HOST_CID = 3
_HOST_CIDS = (2, HOST_CID)
_LAST_PORT = 0xFFFF_FFFF
_HANDSHAKE_BYTES = 32
_BACKLOG = 128


@dataclass(frozen=True)
class VsockLimits:
    """Deadlines and caps of the handshake."""

    connect_timeout_s: float = 5.0
    """Longest time for a connection to stand; a refused one may get no answer at all."""
    handshakes: int = 64
    """Most handshakes that the switch has under way at once."""


class Vsock(Protocol):
    """One side of the numbered ports."""

    async def connect(self, port: int) -> socket.socket:
        """Connect to the other side's port.

        Raises:
            ConnectFailed: nobody listens there, or not in time.
        """
        ...

    def listen(self, port: int) -> Listener:
        """Listen on a port of this side."""
        ...


def open_vsock(address: str, limits: VsockLimits | None = None) -> Vsock:
    """Open the side that `address` names.

    `vsock:CID` is AF_VSOCK towards that peer; `uds-host:PATH` is the host's side of a hybrid vsock;
    `uds-guest:PATH:FOLDER` is the simulated guest's: the host's socket path, and the folder of its own listeners.

    Raises:
        AddressInvalid: another form.
    """
    limits = limits or VsockLimits()
    match address.split(":"):
        case ["vsock", cid] if cid.isdecimal():
            return KernelVsock(int(cid), limits)
        case ["uds-host", path] if path:
            return HybridHost(Path(path), limits)
        case ["uds-guest", path, folder] if path and folder:
            return HybridGuest(Path(path), Path(folder), limits)
    raise AddressInvalid(f"not a vsock address: {address!r}; known are vsock:CID, uds-host:PATH, uds-guest:PATH:FOLDER")


@dataclass(frozen=True)
class KernelVsock:
    """AF_VSOCK towards one peer; connections from any other are dropped."""

    peer_cid: int
    limits: VsockLimits = VsockLimits()

    async def connect(self, port: int) -> socket.socket:
        """Connect to the peer's port."""
        connection = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        connection.setblocking(False)
        try:
            async with asyncio.timeout(self.limits.connect_timeout_s):
                await asyncio.get_running_loop().sock_connect(connection, (self.peer_cid, _port(port)))
        except (OSError, TimeoutError):
            connection.close()
            raise ConnectFailed(f"nobody answers on vsock port {port} of CID {self.peer_cid}") from None
        except BaseException:
            connection.close()
            raise
        return connection

    def listen(self, port: int) -> Listener:
        """Listen on a port; from the parent's CIDs if the peer is the parent, else from the peer alone."""
        listening = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)
        try:
            listening.bind((socket.VMADDR_CID_ANY, _port(port)))
            listening.listen(_BACKLOG)
        except OSError as error:
            listening.close()
            raise ConnectFailed(f"cannot listen on vsock port {port}: {error.strerror}") from None
        return SocketListener(listening, accepts_peer=self._accepts)

    def _accepts(self, peer: object) -> bool:
        allowed = _HOST_CIDS if self.peer_cid in _HOST_CIDS else (self.peer_cid,)
        return isinstance(peer, tuple) and bool(peer) and peer[0] in allowed


@dataclass(frozen=True)
class HybridHost:
    """The host's side of a hybrid vsock at `path`."""

    path: Path
    limits: VsockLimits = VsockLimits()

    async def connect(self, port: int) -> socket.socket:
        """Connect to the guest's port, handshake included."""
        timeout_s = self.limits.connect_timeout_s
        connection = await dial_unix(self.path, timeout_s=timeout_s)
        try:
            async with asyncio.timeout(timeout_s):
                loop = asyncio.get_running_loop()
                await loop.sock_sendall(connection, b"CONNECT %d\n" % _port(port))
                answer = await _read_line(connection)
        except (OSError, TimeoutError):
            answer = b""
        except BaseException:
            connection.close()
            raise
        if not (answer.startswith(b"OK ") and answer[3:].isdigit()):
            connection.close()
            raise ConnectFailed(f"nobody answers on vsock port {port} of the guest at {self.path}")
        return connection

    def listen(self, port: int) -> Listener:
        """Listen for the guest's connections to a host port.

        The guest's processes run under several uids, so the socket is open to all; the folder around it decides who
        on the host reaches it.
        """
        return listen_unix(self.path.with_name(f"{self.path.name}_{_port(port)}"), mode=0o666)


@dataclass(frozen=True)
class HybridGuest:
    """The simulated guest's side: the host's socket as the guest sees it, and a folder for its own listeners."""

    host_path: Path
    folder: Path
    limits: VsockLimits = VsockLimits()

    async def connect(self, port: int) -> socket.socket:
        """Connect to a host port."""
        path = self.host_path.with_name(f"{self.host_path.name}_{_port(port)}")
        return await dial_unix(path, timeout_s=self.limits.connect_timeout_s)

    def listen(self, port: int) -> Listener:
        """Listen on a guest port; the switch hands the connections over."""
        return _HandedOver(listen_unix(self.folder / f"port_{_port(port)}"), self.limits)


class _HandedOver:
    """A listener whose connections arrive as descriptors."""

    def __init__(self, carriers: SocketListener, limits: VsockLimits) -> None:
        self._carriers = carriers
        self._limits = limits

    async def accept(self) -> socket.socket:
        while True:
            with await self._carriers.accept() as carrier:
                connection = await self._receive(carrier)
                if connection is not None:
                    return connection

    def close(self) -> None:
        self._carriers.close()

    async def _receive(self, carrier: socket.socket) -> socket.socket | None:
        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                await _readable(carrier)
            _, descriptors, _, _ = socket.recv_fds(carrier, 1, 4)
        except (OSError, TimeoutError):
            return None
        connections = [socket.socket(fileno=descriptor) for descriptor in descriptors]
        for connection in connections[1:]:
            connection.close()
        if not connections:
            return None
        connections[0].setblocking(False)
        return connections[0]


class HybridSwitch:
    """The simulated hypervisor's part: reads the host's handshakes and hands the connections to the guest."""

    def __init__(self, listening: Listener, folder: Path, limits: VsockLimits | None = None) -> None:
        """Serve `listening` (the host's one socket) for the guest listeners in `folder`."""
        self._listening = listening
        self._folder = folder
        self._limits = limits or VsockLimits()
        self._numbers = itertools.count(1024)

    async def serve(self) -> None:
        """Hand over connections until cancelled."""
        places = asyncio.Semaphore(self._limits.handshakes)
        async with asyncio.TaskGroup() as tasks:
            while True:
                await places.acquire()
                connection = await self._listening.accept()
                tasks.create_task(self._hand_over(connection)).add_done_callback(lambda _: places.release())

    async def _hand_over(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        with connection, contextlib.suppress(OSError, TimeoutError, ConnectFailed):
            async with asyncio.timeout(self._limits.connect_timeout_s):
                words = (await _read_line(connection)).split(b" ")
                if len(words) != 2 or words[0] != b"CONNECT" or not words[1].isdigit() or int(words[1]) > _LAST_PORT:
                    return
                path = self._folder / f"port_{int(words[1])}"
                with await dial_unix(path, timeout_s=self._limits.connect_timeout_s) as carrier:
                    # The answer goes first: once handed over, the connection is the guest's alone.
                    loop = asyncio.get_running_loop()
                    await loop.sock_sendall(connection, b"OK %d\n" % next(self._numbers))
                    socket.send_fds(carrier, [b"\0"], [connection.fileno()])


class Loopback:
    """Both sides in one process: what is listened on here can be connected to here."""

    def __init__(self) -> None:
        """Start with no listeners."""
        self._waiting: dict[int, asyncio.Queue[socket.socket]] = {}

    async def connect(self, port: int) -> socket.socket:
        """Connect to a listener of the same object."""
        queue = self._waiting.get(port)
        if queue is None:
            raise ConnectFailed(f"nobody listens on loopback port {port}")
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        await queue.put(theirs)
        return ours

    def listen(self, port: int) -> Listener:
        """Listen on a port."""
        if port in self._waiting:
            raise ConnectFailed(f"loopback port {port} is taken")
        self._waiting[port] = asyncio.Queue(_BACKLOG)
        return _LoopbackListener(self._waiting, port)


@dataclass(frozen=True)
class _LoopbackListener:
    waiting: dict[int, asyncio.Queue[socket.socket]]
    port: int

    async def accept(self) -> socket.socket:
        return await self.waiting[self.port].get()

    def close(self) -> None:
        queue = self.waiting.pop(self.port, None)
        while queue is not None and not queue.empty():
            queue.get_nowait().close()


def _port(port: int) -> int:
    if not 0 <= port <= _LAST_PORT:
        raise AddressInvalid(f"{port} is not a vsock port")
    return port


async def _read_line(connection: socket.socket) -> bytes:
    """Read up to a newline and not a byte further: what follows belongs to somebody else."""
    loop = asyncio.get_running_loop()
    line = bytearray()
    while len(line) < _HANDSHAKE_BYTES:
        byte = await loop.sock_recv(connection, 1)
        if byte in {b"", b"\n"}:
            break
        line += byte
    return bytes(line)


async def _readable(connection: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    descriptor = os.dup(connection.fileno())

    def arrived() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(descriptor, arrived)
    try:
        await ready
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
