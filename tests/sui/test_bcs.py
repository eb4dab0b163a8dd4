"""BCS codecs: one byte string for each value, and hostile lengths are refused before they cost anything."""

import time
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sui import bcs
from sui.errors import BcsError


@dataclass(frozen=True)
class Point:
    x: int
    y: bytes


@dataclass(frozen=True)
class Nothing:
    pass


POINT = bcs.struct(Point, x=bcs.U16, y=bcs.BYTES)
CHOICE = bcs.enum("Choice", bcs.struct(Nothing), POINT)
INTEGERS = {8: bcs.U8, 16: bcs.U16, 32: bcs.U32, 64: bcs.U64, 128: bcs.U128, 256: bcs.U256}


def test_known_bytes():
    assert bcs.U32.encode(0x12345678).hex() == "78563412"
    assert bcs.STRING.encode("é").hex() == "02c3a9"
    assert bcs.vector(bcs.U16).encode((1, 2)).hex() == "0201000200"
    assert bcs.option(bcs.U8).encode(None).hex() == "00"
    assert bcs.option(bcs.U8).encode(8).hex() == "0108"
    assert CHOICE.encode(Point(258, b"ab")).hex() == "010201026162"
    assert bcs.BYTES.encode(b"x" * 300)[:2].hex() == "ac02"


@pytest.mark.parametrize(("bits", "codec"), INTEGERS.items())
def test_integers_keep_their_range(bits, codec):
    top = (1 << bits) - 1
    assert codec.decode(codec.encode(top)) == top
    for outside in (-1, top + 1):
        with pytest.raises(BcsError):
            codec.encode(outside)


@given(st.integers(0, (1 << 256) - 1))
def test_u256_round_trip(value):
    assert bcs.U256.decode(bcs.U256.encode(value)) == value


@given(st.lists(st.one_of(st.none(), st.binary(max_size=200)), max_size=40))
def test_vector_of_options_round_trip(values):
    codec = bcs.vector(bcs.option(bcs.BYTES))
    assert codec.decode(codec.encode(tuple(values))) == tuple(values)


@given(st.dictionaries(st.text(max_size=20), st.integers(0, 255), max_size=20))
def test_map_round_trip_and_order(values):
    codec = bcs.map_of(bcs.STRING, bcs.U8)
    raw = codec.encode(values)
    assert codec.decode(raw) == values
    assert raw == codec.encode(dict(reversed(values.items())))


@given(st.binary(max_size=64))
def test_whatever_is_accepted_is_written_back_unchanged(data):
    for codec in (CHOICE, bcs.vector(CHOICE), bcs.map_of(bcs.U8, bcs.BYTES), bcs.STRING, bcs.option(bcs.BOOL)):
        try:
            value = codec.decode(data)
        except BcsError:
            continue
        assert codec.encode(value) == data


@pytest.mark.parametrize(
    ("codec", "data"),
    [
        (bcs.BOOL, "02"),
        (bcs.option(bcs.U8), "0200"),
        (bcs.BYTES, "8000"),  # length 0 in two bytes
        (bcs.BYTES, "ffffffff10"),  # more than 32 bits
        (bcs.BYTES, "ffffffff8000"),  # too many bytes of length
        (bcs.BYTES, "ffffffff0f"),  # more than BCS allows at all
        (bcs.BYTES, "0261"),
        (bcs.STRING, "01ff"),
        (CHOICE, "02"),
        (bcs.U8, "0000"),
        (bcs.U8, ""),
        (bcs.map_of(bcs.U8, bcs.U8), "0202000100"),
        (bcs.map_of(bcs.U8, bcs.U8), "0201000100"),
        (bcs.vector(bcs.U8, 1), "020102"),
        (bcs.bounded_bytes(1), "020102"),
    ],
)
def test_must_refuse(codec, data):
    with pytest.raises(BcsError):
        codec.decode(bytes.fromhex(data))


def test_length_bombs_are_answered_at_once():
    bomb = b"\xff\xff\xff\xff\x07" + b"\x00" * 64
    nested = bcs.vector(bcs.vector(bcs.vector(bcs.BYTES)))
    started = time.perf_counter()
    for codec in (bcs.BYTES, bcs.vector(bcs.U64), nested, bcs.map_of(bcs.U8, bcs.U8), bcs.STRING):
        for _ in range(100):
            with pytest.raises(BcsError):
                codec.decode(bomb)
    assert time.perf_counter() - started < 0.5


def test_a_vector_of_nothing_needs_a_bound():
    with pytest.raises(TypeError):
        bcs.vector(bcs.struct(Nothing))
    assert bcs.vector(bcs.struct(Nothing), 2).decode(b"\x02") == (Nothing(), Nothing())


def test_codecs_of_a_struct_must_name_its_fields_in_order():
    with pytest.raises(TypeError):
        bcs.struct(Point, y=bcs.BYTES, x=bcs.U16)


def test_a_value_that_is_no_variant_is_refused():
    with pytest.raises(BcsError):
        CHOICE.encode("point")


def test_values_that_do_not_fit_are_refused():
    for codec, value in (
        (bcs.STRING, "\ud800"),
        (bcs.ADDRESS, b"short"),
        (bcs.fixed(3), b"four"),
        (bcs.bounded_bytes(1), b"ab"),
        (bcs.vector(bcs.U8, 1), (1, 2)),
        (bcs.tuple_of(bcs.U8, bcs.U8), (1,)),
    ):
        with pytest.raises(BcsError):
            codec.encode(value)
    with pytest.raises(BcsError):
        bcs.write_uleb128(bytearray(), 1 << 32)


def test_tuples_and_sparse_enums():
    codec = bcs.vector(bcs.tuple_of(bcs.U8, bcs.option(bcs.BOOL)))
    assert codec.decode(codec.encode(((1, None), (2, True)))) == ((1, None), (2, True))
    sparse = bcs.sparse_enum("Sparse", {3: bcs.struct(Nothing)})
    assert sparse.encode(Nothing()) == b"\x03"
    with pytest.raises(BcsError):
        sparse.decode(b"\x00")


def test_definitions_that_cannot_be_bounded_or_told_apart_are_refused():
    with pytest.raises(TypeError):
        bcs.map_of(bcs.struct(Nothing), bcs.struct(Nothing))
    with pytest.raises(TypeError):
        bcs.enum("Twice", bcs.struct(Nothing), bcs.struct(Nothing))
