"""Calls between the processes inside the enclave: CBOR in length-prefixed frames over UNIX sockets.

A request is {id, method, params}, its answer {id, result} or {id, error: {code, message}}; many calls share one
connection and are answered in any order. The server knows its peers by uid (SO_PEERCRED), per method where asked.
An exception that is no `IpcError` is answered as `internal` without its text: no inside detail crosses a boundary.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import cbor2

from wire.errors import ConnectFailed, FrameError, IpcError, IpcLost
from wire.frames import FrameLimits
from wire.sockets import dial_unix, listen_unix
from wire.streams import read_frame, write_frame

if TYPE_CHECKING:
    from pathlib import Path

_CREDENTIALS = struct.Struct("3i")
_METHOD_CHARACTERS = 64


@dataclass(frozen=True)
class Peer:
    """The process at the other end, as the kernel says."""

    uid: int
    pid: int


@dataclass(frozen=True)
class IpcLimits:
    """Caps and deadlines of calls."""

    frame_bytes: int = 16 << 20
    """Longest message."""
    connections: int = 128
    """Most connections to one server."""
    calls_per_connection: int = 256
    """Most calls under way on one connection; the server reads no further until one ends."""
    frame_timeout_s: float = 30.0
    """Longest time for a message that has begun to arrive."""
    connect_timeout_s: float = 5.0
    """Longest time for a client to connect."""

    @property
    def frames(self) -> FrameLimits:
        """The same cap for the frame codec."""
        return FrameLimits(frame_bytes=self.frame_bytes)


Handler = Callable[[Peer, Any], Awaitable[Any]]
Report = Callable[[str, BaseException], None]


class Server:
    """Answers calls on a UNIX socket.

    Example::

        server = Server(path, {"add": add}, allowed={"add": {2004}})
        async with server:
            await server.serve()
    """

    def __init__(
        self,
        path: Path,
        handlers: Mapping[str, Handler],
        limits: IpcLimits | None = None,
        *,
        allowed: Mapping[str, frozenset[int]] | None = None,
        mode: int = 0o666,
        report: Report | None = None,
    ) -> None:
        """Prepare to answer.

        Args:
            path: the socket.
            handlers: per method, an async function of peer and params.
            limits: caps and deadlines.
            allowed: per method, the uids that may call it; a method that is not in it is open to all peers.
            mode: of the socket's file; who may call what is decided by uid.
            report: called with method and exception when a handler fails unexpectedly.
        """
        self._path = path
        self._handlers = dict(handlers)
        self._limits = limits or IpcLimits()
        self._allowed = dict(allowed or {})
        self._mode = mode
        self._report = report
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Start answering."""
        listener = listen_unix(self._path, mode=self._mode)
        self._server = await asyncio.start_unix_server(self._converse, sock=listener.socket)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop answering and drop the connections."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    async def serve(self) -> None:
        """Answer until cancelled."""
        if self._server is None:
            raise RuntimeError("the server was not started: use it as a context first")
        await self._server.serve_forever()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._connections) >= self._limits.connections:
            writer.close()
            return
        self._connections.add(task)
        try:
            with contextlib.suppress(OSError, FrameError, asyncio.CancelledError):
                await self._answer_all(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = peer_of(writer.get_extra_info("socket"))
        places, turn = asyncio.Semaphore(self._limits.calls_per_connection), asyncio.Lock()
        calls: set[asyncio.Task[None]] = set()

        async def answer(call_id: int, method: str, params: Any) -> None:
            try:
                message = cbor2.dumps({"id": call_id, **await self._outcome(peer, method, params)})
                if len(message) > self._limits.frame_bytes:
                    error = {"code": "too-large", "message": "the answer is longer than a message may be"}
                    message = cbor2.dumps({"id": call_id, "error": error})
                with contextlib.suppress(OSError):
                    async with turn:
                        await write_frame(writer, message, limits=self._limits.frames)
            finally:
                places.release()

        try:
            while True:
                await places.acquire()
                frame = await read_frame(reader, limits=self._limits.frames, timeout_s=self._limits.frame_timeout_s)
                if frame is None:
                    return
                call = asyncio.create_task(answer(*_request(frame)))
                calls.add(call)
                call.add_done_callback(calls.discard)
        finally:
            for call in calls:
                call.cancel()

    async def _outcome(self, peer: Peer, method: str, params: Any) -> dict[str, Any]:
        handler = self._handlers.get(method)
        if handler is None:
            return _error("unknown-method", f"there is no method {method[:_METHOD_CHARACTERS]!r} here")
        if method in self._allowed and peer.uid not in self._allowed[method]:
            return _error("forbidden", f"{method} is not for this process")
        try:
            return {"result": await handler(peer, params)}
        except IpcError as error:
            return _error(error.code, error.message)
        except Exception as error:  # noqa: BLE001 - one call's failure must not end the others, nor tell its inside
            if self._report is not None:
                self._report(method, error)
            return _error("internal", f"{method} failed; the server's log says why")


class Client:
    """Calls a server; connects when needed and again after a loss.

    A call whose connection breaks fails with `IpcLost`: it may have been carried out, so repeating it is the caller's
    decision.
    """

    def __init__(self, path: Path, limits: IpcLimits | None = None) -> None:
        """Prepare to call the server at `path`."""
        self._path = path
        self._limits = limits or IpcLimits()
        self._ids = itertools.count(1)
        self._lock = asyncio.Lock()
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def call(self, method: str, params: Any = None, timeout: float = 30.0) -> Any:  # noqa: ASYNC109
        """Call `method` and return its result.

        Raises:
            IpcError: the server's answer is an error.
            IpcLost: no answer: the connection broke or the time ran out.
            ConnectFailed: there is no server; nothing was sent.
        """
        call_id = next(self._ids)
        message = cbor2.dumps({"id": call_id, "method": method, "params": params})
        if len(message) > self._limits.frame_bytes:
            raise IpcError("too-large", f"the parameters of {method} are longer than a message may be")
        answered: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout):
                async with self._lock:
                    writer = await self._connected()
                    self._waiting[call_id] = answered
                    await write_frame(writer, message, limits=self._limits.frames)
                return await answered
        except TimeoutError:
            raise IpcLost(f"{self._path.name} did not answer {method} within {timeout} s") from None
        except OSError:
            raise IpcLost(f"the connection to {self._path.name} broke during {method}") from None
        finally:
            self._waiting.pop(call_id, None)
            answered.cancel()

    async def close(self) -> None:
        """Drop the connection; calls under way fail."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None

    async def _connected(self) -> asyncio.StreamWriter:
        if self._writer is None or self._reading is None or self._reading.done():
            connection = await dial_unix(self._path, timeout_s=self._limits.connect_timeout_s)
            reader, self._writer = await asyncio.open_unix_connection(sock=connection)
            self._reading = asyncio.create_task(self._read(reader, self._writer))
        return self._writer

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (frame := await read_frame(reader, limits=self._limits.frames)) is not None:
                self._deliver(cbor2.loads(frame))
        except (OSError, FrameError, ValueError, TypeError):
            pass
        finally:
            writer.close()
            waiting, self._waiting = self._waiting, {}
            for answered in waiting.values():
                if not answered.done():
                    answered.set_exception(IpcLost(f"the connection to {self._path.name} broke before the answer"))

    def _deliver(self, message: Any) -> None:
        if not isinstance(message, dict):
            raise TypeError("an answer is a map")
        answered = self._waiting.get(message.get("id", 0))
        if answered is None or answered.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            answered.set_exception(IpcError(str(error.get("code")), str(error.get("message"))))
        else:
            answered.set_result(message.get("result"))


def peer_of(connection: socket.socket) -> Peer:
    """Who is at the other end of a UNIX socket, as the kernel says."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return Peer(uid=uid, pid=pid)


def _request(frame: bytes) -> tuple[int, str, Any]:
    try:
        message = cbor2.loads(frame)
    except (cbor2.CBORError, ValueError, TypeError, RecursionError):
        raise FrameError("a call is not CBOR") from None
    if not isinstance(message, dict):
        raise FrameError("a call is not a map")
    call_id, method = message.get("id"), message.get("method")
    if not isinstance(call_id, int) or not isinstance(method, str):
        raise FrameError("a call has no id or no method")
    return call_id, method, message.get("params")


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


__all__ = ["Client", "ConnectFailed", "Handler", "IpcLimits", "Peer", "Report", "Server", "peer_of"]
