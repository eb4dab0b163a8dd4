"""What a user meets when something is not as it should be, and that `up` and `down` leave things as they say."""

import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import DAAS, Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def empty():
    """A home in which nothing runs."""
    with tempfile.TemporaryDirectory(prefix="k3sd-") as folder:
        running = Stack(Path(folder))
        yield running
        running.daas("down", check=False)


def test_a_taken_port_is_named_with_the_flag_to_change(empty):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = empty.daas("up", "--detach", "--listen", f"127.0.0.1:{port}", check=False)
    assert done.returncode == 1
    assert str(port) in done.stderr
    assert "--listen" in done.stderr
    assert empty.json("status")["pids"] == {}


def test_a_second_up_says_that_one_runs(stack):
    done = stack.daas("up", "--detach", check=False)
    assert done.returncode == 1
    assert "down" in done.stderr


def test_down_without_anything_is_no_error(empty):
    assert empty.json("down") == {"stopped": False}


def test_status_without_anything_says_how_to_start(empty):
    told = empty.json("status")
    assert told["ready"] is False
    assert "up" in told["waiting_for"]


def test_wrong_usage_is_exit_code_two(empty):
    assert empty.daas("up", "--enclave", "toaster", check=False).returncode == 2
    assert empty.daas("nonsense", check=False).returncode == 2
    assert empty.daas("verify", check=False).returncode == 2


def test_a_missing_key_and_an_unknown_token_are_told(empty, stack):
    (empty.home / "cluster.json").write_text(json.dumps(stack.json("cluster", "show")))
    done = empty.daas("kubeconfig", check=False)
    assert done.returncode == 1
    assert "key" in done.stderr or "token" in done.stderr
    unknown = stack.daas("token", "show", "0x1234", check=False)
    assert unknown.returncode == 1
    assert "0x" in unknown.stderr


def test_an_account_without_sui_is_told_how_to_get_some(stack):
    stack.json("key", "create", "--alias", "no-sui")
    done = stack.daas("contract", "publish", "--sender", "no-sui", "--yes", check=False)
    assert done.returncode == 1
    assert "faucet" in done.stderr


def test_other_key_schemes_are_refused_by_name(empty):
    bad = empty.home / "other.keystore"
    bad.write_text(json.dumps(["AQ" + "A" * 42]))
    done = empty.daas("key", "import", "--keystore", str(bad), check=False)
    assert done.returncode == 1
    assert "only Ed25519" in done.stderr


def test_every_command_has_help_with_an_example(empty):
    tree = [
        ["up"],
        ["down"],
        ["status"],
        ["logs"],
        ["localnet"],
        ["get-token"],
        ["kubeconfig"],
        ["requests"],
        ["verify"],
    ]
    tree += [["ledger", "faucet"], ["key", "create"], ["key", "import"], ["key", "list"]]
    tree += [
        ["contract", name] for name in ("publish", "lock", "announce", "upgrade", "cancel", "immutable", "migrate")
    ]
    tree += [["contract", "show"], ["cluster", "create"], ["cluster", "show"], ["cluster", "set"]]
    tree += [["cluster", group, name] for group in ("measurement", "config") for name in ("add", "retire")]
    tree += [["cluster", "admin", "transfer"], ["cluster", "admin", "burn"], ["cluster", "operator", "replace"]]
    tree += [["cluster", "bond", "add"], ["cluster", "bond", "withdraw"], ["cluster", "version", "announce"]]
    tree += [["enclave", name] for name in ("list", "challenge", "register", "activate", "renew", "revoke")]
    tree += [["enclave", "console"], ["enclave", "restart"], ["request", "expire"], ["evidence", "submit"]]
    tree += [["token", name] for name in ("create", "list", "show", "scope", "revoke", "stake", "unstake", "announce")]
    for words in tree:
        done = empty.daas(*words, "--help")
        assert "example" in done.stdout.lower(), words


def test_interrupting_up_leaves_nothing_running(empty):
    starting = subprocess.Popen(
        [str(DAAS), "up"], env=empty.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    time.sleep(4)
    starting.send_signal(2)
    assert starting.wait(timeout=60) == 1
    assert "interrupted" in starting.stderr.read().decode()
    starting.stderr.close()
    left = [
        pid
        for pid in (entry.name for entry in Path("/proc").iterdir())
        if pid.isdecimal() and _mentions(pid, str(empty.home))
    ]
    assert left == []


def _mentions(pid, text):
    try:
        return text in Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return False


def test_the_log_of_a_part_is_json_lines_without_secrets(stack):
    stack.kubectl("get", "ns")
    lines = stack.daas("logs", "gateway").stdout.strip().splitlines()
    assert lines
    entries = [json.loads(line) for line in lines]
    assert any(entry.get("request_id", "").startswith("0x") for entry in entries)


def test_up_locks_the_upgrade_cap_and_says_what_is_on_its_way(stack):
    told = stack.json("contract", "show")
    assert told["locked"] is True
    done = stack.daas("cluster", "show")
    assert "warning" not in done.stderr
    assert "nothing is pending" in done.stdout


def test_the_running_enclave_renews_its_registration_and_goes_on(stack):
    before = stack.json("status")
    told = stack.json("enclave", "renew")
    assert told["enclave"] == before["enclave"]
    assert told["state"] == "active"
    assert told["expires_at"] > told["registered_at"]
    stack.kubectl("get", "ns")
    assert stack.json("status")["boots"] == before["boots"]


def test_a_restart_makes_a_new_enclave_that_begins_empty(own_stack):
    before = own_stack.json("status")
    own_stack.kubectl("create", "cm", "of-the-first-life")
    assert "--yes" in own_stack.daas("enclave", "restart", check=False).stderr
    told = own_stack.json("enclave", "restart", "--yes", timeout=200)
    assert told["enclave"] != before["enclave"]
    assert told["epoch"] == before["epoch"] + 1
    assert own_stack.json("status")["ready"]
    assert own_stack.json("cluster", "show")["active_enclave"] == told["enclave"]
    own_stack.daas("kubeconfig")
    assert "of-the-first-life" not in own_stack.kubectl("get", "cm", "-o", "name").stdout
    assert '"part": "gateway"' in own_stack.daas("enclave", "console", "--tail", "5000").stdout


def test_up_again_goes_on_and_approves_code_that_is_not_approved(own_stack):
    first = own_stack.json("status")
    own_stack.kubectl("create", "cm", "of-the-first-life")
    own_stack.daas("cluster", "measurement", "retire", "1", "--yes")
    own_stack.daas("down")
    own_stack.daas("up", "--detach", timeout=120)
    again = own_stack.json("status")
    assert again["ready"]
    assert again["cluster"] == first["cluster"]
    assert again["enclave"] != first["enclave"]
    assert again["epoch"] == first["epoch"] + 1
    assert "of-the-first-life" not in own_stack.kubectl("get", "cm", "-o", "name").stdout
