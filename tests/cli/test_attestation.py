"""`k3s-daas attestation`: the exit code is the verdict, and without a policy there is none."""

import json
import time

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from attestation.sim.pki import make_root
from cli.root import run
from tests.cli import stand as s

NONCE = b"n" * 32
PCRS = [argument for index, value in enumerate(s.PCRS) for argument in (f"--pcr{index}", value.hex())]


@pytest.fixture
def document(tmp_path):
    """A simulated document, its root and what it was made for."""
    authority = make_root(int(time.time() * 1000))
    enclave = s.Enclave(authority)
    enclave.boot(s.Address.parse("0x1"), s.Address.parse("0x2"), bytes(32), bytes(32))
    (tmp_path / "document").write_bytes(enclave.document(NONCE))
    (tmp_path / "root.pem").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    return tmp_path


@pytest.fixture
def verify(document, capsys):
    """Run `attestation verify` under the simulation's root; give the code and what was printed."""

    def checked(*arguments, code, root=True):
        trust = ["--root", str(document / "root.pem")] if root else []
        given = ["attestation", "verify", str(document / "document"), *trust, *map(str, arguments), "--json"]
        assert run(given) == code
        printed = capsys.readouterr()
        return json.loads(printed.out) if printed.out else printed.err

    return checked


def test_a_true_document_of_the_approved_image_is_accepted(verify):
    told = verify(*PCRS, "--nonce", NONCE.hex(), code=0)
    assert told["ok"]
    assert told["pcrs"]["0"] == s.PCRS[0].hex()
    assert {"step", "reason", "module_id", "timestamp", "public_key", "user_data", "nonce"} <= set(told)


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        ((*PCRS, "--nonce", "00"), "9"),
        ((*PCRS, "--user-data", "00"), "9"),
        ((*PCRS, "--public-key", "00"), "9"),
        (("--pcr0", "ab" * 48), "8"),
        ((*PCRS, "--pcr8", "ab" * 48), "8"),
        ((*PCRS, "--at", "1600000000000"), "5"),
    ],
    ids=["nonce", "user data", "public key", "image", "signer", "time"],
)
def test_what_was_not_asked_for_is_refused_with_its_step(verify, arguments, step):
    told = verify(*arguments, code=1)
    assert not told["ok"]
    assert told["step"].startswith(step)
    assert told["reason"]


def test_an_old_document_is_refused_and_the_age_is_the_callers(verify):
    later = int(time.time() * 1000) + 600_000
    assert verify(*PCRS, "--at", later, code=1)["step"].startswith("7")
    assert verify(*PCRS, "--at", later, "--max-age", 900, code=0)["ok"]


def test_without_a_policy_for_the_image_there_is_no_verdict(verify):
    assert "--no-pcr-policy" in verify(code=2)
    assert "--no-pcr-policy" in verify("--pcr2", s.PCRS[2].hex(), code=2)
    assert verify("--no-pcr-policy", code=0)["ok"]


@pytest.mark.parametrize("value", ["00" * 48, "ab", "no hex"])
def test_a_register_that_is_none_is_wrong_usage(verify, value):
    verify("--pcr0", value, code=2)


def test_awss_root_is_trusted_where_no_other_is_named(verify):
    assert verify(*PCRS, code=1, root=False)["step"].startswith("5")


def test_a_document_is_shown_without_a_verdict(document, capsys):
    assert run(["attestation", "show", str(document / "document"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"] is None
    assert told["nonce"] == NONCE.hex()
    assert run(["attestation", "show", str(document / "document")]) == 0
    assert "not verified" in capsys.readouterr().out
    (document / "garbage").write_bytes(b"garbage")
    assert run(["attestation", "show", str(document / "garbage")]) == 1
