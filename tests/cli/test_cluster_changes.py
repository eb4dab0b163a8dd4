"""`cluster set`, `admin`, `operator`, `bond`: what tightens holds at once, what loosens waits, and who may do it."""

import json
import time

import pytest

from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


def pending(stand):
    return {entry["what"]: entry["due"] for entry in stand.json("cluster", "show")["pending"]}


def until(due_ms):
    time.sleep(max(0.0, due_ms / 1000 - time.time()) + 0.4)


def test_what_tightens_holds_at_once_and_what_loosens_is_pending(own):
    before = own.json("cluster", "show")["settings"]
    assert own.json("cluster", "set", "min_stake=5", "--dry-run")["dry_run"]
    assert "--yes" in own.run("cluster", "set", "min_stake=5", code=1).stderr
    assert own.json("cluster", "show")["settings"] == before
    told = own.json("cluster", "set", "min-stake=5", "max_deadline=30s", "--max-stream", "700s", "--yes")
    assert told["settings"]["max_deadline_ms"] == 30_000
    assert told["settings"]["min_stake"] == before["min_stake"]
    assert told["digest"]
    waiting = pending(own)
    assert set(waiting) == {"setting min_stake = 5", "setting max_stream_ms = 700000"}
    assert own.run("cluster", "show").stdout.count("setting ") == 2
    said = own.run("cluster", "set", "challenge_lifetime=900s", "--yes").stdout
    assert "digest" in said
    assert "challenge_lifetime_ms = 900000" in said
    assert "pcr0" not in said
    # The value in force takes a pending one back.
    own.json("cluster", "set", "challenge_lifetime=600s", "--yes")
    own.json("cluster", "set", f"min_stake={before['min_stake']}", "--yes")
    assert set(pending(own)) == {"setting max_stream_ms = 700000"}
    until(waiting["setting max_stream_ms = 700000"])
    shown = own.json("cluster", "show")
    assert shown["pending"] == []
    assert shown["settings"]["max_stream_ms"] == 700_000
    denied = own.run("cluster", "set", "max_stream=700s", "--yes", code=1)
    assert "denied by the contract" in denied.stderr


def test_delays_grow_and_never_shrink(own):
    told = own.json("cluster", "set", "--delay", "token=1500ms", "--yes")
    assert told["delays"]["token_ms"] == 1_500
    assert told["pending"] == []
    assert "would shrink" in own.run("cluster", "set", "--delay", "token=1s", "--yes", code=1).stderr
    assert "maximum" in own.run("cluster", "set", "--delay", "token=300d", "--yes", code=1).stderr


@pytest.mark.parametrize(
    "words", [(), ("nonsense=1",), ("min_stake",), ("min_stake=30s",), ("max_stream=x",), ("--delay", "sleep=1s")]
)
def test_wrong_settings_are_wrong_usage(own, words):
    assert own.run("cluster", "set", *words, "--yes", code=2).stderr


def test_a_bond_leaves_in_two_steps(own):
    added = own.json("cluster", "bond", "add", "700000000", "--yes")
    assert "nothing was announced" in own.run("cluster", "bond", "withdraw", "--pay", "--yes", code=1).stderr
    own.run("cluster", "bond", "withdraw", "5", "--pay", code=2)
    assert own.json("cluster", "bond", "withdraw", "5", "--dry-run")["dry_run"]
    assert "--yes" in own.run("cluster", "bond", "withdraw", "5", code=1).stderr
    assert own.json("cluster", "show")["bond"] == added["bond"]
    told = own.json("cluster", "bond", "withdraw", "600000000", "--yes")
    assert told["bond"] == added["bond"] - 600_000_000
    [bond] = told["bonds"]
    assert bond["leaving"] == [{"amount": 600_000_000, "due": told["due"]}]
    assert any("withdrawal of 600000000" in what for what in pending(own))
    assert "the next is due at" in own.run("cluster", "bond", "withdraw", "--yes", code=1).stderr
    too_much = own.run("cluster", "bond", "withdraw", "90000000000", "--yes", code=1)
    assert "denied by the contract" in too_much.stderr
    until(told["due"])
    paid = own.json("cluster", "bond", "withdraw", "--pay", "--yes")
    assert paid["paid"] == 600_000_000
    assert paid["bonds"][0]["leaving"] == []


def test_an_operator_is_announced_taken_back_and_comes_into_office(own):
    poor = next(key["address"] for key in own.json("key", "list") if key["alias"] == "poor")
    first = own.json("cluster", "show")["operator"]
    assert "no other operator" in own.run("cluster", "operator", "replace", "cancel", "--yes", code=1).stderr
    assert own.json("cluster", "operator", "replace", "poor", "--dry-run")["dry_run"]
    assert "--yes" in own.run("cluster", "operator", "replace", "poor", code=1).stderr
    told = own.json("cluster", "operator", "replace", "poor", "--yes")
    assert told["successor"] == poor
    assert told["operator"] == first
    assert f"operator {told['operator_cap']}" in pending(own)
    assert "announced already" in own.run("cluster", "operator", "replace", poor, "--yes", code=1).stderr
    assert own.json("cluster", "operator", "replace", "cancel", "--yes")["pending"] == []
    told = own.json("cluster", "operator", "replace", poor, "--yes")
    own.json("cluster", "bond", "add", "1000000000", "--operator", "poor", "--yes")
    assert own.json("cluster", "show")["operator"] == first
    until(told["due"])
    shown = own.json("cluster", "show")
    assert shown["operator"] == told["operator_cap"]
    assert shown["bond"] == 1_000_000_000
    [former] = [bond for bond in shown["bonds"] if bond["operator"] == first]
    assert former["counted"] == 0
    assert former["leaving"]
    # What the operator does is done by the one in office now, whoever's key is here.
    assert own.json("enclave", "challenge")["challenge"]
    until(max(entry["due"] for entry in former["leaving"]))
    assert own.json("cluster", "bond", "withdraw", "--operator", "operator", "--yes")["paid"] == former["balance"]


def test_strangers_are_told_whose_cap_it_is(own, tmp_path):
    stranger = s.Stand(tmp_path / "stranger", own.localnet, own.enclave)
    stranger.home.mkdir()
    (stranger.home / "cluster.json").write_text(json.dumps(own.json("cluster", "show")))
    stranger.json("key", "create", "--alias", "me")
    for words in (
        ("cluster", "set", "min_stake=7"),
        ("cluster", "admin", "burn"),
        ("cluster", "operator", "cancel"),
        ("token", "create", "--owner", "me", "--rule", "/pods:a:get"),
    ):
        assert "AdminCap" in stranger.run(*words, *(("--yes",)), code=1).stderr, words
    assert "OperatorCap" in stranger.run("enclave", "challenge", code=1).stderr
    assert "OperatorCap" in stranger.run("cluster", "bond", "add", "5", "--yes", code=1).stderr
    assert stranger.json("cluster", "show")["cluster"] == own.json("cluster", "show")["cluster"]
    admin = next(key["address"] for key in own.json("key", "list") if key["alias"] == "admin")
    assert stranger.json("contract", "show")["right_owner"] == admin
    assert json.loads((stranger.home / "cluster.json").read_text())["settings"]
    assert not (stranger.home / "state.json").exists()


def test_the_admin_hands_over_and_burns(own, tmp_path):
    heir = s.Stand(tmp_path / "heir", own.localnet, own.enclave)
    heir.home.mkdir()
    (heir.home / "cluster.json").write_text(json.dumps(own.json("cluster", "show")))
    address = heir.json("key", "create", "--alias", "heir")["address"]
    heir.run("ledger", "faucet", address, "--faucet", own.localnet.faucet)
    assert own.json("cluster", "admin", "transfer", address, "--dry-run")["dry_run"]
    assert "--yes" in own.run("cluster", "admin", "transfer", address, code=1).stderr
    assert "not an id or address" in own.run("cluster", "admin", "transfer", "nobody", "--yes", code=1).stderr
    assert own.json("cluster", "admin", "transfer", address, "--yes")["admin"] == address
    assert "AdminCap" in own.run("cluster", "set", "min_stake=2000000000", "--yes", code=1).stderr
    assert heir.json("cluster", "set", "min_stake=2000000000", "--yes")["settings"]["min_stake"] == 2_000_000_000
    assert "--yes" in heir.run("cluster", "admin", "burn", code=1).stderr
    assert heir.json("cluster", "admin", "burn", "--dry-run")["dry_run"]
    heir.json("cluster", "set", "min_stake=2000000001", "--yes")
    assert heir.json("cluster", "admin", "burn", "--yes")["admin"] is None
    assert "AdminCap" in heir.run("cluster", "set", "min_stake=3000000000", "--yes", code=1).stderr
    # Nobody needs an AdminCap to get his own back.
    token = own.tokens["user"]
    own.json("token", "unstake", token, "1000", "--yes")
