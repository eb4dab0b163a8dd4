"""Move types: canonical text, BCS as Sui has it, bounded nesting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysui.sui.sui_bcs import bcs as oracle

from sui.errors import BcsError, ParseError
from sui.type_tag import (
    ADDRESS_TAG,
    BOOL_TAG,
    GAS_COIN_TYPE,
    MAX_DEPTH,
    TYPE_TAG,
    U8_TAG,
    U16_TAG,
    U64_TAG,
    U256_TAG,
    StructTag,
    TypeTag,
    VectorTag,
)
from sui.types import Address, Digest

IDENTIFIERS = st.from_regex(r"\A[a-zA-Z][a-zA-Z0-9_]{0,15}\Z")
ADDRESSES = st.binary(min_size=32, max_size=32).map(Address)
TAGS = st.recursive(
    st.sampled_from([U8_TAG, U16_TAG, U64_TAG, U256_TAG, BOOL_TAG, ADDRESS_TAG]),
    lambda inner: st.one_of(
        st.builds(VectorTag, inner),
        st.builds(StructTag, ADDRESSES, IDENTIFIERS, IDENTIFIERS, st.lists(inner, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def test_vectors_as_sui_writes_them():
    assert TYPE_TAG.encode(VectorTag(VectorTag(U8_TAG))).hex() == "060601"


@given(TAGS)
def test_text_and_bytes_round_trip(tag):
    assert TypeTag.parse(str(tag)) == tag
    raw = TYPE_TAG.encode(tag)
    assert TYPE_TAG.decode(raw) == tag
    if "vector" not in str(tag):  # the other decoder writes those with a length that Sui has not
        assert oracle.TypeTag.deserialize(raw).serialize() == raw


def test_canonical_text():
    full = "0x" + "0" * 63 + "2"
    assert str(GAS_COIN_TYPE) == f"{full}::coin::Coin<{full}::sui::SUI>"
    assert StructTag.parse("0x2::coin::Coin< 0x2::sui::SUI >") == GAS_COIN_TYPE
    pair = StructTag.parse("0x2::m::Pair<u8, vector<address>>")
    assert str(pair) == f"{full}::m::Pair<u8,vector<address>>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "u7",
        "vector",
        "vector<u8",
        "vector<u8>>",
        "0x2::coin",
        "0x2::coin::Coin<>",
        "0x2::coin::Coin<u8,>",
        "0x2::1coin::Coin",
        "0x2::coin::_",
        "0xg::coin::Coin",
        "u8 u8",
        "0x2::coin::Coin<u8;u8>",
        "vector<" * (MAX_DEPTH + 1) + "u8" + ">" * (MAX_DEPTH + 1),
        "vector<" * 10_000,
    ],
)
def test_must_refuse(text):
    with pytest.raises(ParseError):
        TypeTag.parse(text)


def test_a_struct_is_not_a_primitive():
    with pytest.raises(ParseError):
        StructTag.parse("u8")


def test_nesting_is_bounded_in_bytes():
    with pytest.raises(BcsError):
        TYPE_TAG.decode(b"\x06" * 100_000 + b"\x01")
    deepest = U8_TAG
    for _ in range(MAX_DEPTH - 1):
        deepest = VectorTag(deepest)
    assert TYPE_TAG.decode(TYPE_TAG.encode(deepest)) == deepest
    with pytest.raises(BcsError):
        TYPE_TAG.encode(VectorTag(deepest))


@given(ADDRESSES)
def test_addresses(address):
    assert Address.parse(str(address)) == address
    assert Address.parse(address.short) == address
    assert Address.parse(address.hex()) == address


@pytest.mark.parametrize("text", ["", "0x", "2", "0x" + "0" * 65, "0x1g", "0x 1", "0x-1", "0x\u0661"])
def test_addresses_must_refuse(text):
    with pytest.raises(ParseError):
        Address.parse(text)


@given(st.binary(min_size=32, max_size=32).map(Digest))
def test_digests(digest):
    assert Digest.parse(str(digest)) == digest


@pytest.mark.parametrize("text", ["", "1" * 31, "0" * 44, "l" * 44, "1" * 100_000])
def test_digests_must_refuse(text):
    with pytest.raises(ParseError):
        Digest.parse(text)


def test_lengths_are_fixed():
    with pytest.raises(BcsError):
        Address(bytes(31))
    with pytest.raises(BcsError):
        Digest(bytes(33))
