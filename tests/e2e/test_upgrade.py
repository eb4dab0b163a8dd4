"""A new version of the contract under a running cluster: nothing is restarted, and nobody's kubectl notices."""

import time

import pytest

from tests.cli.stand import next_version

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def configmap(stack, name):
    stack.kubectl("create", "configmap", name, "--from-literal=x=y")
    assert stack.kubectl("get", "configmap", name, "-o", "name").stdout.strip() == f"configmap/{name}"


def test_a_running_enclave_goes_on_over_an_upgrade(own_stack):
    stack = own_stack
    before = stack.json("status")
    configmap(stack, "before")
    following = stack.home / "next.json"
    next_version(following)
    stack.daas("contract", "announce", "--package", str(following), "--yes")
    code = stack.json("contract", "upgrade", "--package", str(following), "--wait", "--yes")["latest_package"]
    assert code != before["package"]
    # The package has another version, the cluster works with the first one until it is moved.
    configmap(stack, "published")
    stack.daas("contract", "migrate", "--cluster", "--yes")
    configmap(stack, "announced")
    pending = stack.json("cluster", "show")["pending"]
    assert [entry["what"].startswith("version 2") for entry in pending] == [True]
    time.sleep(max(0.0, pending[0]["due"] / 1000 - time.time()) + 2)
    # Now it works with the second version; tokens of the first one wait for their migration, and say so.
    denied = stack.kubectl("get", "ns", check=False)
    assert denied.returncode != 0
    assert "denied by the contract: seal_token" in denied.stderr
    stack.daas("contract", "migrate", "--all", "--yes")
    configmap(stack, "migrated")
    for name in ("before", "published", "announced"):
        stack.kubectl("get", "configmap", name)
    after = stack.json("status")
    assert after["enclave"] == before["enclave"]
    assert after["boots"] == before["boots"]
    assert {name: after["pids"][name] for name in before["pids"]} == before["pids"]
    shown = stack.json("cluster", "show")
    assert (shown["version"], shown["latest_package"], shown["package"]) == (2, code, before["package"])
    newest = stack.json("requests", "--limit", "1")[-1]
    assert newest["status"] == 200
    assert stack.json("verify", newest["request_id"])["ok"]
    # An enclave that begins after the upgrade learns of it by its own activation.
    stack.daas("enclave", "restart", "--yes", timeout=200)
    again = stack.json("status")
    assert (again["ready"], again["epoch"]) == (True, after["epoch"] + 1)
    stack.daas("kubeconfig")
    configmap(stack, "restarted")
