"""Watches: sealed frames to the client as long as he may see them, then one signed answer about what was streamed.

Role: wait for the client's connection, open the watch, seal each piece, and say at the end how long it was, its salted
hash, and why it ended.

Rules:
- Frames leave at the boundaries of whole events; writing waits until the client has read (back-pressure), and a client
  who reads nothing for a time is let go.
- A stream ends before its deadline, when its token, grant or enclave ends, and when other rules come to hold that do
  not allow it; it is never run a second time.
- The salt is in the sealed last frame only: the public hash tells nothing to who does not know it.

What the apiserver refuses is not a stream: it becomes a whole answer.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from chain.limits import LIMITS as CHAIN_LIMITS
from chain.payload import AnswerPlaintext, Header, Purpose, reply_info
from chain.rules import allows
from chain.sealing import FrameSealer, derive_key
from enclave.execution_errors import AnswerTooLargeError, ApiserverCutError, ApiserverError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.http_policy import response_headers, status_answer
from enclave.watch_frames import WatchCutter
from gateway.streams import SALT_BYTES, encode_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.payload import RequestPlaintext
    from chain.tokens import SealToken
    from enclave.book import Book, Entry
    from enclave.execution_ports import Apiserver, Call, Inbox, Streams, Watch
    from sui.types import Address

_log = structlog.get_logger()
_JSON = (Header("Content-Type", "application/json"),)


@dataclass
class Transcript:
    """What was streamed, as its signed answer tells it."""

    salt: bytes
    length: int = 0
    _hash: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Begin the hash with the salt."""
        self._hash = hashlib.sha256(self.salt)

    def add(self, plaintext: bytes) -> None:
        """Count one more piece."""
        self._hash.update(plaintext)
        self.length += len(plaintext)

    def answer(self, ended: str, status: int) -> AnswerPlaintext:
        """The signed answer about this stream."""
        told = {"ended": ended, "length": self.length, "transcript": self._hash.hexdigest()}
        return AnswerPlaintext(status, _JSON, json.dumps(told, separators=(",", ":")).encode())


@dataclass(frozen=True)
class _Bounds:
    """Whom a stream goes to, and what ends it: somebody's word, or the ledger's time."""

    inbox: Inbox
    ending: asyncio.Future[str]
    ends_at: int


class StreamRoom:
    """Every stream that is open."""

    def __init__(
        self,
        *,
        apiserver: Apiserver,
        streams: Streams,
        now_ms: Callable[[], int],
        random_bytes: Callable[[int], bytes],
        limits: ExecutionLimits = LIMITS,
    ) -> None:
        """Begin with no stream."""
        self._apiserver = apiserver
        self._streams = streams
        self._now_ms = now_ms
        self._random_bytes = random_bytes
        self._limits = limits
        self._open: dict[bytes, dict[bytes, asyncio.Future[str]]] = {}

    def end_token(self, token: Address) -> None:
        """End all streams of a token that was revoked."""
        for ending in self._open.get(bytes(token), {}).values():
            _end(ending, "token")

    def end_all(self, why: str) -> None:
        """End all streams: the enclave is over."""
        for endings in self._open.values():
            for ending in endings.values():
                _end(ending, why)

    async def serve(
        self, entry: Entry, request: RequestPlaintext, call: Call, book: Book, token: SealToken | None
    ) -> AnswerPlaintext:
        """Stream one watch and give the answer that is signed about it."""
        inbox = await self._streams.connection(entry.request_id, entry.event.token, self._limits.stream_connect_s)
        if inbox is None:
            return status_answer(504, "the client did not come for its stream; ask again")
        key, mine = bytes(entry.event.token), bytes(entry.request_id)
        ending: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._open.setdefault(key, {})[mine] = ending
        try:
            book.intend(entry)
            bounds = _Bounds(inbox, ending, self._ends_at(entry, token))
            return await self._stream(entry, request, call, bounds)
        except ApiserverError as error:
            return status_answer(503, f"the watch could not begin: {error}")
        finally:
            self._open[key].pop(mine, None)
            if not self._open[key]:
                del self._open[key]
            ending.cancel()
            await inbox.close()

    def _ends_at(self, entry: Entry, token: SealToken | None) -> int:
        """The ledger's time at which the stream must be over."""
        ends = [entry.event.deadline]
        if entry.event.grant_expires_at:
            ends.append(entry.event.grant_expires_at)
        if token is not None and token.expires_at:
            ends.append(token.expires_at)
        if token is not None and token.pending_rules and not allows(token.pending_rules, entry.envelope):
            ends.append(token.pending_from)
        return min(ends) - self._limits.stream_margin_ms

    async def _stream(self, entry: Entry, request: RequestPlaintext, call: Call, bounds: _Bounds) -> AnswerPlaintext:
        left_s = (bounds.ends_at - self._now_ms()) / 1000
        if left_s <= 0:
            return status_answer(504, "there is no time left for a stream before its deadline; ask again")
        async with self._apiserver.watch(call, timeout_s=left_s) as watch:
            if watch.status != 200:
                return await self._whole(watch)
            info = reply_info(entry.request_id, entry.event.enclave, Purpose.TO_CLIENT)
            sealer = FrameSealer(derive_key(request.reply_secret, info))
            transcript = Transcript(self._random_bytes(SALT_BYTES))
            ended = await self._pump(watch, bounds, sealer, transcript)
            if ended != "client":
                try:
                    await self._send(bounds.inbox, sealer.seal(transcript.salt, last=True))
                except ConnectionError:
                    ended = "client"
            _log.info("stream-ended", ended=ended, content_bytes=transcript.length)
            return transcript.answer(ended, watch.status)

    async def _whole(self, watch: Watch) -> AnswerPlaintext:
        body = b""
        while piece := await watch.read():
            body += piece
            if len(body) > self._limits.watch_event_bytes:
                raise AnswerTooLargeError("the apiserver's refusal is longer than an answer may be")
        return AnswerPlaintext(watch.status, response_headers(watch.headers), body)

    async def _pump(self, watch: Watch, bounds: _Bounds, sealer: FrameSealer, transcript: Transcript) -> str:
        """Stream until something ends it; gives what that was."""
        named = {name.lower(): value for name, value in watch.headers}
        cutter = WatchCutter(
            named.get("content-type", ""), named.get("content-encoding", ""), self._limits.watch_event_bytes
        )
        inbox, ending, ends_at = bounds.inbox, bounds.ending, bounds.ends_at
        closed = asyncio.create_task(inbox.wait_closed())
        reading: asyncio.Task[bytes] | None = None
        try:
            head = AnswerPlaintext(watch.status, response_headers(watch.headers), b"")
            await self._send(inbox, sealer.seal(encode_head(head)))
            while True:
                reading = asyncio.create_task(watch.read())
                left_s = max(0.0, (ends_at - self._now_ms()) / 1000)
                waited: tuple[asyncio.Future[Any], ...] = (reading, closed, ending)
                await asyncio.wait(waited, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
                if ending.done():
                    return ending.result()
                if closed.done():
                    return "client"
                if not reading.done():
                    return "deadline"
                piece = reading.result()
                if not piece:
                    return "source"
                whole = cutter.feed(piece)
                for at in range(0, len(whole), CHAIN_LIMITS.stream_frame_bytes):
                    part = whole[at : at + CHAIN_LIMITS.stream_frame_bytes]
                    await self._send(inbox, sealer.seal(part))
                    transcript.add(part)
                if self._now_ms() >= ends_at:
                    return "deadline"
        except ConnectionError:
            return "client"
        except ApiserverCutError:
            return "source cut"
        except AnswerTooLargeError:
            return "event too large"
        finally:
            closed.cancel()
            if reading is not None:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)

    async def _send(self, inbox: Inbox, frame: bytes) -> None:
        try:
            async with asyncio.timeout(self._limits.stream_write_s):
                await inbox.send(frame)
        except TimeoutError:
            raise ConnectionError("the client does not read its stream") from None


def _end(ending: asyncio.Future[str], why: str) -> None:
    if not ending.done():
        ending.set_result(why)
