"""Plaintexts, contexts and chunks: strict, bounded, and the same bytes every time."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain import payload as p
from chain.errors import PayloadError
from chain.limits import LIMITS
from chain.rules import Envelope
from sui import bcs
from sui.types import Address

TEXT = st.text(max_size=40)
HEADERS = st.lists(st.builds(p.Header, TEXT, TEXT), max_size=5).map(tuple)
REQUESTS = st.builds(
    p.RequestPlaintext,
    reply_secret=st.binary(min_size=32, max_size=32),
    method=st.sampled_from(["GET", "POST", "PATCH"]),
    target=TEXT,
    headers=HEADERS,
    body=st.binary(max_size=200),
)
ANSWERS = st.builds(p.AnswerPlaintext, status=st.integers(100, 599), headers=HEADERS, body=st.binary(max_size=200))
REQUEST = p.RequestPlaintext(b"s" * 32, "GET", "/api", (p.Header("Accept", "*/*"),), b"body-marker")


@given(REQUESTS)
def test_requests_come_back(request):
    assert p.decode_request(p.encode_request(request)) == request


@given(ANSWERS)
def test_answers_come_back(answer):
    assert p.decode_answer(p.encode_answer(answer)) == answer


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_is_itself(data):
    try:
        request = p.decode_request(data)
    except PayloadError:
        return
    assert p.encode_request(request) == data


@pytest.mark.parametrize("cut", [0, 1, 32, 40])
def test_a_cut_request_is_refused(cut):
    with pytest.raises(PayloadError):
        p.decode_request(p.encode_request(REQUEST)[:cut])
    with pytest.raises(PayloadError):
        p.decode_answer(b"\xc8")


def test_trailing_bytes_are_refused():
    with pytest.raises(PayloadError):
        p.decode_request(p.encode_request(REQUEST) + b"\0")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(REQUEST, reply_secret=b"s" * 31),
        replace(REQUEST, method="G" * 33),
        replace(REQUEST, target="/" * (LIMITS.target_bytes + 1)),
        replace(REQUEST, body=bytes(LIMITS.body_bytes + 1)),
        replace(REQUEST, headers=(p.Header("a", "b" * LIMITS.header_bytes),)),
        replace(REQUEST, headers=(p.Header("a", "b"),) * (LIMITS.header_count + 1)),
    ],
)
def test_what_is_too_large_is_refused_on_both_sides(wrong):
    with pytest.raises(PayloadError):
        p.encode_request(wrong)


def test_a_decoded_request_is_held_to_the_limits_too():
    raw = p._REQUEST.encode(replace(REQUEST, method="G" * 33))
    with pytest.raises(PayloadError):
        p.decode_request(raw)
    with pytest.raises(PayloadError):
        p.decode_request(bytes(LIMITS.sealed_bytes + 1))


def test_neither_secret_nor_body_is_shown():
    assert "body-marker" not in repr(REQUEST)
    assert "ssss" not in repr(REQUEST)
    assert "body-marker" not in repr(p.AnswerPlaintext(200, (), b"body-marker"))


CONTEXT = p.RequestContext(
    chain_id=b"\0" * 32,
    package=Address.parse("0x1"),
    cluster=Address.parse("0x2"),
    enclave=Address.parse("0x3"),
    token=Address.parse("0x4"),
    sender=Address.parse("0x5"),
    deadline=6,
    envelope=Envelope("get", "g", "r", "s", "n"),
)


def test_the_context_is_one_bcs_struct():
    expected = bytearray(bcs.BYTES.encode(b"k3s-daas::request::v1") + bcs.BYTES.encode(b"\0" * 32))
    for place in range(1, 6):
        expected += Address.parse(hex(place))
    expected += (6).to_bytes(8, "little")
    for text in ("get", "g", "r", "s", "n"):
        expected += bcs.STRING.encode(text)
    assert CONTEXT.info() == bytes(expected)


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": b"\1" * 32},
        {"package": Address.parse("0x9")},
        {"cluster": Address.parse("0x9")},
        {"enclave": Address.parse("0x9")},
        {"token": Address.parse("0x9")},
        {"sender": Address.parse("0x9")},
        {"deadline": 9},
        {"envelope": Envelope("get", "g", "r", "", "n")},
    ],
)
def test_every_field_of_the_context_binds(change):
    assert replace(CONTEXT, **change).info() != CONTEXT.info()


@given(st.integers(0, 70_000))
def test_chunks_are_full_but_the_last(size):
    data = bytes(size)
    chunks = p.chunk(data)
    assert b"".join(chunks) == data
    assert all(len(part) == 16_000 for part in chunks[:-1])
    assert all(chunks)
    assert p.join(chunks) == data


@pytest.mark.parametrize("chunks", [(b"",), (b"a", b"b"), (bytes(16_001),), (bytes(16_000), b"")])
def test_other_cuts_are_refused(chunks):
    with pytest.raises(PayloadError):
        p.join(chunks)


def test_the_hash_is_over_the_bcs_of_the_vector():
    assert p.sealed_hash(b"ab") == hashlib.sha256(b"\x01\x02ab").digest()
    assert p.sealed_hash(b"") == hashlib.sha256(b"\x00").digest()
    assert p.sealed_hash(bytes(16_001)) == hashlib.sha256(b"\x02\x80\x7d" + bytes(16_000) + b"\x01\x00").digest()


def test_a_transcript_hash_needs_its_salt():
    assert p.transcript_hash(b"s" * 32, b"x") == hashlib.sha256(b"s" * 32 + b"x").digest()
    with pytest.raises(PayloadError):
        p.transcript_hash(b"", b"x")
