"""The strict codec: what it writes it reads, and what others would guess at it refuses."""

# ruff: noqa: N802 - V numbers are written as the list has them

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestation import cbor
from attestation.limits import Limits

scalars = st.none() | st.booleans() | st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20)
keys = st.integers(-(2**64), 2**64 - 1) | st.text(max_size=10)
values = st.recursive(scalars, lambda v: st.lists(v, max_size=4) | st.dictionaries(keys, v, max_size=4), max_leaves=12)


def shallow(value, depth=0):
    if isinstance(value, list):
        return all(shallow(v, depth + 1) for v in value)
    if isinstance(value, dict):
        return all(shallow(v, depth + 1) for v in value.values())
    return depth <= 8


@given(values.filter(shallow))
def test_round_trip_and_agreement_with_another_implementation(value):
    encoded = cbor.encode(value)
    assert cbor.decode(encoded) == value
    assert cbor2.loads(encoded) == value


@given(st.dictionaries(keys, scalars, max_size=5))
def test_indefinite_maps_round_trip(entries):
    encoded = cbor.encode(cbor.IndefiniteMap(entries))
    assert encoded[0] == 0xBF
    assert cbor.decode(encoded) == entries
    with pytest.raises(cbor.CborError):
        cbor.decode(encoded[:-1])


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_an_error_of_ours(data):
    try:
        value = cbor.decode_maybe_tagged(data)
    except cbor.CborError:
        return
    assert cbor.decode_maybe_tagged(cbor.encode(value)) == value


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "18",
        "1817",
        "190017",
        "1a00000017",
        "1b0000000000000017",
        "5817" + "00" * 23,
        "5f4100ff",
        "7f6161ff",
        "9f01ff",
        "f7",
        "f90000",
        "fa00000000",
        "fb0000000000000000",
        "e0",
        "f8ff",
        "ff",
        "c001",
        "d201",
        "1c",
        "3f",
        "a1f501",
        "a1f601",
        "a14001",
        "a1800",
        "a201020103",
        "bf0102",
        "bf01ff",
        "61ff",
        "0000",
        "a101",
        "820",
        "bf0101010200ff",
        "f820",
    ],
)
def test_refused(encoded):
    data = bytes.fromhex(encoded + "0" * (len(encoded) % 2))
    with pytest.raises(cbor.CborError):
        cbor.decode(data)


def test_V7_true_and_one_are_not_one_key():
    with pytest.raises(cbor.CborError, match="neither"):
        cbor.decode(bytes.fromhex("a20102f503"))


def test_caps_hold_before_anything_is_allocated():
    limits = Limits(cbor_items=10, cbor_depth=2, document_bytes=100)
    for data, reason in (
        (b"\x8b" + b"\x00" * 11, "items"),
        (b"\x81\x81\x81\x00", "deeper"),
        (bytes(101), "allowed"),
        (b"\x98\xff", "left"),
    ):
        with pytest.raises(cbor.CborError, match=reason):
            cbor.decode(data, limits=limits)


def test_what_cannot_be_encoded_is_refused():
    for value in (1.5, object(), {1, 2}, 2**64, -(2**64) - 1):
        with pytest.raises(cbor.CborError):
            cbor.encode(value)
