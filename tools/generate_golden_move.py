"""Write the Move tests that come from data: golden bytes, rule cases, and fixtures signed by test keys.

    python tools/generate_golden_move.py           writes what `files` lists under move/k3s_daas/tests
    python tools/generate_golden_move.py --check   exits 1 when a file is not what it would write

Golden bytes and rule cases come from `tests/golden`; what is signed comes from `tools/golden_signatures.py`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.golden_signatures import (  # noqa: E402 - the path is set above
    HEAD,
    evidence_signature_tests,
    hex_literal,
    signature_tests,
    signed_module,
    violation_signature_tests,
)

TESTS = ROOT / "move" / "k3s_daas" / "tests"
GOLDEN = ROOT / "tests" / "golden"


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
    for case in statements["violations"]:
        f = case["fields"]
        arguments = (
            f'x"{f["chain_id"]}", @{f["package"]}, {_id(f["cluster"])}, {_id(f["enclave"])}, {f["epoch"]}, '
            f'{f["sequence"]}, {f["config_version"]}, {_id(f["request_id"])}, x"{f["payload_hash"]}", '
            f"{f['found_at']}, {f['answer_until']}"
        )
        tests.append(_signed_test(f"violation_{_name(case['name'])}", "violation_bytes", arguments, case, public_key))
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
        TESTS / "violation_signature_tests.move": violation_signature_tests(),
        TESTS / "evidence_signature_tests.move": evidence_signature_tests(),
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
