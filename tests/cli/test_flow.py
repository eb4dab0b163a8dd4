"""The commands against a real ledger process: bring-up, tokens, kubeconfig, the log and its proof."""

import json
import re
import subprocess
import sys
import time

import pytest
import yaml

from chain.errors import DeniedError
from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def bearer(stand):
    """The user's bearer, as kubectl gets it."""
    return bearer_of(stand, "user")


def bearer_of(stand, alias):
    with stand.enclave.serve() as place:
        set_attestation(stand, place)
        stand.run("kubeconfig", "--token", stand.tokens[alias], "--out", stand.home / f"kubeconfig-{alias}")
    config = yaml.safe_load((stand.home / f"kubeconfig-{alias}").read_text())
    plugin = config["users"][0]["user"]["exec"]
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *plugin["args"]], cwd=s.ROOT, capture_output=True, text=True, check=True
    )
    credential = json.loads(done.stdout)
    assert credential["kind"] == "ExecCredential"
    return credential["status"]["token"]


def set_attestation(stand, place):
    state = json.loads((stand.home / "state.json").read_text())
    (stand.home / "state.json").write_text(json.dumps(state | {"attestation": place}))


def test_cluster_show_is_the_connection_file(stand):
    told = stand.json("cluster", "show")
    assert told["active_enclave"] == str(stand.enclave.object_id)
    assert told["epoch"] == 1
    assert told["measurements"][0]["pcr0"] == s.PCRS[0].hex()
    assert told["attestation_root"].startswith("-----BEGIN CERTIFICATE")
    assert told["pending"] == []


def test_a_new_measurement_is_pending_until_its_delay(stand, tmp_path):
    (tmp_path / "pcrs.json").write_text(json.dumps({"Measurements": {f"PCR{n}": "ab" * 48 for n in range(3)}}))
    told = stand.json("cluster", "measurement", "add", tmp_path / "pcrs.json", "--yes")
    assert [entry["what"] for entry in told["pending"]] == ["measurement abababababababab"]
    versions = told["measurement_versions"]
    told = stand.json("cluster", "measurement", "retire", versions[-1], "--yes")
    assert told["pending"] == []
    assert told["measurements"][-1]["retired_at"] is not None
    assert stand.run("cluster", "measurement", "retire", versions[-1], "--yes", code=1).stderr.startswith("denied")


def test_enclave_list_names_the_state(stand):
    [told] = stand.json("enclave", "list")
    assert told["state"] == "active"
    assert told["address"] == str(stand.enclave.key.address)


def test_dry_runs_change_nothing(stand):
    before = stand.json("token", "show", stand.tokens["user"])
    told = stand.json("token", "stake", stand.tokens["user"], "5", "--dry-run")
    assert told["dry_run"]
    assert told["gas"] > 0
    assert stand.json("token", "show", stand.tokens["user"]) == before


def test_what_costs_asks(stand):
    result = stand.run("token", "stake", stand.tokens["user"], "5", code=1)
    assert "--yes" in result.stderr
    assert stand.json("token", "show", stand.tokens["user"])["stake"] == 2_000_000_000


def test_token_rules_and_note_come_back(stand):
    told = stand.json(
        "token",
        "create",
        "--owner",
        "user",
        "--rule",
        "apps/deployments/scale:x:update,patch",
        "--note",
        "n",
        "--expires",
        "2h",
    )
    listed = {entry["token"]: entry for entry in stand.json("token", "list")}
    assert listed[told["token"]]["rules"] == ["apps/deployments/scale:x:update,patch"]
    assert 7_190_000 < told["expires_at"] - told["usable_from"] + 1_000 <= 7_210_000
    assert stand.json("token", "revoke", told["token"], "--yes")["revoked"]
    denied = stand.run("token", "revoke", told["token"], "--yes", code=1)
    assert "the token is revoked already" in denied.stderr


def test_a_stranger_owner_needs_his_public_key(stand):
    key = s.Ed25519Key.generate(b"z" * 32)
    flags = ["--owner", str(key.address), "--rule", "/pods:a:get"]
    assert "--owner-public-key" in stand.run("token", "create", *flags, code=1).stderr
    told = stand.json("token", "create", *flags, "--owner-public-key", key.public.hex())
    assert told["owner"] == str(key.address)
    other = s.Ed25519Key.generate(b"y" * 32).public.hex()
    assert "belongs to" in stand.run("token", "create", *flags, "--owner-public-key", other, code=1).stderr


def test_the_kubeconfig_holds_no_secret(stand, bearer):
    text = (stand.home / "kubeconfig-user").read_text()
    config = yaml.safe_load(text)
    assert config["clusters"][0]["cluster"]["tls-server-name"] == "enclave.k3s-daas"
    assert config["clusters"][0]["cluster"]["server"] == "https://127.0.0.1:6443"
    plugin = config["users"][0]["user"]["exec"]
    assert plugin["interactiveMode"] == "Never"
    assert bearer not in text
    seeds = json.loads((stand.home / "keystore" / "sui.keystore").read_text())
    assert not any(seed in text for seed in seeds)


def test_get_token_is_cached_privately_and_warm_is_fast(stand, bearer):
    plugin = yaml.safe_load((stand.home / "kubeconfig-user").read_text())["users"][0]["user"]["exec"]
    command = [sys.executable, "-m", "cli.main", *plugin["args"]]
    again = subprocess.run(command, cwd=s.ROOT, capture_output=True, text=True, check=True)
    assert json.loads(again.stdout)["status"]["token"] == bearer
    [path] = [p for p in (stand.home / "cache" / "grants").iterdir() if bearer in p.read_text()]
    assert path.stat().st_mode & 0o777 == 0o600
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "cli.main", *plugin["args"]],
        cwd=s.ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert not re.search(r"\b(click|cryptography|grpc|rich|aiohttp|asyncio)\b", loaded)


def test_an_expiring_grant_is_made_anew(stand, bearer):
    plugin = yaml.safe_load((stand.home / "kubeconfig-user").read_text())["users"][0]["user"]["exec"]
    [path] = [p for p in (stand.home / "cache" / "grants").iterdir() if bearer in p.read_text()]
    entry = json.loads(path.read_text())
    path.write_text(json.dumps(entry | {"expires_at": int(time.time() * 1000) + 60_000}))
    command = [sys.executable, "-m", "cli.main", *plugin["args"]]
    fresh = subprocess.run(command, cwd=s.ROOT, capture_output=True, text=True, check=True)
    assert json.loads(fresh.stdout)["status"]["token"] != bearer
    path.write_text(json.dumps(entry))


@pytest.mark.parametrize("wrong", ["pcr", "nonce", "ca", "cluster", "keys"])
def test_no_kubeconfig_for_an_enclave_that_is_not_the_approved_one(stand, tmp_path, wrong):
    impostor = s.Enclave(stand.enclave.authority, key=stand.enclave.key, hpke=stand.enclave.hpke)
    impostor.ca = stand.enclave.ca
    impostor.manifest = stand.enclave.manifest
    if wrong == "pcr":
        impostor.pcrs = (b"\x44" * 48, b"\x22" * 48, b"\x33" * 48)
    elif wrong == "nonce":
        impostor.document = lambda _nonce: stand.enclave.document(b"\0" * 32)
    elif wrong == "ca":
        impostor.ca = s.Enclave(stand.enclave.authority).ca
    elif wrong == "cluster":
        told = stand.file
        impostor.boot(s.Address.parse("0x1"), told.package, bytes(told.chain_id), stand.enclave.manifest.configuration)
    else:
        fresh = s.Enclave(stand.enclave.authority)
        told = stand.file
        fresh.boot(told.cluster, told.package, bytes(told.chain_id), stand.enclave.manifest.configuration)
        impostor = fresh
    out = tmp_path / "kubeconfig"
    with impostor.serve() as place:
        set_attestation(stand, place)
        stand.run("kubeconfig", "--token", stand.tokens["user"], "--out", out, code=1)
    assert not out.exists()


def test_a_second_user_needs_only_the_cluster_file(stand, tmp_path):
    elsewhere = s.Stand(tmp_path / "elsewhere", stand.localnet, stand.enclave)
    elsewhere.home.mkdir()
    made = elsewhere.json("key", "create", "--alias", "me")
    token = stand.json(
        "token",
        "create",
        "--owner",
        made["address"],
        "--owner-public-key",
        made["public_key"],
        "--rule",
        "/configmaps:default:get",
    )["token"]
    with stand.enclave.serve() as place:
        set_attestation(stand, place)
        (tmp_path / "cluster.json").write_text(json.dumps(stand.json("cluster", "show")))
        told = elsewhere.json("kubeconfig", "--cluster-file", tmp_path / "cluster.json", "--token", token)
    assert told["enclave"] == str(stand.enclave.object_id)
    wrong = json.loads((tmp_path / "cluster.json").read_text())
    wrong["measurements"][0]["pcr0"] = "ab" * 48
    (tmp_path / "wrong.json").write_text(json.dumps(wrong))
    with stand.enclave.serve() as place:
        wrong["attestation"] = place
        (tmp_path / "wrong.json").write_text(json.dumps(wrong))
        result = elsewhere.run("kubeconfig", "--cluster-file", tmp_path / "wrong.json", "--token", token, code=1)
    assert "pcr" in result.stderr.lower() or "measure" in result.stderr.lower()


def test_an_answer_is_logged_and_proven(stand, bearer):
    request_id = s.ask(stand, bearer, s.GET_PODS)
    row = next(row for row in stand.json("requests") if row["request_id"] == str(request_id))
    user = next(k for k in stand.json("key", "list") if k["alias"] == "user")
    assert row["status"] == 200
    assert row["who"] == user["address"]
    assert (row["verb"], row["resource"], row["namespace"]) == ("get", "pods", "default")
    assert row["asked_at"] <= row["stored_at"]
    assert row["gas"] > 0
    proof = stand.json("verify", str(request_id))
    assert proof["ok"], proof
    assert len(proof["checks"]) == 13
    assert str(request_id) in stand.run("requests").stdout


def test_a_pending_request_is_shown_and_not_proven(stand, bearer):
    request_id = s.ask(stand, bearer, s.GET_PODS, wait_answer=False)
    row = next(row for row in stand.json("requests") if row["request_id"] == str(request_id))
    assert row["status"] == "pending"
    assert row["stored_at"] is None
    result = stand.run("verify", str(request_id), code=1)
    assert "answer transaction" in result.stderr
    assert "can still be answered" in stand.run("request", "expire", request_id, "--yes", code=1).stderr


def test_verify_with_another_cluster_file_fails_where_it_should(stand, bearer, tmp_path):
    request_id = s.ask(stand, bearer, s.GET_PODS)
    told = stand.json("cluster", "show")
    cases = {
        "attestation": told | {"measurements": [told["measurements"][0] | {"pcr0": "ab" * 48}]},
        "configuration": told | {"configurations": [told["configurations"][0] | {"hash": "ab" * 32}]},
        "chain": told | {"chain_id": str(s.Address.parse("0x1")) and "11111111111111111111111111111111"},
    }
    for name, content in cases.items():
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(content))
        result = stand.run("verify", str(request_id), "--cluster-file", path, "--json", code=1)
        failed = [check["name"] for check in json.loads(result.stdout)["checks"] if not check["ok"]]
        assert failed[0] == name


def test_a_wrong_signature_is_refused_by_the_contract(stand, bearer):
    with pytest.raises(DeniedError):
        s.ask(stand, bearer, s.GET_PODS, tamper=lambda signature: bytes([signature[0] ^ 1]) + signature[1:])


def test_denied_requests_are_listed_with_the_reason(stand):
    poor = bearer_of(stand, "poor")
    assert s.ask(stand, poor, s.GET_PODS)
    with pytest.raises(DeniedError):
        s.ask(stand, poor, s.DELETE_PODS)
    denied = stand.json("requests", "--denied")
    assert denied[-1]["verb"] == "delete"
    assert "stake" in denied[-1]["reason"]
    assert denied[-1]["token"] == stand.tokens["poor"]
    assert denied[-1]["gas"] > 0
    assert "stake" in stand.run("requests", "--denied").stdout


def test_follow_prints_json_lines(stand, bearer):
    follower = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "requests", "--follow", "--json", "--limit", "1"],
        cwd=s.ROOT,
        env={"K3S_DAAS_HOME": str(stand.home), "PATH": "/usr/bin:/bin"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        first = json.loads(follower.stdout.readline())
        request_id = s.ask(stand, bearer, s.GET_PODS, status=404)
        told = json.loads(follower.stdout.readline())
    finally:
        follower.terminate()
        follower.wait(10)
        follower.stdout.close()
    assert first["request_id"] != told["request_id"] == str(request_id)
    assert told["status"] == 404


def test_an_unreachable_ledger_is_said_in_words(stand, tmp_path):
    home = s.Stand(tmp_path / "lost", stand.localnet, stand.enclave)
    home.home.mkdir()
    assert "k3s-daas up" in home.run("token", "list", code=1).stderr
    (home.home / "state.json").write_text(json.dumps({"ledger": "127.0.0.1:1", "package": "0x1", "cluster": "0x2"}))
    result = home.run("token", "list", code=1)
    assert "does not answer" in result.stderr
