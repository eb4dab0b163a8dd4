"""The enclave's executor, reached from outside: a `gateway.ports.Executor` over the enclave's side door.

Role: what travels beside the chain, over TLS that ends inside the attested enclave, each time with a ticket that the
token's owner signs (`chain.tickets`).

Rules: only the CA that the attestation binds is trusted; every call ends by a deadline; what comes back is capped
before it is kept; frames of a stream are read only as fast as they are taken.

What it brings back is believed by whoever opens it: sealed answers and frames open only under the request's own keys.
"""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from chain.errors import PayloadError
from chain.payload import Header, decode_answer, sealed_hash
from chain.tickets import (
    DOOR_PATH,
    TICKET_SCHEME,
    LocalCall,
    TicketPurpose,
    TicketScope,
    encode_local_call,
    make_ticket,
)
from gateway.errors import CrowdedError, LocalError, MissingBodyError, StreamError
from gateway.leaf import SERVER_NAME
from gateway.messages import HttpResponse
from gateway.ports import Executor
from wire.errors import FrameError
from wire.frames import FrameDecoder, FrameLimits

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator, Callable

    from gateway.identity import Identity
    from gateway.limits import Limits
    from gateway.messages import HttpRequest
    from gateway.ports import SignedTransaction
    from sui.types import Address

_WAYS: Final = {
    TicketPurpose.PUT: ("PUT", "payload/{}"),
    TicketPurpose.FETCH: ("GET", "body/{}"),
    TicketPurpose.STREAM: ("GET", "stream/{}"),
    TicketPurpose.LOCAL: ("POST", "local"),
}
_TICKET_MS: Final = 60_000
_CONNECT_S: Final = 10.0
_PUT_S: Final = 60.0
_REFUSAL_BYTES: Final = 8_192


@dataclass(frozen=True, slots=True)
class DoorPlace:
    """Where the door is, and who comes to it.

    Attributes:
        url: The enclave's gateway, `https://HOST:PORT`.
        tls: Trusts the enclave's attested CA only.
        scope: What tickets name.
        token: The seal token.
        sign: Its owner's raw Ed25519 signature.
        now_ms: The ledger's time.
    """

    url: str
    tls: ssl.SSLContext
    scope: TicketScope
    token: Address
    sign: Callable[[bytes], bytes]
    now_ms: Callable[[], int]


class DoorClient(Executor):
    """The executor behind an enclave's side door."""

    def __init__(self, place: DoorPlace, limits: Limits) -> None:
        """Connect to nothing yet."""
        self._place = place
        self._limits = limits
        connector = aiohttp.TCPConnector(ssl=place.tls, limit=0)
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S),
            auto_decompress=False,
        )

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def expect(self, signed: SignedTransaction, payloads: tuple[bytes, ...]) -> None:
        """Bring the payloads that travel beside the chain, before their transaction is sent.

        Raises:
            CrowdedError: The enclave keeps as much of this token as it may.
            LocalError: It does not take them; nothing must be sent.
        """
        del signed
        for sealed in payloads:
            subject = sealed_hash(sealed)
            call = self._ask(TicketPurpose.PUT, subject, data=sealed)
            await self._whole(call, 0, _PUT_S)

    async def local(self, identity: Identity, request: HttpRequest) -> HttpResponse:
        """Have a request answered that needs no transaction."""
        del identity
        headers = tuple(Header(name, value) for name, value in request.headers)
        call = LocalCall(request.method, request.target, headers, request.body)
        asking = self._ask(TicketPurpose.LOCAL, call.subject, data=encode_local_call(call))
        data = await self._whole(asking, self._limits.answer_bytes, self._limits.local_timeout_s)
        try:
            answer = decode_answer(data)
        except PayloadError as error:
            raise LocalError("the side door's answer is malformed") from error
        return HttpResponse(answer.status, tuple((each.name, each.value) for each in answer.headers), answer.body)

    async def fetch(self, identity: Identity, body_hash: bytes, length: int) -> bytes:
        """Fetch a sealed answer that is too large for the chain."""
        del identity
        asking = self._ask(TicketPurpose.FETCH, body_hash, length=length)
        return await self._whole(asking, length, self._limits.fetch_timeout_s)

    async def stream(self, identity: Identity, request_id: Address) -> AsyncGenerator[bytes, None]:
        """Read the sealed frames of a stream as they come."""
        del identity
        decoder = FrameDecoder(FrameLimits(frame_bytes=self._limits.frame_bytes))
        try:
            async with self._ask(TicketPurpose.STREAM, bytes(request_id)) as response:
                if response.status != 200:
                    raise StreamError(await _why(response))
                async for piece in response.content.iter_any():
                    for frame in decoder.feed(piece):
                        yield frame
                decoder.finish()
        except (aiohttp.ClientError, TimeoutError, OSError, FrameError) as error:
            raise StreamError(f"the connection to the enclave broke: {type(error).__name__}") from error

    def _ask(self, purpose: TicketPurpose, subject: bytes, *, data: bytes | None = None, length: int = 0) -> Any:
        """Begin a call with a fresh ticket."""
        place = self._place
        method, path = _WAYS[purpose]
        ticket = make_ticket(
            place.scope,
            place.token,
            purpose=purpose,
            subject=subject,
            length=len(data) if data is not None else length,
            deadline=place.now_ms() + _TICKET_MS,
            sign=place.sign,
        )
        return self._session.request(
            method,
            place.url + DOOR_PATH + path.format(subject.hex()),
            data=io.BytesIO(data) if data is not None else None,
            headers={"Authorization": f"{TICKET_SCHEME} {ticket.text}"},
            server_hostname=SERVER_NAME,
            allow_redirects=False,
        )

    async def _whole(self, call: Any, most: int, timeout_s: float) -> bytes:
        """Wait for a whole answer of at most so many bytes."""
        try:
            async with asyncio.timeout(timeout_s), call as response:
                if response.status >= 300:
                    raise _failure(response.status, await _why(response))
                body = bytearray()
                async for piece in response.content.iter_any():
                    if len(body) + len(piece) > most:
                        raise LocalError(f"the side door sent more than {most} bytes")
                    body += piece
                return bytes(body)
        except TimeoutError:
            raise LocalError(f"the side door did not answer within {timeout_s:g} s") from None
        except (aiohttp.ClientError, OSError) as error:
            raise LocalError(f"the enclave's side door at {self._place.url} cannot be reached: {error}") from error


def _failure(status: int, why: str) -> LocalError:
    """Say by whose fault a refusal is."""
    if status == 429:
        return CrowdedError(why)
    if status == 404:
        return MissingBodyError(why)
    return LocalError(why)


async def _why(response: aiohttp.ClientResponse) -> str:
    """Read the words of a refusal."""
    data = await response.content.read(_REFUSAL_BYTES)
    try:
        words = str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        words = "no reason given"
    return f"the enclave's side door refuses (HTTP {response.status}): {words}"
