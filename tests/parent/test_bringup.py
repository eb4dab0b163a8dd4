"""The way from a started enclave to the active one, where ledger or enclave do not do what they should."""

import asyncio
import contextlib
import json
import random
from dataclasses import fields, replace

import cbor2
import pytest
from aiohttp import web

from chain.account import Account
from chain.bindings import events as ev
from chain.bindings.arguments import Contract
from chain.bindings.cluster_object import CLUSTER, Approvals, Cluster, Operators
from chain.bindings.state import ClusterState, Delays, Penalties, PendingVersion
from chain.bindings.state import Settings as ClusterSettings
from chain.configuration import make_configuration
from chain.errors import DeniedError
from chain.ledger import Coin, LedgerObject
from chain.memory_ledger import MemoryLedger, Verdict
from chain.outcome import created
from parent.control import Control
from parent.errors import EnclaveLostError, RegistrationError
from parent.limits import LIMITS
from parent.operator import Identity, Operator
from parent.registration import Activated, Bringup
from parent.settings import Settings
from sui import effects as fx
from sui.transaction import TRANSACTION_DATA, MoveCall, TransferObjects
from sui.types import Address, AddressOwner, Digest, ObjectRef, SharedOwner
from tests.chain import world as w
from wire.control import CONTROL_PORT
from wire.streams import read_frame, write_frame
from wire.vsock import Loopback

CAP = Address.parse("0xca")
CHALLENGE = ObjectRef(Address.parse("0xc4"), 3, Digest(bytes(32)))
IDENTITY = Identity(w.GATEWAY.address, w.GATEWAY.public, b"h" * 32, b"t" * 32)
QUICK = replace(LIMITS, boot_seconds=0.05, poll_seconds=0.0, enclave_call_seconds=1.0, give_back_seconds=1.0)
STATE = ClusterState(
    cluster=w.CLUSTER, version=1, code=w.PACKAGE, pending_version=None, chain_id=w.CHAIN_ID, package=w.PACKAGE,
    settings=ClusterSettings(1, 1, 60_000, 600_000, 1, 1, 8192, 8192, 1), delays=Delays(*[0] * 8),
    pending_settings=(), penalties=Penalties(1_000, 1_000), successor=None,
    delay_maxima=Delays(*[0] * 8), measurements=(), configurations=(), active_enclave=w.ENCLAVE, epoch=2,
    config_version=1, operator=w.OWNER.address, bond=5,
)  # fmt: skip
REGISTERED = ev.EnclaveRegistered(
    enclave=w.ENCLAVE, cluster=w.CLUSTER, operator=w.OWNER.address, challenge=CHALLENGE.object_id,
    address=w.GATEWAY.address, public_key=w.GATEWAY.public, hpke_key=b"h" * 32, tls_ca_hash=b"t" * 32, measurement=0,
    configuration=0, document_time=w.NOW, registered_at=w.NOW, expires_at=w.NOW + 5,
)  # fmt: skip
ACTIVATED = ev.EnclaveActivated(
    enclave=w.ENCLAVE, epoch=2, address=w.GATEWAY.address, public_key=w.GATEWAY.public, hpke_key=b"h" * 32,
    tls_ca_hash=b"t" * 32, expires_at=w.NOW + 5, activated_at=w.NOW, state=STATE,
)  # fmt: skip


class Ledger(MemoryLedger):
    """A ledger that announces what a test puts in `says`, function by function."""

    def __init__(self):
        super().__init__(self.verdict, rng=random.Random(1), now_ms=lambda: w.NOW, chain_id=w.CHAIN_ID)
        self.says = {}
        self.sent = []
        self.coins[w.OWNER.address] = [Coin(ObjectRef(Address.parse("0xc0"), 1, Digest(bytes(32))), 10**12)]
        for object_id in (w.CLUSTER, w.ENCLAVE):
            self.own(object_id, SharedOwner(1))
        self.own(CAP, AddressOwner(w.OWNER.address))

    def own(self, object_id, owner):
        ref = ObjectRef(object_id, 1, Digest(bytes(32)))
        self.objects[object_id] = LedgerObject(ref, owner, None, b"")

    def verdict(self, data, _digest):
        calls = [command.function for command in data.kind.commands if isinstance(command, MoveCall)]
        said = [one for function in calls for one in self.says.get(function, ())]
        return Verdict(tuple(w.event(type(one).__name__, one, sender=w.OWNER.address) for one in said))

    async def execute(self, transaction, signatures):
        self.sent.append(TRANSACTION_DATA.decode(transaction).kind)
        return await super().execute(transaction, signatures)


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def operator(ledger):
    account = Account(ledger, w.OWNER, words=lambda abort: abort.description)
    return Operator(account, Contract.first(w.PACKAGE), w.CLUSTER, CAP)


# --- what the operator does on chain ---------------------------------------------------------------------------------


async def test_a_registration_and_an_activation_are_what_the_contract_announces(ledger, operator):
    ledger.says = {"register": [REGISTERED], "activate": [ACTIVATED]}
    registered = await operator.register(CHALLENGE, b"document", IDENTITY, b"c" * 32)
    assert (registered.enclave, registered.expires_at) == (w.ENCLAVE, w.NOW + 5)
    assert await operator.activate(w.ENCLAVE) == ACTIVATED


async def test_a_success_without_its_event_is_not_believed(ledger, operator):
    with pytest.raises(RegistrationError, match="without EnclaveRegistered"):
        await operator.register(CHALLENGE, b"document", IDENTITY, b"c" * 32)
    ledger.says = {"activate": [REGISTERED]}
    with pytest.raises(RegistrationError, match="without EnclaveActivated"):
        await operator.activate(w.ENCLAVE)


async def test_a_challenge_that_was_not_made_is_told(operator):
    with pytest.raises(RegistrationError, match="made no challenge"):
        await operator.challenge()


async def test_created_objects_are_read_from_the_effects(ledger):
    done = await ledger.execute(*next((t, [s]) for t, s in [w.announce_transaction()]))
    assert created(replace(done, effects=None)) == []
    write = fx.ObjectWrite(Digest(bytes(32)), SharedOwner(1))
    made = fx.ObjectChange(w.TOKEN, fx.InputNotExist(), write, fx.IdCreated())
    changed = fx.ObjectChange(w.CLUSTER, fx.InputNotExist(), write, fx.IdNone())
    assert created(replace(done, effects=replace(done.effects, changed_objects=(made, changed)))) == [w.TOKEN]


async def test_the_newest_word_of_a_token_says_whether_it_lives(ledger, operator):
    tokens = [Address(bytes([number]) * 32) for number in range(1, 6)]
    states = [
        w.token_state(tokens[0]),
        w.token_state(tokens[1]),
        w.token_state(tokens[2], expires_at=w.NOW),
        w.token_state(tokens[3], cluster=Address.parse("0xc2")),
        w.token_state(tokens[4], revoked=True),
        w.token_state(tokens[1], revoked=True),
        w.token_state(tokens[4]),
    ]
    for state in states:
        ledger.says = {"announce_token": [state]}
        transaction, signature = w.announce_transaction(state.token, key=w.OWNER)
        ledger.transactions.clear()  # one that is sent again counts as another here
        await ledger.execute(transaction, [signature])
    assert set(await operator.live_tokens(w.NOW)) == {tokens[0], tokens[4]}


async def test_tokens_are_announced_32_at_a_time(ledger, operator):
    tokens = [Address(bytes([number]) * 32) for number in range(1, 71)]
    for token in tokens:
        ledger.own(token, SharedOwner(1))
    await operator.announce(tokens)
    calls = [[c.function for c in kind.commands if isinstance(c, MoveCall)] for kind in ledger.sent]
    assert calls == [["announce_token"] * 32, ["announce_token"] * 32, ["announce_token"] * 6]


NEWER, STRANGE = Address.parse("0x77"), Address.parse("0x78")


def works_with(ledger, code, pending=None):
    """Let the ledger show a cluster object that works with this code."""
    cluster = Cluster(
        id=w.CLUSTER, version=1, code=code, pending_version=pending, chain_id=w.CHAIN_ID, package=w.PACKAGE,
        settings=STATE.settings, pending_settings=(), delays=STATE.delays, delay_maxima=STATE.delays,
        penalties=STATE.penalties, approvals=Approvals(1, (), ()), active_enclave=None, epoch=2, config_version=3,
        operators=Operators(w.OWNER.address, None, ()), is_shared=True,
    )  # fmt: skip
    ledger.objects[w.CLUSTER] = replace(ledger.objects[w.CLUSTER], contents=CLUSTER.encode(cluster))


def called(kind):
    return {command.package for command in kind.commands if isinstance(command, MoveCall)} - {Address.parse("0x2")}


@pytest.mark.parametrize(("early_ms", "package"), [(1, w.PACKAGE), (0, NEWER), (-1, NEWER)])
async def test_the_version_that_the_cluster_works_with_at_that_moment_is_called(ledger, early_ms, package):
    account = Account(ledger, w.OWNER, words=lambda abort: abort.description)
    operator = Operator(
        account, Contract.first(w.PACKAGE), w.CLUSTER, CAP, packages=frozenset({NEWER}), now_ms=lambda: w.NOW
    )
    works_with(ledger, w.PACKAGE, PendingVersion(2, NEWER, w.NOW + early_ms))
    ledger.says = {"activate": [ACTIVATED]}
    await operator.activate(w.ENCLAVE)
    assert called(ledger.sent[-1]) == {package}


async def test_code_that_only_a_node_names_never_gets_the_operators_cap(ledger):
    account = Account(ledger, w.OWNER, words=lambda abort: abort.description)
    operator = Operator(account, Contract(NEWER, w.PACKAGE), w.CLUSTER, CAP, now_ms=lambda: w.NOW)
    works_with(ledger, STRANGE)
    with pytest.raises(RegistrationError, match="nobody here has named"):
        await operator.activate(w.ENCLAVE)
    ledger.objects[w.CLUSTER] = replace(ledger.objects[w.CLUSTER], contents=b"no cluster")
    with pytest.raises(RegistrationError, match="is no cluster"):
        await operator.challenge()
    assert ledger.sent == []


# --- what is said to the enclave -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def enclave(answers):
    """A vsock behind which an enclave's control port answers, method by method; bytes are sent as they are."""
    vsock = Loopback()
    listener = vsock.listen(CONTROL_PORT)
    heard = []

    async def serve():
        while True:
            reader, writer = await asyncio.open_connection(sock=await listener.accept())
            question = cbor2.loads(await read_frame(reader))
            heard.append((question["method"], question["params"]))
            said = answers.get(question["method"], {})
            if isinstance(said, list):
                said = said.pop(0)
            word = {"result": said}
            if isinstance(said, Exception):
                word = {"error": {"code": "refused", "message": str(said)}}
            await write_frame(writer, said if isinstance(said, bytes) else cbor2.dumps({"id": 1, **word}))
            writer.close()

    task = asyncio.create_task(serve())
    try:
        yield vsock, heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        listener.close()


async def test_an_enclave_that_answers_late_is_told_again():
    async with enclave({"boot": [b"\xff no cbor", {}]}) as (vsock, heard):
        await Control(vsock, replace(QUICK, boot_seconds=5)).boot({"package": "0x1"})
    assert heard == [("boot", {"package": "0x1"})] * 2


async def test_an_enclave_that_never_answers_is_given_up():
    with pytest.raises(EnclaveLostError, match="does not answer boot"):
        await Control(Loopback(), QUICK).boot({})


async def test_a_refusal_is_no_silence():
    async with enclave({"boot": ValueError("another chain")}) as (vsock, _):
        with pytest.raises(RegistrationError, match=r"refuses boot.*another chain"):
            await Control(vsock, QUICK).boot({})


async def test_what_is_no_table_is_refused_where_one_is_needed():
    async with enclave({"status": 3, "give_back": 3}) as (vsock, heard):
        control = Control(vsock, QUICK)
        with pytest.raises(RegistrationError, match="no table"):
            await control.status()
        assert await control.give_back("0x5") == {}
        await control.activate("0xe1", 2)
    assert heard[1:] == [("give_back", {"to": "0x5"}), ("activate", {"enclave": "0xe1", "epoch": 2})]


# --- the steps together ----------------------------------------------------------------------------------------------

SETTINGS = Settings(**{field.name: "" for field in fields(Settings)})


def bringup(vsock, *, told=None, attestation="127.0.0.1:1", **limits):
    """What registers enclaves, with what it tells in `told`."""
    tell = told.append if told is not None else lambda _text: None
    return Bringup(SETTINGS, vsock, attestation, tell, replace(QUICK, **limits))


@contextlib.asynccontextmanager
async def attesting(**answers):
    """An attestation port that gives these bytes for these paths."""

    async def answer(request):
        return web.Response(body=answers[request.path.strip("/")])

    application = web.Application()
    application.router.add_get("/{any}", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


TOLD = {"address": str(w.GATEWAY.address), "public_key": "aa", "hpke_key": "bb", "ca_der": "cc"}


async def test_the_document_and_what_it_binds_are_fetched():
    async with attesting(attestation=b"document", identity=json.dumps(TOLD).encode()) as place:
        document, identity = await bringup(Loopback(), attestation=place)._document(b"n")
    assert document == b"document"
    assert (identity.address, identity.public_key, identity.hpke_key) == (w.GATEWAY.address, b"\xaa", b"\xbb")


@pytest.mark.parametrize("wrong", [{}, {**TOLD, "address": "nothing"}, {**TOLD, "ca_der": "zz"}, []])
async def test_an_identity_that_cannot_be_read_is_told(wrong):
    async with attesting(attestation=b"document", identity=json.dumps(wrong).encode()) as place:
        with pytest.raises(RegistrationError, match="cannot be read"):
            await bringup(Loopback(), attestation=place)._document(b"n")


async def test_a_document_without_end_is_not_read_to_its_end():
    async with attesting(attestation=bytes(LIMITS.document_bytes + 1)) as place:
        with pytest.raises(RegistrationError, match="longer than 16384 bytes"):
            await bringup(Loopback(), attestation=place)._document(b"n")


async def test_an_attestation_port_that_never_answers_is_given_up():
    with pytest.raises(EnclaveLostError, match="no attestation document"):
        await bringup(Loopback())._document(b"n")


async def test_what_is_waited_for_is_told_until_all_is_ready():
    told = []
    states = [{"waiting_for": "kubernetes"}, {}, {"ready": True}]
    async with enclave({"status": states}) as (vsock, _):
        await bringup(vsock, told=told, boot_seconds=5)._enclave_ready()
    assert told == ["the enclave: kubernetes", "the enclave: starting"]


async def test_a_boot_that_fails_or_takes_too_long_is_given_up():
    async with enclave({"status": {"failed": "no namespaces"}}) as (vsock, _):
        with pytest.raises(EnclaveLostError, match="no namespaces"):
            await bringup(vsock)._enclave_ready()
    async with enclave({"status": {}}) as (vsock, _):
        with pytest.raises(EnclaveLostError, match="not ready after"):
            await bringup(vsock)._enclave_ready()


async def test_before_the_registration_there_is_nobody_to_pay_and_nothing_to_return():
    fresh = bringup(Loopback())
    await fresh.top_up()
    assert await fresh.give_back() == {}
    with pytest.raises(RegistrationError, match="not connected"):
        fresh._known_ledger()


class Challenger(Operator):
    """An operator whose challenge lies there already: the ledger in memory makes no objects."""

    async def challenge(self):
        return CHALLENGE


async def test_tokens_are_announced_before_the_enclave_begins_to_follow(ledger, tmp_path):
    (tmp_path / "configuration.json").write_text(make_configuration("ledger:9000", plaintext=True).to_json())
    ledger.own(w.TOKEN, SharedOwner(1))
    ledger.says = {"register": [REGISTERED], "activate": [ACTIVATED], "announce_token": [w.token_state()]}
    transaction, signature = w.announce_transaction(key=w.OWNER)
    await ledger.execute(transaction, [signature])
    told = {**TOLD, "public_key": w.GATEWAY.public.hex()}
    settings = replace(
        SETTINGS, chain_id=str(Digest(w.CHAIN_ID)), original_package=str(w.PACKAGE), cluster=str(w.CLUSTER),
        configuration=str(tmp_path / "configuration.json"),
    )  # fmt: skip
    async with (
        enclave({"status": {"ready": True}}) as (vsock, order),
        attesting(attestation=b"document", identity=json.dumps(told).encode()) as place,
    ):
        running = Bringup(settings, vsock, place, lambda _text: None, replace(QUICK, boot_seconds=5))
        account = Account(ledger, w.OWNER, words=lambda abort: abort.description)
        running._operator, running._ledger = Challenger(account, Contract.first(w.PACKAGE), w.CLUSTER, CAP), ledger
        ledger.sent = order
        assert (await running.run()).enclave == w.ENCLAVE
    names = [each[0] if isinstance(each, tuple) else each.commands[-1] for each in order]
    names = [getattr(each, "function", type(each).__name__) if not isinstance(each, str) else each for each in names]
    assert names == ["boot", "register", "TransferObjects", "activate", "announce_token", "activate", "status"]
    assert order[5] == ("activate", {"enclave": str(w.ENCLAVE), "epoch": 2})


@pytest.mark.parametrize(
    ("held", "sent"),
    [
        ([LIMITS.enclave_low_mist - 1], LIMITS.enclave_full_mist - LIMITS.enclave_low_mist + 1),
        ([LIMITS.enclave_low_mist], None),
        ([LIMITS.enclave_low_mist // 100] * 100, None),
    ],
)
async def test_an_enclave_that_runs_low_is_topped_up(ledger, operator, held, sent):
    running = bringup(Loopback())
    running._operator, running._ledger = operator, ledger
    running._active = Activated(w.ENCLAVE, 2, w.GATEWAY.address)
    ledger.coins[w.GATEWAY.address] = [Coin(CHALLENGE, each) for each in held]
    await running.top_up()
    assert len(ledger.sent) == (sent is not None)
    for kind in ledger.sent:
        assert isinstance(kind.commands[-1], TransferObjects)
        assert sent.to_bytes(8, "little") in [getattr(each, "value", b"") for each in kind.inputs]


async def test_what_the_chain_refuses_is_a_refused_registration(monkeypatch):
    refused = bringup(Loopback())

    async def steps():
        raise DeniedError("the operator's cap is another cluster's", digest=None)

    monkeypatch.setattr(refused, "_steps", steps)
    with pytest.raises(RegistrationError, match="another cluster's"):
        await refused.run()
