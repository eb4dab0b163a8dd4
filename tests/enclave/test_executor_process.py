"""The executor process between real sockets: real signer, real sealing, the ledger and the apiserver in memory."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import random
from dataclasses import replace

import cbor2
import pytest

from chain.bindings.calls import Contract, SharedRef, SignedGrant, submission, submit_with_grant
from chain.bindings.events import EVENTS, ClusterChanged, K8sAPIRequest, K8sResponseStored, SealTokenChanged
from chain.bindings.state import PendingVersion
from chain.configuration import make_configuration
from chain.ledger import Coin, LedgerObject
from chain.memory_ledger import MemoryLedger, Verdict
from chain.payload import Purpose, RequestContext, RequestPlaintext, decode_answer, encode_request, reply_info
from chain.rules import Envelope, Rule
from chain.sealing import HPKE_SEED_BYTES, FrameOpener, HpkePrivateKey, derive_key, open_answer
from enclave.door_limits import DOOR_LIMITS
from enclave.execution_errors import JournalError
from enclave.executor import ExecutorProcess
from enclave.parameters import Activation, BootParameters, write_public
from enclave.places import Places
from enclave.signer import Journal, Signer
from gateway.request_info import parse_request
from sui.bcs import BYTES, U16, U64, vector
from sui.builder import ProgrammableBuilder, transaction_data
from sui.digests import derive_object_id, transaction_digest
from sui.effects import Event
from sui.keys import Ed25519Key
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, MakeMoveVec, MoveCall, Result, Shared
from sui.type_tag import StructTag
from sui.types import Address, Digest, ObjectRef, SharedOwner
from tests.enclave.executor_world import WorldApiserver
from tests.gateway.chainworld import ACTIVATED, KEY, STATE
from tests.gateway.chainworld import Contract as SubmitContract
from tests.gateway.world import CHAIN_ID, CLUSTER, ENCLAVE, NOW_MS, PACKAGE
from wire.errors import IpcError
from wire.ipc import Client, Server
from wire.sockets import dial_unix
from wire.streams import read_frame, write_frame

TOKEN, OWNER = Address(b"\x0a" * 32), Address(b"\x0b" * 32)
RULES = (Rule("*", "*", "", "*", ("*",)),)
OPERATOR = Ed25519Key.generate(bytes([9]) * 32)
_NUMBERS = itertools.count(1)
WHERE = "/api/v1/namespaces/default/configmaps"


class Ledger(MemoryLedger):
    """A ledger that decides what the contract decides about submitting and storing."""

    def __init__(self) -> None:
        super().__init__(self.verdict, rng=random.Random(1), now_ms=lambda: NOW_MS, chain_id=CHAIN_ID)
        self.submits = SubmitContract()
        self.pending: Event | None = None
        self.answers: dict[Address, K8sResponseStored] = {}
        self.returned: list[object] = []
        self.revision = 0
        self.called: list[tuple[Address, str]] = []
        for shared in (CLUSTER, ENCLAVE, TOKEN):
            self.share(shared)
        coins = [ObjectRef(Address(bytes([100 + n]) * 32), 1, Digest(bytes(32))) for n in range(80)]
        self.coins[KEY.address] = [Coin(ref, 60_000_000) for ref in coins]

    def share(self, object_id: Address) -> None:
        ref = ObjectRef(object_id, 9, Digest(b"\x01" * 32))
        self.objects[object_id] = LedgerObject(ref, SharedOwner(7), None, b"")

    def verdict(self, data, digest) -> Verdict:
        functions = {c.function for c in data.kind.commands if isinstance(c, MoveCall)}
        self.called += [(c.package, c.function) for c in data.kind.commands if isinstance(c, MoveCall)]
        if (
            functions & {"activate", "announce_token", "announce_version", "change_setting"}
            and self.pending is not None
        ):
            return Verdict((self.pending,))
        if any(name.startswith("store") for name in functions):
            return self.store(data)
        if not functions:
            self.returned.append(data.kind)
            return Verdict()
        found = self.submits.decide(data, digest)
        events = []
        for number, raw in enumerate(found.events):
            asked = replace(EVENTS["K8sAPIRequest"].decode(raw.contents), owner=OWNER)
            call = [c for c in data.kind.commands if isinstance(c, MoveCall)][number]
            if not b"".join(asked.payload):
                asked = replace(asked, payload=())
            assert call.function == "submit_with_grant"
            self.share(derive_object_id(digest, number))
            events.append(replace(raw, contents=EVENTS["K8sAPIRequest"].encode(asked)))
        return Verdict(tuple(events), found.abort)

    def store(self, data) -> Verdict:
        program = data.kind
        call = next(c for c in program.commands if isinstance(c, MoveCall))

        def pure(argument, codec):
            return codec.decode(program.inputs[argument.index].value)

        def chunks(argument):
            if isinstance(argument, Result):
                made = program.commands[argument.index]
                assert isinstance(made, MakeMoveVec)
                return tuple(pure(each, BYTES) for each in made.elements)
            return pure(argument, vector(BYTES))

        given = call.arguments
        if call.function == "store_k8s_response":
            requests, bodies = [given[2]], [given[5]]
            columns = [
                [pure(given[place], codec)]
                for place, codec in ((3, U64), (4, U16), (6, BYTES), (7, U64), (8, U64), (9, BYTES))
            ]
        else:
            requests = program.commands[given[2].index].elements
            bodies = program.commands[given[5].index].elements
            columns = [
                list(pure(given[place], vector(codec)))
                for place, codec in ((3, U64), (4, U16), (6, BYTES), (7, U64), (8, U64), (9, BYTES))
            ]
        events = []
        for request, body, sequence, status, body_hash, length, executed, signature in zip(
            requests, bodies, *columns, strict=True
        ):
            request_id = program.inputs[request.index].arg.object_id
            if self.objects.pop(request_id, None) is None:
                return Verdict(abort=(PACKAGE, "answer", "store", 1))
            asked = self.asked(request_id)
            stored = K8sResponseStored(
                request_id, CLUSTER, ENCLAVE, 1, sequence, 3, asked.payload_hash, status, chunks(body), body_hash,
                length, executed, asked.answer_until, NOW_MS, signature,
            )  # fmt: skip
            assert request_id not in self.answers
            self.answers[request_id] = stored
            events.append(self.event("K8sResponseStored", "answer", stored))
        return Verdict(tuple(events))

    def asked(self, request_id: Address) -> K8sAPIRequest:
        for raw in self.events:
            if raw.type.name == "K8sAPIRequest":
                asked = EVENTS["K8sAPIRequest"].decode(raw.contents)
                if asked.request_id == request_id:
                    return asked
        raise LookupError

    @staticmethod
    def event(name: str, module: str, value: object, sender: Address = KEY.address) -> Event:
        return Event(PACKAGE, module, sender, StructTag(PACKAGE, "events", name), EVENTS[name].encode(value))

    async def emit(
        self, name: str, module: str, function: str, value: object, uses: Address, *, package: Address = PACKAGE
    ) -> None:
        builder = ProgrammableBuilder()
        builder.move_call(package, module, function, [builder.obj(Shared(uses, 7, mutable=False))])
        self.pending = self.event(name, module, value, OPERATOR.address)
        encoded = sealed_transaction(builder, OPERATOR)
        await self.execute(encoded, [OPERATOR.sign_transaction(encoded)])

    async def announce(self, rules=RULES, *, revoked: bool = False) -> None:
        self.revision += 1
        changed = SealTokenChanged(
            TOKEN, 1, self.revision, CLUSTER, OWNER, bytes(32), rules, (), 0, 5, 0, NOW_MS * 2, revoked, ""
        )
        await self.emit("SealTokenChanged", "seal_token", "announce_token", changed, TOKEN)


def sealed_transaction(builder: ProgrammableBuilder, key: Ed25519Key = KEY) -> bytes:
    coin = ObjectRef(Address((10_000 + next(_NUMBERS)).to_bytes(32, "big")), 1, Digest(b"\x05" * 32))
    data = transaction_data(builder.finish(), sender=key.address, payment=[coin], price=1000, budget=1_000_000)
    return TRANSACTION_DATA.encode(data)


async def eventually(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.005)


class Enclave:
    """Everything around the executor process, and a client and a gateway by hand."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.ledger = Ledger()
        self.apiserver = WorldApiserver()
        self.hpke = HpkePrivateKey(bytes(range(HPKE_SEED_BYTES)))
        self.parameters = BootParameters(
            CHAIN_ID, PACKAGE, CLUSTER, make_configuration("ledger:9000", plaintext=True), b"c" * 32
        )
        self.client = Client(places.executor)

    def broker(self):
        async def identity(_peer, _):
            return {"public_key": KEY.public, "address": bytes(KEY.address), "hpke_key": self.hpke.public.raw}

        async def opened(_peer, params):
            return {"plaintext": self.hpke.open(params["sealed"], params["info"])}

        return {"identity": identity, "open": opened}

    async def activate(self) -> None:
        await self.ledger.emit("EnclaveActivated", "enclave", "activate", ACTIVATED, CLUSTER)
        shared = self.ledger.objects[ENCLAVE]
        self.ledger.objects[ENCLAVE] = replace(shared, previous_transaction=self.ledger.events[-1].digest)
        await self.ledger.announce()
        write_public(self.places.activation, Activation(ENCLAVE, 1))

    @contextlib.asynccontextmanager
    async def running(self):
        self.places.ready("executor").unlink(missing_ok=True)
        process = ExecutorProcess(self.places, self.parameters, self.ledger, self.apiserver)
        task = asyncio.create_task(process.run())
        try:
            await eventually(lambda: self.places.ready("executor").exists() or task.done())
            assert not task.done(), task.exception()
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.client.close()

    async def submit(
        self, method, target, body=b"", *, told=True, sent=True, stream=False, beside=False, brought=False
    ):
        """What the gateway does: seal, build, hand over, send."""
        info = parse_request(method, target).envelope()
        envelope = Envelope(info.verb, info.group, info.resource, info.subresource, info.namespace)
        plain = RequestPlaintext(random.randbytes(32), method, target, (), body)
        deadline = NOW_MS + 60_000
        context = RequestContext(CHAIN_ID, PACKAGE, CLUSTER, ENCLAVE, TOKEN, KEY.address, deadline, envelope)
        sealed = self.hpke.public.seal(encode_request(plain), context.info())
        asked = submission(envelope, sealed, deadline=deadline, inline_bytes=0 if beside else 100_000, stream=stream)
        builder = ProgrammableBuilder()
        grant = SignedGrant(b"h" * 32, 0, NOW_MS * 2, (), b"s" * 64)
        submit_with_grant(
            builder, Contract.first(PACKAGE), cluster=SharedRef(CLUSTER, 7), enclave=SharedRef(ENCLAVE, 7),
            token=SharedRef(TOKEN, 7), grant=grant, asked=asked,
        )  # fmt: skip
        encoded = sealed_transaction(builder)
        data = TRANSACTION_DATA.decode(encoded)
        digest = transaction_digest(encoded)
        signature = KEY.sign_transaction(encoded)
        if told:
            params = {"digest": bytes(digest), "transaction": encoded, "signature": signature}
            self.told = {**params, "payloads": [sealed] if beside and not brought else []}
            await self.client.call("expect", self.told)
        if brought:
            put = {"token": bytes(TOKEN), "sealed": sealed, "until": deadline}
            await self.client.call("put", put)
        self.unsent = encoded, [signature]
        if sent:
            await self.ledger.execute(*self.unsent)
        assert data.sender == KEY.address
        return derive_object_id(digest, 0), plain

    async def answer(self, request_id: Address, plain: RequestPlaintext):
        await eventually(lambda: request_id in self.ledger.answers)
        stored = self.ledger.answers[request_id]
        sealed = b"".join(stored.body)
        if stored.body_length and not sealed:
            sealed = (await self.client.call("fetch", {"token": bytes(TOKEN), "body_hash": stored.body_hash}))["sealed"]
        key = derive_key(plain.reply_secret, reply_info(request_id, ENCLAVE, Purpose.ANSWER))
        return decode_answer(open_answer(key, sealed)) if sealed else stored.status


@pytest.fixture
async def enclave(tmp_path_factory):
    folder = tmp_path_factory.mktemp("x")
    made = Enclave(Places(folder, folder / "state", "vsock:3", folder))
    for name in ("executor", "signer"):
        made.places.private(name).mkdir(parents=True)
    journal = Journal(made.places.private("signer") / "statements")
    signer = Signer(KEY, made.parameters, journal)
    async with (
        Server(made.places.broker, made.broker()),
        Server(made.places.signer, signer.handlers(), allowed=signer.allowed()),
    ):
        await made.activate()
        yield made
    journal.close()


async def test_reads_and_changes_are_answered_once(enclave):
    async with enclave.running():
        asked = [await enclave.submit("PUT" if n % 2 else "GET", f"{WHERE}/c{n}", b'{"n":%d}' % n) for n in range(8)]
        answers = [await enclave.answer(*each) for each in asked]
    assert [each.status for each in answers] == [200, 201] * 4
    assert answers[1].body == b'{"n":1}'
    assert set(enclave.apiserver.changes.values()) == {1}
    assert enclave.apiserver.users == {f"sui:{TOKEN}:{OWNER}"}


async def test_only_what_our_own_gateway_built_is_carried_out(enclave):
    async with enclave.running():
        stranger, _ = await enclave.submit("PUT", f"{WHERE}/a", told=False)
        known = await enclave.submit("PUT", f"{WHERE}/b")
        assert (await enclave.answer(*known)).status == 201
        assert stranger not in enclave.ledger.answers
    assert len(enclave.apiserver.changes) == 1


async def test_a_second_life_goes_on_where_the_first_ended(enclave):
    async with enclave.running():
        first = await enclave.submit("PUT", f"{WHERE}/a")
        await enclave.answer(*first)
        late = await enclave.submit("PUT", f"{WHERE}/b", sent=False)
    # Handed over in one life, executed by the ledger while there is none, carried out in the next.
    await enclave.ledger.execute(*enclave.unsent)
    async with enclave.running():
        assert (await enclave.answer(*late)).status == 201
        again = await enclave.submit("GET", f"{WHERE}/a")
        assert (await enclave.answer(*again)).status == 200
    assert list(enclave.apiserver.changes.values()) == [1, 1]


async def test_a_ledger_that_is_cut_off_is_waited_for(enclave):
    enclave.ledger.faults.unreachable = True
    asyncio.get_running_loop().call_later(0.5, setattr, enclave.ledger.faults, "unreachable", False)
    async with enclave.running():
        asked = await enclave.submit("PUT", f"{WHERE}/a")
        assert (await enclave.answer(*asked)).status == 201


async def test_a_damaged_journal_stops_the_executor(enclave):
    (enclave.places.private("executor") / "journal").write_bytes(b"something else")
    with pytest.raises(JournalError, match="no journal"):
        async with enclave.running():
            pass


async def test_a_stream_that_nobody_asked_for_is_let_go(enclave):
    async with enclave.running():
        for opening in (
            b"no cbor \xff",
            cbor2.dumps({"request_id": b"short", "token": bytes(TOKEN)}),
            cbor2.dumps({"request_id": bytes(32)}),
            cbor2.dumps([]),
        ):
            connection = await dial_unix(enclave.places.stream, timeout_s=5)
            reader, writer = await asyncio.open_unix_connection(sock=connection)
            await write_frame(writer, opening)
            async with asyncio.timeout(5):
                assert await read_frame(reader) is None
            writer.close()


async def test_a_large_payload_beside_the_chain_and_a_large_answer_by_its_hash(enclave):
    body = random.randbytes(200_000)
    async with enclave.running():
        asked = await enclave.submit("PUT", f"{WHERE}/big", body, beside=True)
        answer = await enclave.answer(*asked)
        assert answer.body == body
        assert not enclave.ledger.answers[asked[0]].body
        with pytest.raises(IpcError, match="not-found"):
            await enclave.client.call("fetch", {"token": bytes(TOKEN), "body_hash": bytes(32)})
        stored = enclave.ledger.answers[asked[0]]
        with pytest.raises(IpcError, match="not-found"):
            await enclave.client.call("fetch", {"token": bytes(OWNER), "body_hash": stored.body_hash})


async def test_a_payload_that_its_owner_brought_is_carried_out_and_kept_over_a_restart(enclave):
    body = random.randbytes(200_000)
    async with enclave.running():
        asked = await enclave.submit("PUT", f"{WHERE}/big", body, beside=True, brought=True, sent=False)
    async with enclave.running():
        await enclave.client.call("expect", enclave.told)
        await enclave.ledger.execute(*enclave.unsent)
        assert (await enclave.answer(*asked)).body == body


async def test_an_owner_brings_no_more_than_may_wait(enclave):
    put = {"token": bytes(TOKEN), "until": NOW_MS + 60_000}
    async with enclave.running():
        for number in range(DOOR_LIMITS.token_puts):
            await enclave.client.call("put", put | {"sealed": bytes([number])})
        await enclave.client.call("put", put | {"sealed": b"\0"})
        with pytest.raises(IpcError, match="crowded"):
            await enclave.client.call("put", put | {"sealed": b"one more"})
        await enclave.client.call("put", put | {"sealed": b"another's", "token": bytes(OWNER)})


async def test_a_watch_streams_until_its_token_is_revoked(enclave):
    async with enclave.running():
        request_id, plain = await enclave.submit("GET", f"{WHERE}?watch=true", stream=True)
        connection = await dial_unix(enclave.places.stream, timeout_s=5)
        reader, writer = await asyncio.open_unix_connection(sock=connection)
        await write_frame(writer, cbor2.dumps({"request_id": bytes(request_id), "token": bytes(TOKEN)}))
        opener = FrameOpener(derive_key(plain.reply_secret, reply_info(request_id, ENCLAVE, Purpose.TO_CLIENT)))
        head = decode_answer(opener.open(await read_frame(reader)))
        assert head.status == 200
        enclave.apiserver.events.put_nowait(b'{"type":"ADDED"}\n{"type":')
        assert opener.open(await read_frame(reader)) == b'{"type":"ADDED"}\n'
        await enclave.ledger.announce(revoked=True)
        salt = opener.open(await read_frame(reader))
        assert opener.closed
        assert len(salt) == 32
        assert await read_frame(reader) is None
        writer.close()
        answer = await enclave.answer(request_id, plain)
    assert b'"ended":"token"' in answer.body
    assert b'"length":17' in answer.body


async def test_local_answers_what_needs_no_transaction_and_nothing_else(enclave):
    params = {
        "token": bytes(TOKEN),
        "owner": bytes(OWNER),
        "grant_session": b"",
        "narrowed": [],
        "method": "GET",
        "target": "/version",
        "headers": [["Accept", "*/*"], ["Impersonate-User", "root"]],
        "body": b"",
    }
    async with enclave.running():
        answer = await enclave.client.call("local", params)
        assert answer["status"] == 200
        assert answer["headers"] == [["Content-Type", "application/json"]]
        assert enclave.apiserver.headers == [(("Accept", "*/*"),)]
        refused = {
            "forbidden": {"target": WHERE},
            "unknown-token": {"owner": bytes(32)},
            "bad-request": {"narrowed": [["", "pods"]]},
        }
        for code, change in refused.items():
            with pytest.raises(IpcError) as caught:
                await enclave.client.call("local", params | change)
            assert caught.value.code == code


async def test_malformed_calls_are_refused(enclave):
    async with enclave.running():
        for method, params in (
            ("expect", {}),
            ("expect", {"digest": b"x", "transaction": b"", "signature": b""}),
            ("expect", {"digest": bytes(32), "transaction": b"", "signature": b"", "payloads": [b""]}),
            ("expect", {"digest": bytes(32), "transaction": b"x", "signature": b"y"}),
            ("fetch", {"token": bytes(TOKEN), "body_hash": 3}),
            ("fetch", {"body_hash": bytes(32)}),
            ("put", {"token": bytes(TOKEN), "sealed": b"", "until": NOW_MS}),
            ("put", {"token": bytes(TOKEN), "sealed": b"x", "until": NOW_MS * 2}),
            ("put", {"sealed": b"x", "until": NOW_MS}),
            ("local", {"token": b"short"}),
            ("local", []),
        ):
            with pytest.raises(IpcError) as caught:
                await enclave.client.call(method, params)
            assert caught.value.code in {"bad-request", "refused"}


@pytest.mark.parametrize("lives", [1, 2])
async def test_the_gas_goes_back_to_the_account_that_activated(enclave, lives):
    for _ in range(lives - 1):
        async with enclave.running():
            pass
    async with enclave.running():
        answer = await enclave.client.call("give_back", {})
        assert answer["digest"]
    [kind] = enclave.ledger.returned
    assert TRANSACTION_KIND.encode(kind)
    assert bytes(OPERATOR.address) in [value.value for value in kind.inputs if hasattr(value, "value")]


NEWER = Address(b"\x77" * 32)


async def change(enclave: Enclave, *, package: Address = PACKAGE, **changes: object) -> None:
    """The cluster changes, and says so."""
    state = replace(STATE, **({"config_version": 4} | changes))
    told = ClusterChanged("version announced", state)
    await enclave.ledger.emit("ClusterChanged", "cluster", "announce_version", told, CLUSTER, package=package)


async def test_answers_go_to_the_version_that_the_cluster_works_with_at_that_moment(enclave):
    async with enclave.running():
        before = await enclave.submit("PUT", f"{WHERE}/a")
        await enclave.answer(*before)
        # Announced by the new code itself, as the contract has it, and due already.
        await change(enclave, package=NEWER, pending_version=PendingVersion(2, NEWER, NOW_MS))
        await asyncio.sleep(0.1)
        after = await enclave.submit("PUT", f"{WHERE}/b")
        assert (await enclave.answer(*after)).status == 201
    stores = [package for package, function in enclave.ledger.called if function.startswith("store")]
    assert stores == [PACKAGE, NEWER]
    # The next life learns it from the journal, and tells the signer again.
    async with enclave.running():
        again = await enclave.submit("PUT", f"{WHERE}/c")
        assert (await enclave.answer(*again)).status == 201
    assert [package for package, name in enclave.ledger.called if name.startswith("store")][-1] == NEWER


async def test_an_executor_that_begins_after_an_upgrade_learns_of_it_by_its_own_activation(enclave):
    enclave.ledger.events.clear()
    activated = replace(ACTIVATED, state=replace(STATE, version=2, code=NEWER))
    await enclave.ledger.emit("EnclaveActivated", "enclave", "activate", activated, CLUSTER, package=NEWER)
    shared = enclave.ledger.objects[ENCLAVE]
    enclave.ledger.objects[ENCLAVE] = replace(shared, previous_transaction=enclave.ledger.events[-1].digest)
    await enclave.ledger.announce()
    async with enclave.running():
        asked = await enclave.submit("PUT", f"{WHERE}/a")
        assert (await enclave.answer(*asked)).status == 201
    assert {package for package, name in enclave.ledger.called if name.startswith("store")} == {NEWER}


async def test_other_clusters_change_nothing_here_not_even_after_a_restart(enclave):
    other = Address(b"\x66" * 32)
    async with enclave.running():
        await change(enclave, cluster=other, code=NEWER, config_version=99)
        foreign = SealTokenChanged(
            TOKEN, 1, 99, other, OWNER, bytes(32), (), (), 0, 0, 0, NOW_MS * 2, True, ""
        )  # fmt: skip
        await enclave.ledger.emit("SealTokenChanged", "seal_token", "announce_token", foreign, TOKEN)
        asked = await enclave.submit("PUT", f"{WHERE}/a")
        assert (await enclave.answer(*asked)).status == 201
    async with enclave.running():
        asked = await enclave.submit("PUT", f"{WHERE}/b")
        assert (await enclave.answer(*asked)).status == 201
    assert {package for package, name in enclave.ledger.called if name.startswith("store")} == {PACKAGE}
    assert b"\x66" * 32 not in (enclave.places.private("executor") / "journal").read_bytes()


async def test_it_is_ready_only_once_it_knows_what_the_ledger_held(enclave):
    listing, held = enclave.ledger.list_events, asyncio.Event()

    async def late(*arguments, **options):
        async for frame in listing(*arguments, **options):
            event = frame.event
            if event is not None and event.type.name == "SealTokenChanged":
                await held.wait()
            yield frame

    enclave.ledger.list_events = late
    process = ExecutorProcess(enclave.places, enclave.parameters, enclave.ledger, enclave.apiserver)
    task = asyncio.create_task(process.run())
    try:
        await asyncio.sleep(0.3)
        assert not enclave.places.ready("executor").exists()
        held.set()
        await eventually(enclave.places.ready("executor").exists)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await enclave.client.close()
