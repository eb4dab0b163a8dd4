"""Values of any type survive BCS; the bytes are those of `sui.bcs`; wrong bytes are refused."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localnet.vm import CallRefused
from localnet.vm.codec import fixed_size
from localnet.vm.limits import Limits
from localnet.vm.types import ADDRESS, BITS, BOOL, PRIMITIVES, U8, TypeTable
from sui import bcs
from sui.types import Address

TYPES = TypeTable(Limits())
CODECS = {
    "bool": bcs.BOOL,
    "u8": bcs.U8,
    "u16": bcs.U16,
    "u32": bcs.U32,
    "u64": bcs.U64,
    "u128": bcs.U128,
    "u256": bcs.U256,
    "address": bcs.ADDRESS,
}
LEAVES = [kind for name, kind in PRIMITIVES.items() if name != "signer"]
KINDS = st.recursive(st.sampled_from(LEAVES), lambda inner: inner.map(TYPES.vector), max_leaves=3)


def values(kind):
    if kind is BOOL:
        return st.booleans()
    if kind is ADDRESS:
        return st.binary(min_size=32, max_size=32).map(Address)
    if kind.kind in BITS:
        return st.integers(0, (1 << BITS[kind.kind]) - 1)
    if kind.element is U8:
        return st.binary(max_size=300).map(bytearray)
    return st.lists(values(kind.element), max_size=5)


def codec(kind):
    return CODECS[kind.kind] if kind.kind in CODECS else bcs.vector(codec(kind.element))


@given(st.data())
def test_round_trip_and_agreement_with_sui_bcs(data):
    kind = data.draw(KINDS)
    value = data.draw(values(kind))
    encoded = kind.serialize(value)
    assert encoded == codec(kind).encode(value)
    assert kind.deserialize(encoded) == value
    copied = kind.copier(value)
    assert copied == value
    before = copy.deepcopy(value)
    if kind.container and copied:
        copied.pop()
        assert value == before
    assert kind.sizer(value) >= (fixed_size(kind) or 8)


@given(st.data())
def test_other_bytes_are_refused_or_mean_the_same(data):
    kind = data.draw(KINDS)
    raw = data.draw(st.binary(max_size=80))
    try:
        value = kind.deserialize(raw)
    except CallRefused:
        return
    assert kind.serialize(value) == raw


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        (BOOL, b"\x02"),
        (BOOL, b""),
        (U8, b"\x01\x02"),
        (TYPES.vector(U8), b"\x02\x01"),
        (TYPES.vector(U8), b"\x81\x00\x01"),
        (TYPES.vector(U8), b"\xff\xff\xff\xff\xff\x01"),
        (TYPES.vector(TYPES.vector(U8)), b"\xff\xff\xff\xff\x0f"),
        (ADDRESS, bytes(31)),
    ],
)
def test_wrong_bytes(kind, raw):
    with pytest.raises(CallRefused, match="no BCS of"):
        kind.deserialize(raw)
