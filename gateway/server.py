"""The HTTPS server: sockets and HTTP/1.1 around `gateway.service`.

Role: read whole requests, write responses and streams.

Rules:
- A body over the cap is refused before it is read further; bodies are never decompressed.
- Sockets come accepted or listening from outside, so that vsock, its simulation and TCP look alike.
- A slow client slows only its own stream down; one that does not read at all is cut after a deadline.
- A stream that was cut inside is cut towards the client too, never ended as if it were whole.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Protocol

import structlog
from aiohttp import web

from gateway.core import too_large
from gateway.errors import StreamError
from gateway.messages import HttpRequest, HttpResponse
from gateway.service import StreamingResponse
from gateway.status import refusal

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator

    from gateway.service import Gateway
    from wire.sockets import Listener

_log = structlog.get_logger()
_HANDSHAKE_S = 10.0


class SideDoor(Protocol):
    """Serves paths beside the Kubernetes API, by its own rules."""

    def serves(self, target: str) -> bool:
        """Whether a target is the side door's."""

    async def handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        """Serve one request; nothing of its body was read yet."""


class _BodyTooLargeError(Exception):
    """The client sends more than a body may have."""


class GatewayServer:
    """Serves a gateway on sockets."""

    def __init__(self, gateway: Gateway, tls: ssl.SSLContext, side: SideDoor | None = None) -> None:
        """Begin without a socket.

        Args:
            gateway: What answers the Kubernetes API.
            tls: Holds the leaf, and with it the CA that clients trust.
            side: What answers beside it, if anything.
        """
        limits = gateway.limits
        self._side = side
        self._gateway = gateway
        self._tls = tls
        self._http = web.Server(
            self._handle,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=limits.client_idle_s,
            max_line_size=limits.header_bytes,
            max_headers=limits.header_bytes,
            max_field_size=limits.header_bytes,
            tcp_keepalive=False,
        )

    async def serve(self, listener: Listener) -> None:
        """Accept connections until cancelled; beyond the cap they wait to be accepted."""
        room = asyncio.Semaphore(self._gateway.limits.handshakes)
        tasks: set[asyncio.Task[None]] = set()

        def done(task: asyncio.Task[None]) -> None:
            """Give a handshake's room back."""
            tasks.discard(task)
            room.release()

        try:
            while True:
                await room.acquire()
                connection = await listener.accept()
                if len(self._http.connections) >= self._gateway.limits.connections:
                    connection.close()
                    room.release()
                    continue
                task = asyncio.create_task(self.adopt(connection))
                tasks.add(task)
                task.add_done_callback(done)
        finally:
            for task in tasks:
                task.cancel()

    async def adopt(self, connection: socket.socket) -> None:
        """Serve one accepted connection; TLS begins here."""
        loop = asyncio.get_running_loop()
        connection.setblocking(False)
        try:
            await loop.connect_accepted_socket(
                self._http, connection, ssl=self._tls, ssl_handshake_timeout=_HANDSHAKE_S
            )
        except (OSError, ssl.SSLError, TimeoutError) as error:
            connection.close()
            _log.info("handshake-failed", error=type(error).__name__)

    async def close(self, timeout_s: float = 5.0) -> None:
        """Let running requests end, then close every connection."""
        self._http.pre_shutdown()
        await self._http.shutdown(timeout_s)

    async def _handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        """Serve one HTTP request."""
        if self._side is not None and self._side.serves(raw.raw_path):
            return await self._side.handle(raw)
        limits = self._gateway.limits
        try:
            async with asyncio.timeout(limits.body_timeout_s):
                body = await _read_body(raw, limits.body_bytes)
        except _BodyTooLargeError:
            return _whole(too_large(limits), close=True)
        except TimeoutError:
            return _whole(refusal(400, "the request body did not come in time; send it again"), close=True)
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.raw_headers)
        request = HttpRequest(raw.method, raw.raw_path, headers, body)
        response = await self._gateway.handle(request)
        if isinstance(response, StreamingResponse):
            return await self._stream(raw, response)
        return _whole(response)

    async def _stream(self, raw: web.BaseRequest, response: StreamingResponse) -> web.StreamResponse:
        """Write a stream, piece by piece, as fast as the client reads."""
        out = web.StreamResponse(status=response.head.status, headers=list(response.head.headers))
        out.enable_chunked_encoding()
        try:
            async with asyncio.timeout(self._gateway.limits.client_write_s):
                await out.prepare(raw)
            pieces = response.pieces()
            while (piece := await next_piece(raw, pieces, self._gateway.limits.client_gone_poll_s)) is not None:
                async with asyncio.timeout(self._gateway.limits.client_write_s):
                    await out.write(piece)
            await out.write_eof()
        except (StreamError, TimeoutError, ConnectionError) as error:
            _log.info("stream-aborted", error=type(error).__name__)
            if raw.transport is not None:
                raw.transport.abort()
        finally:
            await response.close()
        return out


async def next_piece(raw: web.BaseRequest, pieces: AsyncGenerator[bytes, None], poll_s: float) -> bytes | None:
    """Wait for the next piece of a stream as long as its client is there; None at the end.

    Args:
        raw: The client's request.
        pieces: The stream.
        poll_s: How often to look whether the client is there: who only reads tells nothing when he goes.

    Raises:
        ConnectionError: The client has gone.
    """
    reading = asyncio.ensure_future(anext(pieces, None))
    try:
        while not reading.done():
            await asyncio.wait({reading}, timeout=poll_s)
            if raw.transport is None or raw.transport.is_closing():
                raise ConnectionError("the client has gone")
        return reading.result()
    finally:
        if not reading.done():
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


async def _read_body(raw: web.BaseRequest, cap: int) -> bytes:
    """Read a body of at most `cap` bytes."""
    if raw.content_length is not None and raw.content_length > cap:
        raise _BodyTooLargeError
    body = bytearray()
    async for piece in raw.content.iter_any():
        if len(body) + len(piece) > cap:
            raise _BodyTooLargeError
        body += piece
    return bytes(body)


def _whole(response: HttpResponse, *, close: bool = False) -> web.Response:
    """Build aiohttp's form of a whole response."""
    out = web.Response(status=response.status, headers=list(response.headers), body=response.body)
    if close:
        out.force_close()
    return out
