"""What test keys sign, as Move modules: fixtures that hold, and tests of signatures that must not.

Move cannot sign, so `signed.move` holds signatures over objects whose ids are known ahead: the tests' transactions have
digests of one repeated byte (`given::context`), and Sui derives ids from those. `tools/generate_golden_move.py` writes
what the functions here return.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

from chain.payload import chunks_hash
from chain.rules import Rule
from chain.statements import (
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    GRANT_DOMAIN,
    GRANT_STATEMENT,
    VIOLATION_DOMAIN,
    VIOLATION_STATEMENT,
    AnswerStatement,
    GrantStatement,
    ViolationStatement,
)
from sui.digests import derive_object_id
from sui.keys import Ed25519Key
from sui.types import Address, Digest

HEAD = "// Written by tools/generate_golden_move.py; do not edit.\n#[test_only]\n"
NOW = 1_000_000
ASKED_AT = NOW + 2_000
SKEW = 60_000
PACKAGE = Address.parse("0x0")


def hex_literal(data: bytes) -> str:
    """A Move byte string."""
    return f'x"{data.hex()}"'


def object_at(transaction: int, creation: int) -> Address:
    """The id that `given::context(_, transaction)` gives its object number `creation`."""
    return derive_object_id(Digest(bytes([transaction]) * 32), creation)


def key(name: str) -> Ed25519Key:
    """A test key."""
    return Ed25519Key.generate(hashlib.sha256(f"k3s-daas test {name}".encode()).digest())


ENCLAVE, OWNER, OTHER = key("enclave"), key("owner"), key("other")
CHAIN_ID = hashlib.sha256(b"k3s-daas test chain").digest()
CLUSTER, TOKEN, CHALLENGE = object_at(1, 0), object_at(2, 0), object_at(3, 0)
ENCLAVE_ID, REQUEST, SECOND = object_at(4, 0), object_at(5, 0), object_at(6, 0)
OTHER_ENCLAVE_ID, OTHER_CLUSTER = object_at(8, 0), object_at(0x77, 0)
LONG_HASH = bytes([0x10]) * 32
TWO_CHUNKS = (b"\x2a" * 16_000, b"\x2a" * 4_000)

ANSWER = AnswerStatement(
    domain=ANSWER_DOMAIN,
    chain_id=CHAIN_ID,
    package=PACKAGE,
    cluster=CLUSTER,
    enclave=ENCLAVE_ID,
    epoch=1,
    sequence=7,
    config_version=2,
    request_id=REQUEST,
    payload_hash=chunks_hash((b"sealed",)),
    status=200,
    body_hash=chunks_hash((b"answer",)),
    executed_at=NOW + 2_500,
    answer_until=NOW + 32_000,
)
SECOND_ANSWER = dataclasses.replace(ANSWER, sequence=8, status=404, executed_at=NOW + 2_600)
VIOLATION = ViolationStatement(
    domain=VIOLATION_DOMAIN,
    chain_id=CHAIN_ID,
    package=PACKAGE,
    cluster=CLUSTER,
    enclave=ENCLAVE_ID,
    epoch=1,
    sequence=7,
    config_version=2,
    request_id=REQUEST,
    payload_hash=chunks_hash((b"sealed",)),
    found_at=NOW + 2_500,
    answer_until=NOW + 32_000,
)
GRANT = GrantStatement(
    domain=GRANT_DOMAIN,
    chain_id=CHAIN_ID,
    package=PACKAGE,
    cluster=CLUSTER,
    token=TOKEN,
    delegate=ENCLAVE.address,
    session=bytes([0x5E]) * 32,
    not_before=NOW,
    expires_at=NOW + 600_000,
    rules=(),
)
GET_PODS = Rule("", "pods", "", "default", ("get",))
GET_SECRETS = Rule("", "secrets", "", "default", ("get",))


def sign_answer(signer: Ed25519Key = ENCLAVE, **changes: Any) -> bytes:
    """A signature over the good answer with these fields changed."""
    return signer.sign(ANSWER_STATEMENT.encode(dataclasses.replace(ANSWER, **changes)))


def sign_second(signer: Ed25519Key = ENCLAVE, **changes: Any) -> bytes:
    """A signature over the answer that contradicts the good one, with these fields changed."""
    return signer.sign(ANSWER_STATEMENT.encode(dataclasses.replace(SECOND_ANSWER, **changes)))


def sign_violation(signer: Ed25519Key = ENCLAVE, **changes: Any) -> bytes:
    """A signature over the good violation with these fields changed."""
    return signer.sign(VIOLATION_STATEMENT.encode(dataclasses.replace(VIOLATION, **changes)))


def sign_grant(signer: Ed25519Key = OWNER, **changes: Any) -> bytes:
    """A signature over the good grant with these fields changed."""
    return signer.sign(GRANT_STATEMENT.encode(dataclasses.replace(GRANT, **changes)))


def _answers() -> dict[str, bytes]:
    return {
        "answer": sign_answer(),
        "second_answer": sign_answer(request_id=SECOND, sequence=8),
        "answer_without_body": sign_answer(status=400, body_hash=chunks_hash(())),
        "answer_by_hash": sign_answer(body_hash=LONG_HASH),
        "answer_of_two_chunks": sign_answer(body_hash=chunks_hash(TWO_CHUNKS)),
        "answer_at_config_version_4": sign_answer(body_hash=chunks_hash(TWO_CHUNKS), config_version=4),
        "answer_executed_earliest": sign_answer(executed_at=ASKED_AT - SKEW),
        "answer_executed_latest": sign_answer(executed_at=ASKED_AT + SKEW),
        "answer_status_100": sign_answer(status=100),
        "answer_status_599": sign_answer(status=599),
    }


def _violations() -> dict[str, bytes]:
    return {
        "violation": sign_violation(),
        "violation_of_second_request": sign_violation(request_id=SECOND, sequence=8),
        "violation_found_earliest": sign_violation(found_at=ASKED_AT - SKEW),
        "violation_found_latest": sign_violation(found_at=ASKED_AT + SKEW),
    }


def _evidence() -> dict[str, bytes]:
    other: dict[str, Any] = {"enclave": OTHER_ENCLAVE_ID, "epoch": 2}
    return {
        "contradiction": sign_second(),
        "contradiction_in_body": sign_second(status=200, body_hash=LONG_HASH),
        "same_answer_again": sign_second(status=200),
        "contradiction_executed_latest": sign_second(executed_at=ASKED_AT + SKEW),
        "contradiction_executed_later": sign_second(executed_at=ASKED_AT + SKEW + 1),
        "contradiction_of_second_request": sign_second(request_id=SECOND),
        "contradiction_by_other_key": sign_second(OTHER),
        "answer_of_other_enclave": sign_answer(OTHER, **other),
        "contradiction_of_other_enclave": sign_second(OTHER, **other),
        "answer_of_other_cluster": sign_answer(cluster=OTHER_CLUSTER),
        "contradiction_of_other_cluster": sign_second(cluster=OTHER_CLUSTER),
    }


def _grants() -> dict[str, bytes]:
    return {
        "grant": sign_grant(),
        "narrow_grant": sign_grant(rules=(GET_PODS,)),
        "wide_grant": sign_grant(rules=(GET_SECRETS,)),
        "grant_of_16_rules": sign_grant(rules=(GET_PODS,) * 16),
        "grant_from_now": sign_grant(not_before=ASKED_AT),
        "grant_from_later": sign_grant(not_before=ASKED_AT + 1),
        "grant_until_now": sign_grant(expires_at=ASKED_AT),
        "grant_until_later": sign_grant(expires_at=ASKED_AT + 1),
        "grant_to_other": sign_grant(delegate=OTHER.address),
        "grant_short_session": sign_grant(session=bytes([0x5E]) * 31),
    }


def signed_module() -> str:
    """Keys, ids and signatures that hold."""
    byte_values = {
        "chain_id": CHAIN_ID,
        "enclave_key": ENCLAVE.public,
        "owner_key": OWNER.public,
        "other_key": OTHER.public,
        "payload_hash": ANSWER.payload_hash,
        "body_hash": ANSWER.body_hash,
        "no_body_hash": chunks_hash(()),
        "long_body_hash": LONG_HASH,
        "two_chunks_hash": chunks_hash(TWO_CHUNKS),
        **_answers(),
        **_violations(),
        **_evidence(),
        **_grants(),
    }
    addresses = {
        "enclave_address": ENCLAVE.address,
        "owner_address": OWNER.address,
        "other_address": OTHER.address,
        "cluster_id": CLUSTER,
        "token_id": TOKEN,
        "challenge_id": CHALLENGE,
        "enclave_id": ENCLAVE_ID,
        "request_id": REQUEST,
        "second_request_id": SECOND,
        "other_enclave_id": OTHER_ENCLAVE_ID,
    }
    lines = [f"public fun {name}(): vector<u8> {{ {hex_literal(value)} }}" for name, value in byte_values.items()]
    lines += [f"public fun {name}(): address {{ @{value} }}" for name, value in addresses.items()]
    return HEAD + "module k3s_daas::signed;\n\n" + "\n\n".join(lines) + "\n"


def other_value(value: object) -> object:
    """Another value of the same type."""
    match value:
        case Address():
            return Address(bytes([value[0] ^ 1]) + value[1:])
        case bytes():
            return bytes([value[0] ^ 1]) + value[1:]
        case int():
            return value + 1
        case tuple():
            return (GET_PODS,)
        case _:
            raise TypeError(type(value).__name__)


def _spoilt(statement: AnswerStatement | ViolationStatement | GrantStatement) -> list[tuple[str, dict[str, Any]]]:
    """Each field's name, and another value for it."""
    return [(f.name, {f.name: other_value(getattr(statement, f.name))}) for f in dataclasses.fields(statement)]


def signature_tests() -> str:
    """A test for each field of answers and grants: a signature over another value does not hold."""
    tests = [
        _refused_answer(f"answer_signed_over_another_{name}_is_refused", sign_answer(**changes))
        for name, changes in _spoilt(ANSWER)
    ]
    tests.append(_refused_answer("answer_signed_by_another_key_is_refused", sign_answer(OTHER)))
    tests.append(_refused_answer("answer_with_a_short_signature_is_refused", sign_answer()[:63]))
    tests.append(_refused_answer("answer_with_an_altered_signature_is_refused", bytes(64)))
    tests += [
        _refused_grant(f"grant_signed_over_another_{name}_is_refused", sign_grant(**changes))
        for name, changes in _spoilt(GRANT)
    ]
    tests.append(_refused_grant("grant_signed_by_another_key_is_refused", sign_grant(OTHER)))
    tests.append(_refused_grant("grant_with_a_short_signature_is_refused", sign_grant()[:63]))
    return _module("signature_tests", ("asks", "given", "world"), tests)


def violation_signature_tests() -> str:
    """A test for each field of a violation: a signature over another value does not hold."""
    tests = [
        _refused_violation(f"violation_signed_over_another_{name}_is_refused", sign_violation(**changes))
        for name, changes in _spoilt(VIOLATION)
    ]
    tests.append(_refused_violation("violation_signed_by_another_key_is_refused", sign_violation(OTHER)))
    tests.append(_refused_violation("violation_with_a_short_signature_is_refused", sign_violation()[:63]))
    tests.append(_refused_violation("an_answer_is_no_violation", sign_answer()))
    return _module("violation_signature_tests", ("asks", "blame", "world"), tests)


def evidence_signature_tests() -> str:
    """A test for each field of either answer in evidence: a signature over another value does not hold."""
    tests: list[str] = []
    for name, changes in _spoilt(ANSWER):
        tests.append(
            _refused_evidence(f"first_answer_signed_over_another_{name}", sign_answer(**changes), sign_second())
        )
    for name, changes in _spoilt(SECOND_ANSWER):
        tests.append(
            _refused_evidence(f"second_answer_signed_over_another_{name}", sign_answer(), sign_second(**changes))
        )
    tests.append(_refused_evidence("first_answer_with_a_short_signature", sign_answer()[:63], sign_second()))
    tests.append(_refused_evidence("second_answer_with_a_short_signature", sign_answer(), sign_second()[:63]))
    tests.append(_refused_evidence("a_violation_as_an_answer", sign_violation(), sign_second()))
    return _module("evidence_signature_tests", ("blame", "world"), tests)


def _module(name: str, uses: tuple[str, ...], tests: list[str]) -> str:
    imports = "".join(f"use k3s_daas::{used};\n" for used in uses)
    return f"{HEAD}module k3s_daas::{name};\n\n{imports}\n" + "\n".join(tests)


def _refused_answer(name: str, signature: bytes) -> str:
    return (
        "#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]\n"
        f"fun {name}() {{\n"
        "    let mut world = world::ready();\n"
        "    world.submit(asks::ask());\n"
        f"    world.store(asks::reply().reply_signature({hex_literal(signature)}));\n"
        "    world.end();\n"
        "}\n"
    )


def _refused_violation(name: str, signature: bytes) -> str:
    return (
        "#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]\n"
        f"fun {name}() {{\n"
        "    let mut world = world::ready();\n"
        "    world.submit(asks::ask());\n"
        f"    blame::violation().violation_signature({hex_literal(signature)}).store(&mut world);\n"
        "    world.end();\n"
        "}\n"
    )


def _refused_evidence(name: str, first: bytes, second: bytes) -> str:
    return (
        "#[test, expected_failure(abort_code = ::k3s_daas::evidence::ESignature)]\n"
        f"fun {name}_is_no_evidence() {{\n"
        "    let mut world = world::ready();\n"
        f"    let signatures = vector[\n        {hex_literal(first)},\n        {hex_literal(second)},\n    ];\n"
        "    blame::evidence().evidence_signatures(signatures).report(&mut world);\n"
        "    world.end();\n"
        "}\n"
    )


def _refused_grant(name: str, signature: bytes) -> str:
    return (
        "#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]\n"
        f"fun {name}() {{\n"
        "    let mut world = world::ready();\n"
        "    let ask = asks::ask().ask_from(k3s_daas::signed::enclave_address());\n"
        f"    let signature = {hex_literal(signature)};\n"
        f"    world.submit_with_grant(ask, given::hash(0x5E), {NOW}, {NOW + 600_000}, vector[], signature);\n"
        "    world.end();\n"
        "}\n"
    )
