"""`contract`: publication with the lock, announcements, upgrades, the move of a cluster and its tokens."""

import json

import pytest

from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def following(tmp_path):
    """The next version's file and digest."""
    return s.next_version(tmp_path / "next.json")


def address(stand, alias):
    return next(key["address"] for key in stand.json("key", "list") if key["alias"] == alias)


def profile(stand):
    return json.loads((stand.home / "state.json").read_text())


def test_publish_locks_the_upgrade_cap_in_its_second_transaction(stand, tmp_path):
    own = s.Stand(tmp_path / "home", stand.localnet, stand.enclave)
    own.home.mkdir()
    own.run(
        "ledger", "faucet", own.json("key", "create", "--alias", "admin")["address"], "--faucet", stand.localnet.faucet
    )
    ledger = ("--ledger", stand.localnet.listen)
    dry = own.json("contract", "publish", *ledger, "--dry-run")
    assert dry["dry_run"]
    assert dry["gas"] > 0
    assert not (own.home / "state.json").exists()
    assert "--yes" in own.run("contract", "publish", *ledger, code=1).stderr
    told = own.json("contract", "publish", *ledger, "--upgrade-delay", "3s", "--yes")
    assert told["locked"] is True
    assert told["version"] == 1
    assert told["digest"] != told["lock_digest"]
    shown = own.json("contract", "show")
    assert (shown["package"], shown["lock"], shown["right"]) == (told["package"], told["lock"], told["right"])
    assert shown["right_owner"] == address(own, "admin")
    assert shown["delay_ms"] == 3_000
    assert shown["versions"] == [{"version": 1, "package": told["package"]}]
    assert shown["announced"] is shown["due"] is None
    assert "warning" not in own.run("contract", "show").stderr
    assert (profile(own)["lock"], profile(own)["upgrade_right"]) == (told["lock"], told["right"])


def test_an_unlocked_package_is_warned_of_until_it_is_locked(stand, tmp_path):
    own = s.publish_in(tmp_path, stand.localnet, stand.enclave.authority, no_lock=True)
    shown = own.run("contract", "show", "--json")
    assert json.loads(shown.stdout)["locked"] is False
    assert "not locked" in shown.stderr
    made = own.run(
        "cluster", "create", "--measurements", tmp_path / "pcrs.json", "--demo-delays", "--yes", "--json"
    )  # fmt: skip
    assert json.loads(made.stdout)["cluster"]
    assert "not locked" in made.stderr
    assert "contract lock" in own.run("contract", "announce", "--digest", "11" * 32, "--yes", code=1).stderr
    assert own.json("contract", "lock", "--dry-run")["gas"] > 0
    assert "--yes" in own.run("contract", "lock", code=1).stderr
    told = own.json("contract", "lock", "--upgrade-delay", "5s", "--yes")
    assert told["locked"] is True
    assert told["delay_ms"] == 5_000
    assert "not locked" not in own.run("cluster", "show").stderr
    assert "locked already" in own.run("contract", "lock", "--yes", code=1).stderr


def test_an_announcement_is_made_once_and_taken_back(published):
    assert "no upgrade is announced" in published.run("contract", "cancel", "--yes", code=1).stderr
    assert "no upgrade is announced" in published.run("contract", "upgrade", "--yes", code=1).stderr
    digest = "ab" * 32
    assert published.json("contract", "announce", "--digest", digest, "--dry-run")["dry_run"]
    assert published.json("contract", "show")["announced"] is None
    assert "--yes" in published.run("contract", "announce", "--digest", digest, code=1).stderr
    told = published.json("contract", "announce", "--digest", digest, "--yes")
    assert told["announced"] == digest
    assert told["version"] == 2
    shown = published.json("contract", "show")
    assert (shown["announced"], shown["due"]) == (digest, told["due"])
    assert digest in published.run("contract", "show").stdout
    denied = published.run("contract", "announce", "--digest", "cd" * 32, "--yes", code=1)
    assert "announced already" in denied.stderr
    assert published.json("contract", "cancel", "--yes")["cancelled"] == digest
    assert published.json("contract", "show")["announced"] is None


@pytest.mark.parametrize("digest", ["ab", "zz" * 32])
def test_a_digest_has_64_hex_digits(published, digest):
    assert "digest" in published.run("contract", "announce", "--digest", digest, "--yes", code=1).stderr


def test_a_package_or_its_digest_is_announced_not_both(published, following):
    flags = ("--package", following[0], "--digest", following[1])
    published.run("contract", "announce", *flags, "--yes", code=2)


def test_a_file_that_claims_another_digest_is_refused(published, following, tmp_path):
    raw = json.loads(following[0].read_text()) | {"digest": "00" * 32}
    (tmp_path / "lying.json").write_text(json.dumps(raw))
    refused = published.run("contract", "announce", "--package", tmp_path / "lying.json", "--yes", code=1)
    assert "digest" in refused.stderr
    assert "make contract" in published.run("contract", "announce", "--package", tmp_path / "no.json", code=1).stderr


def test_the_upgrade_is_made_when_it_is_due_and_of_nothing_else(published, following):
    path, digest = following
    announced = published.json("contract", "announce", "--package", path, "--yes")
    assert announced["announced"] == digest
    assert "not due yet" in published.run("contract", "upgrade", "--package", path, "--yes", code=1).stderr
    assert digest in published.run("contract", "upgrade", "--yes", code=1).stderr
    assert published.json("contract", "show")["version"] == 1
    told = published.json("contract", "upgrade", "--package", path, "--wait", "--yes")
    assert told["version"] == 2
    assert told["latest_package"] != told["package"]
    shown = published.json("contract", "show")
    assert [entry["version"] for entry in shown["versions"]] == [1, 2]
    assert shown["latest_package"] == told["latest_package"]
    assert shown["announced"] is None
    assert told["latest_package"] in profile(published)["packages"].split()


def test_immutable_ends_all_upgrades(published):
    assert "--yes" in published.run("contract", "immutable", code=1).stderr
    assert published.json("contract", "immutable", "--dry-run")["dry_run"]
    assert published.json("contract", "show")["immutable"] is False
    assert published.json("contract", "immutable", "--yes")["immutable"] is True
    assert published.json("contract", "show")["immutable"] is True
    assert "immutable" in published.run("contract", "show").stdout
    for words in (("announce", "--digest", "11" * 32), ("cancel",), ("immutable",)):
        assert "immutable" in published.run("contract", *words, "--yes", code=1).stderr


def test_only_the_holder_of_the_right_announces(published, tmp_path):
    owner = address(published, "admin")
    stranger = s.Stand(tmp_path / "stranger", published.localnet, published.enclave)
    stranger.home.mkdir()
    known = {name: profile(published)[name] for name in ("ledger", "chain_id", "package")}
    (stranger.home / "state.json").write_text(json.dumps(known))
    assert "UpgradeRight" in stranger.run("contract", "announce", "--digest", "11" * 32, "--yes", code=1).stderr
    stranger.json("key", "create", "--alias", "me")
    refused = stranger.run("contract", "announce", "--digest", "11" * 32, "--yes", code=1)
    assert owner in refused.stderr
    assert stranger.json("contract", "show")["locked"] is True


def test_a_cluster_and_its_tokens_move_to_the_next_version(own, following):
    path, _ = following
    first = own.json("cluster", "show")["package"]
    assert own.json("contract", "migrate")["tokens"] == []
    own.json("contract", "announce", "--package", path, "--yes")
    code = own.json("contract", "upgrade", "--package", path, "--wait", "--yes")["latest_package"]
    # The cluster goes on with the first version until it is moved.
    shown = own.json("cluster", "show")
    assert (shown["version"], shown["latest_package"]) == (1, first)
    own.json("cluster", "set", "min_stake=1000000001", "--yes")
    assert own.json("contract", "migrate", "--dry-run")["dry_run"]
    assert own.json("cluster", "show")["pending"] == []
    assert "--yes" in own.run("contract", "migrate", code=1).stderr
    told = own.json("contract", "migrate", "--yes")
    assert told["pending_version"] == 2
    assert told["in_force"] is False
    assert [entry["what"] for entry in own.json("cluster", "show")["pending"]] == [f"version 2, package {code}"]
    assert own.json("cluster", "version", "cancel", "--yes")["pending"] == []
    assert "no other version" in own.run("cluster", "version", "cancel", "--yes", code=1).stderr
    assert "the package has 2 version" in own.run("cluster", "version", "announce", "3", "--yes", code=1).stderr
    assert own.json("cluster", "version", "announce", "2", "--yes")["pending_version"] == 2
    told = own.json("contract", "migrate", "--wait", "--yes")
    assert told["version"] == 2
    assert set(told["tokens"]) == set(own.tokens.values())
    assert {token["version"] for token in own.json("token", "list")} == {2}
    shown = own.json("cluster", "show")
    assert (shown["version"], shown["latest_package"], shown["package"]) == (2, code, first)
    assert own.json("contract", "migrate", "--yes")["tokens"] == []
    denied = own.run("contract", "migrate", own.tokens["user"], "--yes", code=1)
    assert "version already" in denied.stderr
    own.json("cluster", "set", "min_stake=1000000002", "--yes")
    assert own.json("enclave", "list")[0]["state"] == "active"


def test_a_package_published_beside_a_cluster_leaves_the_cluster_as_it_is(stand, tmp_path):
    own = s.publish_in(tmp_path, stand.localnet, stand.enclave.authority)
    create = ("cluster", "create", "--measurements", tmp_path / "pcrs.json", "--demo-delays", "--yes")
    first = own.json(*create)
    done = own.run("contract", "publish", "--no-lock", "--yes", "--json")
    second = json.loads(done.stdout)["package"]
    assert "goes on with package" in done.stderr
    assert second != first["package"]
    assert own.json("cluster", "show")["package"] == first["package"]
    assert own.json("token", "list") == []
    assert own.json("contract", "show")["locked"] is False
    assert own.json("contract", "lock", "--yes")["package"] == second
    assert own.json("contract", "show")["package"] == second
    told = own.json("contract", "announce", "--digest", "11" * 32, "--yes")
    assert told["package"] == second
    assert own.json("contract", "show", "--of-cluster")["announced"] is None
    assert own.json("contract", "show", "--of-cluster")["package"] == first["package"]
    # A new cluster belongs to the package that was published last.
    assert own.json(*create)["package"] == second
    assert own.json("contract", "show")["announced"] == "11" * 32
    assert own.json("token", "create", "--owner", "user", "--rule", "/pods:a:get")["token"]
