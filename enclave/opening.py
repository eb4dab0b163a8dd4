"""Opening a request: from the event to the HTTP request that was sealed inside.

Role: the first numbered steps of a request's way; what does not open is refused in clear, with nothing in it.

Rules: sealed bytes are compared with the event's hash and length before the broker sees them; the context that they are
bound to is built from the event alone; bytes that travel beside the chain are waited for until the deadline.

What is inside is judged by `enclave.http_policy`; what opened but is not what its envelope says is a `Violation`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from chain.backoff import Backoff
from chain.errors import CannotOpenError, PayloadError
from chain.payload import RequestContext, decode_request, join, sealed_hash
from enclave.execution_errors import LocalProcessError
from enclave.http_policy import EnvelopeError, check_request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from chain.payload import RequestPlaintext
    from enclave.book import Book, Entry
    from enclave.execution_limits import ExecutionLimits
    from enclave.execution_ports import Broker
    from gateway.request_info import RequestInfo
    from sui.types import Address

TOO_LATE = "the request's deadline passed before it was carried out; it was not carried out"
"""What is said of a request that comes too late."""

_log = structlog.get_logger()


class Refused(Exception):  # noqa: N818 - a way out of the steps, not an error
    """The request is answered without being carried out."""

    def __init__(self, code: int, message: str, *, clear: bool = False) -> None:
        """Keep the answer's status, and whether it must be in clear."""
        super().__init__(message)
        self.code = code
        self.clear = clear


class Violation(Refused):
    """The request opened, but it is not what its envelope says: the doing of whoever sealed it."""


@dataclass(frozen=True)
class Home:
    """Which enclave this is."""

    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address


@dataclass(frozen=True)
class Opener:
    """Opens requests through the key broker.

    Attributes:
        home: which enclave this is.
        book: where bytes that travel beside the chain are kept.
        broker: who holds the key.
        now_ms: the ledger's time.
        rng: draws the pauses between tries.
        sleep: waits.
        limits: margins and pauses.
    """

    home: Home
    book: Book
    broker: Broker
    now_ms: Callable[[], int]
    rng: Random
    sleep: Callable[[float], Awaitable[None]]
    limits: ExecutionLimits

    def may_start(self, entry: Entry) -> bool:
        """Whether there is time enough before the deadline."""
        return self.now_ms() + self.limits.start_margin_ms < entry.event.deadline

    async def open(self, entry: Entry) -> RequestPlaintext:
        """Open a request; one that came too late too, so that its refusal can be read.

        Raises:
            Refused: it does not open, or its bytes did not come.
        """
        event = entry.event
        # (1) The sealed bytes, here or beside the chain, are those of the event.
        sealed = await self._payload(entry)
        if len(sealed) != event.payload_length or sealed_hash(sealed) != event.payload_hash:
            raise Refused(400, "the sealed bytes are not those of the event", clear=True)
        # (2) They open under everything that the event says.
        context = RequestContext(
            chain_id=self.home.chain_id,
            package=self.home.package,
            cluster=self.home.cluster,
            enclave=self.home.enclave,
            token=event.token,
            sender=event.sender,
            deadline=event.deadline,
            envelope=entry.envelope,
        )
        backoff = Backoff(self.rng)
        while True:
            try:
                return decode_request(await self.broker.open(sealed, context.info()))
            except (CannotOpenError, PayloadError) as error:
                raise Refused(400, str(error), clear=True) from None
            except LocalProcessError as error:
                _log.warning("broker-unreachable", error=str(error))
                if self.now_ms() > event.deadline:
                    raise Refused(504, TOO_LATE, clear=True) from None
                await self.sleep(backoff.next_s())

    def matching(self, entry: Entry, request: RequestPlaintext) -> RequestInfo:
        """Say what an opened request asks for, once it is exactly what stands on the chain.

        Raises:
            Violation: it is something else.
        """
        try:
            return check_request(request.method, request.target, entry.envelope, stream=entry.event.stream)
        except EnvelopeError as error:
            raise Violation(error.status, str(error)) from None

    async def arrived(self, entry: Entry) -> None:
        """Wait for sealed bytes that travel beside the chain, as long as it makes sense."""
        if entry.event.payload:
            return
        while self.book.payload(entry.event.payload_hash) is None and self.may_start(entry):
            await self.sleep(self.limits.payload_poll_s)

    async def _payload(self, entry: Entry) -> bytes:
        """Give the sealed bytes, waiting for those that travel beside the chain."""
        event = entry.event
        if event.payload:
            try:
                return join(event.payload)
            except PayloadError as error:
                raise Refused(400, str(error), clear=True) from None
        await self.arrived(entry)
        sealed = self.book.payload(event.payload_hash)
        if sealed is None:
            raise Refused(410, "the request's content did not reach the enclave in time", clear=True)
        return sealed
