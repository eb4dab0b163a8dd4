"""The way of one request through the enclave, from an authenticated event to its stored answer.

Role: open, check, mirror, wait for its turn, ask the apiserver, seal, journal, sign, store. Everything outside is a
port; the steps are those of `enclave.execution`, and each is journalled by `enclave.book` before it counts.

Rules:
- Every request gets exactly one answer, or lapses when its answer-until has passed. What its token's owner sent himself
  and is not what its envelope says gets a violation instead; under a grant, where a gateway built it, an answer.
- A coin for the answer is reserved before the apiserver is asked; a change whose outcome is not known is answered so,
  and never tried again.
- Requests for one object run in the order of their events; at most `in_flight` run at a time, streams apart.
- Nothing starts within a margin of its deadline.
- What cannot be opened is answered in clear, with nothing in it.

Nothing sealed, and no header or body, is ever logged.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from chain.backoff import Backoff
from chain.payload import (
    AnswerPlaintext,
    Purpose,
    encode_answer,
    reply_info,
    sealed_hash,
)
from chain.sealing import derive_key, seal_answer
from enclave.execution import FINAL, Kind, Resume, State, Step
from enclave.execution_errors import (
    AnswerTooLargeError,
    ApiserverCutError,
    ApiserverUnreachableError,
    ExecutionError,
    JournalError,
    LocalProcessError,
    MirrorError,
    NoGasError,
)
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.execution_ports import Call
from enclave.http_policy import PolicyError, check_protected, request_headers, response_headers
from enclave.http_policy import status_answer as status
from enclave.opening import TOO_LATE, Home, Opener, Refused, Violation
from enclave.records import Answer, Signed, Violated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from chain.payload import RequestPlaintext
    from chain.tokens import SealToken, TokenRegistry
    from enclave.book import Book, Entry
    from enclave.execution_ports import AnswerSignature, Apiserver, Broker, Signer
    from enclave.mirror import RoleMirror
    from enclave.order import KeyedOrder
    from enclave.storing import Storer
    from enclave.streaming import StreamRoom
    from gateway.request_info import RequestInfo

_log = structlog.get_logger()
_UNKNOWN = (
    "the enclave was interrupted while the request was carried out, and its outcome is not known; look before repeating"
)


@dataclass(frozen=True)
class Parts:
    """Everything around the runner."""

    home: Home
    book: Book
    broker: Broker
    signer: Signer
    apiserver: Apiserver
    mirror: RoleMirror
    tokens: TokenRegistry
    storer: Storer
    streams: StreamRoom
    order: KeyedOrder
    now_ms: Callable[[], int]
    rng: Random
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    limits: ExecutionLimits = LIMITS


class Runner:
    """Takes requests their way; one task a request."""

    def __init__(self, parts: Parts) -> None:
        """Take the parts; start nothing."""
        self._parts = parts
        self._opener = Opener(parts.home, parts.book, parts.broker, parts.now_ms, parts.rng, parts.sleep, parts.limits)
        self._room = asyncio.Semaphore(parts.limits.in_flight)
        self._stream_room = asyncio.Semaphore(parts.limits.streams)

    async def run(self, entry: Entry) -> None:
        """Take one request from where it stands to its end."""
        with structlog.contextvars.bound_contextvars(request_id=str(entry.request_id)):
            reservation: Any | None = None
            try:
                if entry.state in {State.SEEN, State.INTENDED}:
                    # Outside the room: who waits for bytes that travel beside the chain holds nobody up.
                    await self._opener.arrived(entry)
                room = self._stream_room if entry.kind is Kind.STREAM else self._room
                async with room:
                    if entry.state in {State.SEEN, State.INTENDED}:
                        reservation = await self._answered_somehow(entry)
                    if entry.state is State.ANSWERED:
                        await self._sign(entry)
                if entry.state is State.SIGNED:
                    held, reservation = reservation, None
                    await self._parts.storer.store(entry, held)
            finally:
                if reservation is not None:
                    await self._parts.storer.give_back(reservation)

    # ---- to the journalled answer --------------------------------------------------------------------------------

    async def _answered_somehow(self, entry: Entry) -> Any | None:
        """Bring a request to its answer even where our own code fails: nobody waits for nothing."""
        try:
            return await self._answered(entry)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - one request's failure must neither hang it nor end the others
            # Only the kind of error is told: a trace with its variables would hold what was sealed.
            _log.error("request-failed", error=type(error).__name__)
            if entry.state not in {State.SEEN, State.INTENDED}:
                return None
            unknown = entry.state is State.INTENDED and entry.kind is not Kind.READ
            self._journal_clear(entry, 504 if unknown else 500)
            return None

    async def _answered(self, entry: Entry) -> Any | None:
        """Bring a request to its journalled answer; gives the coin that was reserved for it."""
        parts, event = self._parts, entry.event
        if parts.now_ms() > event.answer_until:
            parts.book.end(entry, Step.LAPSE)
            return None
        lookup = asyncio.create_task(parts.storer.look_up(entry.request_id))
        held = _Held()
        request: RequestPlaintext | None = None
        try:
            request = await self._opener.open(entry)
            if entry.resume is Resume.SAY_UNKNOWN:
                raise Refused(504, _UNKNOWN)  # noqa: TRY301 - one way out for all refusals
            if entry.resume is Resume.SAY_INTERRUPTED:
                raise Refused(504, "interrupted: the stream was cut; ask again")  # noqa: TRY301
            plain = await self._carry_out(entry, request, held)
            self._journal_answer(entry, plain, request)
        except Refused as refused:
            if entry.state in FINAL:
                return None
            _log.info("refused", status=refused.code, reason=str(refused))
            if isinstance(refused, Violation) and _sent_by_owner(entry):
                parts.book.violate(entry, Violated(bytes(entry.request_id), self._acted_at(entry)))
            elif request is None or refused.clear:
                self._journal_clear(entry, refused.code)
            else:
                self._journal_answer(entry, status(refused.code, str(refused)), request)
        finally:
            await self._finish_lookup(lookup)
        return held.reservation

    async def _carry_out(self, entry: Entry, request: RequestPlaintext, held: _Held) -> AnswerPlaintext:
        parts, event = self._parts, entry.event
        # (4) In time, once per payload, and exactly what stands on the chain.
        if not self._opener.may_start(entry):
            raise Refused(504, TOO_LATE)
        if not parts.book.owns_payload(entry):
            raise Refused(409, "this payload was carried out already; seal a new one for each request")
        info = self._opener.matching(entry, request)
        try:
            check_protected(info)
        except PolicyError as error:
            raise Refused(error.status, str(error)) from None
        # (5) A coin for the answer, before anything happens.
        held.reservation = await self._reserve(entry)
        # (6) The mirrored user, as the apiserver shall see him.
        user = await self._user(entry, info)
        call = Call(
            method=request.method,
            target=request.target,
            headers=request_headers(request.headers),
            body=request.body,
            user=user,
            audit_id=str(entry.request_id),
        )
        if event.stream:
            # A stream may last long: it began with proof that there is gas, and does not sit on the coin meanwhile.
            reservation, held.reservation = held.reservation, None
            await parts.storer.give_back(reservation)
            return await parts.streams.serve(entry, request, call, parts.book, self._token(entry))
        # (7) Its turn among the requests for the same object.
        key = (info.group, info.resource, info.namespace, info.name) if info.is_resource and info.name else None
        async with parts.order.turn(key):
            return await self._ask(entry, call, info)

    async def _ask(self, entry: Entry, call: Call, info: RequestInfo) -> AnswerPlaintext:
        """Ask the apiserver; reads are tried again, changes only while nothing was sent."""
        parts = self._parts
        change = entry.kind is Kind.CHANGE
        backoff = Backoff(parts.rng)
        while True:
            if not self._opener.may_start(entry):
                raise Refused(504, TOO_LATE)
            if entry.state is State.SEEN:
                parts.book.intend(entry)
            left_s = max(0.001, (entry.event.deadline - parts.now_ms()) / 1000)
            try:
                if change and info.resource == "namespaces" and info.verb == "delete":
                    parts.mirror.namespace_going(info.name)
                reply = await parts.apiserver.call(call, timeout_s=left_s)
            except ApiserverUnreachableError as error:
                _log.info("apiserver-unreachable", error=str(error))
            except AnswerTooLargeError as error:
                # The change was made, only its answer is too long to give back.
                raise Refused(507, str(error)) from None
            except ApiserverCutError as error:
                _log.warning("apiserver-cut", error=str(error), change=change)
                if change:
                    raise Refused(504, _UNKNOWN) from None
            else:
                if info.resource == "namespaces" and info.verb in {"create", "patch", "update"} and reply.status < 300:
                    await self._new_namespace()
                return AnswerPlaintext(reply.status, response_headers(reply.headers), reply.body)
            await parts.sleep(max(parts.limits.retry_s, backoff.next_s()))

    async def _new_namespace(self) -> None:
        """Make Roles in a namespace before its creation is answered; a failure is mended at the next request."""
        try:
            await self._parts.mirror.namespaces_changed()
        except MirrorError as error:
            _log.warning("namespace-roles-late", error=str(error))

    async def _reserve(self, entry: Entry) -> Any:
        backoff = Backoff(self._parts.rng)
        while True:
            try:
                return await self._parts.storer.reserve()
            except NoGasError as error:
                reason = f"the enclave has no gas for the answer ({error}); the operator must top it up"
            except LocalProcessError as error:
                reason = f"the enclave's signer does not answer: {error}"
            _log.warning("no-reservation", reason=reason)
            if not self._opener.may_start(entry):
                raise Refused(503, f"{reason}; it was not carried out")
            await self._parts.sleep(backoff.next_s())

    async def _user(self, entry: Entry, info: RequestInfo) -> str:
        """Have the token's roles in force."""
        parts, event = self._parts, entry.event
        backoff = Backoff(parts.rng)
        while True:
            token = self._token(entry)
            if token is not None and token.owner != event.owner:
                raise Refused(403, "the token's owner is another than the request says; it was not carried out")
            if token is not None:
                try:
                    wanted = (info.group, info.resource, info.namespace)
                    return (await parts.mirror.ensure(token, event.narrowed, wanted=wanted)).name
                except MirrorError as error:
                    reason = str(error)
            else:
                reason = "this enclave was not told of the token yet; it must be announced"
            _log.warning("user-not-mirrored", reason=reason)
            if not self._opener.may_start(entry):
                raise Refused(503, f"{reason}; it was not carried out")
            await parts.sleep(backoff.next_s())

    def _token(self, entry: Entry) -> SealToken | None:
        """The token as it is at this moment; when the contract allowed the request, at the latest."""
        token = self._parts.tokens.get(entry.event.token)
        return token.at(max(self._parts.now_ms(), entry.event.asked_at)) if token is not None else None

    async def _finish_lookup(self, lookup: asyncio.Task[None]) -> None:
        if not lookup.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._parts.limits.retry_s):
                    await asyncio.shield(lookup)
        if not lookup.done():
            lookup.cancel()

    # ---- the answer ----------------------------------------------------------------------------------------------

    def _journal_answer(self, entry: Entry, plain: AnswerPlaintext, request: RequestPlaintext) -> None:
        """Seal the one answer and write it down; under this key nothing else is ever sealed."""
        info = reply_info(entry.request_id, entry.event.enclave, Purpose.ANSWER)
        sealed = seal_answer(derive_key(request.reply_secret, info), encode_answer(plain))
        self._journal(entry, plain.status, sealed)

    def _journal_clear(self, entry: Entry, code: int) -> None:
        self._journal(entry, code, b"")

    def _journal(self, entry: Entry, code: int, sealed: bytes) -> None:
        parts = self._parts
        parts.book.answer(entry, Answer(bytes(entry.request_id), code, sealed, self._acted_at(entry)))

    def _acted_at(self, entry: Entry) -> int:
        """The time that stands in what is signed: within the request's own."""
        return min(max(self._parts.now_ms(), entry.event.asked_at), entry.event.answer_until)

    async def _sign(self, entry: Entry) -> None:
        parts, event = self._parts, entry.event
        backoff = Backoff(parts.rng)
        while True:
            if parts.now_ms() > event.answer_until:
                parts.book.end(entry, Step.LAPSE)
                return
            try:
                word = await self._word(entry)
            except LocalProcessError as error:
                _log.warning("not-signed", error=str(error))
                await parts.sleep(backoff.next_s())
            else:
                if entry.state is State.ANSWERED:
                    parts.book.sign(entry, Signed(bytes(entry.request_id), word.sequence, word.signature))
                return

    async def _word(self, entry: Entry) -> AnswerSignature:
        """Have the signer sign what there is: the answer, or the violation."""
        event = entry.event
        statement: dict[str, Any] = {
            "enclave": bytes(event.enclave),
            "epoch": event.epoch,
            "config_version": event.config_version,
            "request_id": bytes(event.request_id),
            "payload_hash": event.payload_hash,
            "answer_until": event.answer_until,
        }
        if entry.violated is not None:
            return await self._parts.signer.sign_violation(statement | {"found_at": entry.violated.found_at})
        if entry.answer is None:
            raise ExecutionError("an answered request has no answer; this is a fault of the executor")
        said = {
            "status": entry.answer.status,
            "body_hash": sealed_hash(entry.answer.sealed),
            "executed_at": entry.answer.executed_at,
        }
        return await self._parts.signer.sign_answer(statement | said)


def _sent_by_owner(entry: Entry) -> bool:
    """Whether the token's owner sent it himself: what a gateway built under a grant is not his doing."""
    return not entry.event.session and entry.event.sender == entry.event.owner


@dataclass
class _Held:
    """What a request holds on its way, whatever becomes of it."""

    reservation: Any | None = None
