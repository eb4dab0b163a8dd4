"""`enclave renew`, `revoke`: a registration lasts longer by a fresh document of the same key only."""

import json
import time

import pytest

from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def test_a_registration_is_renewed_by_its_own_enclave(own):
    [before] = own.json("enclave", "list")
    with own.enclave.serve() as place:
        assert own.json("enclave", "renew", "--attestation", place, "--dry-run")["dry_run"]
        assert own.json("enclave", "list") == [before]
        time.sleep(0.01)
        told = own.json("enclave", "renew", "--attestation", place)
    assert told["enclave"] == before["enclave"]
    assert told["expires_at"] > before["expires_at"]
    assert told["registered_at"] == before["registered_at"]
    assert told["state"] == "active"
    assert told["epoch"] == 1


def test_a_renewal_over_a_challenge_that_was_made_before(own):
    challenge = own.json("enclave", "challenge")["challenge"]
    enclave = str(own.enclave.object_id)
    with own.enclave.serve() as place:
        flags = (enclave, "--challenge", challenge, "--attestation", place)
        assert own.json("enclave", "renew", *flags, "--dry-run")["gas"] != 0
        assert own.json("enclave", "renew", *flags)["challenge"] == challenge
        # It is used up.
        assert own.run("enclave", "renew", *flags, code=1).stderr


def test_another_enclave_renews_nothing(own):
    other = s.Enclave(own.enclave.authority)
    file = own.file
    other.boot(file.cluster, file.package, bytes(file.chain_id), own.enclave.manifest.configuration)
    with other.serve() as place:
        assert "another key" in own.run("enclave", "renew", "--attestation", place, code=1).stderr
    other.manifest = own.enclave.manifest
    with other.serve() as place:
        # It says that it is the registered one; its document speaks for its own key.
        assert "denied by the contract" in own.run("enclave", "renew", "--attestation", place, code=1).stderr
    assert "does not answer" in own.run("enclave", "renew", "--attestation", "127.0.0.1:1", code=1).stderr
    state = json.loads((own.home / "state.json").read_text())
    (own.home / "state.json").write_text(json.dumps(state | {"attestation": ""}))
    assert "--attestation" in own.run("enclave", "renew", code=1).stderr


def test_the_admin_revokes_too(own):
    enclave = str(own.enclave.object_id)
    assert "--yes" in own.run("enclave", "revoke", enclave, "--admin", code=1).stderr
    assert own.json("enclave", "revoke", enclave, "--admin", "--dry-run")["dry_run"]
    told = own.json("enclave", "revoke", enclave, "--admin", "--yes")
    assert told["state"] == "revoked"
    assert "revoked already" in own.run("enclave", "revoke", enclave, "--yes", code=1).stderr
    with own.enclave.serve() as place:
        assert "revoked" in own.run("enclave", "renew", enclave, "--attestation", place, code=1).stderr


def test_nothing_runs_here_to_restart_or_to_read(own):
    assert "nothing runs in this home" in own.run("enclave", "restart", "--yes", code=1).stderr
    assert "k3s-daas up" in own.run("enclave", "console", code=1).stderr
    (own.home / "logs").mkdir()
    (own.home / "logs" / "enclave.log").write_text("one\ntwo\nthree\n")
    assert own.run("enclave", "console", "--tail", "2").stdout == "two\nthree\n"
    lines = own.run("enclave", "console", "--json").stdout.splitlines()
    assert [json.loads(line)["line"] for line in lines] == ["one", "two", "three"]
