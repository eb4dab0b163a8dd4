"""The golden files hold for Python; the Move tests that assert the same are generated from them and current."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from chain import statements
from chain.payload import chunks_hash
from chain.rules import Envelope, Rule, allows
from sui.keys import verify_ed25519
from sui.types import Address

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests" / "golden"
STATEMENTS = json.loads((GOLDEN / "statements.json").read_text())
RULES = json.loads((GOLDEN / "rules.json").read_text())["cases"]
KINDS = {
    "answers": (statements.AnswerStatement, statements.ANSWER_DOMAIN, statements.ANSWER_STATEMENT),
    "violations": (statements.ViolationStatement, statements.VIOLATION_DOMAIN, statements.VIOLATION_STATEMENT),
    "grants": (statements.GrantStatement, statements.GRANT_DOMAIN, statements.GRANT_STATEMENT),
    "manifests": (statements.Manifest, statements.MANIFEST_DOMAIN, statements.MANIFEST),
}
CASES = [(kind, case) for kind in KINDS for case in STATEMENTS[kind]]


def rule(fields):
    return Rule(*(fields[name] for name in ("group", "resource", "subresource", "namespace")), tuple(fields["verbs"]))


def plain(value):
    if isinstance(value, int):
        return value
    if isinstance(value, list):
        return tuple(rule(each) for each in value)
    return Address.parse(value) if value.startswith("0x") else bytes.fromhex(value)


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[f"{kind}: {case['name']}" for kind, case in CASES])
def test_golden_bytes(kind, case):
    cls, domain, codec = KINDS[kind]
    value = cls(domain=domain, **{name: plain(field) for name, field in case["fields"].items()})
    encoded = codec.encode(value)
    assert encoded.hex() == case["bcs"]
    assert hashlib.sha256(encoded).hexdigest() == case["sha256"]
    assert codec.decode(encoded) == value
    if "signature" in case:
        public_key = bytes.fromhex(STATEMENTS["public_key"])
        assert statements.signature_holds(public_key, bytes.fromhex(case["signature"]), encoded)
        verify_ed25519(public_key, bytes.fromhex(case["signature"]), encoded)
        assert not statements.signature_holds(public_key, bytes.fromhex(case["signature"]), encoded + b"\0")


@pytest.mark.parametrize("case", STATEMENTS["manifests"], ids=lambda case: case["name"])
def test_user_data_is_the_hash_of_the_manifest(case):
    assert statements.decode_manifest(bytes.fromhex(case["bcs"])).user_data.hex() == case["sha256"]


@pytest.mark.parametrize("case", STATEMENTS["chunks"], ids=lambda case: case["name"])
def test_golden_chunk_hashes(case):
    if "repeat" in case:
        chunks = tuple(bytes.fromhex(byte) * length for byte, length in case["repeat"])
    else:
        chunks = tuple(bytes.fromhex(chunk) for chunk in case["chunks"])
    assert sum(map(len, chunks)) == case["length"]
    assert chunks_hash(chunks).hex() == case["sha256"]


@pytest.mark.parametrize("case", RULES, ids=lambda case: case["name"])
def test_golden_rule_cases(case):
    envelope = Envelope(**case["envelope"])
    assert allows([rule(each) for each in case["rules"]], envelope) == case["allowed"]


def test_generated_move_tests_are_current():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "generate_golden_move.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
