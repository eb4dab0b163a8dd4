"""Keys, signatures and their text forms."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pysui.sui.sui_crypto import keypair_from_keystring

from sui import keystore
from sui.errors import KeyFormatError, SignatureError, UnsupportedSchemeError
from sui.keys import Ed25519Key, ed25519_address, signature_public_key, verify_ed25519, verify_user_signature

SEEDS = st.binary(min_size=32, max_size=32)
KEY = Ed25519Key.generate(bytes(range(32)))


def test_wycheproof(vector):
    checked = 0
    for group in json.loads(vector("wycheproof/ed25519_test.json"))["testGroups"]:
        public = bytes.fromhex(group["publicKey"]["pk"])
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            if case["result"] == "valid":
                verify_ed25519(public, signature, message)
            else:
                with pytest.raises(SignatureError):
                    verify_ed25519(public, signature, message)
            checked += 1
    assert checked > 100


@given(SEEDS, st.binary(max_size=200))
def test_a_signature_names_its_signer(seed, transaction):
    key = Ed25519Key.generate(seed)
    signature = key.sign_transaction(transaction)
    assert len(signature) == 97
    assert verify_user_signature(signature, transaction) == key.address
    assert signature_public_key(signature) == key.public


def test_any_changed_byte_is_noticed():
    signature = bytearray(KEY.sign_transaction(b"transaction"))
    with pytest.raises(SignatureError):
        verify_user_signature(bytes(signature), b"transactioN")
    for place in range(1, 65):
        changed = bytearray(signature)
        changed[place] ^= 1
        with pytest.raises(SignatureError):
            verify_user_signature(bytes(changed), b"transaction")


def test_known_address_and_signature_by_an_independent_client():
    other = keypair_from_keystring(keystore.encode_entry(KEY))
    transaction = base64.b64encode(b"transaction").decode()
    signature = base64.b64decode(other.new_sign_secure(transaction))
    assert verify_user_signature(signature, b"transaction") == KEY.address
    assert signature == KEY.sign_transaction(b"transaction")


@pytest.mark.parametrize(("flag", "name"), [(1, "Secp256k1"), (2, "Secp256r1"), (3, "MultiSig"), (5, "zkLogin")])
def test_other_schemes_are_refused_by_name(flag, name):
    with pytest.raises(UnsupportedSchemeError, match=name):
        verify_user_signature(bytes([flag]) + bytes(96), b"")
    with pytest.raises(UnsupportedSchemeError, match=name):
        keystore.decode_entry(base64.b64encode(bytes([flag]) + bytes(32)).decode())


@pytest.mark.parametrize("size", [0, 1, 96, 98])
def test_signatures_of_another_length_are_refused(size):
    with pytest.raises(SignatureError):
        verify_user_signature(bytes(size), b"")


@given(st.lists(SEEDS, max_size=5))
def test_keystore_round_trip(seeds):
    keys = [Ed25519Key.generate(seed) for seed in seeds]
    assert keystore.read_keystore(keystore.write_keystore(keys)) == keys


@given(SEEDS)
def test_private_key_text_round_trip(seed):
    key = Ed25519Key.generate(seed)
    text = keystore.encode_private_key(key)
    assert text.startswith("suiprivkey1")
    assert keystore.decode_private_key(text) == key
    assert keystore.decode_private_key(text.upper()) == key


def test_private_key_text_of_the_reference_implementation():
    # The example of SIP-15.
    text = "suiprivkey1qzwant3kaegmjy4qxex93s0jzvemekkjmyv3r2sjwgnv2y479pgsywhveae"
    key = keystore.decode_private_key(text)
    assert keystore.encode_private_key(key) == text
    assert str(key.address) == "0x90f3e6d73b5730f16974f4df1d3441394ebae62186baf83608599f226455afa7"


def test_mistyped_private_keys_are_noticed():
    text = keystore.encode_private_key(KEY)
    for place in range(11, len(text)):
        other = "q" if text[place] != "q" else "p"
        with pytest.raises(KeyFormatError):
            keystore.decode_private_key(text[:place] + other + text[place + 1 :])
    for bad in (
        "",
        "1",
        "suiprivkey1",
        text[:-1],
        text[:20].upper() + text[20:],
        text.replace("sui", "sux"),
        "x" * 999,
    ):
        with pytest.raises(KeyFormatError):
            keystore.decode_private_key(bad)


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '["!"]', '[""]', '["AAAA"]', "[" * 100_000, json.dumps(["A"] * 10_001)]
)
def test_damaged_keystores_are_refused(text):
    with pytest.raises(KeyFormatError):
        keystore.read_keystore(text)


def test_keys_of_other_schemes_stay_in_the_keystore():
    foreign = base64.b64encode(bytes([1]) + bytes(32)).decode()
    text = keystore.add_to_keystore(json.dumps([foreign]), KEY)
    assert json.loads(text) == [foreign, keystore.encode_entry(KEY)]
    assert keystore.add_to_keystore(text, KEY) == text
    assert keystore.read_supported(text) == ([KEY], 1)
    with pytest.raises(UnsupportedSchemeError):
        keystore.read_keystore(text)


def test_nothing_secret_in_words():
    assert bytes(range(32)).hex() not in repr(KEY)
    with pytest.raises(KeyFormatError) as caught:
        keystore.decode_private_key(keystore.encode_private_key(KEY)[:-1])
    assert keystore.encode_private_key(KEY)[:-1] not in str(caught.value)


def test_lengths_are_fixed():
    with pytest.raises(KeyFormatError):
        Ed25519Key.generate(bytes(31))
    with pytest.raises(KeyFormatError):
        ed25519_address(bytes(33))
    with pytest.raises(SignatureError):
        verify_ed25519(bytes(31), bytes(64), b"")
    assert len({KEY, Ed25519Key.generate(bytes(range(32)))}) == 1
