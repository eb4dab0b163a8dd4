"""The gateway process between real sockets: broker, signer, executor, simulated vsock, and the ledger in memory."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import ssl
from dataclasses import dataclass, field, replace

import aiohttp
import cbor2
import pytest

from chain.bindings.abort import own_words
from chain.bindings.events import EVENTS, K8sResponseStored, SealTokenChanged
from chain.configuration import make_configuration
from chain.grants import GrantScope, make_bearer
from chain.memory_ledger import MemoryLedger, Verdict
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
from chain.rules import Envelope
from chain.sealing import HPKE_SEED_BYTES, FrameSealer, HpkePrivateKey, derive_key, seal_answer
from chain.statements import ANSWER_STATEMENT, answer_of
from enclave.authority import CertificateAuthority
from enclave.gateway_process import GatewayProcess
from enclave.parameters import Activation, BootParameters, write_public
from enclave.places import Places
from gateway.leaf import SERVER_NAME
from gateway.limits import Limits
from gateway.streams import encode_head
from sui.builder import ProgrammableBuilder, transaction_data
from sui.digests import transaction_digest
from sui.effects import Event
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, MoveCall, Shared
from sui.type_tag import StructTag
from sui.types import Address, Digest, ObjectRef
from tests.gateway.chainworld import ACTIVATED, KEY, ChainWorld, Contract
from tests.gateway.world import CHAIN_ID, CLUSTER, ENCLAVE, NOW_MS, PACKAGE, Owner
from wire.control import GATEWAY_PORT
from wire.errors import IpcError
from wire.ipc import Server
from wire.sockets import listen_unix
from wire.streams import read_frame, write_frame
from wire.vsock import HybridHost, HybridSwitch

PODS = "/api/v1/namespaces/default/pods"
_NUMBERS = itertools.count(1)


def event(name: str, module: str, value: object) -> Event:
    return Event(PACKAGE, module, KEY.address, StructTag(PACKAGE, "events", name), EVENTS[name].encode(value))


async def eventually(condition) -> None:
    """Wait until something holds, at most ten seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.005)


@dataclass
class Enclave:
    """Everything around the gateway process."""

    places: Places
    owner: Owner = field(default_factory=lambda: Owner(11))
    hpke: HpkePrivateKey = field(default_factory=lambda: HpkePrivateKey(bytes(range(HPKE_SEED_BYTES))))
    authority: CertificateAuthority = field(default_factory=lambda: CertificateAuthority(bytes(range(48))))
    contract: Contract = field(default_factory=Contract)
    expected: list[bytes] = field(default_factory=list)
    requests: dict[bytes, tuple[object, object]] = field(default_factory=dict)
    tasks: set = field(default_factory=set)
    executor_answers: bool = True
    ledger_ms: int = NOW_MS

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.decide, rng=random.Random(1), now_ms=lambda: self.ledger_ms)
        world = ChainWorld()
        world.own(self.owner)
        self.ledger.objects.update(world.ledger.objects)

    def decide(self, data, digest) -> Verdict:
        for call in data.kind.commands:
            if isinstance(call, MoveCall) and call.function in {"activate", "announce_token", "store_k8s_response"}:
                return Verdict((self.pending,))
        return self.contract.decide(data, digest)

    async def emit(self, name: str, module: str, function: str, value: object, uses: Address = CLUSTER) -> None:
        """Have the ledger execute a call that emits one event."""
        builder = ProgrammableBuilder()
        builder.move_call(PACKAGE, module, function, [builder.obj(Shared(uses, 7, mutable=False))])
        coin = ObjectRef(Address(next(_NUMBERS).to_bytes(32, "big")), 1, Digest(b"\x05" * 32))
        data = transaction_data(builder.finish(), sender=KEY.address, payment=[coin], price=1000, budget=1_000_000)
        encoded = TRANSACTION_DATA.encode(data)
        self.pending = event(name, module, value)
        await self.ledger.execute(encoded, [KEY.sign_transaction(encoded)])

    async def activate(self) -> None:
        changed = SealTokenChanged(
            self.owner.state.token,
            1,
            1,
            CLUSTER,
            self.owner.state.owner,
            self.owner.state.public_key,
            self.owner.state.rules,
            (),
            0,
            5,
            0,
            NOW_MS * 2,
            False,
            "",
        )
        await self.emit("EnclaveActivated", "enclave", "activate", ACTIVATED)
        shared = self.ledger.objects[ENCLAVE]
        self.ledger.objects[ENCLAVE] = replace(shared, previous_transaction=self.ledger.events[-1].digest)
        await self.emit("SealTokenChanged", "seal_token", "announce_token", changed, self.owner.state.token)
        write_public(self.places.activation, Activation(ENCLAVE, 1))

    # neighbours

    def broker(self):
        return {
            "identity": lambda _: {
                "public_key": KEY.public,
                "address": bytes(KEY.address),
                "hpke_key": self.hpke.public.raw,
                "ca_der": self.authority.der,
                "manifest": b"",
            },
            "issue_leaf": lambda p: {"chain_pem": self.authority.issue(p["csr_der"])},
        }

    def signer(self):
        def sign(params):
            coin = ObjectRef(Address((1000 + next(_NUMBERS)).to_bytes(32, "big")), 1, Digest(b"\x05" * 32))
            kind = TRANSACTION_KIND.decode(params["kind"])
            data = transaction_data(
                kind, sender=KEY.address, payment=[coin], price=params["gas_price"], budget=params["gas_budget"]
            )
            encoded = TRANSACTION_DATA.encode(data)
            digest = bytes(transaction_digest(encoded))
            return {
                "transaction": encoded,
                "signature": KEY.sign_transaction(encoded),
                "digest": digest,
                "lease": 1,
                "balance": 10**9,
            }

        return {"sign_transaction": sign, "settle": lambda _: {}}

    def executor(self):
        def expect(params):
            self.expected.append(params["digest"])
            task = asyncio.ensure_future(self.execute(Digest(params["digest"])))
            self.tasks.add(task)

        def local(params):
            return {"status": 200, "headers": [["Content-Type", "text/plain"]], "body": params["target"].encode()}

        def fetch(_):
            raise IpcError("not-found", "gone")

        return {"expect": expect, "local": local, "fetch": fetch}

    async def execute(self, digest: Digest) -> None:
        """What the executor does once it sees the request's event."""
        await eventually(lambda: digest in self.ledger.transactions)
        for raw in self.ledger.transactions[digest].events:
            asked = EVENTS["K8sAPIRequest"].decode(raw.contents)
            envelope = Envelope(asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace)
            context = RequestContext(
                CHAIN_ID, PACKAGE, CLUSTER, ENCLAVE, asked.token, KEY.address, asked.deadline, envelope
            )
            request = decode_request(self.hpke.open(b"".join(asked.payload), context.info()))
            self.requests[bytes(asked.request_id)] = (asked, request)
            if self.executor_answers and not asked.stream:
                await self.store(asked, request)

    async def store(self, asked, request) -> None:
        key = derive_key(request.reply_secret, reply_info(asked.request_id, ENCLAVE, Purpose.ANSWER))
        sealed = seal_answer(key, encode_answer(AnswerPlaintext(200, (), request.method.encode() + request.body)))
        unsigned = K8sResponseStored(
            asked.request_id,
            CLUSTER,
            ENCLAVE,
            1,
            1,
            3,
            asked.payload_hash,
            200,
            chunk(sealed),
            sealed_hash(sealed),
            len(sealed),
            NOW_MS,
            asked.answer_until,
            NOW_MS,
            b"",
        )
        statement = answer_of(unsigned, chain_id=CHAIN_ID, package=PACKAGE)
        signed = replace(unsigned, signature=KEY.sign(ANSWER_STATEMENT.encode(statement)))
        await self.emit("K8sResponseStored", "answer", "store_k8s_response", signed)

    async def stream(self, reader, writer) -> None:
        frame = cbor2.loads(await read_frame(reader))
        await eventually(lambda: frame["request_id"] in self.requests)
        asked, request = self.requests[frame["request_id"]]
        sealer = FrameSealer(derive_key(request.reply_secret, reply_info(asked.request_id, ENCLAVE, Purpose.TO_CLIENT)))
        await write_frame(writer, sealer.seal(encode_head(AnswerPlaintext(200, (), b""))))
        for number in range(3):
            await write_frame(writer, sealer.seal(b"event %d\n" % number))
        await write_frame(writer, sealer.seal(b"\x01" * 32, last=True))
        writer.close()

    def bearer(self) -> str:
        scope = GrantScope(CHAIN_ID, PACKAGE, CLUSTER, KEY.address)
        return make_bearer(
            scope,
            self.owner.state.token,
            secret=b"s" * 32,
            not_before=NOW_MS - 1,
            expires_at=NOW_MS + 600_000,
            sign=self.owner.key.sign,
        ).text


def handlers(methods):
    def wrap(method):
        async def answer(_peer, params):
            return method(params)

        return answer

    return {name: wrap(method) for name, method in methods.items()}


@pytest.fixture
async def enclave(tmp_path_factory):
    folder = tmp_path_factory.mktemp("e")
    places = Places(folder, folder, f"uds-guest:{folder}/vsock:{folder}", folder)
    made = Enclave(places)
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(Server(places.broker, handlers(made.broker())))
        await stack.enter_async_context(Server(places.signer, handlers(made.signer())))
        await stack.enter_async_context(Server(places.executor, handlers(made.executor())))
        streams = await asyncio.start_unix_server(made.stream, places.stream)
        carrier = listen_unix(folder / "vsock")
        switch = asyncio.create_task(HybridSwitch(carrier, folder).serve())
        yield made
        streams.close()
        for task in (switch, *made.tasks):
            task.cancel()
        await asyncio.gather(switch, *made.tasks, return_exceptions=True)
        carrier.close()


@contextlib.asynccontextmanager
async def running(enclave):
    parameters = BootParameters(
        CHAIN_ID, PACKAGE, CLUSTER, make_configuration("ledger:9000", plaintext=True), b"c" * 32
    )
    process = GatewayProcess(enclave.places, parameters, Limits(), enclave.ledger)
    task = asyncio.create_task(process.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_ready(enclave) -> None:
    await eventually(enclave.places.ready("gateway").exists)


@contextlib.asynccontextmanager
async def client(enclave):
    """An HTTPS client over the simulated vsock that trusts the enclave's CA alone."""
    tls = ssl.create_default_context(cadata=ssl.DER_cert_to_PEM_cert(enclave.authority.der))

    async def tunnel(reader, writer):
        connection = await HybridHost(enclave.places.run / "vsock").connect(GATEWAY_PORT)
        inner_reader, inner_writer = await asyncio.open_connection(sock=connection)

        async def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := await source.read(65536):
                    sink.write(data)
                    await sink.drain()
            sink.close()

        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    relay = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    port = relay.sockets[0].getsockname()[1]
    headers = {"Authorization": f"Bearer {enclave.bearer()}"}
    async with aiohttp.ClientSession(f"https://127.0.0.1:{port}", headers=headers) as session:

        def ask(method, target, **kwargs):
            return session.request(method, target, ssl=tls, server_hostname=SERVER_NAME, **kwargs)

        yield ask
    relay.close()


async def test_it_listens_after_its_activation_and_serves_over_the_vsock(enclave):
    async with running(enclave):
        await asyncio.sleep(0.2)
        assert not enclave.places.ready("gateway").exists()
        await enclave.activate()
        await until_ready(enclave)
        async with client(enclave) as ask:
            async with ask("POST", PODS, data=b"hello") as response:
                assert (response.status, await response.read()) == (200, b"POSThello")
                assert response.headers["Audit-ID"].startswith("0x")
            async with ask("GET", "/version") as response:
                assert await response.read() == b"/version"
            async with ask("GET", PODS + "?watch=1") as response:
                assert await response.read() == b"event 0\nevent 1\nevent 2\n"
    assert len(enclave.expected) == 2


async def test_a_second_life_reads_from_the_activation_on(enclave):
    await enclave.activate()
    async with running(enclave):
        await until_ready(enclave)
        async with client(enclave) as ask, ask("GET", PODS) as response:
            assert response.status == 200
    enclave.places.ready("gateway").unlink()
    async with running(enclave):
        await until_ready(enclave)
        async with client(enclave) as ask, ask("GET", PODS) as response:
            assert response.status == 200


async def test_a_life_that_begins_late_asks_within_the_ledgers_time(enclave):
    await enclave.activate()
    enclave.ledger_ms = NOW_MS + 500_000
    async with running(enclave):
        await until_ready(enclave)
        async with client(enclave) as ask, ask("GET", PODS) as response:
            assert response.status == 200
    [(asked, _)] = enclave.requests.values()
    assert asked.deadline > enclave.ledger_ms


async def test_a_denial_is_said_in_the_words_of_the_measured_code(enclave):
    pool = own_words().constants["seal_token"]
    code = 1 << 63 | pool.index(b"ERevoked") << 16 | pool.index(b"ERevoked") + 1
    enclave.contract.aborts["pods"] = ("seal_token", code)
    await enclave.activate()
    async with running(enclave):
        await until_ready(enclave)
        async with client(enclave) as ask, ask("GET", PODS) as response:
            assert response.status == 403
            assert pool[pool.index(b"ERevoked") + 1].decode() in json.loads(await response.read())["message"]


async def test_a_ledger_that_is_away_is_said_and_comes_back(enclave):
    await enclave.activate()
    async with running(enclave) as life:
        await until_ready(enclave)
        async with client(enclave) as ask:
            async with ask("GET", PODS) as response:
                assert response.status == 200
            enclave.ledger.faults.unreachable = True
            async with ask("GET", PODS) as response:
                assert (response.status, response.headers["Retry-After"]) == (503, "1")
            async with ask("POST", PODS) as response:
                assert response.status == 503
                assert "Retry-After" not in response.headers
                assert json.loads(await response.read())["reason"] == "ServiceUnavailable"
            enclave.ledger.faults.unreachable = False
            async with ask("GET", PODS) as response:
                assert response.status == 200
        assert not life.done()


async def test_answers_of_other_enclaves_and_forged_ones_are_passed_over(enclave):
    await enclave.activate()
    enclave.executor_answers = False
    async with running(enclave):
        await until_ready(enclave)
        async with client(enclave) as ask:
            asking = asyncio.ensure_future(ask("GET", PODS).__aenter__())
            await eventually(lambda: enclave.requests)
            asked, request = next(iter(enclave.requests.values()))
            forged = K8sResponseStored(
                asked.request_id,
                CLUSTER,
                ENCLAVE,
                1,
                1,
                3,
                asked.payload_hash,
                404,
                (),
                sealed_hash(b""),
                0,
                NOW_MS,
                asked.answer_until,
                NOW_MS,
                b"\x00" * 64,
            )
            await enclave.emit("K8sResponseStored", "answer", "store_k8s_response", forged)
            await enclave.emit("K8sResponseStored", "answer", "store_k8s_response", replace(forged, enclave=CLUSTER))
            await asyncio.sleep(0.2)
            assert not asking.done()
            await enclave.store(asked, request)
            response = await asking
            assert (response.status, await response.read()) == (200, b"GET")
