"""Programmable transactions: the builder, an independent decoder as oracle, and how fast a large one is written."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysui.sui.sui_bcs import bcs as oracle

from sui import bcs
from sui.builder import Limits, ProgrammableBuilder, transaction_data
from sui.errors import BcsError, BuildError
from sui.transaction import (
    GAS_COIN,
    TRANSACTION_DATA,
    ImmOrOwned,
    Input,
    NestedResult,
    Object,
    Receiving,
    Result,
    Shared,
)
from sui.type_tag import GAS_COIN_TYPE, U64_TAG, VectorTag
from sui.types import Address, Digest, ObjectRef

from .strategies import transactions

ALICE = Address.parse("0xa11ce")
PACKAGE = Address.parse("0xbeef")


@given(transactions)
def test_round_trip_and_agreement_with_an_independent_decoder(transaction):
    raw = TRANSACTION_DATA.encode(transaction)
    assert TRANSACTION_DATA.decode(raw) == transaction
    assert oracle.TransactionData.deserialize(raw).serialize() == raw


@given(transactions, st.data())
def test_a_changed_byte_never_reads_as_the_same_transaction(transaction, data):
    raw = bytearray(TRANSACTION_DATA.encode(transaction))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    try:
        other = TRANSACTION_DATA.decode(bytes(raw))
    except BcsError:
        return
    assert other != transaction


def _shared(object_id: str, *, mutable: bool) -> Shared:
    return Shared(Address.parse(object_id), 7, mutable)


def test_builder_shares_inputs():
    builder = ProgrammableBuilder()
    assert builder.pure(b"\1") == builder.pure(b"\1") == Input(0)
    assert builder.pure(b"\2") == Input(1)
    assert builder.obj(_shared("0x6", mutable=False)) == Input(2)
    assert builder.obj(_shared("0x6", mutable=True)) == Input(2)
    assert builder.obj(_shared("0x6", mutable=False)) == Input(2)
    owned = ImmOrOwned(ObjectRef(Address.parse("0x9"), 1, Digest(bytes(32))))
    assert builder.obj(owned) == builder.obj(owned) == Input(3)
    with pytest.raises(BuildError, match="two forms"):
        builder.obj(_shared("0x9", mutable=True))
    with pytest.raises(BuildError, match="two forms"):
        builder.obj(Receiving(owned.ref))
    builder.move_call(PACKAGE, "m", "f", [Input(2)])
    kind = builder.finish()
    assert kind.inputs[2] == Object(_shared("0x6", mutable=True))


def test_builder_makes_every_command():
    builder = ProgrammableBuilder()
    first, second = builder.split_coins(GAS_COIN, [builder.pure_value(bcs.U64, 5), builder.pure_value(bcs.U64, 6)])
    assert (first, second) == (NestedResult(0, 0), NestedResult(0, 1))
    builder.merge_coins(first, [second])
    vector = builder.make_move_vec([first], GAS_COIN_TYPE)
    builder.move_call(PACKAGE, "m", "f", [vector], [U64_TAG])
    cap = builder.publish([b"module"], [Address.parse("0x1")])
    builder.transfer_objects([cap], builder.pure(ALICE))
    builder.upgrade([b"module"], [], PACKAGE, Result(3))
    kind = builder.finish()
    assert [type(command).__name__ for command in kind.commands] == [
        "SplitCoins", "MergeCoins", "MakeMoveVec", "MoveCall", "Publish", "TransferObjects", "Upgrade",
    ]  # fmt: skip
    coin = ObjectRef(Address.parse("0x5"), 1, Digest(bytes(32)))
    data = transaction_data(kind, sender=ALICE, payment=[coin], price=1000, budget=10, sponsor=PACKAGE)
    assert data.gas_data.owner == PACKAGE
    assert oracle.TransactionData.deserialize(TRANSACTION_DATA.encode(data)).serialize() == TRANSACTION_DATA.encode(
        data
    )


def test_builder_refuses_what_a_node_would():
    coin = ObjectRef(Address.parse("0x5"), 1, Digest(bytes(32)))
    builder = ProgrammableBuilder()
    with pytest.raises(BuildError, match="without commands"):
        builder.finish()
    builder.pure(bytes(16_383))
    with pytest.raises(BuildError, match="16384 bytes"):
        builder.pure(bytes(16_384))
    builder.move_call(PACKAGE, "m", "f", [builder.pure(bytes([number]) + bytes(16_000)) for number in range(9)])
    kind = builder.finish()
    with pytest.raises(BuildError, match="131072"):
        transaction_data(kind, sender=ALICE, payment=[coin], price=1, budget=1)
    small = ProgrammableBuilder()
    small.move_call(PACKAGE, "m", "f")
    with pytest.raises(BuildError, match="gas coins"):
        transaction_data(small.finish(), sender=ALICE, payment=[], price=1, budget=1)
    with pytest.raises(BuildError, match="gas coins"):
        transaction_data(small.finish(), sender=ALICE, payment=[coin] * 257, price=1, budget=1)
    tight = ProgrammableBuilder(Limits(max_commands=1, max_arguments_per_command=2))
    tight.move_call(PACKAGE, "m", "f", [GAS_COIN] * 3)
    with pytest.raises(BuildError, match="3 arguments"):
        tight.finish()
    tight.merge_coins(GAS_COIN, [])
    with pytest.raises(BuildError, match="2 commands"):
        tight.finish()


def test_a_large_transaction_is_written_and_read_fast():
    builder = ProgrammableBuilder()
    chunk = builder.pure_value(bcs.BYTES, bytes(8_192))
    arguments = [builder.obj(_shared(f"0x{number}", mutable=False)) for number in range(1, 5)]
    builder.move_call(PACKAGE, "request", "submit", [*arguments, builder.make_move_vec([chunk], VectorTag(U64_TAG))])
    coin = ObjectRef(Address.parse("0x5"), 1, Digest(bytes(32)))
    data = transaction_data(builder.finish(), sender=ALICE, payment=[coin], price=1000, budget=10**8)
    rounds = 200
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(rounds):
            TRANSACTION_DATA.decode(TRANSACTION_DATA.encode(data))
        best = min(best, (time.perf_counter() - started) / rounds)
    assert best < 0.001
