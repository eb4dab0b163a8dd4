"""A ledger served over gRPC in this process, and clients of it."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest

from localnet.ledger import Ledger, StateError
from localnet.rpc import RpcServer
from sui import bcs
from sui.builder import ProgrammableBuilder, transaction_data
from sui.effects import IdCreated, PackageWrite, Success
from sui.keys import Ed25519Key
from sui.rpc.v2 import (
    common_pb2,
    ledger_service_pb2_grpc,
    move_package_service_pb2_grpc,
    signature_verification_service_pb2_grpc,
    state_service_pb2_grpc,
    subscription_service_pb2_grpc,
    transaction_execution_service_pb2,
    transaction_execution_service_pb2_grpc,
    transaction_pb2,
)
from sui.transaction import GAS_COIN, TRANSACTION_DATA, ImmOrOwned, Shared
from sui.types import Address, SharedOwner

THINGS = Path(__file__).resolve().parents[1] / "ledger" / "things" / "compiled.json"
START_MS = 1_700_000_000_000


class Stubs:
    """One plain client of every service."""

    def __init__(self, channel):
        self.channel = channel
        self.ledger = ledger_service_pb2_grpc.LedgerServiceStub(channel)
        self.state = state_service_pb2_grpc.StateServiceStub(channel)
        self.execution = transaction_execution_service_pb2_grpc.TransactionExecutionServiceStub(channel)
        self.packages = move_package_service_pb2_grpc.MovePackageServiceStub(channel)
        self.subscriptions = subscription_service_pb2_grpc.SubscriptionServiceStub(channel)
        self.signatures = signature_verification_service_pb2_grpc.SignatureVerificationServiceStub(channel)


class World:
    """A ledger with a funded account and a published package, driven past the wire where a test does not look."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.key = Ed25519Key.generate(bytes([7]) * 32)
        self.address = self.key.address
        self.counter = itertools.count()

    def coins(self):
        return [record.ref for record in self.ledger.owned_objects(self.address).items if self._is_coin(record)]

    @staticmethod
    def _is_coin(record):
        return "::coin::Coin<" in str(record.object.data.tag)

    def sign(self, builder: ProgrammableBuilder, *, budget: int = 500_000_000) -> tuple[bytes, bytes]:
        data = transaction_data(
            builder.finish(), sender=self.address, payment=[self.coins()[0]], price=1000, budget=budget
        )
        raw = TRANSACTION_DATA.encode(data)
        return raw, self.key.sign_transaction(raw)

    def run(self, builder: ProgrammableBuilder, *, ok: bool = True):
        raw, signature = self.sign(builder)
        executed = self.ledger.execute(raw, [signature])
        assert isinstance(executed.effects.status, Success) == ok, executed.effects.status
        return executed

    def publish(self) -> None:
        compiled = json.loads(THINGS.read_text())
        builder = ProgrammableBuilder()
        cap = builder.publish(
            [base64.b64decode(module) for module in compiled["modules"]],
            [Address.parse(item) for item in compiled["dependencies"]],
        )
        builder.transfer_objects([cap], builder.pure(self.address))
        self.published = self.run(builder)
        changes = self.published.effects.changed_objects
        self.package = next(item.object_id for item in changes if isinstance(item.output_state, PackageWrite))
        self.registry = next(
            item.object_id for item in changes if isinstance(getattr(item.output_state, "owner", None), SharedOwner)
        )

    def make(self, payload: bytes | None = None) -> ProgrammableBuilder:
        """A transaction that makes a thing and announces it in an event."""
        builder = ProgrammableBuilder()
        payload = next(self.counter).to_bytes(4, "little") if payload is None else payload
        thing = builder.move_call(self.package, "things", "make", [builder.pure_value(bcs.BYTES, payload)])
        builder.transfer_objects([thing], builder.pure(self.address))
        return builder

    def made(self, executed) -> Address:
        return next(
            item.object_id for item in executed.effects.changed_objects if isinstance(item.id_operation, IdCreated)
        )

    def owned(self, object_id: Address) -> ImmOrOwned:
        return ImmOrOwned(self.ledger.get_object(object_id).ref)

    def shared(self, object_id: Address, *, mutable: bool) -> Shared:
        owner = self.ledger.get_object(object_id).object.owner
        return Shared(object_id, owner.initial_shared_version, mutable)

    def split(self, amount: int = 1_000) -> ProgrammableBuilder:
        builder = ProgrammableBuilder()
        [coin] = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, amount)])
        builder.transfer_objects([coin], builder.pure(self.address))
        return builder


class Clock:
    """Time that moves when a test says so, and a little whenever it is read."""

    def __init__(self, now: int = START_MS) -> None:
        self.now = now

    def __call__(self) -> int:
        self.now += 1
        return self.now


def open_ledger(state=":memory:", **options) -> Ledger:
    # Only transactions make checkpoints here: a test that names the newest one races with no idle one.
    options.setdefault("idle_checkpoint_ms", 0)
    try:
        return Ledger(state, seed=5, **options)
    except StateError as error:
        if "bundle" not in str(error):
            raise
        pytest.skip(f"the compiled framework is not at hand ({error})")


@asynccontextmanager
async def serving(ledger, finality_ms=0, **options):
    server = RpcServer(ledger, finality_ms=finality_ms, **options)
    port = await server.start("127.0.0.1:0")
    try:
        yield server, port
    finally:
        await server.stop()


def request_of(raw: bytes, *signatures: bytes, mask=()):
    request = transaction_execution_service_pb2.ExecuteTransactionRequest(
        transaction=transaction_pb2.Transaction(bcs=common_pb2.Bcs(value=raw)),
        signatures=[common_pb2.UserSignature(bcs=common_pb2.Bcs(value=item)) for item in signatures],
    )
    request.read_mask.paths.extend(mask)
    return request


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """The state of a world, made once; opening a copy of it takes milliseconds."""
    folder = tmp_path_factory.mktemp("template") / "state"
    world = World(open_ledger(folder, finality_ms=0, clock=Clock()))
    world.ledger.faucet(world.address, [10_000_000_000] * 3)
    world.publish()
    world.ledger.close()
    return folder, world


@pytest.fixture
def world(template, tmp_path):
    folder, made = template
    shutil.copytree(folder, tmp_path / "state")
    world = World(open_ledger(tmp_path / "state", finality_ms=0, clock=Clock(START_MS + 1_000_000)))
    world.published, world.package, world.registry = made.published, made.package, made.registry
    yield world
    world.ledger.close()


@pytest.fixture
async def served(world):
    async with serving(world.ledger) as (server, port):
        world.server, world.port = server, port
        yield world


@pytest.fixture
async def stubs(served):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{served.port}") as channel:
        yield Stubs(channel)
