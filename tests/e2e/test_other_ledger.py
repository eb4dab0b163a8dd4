"""A ledger that somebody else started: `up --ledger`, and the bring-up's steps as commands of their own."""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.e2e.conftest import ALL_RULES, DAAS, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def home():
    """A user's home in which nothing was made yet."""
    with tempfile.TemporaryDirectory(prefix="k3sd-") as folder:
        made = Stack(Path(folder) / "home")
        made.home.mkdir()
        yield made
        made.daas("down", check=False)


@pytest.fixture
def ledger(home):
    """A ledger process of its own, which trusts the home's simulation."""
    pki = [sys.executable, "-m", "attestation.sim", "pki", "--pki", str(home.home / "simulation")]
    subprocess.run(pki, check=True, capture_output=True, cwd=DAAS.parents[2])
    flags = ["--listen", "127.0.0.1:0", "--faucet", "127.0.0.1:0", "--state", str(home.home.parent / "ledger")]
    trust = ["--trust-root", str(home.home / "simulation" / "root.pem"), "--finality-ms", "50", "--seed", "7"]
    process = subprocess.Popen(
        [str(DAAS), "localnet", *flags, *trust], env=home.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    told = json.loads(process.stdout.readline())
    yield told
    process.terminate()
    process.wait(timeout=20)
    process.stdout.close()


def test_up_on_a_ledger_that_runs_already(home, ledger):
    # Accounts on a ledger without a faucet of ours have to be given SUI: `up` names each.
    for _ in range(4):
        done = home.daas("up", "--detach", "--ledger", ledger["listen"], check=False, timeout=180)
        if done.returncode == 0:
            break
        [address] = re.findall(r"(0x[0-9a-f]{64}) has no SUI", done.stderr)
        home.daas("ledger", "faucet", address, "--faucet", ledger["faucet"])
    assert done.returncode == 0, done.stderr
    assert "simulat" in done.stderr
    status = home.json("status")
    assert status["ready"]
    assert status["ledger"] == ledger["listen"]
    assert "localnet" not in status["pids"]
    assert "default" in home.kubectl("get", "ns").stdout
    assert home.json("verify", home.json("requests")[0]["request_id"])["ok"]


def test_each_step_is_a_command(home, ledger):
    measured = home.home.parent / "pcrs.json"
    measure = [sys.executable, "-m", "attestation.sim", "measure", "--out", str(measured)]
    subprocess.run(measure, check=True, cwd=DAAS.parents[2])
    admin = home.json("key", "create", "--alias", "admin")["address"]
    home.daas("ledger", "faucet", admin, "--faucet", ledger["faucet"])
    published = home.json("contract", "publish", "--ledger", ledger["listen"], "--yes")
    assert published["version"] == 1
    dry = home.json("cluster", "create", "--measurements", str(measured), "--demo-delays", "--dry-run")
    assert dry["gas"] > 0
    cluster = home.json("cluster", "create", "--measurements", str(measured), "--demo-delays", "--yes")
    assert cluster["cluster"] == home.json("cluster", "show")["cluster"]
    operator = cluster["operator_address"]
    home.daas("ledger", "faucet", operator, "--faucet", ledger["faucet"])
    before = home.json("cluster", "show")["bond"]
    home.daas("cluster", "bond", "add", "1000000000", "--yes")
    assert home.json("cluster", "show")["bond"] == before + 1_000_000_000
    challenge = home.json("enclave", "challenge", "--yes")
    assert len(challenge["challenge"]) in {64, 66}
    assert challenge["expires_at"] > 0
    rules = [part for rule in ALL_RULES for part in ("--rule", rule)]
    token = home.json("token", "create", "--owner", admin, *rules, "--wait", "--yes")["token"]
    home.daas("token", "stake", token, "1000000000", "--yes")
    home.daas("token", "announce", token, "--yes")
    [shown] = home.json("token", "list")
    assert shown["stake"] == 1_000_000_000
    assert shown["token"] == token
