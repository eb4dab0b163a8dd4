"""Serves one simulated device on a UNIX socket: u32 length and CBOR message, each way.

One request at a time, as the real driver serialises them. Connections are capped and idle ones stay open: the one
user, the enclave's key broker, keeps its connection.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING

from attestation import nsm

if TYPE_CHECKING:
    from pathlib import Path

    from attestation.sim.device import SimulatedNsm

_LENGTH = struct.Struct(">I")
_CONNECTIONS = 8
_MESSAGE_SECONDS = 10.0


async def serve(device: SimulatedNsm, path: Path, ready: asyncio.Event | None = None) -> None:
    """Answer on the socket at `path` until cancelled."""
    turn = asyncio.Lock()
    places = asyncio.Semaphore(_CONNECTIONS)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests, and close it whatever ends it."""
        with contextlib.closing(writer), contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with places:
                while True:
                    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
                    if length > nsm.REQUEST_BYTES:
                        break
                    async with asyncio.timeout(_MESSAGE_SECONDS):
                        request = await reader.readexactly(length)
                        async with turn:
                            answer = device.handle(request)
                        writer.write(_LENGTH.pack(len(answer)) + answer)
                        await writer.drain()

    server = await asyncio.start_unix_server(converse, sock=_listening(path))
    async with server:
        if ready is not None:
            ready.set()
        await server.serve_forever()


def _listening(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o666)  # the folder around it decides who reaches it; inside the enclave it is the broker's alone
    return listener
