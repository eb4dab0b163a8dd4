"""An in-memory contract, enclave and executor behind the gateway's ports, and tokens to ask with.

Nothing is mocked: requests are really sealed and opened, grants really signed, answers really hashed and sealed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chain.errors import LedgerUnreachableError
from chain.grants import make_bearer
from chain.payload import (
    AnswerPlaintext,
    Header,
    Purpose,
    RequestContext,
    decode_request,
    encode_answer,
    reply_info,
    sealed_hash,
)
from chain.rules import Rule, parse_rules
from chain.sealing import HPKE_SEED_BYTES, FrameSealer, HpkePrivateKey, derive_key, seal_answer
from gateway.errors import MissingBodyError, OverdueError, StreamError, SupersededError
from gateway.messages import HttpRequest, HttpResponse
from gateway.ports import Accepted, Executor, SealTarget, StoredAnswer, Submission, Submitter
from gateway.streams import encode_head
from sui.types import Address, Digest

if TYPE_CHECKING:
    from gateway.identity import Identity

CHAIN_ID = b"\x07" * 32
PACKAGE, CLUSTER, ENCLAVE, SENDER = (Address(bytes([n]) * 32) for n in (1, 2, 3, 4))
NOW_MS = 1_800_000_000_000


def address(number: int) -> Address:
    return Address(number.to_bytes(32, "big"))


@dataclass(frozen=True)
class Token:
    token: Address
    owner: Address
    public_key: bytes
    rules: tuple[Rule, ...]
    revoked: bool = False

    def at(self, now_ms: int) -> Token:
        return self


@dataclass
class Owner:
    """A person with a key and a seal token."""

    number: int
    rules: tuple[str, ...] = ("*/*:*:*", "url:/metrics:get")
    secret: bytes = b"s" * 32
    narrowed: tuple[Rule, ...] = ()

    def __post_init__(self) -> None:
        self.key = Ed25519PrivateKey.from_private_bytes(bytes([self.number]) * 32)
        self.state = Token(
            address(self.number),
            address(1000 + self.number),
            self.key.public_key().public_bytes_raw(),
            parse_rules(self.rules),
        )

    def bearer(self, world: World, **changes: object) -> str:
        wanted = {
            "secret": self.secret,
            "not_before": NOW_MS - 1000,
            "expires_at": NOW_MS + 600_000,
            "sign": self.key.sign,
            "rules": self.narrowed,
        } | changes
        return make_bearer(world.target().scope, self.state.token, **wanted).text


Handler = Callable[[HttpRequest], HttpResponse]


@dataclass
class World(Submitter, Executor):
    """The contract (allows what it is told to), the enclave (runs `handler`), and the executor's sockets."""

    handler: Handler = lambda _: HttpResponse(200, (("Content-Type", "text/plain"),), b"hello")
    inline_bytes: int = 8192
    clock_ms: int = NOW_MS
    denied: Exception | None = None
    unreachable: bool = False
    superseded: bool = False
    stopped: bool = False
    frames: list[bytes] = field(default_factory=list)
    cut_stream: bool = False
    refuse_stream: bool = False
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    submissions: list[Submission] = field(default_factory=list)
    requests: list[HttpRequest] = field(default_factory=list)
    locals: list[tuple[Identity, HttpRequest]] = field(default_factory=list)
    conditions: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    streams_closed: int = 0
    tamper: Callable[[StoredAnswer], StoredAnswer] = lambda answer: answer

    def __post_init__(self) -> None:
        self.hpke = HpkePrivateKey(bytes(range(HPKE_SEED_BYTES)))
        self.tokens: dict[Address, Token] = {}
        self.bodies: dict[bytes, bytes] = {}
        self.secrets: dict[Address, bytes] = {}
        self.hold.set()

    def own(self, owner: Owner) -> Owner:
        self.tokens[owner.state.token] = owner.state
        return owner

    def revoke(self, owner: Owner) -> None:
        self.tokens[owner.state.token] = replace(owner.state, revoked=True)

    def get(self, token: Address) -> Token | None:
        return self.tokens.get(token)

    # Submitter

    def target(self) -> SealTarget:
        if self.superseded:
            raise SupersededError("not active any more; start `k3s-daas proxy` anew")
        return SealTarget(
            CHAIN_ID, PACKAGE, CLUSTER, ENCLAVE, self.hpke.public.raw, SENDER, 60_000, 600_000, self.conditions
        )

    def now_ms(self) -> int:
        return self.clock_ms

    async def submit(self, submission: Submission) -> Accepted:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            self.submissions.append(submission)
            await asyncio.sleep(0)
            if self.unreachable:
                raise LedgerUnreachableError("nobody there")
            if self.denied is not None:
                raise self.denied
            number = len(self.submissions)
            return Accepted(address(5000 + number), Digest(bytes([9]) * 32), submission.deadline_ms + 30_000, 1, 2)
        finally:
            self.in_flight -= 1

    async def answer(self, accepted: Accepted, submission: Submission) -> StoredAnswer:
        await self.hold.wait()
        if self.stopped or (submission.stream and not self.refuse_stream):
            await asyncio.sleep(3600)
            raise OverdueError("never")
        request, secret = self._open(submission)
        self.requests.append(request)
        response = self.handler(request)
        plain = AnswerPlaintext(response.status, tuple(Header(*pair) for pair in response.headers), response.body)
        key = derive_key(secret, reply_info(accepted.request_id, ENCLAVE, Purpose.ANSWER))
        sealed = seal_answer(key, encode_answer(plain))
        body_hash = sealed_hash(sealed)
        inline = len(sealed) <= self.inline_bytes
        if not inline:
            self.bodies[body_hash] = sealed
        return self.tamper(
            StoredAnswer(
                accepted.request_id,
                response.status,
                sealed if inline else b"",
                body_hash,
                len(sealed),
                self.clock_ms,
                self.clock_ms,
            )
        )

    def _open(self, submission: Submission) -> tuple[HttpRequest, bytes]:
        context = RequestContext(
            CHAIN_ID,
            PACKAGE,
            CLUSTER,
            ENCLAVE,
            submission.identity.token,
            SENDER,
            submission.deadline_ms,
            submission.envelope,
        )
        plain = decode_request(self.hpke.open(submission.sealed, context.info()))
        request = HttpRequest(plain.method, plain.target, tuple(tuple(h) for h in plain.headers), plain.body)
        return request, plain.reply_secret

    # Executor

    async def local(self, identity: Identity, request: HttpRequest) -> HttpResponse:
        self.locals.append((identity, request))
        return HttpResponse(200, (("Content-Type", "application/json"),), b"{}")

    async def fetch(self, identity: Identity, body_hash: bytes, length: int) -> bytes:
        if body_hash not in self.bodies:
            raise MissingBodyError("gone")
        return self.bodies[body_hash]

    async def stream(self, identity: Identity, request_id: Address) -> AsyncGenerator[bytes, None]:
        try:
            if self.refuse_stream:
                return
            index = int.from_bytes(request_id[-2:], "big") - 5000 - 1
            _, secret = self._open(self.submissions[index])
            sealer = FrameSealer(derive_key(secret, reply_info(request_id, ENCLAVE, Purpose.TO_CLIENT)))
            head = AnswerPlaintext(200, (Header("Content-Type", "application/json"), Header("Connection", "x")), b"")
            yield sealer.seal(encode_head(head))
            for frame in self.frames:
                await self.hold.wait()
                yield sealer.seal(frame)
            if self.cut_stream:
                raise StreamError("cut")
            yield sealer.seal(hashlib.sha256(b"salt").digest(), last=True)
        finally:
            self.streams_closed += 1
