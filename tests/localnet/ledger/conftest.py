"""A ledger in memory, people with coins, and a published package to call."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from localnet.ledger import ExecutedTransaction, Ledger, ObjectRecord
from localnet.ledger.framework import find_bundle
from sui import bcs
from sui.builder import ProgrammableBuilder, transaction_data
from sui.effects import Failed, IdCreated, ObjectWrite, PackageWrite, Success
from sui.keys import Ed25519Key
from sui.object import MoveObject
from sui.transaction import TRANSACTION_DATA, ImmOrOwned, Shared, TransactionData
from sui.type_tag import GAS_COIN_TYPE, MOVE_STDLIB, SUI_COIN_TYPE, SUI_FRAMEWORK
from sui.types import Address, ObjectRef, SharedOwner

START_MS = 1_700_000_000_000
SUI = 1_000_000_000
NOWHERE = Address(bytes(32))
CLOCK = Shared(Address.parse("0x6"), 1, mutable=False)


def key(name: str) -> Ed25519Key:
    return Ed25519Key.generate(hashlib.sha256(name.encode()).digest())


def compiled(name: str) -> tuple[bytes, ...]:
    """The modules of a test package beside this file."""
    built = json.loads((Path(__file__).parent / name / "compiled.json").read_text())
    return tuple(base64.b64decode(module) for module in built["modules"])


def modules() -> tuple[bytes, ...]:
    return compiled("things")


def published(done: ExecutedTransaction) -> Address:
    """The package that a transaction stored."""
    return next(
        change.object_id for change in done.effects.changed_objects if isinstance(change.output_state, PackageWrite)
    )


@dataclass
class World:
    """A ledger and what tests do with it."""

    ledger: Ledger
    now: list[int]
    things: Address = NOWHERE
    gas: dict[Address, ObjectRef] = field(default_factory=dict)

    def fund(self, who: Ed25519Key, *amounts: int) -> list[ObjectRef]:
        done = self.ledger.faucet(who.address, amounts)
        assert isinstance(done.effects.status, Success)
        refs = [
            ObjectRef(change.object_id, done.effects.lamport_version, change.output_state.digest)
            for change in done.effects.changed_objects
            if isinstance(change.id_operation, IdCreated) and isinstance(change.output_state, ObjectWrite)
        ]
        by_amount = {self.balance_of(ref): ref for ref in refs}
        return [by_amount[amount] for amount in amounts]

    def gas_coin(self, who: Ed25519Key) -> ObjectRef:
        if who.address not in self.gas:
            self.gas[who.address] = self.fund(who, 1000 * SUI)[0]
        record = self.ledger.get_object(self.gas[who.address].object_id)
        assert record is not None
        return record.ref

    def balance_of(self, ref: ObjectRef) -> int:
        record = self.ledger.get_object(ref.object_id)
        assert record is not None
        assert isinstance(record.object.data, MoveObject)
        return int.from_bytes(record.object.data.contents[32:40], "little")

    def data(self, who: Ed25519Key, builder: ProgrammableBuilder, **options: Any) -> TransactionData:
        payment = options.pop("payment", None)
        return transaction_data(
            builder.finish(),
            sender=who.address,
            payment=[self.gas_coin(who)] if payment is None else payment,
            price=options.pop("price", 1000),
            budget=options.pop("budget", 5 * SUI),
            **options,
        )

    def submit(self, who: Ed25519Key, builder: ProgrammableBuilder, **options: Any) -> ExecutedTransaction:
        encoded = TRANSACTION_DATA.encode(self.data(who, builder, **options))
        return self.ledger.execute(encoded, [who.sign_transaction(encoded)])

    def ok(self, who: Ed25519Key, builder: ProgrammableBuilder, **options: Any) -> ExecutedTransaction:
        done = self.submit(who, builder, **options)
        assert isinstance(done.effects.status, Success), done.effects.status
        return done

    def failed(self, who: Ed25519Key, builder: ProgrammableBuilder, **options: Any) -> Failed:
        done = self.submit(who, builder, **options)
        assert isinstance(done.effects.status, Failed)
        return done.effects.status

    def publish_modules(self, who: Ed25519Key, code: tuple[bytes, ...]) -> Address:
        """Publish modules and return their package; `who` gets the UpgradeCap."""
        builder = ProgrammableBuilder()
        cap = builder.publish(code, [MOVE_STDLIB, SUI_FRAMEWORK])
        builder.transfer_objects([cap], builder.pure(bytes(who.address)))
        return published(self.ok(who, builder))

    def publish(self, who: Ed25519Key) -> ExecutedTransaction:
        builder = ProgrammableBuilder()
        cap = builder.publish(modules(), [MOVE_STDLIB, SUI_FRAMEWORK])
        builder.transfer_objects([cap], builder.pure(bytes(who.address)))
        done = self.ok(who, builder)
        self.things = published(done)
        return done

    def created(self, done: ExecutedTransaction, name: str) -> list[ObjectRecord]:
        """The objects of this type that a transaction created."""
        found = []
        for change in done.effects.changed_objects:
            if isinstance(change.id_operation, IdCreated) and isinstance(change.output_state, ObjectWrite):
                record = self.ledger.get_object(change.object_id, done.effects.lamport_version)
                assert record is not None
                if isinstance(record.object.data, MoveObject) and record.object.data.tag.name == name:
                    found.append(record)
        return found

    def call(self, builder: ProgrammableBuilder, function: str, *arguments: Any, types: Any = ()) -> Any:
        return builder.move_call(self.things, "things", function, list(arguments), list(types))

    def thing(self, who: Ed25519Key, contents: bytes = b"abc") -> ObjectRecord:
        """Make a Thing that `who` owns."""
        builder = ProgrammableBuilder()
        made = self.call(builder, "make", builder.pure_value(bcs.BYTES, contents))
        builder.transfer_objects([made], builder.pure(bytes(who.address)))
        return self.created(self.ok(who, builder), "Thing")[0]

    def registry(self, who: Ed25519Key) -> ObjectRecord:
        """Make a shared Registry."""
        builder = ProgrammableBuilder()
        self.call(builder, "new_registry")
        return self.created(self.ok(who, builder), "Registry")[0]

    def owned(self, record: ObjectRecord) -> ImmOrOwned:
        current = self.ledger.get_object(record.ref.object_id)
        assert current is not None
        return ImmOrOwned(current.ref)

    def shared(self, record: ObjectRecord, *, mutable: bool = True) -> Shared:
        owner = record.object.owner
        assert isinstance(owner, SharedOwner)
        return Shared(record.ref.object_id, owner.initial_shared_version, mutable)

    def sui(self, who: Ed25519Key) -> int:
        return self.ledger.balance(who.address, SUI_COIN_TYPE).total

    def coins(self, who: Ed25519Key) -> tuple[ObjectRecord, ...]:
        return self.ledger.owned_objects(who.address, object_type=GAS_COIN_TYPE, limit=1000).items


def open_ledger(state: Path | str = ":memory:", now: list[int] | None = None, **options: Any) -> World:
    now = [START_MS] if now is None else now
    options.setdefault("seed", 1)
    options.setdefault("finality_ms", 0)
    ledger = Ledger(state, clock=lambda: now[0], framework=find_bundle(None), **options)
    return World(ledger, now)


@pytest.fixture
def opened():
    """Opens ledgers, and closes them at the end."""
    worlds: list[World] = []

    def open_one(state: Path | str = ":memory:", now: list[int] | None = None, **options: Any) -> World:
        worlds.append(open_ledger(state, now, **options))
        return worlds[-1]

    yield open_one
    for world in worlds:
        world.ledger.close()


@pytest.fixture
def world(opened):
    return opened()


@pytest.fixture
def alice():
    return key("alice")


@pytest.fixture
def bob():
    return key("bob")


@pytest.fixture
def things(world, alice):
    """The world with the test package published by Alice."""
    world.publish(alice)
    return world
