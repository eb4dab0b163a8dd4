"""A world in memory for the executor: real sealing, signatures and transactions, and a process that can be killed.

The ledger is `chain.memory_ledger`; the apiserver is a small object store that counts; signer and broker are the real
cryptography behind the ports. A `Life` is one life of the executor; `Kill` ends it at a chosen step.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from chain.bindings.arguments import Contract, SharedRef
from chain.bindings.events import EVENTS, K8sAPIRequest
from chain.ledger import LedgerObject
from chain.memory_ledger import MemoryLedger, Verdict
from chain.payload import (
    Header,
    Purpose,
    RequestContext,
    RequestPlaintext,
    chunk,
    decode_answer,
    encode_request,
    join,
    reply_info,
    sealed_hash,
)
from chain.rules import Envelope, Rule
from chain.sealing import HPKE_SEED_BYTES, FrameOpener, HpkePrivateKey, derive_key, open_answer
from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    VIOLATION_DOMAIN,
    VIOLATION_STATEMENT,
    AnswerStatement,
    ViolationStatement,
    signature_holds,
)
from chain.tokens import SealToken, TokenRegistry
from enclave.book import Book
from enclave.execution_errors import ApiserverCutError, NoGasError
from enclave.execution_limits import ExecutionLimits
from enclave.execution_ports import (
    AnswerSignature,
    Apiserver,
    Broker,
    Call,
    Inbox,
    Reply,
    SignedTransaction,
    Signer,
    Streams,
    Watch,
)
from enclave.mirror import RoleMirror
from enclave.opening import Home
from enclave.order import KeyedOrder
from enclave.records import Event
from enclave.runner import Parts, Runner
from enclave.storing import StorePlace, Storer
from enclave.streaming import StreamRoom
from gateway.request_info import parse_request
from sui.bcs import BYTES, U16, U64, vector
from sui.builder import transaction_data
from sui.digests import transaction_digest
from sui.keys import Ed25519Key
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, Input, MakeMoveVec, MoveCall, Object, Pure, Result
from sui.types import Address, Digest, ObjectRef, SharedOwner

CHAIN = bytes(range(32))
PACKAGE = Address(b"\x01" * 32)
CLUSTER = Address(b"\x02" * 32)
ENCLAVE = Address(b"\x03" * 32)
TOKEN = Address(b"\x04" * 32)
OWNER = Address(b"\x05" * 32)
START_MS = 1_800_000_000_000
COIN_MIST = 100_000_000
LIMITS = ExecutionLimits(
    start_margin_ms=10, stream_margin_ms=100, stream_connect_s=0.2, retry_s=0.0, payload_poll_s=0.0, mirror_poll_s=0.0
)


class Kill(BaseException):
    """The process is gone: no `except Exception` of it runs any more."""


@dataclass
class Death:
    """Counts the steps of one life and ends it at one of them."""

    at: int = -1
    count: int = 0
    happened: asyncio.Event = field(default_factory=asyncio.Event)
    steps: list[str] = field(default_factory=list)

    def step(self, name: str) -> None:
        """One place where the process may die; a dead one does nothing any more."""
        if self.happened.is_set():
            raise Kill
        self.steps.append(name)
        self.count += 1
        if self.count - 1 == self.at:
            self.happened.set()
            raise Kill


@dataclass
class MemoryLog:
    """The journal's file, which outlives the process; dies before or after a write."""

    records: list[bytes]
    death: Death
    found: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.found = list(self.records)

    @property
    def size_bytes(self) -> int:
        return sum(map(len, self.records))

    @size_bytes.setter
    def size_bytes(self, value: int) -> None:
        raise AttributeError(value)

    def append(self, *payloads: bytes) -> None:
        self.death.step("before append")
        self.records += payloads
        self.death.step("after append")

    def rewrite(self, payloads) -> None:
        self.death.step("before rewrite")
        self.records[:] = list(payloads)
        self.death.step("after rewrite")


class SlowLedger(MemoryLedger):
    """A ledger that takes a while, so that answers gather and batches form."""

    pauses = 0

    async def execute(self, transaction, signatures):
        for _ in range(self.pauses):
            await asyncio.sleep(0)
        return await super().execute(transaction, signatures)


class WorldSigner(Signer):
    """The signer's rules: one statement per request, one transaction per coin; it outlives the executor."""

    def __init__(self, rng: Random, coins: int = 256) -> None:
        self.key = Ed25519Key.generate(rng.randbytes(32))
        self.statements: dict[bytes, tuple[AnswerStatement | ViolationStatement, bytes]] = {}
        self.equivocations: list[bytes] = []
        self.free = [ObjectRef(Address(rng.randbytes(32)), 1, Digest(rng.randbytes(32))) for _ in range(coins)]
        self.reserved: dict[int, ObjectRef] = {}
        self.leased: dict[int, ObjectRef] = {}
        self.settled: list[tuple[ObjectRef | None, int | None]] = []
        self.death: Death | None = None
        self._number = 0

    def begin(self) -> None:
        """A new executor holds nothing."""
        self.free += self.reserved.values()
        self.reserved.clear()

    def _step(self, name: str) -> None:
        if self.death is not None:
            self.death.step(name)

    async def reserve(self) -> Any:
        self._step("reserve")
        if not self.free:
            raise NoGasError("no coin")
        self._number += 1
        self.reserved[self._number] = self.free.pop()
        return self._number

    async def release(self, reservations) -> None:
        for each in reservations:
            self.free.append(self.reserved.pop(each))

    async def sign_answer(self, statement: dict[str, Any]) -> AnswerSignature:
        return self._sign(AnswerStatement, ANSWER_DOMAIN, ANSWER_STATEMENT, statement)

    async def sign_violation(self, statement: dict[str, Any]) -> AnswerSignature:
        return self._sign(ViolationStatement, VIOLATION_DOMAIN, VIOLATION_STATEMENT, statement)

    def _sign(self, kind, domain, codec, statement) -> AnswerSignature:
        self._step("before sign")
        wanted = kind(
            domain=domain, chain_id=CHAIN, package=PACKAGE, cluster=CLUSTER, sequence=0,
            **{k: Address(v) if k in {"enclave", "request_id"} else v for k, v in statement.items()},
        )  # fmt: skip
        key = statement["request_id"]
        known = self.statements.get(key)
        if known is None:
            numbered = replace(wanted, sequence=len(self.statements) + 1)
            known = (numbered, self.key.sign(codec.encode(numbered)))
            self.statements[key] = known
        elif replace(wanted, sequence=known[0].sequence) != known[0]:
            self.equivocations.append(key)
        self._step("after sign")
        return AnswerSignature(known[0].sequence, known[1])

    async def sign_transaction(self, kind, *, budget, price, reservation) -> SignedTransaction:
        self._step("sign transaction")
        coin = self.reserved.pop(reservation) if reservation is not None else self.free.pop()
        data = transaction_data(
            TRANSACTION_KIND.decode(kind), sender=self.key.address, payment=(coin,), price=price, budget=budget
        )
        encoded = TRANSACTION_DATA.encode(data)
        self._number += 1
        self.leased[self._number] = coin
        signature = self.key.sign_transaction(encoded)
        return SignedTransaction(encoded, signature, transaction_digest(encoded), self._number, COIN_MIST)

    async def settle(self, lease, coin, balance=None) -> None:
        self._step("settle")
        self.settled.append((coin, balance))
        old = self.leased.pop(lease)
        self.free.append(ObjectRef(old.object_id, old.version + 1, old.digest))


class WorldBroker(Broker):
    """The key broker."""

    def __init__(self, rng: Random) -> None:
        self.key = HpkePrivateKey(rng.randbytes(HPKE_SEED_BYTES))

    async def open(self, sealed: bytes, info: bytes) -> bytes:
        return self.key.open(sealed, info)


class WorldApiserver(Apiserver):
    """An object store: POST creates, PUT counts up, GET reads; it outlives the executor and counts every change."""

    def __init__(self) -> None:
        self.changes: dict[str, int] = {}
        self.order: list[str] = []
        self.users: set[str | None] = set()
        self.headers: list[tuple[tuple[str, str], ...]] = []
        self.death: Death | None = None
        self.fail: list[Exception] = []
        self.events: asyncio.Queue[bytes] = asyncio.Queue()
        self.watch_status = 200

    def _step(self, name: str) -> None:
        if self.death is not None:
            self.death.step(name)

    async def call(self, call: Call, *, timeout_s: float) -> Reply:
        if call.user is None:
            return self._appliance(call)
        self._step("before call")
        if self.fail:
            error = self.fail.pop(0)
            if isinstance(error, ApiserverCutError):
                self._change(call)
            raise error
        await asyncio.sleep(0)
        self.users.add(call.user)
        self.headers.append(call.headers)
        if call.method == "GET":
            status, body = 200, json.dumps({"read": call.target}).encode()
        else:
            self._change(call)
            status, body = 201, call.body
        await asyncio.sleep(0)
        self._step("after call")
        return Reply(status, (("Content-Type", "application/json"), ("Set-Cookie", "no"), ("Date", "no")), body)

    def _change(self, call: Call) -> None:
        self.changes[call.audit_id] = self.changes.get(call.audit_id, 0) + 1
        self.order.append(call.audit_id)

    def _appliance(self, call: Call) -> Reply:
        """What the mirror asks: an apiserver that takes everything and shows it at once."""
        if "subjectaccessreviews" in call.target:
            return Reply(201, (), b'{"status":{"allowed":true}}')
        if call.target == "/api/v1/namespaces":
            return Reply(200, (), b'{"items":[{"metadata":{"name":"default"}}]}')
        return Reply(200, (), b'{"items":[]}')

    async def close(self) -> None:
        """Nothing is open."""

    @contextlib.asynccontextmanager
    async def watch(self, call: Call, *, timeout_s: float):
        self._step("before call")
        yield _WorldWatch(self)


class _WorldWatch(Watch):
    def __init__(self, apiserver: WorldApiserver) -> None:
        self.status = apiserver.watch_status
        self.headers = (("Content-Type", "application/json"),)
        self._apiserver = apiserver
        self._refused = [b'{"kind":"Status"}', b""]

    async def read(self) -> bytes:
        if self.status != 200:
            return self._refused.pop(0)
        return await self._apiserver.events.get()


class MemoryInbox(Inbox):
    """A client that reads everything."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.gone = asyncio.Event()
        self.closed = False
        self.room = asyncio.Event()
        self.room.set()

    async def send(self, frame: bytes) -> None:
        await self.room.wait()
        if self.gone.is_set():
            raise ConnectionError("gone")
        self.frames.append(frame)

    async def wait_closed(self) -> None:
        await self.gone.wait()

    async def close(self) -> None:
        self.closed = True


class MemoryStreams(Streams):
    """Clients that wait, by request."""

    def __init__(self) -> None:
        self.inboxes: dict[bytes, MemoryInbox] = {}

    async def connection(self, request_id: Address, token: Address, timeout_s: float) -> Inbox | None:
        return self.inboxes.get(bytes(request_id))


@dataclass
class Asked:
    """One request of a client, with what opens its answer."""

    event: K8sAPIRequest
    plain: RequestPlaintext
    record: Event
    change: bool


@dataclass
class Stored:
    """One answer that the contract took."""

    status: int
    body: bytes | None
    body_hash: bytes
    body_length: int


class World:
    """Everything around the executor; it outlives every life of it."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = Random(seed)
        self.now = START_MS
        self.records: list[bytes] = []
        self.signer = WorldSigner(self.rng)
        self.broker = WorldBroker(self.rng)
        self.apiserver = WorldApiserver()
        self.ledger = SlowLedger(self._decide, rng=self.rng, now_ms=lambda: self.now, chain_id=CHAIN)
        self.asked: list[Asked] = []
        self.stored: dict[bytes, Stored] = {}
        self.violations: dict[bytes, int] = {}
        self.called: list[tuple[Address, str]] = []
        self.tokens = TokenRegistry(CLUSTER)
        self.streams = MemoryStreams()
        self.deny_batches = False
        ref = ObjectRef(TOKEN, 9, Digest(self.rng.randbytes(32)))
        self.ledger.objects[TOKEN] = LedgerObject(ref, SharedOwner(5), None, b"")
        self.tell(SealToken(TOKEN, CLUSTER, OWNER, bytes(32), (Rule("*", "*", "", "*", ("*",)),), 1, 0, 0, False))

    def tell(self, token: SealToken) -> None:
        """What an authenticated event would tell of a token."""
        self.tokens._tokens[token.token] = token

    def ask(
        self,
        method: str = "GET",
        target: str = "/api/v1/namespaces/default/configmaps/a",
        *,
        body: bytes = b"",
        deadline_ms: int = 60_000,
        stream: bool = False,
        headers: tuple[Header, ...] = (),
        says: Envelope | None = None,
        sealed_for: Address = ENCLAVE,
        inline: bool = True,
        sealed: bytes | None = None,
        by_owner: bool = False,
    ) -> Asked:
        """A client asks, and the contract allows it."""
        info = parse_request(method, target)
        real = info.envelope()
        envelope = says or Envelope(real.verb, real.group, real.resource, real.subresource, real.namespace)
        plain = RequestPlaintext(self.rng.randbytes(32), method, target, headers, body)
        deadline = self.now + deadline_ms
        sender = OWNER if by_owner else self.signer.key.address
        context = RequestContext(CHAIN, PACKAGE, CLUSTER, sealed_for, TOKEN, sender, deadline, envelope)
        sealed = sealed or self.broker.key.public.seal(encode_request(plain), context.info())
        event = K8sAPIRequest(
            request_id=Address(self.rng.randbytes(32)), cluster=CLUSTER, enclave=ENCLAVE, epoch=1, config_version=3,
            token=TOKEN, owner=OWNER, sender=sender, session=b"" if by_owner else bytes(32), grant_expires_at=0,
            narrowed=(),
            verb=envelope.verb, group=envelope.group, resource=envelope.resource, subresource=envelope.subresource,
            namespace=envelope.namespace, payload=chunk(sealed) if inline else (), payload_hash=sealed_hash(sealed),
            payload_length=len(sealed), asked_at=self.now, deadline=deadline, answer_until=deadline + 60_000,
            stream=stream,
        )  # fmt: skip
        contents = EVENTS["K8sAPIRequest"].encode(event)
        record = Event("K8sAPIRequest", contents, self.rng.randbytes(32), 0, len(self.asked).to_bytes(8, "big"))
        asked = Asked(event, plain, record, info.is_change)
        self.asked.append(asked)
        ref = ObjectRef(event.request_id, 7, Digest(self.rng.randbytes(32)))
        self.ledger.objects[event.request_id] = LedgerObject(ref, SharedOwner(7), None, b"")
        return asked

    def _decide(self, data, digest) -> Verdict:
        """What the contract does with stored answers."""
        del digest
        program = data.kind
        call = next(c for c in program.commands if isinstance(c, MoveCall))
        arguments = call.arguments
        self.called.append((call.package, call.function))
        if call.function == "store_k8s_violation":
            return self._violate(program, arguments)
        if call.function == "store_k8s_response":
            ids = [self._shared(program, arguments[2])]
            sequences, statuses = [self._pure(program, arguments[3], U64)], [self._pure(program, arguments[4], U16)]
            bodies = [self._chunks(program, arguments[5])]
            hashes, lengths = [self._pure(program, arguments[6], BYTES)], [self._pure(program, arguments[7], U64)]
            times, signatures = [self._pure(program, arguments[8], U64)], [self._pure(program, arguments[9], BYTES)]
        else:
            if self.deny_batches:
                return Verdict(abort=(PACKAGE, "answer", "store_k8s_responses", 1))
            ids = [self._shared(program, each) for each in program.commands[arguments[2].index].elements]
            sequences = self._pure(program, arguments[3], vector(U64))
            statuses = self._pure(program, arguments[4], vector(U16))
            bodies = [self._chunks(program, each) for each in program.commands[arguments[5].index].elements]
            hashes = self._pure(program, arguments[6], vector(BYTES))
            lengths = self._pure(program, arguments[7], vector(U64))
            times = self._pure(program, arguments[8], vector(U64))
            signatures = self._pure(program, arguments[9], vector(BYTES))
        events = {bytes(asked.event.request_id): asked.event for asked in self.asked}
        taken = {}
        for at, request_id in enumerate(ids):
            if request_id not in self.ledger.objects:
                return Verdict(abort=(PACKAGE, "answer", "store", 2))
            event = events[bytes(request_id)]
            statement = AnswerStatement(
                ANSWER_DOMAIN, CHAIN, PACKAGE, CLUSTER, ENCLAVE, event.epoch, sequences[at], event.config_version,
                request_id, event.payload_hash, statuses[at], hashes[at], times[at], event.answer_until,
            )  # fmt: skip
            if not signature_holds(self.signer.key.public, signatures[at], ANSWER_STATEMENT.encode(statement)):
                return Verdict(abort=(PACKAGE, "answer", "store", 3))
            taken[bytes(request_id)] = Stored(statuses[at], bodies[at], hashes[at], lengths[at])
        for request_id, stored in taken.items():
            assert request_id not in self.stored
            self.stored[request_id] = stored
            del self.ledger.objects[Address(request_id)]
        return Verdict()

    def _violate(self, program, arguments) -> Verdict:
        """What the contract does with a violation."""
        token, request_id = (self._shared(program, each) for each in arguments[2:4])
        sequence, found_at = (self._pure(program, each, U64) for each in arguments[4:6])
        signature = self._pure(program, arguments[6], BYTES)
        event = {asked.event.request_id: asked.event for asked in self.asked}[request_id]
        if request_id not in self.ledger.objects or token != event.token or event.sender != event.owner:
            return Verdict(abort=(PACKAGE, "answer", "store_k8s_violation", 2))
        statement = ViolationStatement(
            VIOLATION_DOMAIN, CHAIN, PACKAGE, CLUSTER, ENCLAVE, event.epoch, sequence, event.config_version,
            request_id, event.payload_hash, found_at, event.answer_until,
        )  # fmt: skip
        if not signature_holds(self.signer.key.public, signature, VIOLATION_STATEMENT.encode(statement)):
            return Verdict(abort=(PACKAGE, "answer", "store_k8s_violation", 3))
        assert bytes(request_id) not in self.violations
        assert bytes(request_id) not in self.stored
        self.violations[bytes(request_id)] = found_at
        del self.ledger.objects[request_id]
        return Verdict()

    @staticmethod
    def _shared(program, argument) -> Address:
        assert isinstance(argument, Input)
        value = program.inputs[argument.index]
        assert isinstance(value, Object)
        return value.arg.object_id

    @staticmethod
    def _pure(program, argument, codec) -> Any:
        value = program.inputs[argument.index]
        assert isinstance(value, Pure)
        return codec.decode(value.value)

    def _chunks(self, program, argument) -> bytes:
        if isinstance(argument, Result):
            made = program.commands[argument.index]
            assert isinstance(made, MakeMoveVec)
            return join(tuple(self._pure(program, each, BYTES) for each in made.elements))
        return join(self._pure(program, argument, vector(BYTES)))

    # ---- what a client sees --------------------------------------------------------------------------------------

    def opened(self, asked: Asked, body: bytes | None = None) -> tuple[int, dict[str, str], bytes]:
        """The stored answer as its client opens it: status, headers, body."""
        stored = self.stored[bytes(asked.event.request_id)]
        sealed = body if body is not None else stored.body or b""
        assert len(sealed) == stored.body_length
        assert sealed_hash(sealed) == stored.body_hash
        if not sealed:
            return stored.status, {}, b""
        info = reply_info(asked.event.request_id, ENCLAVE, Purpose.ANSWER)
        plain = decode_answer(open_answer(derive_key(asked.plain.reply_secret, info), sealed))
        assert plain.status == stored.status
        return plain.status, dict(plain.headers), plain.body

    def frames(self, asked: Asked, inbox: MemoryInbox) -> tuple[list[bytes], bool]:
        """A stream's frames as its client opens them, and whether the last one came."""
        info = reply_info(asked.event.request_id, ENCLAVE, Purpose.TO_CLIENT)
        opener = FrameOpener(derive_key(asked.plain.reply_secret, info))
        return [opener.open(frame) for frame in inbox.frames], opener.closed


class Life:
    """One life of the executor over a world."""

    def __init__(self, world: World, death: Death | None = None, limits: ExecutionLimits = LIMITS) -> None:
        self.world = world
        self.death = death or Death()
        self.limits = limits
        world.signer.death = world.apiserver.death = self.death
        world.signer.begin()
        self.book = Book(MemoryLog(world.records, self.death), limits)
        self.tasks: set[asyncio.Task[None]] = set()
        place = StorePlace(lambda: Contract.first(PACKAGE), SharedRef(CLUSTER, 1), SharedRef(ENCLAVE, 1))
        common = {"now_ms": lambda: world.now, "rng": Random(1), "sleep": self._sleep, "limits": limits}
        self.storer = Storer(
            book=self.book,
            ledger=world.ledger,
            signer=world.signer,
            place=place,
            monotonic=lambda: 0.0,
            inline_bytes=lambda: self.book.inline_bytes,
            **common,
        )
        mirror = RoleMirror(world.apiserver, monotonic=lambda: 0.0, sleep=self._sleep, limits=limits)
        self.room = StreamRoom(
            apiserver=world.apiserver, streams=world.streams, now_ms=lambda: world.now,
            random_bytes=world.rng.randbytes, limits=limits,
        )  # fmt: skip
        self.runner = Runner(
            Parts(
                home=Home(CHAIN, PACKAGE, CLUSTER, ENCLAVE), book=self.book, broker=world.broker, signer=world.signer,
                apiserver=world.apiserver, mirror=mirror, tokens=world.tokens, storer=self.storer, streams=self.room,
                order=KeyedOrder(), **common,
            )
        )  # fmt: skip

    async def _sleep(self, seconds: float) -> None:
        self.world.now += max(1, int(seconds * 1000))
        await asyncio.sleep(0)

    def take(self) -> None:
        """Take up what the journal has, then every event that it does not have."""
        for entry in self.book.open_entries():
            self._start(entry)
        for request_id in (*self.world.stored, *self.world.violations):
            entry = self.book.get(Address(request_id))
            if entry is not None:
                self.storer.witnessed(entry)
        for asked in self.world.asked:
            entry = self.book.see(asked.event, asked.record)
            if entry is not None:
                self._start(entry)

    def _start(self, entry) -> None:
        self.tasks.add(asyncio.create_task(self._run(entry)))

    async def _run(self, entry) -> None:
        with contextlib.suppress(Kill):
            await self.runner.run(entry)

    async def live(self) -> bool:
        """Live until everything is answered (true) or the process is killed (false)."""
        dying = asyncio.create_task(self.death.happened.wait())
        try:
            try:
                self.take()
            except Kill:
                return False
            while pending := {task for task in self.tasks if not task.done()}:
                await asyncio.wait({*pending, dying}, return_when=asyncio.FIRST_COMPLETED)
                if self.death.happened.is_set():
                    return False
            for task in self.tasks:
                task.result()
            return not self.death.happened.is_set()
        finally:
            dying.cancel()
            await self.end()

    async def end(self) -> None:
        """The kernel takes what is left of the process."""
        for task in self.tasks:
            task.cancel()
        with contextlib.suppress(Kill):
            await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.storer.close()
