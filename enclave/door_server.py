"""The side door on the enclave's TLS: what a gateway outside needs of the executor beside the chain.

==========================  =====================================================================================
PUT  payload/HASH           a sealed request too large for its event; kept by the executor until the request comes
GET  body/HASH              a sealed answer too large for its event
GET  stream/REQUEST_ID      the sealed frames of a stream, each behind its length, as they come
POST local                  a request that needs no transaction (`chain.tickets.LocalCall`), as its token's user
==========================  =====================================================================================

Each under `chain.tickets.DOOR_PATH`, with a ticket in `Authorization`; hashes and ids in hex.

Rules:
- Nothing of a body is read before its ticket was checked; reading ends at the ticket's length, and after a time.
- A stream is read from the executor only as fast as its client takes it; one that was cut inside is cut outside too.
- Whatever comes from the executor is sealed already, but for local answers, which show nothing of a tenant.

Who may have what is `enclave.door`; it journals nothing itself.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

import structlog
from aiohttp import web

from chain.errors import ChainError, PayloadError
from chain.payload import AnswerPlaintext, Header, encode_answer, sealed_hash
from chain.tickets import DOOR_PATH, TicketPurpose, decode_local_call
from enclave.door import DoorRefusal
from gateway.classify import Route, classify
from gateway.errors import CrowdedError, LocalError, MissingBodyError, StreamError, TargetError, WrongLengthError
from gateway.messages import HttpRequest
from gateway.request_info import parse_request
from gateway.server import next_piece
from gateway.status import refusal
from sui.types import Address
from wire.frames import encode_frame

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Coroutine
    from typing import Any

    from enclave.door import Door, Visit
    from gateway.identity import Identity
    from gateway.messages import HttpResponse

_log = structlog.get_logger()
_ROUTES: Final = {
    ("PUT", "payload"): TicketPurpose.PUT,
    ("GET", "body"): TicketPurpose.FETCH,
    ("GET", "stream"): TicketPurpose.STREAM,
    ("POST", "local"): TicketPurpose.LOCAL,
}
_HEX_LENGTH: Final = 64
_PIECE_BYTES: Final = 64 * 1024
_BYTES_TYPE: Final = "application/octet-stream"


class Behind(Protocol):
    """The executor, as the side door needs it."""

    async def put(self, identity: Identity, sealed: bytes, until_ms: int) -> None:
        """Keep a payload."""

    async def fetch(self, identity: Identity, body_hash: bytes, length: int) -> bytes:
        """Give a sealed answer."""

    def stream(self, identity: Identity, request_id: Address) -> AsyncGenerator[bytes, None]:
        """Give the frames of a stream."""

    async def local(self, identity: Identity, request: HttpRequest) -> HttpResponse:
        """Answer what needs no transaction."""


class DoorServer:
    """Serves the side door; a `gateway.server.SideDoor`."""

    def __init__(self, door: Door, executor: Behind) -> None:
        """Serve by the rules of `door`."""
        self._door = door
        self._executor = executor
        self._limits = door.limits
        self._serve: dict[TicketPurpose, Callable[[web.BaseRequest, Visit], Coroutine[Any, Any, web.StreamResponse]]]
        self._serve = {
            TicketPurpose.PUT: self._put,
            TicketPurpose.FETCH: self._fetch,
            TicketPurpose.STREAM: self._stream,
            TicketPurpose.LOCAL: self._local,
        }

    def serves(self, target: str) -> bool:
        """Whether a target is the side door's."""
        return target.startswith(DOOR_PATH)

    async def handle(self, raw: web.BaseRequest) -> web.StreamResponse:
        """Serve one visit."""
        visit: Visit | None = None
        try:
            visit = self._door.greet(
                tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw.raw_headers)
            )
            purpose, subject = _route(raw.method, raw.raw_path)
            self._door.check(visit, purpose, subject)
            with self._door.room(visit):
                return await self._serve[purpose](raw, visit)
        except DoorRefusal as refused:
            return self._refuse(visit, refused.status, str(refused))
        except CrowdedError as error:
            return self._refuse(visit, 429, str(error))
        except MissingBodyError as error:
            return self._refuse(visit, 404, str(error))
        except WrongLengthError as error:
            return self._refuse(visit, 400, str(error))
        except (LocalError, ChainError) as error:
            # Before the ticket was checked only our own state can be what is missing.
            return self._refuse(visit, 503, str(error) if visit else "the enclave has not caught up yet; try again")

    def _refuse(self, visit: Visit | None, status: int, message: str) -> web.Response:
        """Refuse, and read nothing more."""
        token = str(visit.identity.token) if visit else ""
        _log.info("door-refused", status=status, purpose=visit.purpose.value if visit else "", token=token)
        told = refusal(status, message)
        out = web.Response(status=told.status, headers=list(told.headers), body=told.body)
        out.force_close()
        return out

    async def _put(self, raw: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        """Take a payload."""
        sealed = await self._read(raw, visit.ticket.length)
        if sealed_hash(sealed) != visit.ticket.subject:
            raise DoorRefusal(400, "these bytes have another hash than the ticket says")
        await self._executor.put(visit.identity, sealed, visit.ticket.deadline)
        _log.info("payload-brought", token=str(visit.identity.token), size=len(sealed))
        return web.Response(status=204)

    async def _fetch(self, raw: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        """Give a sealed answer."""
        sealed = await self._executor.fetch(visit.identity, visit.ticket.subject, visit.ticket.length)
        out = web.StreamResponse(headers={"Content-Type": _BYTES_TYPE})
        out.content_length = len(sealed)
        try:
            await self._write(out.prepare(raw))
            for at in range(0, len(sealed), _PIECE_BYTES):
                await self._write(out.write(sealed[at : at + _PIECE_BYTES]))
            await self._write(out.write_eof())
        except (TimeoutError, ConnectionError) as error:
            _abort(raw, error)
        return out

    async def _stream(self, raw: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        """Pass the frames of a stream on."""
        frames = self._executor.stream(visit.identity, Address(visit.ticket.subject))
        out = web.StreamResponse(headers={"Content-Type": _BYTES_TYPE})
        out.enable_chunked_encoding()
        try:
            await self._write(out.prepare(raw))
            while (frame := await next_piece(raw, frames, self._limits.gone_poll_s)) is not None:
                await self._write(out.write(encode_frame(frame)))
            await self._write(out.write_eof())
        except (StreamError, TimeoutError, ConnectionError) as error:
            _abort(raw, error)
        finally:
            await frames.aclose()
        return out

    async def _local(self, raw: web.BaseRequest, visit: Visit) -> web.StreamResponse:
        """Answer discovery and self reviews."""
        data = await self._read(raw, visit.ticket.length)
        try:
            call = decode_local_call(data)
            info = parse_request(call.method, call.target)
        except (PayloadError, TargetError) as error:
            raise DoorRefusal(400, str(error)) from None
        self._door.check_subject(visit, call.subject)
        if classify(info, call.method) is not Route.LOCAL:
            raise DoorRefusal(403, "this is the contract's to decide; submit it")
        request = HttpRequest(
            call.method, call.target, tuple((each.name, each.value) for each in call.headers), call.body
        )
        answer = await self._executor.local(visit.identity, request)
        headers = tuple(Header(name, value) for name, value in answer.headers)
        body = encode_answer(AnswerPlaintext(answer.status, headers, answer.body))
        return web.Response(body=body, content_type=_BYTES_TYPE)

    async def _read(self, raw: web.BaseRequest, length: int) -> bytes:
        """Read a body of exactly `length` bytes."""
        if raw.content_length != length:
            raise DoorRefusal(400, f"the body must say its length, and it must be the ticket's: {length} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.upload_s):
                async for piece in raw.content.iter_any():
                    if len(body) + len(piece) > length:
                        raise DoorRefusal(400, f"the body is longer than the ticket's {length} bytes")
                    body += piece
        except TimeoutError:
            raise DoorRefusal(400, "the body did not come in time; send it again") from None
        except ConnectionError:
            raise DoorRefusal(400, "the body broke off; send it again") from None
        if len(body) != length:
            raise DoorRefusal(400, f"the body is shorter than the ticket's {length} bytes")
        return bytes(body)

    async def _write(self, writing: Coroutine[Any, Any, object]) -> None:
        """Wait until the client has taken something, not for ever."""
        async with asyncio.timeout(self._limits.write_s):
            await writing


def _route(method: str, target: str) -> tuple[TicketPurpose, bytes | None]:
    """Read what is asked for."""
    kind, _, name = target.removeprefix(DOOR_PATH).partition("/")
    purpose = _ROUTES.get((method, kind))
    if purpose is None:
        raise DoorRefusal(404, "there is nothing here")
    if purpose is TicketPurpose.LOCAL:
        if name:
            raise DoorRefusal(404, "there is nothing here")
        return purpose, None
    if len(name) != _HEX_LENGTH or not set(name) <= set("0123456789abcdef"):
        raise DoorRefusal(404, "a hash or an id is 64 small hex digits")
    return purpose, bytes.fromhex(name)


def _abort(raw: web.BaseRequest, error: Exception) -> None:
    """Cut the connection, so that nothing looks whole that is not."""
    _log.info("door-aborted", error=type(error).__name__)
    if raw.transport is not None:
        raw.transport.abort()
