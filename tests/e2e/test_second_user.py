"""A second user, elsewhere: he has cluster.json, his key and his token, and nothing else."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from tests.e2e.conftest import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture
def elsewhere():
    """A home of another user."""
    home = Path(tempfile.mkdtemp(prefix="k3sd-user-"))
    yield Stack(home)
    shutil.rmtree(home)


def test_second_user(stack, elsewhere):
    made = elsewhere.json("key", "create", "--alias", "me")
    rules = ("--rule", "/configmaps:default:get,list,create")
    token = stack.json(
        "token", "create", "--owner", made["address"], "--owner-public-key", made["public_key"], *rules, "--wait"
    )["token"]
    (elsewhere.home / "cluster.json").write_text(json.dumps(stack.json("cluster", "show")))
    # He reaches the enclave under another name: the certificate is the enclave's all the same.
    server = "https://localhost:" + stack.json("status")["gateway"].rpartition(":")[2]
    flags = ("--cluster-file", str(elsewhere.home / "cluster.json"), "--token", token, "--server", server)
    elsewhere.daas("kubeconfig", *flags)
    assert server in (elsewhere.home / "kubeconfig").read_text()
    assert elsewhere.kubectl("get", "cm").returncode == 0
    assert "Forbidden" in elsewhere.kubectl("get", "secrets", check=False).stderr


def test_wrong_measurements_are_refused(stack, elsewhere):
    elsewhere.json("key", "create", "--alias", "me")
    cluster = stack.json("cluster", "show")
    for measurement in cluster["measurements"]:
        for key, value in measurement.items():
            if key.lower().startswith("pcr"):
                measurement[key] = "ab" * 48 if isinstance(value, str) else value
    (elsewhere.home / "cluster.json").write_text(json.dumps(cluster))
    token = stack.json("token", "list")[0]["token"]
    done = elsewhere.daas(
        "kubeconfig", "--cluster-file", str(elsewhere.home / "cluster.json"), "--token", token, check=False
    )
    assert done.returncode == 1
    assert not (elsewhere.home / "kubeconfig").exists()
    assert "pcr" in done.stderr.lower() or "measure" in done.stderr.lower()
