"""`token scope`, `unstake`: an owner narrows and takes out, the admin widens after the delay."""

import json
import time

import pytest

from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

PODS = "/pods:*:get,list,delete"


@pytest.fixture(scope="module")
def elsewhere(own, tmp_path_factory):
    """The home of an owner who has nothing but the cluster file and his key; and his token."""
    home = tmp_path_factory.mktemp("elsewhere")
    owner = s.Stand(home, own.localnet, own.enclave)
    made = owner.json("key", "create", "--alias", "me")
    owner.run("ledger", "faucet", made["address"], "--faucet", own.localnet.faucet)
    flags = ("--owner", made["address"], "--owner-public-key", made["public_key"], "--rule", PODS)
    token = own.json("token", "create", *flags, "--stake", "3000000000", "--yes")["token"]
    (home / "cluster.json").write_text(json.dumps(own.json("cluster", "show")))
    return owner, token


def until(due_ms):
    time.sleep(max(0.0, due_ms / 1000 - time.time()) + 0.4)


def test_the_owner_narrows_at_once_and_never_widens(elsewhere):
    owner, token = elsewhere
    assert owner.json("token", "scope", token, "--rule", "/pods:a:get", "--dry-run")["dry_run"]
    assert "--yes" in owner.run("token", "scope", token, "--rule", "/pods:a:get", code=1).stderr
    before = owner.json("token", "show", token)
    assert before["rules"] == [PODS]
    told = owner.json("token", "scope", token, "--rule", "/pods:*:get,list", "--yes")
    assert told["rules"] == ["/pods:*:get,list"]
    assert told["revision"] == before["revision"] + 1
    wider = owner.run("token", "scope", token, "--rule", "/secrets:*:get", "--yes", code=1)
    assert "wider than the token's" in wider.stderr
    assert "AdminCap" in owner.run("token", "scope", token, "--rule", PODS, "--admin", "--yes", code=1).stderr
    owner.run("token", "scope", token, code=2)
    assert "cannot be read" in owner.run("token", "scope", token, "--rule", "pods", "--yes", code=1).stderr


def test_the_admin_widens_after_the_delay(own, elsewhere):
    _, token = elsewhere
    assert "--admin" in own.run("token", "scope", token, "--rule", PODS, "--yes", code=1).stderr
    held = own.json("token", "show", token)["rules"]
    told = own.json("token", "scope", token, "--rule", "/secrets:a:get", "--admin", "--yes")
    assert told["rules"] == held
    assert told["pending_rules"] == ["/secrets:a:get"]
    listed = next(entry for entry in own.json("token", "list") if entry["token"] == token)
    assert listed["pending_from"] == told["pending_from"]
    assert "instead" in own.run("token", "show", token).stdout
    until(told["pending_from"])
    told = own.json("token", "show", token)
    assert told["rules"] == ["/secrets:a:get"]
    assert told["pending_rules"] is None


def test_stake_leaves_in_two_steps(own, elsewhere):
    owner, token = elsewhere
    assert "whose key is not" in own.run("token", "unstake", token, "5", "--yes", code=1).stderr
    assert "nothing was announced" in owner.run("token", "unstake", token, "--yes", code=1).stderr
    owner.run("token", "unstake", token, "5", "--pay", code=2)
    assert owner.json("token", "unstake", token, "5", "--dry-run")["dry_run"]
    assert "--yes" in owner.run("token", "unstake", token, "5", code=1).stderr
    assert owner.json("token", "show", token)["stake"] == 3_000_000_000
    told = owner.json("token", "unstake", token, "1200000000", "--yes")
    assert told["stake"] == 1_800_000_000
    assert told["leaving"] == [{"amount": 1_200_000_000, "due": told["due"]}]
    assert "1200000000" in owner.run("token", "show", token).stdout
    assert "the next is due at" in owner.run("token", "unstake", token, "--pay", "--yes", code=1).stderr
    assert "denied" in owner.run("token", "unstake", token, "1900000000", "--yes", code=1).stderr
    own.json("token", "revoke", token, "--yes")
    until(told["due"])
    paid = owner.json("token", "unstake", token, "--pay", "--yes")
    assert paid["paid"] == 1_200_000_000
    assert paid["leaving"] == []
    assert paid["revoked"] is True


def test_anybody_announces_and_stakes(own, elsewhere):
    owner, _ = elsewhere
    token = own.tokens["user"]
    assert owner.json("token", "announce", token)["digest"]
    before = owner.json("token", "show", token)["stake"]
    assert owner.json("token", "stake", token, "5", "--yes")["stake"] == before + 5
