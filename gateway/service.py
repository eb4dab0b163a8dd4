"""The way of one request through the gateway, over the ports.

Role: admission → limits → sealing → the contract's decision → the stored answer or the stream → HTTP response.

Concurrency: one task a request. Up to `requests_in_flight` are between submission and answer, the others wait in the
order they came; a stream leaves that room once the contract has decided, and is counted on its own. Order per object
and shared transactions are the submitter's.

Rules: every await ends by a deadline; a limit's count is given back whatever happens; nothing sealed is logged.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from chain.errors import ChainError
from chain.payload import Purpose
from gateway.classify import Route
from gateway.core import Admitted, admit
from gateway.denials import DenialMemory
from gateway.errors import (
    AnswerError,
    DeniedError,
    GatewayError,
    LocalError,
    OverdueError,
    StreamError,
    SupersededError,
)
from gateway.exchange import open_stored, prepare, respond
from gateway.failures import explain
from gateway.limits import Limits, Meter
from gateway.messages import HttpResponse
from gateway.status import refusal
from gateway.streams import StreamReader
from gateway.timing import Timing

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Hashable

    from gateway.exchange import Exchange
    from gateway.identity import Doorkeeper, Identity
    from gateway.messages import HttpRequest
    from gateway.ports import Accepted, Executor, StoredAnswer, Submitter

_log = structlog.get_logger()


class StreamingResponse:
    """A response whose content comes piece by piece; whoever got it must close it."""

    def __init__(
        self,
        head: HttpResponse,
        frames: AsyncGenerator[bytes, None],
        reader: StreamReader,
        on_close: Callable[[], None],
    ) -> None:
        """Take over the frames after the head.

        Args:
            head: Status and headers.
            frames: The sealed frames that follow the first.
            reader: What opened the first.
            on_close: Called once, when the stream is closed.
        """
        self.head = head
        self.length = 0
        self._frames = frames
        self._reader = reader
        self._on_close: Callable[[], None] | None = on_close

    @property
    def ended(self) -> bool:
        """Whether the stream came to its proper end."""
        return self._reader.ended

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Give the content.

        Raises:
            StreamError: The stream was cut.
        """
        async for frame in self._frames:
            piece = self._reader.content(frame)
            if self._reader.ended:
                return
            self.length += len(piece)
            yield piece
        raise StreamError("the stream was cut before its end; the client will ask again")

    async def close(self) -> None:
        """Close the connection to the executor and give the stream's place back; more than once is no harm."""
        await self._frames.aclose()
        if self._on_close is not None:
            self._on_close()
            self._on_close = None


@dataclass(slots=True)
class Gateway:
    """Serves requests; one object a process.

    Attributes:
        submitter: How the contract is asked.
        executor: How the executor is reached.
        doorkeeper: Finds out who asks.
        random_bytes: A source of fresh random bytes.
        monotonic: Seconds of a clock that never goes back.
        limits: The gateway's limits.
    """

    submitter: Submitter
    executor: Executor
    doorkeeper: Doorkeeper
    random_bytes: Callable[[int], bytes]
    monotonic: Callable[[], float]
    limits: Limits = field(default_factory=Limits)
    _denials: DenialMemory = field(init=False)
    _meter: Meter = field(init=False)
    _room: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        """Set up the counters."""
        self._denials = DenialMemory(self.limits.denials_kept)
        self._meter = Meter(self.limits)
        self._room = asyncio.Semaphore(self.limits.requests_in_flight)

    async def handle(self, request: HttpRequest) -> HttpResponse | StreamingResponse:
        """Serve one request; every failure becomes a `Status` answer."""
        timing = Timing(self.monotonic)
        try:
            target = self.submitter.target()
            now_ms = self.submitter.now_ms()
        except SupersededError as error:
            return refusal(503, str(error))
        except ChainError as error:
            _log.warning("not-ready", error=str(error))
            retry = self.limits.retry_after_s if request.method in {"GET", "HEAD"} else None
            return refusal(503, "the gateway has not caught up with the ledger yet; try again", retry_after_s=retry)
        admitted = admit(
            request,
            scope=target.scope,
            doorkeeper=self.doorkeeper,
            denials=self._denials,
            conditions=target.conditions,
            limits=self.limits,
            now_ms=now_ms,
        )
        if isinstance(admitted, HttpResponse):
            _log.info("refused", status=admitted.status, method=request.method)
            return admitted
        stream = admitted.route is Route.STREAM
        full = self._meter.enter(admitted.identity.token, self.monotonic(), stream=stream)
        if full is not None:
            _log.info("refused", status=429, reason=full, token=str(admitted.identity.token))
            return refusal(429, f"{full}; try again", retry_after_s=self.limits.retry_after_s, info=admitted.info)
        response: HttpResponse | StreamingResponse | None = None
        try:
            response = await self._serve(admitted, target.conditions, timing)
        finally:
            if not isinstance(response, StreamingResponse):
                self._meter.leave(admitted.identity.token, stream=stream)
        return response

    async def _serve(
        self, admitted: Admitted, conditions: Hashable, timing: Timing
    ) -> HttpResponse | StreamingResponse:
        """Take an admitted request its way."""
        if admitted.route is Route.LOCAL:
            return await self._local(admitted)
        accepted: Accepted | None = None
        try:
            async with self._room:
                exchange, accepted = await self._submit(admitted, timing)
                if admitted.route is Route.TRANSACTION:
                    answer = await self._answer(exchange, accepted)
                    response = open_stored(exchange, answer, await self._sealed(admitted.identity, answer))
                    self._note(admitted, accepted, answer, timing, response.status)
                    return response
            return await self._stream(exchange, accepted, timing)
        except (GatewayError, ChainError) as error:
            request_id = str(accepted.request_id) if accepted else ""
            if isinstance(error, DeniedError):
                state = (admitted.identity.state, conditions)
                self._denials.remember(admitted.identity.token, state, error, change=admitted.info.is_change)
            response = explain(error, admitted.info, self.limits, request_id=request_id)
            _log.warning("failed", request_id=request_id, status=response.status, error=str(error))
            return response

    async def _local(self, admitted: Admitted) -> HttpResponse:
        """Have a request answered without a transaction."""
        try:
            async with asyncio.timeout(self.limits.local_timeout_s):
                return await self.executor.local(admitted.identity, admitted.request)
        except (TimeoutError, LocalError) as error:
            failure = error if isinstance(error, LocalError) else LocalError("it took too long")
            _log.warning("failed", status=503, error=str(failure))
            # Discovery and the self reviews change nothing, whatever their method.
            return refusal(503, f"the executor inside the enclave does not answer: {failure}", retry_after_s=1)

    async def _submit(self, admitted: Admitted, timing: Timing) -> tuple[Exchange, Accepted]:
        """Seal a request and have the contract decide it."""
        exchange = prepare(
            admitted,
            self.submitter.target(),
            now_ms=self.submitter.now_ms(),
            reply_secret=self.random_bytes(32),
            limits=self.limits,
        )
        accepted = await self.submitter.submit(exchange.submission)
        timing.accept(accepted, self.submitter.now_ms())
        return exchange, accepted

    async def _answer(self, exchange: Exchange, accepted: Accepted) -> StoredAnswer:
        """Wait for the stored answer, not longer than the request's deadline and a little."""
        left_ms = exchange.submission.deadline_ms - self.submitter.now_ms() + self.limits.answer_grace_ms
        try:
            async with asyncio.timeout(max(0, left_ms) / 1000):
                return await self.submitter.answer(accepted, exchange.submission)
        except TimeoutError:
            raise OverdueError("the request's deadline has passed") from None

    async def _sealed(self, identity: Identity, answer: StoredAnswer) -> bytes:
        """Give the sealed answer, fetched where it is too large for the chain."""
        if answer.body or not answer.body_length:
            return answer.body
        if answer.body_length > self.limits.answer_bytes:
            raise AnswerError(f"the answer has {answer.body_length} bytes, more than {self.limits.answer_bytes}")
        try:
            async with asyncio.timeout(self.limits.fetch_timeout_s):
                return await self.executor.fetch(identity, answer.body_hash, answer.body_length)
        except TimeoutError:
            raise LocalError("the answer's content did not come in time") from None

    async def _stream(self, exchange: Exchange, accepted: Accepted, timing: Timing) -> HttpResponse | StreamingResponse:
        """Begin a stream, or give the answer where the executor refused to begin one."""
        identity = exchange.admitted.identity
        frames = self.executor.stream(identity, accepted.request_id)
        reader = StreamReader(exchange.key(accepted.request_id, Purpose.TO_CLIENT))
        first = asyncio.ensure_future(anext(frames, None))
        stored = asyncio.ensure_future(self.submitter.answer(accepted, exchange.submission))
        begun = False
        try:
            done, _ = await asyncio.wait(
                {first, stored}, timeout=self.limits.stream_first_frame_s, return_when=asyncio.FIRST_COMPLETED
            )
            frame = first.result() if first in done and first.exception() is None else None
            if frame is None:
                async with asyncio.timeout(self.limits.stream_first_frame_s):
                    answer = await stored
                whole = open_stored(exchange, answer, await self._sealed(identity, answer))
                self._note(exchange.admitted, accepted, answer, timing, whole.status)
                return whole
            head = respond(exchange, accepted.request_id, reader.head(frame))
            begun = True
            _log.info("stream-began", request_id=str(accepted.request_id), status=head.status, **timing.parts())
            token, request_id = identity.token, str(accepted.request_id)

            def on_close() -> None:
                self._meter.leave(token, stream=True)
                _log.info("stream-ended", request_id=request_id, ended=response.ended, content_bytes=response.length)

            response = StreamingResponse(head, frames, reader, on_close)
            return response  # noqa: TRY300
        except TimeoutError:
            raise OverdueError("the stream did not begin") from None
        finally:
            stored.cancel()
            if not begun:
                first.cancel()
                await asyncio.gather(first, return_exceptions=True)
                await frames.aclose()

    def _note(self, admitted: Admitted, accepted: Accepted, answer: StoredAnswer, timing: Timing, status: int) -> None:
        """Write the one line of a request that `requests --split` joins."""
        envelope = admitted.info.envelope()
        _log.info(
            "answered",
            request_id=str(accepted.request_id),
            digest=str(accepted.digest),
            token=str(admitted.identity.token),
            verb=envelope.verb,
            resource=envelope.resource or "url",
            status=status,
            **timing.parts(answer),
        )
