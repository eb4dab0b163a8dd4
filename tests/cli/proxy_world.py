"""Everything around a proxy: a ledger with coins, an enclave behind its real side door, and a token's owner."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field, replace

from chain.bindings.events import EVENTS, ClusterChanged, K8sAPIRequest, K8sResponseStored, SealTokenChanged
from chain.bindings.objects import Enclave
from chain.cluster_file import ClusterFile
from chain.ledger import LedgerObject
from chain.memory_ledger import Verdict
from chain.payload import (
    AnswerPlaintext,
    Purpose,
    RequestContext,
    chunk,
    decode_request,
    encode_answer,
    reply_info,
    sealed_hash,
)
from chain.rules import Envelope, parse_rules
from chain.sealing import FrameSealer, derive_key, seal_answer
from chain.statements import ANSWER_STATEMENT, MANIFEST_DOMAIN, Manifest, answer_of
from cli.attested import Attested
from cli.proxy_process import Proxy, ProxyPlan
from gateway.streams import encode_head
from sui.builder import ProgrammableBuilder, transaction_data
from sui.effects import Event
from sui.keys import Ed25519Key
from sui.transaction import TRANSACTION_DATA, MoveCall, Shared
from sui.type_tag import StructTag
from sui.types import Address, Digest, ObjectRef, SharedOwner
from tests.cli.coin_ledger import CoinLedger
from tests.enclave.door_world import DoorWorld
from tests.gateway.chainworld import ACTIVATED, KEY, STATE, Contract
from tests.gateway.world import CHAIN_ID, CLUSTER, ENCLAVE, NOW_MS, PACKAGE

OWNER = Ed25519Key.generate(b"\x41" * 32)
TOKEN = Address(b"\x0b" * 32)
INLINE_BYTES = 8192
_NUMBERS = itertools.count(1)
_TOLD = {"activate", "announce_token", "store_k8s_response", "set"}


def token_changed(**changes) -> SealTokenChanged:
    rules = parse_rules(("*/*:*:*",))
    told = SealTokenChanged(
        TOKEN, 1, 1, CLUSTER, OWNER.address, OWNER.public, rules, (), 0, 5, 0, NOW_MS * 2, False, ""
    )
    return replace(told, **changes)


class EnclaveLedger(CoinLedger):
    """Tells the enclave of each request that was let in."""

    asked = None

    async def execute(self, transaction, signatures):
        done = await super().execute(transaction, signatures)
        for raw in done.events:
            if raw.type.name == "K8sAPIRequest":
                self.asked(EVENTS["K8sAPIRequest"].decode(raw.contents))
        return done


@dataclass
class ProxyWorld:
    """One cluster and its active enclave."""

    door: DoorWorld = field(default_factory=DoorWorld)
    contract: Contract = field(default_factory=Contract)
    requests: dict[bytes, tuple[K8sAPIRequest, object]] = field(default_factory=dict)
    tasks: set = field(default_factory=set)
    frames: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = EnclaveLedger(self.decide, now_ms=lambda: NOW_MS, chain_id=CHAIN_ID)
        self.ledger.asked = self.take
        self.ledger.coins[OWNER.address] = []
        for shared in (CLUSTER, ENCLAVE, TOKEN):
            ref = ObjectRef(shared, 9, Digest(b"\x01" * 32))
            self.ledger.objects[shared] = LedgerObject(ref, SharedOwner(7), None, b"")
        self.door.view.tokens.apply(token_changed())

    def decide(self, data, digest) -> Verdict:
        for call in data.kind.commands:
            if isinstance(call, MoveCall) and call.function in _TOLD:
                return Verdict((self.pending,))
        if not any(isinstance(call, MoveCall) for call in data.kind.commands):
            return Verdict()
        return self.contract.decide(data, digest)

    async def emit(self, name: str, module: str, function: str, value: object, uses: Address = CLUSTER) -> None:
        """Have the ledger execute a call that emits one event."""
        builder = ProgrammableBuilder()
        builder.move_call(PACKAGE, module, function, [builder.obj(Shared(uses, 7, mutable=False))])
        coin = ObjectRef(Address((10_000 + next(_NUMBERS)).to_bytes(32, "big")), 1, Digest(b"\x05" * 32))
        data = transaction_data(builder.finish(), sender=KEY.address, payment=[coin], price=1000, budget=1_000_000)
        encoded = TRANSACTION_DATA.encode(data)
        kind = StructTag(PACKAGE, "events", name)
        self.pending = Event(PACKAGE, module, KEY.address, kind, EVENTS[name].encode(value))
        await self.ledger.execute(encoded, [KEY.sign_transaction(encoded)])

    async def activate(self, *, announce: bool = True) -> None:
        """Make the enclave the active one, and announce the token."""
        await self.emit("EnclaveActivated", "enclave", "activate", ACTIVATED)
        if announce:
            await self.emit("SealTokenChanged", "seal_token", "announce_token", token_changed(), TOKEN)

    async def supersede(self) -> None:
        """Make another enclave the active one."""
        state = replace(STATE, active_enclave=Address(b"\x77" * 32), epoch=2, config_version=9)
        await self.emit("ClusterChanged", "cluster", "set", ClusterChanged("enclave", state))

    def take(self, asked: K8sAPIRequest) -> None:
        """What the enclave does with a request."""
        task = asyncio.ensure_future(self._answer(asked))
        self.tasks.add(task)

    async def _answer(self, asked: K8sAPIRequest) -> None:
        envelope = Envelope(asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace)
        context = RequestContext(
            CHAIN_ID, PACKAGE, CLUSTER, ENCLAVE, asked.token, asked.sender, asked.deadline, envelope
        )
        sealed = b"".join(asked.payload) or self.door.executor.payloads[asked.payload_hash][1]
        request = decode_request(self.door.hpke.open(sealed, context.info()))
        self.requests[bytes(asked.request_id)] = (asked, request)
        if asked.stream:
            key = derive_key(request.reply_secret, reply_info(asked.request_id, ENCLAVE, Purpose.TO_CLIENT))
            sealer = FrameSealer(key)
            frames = [sealer.seal(encode_head(AnswerPlaintext(200, (), b"")))]
            frames += [sealer.seal(frame) for frame in self.frames]
            frames.append(sealer.seal(b"\x01" * 32, last=True))
            self.door.executor.streams[bytes(TOKEN), bytes(asked.request_id)] = frames
            return
        key = derive_key(request.reply_secret, reply_info(asked.request_id, ENCLAVE, Purpose.ANSWER))
        answer = seal_answer(key, encode_answer(AnswerPlaintext(200, (), request.method.encode() + request.body)))
        inline = len(answer) <= INLINE_BYTES
        if not inline:
            self.door.executor.bodies[bytes(TOKEN), sealed_hash(answer)] = answer
        unsigned = K8sResponseStored(
            request_id=asked.request_id,
            cluster=CLUSTER,
            enclave=ENCLAVE,
            epoch=1,
            sequence=1,
            config_version=3,
            payload_hash=asked.payload_hash,
            status=200,
            body=chunk(answer) if inline else (),
            body_hash=sealed_hash(answer),
            body_length=len(answer),
            executed_at=NOW_MS,
            answer_until=asked.answer_until,
            stored_at=NOW_MS,
            signature=b"",
        )
        statement = answer_of(unsigned, chain_id=CHAIN_ID, package=PACKAGE)
        signed = replace(unsigned, signature=KEY.sign(ANSWER_STATEMENT.encode(statement)))
        await self.emit("K8sResponseStored", "answer", "store_k8s_response", signed)

    def plan(self, out, door: int, **changes) -> ProxyPlan:
        """What a proxy of this cluster is made from; the enclave's door is on that port."""
        manifest = Manifest(
            MANIFEST_DOMAIN, KEY.address, KEY.public, self.door.hpke.public.raw, bytes(32), CLUSTER, PACKAGE, CHAIN_ID,
            bytes(32),
        )  # fmt: skip
        enclave = Enclave(
            ENCLAVE, CLUSTER, CLUSTER, 1, KEY.address, KEY.public, manifest.hpke_key, bytes(32), 1, 1, 0, NOW_MS * 2,
            False, False,
        )  # fmt: skip
        file = ClusterFile(CLUSTER, PACKAGE, Digest(CHAIN_ID), "", "", "", "", (), ())
        plan = ProxyPlan(
            ledger=self.ledger,
            file=file,
            attested=Attested(manifest, self.door.ca_pem(), enclave),
            token=TOKEN,
            key=OWNER,
            door=f"https://127.0.0.1:{door}",
            host="127.0.0.1",
            port=0,
            out=out,
        )
        return replace(plan, **changes)

    @contextlib.asynccontextmanager
    async def running(self, out, **changes):
        """A proxy that serves; gives what it told and its task."""
        async with self.door.served() as visitor:
            told = asyncio.get_running_loop().create_future()
            task = asyncio.create_task(Proxy(self.plan(out, visitor.port, **changes)).run(told.set_result))
            try:
                await asyncio.wait({told, task}, return_when=asyncio.FIRST_COMPLETED)
                if task.done():
                    await task
                yield told.result(), task
            finally:
                task.cancel()
                await asyncio.gather(task, *self.tasks, return_exceptions=True)
