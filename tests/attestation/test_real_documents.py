"""Real documents of AWS, at their own times: accepted where true, refused where debug, old or of another image."""

# ruff: noqa: N802 - V numbers are written as the list has them

from dataclasses import replace

import pytest

from attestation import DocumentRefused, Measurement, Policy, Step, TrustRoots, verify, verify_for_ledger
from attestation.cose import parse
from attestation.document import parse_payload

PRODUCTION = ["nautilus-weather-20250415", "sui-fastcrypto-indef-20251110", "evervault-prod-20221013"]
DEBUG = ["sui-fastcrypto-debug-20241114", "evervault-debug-20230918"]
HOUR_MS = 3_600_000


@pytest.fixture(scope="module")
def roots(nitro_vectors):
    return TrustRoots.from_pem((nitro_vectors / "aws_nitro_root_g1.pem").read_bytes())


def load(folder, name):
    data = (folder / f"{name}.cbor").read_bytes()
    return data, parse_payload(parse(data).payload)


def policy_for(fields, roots, **changes):
    measured = Measurement(fields.pcrs[0], fields.pcrs[1], fields.pcrs[2])
    base = {"roots": roots, "at_ms": fields.timestamp_ms, "measurements": frozenset({measured})}
    return Policy(**(base | changes))


def test_aws_root_is_pinned_by_its_hash(nitro_vectors, roots):
    assert roots == TrustRoots.aws()


@pytest.mark.parametrize("name", PRODUCTION)
def test_production_document_is_accepted_at_its_time(nitro_vectors, roots, name):
    data, fields = load(nitro_vectors, name)
    assert verify(data, policy_for(fields, roots)) == fields
    assert verify_for_ledger(data, fields.timestamp_ms, roots) == fields


def test_values_of_the_nautilus_document(nitro_vectors, roots):
    data, fields = load(nitro_vectors, "nautilus-weather-20250415")
    assert fields.timestamp_ms == 1744683923696
    assert fields.public_key.hex() == "e8e62201dbe293b703c759f653107acbc2c911fa1d2e66f2c747bec95971a2af"
    assert fields.pcrs[0] == fields.pcrs[1]
    assert fields.pcrs[0].hex().startswith("cbe1afb6ed0ff89f")
    assert (fields.user_data, fields.nonce) == (None, None)
    assert len(data) == 4492


def test_indefinite_document_has_pcr16_and_empty_user_data(nitro_vectors):
    _, fields = load(nitro_vectors, "sui-fastcrypto-indef-20251110")
    assert sorted(fields.pcrs) == list(range(17))
    assert fields.user_data == b""


@pytest.mark.parametrize("name", DEBUG)
def test_V3_debug_document_is_refused_although_chain_and_signature_hold(nitro_vectors, roots, name):
    data, fields = load(nitro_vectors, name)
    verify_for_ledger(data, fields.timestamp_ms, roots)
    anything = Measurement(b"a" * 48, b"b" * 48, b"c" * 48)
    policy = Policy(roots=roots, at_ms=fields.timestamp_ms, measurements=frozenset({anything}))
    assert any(fields.pcrs[4])
    with pytest.raises(DocumentRefused, match="debug") as refused:
        verify(data, policy)
    assert refused.value.step is Step.MEASUREMENT


@pytest.mark.parametrize("name", PRODUCTION)
@pytest.mark.parametrize(("shift", "reason"), [(190 * 60_000, "expired"), (-3 * HOUR_MS, "not yet valid")])
def test_V16_real_document_outside_its_window_is_refused(nitro_vectors, roots, name, shift, reason):
    data, fields = load(nitro_vectors, name)
    with pytest.raises(DocumentRefused, match=reason) as refused:
        verify_for_ledger(data, fields.timestamp_ms + shift, roots)
    assert refused.value.step is Step.CHAIN


def test_V17_document_inside_the_three_hours_but_older_than_asked_is_refused(nitro_vectors, roots):
    data, fields = load(nitro_vectors, "nautilus-weather-20250415")
    late = policy_for(fields, roots, at_ms=fields.timestamp_ms + 600_000)
    with pytest.raises(DocumentRefused) as refused:
        verify(data, late)
    assert refused.value.step is Step.TIME


def test_valid_document_of_another_image_is_refused(nitro_vectors, roots):
    data, fields = load(nitro_vectors, "nautilus-weather-20250415")
    _, other = load(nitro_vectors, "sui-fastcrypto-indef-20251110")
    policy = policy_for(other, roots, at_ms=fields.timestamp_ms)
    with pytest.raises(DocumentRefused, match="approved") as refused:
        verify(data, policy)
    assert refused.value.step is Step.MEASUREMENT


def test_V2_real_document_under_another_root_is_refused(nitro_vectors, forge):
    data, fields = load(nitro_vectors, "nautilus-weather-20250415")
    with pytest.raises(DocumentRefused, match="pinned root"):
        verify_for_ledger(data, fields.timestamp_ms, TrustRoots.from_der(forge.root.der))


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_every_flipped_byte_of_a_real_document_is_refused(nitro_vectors, roots):
    data, fields = load(nitro_vectors, "nautilus-weather-20250415")
    for position in range(0, len(data), 5):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(DocumentRefused):
            verify_for_ledger(bytes(changed), fields.timestamp_ms, roots)


def test_every_truncation_of_a_real_document_is_refused(nitro_vectors, roots):
    data, fields = load(nitro_vectors, "nautilus-weather-20250415")
    for length in range(0, len(data), 13):
        with pytest.raises(DocumentRefused):
            verify_for_ledger(data[:length], fields.timestamp_ms, roots)


@pytest.mark.parametrize("name", DEBUG)
def test_a_debug_document_is_taken_only_where_that_was_said(nitro_vectors, roots, name):
    data, fields = load(nitro_vectors, name)
    policy = Policy(roots=roots, at_ms=fields.timestamp_ms, measurements=frozenset(), any_image=True)
    with pytest.raises(DocumentRefused, match="debug enclave"):
        verify(data, policy)
    assert verify(data, replace(policy, allow_debug=True)) == fields
