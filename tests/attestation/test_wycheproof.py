"""Known attacks on ECDSA P-384 with raw signatures, from the Wycheproof project."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import load_der_public_key

from attestation.cose import verify_raw
from attestation.errors import BadSignature


def test_p384_sha384_p1363(wycheproof):
    vectors = json.loads((wycheproof / "ecdsa_secp384r1_sha384_p1363_test.json").read_text())
    seen = {"valid": 0, "invalid": 0}
    for group in vectors["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        for case in group["tests"]:
            signature, message = bytes.fromhex(case["sig"]), bytes.fromhex(case["msg"])
            seen[case["result"]] += 1
            if case["result"] == "valid":
                verify_raw(key, signature, message)
            else:
                with pytest.raises(BadSignature):
                    verify_raw(key, signature, message)
    assert sum(seen.values()) == vectors["numberOfTests"]
    assert min(seen.values()) > 50
