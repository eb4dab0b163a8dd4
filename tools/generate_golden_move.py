"""Write the Move tests that come from data: golden bytes, rule cases, and fixtures signed by test keys.

    python tools/generate_golden_move.py           writes move/k3s_daas/tests/{golden_tests,signed,signature_tests}.move
    python tools/generate_golden_move.py --check   exits 1 when a file is not what it would write

Move cannot sign, so `signed.move` holds signatures over objects whose ids are known ahead: the tests' transactions have
digests of one repeated byte (`world::context`), and Sui derives ids from those.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from chain.payload import chunks_hash  # noqa: E402 - the path is set above
from chain.rules import Rule  # noqa: E402
from chain.statements import (  # noqa: E402
    ANSWER_DOMAIN,
    ANSWER_STATEMENT,
    GRANT_DOMAIN,
    GRANT_STATEMENT,
    AnswerStatement,
    GrantStatement,
)
from sui.digests import derive_object_id  # noqa: E402
from sui.keys import Ed25519Key  # noqa: E402
from sui.types import Address, Digest  # noqa: E402

TESTS = ROOT / "move" / "k3s_daas" / "tests"
GOLDEN = ROOT / "tests" / "golden"
HEAD = "// Written by tools/generate_golden_move.py; do not edit.\n#[test_only]\n"
NOW = 1_000_000
ASKED_AT = NOW + 2_000
PACKAGE = Address.parse("0x0")


def hex_literal(data: bytes) -> str:
    """A Move byte string."""
    return f'x"{data.hex()}"'


def object_at(transaction: int, creation: int) -> Address:
    """The id that `world::context(_, transaction)` gives its object number `creation`."""
    return derive_object_id(Digest(bytes([transaction]) * 32), creation)


def key(name: str) -> Ed25519Key:
    """A test key."""
    return Ed25519Key.generate(hashlib.sha256(f"k3s-daas test {name}".encode()).digest())


ENCLAVE, OWNER, OTHER = key("enclave"), key("owner"), key("other")
CHAIN_ID = hashlib.sha256(b"k3s-daas test chain").digest()
CLUSTER, TOKEN, CHALLENGE = object_at(1, 0), object_at(2, 0), object_at(3, 0)
ENCLAVE_ID, REQUEST, SECOND = object_at(4, 0), object_at(5, 0), object_at(6, 0)
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


def sign_grant(signer: Ed25519Key = OWNER, **changes: Any) -> bytes:
    """A signature over the good grant with these fields changed."""
    return signer.sign(GRANT_STATEMENT.encode(dataclasses.replace(GRANT, **changes)))


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
        "answer": sign_answer(),
        "second_answer": sign_answer(request_id=SECOND, sequence=8),
        "answer_without_body": sign_answer(status=400, body_hash=chunks_hash(())),
        "answer_by_hash": sign_answer(body_hash=LONG_HASH),
        "answer_of_two_chunks": sign_answer(body_hash=chunks_hash(TWO_CHUNKS)),
        "answer_executed_earliest": sign_answer(executed_at=ASKED_AT - 60_000),
        "answer_executed_latest": sign_answer(executed_at=ASKED_AT + 60_000),
        "answer_status_100": sign_answer(status=100),
        "answer_status_599": sign_answer(status=599),
        "grant": sign_grant(),
        "narrow_grant": sign_grant(rules=(GET_PODS,)),
        "wide_grant": sign_grant(rules=(GET_SECRETS,)),
        "grant_from_now": sign_grant(not_before=ASKED_AT),
        "grant_from_later": sign_grant(not_before=ASKED_AT + 1),
        "grant_until_now": sign_grant(expires_at=ASKED_AT),
        "grant_until_later": sign_grant(expires_at=ASKED_AT + 1),
        "grant_to_other": sign_grant(delegate=OTHER.address),
        "grant_short_session": sign_grant(session=bytes([0x5E]) * 31),
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
        "other_enclave_id": object_at(8, 0),
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


def signature_tests() -> str:
    """A test for each field of the signed structures: a signature over another value does not hold."""
    tests: list[str] = []
    for field in dataclasses.fields(ANSWER):
        changes: dict[str, Any] = {field.name: other_value(getattr(ANSWER, field.name))}
        signature = sign_answer(**changes)
        tests.append(_refused_answer(f"answer_signed_over_another_{field.name}_is_refused", signature))
    tests.append(_refused_answer("answer_signed_by_another_key_is_refused", sign_answer(OTHER)))
    tests.append(_refused_answer("answer_with_a_short_signature_is_refused", sign_answer()[:63]))
    tests.append(_refused_answer("answer_with_an_altered_signature_is_refused", bytes(64)))
    for field in dataclasses.fields(GRANT):
        changes = {field.name: other_value(getattr(GRANT, field.name))}
        signature = sign_grant(**changes)
        tests.append(_refused_grant(f"grant_signed_over_another_{field.name}_is_refused", signature))
    tests.append(_refused_grant("grant_signed_by_another_key_is_refused", sign_grant(OTHER)))
    tests.append(_refused_grant("grant_with_a_short_signature_is_refused", sign_grant()[:63]))
    return (
        HEAD
        + "module k3s_daas::signature_tests;\n\nuse k3s_daas::asks;\nuse k3s_daas::given;\nuse k3s_daas::world;\n\n"
        + "\n".join(tests)
    )


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


def _string(text: str) -> str:
    if text.isascii():
        return f'b"{text}".to_string()'
    return f"{hex_literal(text.encode())}.to_string()"


def _rule(rule: dict[str, Any]) -> str:
    names = ", ".join(_string(rule[name]) for name in ("group", "resource", "subresource", "namespace"))
    verbs = ", ".join(_string(verb) for verb in rule["verbs"])
    return f"rules::new_rule({names}, vector[{verbs}])"


def _rules(rules: list[dict[str, Any]]) -> str:
    return "vector[" + ", ".join(_rule(rule) for rule in rules) + "]"


def _name(text: str) -> str:
    return "".join(letter if letter.isalnum() else "_" for letter in text.lower()).replace("__", "_")


def _id(text: str) -> str:
    return f"@{text}.to_id()"


def golden_tests(statements: dict[str, Any], rules: dict[str, Any]) -> str:
    """Assertions over the golden files."""
    tests: list[str] = []
    public_key = f'x"{statements["public_key"]}"'
    for case in statements["answers"]:
        f = case["fields"]
        arguments = (
            f'x"{f["chain_id"]}", @{f["package"]}, {_id(f["cluster"])}, {_id(f["enclave"])}, {f["epoch"]}, '
            f'{f["sequence"]}, {f["config_version"]}, {_id(f["request_id"])}, x"{f["payload_hash"]}", {f["status"]}, '
            f'x"{f["body_hash"]}", {f["executed_at"]}, {f["answer_until"]}'
        )
        tests.append(_signed_test(f"answer_{_name(case['name'])}", "answer_bytes", arguments, case, public_key))
    for case in statements["grants"]:
        f = case["fields"]
        arguments = (
            f'x"{f["chain_id"]}", @{f["package"]}, {_id(f["cluster"])}, {_id(f["token"])}, @{f["delegate"]}, '
            f'x"{f["session"]}", {f["not_before"]}, {f["expires_at"]}, {_rules(f["rules"])}'
        )
        tests.append(_signed_test(f"grant_{_name(case['name'])}", "grant_bytes", arguments, case, public_key))
    for case in statements["manifests"]:
        f = case["fields"]
        arguments = (
            f'@{f["address"]}, x"{f["public_key"]}", x"{f["hpke_key"]}", x"{f["tls_ca_hash"]}", {_id(f["cluster"])}, '
            f'@{f["package"]}, x"{f["chain_id"]}", x"{f["configuration"]}"'
        )
        tests.append(
            f"#[test]\nfun manifest_{_name(case['name'])}() {{\n"
            f'    assert_eq!(statement::manifest_hash({arguments}), x"{case["sha256"]}");\n}}\n'
        )
    tests += [_chunks_test(case) for case in statements["chunks"]]
    tests += [_rule_test(case) for case in rules["cases"]]
    uses = (
        "use k3s_daas::chunks;\nuse k3s_daas::rules;\nuse k3s_daas::statement;\n"
        "use std::unit_test::assert_eq;\nuse sui::ed25519;\n"
    )
    return HEAD + "module k3s_daas::golden_tests;\n\n" + uses + "\n" + "\n".join(tests)


def _signed_test(name: str, function: str, arguments: str, case: dict[str, Any], public_key: str) -> str:
    return (
        f"#[test]\nfun {name}() {{\n"
        f"    let bytes = statement::{function}({arguments});\n"
        f'    assert_eq!(bytes, x"{case["bcs"]}");\n'
        f'    assert_eq!(std::hash::sha2_256(bytes), x"{case["sha256"]}");\n'
        f'    assert!(ed25519::ed25519_verify(&x"{case["signature"]}", &{public_key}, &bytes));\n}}\n'
    )


def _chunks_test(case: dict[str, Any]) -> str:
    if "repeat" in case:
        parts = [f"vector::tabulate!({length}, |_| 0x{byte})" for byte, length in case["repeat"]]
    else:
        parts = [f'x"{part}"' for part in case["chunks"]]
    return (
        f"#[test]\nfun chunks_{_name(case['name'])}() {{\n"
        f"    let chunks: vector<vector<u8>> = vector[{', '.join(parts)}];\n"
        f"    assert_eq!(chunks::length(&chunks), {case['length']});\n"
        f'    assert_eq!(chunks::hash(&chunks), x"{case["sha256"]}");\n}}\n'
    )


def _rule_test(case: dict[str, Any]) -> str:
    envelope = ", ".join(
        _string(case["envelope"][name]) for name in ("verb", "group", "resource", "subresource", "namespace")
    )
    return (
        f"#[test]\nfun rule_{_name(case['name'])}() {{\n"
        f"    let rules = {_rules(case['rules'])};\n"
        f"    let envelope = rules::new_envelope({envelope});\n"
        f"    assert_eq!(rules::allow(&rules, &envelope), {str(case['allowed']).lower()});\n}}\n"
    )


def files() -> dict[Path, str]:
    """Everything that is generated, by path."""
    statements = json.loads((GOLDEN / "statements.json").read_text())
    rules = json.loads((GOLDEN / "rules.json").read_text())
    return {
        TESTS / "golden_tests.move": golden_tests(statements, rules),
        TESTS / "signed.move": signed_module(),
        TESTS / "signature_tests.move": signature_tests(),
    }


def main() -> int:
    """Write the files, or say which are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not current")
    check = parser.parse_args().check
    stale = [path for path, text in files().items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{'not current' if check else 'written'}: {path.relative_to(ROOT)}")
        if not check:
            path.write_text(files()[path])
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
