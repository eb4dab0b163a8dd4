"""Sealed bytes open for whom they are meant, and for nobody else."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain import sealing
from chain.errors import CannotOpenError, PayloadError
from chain.payload import Purpose, reply_info
from sui.types import Address

KEY = sealing.HpkePrivateKey(bytes(range(96)))


@given(st.binary(max_size=2000), st.binary(max_size=300))
@settings(max_examples=30, deadline=None)
def test_a_request_opens_with_its_info(plaintext, info):
    sealed = KEY.public.seal(plaintext, info)
    assert KEY.open(sealed, info) == plaintext
    assert len(sealed) == len(plaintext) + sealing.HPKE_OVERHEAD_BYTES
    with pytest.raises(CannotOpenError):
        KEY.open(sealed, info + b"x")


@pytest.mark.parametrize("place", [0, 500, 1119, 1120, -1])
def test_an_altered_request_does_not_open(place):
    sealed = bytearray(KEY.public.seal(b"secret", b"info"))
    sealed[place] ^= 1
    with pytest.raises(CannotOpenError):
        KEY.open(bytes(sealed), b"info")


def test_another_key_does_not_open():
    sealed = KEY.public.seal(b"secret", b"info")
    with pytest.raises(CannotOpenError):
        sealing.HpkePrivateKey(os.urandom(96)).open(sealed, b"info")


@pytest.mark.parametrize("sealed", [b"", b"x", bytes(1135)])
def test_garbage_does_not_open(sealed):
    with pytest.raises(CannotOpenError):
        KEY.open(sealed, b"")


def test_keys_of_wrong_length_are_refused():
    with pytest.raises(PayloadError):
        sealing.HpkePublicKey(bytes(1215))
    with pytest.raises(PayloadError):
        sealing.HpkePrivateKey(bytes(95))
    with pytest.raises(PayloadError):
        sealing.derive_key(bytes(31), b"")


def test_a_key_pair_comes_from_its_seed():
    assert sealing.HpkePrivateKey(bytes(range(96))).public == KEY.public


def test_an_unusable_public_key_is_refused_when_used():
    with pytest.raises(PayloadError):
        sealing.HpkePublicKey(b"\xff" * sealing.HPKE_PUBLIC_BYTES).seal(b"", b"")


def answer_key(purpose=Purpose.ANSWER, request=b"\1" * 32, enclave=b"\2" * 32, secret=b"s" * 32):
    return sealing.derive_key(secret, reply_info(Address(request), Address(enclave), purpose))


def test_each_purpose_request_and_enclave_has_a_key_of_its_own():
    keys = {answer_key(purpose) for purpose in Purpose}
    keys |= {answer_key(request=b"\3" * 32), answer_key(enclave=b"\3" * 32), answer_key(secret=b"t" * 32)}
    assert len(keys) == 6


def test_an_answer_opens_under_its_key_only():
    sealed = sealing.seal_answer(answer_key(), b"body")
    assert sealing.open_answer(answer_key(), sealed) == b"body"
    assert sealing.seal_answer(answer_key(), b"body") == sealed
    with pytest.raises(CannotOpenError):
        sealing.open_answer(answer_key(Purpose.TO_CLIENT), sealed)
    with pytest.raises(CannotOpenError):
        sealing.open_answer(answer_key(), sealed[:-1])


@given(st.lists(st.binary(max_size=50), min_size=1, max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_stream_opens_in_order(frames):
    sealer, opener = sealing.FrameSealer(answer_key()), sealing.FrameOpener(answer_key())
    sealed = [sealer.seal(frame, last=place == len(frames) - 1) for place, frame in enumerate(frames)]
    assert [opener.open(frame) for frame in sealed] == frames
    assert opener.closed


def test_a_lost_repeated_swapped_or_cut_frame_does_not_open():
    def fresh():
        sealer = sealing.FrameSealer(answer_key())
        return [sealer.seal(b"0"), sealer.seal(b"1"), sealer.seal(b"2", last=True)], sealing.FrameOpener(answer_key())

    frames, opener = fresh()
    with pytest.raises(CannotOpenError):
        opener.open(frames[1])
    opener.open(frames[0])
    with pytest.raises(CannotOpenError):
        opener.open(frames[0])
    frames, opener = fresh()
    with pytest.raises(CannotOpenError, match="last-frame flag"):
        opener.open(b"\2" + frames[0][1:])
    with pytest.raises(CannotOpenError):
        opener.open(b"\1" + frames[0][1:])
    with pytest.raises(CannotOpenError):
        opener.open(b"")
    for frame in frames:
        opener.open(frame)
    with pytest.raises(CannotOpenError, match="last one"):
        opener.open(frames[0])


def test_nothing_is_sealed_after_the_last_frame():
    sealer = sealing.FrameSealer(answer_key())
    sealer.seal(b"", last=True)
    with pytest.raises(PayloadError):
        sealer.seal(b"")
