"""What the executor says to signer and broker, and what it hears from a node, when they refuse or are not there."""

from __future__ import annotations

import asyncio
import contextlib
import os
from dataclasses import replace
from random import Random

import cbor2
import pytest

from chain.clock import LedgerClock
from chain.errors import BadLedgerAnswerError, CannotOpenError, NotFoundError
from chain.ledger import LedgerObject
from chain.memory_ledger import MemoryLedger, Verdict
from enclave import hints
from enclave.execution_errors import LocalProcessError, NoGasError
from enclave.execution_limits import LIMITS
from enclave.executor_ports import IpcBroker, IpcSigner, StreamSocket
from enclave.parameters import Activation, write_public
from enclave.places import Places
from sui.types import Address, AddressOwner, Digest, ObjectRef, SharedOwner
from tests.chain import world as w
from wire.errors import IpcError
from wire.ipc import Client, Server
from wire.sockets import dial_unix
from wire.streams import read_frame, write_frame

COIN = ObjectRef(Address(b"\x0c" * 32), 4, Digest(b"\x0d" * 32))
TOLD = {"object_id": bytes(COIN.object_id), "version": 4, "digest": bytes(COIN.digest)}
REQUEST = Address(b"\x0e" * 32)
TOKEN = Address(b"\x0a" * 32)


class Neighbour:
    """A process next door that notes what it is asked, and answers or refuses as told."""

    def __init__(self, answers=None, refusal=None):
        self.asked = []
        self.answers = answers or {}
        self.refusal = refusal

    def handlers(self, *names):
        """A handler for each of these methods."""

        def handler(name):
            async def handle(_peer, params):
                self.asked.append((name, params))
                if self.refusal is not None:
                    raise self.refusal
                return self.answers.get(name, {})

            return handle

        return {name: handler(name) for name in names}


@contextlib.asynccontextmanager
async def beside(folder, neighbour, *names):
    """A client of a neighbour that serves these methods."""
    client = Client(folder / "n.sock")
    async with Server(folder / "n.sock", neighbour.handlers(*names)):
        yield client
    await client.close()


@pytest.fixture
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("n")


async def test_the_signer_is_told_of_time_operator_coins_and_ends(folder):
    neighbour = Neighbour({"coins": {"free": 3}, "reserve": {}})
    names = ("release_all", "clock", "operator", "add_coins", "coins", "reserve", "release", "settle")
    async with beside(folder, neighbour, *names) as client:
        signer = IpcSigner(client)
        await signer.begin()
        await signer.clock(5)
        await signer.operator(REQUEST)
        await signer.add_coins([(COIN, 70)])
        assert await signer.coins() == {"free": 3}
        assert await signer.reserve() == 1
        await signer.release([1])
        await signer.settle(1, COIN)
        await signer.settle(2, COIN, 0)
        await signer.settle(3, None)
        await signer.settle(4, COIN, 60)
    assert neighbour.asked == [
        ("release_all", {}),
        ("clock", {"now_ms": 5}),
        ("operator", {"address": bytes(REQUEST)}),
        ("add_coins", {"coins": [{**TOLD, "balance": 70}]}),
        ("coins", {}),
        ("reserve", {"reservation": 1}),
        ("release", {"reservation": 1}),
        ("settle", {"lease": 1, "coin": {**TOLD, "balance": None}}),
        ("settle", {"lease": 2, "coin": {**TOLD, "balance": 0}}),
        ("settle", {"lease": 3, "coin": None}),
        ("settle", {"lease": 4, "coin": {**TOLD, "balance": 60}}),
    ]


async def test_the_signers_refusals_are_the_executors_own_errors(folder):
    neighbour = Neighbour({"coins": [1]}, IpcError("no-gas", "the pool is empty"))
    async with beside(folder, neighbour, "reserve", "release", "settle", "coins") as client:
        signer = IpcSigner(client)
        with pytest.raises(NoGasError, match="the pool is empty"):
            await signer.reserve()
        neighbour.refusal = IpcError("refused", "another statement")
        with pytest.raises(LocalProcessError, match=r"refuses reserve.*another statement"):
            await signer.reserve()
        # What is lost of these is found again when the pool is looked through: nobody has to hear of it.
        await signer.release([1, 2])
        await signer.settle(1, COIN)
        assert [name for name, _ in neighbour.asked[2:]] == ["release", "release", "settle"]
        neighbour.refusal = None
        with pytest.raises(LocalProcessError, match="malformed"):
            await signer.coins()


async def test_a_reservation_whose_answer_was_lost_is_the_next_one_that_is_asked_for(folder):
    neighbour = Neighbour({"reserve": {}, "release": {}}, IpcError("lost", "on its way"))
    async with beside(folder, neighbour, "reserve", "release") as client:
        signer = IpcSigner(client)
        with pytest.raises(LocalProcessError):
            await signer.reserve()
        neighbour.refusal = None
        assert [await signer.reserve(), await signer.reserve()] == [1, 2]
        neighbour.refusal = IpcError("lost", "on its way")
        await signer.release([2])
        neighbour.refusal = None
        assert [await signer.reserve(), await signer.reserve()] == [2, 3]


async def test_a_signer_or_broker_that_is_not_there_is_said_so(folder):
    client = Client(folder / "nobody.sock")
    with pytest.raises(LocalProcessError, match="signer does not answer reserve"):
        await IpcSigner(client).reserve()
    with pytest.raises(LocalProcessError, match="key broker does not answer identity"):
        await IpcBroker(client).identity()
    await client.close()


@pytest.mark.parametrize(
    ("refusal", "error"),
    [
        (IpcError("cannot-open", "not sealed for this key"), CannotOpenError),
        (IpcError("too-large", "too large"), CannotOpenError),
        (IpcError("forbidden", "not for you"), LocalProcessError),
    ],
)
async def test_the_brokers_refusals_are_told_apart(folder, refusal, error):
    async with beside(folder, Neighbour(refusal=refusal), "open") as client:
        with pytest.raises(error):
            await IpcBroker(client).open(b"sealed", b"info")


async def test_a_malformed_identity_is_refused(folder):
    async with beside(folder, Neighbour({"identity": [1]}), "identity") as client:
        with pytest.raises(LocalProcessError, match="malformed"):
            await IpcBroker(client).identity()


# --- streams ---------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def listening(folder, *, allowed=None, **limits):
    """A stream socket, and how to connect to it in the name of a request."""
    path = folder / "s.sock"
    socket = StreamSocket(path, allowed or frozenset({os.geteuid()}), replace(LIMITS, **limits))
    await socket.start()
    writers = []

    async def connect(opening=None):
        connection = await dial_unix(path, timeout_s=5)
        reader, writer = await asyncio.open_unix_connection(sock=connection)
        writers.append(writer)
        await write_frame(writer, opening or opening_of(TOKEN))
        return reader, writer

    try:
        yield socket, connect
    finally:
        for writer in writers:
            writer.close()
        await socket.close()


def opening_of(token):
    return cbor2.dumps({"request_id": bytes(REQUEST), "token": bytes(token)})


async def ended(reader):
    """Whether the other side closes, and sends nothing before."""
    async with asyncio.timeout(5):
        try:
            return await read_frame(reader) is None
        except ConnectionError:
            return True


async def test_a_client_that_comes_first_or_last_gets_its_stream(folder):
    async with listening(folder) as (socket, connect):
        for early in (True, False):
            if early:
                reader, _ = await connect()
                while not socket._arrived:  # noqa: ASYNC110 - the server's side tells nobody
                    await asyncio.sleep(0)
                inbox = await socket.connection(REQUEST, TOKEN, 5)
            else:
                wanted = asyncio.create_task(socket.connection(REQUEST, TOKEN, 5))
                reader, _ = await connect()
                inbox = await wanted
            await inbox.send(b"frame")
            assert await read_frame(reader) == b"frame"
            await inbox.close()
            assert await ended(reader)


async def test_a_client_that_leaves_is_noticed(folder):
    async with listening(folder) as (socket, connect):
        wanted = asyncio.create_task(socket.connection(REQUEST, TOKEN, 5))
        _, writer = await connect()
        inbox = await wanted
        writer.close()
        async with asyncio.timeout(5):
            await inbox.wait_closed()
        with pytest.raises(ConnectionError, match="gone"):
            await inbox.send(bytes(1_000_000))
        await inbox.close()


async def test_nobody_comes(folder):
    async with listening(folder) as (socket, _):
        assert await socket.connection(REQUEST, TOKEN, 0.01) is None


async def test_a_second_client_of_one_request_is_let_go(folder):
    async with listening(folder) as (socket, connect):
        first, _ = await connect()
        while not socket._arrived:  # noqa: ASYNC110 - the server's side tells nobody
            await asyncio.sleep(0)
        second, _ = await connect()
        assert await ended(second)
        inbox = await socket.connection(REQUEST, TOKEN, 5)
        await inbox.send(b"for the first")
        assert await read_frame(first) == b"for the first"
        await inbox.close()


async def test_who_comes_for_another_tokens_request_gets_and_blocks_nothing(folder):
    async with listening(folder, stream_connect_s=0.3) as (socket, connect):
        stranger, _ = await connect(opening_of(REQUEST))
        while not socket._arrived:  # noqa: ASYNC110 - the server's side tells nobody
            await asyncio.sleep(0)
        owner, _ = await connect()
        inbox = await socket.connection(REQUEST, TOKEN, 5)
        await inbox.send(b"for the owner")
        assert await read_frame(owner) == b"for the owner"
        assert await ended(stranger)
        await inbox.close()


async def test_a_client_whose_request_never_comes_is_let_go(folder):
    async with listening(folder, stream_connect_s=0.01) as (_, connect):
        reader, _ = await connect()
        assert await ended(reader)


async def test_strangers_and_crowds_are_let_go(folder):
    async with listening(folder, allowed=frozenset({os.geteuid() + 1})) as (_, connect):
        reader, _ = await connect()
        assert await ended(reader)
    async with listening(folder, stream_waiting=1) as (socket, connect):
        await connect()
        while not socket._arrived:  # noqa: ASYNC110 - the server's side tells nobody
            await asyncio.sleep(0)
        reader, _ = await connect(cbor2.dumps({"request_id": bytes(32)}))
        assert await ended(reader)


# --- what a node says ------------------------------------------------------------------------------------------------


class WeakLedger(MemoryLedger):
    """A ledger whose first calls fail."""

    def __init__(self, failures):
        super().__init__(lambda _data, _digest: Verdict(), rng=Random(1), now_ms=lambda: w.NOW)
        self.failures = failures

    def _reach(self):
        self.faults.unreachable = self.failures > 0
        self.failures -= 1
        super()._reach()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr(hints, "_PAUSE_S", 0.0)


async def test_the_time_is_asked_until_it_is_told():
    clock = LedgerClock()
    ledger = WeakLedger(2)
    await hints.learn_time(ledger, clock)
    assert ledger.failures == -1
    assert clock.now_ms() >= w.NOW


def share(ledger, object_id, **fields):
    ref = ObjectRef(object_id, 9, Digest(b"\x01" * 32))
    found = LedgerObject(ref, SharedOwner(7), None, b"")
    ledger.objects[object_id] = replace(found, **fields)


async def test_without_an_activation_the_tip_is_where_to_begin(tmp_path):
    places = Places(tmp_path, tmp_path / "state", "vsock:3", tmp_path)
    ledger = WeakLedger(1)
    assert await hints.activation_checkpoint(ledger, places) == 0
    assert ledger.failures == -1


async def test_the_activations_checkpoint_is_looked_up_until_the_node_has_it(tmp_path):
    places = Places(tmp_path, tmp_path / "state", "vsock:3", tmp_path)
    write_public(places.activation, Activation(w.ENCLAVE, 1))
    ledger = WeakLedger(0)
    await ledger.execute(*next((t, [s]) for t, s in [w.announce_transaction(Address(b"\x01" * 32))]))
    transaction, signature = w.announce_transaction()
    looked = asyncio.create_task(hints.activation_checkpoint(ledger, places))
    for _ in range(5):
        await asyncio.sleep(0)
    share(ledger, w.ENCLAVE, previous_transaction=None)
    for _ in range(5):
        await asyncio.sleep(0)
    assert not looked.done()
    done = await ledger.execute(transaction, [signature])
    share(ledger, w.ENCLAVE, previous_transaction=done.digest)
    async with asyncio.timeout(5):
        assert await looked == done.checkpoint == 1


async def test_shared_objects_are_named_by_the_version_they_began_with():
    ledger = WeakLedger(1)
    share(ledger, w.CLUSTER)
    [ref] = await hints.shared_refs(ledger, w.CLUSTER)
    assert (ref.object_id, ref.initial_shared_version) == (w.CLUSTER, 7)


async def test_an_object_that_is_not_shared_is_the_nodes_fault():
    ledger = WeakLedger(0)
    share(ledger, w.CLUSTER, owner=AddressOwner(w.OWNER.address))
    with pytest.raises(BadLedgerAnswerError, match="not shared"):
        await hints._shared_ref(ledger, w.CLUSTER)
    with pytest.raises(NotFoundError):
        await hints._shared_ref(ledger, w.ENCLAVE)
