"""The must-refuse list: each case is a true document that is wrong in exactly one way (V numbers)."""

# ruff: noqa: N802 - V numbers are written as the list has them

import time
import tracemalloc

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa, utils

from attestation import DocumentRefused, Measurement, Policy, PolicyIncomplete, Step, TrustRoots, cbor, cose, verify
from attestation.replay import ReplayGuard

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
LEVELS = ({"path_length": 2}, {"path_length": 1}, {"path_length": 0})


def refused(forge, document, step, reason=None, **policy):
    with pytest.raises(DocumentRefused, match=reason) as caught:
        verify(document, forge.policy(**policy))
    assert caught.value.step is step


def test_accepts_untagged_tagged_definite_indefinite_and_further_locked_pcrs(forge):
    assert verify(forge.document(), forge.policy()).nonce == b"n" * 32
    verify(forge.message(wrap=cbor.Tagged), forge.policy())
    verify(forge.document(cbor.encode(forge.fields())), forge.policy())
    verify(forge.document(pcrs={n: bytes([n + 1]) * 48 for n in range(17)}), forge.policy())


def test_V1_qemu_document_with_alg_minus_1_and_zero_signature_is_refused(forge):
    zeros = bytes(64)
    payload = cbor.encode(forge.fields(certificate=zeros, cabundle=[zeros]))
    parts = [cbor.encode({1: -1}), {}, payload, zeros]
    refused(forge, cbor.encode(parts), Step.COSE, "ES384")


def test_V2_document_under_another_simulation_root_is_refused(forge, make_forge):
    refused(forge, make_forge().document(), Step.CHAIN, "pinned root")


@pytest.mark.parametrize("index", [0, 1, 2])
def test_V3_V4_each_zero_or_missing_pcr_is_refused(forge, index):
    pcrs = {n: bytes([n + 1]) * 48 for n in range(16)}
    refused(forge, forge.document(pcrs=pcrs | {index: bytes(48)}), Step.MEASUREMENT, "debug")
    refused(forge, forge.document(pcrs={n: v for n, v in pcrs.items() if n != index}), Step.MEASUREMENT, "missing")
    refused(forge, forge.document(pcrs=pcrs | {index: b"\xee" * 48}), Step.MEASUREMENT, "approved")


@pytest.mark.parametrize(
    "change",
    [
        {0: b"\x01" * 47},
        {0: b"\x01" * 49},
        {0: b""},
        {0: "text"},
        {32: b"\x01" * 48},
        {-1: b"\x01" * 48},
        {"0": b"\x01" * 48},
        {2**63: b"\x01" * 48},
        {16: None},
    ],
)
def test_V4_malformed_pcr_entries_are_refused(forge, change):
    pcrs = {n: bytes([n + 1]) * 48 for n in range(16)}
    refused(forge, forge.document(pcrs=pcrs | change), Step.FIELDS, "PCR")


@pytest.mark.parametrize("raw_key", [b"\xf5", b"\xf9\x00\x00", b"\x40"])
def test_V4_V7_pcr_index_as_bool_float_or_bytes_is_refused(forge, raw_key):
    entry = raw_key + cbor.encode(b"\x01" * 48)
    refused(forge, forge.document(_with_raw_pcrs(forge, b"\xa1" + entry)), Step.FIELDS)


def test_V4_more_than_32_pcrs_are_refused(forge):
    refused(forge, forge.document(pcrs=dict.fromkeys(range(33), b"\x01" * 48)), Step.FIELDS, "32")
    refused(forge, forge.document(pcrs={}), Step.FIELDS, "32")


def test_V5_V6_a_policy_without_root_time_or_measurement_cannot_exist(forge):
    roots, measured = TrustRoots.from_der(forge.root.der), frozenset({Measurement(b"a" * 48, b"b" * 48, b"c" * 48)})
    with pytest.raises(PolicyIncomplete, match="measurement"):
        Policy(roots=roots, at_ms=1, measurements=frozenset())
    with pytest.raises(PolicyIncomplete, match="time"):
        Policy(roots=roots, at_ms=0, measurements=measured)
    with pytest.raises(PolicyIncomplete, match="root"):
        TrustRoots(frozenset())
    with pytest.raises(PolicyIncomplete, match="zero"):
        Measurement(bytes(48), b"b" * 48, b"c" * 48)
    with pytest.raises(PolicyIncomplete, match="48"):
        Measurement(b"a" * 47, b"b" * 48, b"c" * 48)
    with pytest.raises(PolicyIncomplete, match="policy"):
        verify(forge.document(), None)
    with pytest.raises(PolicyIncomplete, match="binds nothing"):
        forge.policy(nonce=b"")
    with pytest.raises(TypeError):
        Policy(roots=roots, at_ms=1)


def test_V7_duplicate_map_key_is_refused(forge):
    body = forge.payload()[1:-1]
    twice = b"\xbf" + body + cbor.encode("digest") + cbor.encode("SHA384") + b"\xff"
    refused(forge, forge.document(twice), Step.FIELDS, "duplicate")


def test_V7_duplicate_pcr_index_is_refused(forge):
    entry = cbor.encode(0) + cbor.encode(b"\x01" * 48)
    refused(forge, forge.document(_with_raw_pcrs(forge, b"\xa2" + entry + entry)), Step.FIELDS, "duplicate")


def test_V7_trailing_bytes_truncation_and_foreign_tags_are_refused(forge):
    document = forge.document()
    refused(forge, document + b"\x00", Step.CBOR, "trailing")
    refused(forge, document[:-1], Step.CBOR)
    refused(forge, b"", Step.SIZE)
    refused(forge, b"\xd1" + document, Step.CBOR, "tag")
    refused(forge, b"\xd2\xd2" + document, Step.CBOR, "tag")
    refused(forge, b"\xd8\x12" + document, Step.CBOR)
    refused(forge, forge.document(forge.payload() + b"\x00"), Step.FIELDS, "trailing")


BOMBS = {
    "nested arrays": b"\x81" * 30_000,
    "nested indefinite maps": b"\xbf\x00" * 15_000,
    "array of 2^63": b"\x9b" + b"\x7f" * 8,
    "bytes of 2^63": b"\x5b\x80" + b"\x00" * 7,
    "map of 2^64 - 1": b"\xbb" + b"\xff" * 8,
    "text of 2^32": b"\x7a\xff\xff\xff\xff",
    "a million nulls": b"\x9a\x00\x0f\x42\x40" + b"\xf6" * 1_000_000,
    "tags": b"\xd2" * 30_000,
    "zeros": bytes(50_000_000),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS.keys())
@pytest.mark.parametrize("inside", [False, True])
def test_V8_bombs_are_refused_within_a_second_and_64_mib(forge, bomb, inside):
    document = forge.document(bomb[:16_000]) if inside else bomb
    tracemalloc.start()
    started = time.monotonic()
    with pytest.raises(DocumentRefused):
        verify(document, forge.policy())
    elapsed, (_, peak) = time.monotonic() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert elapsed < 1
    assert peak < 64 << 20


@pytest.mark.parametrize(
    "header",
    [{}, {1: -7}, {1: -8}, {1: -1}, {1: -36}, {1: "ES384"}, {1: -35, 2: [1]}, {1: -35, 4: b"kid"}, {2: -35}],
)
def test_V9_other_protected_headers_are_refused(forge, header):
    refused(forge, forge.message(protected=cbor.encode(header)), Step.COSE)


def test_V9_algorithm_outside_the_protected_header_is_refused(forge):
    refused(forge, forge.message(protected=b"", unprotected={1: -35}), Step.COSE)
    refused(forge, forge.message(protected=b"\xa0", unprotected={1: -35}), Step.COSE)
    refused(forge, forge.message(unprotected={1: -35}), Step.COSE, "unprotected")
    refused(forge, forge.message(unprotected={4: b"kid"}), Step.COSE, "unprotected")


def test_V9_protected_header_in_another_encoding_is_refused(forge):
    refused(forge, forge.message(protected=b"\xbf\x01\x38\x22\xff"), Step.COSE, "exactly")
    refused(forge, forge.message(protected=b"\xa1\x01\x39\x00\x22"), Step.COSE)


def test_V10_signatures_of_other_form_are_refused(forge):
    genuine = cbor.decode(forge.document())[3]
    r, s = int.from_bytes(genuine[:48], "big"), int.from_bytes(genuine[48:], "big")
    for signature in (utils.encode_dss_signature(r, s), genuine[:-1], genuine + b"\x00", b""):
        refused(forge, forge.message(signature=signature), Step.COSE, "96")
    for bad_r, bad_s in ((0, s), (r, 0), (ORDER, s), (r, ORDER), (r, 2**384 - 1)):
        raw = bad_r.to_bytes(48, "big") + bad_s.to_bytes(48, "big")
        refused(forge, forge.message(signature=raw), Step.SIGNATURE, "group order")
    refused(forge, forge.message(signature=genuine[48:] + genuine[:48]), Step.SIGNATURE)


def test_V10_signature_of_another_key_is_refused(forge):
    refused(forge, forge.document(key=ec.generate_private_key(ec.SECP384R1())), Step.SIGNATURE, "did not sign")


def test_V11_signature_over_a_re_encoded_payload_is_refused(forge):
    indefinite, definite = forge.payload(), cbor.encode(forge.fields())
    signature = cbor.decode(cose.sign(definite, forge.chain.leaf.key))[3]
    refused(forge, forge.message(payload=indefinite, signature=signature), Step.SIGNATURE)


def test_V12_attackers_root_in_the_cabundle_is_refused(forge, make_forge):
    attacker = make_forge()
    refused(forge, attacker.document(), Step.CHAIN, "pinned root")
    grafted = [forge.root.der, *attacker.chain.cabundle[1:]]
    document = attacker.document(cabundle=grafted)
    refused(forge, document, Step.CHAIN)


def test_V13_cabundle_empty_long_reordered_shortened_or_duplicated_is_refused(forge):
    root, region, zone, instance = forge.chain.cabundle
    refused(forge, forge.document(cabundle=[]), Step.FIELDS, "cabundle")
    refused(forge, forge.document(cabundle=[root] * 11), Step.FIELDS, "cabundle")
    refused(forge, forge.document(cabundle=[root, zone, region, instance]), Step.CHAIN)
    refused(forge, forge.document(cabundle=[region, zone, instance]), Step.CHAIN)
    refused(forge, forge.document(cabundle=[root, region, zone]), Step.CHAIN)
    refused(forge, forge.document(cabundle=[root, region, region, zone, instance]), Step.CHAIN, "twice")
    refused(forge, forge.document(cabundle=[root, region, zone, instance, forge.chain.leaf.der]), Step.CHAIN)
    refused(forge, forge.document(cabundle=[b"x" * 1025]), Step.FIELDS)
    refused(forge, forge.document(cabundle=[root, b"not a certificate"]), Step.CHAIN, "DER")
    refused(forge, forge.document(cabundle=[root, region + b"\x00", zone, instance]), Step.CHAIN, "DER")


def test_V14_the_forged_line_itself_is_good(forge):
    verify(forge.signed_with(*forge.line(LEVELS)), forge.policy())


@pytest.mark.parametrize(
    ("level", "change", "reason"),
    [
        (1, {"ca": False, "path_length": None}, "no certificate authority"),
        (1, {"constraints": False}, "no certificate authority"),
        (2, {"usage": "no-cert-sign"}, "may not sign"),
        (0, {"usage": None}, "what its key is for"),
        (0, {"path_length": 1}, "fewer issuers"),
        (1, {"path_length": 0}, "fewer issuers"),
        (1, {"end_s": -1}, "expired"),
        (1, {"start_s": 10}, "not yet valid"),
        (2, {"critical_unknown": True}, "critical extension"),
        (2, {"digest": hashes.SHA256()}, "SHA-384"),
        (1, {"issuer_name": "somebody else"}, "another issuer"),
        (1, {"sign_key": ec.generate_private_key(ec.SECP384R1())}, "not signed by"),
    ],
)
def test_V14_bad_intermediate_is_refused(forge, level, change, reason):
    levels = [dict(options) for options in LEVELS]
    levels[level] |= change
    refused(forge, forge.signed_with(*forge.line(levels)), Step.CHAIN, reason)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"ca": True}, "certificate authority"),
        ({"usage": "ca"}, "alone"),
        ({"usage": "no-sign"}, "alone"),
        ({"usage": None}, "what its key is for"),
        ({"end_s": -1}, "expired"),
        ({"start_s": 10}, "not yet valid"),
    ],
)
def test_V14_bad_leaf_is_refused(forge, change, reason):
    refused(forge, forge.signed_with(*forge.line(LEVELS, leaf_options=change)), Step.CHAIN, reason)


def test_V14_leaf_used_as_an_issuer_is_refused(forge):
    bundle, leaf = forge.line(LEVELS)
    below = forge.certificate("below the leaf", leaf, ca=False, usage="leaf")
    refused(forge, forge.signed_with([*bundle, leaf.der], below), Step.CHAIN)


def test_V15_keys_that_are_not_p384_are_refused(forge):
    for key in (ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)):
        bundle, leaf = forge.line(LEVELS, leaf_options={"key": key})
        refused(forge, forge.document(certificate=leaf.der, cabundle=bundle), Step.CHAIN, "P-384")


def test_V15_unused_bits_in_the_key_are_refused(forge):
    der = forge.chain.leaf.der
    marker = bytes.fromhex("03620004")
    assert der.count(marker) == 1
    refused(forge, forge.document(certificate=der.replace(marker, bytes.fromhex("03620104"))), Step.CHAIN)


@pytest.mark.parametrize(("shift_ms", "reason"), [(11_400_000, "expired"), (-14_000, "not yet valid")])
def test_V16_verifier_at_another_time_refuses(forge, shift_ms, reason):
    refused(forge, forge.document(), Step.CHAIN, reason, at_ms=forge.at_ms + shift_ms)
    with pytest.raises(DocumentRefused, match="calendar"):
        verify(forge.document(), forge.policy(at_ms=2**63))


@pytest.mark.parametrize("shift_ms", [-300_001, 300_001, -5_000_000, 86_400_000])
def test_V17_stale_and_future_documents_inside_the_chain_window_are_refused(forge, shift_ms):
    refused(forge, forge.document(timestamp=forge.at_ms + shift_ms), Step.TIME)


@pytest.mark.parametrize("shift_ms", [-300_000, 300_000])
def test_V17_the_window_ends_where_it_says(forge, shift_ms):
    verify(forge.document(timestamp=forge.at_ms + shift_ms), forge.policy())


@pytest.mark.parametrize("name", ["nonce", "user_data", "public_key"])
@pytest.mark.parametrize("value", [None, b"", b"x" * 32, b"n" * 31])
def test_V18_V19_V20_unbound_or_wrongly_bound_documents_are_refused(forge, name, value):
    refused(forge, forge.document(**{name: value}), Step.BINDING, name)


@pytest.mark.parametrize("name", ["nonce", "user_data", "public_key"])
def test_V18_absent_field_is_as_good_as_null(forge, name):
    fields = forge.fields()
    del fields[name]
    refused(forge, forge.document(cbor.encode(fields)), Step.BINDING, name)
    verify(forge.document(cbor.encode(fields)), forge.policy(**{name: None}))


def test_V18_replay_is_refused_and_recorded_only_after_all_else(forge):
    guard = ReplayGuard(remember_ms=600_000, capacity=2)
    with pytest.raises(DocumentRefused):
        verify(forge.document(), forge.policy(user_data=b"other"), guard=guard)
    verify(forge.document(), forge.policy(), guard=guard)
    with pytest.raises(DocumentRefused) as caught:
        verify(forge.document(), forge.policy(), guard=guard)
    assert caught.value.step is Step.REPLAY


def test_V18_the_memory_of_nonces_is_capped_and_forgets_in_time(forge):
    guard = ReplayGuard(remember_ms=1_000, capacity=1)
    documents = [verify(forge.document(nonce=bytes([n]) * 32), forge.policy(nonce=None)) for n in range(3)]
    guard.record(documents[0], at_ms=0)
    with pytest.raises(DocumentRefused, match="too many"):
        guard.record(documents[1], at_ms=1_000)
    guard.record(documents[2], at_ms=1_001)


def test_V21_malleable_and_re_serialised_twins_are_one_statement(forge):
    genuine = forge.document()
    message = cose.parse(genuine)
    r, s = message.signature[:48], int.from_bytes(message.signature[48:], "big")
    twin = forge.message(payload=message.payload, signature=r + (ORDER - s).to_bytes(48, "big"))
    tagged = b"\xd2" + genuine
    assert len({genuine, twin, tagged}) == 3
    assert len({verify(d, forge.policy()).replay_key for d in (genuine, twin, tagged)}) == 1
    guard = ReplayGuard(remember_ms=600_000, capacity=8)
    verify(genuine, forge.policy(), guard=guard)
    for other in (twin, tagged):
        with pytest.raises(DocumentRefused):
            verify(other, forge.policy(), guard=guard)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("digest", "SHA256"),
        ("digest", b"SHA384"),
        ("digest", None),
        ("module_id", ""),
        ("module_id", 1),
        ("module_id", "m" * 257),
        ("timestamp", 0),
        ("timestamp", -1),
        ("timestamp", 2**63),
        ("timestamp", True),
        ("timestamp", "1"),
        ("pcrs", []),
        ("certificate", b""),
        ("certificate", b"x" * 1025),
        ("certificate", None),
        ("cabundle", {}),
        ("cabundle", ["text"]),
        ("user_data", b"x" * 513),
        ("user_data", "text"),
        ("nonce", b"x" * 513),
        ("nonce", 5),
        ("public_key", b"x" * 1025),
        ("public_key", False),
    ],
)
def test_fields_of_wrong_type_or_size_are_refused(forge, name, value):
    refused(forge, forge.document(**{name: value}), Step.FIELDS)


@pytest.mark.parametrize("name", ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle"])
def test_missing_fields_are_refused(forge, name):
    fields = forge.fields()
    del fields[name]
    refused(forge, forge.document(cbor.encode(fields)), Step.FIELDS, name)


def test_unknown_fields_are_refused_unless_the_policy_says_otherwise(forge):
    document = forge.document(more=1)
    refused(forge, document, Step.FIELDS, "do not have")
    verify(document, forge.policy(allow_unknown_fields=True))


def test_payload_that_is_empty_long_or_no_map_is_refused(forge):
    refused(forge, forge.message(payload=b""), Step.COSE, "payload")
    refused(forge, forge.message(payload=bytes(16_384)), Step.COSE, "payload")
    refused(forge, forge.document(cbor.encode([1])), Step.FIELDS, "map")


@pytest.mark.parametrize("value", [1, {}, [], [b"", {}, b"x"], [b"", {}, b"x", b"y", b"z"], "text", None])
def test_what_is_not_a_cose_array_is_refused(forge, value):
    refused(forge, cbor.encode(value), Step.COSE)


def test_further_pcrs_are_compared_by_index(forge):
    verify(forge.document(), forge.policy(further_pcrs={4: bytes([5]) * 48}))
    refused(forge, forge.document(), Step.MEASUREMENT, "PCR16", further_pcrs={16: b"\x01" * 48})
    refused(forge, forge.document(), Step.MEASUREMENT, "PCR4", further_pcrs={4: b"\x01" * 48})


def _with_raw_pcrs(forge, raw):
    """The payload with these bytes as the value of pcrs."""
    fields = forge.fields()
    parts = [cbor.encode(k) + (raw if k == "pcrs" else cbor.encode(v)) for k, v in fields.items()]
    return b"\xbf" + b"".join(parts) + b"\xff"
