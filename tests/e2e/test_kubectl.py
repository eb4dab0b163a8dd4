"""Every kubectl verb that is one request and one answer, and watches, with the machine's kubectl and the built one."""

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.e2e.test_denials import bearer_of, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

BUILT = Path(__file__).resolve().parents[2] / "build" / "kubectl"
CONFIG_MAP = """apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: %s}
"""


@pytest.fixture(params=["machine", "built"])
def binary(request):
    """The kubectl that the test uses."""
    if request.param == "machine":
        return None
    assert BUILT.exists(), "make build links build/kubectl"
    return str(BUILT)


def test_get_in_every_form(stack, binary):
    assert "default" in stack.kubectl("get", "ns", binary=binary).stdout
    assert json.loads(stack.kubectl("get", "ns", "default", "-o", "json", binary=binary).stdout)["kind"] == "Namespace"
    assert "kind: Namespace" in stack.kubectl("get", "ns", "default", "-o", "yaml", binary=binary).stdout
    chunked = stack.kubectl("get", "clusterroles", "--chunk-size=10", "-o", "name", binary=binary).stdout.split()
    whole = stack.kubectl("get", "clusterroles", "--chunk-size=0", "-o", "name", binary=binary).stdout.split()
    assert chunked == whole
    assert len(whole) > 10


def test_apply_change_patch_replace_delete(stack, binary, namespace):
    flags = ("-n", namespace)
    assert "created" in stack.kubectl("apply", *flags, "-f", "-", stdin=CONFIG_MAP % "red", binary=binary).stdout
    assert "unchanged" in stack.kubectl("apply", *flags, "-f", "-", stdin=CONFIG_MAP % "red", binary=binary).stdout
    assert "configured" in stack.kubectl("apply", *flags, "-f", "-", stdin=CONFIG_MAP % "blue", binary=binary).stdout
    differs = stack.kubectl("diff", *flags, "-f", "-", stdin=CONFIG_MAP % "green", check=False, binary=binary)
    assert differs.returncode == 1
    assert "green" in differs.stdout
    stack.kubectl("patch", "cm", "settings", *flags, "-p", '{"data":{"size":"9"}}', binary=binary)
    stack.kubectl("replace", *flags, "-f", "-", stdin=CONFIG_MAP % "white", binary=binary)
    data = json.loads(stack.kubectl("get", "cm", "settings", *flags, "-o", "json", binary=binary).stdout)["data"]
    assert data == {"colour": "white"}
    stack.kubectl("delete", "cm", "settings", *flags, binary=binary)
    gone = stack.kubectl("get", "cm", "settings", *flags, check=False, binary=binary)
    assert "NotFound" in gone.stderr


def test_server_side_apply_and_dry_run(stack, binary, namespace):
    flags = ("-n", namespace)
    stack.kubectl("apply", *flags, "--server-side", "-f", "-", stdin=CONFIG_MAP % "red", binary=binary)
    stack.kubectl("create", "cm", "dry", *flags, "--dry-run=server", binary=binary)
    names = stack.kubectl("get", "cm", *flags, "-o", "name", binary=binary).stdout
    assert "configmap/settings" in names
    assert "configmap/dry" not in names


def test_describe_explain_api_resources_version(stack, binary):
    assert "Name:" in stack.kubectl("describe", "ns", "default", binary=binary).stdout
    assert "FIELDS" in stack.kubectl("explain", "deployment.spec", binary=binary).stdout
    assert "deployments" in stack.kubectl("api-resources", binary=binary).stdout
    assert "Server Version: v1.34" in stack.kubectl("version", binary=binary).stdout


def test_can_i_follows_the_contract_without_a_transaction(stack, binary):
    _, config, _ = stack.new_token(f"can-i-{'built' if binary else 'machine'}", "/configmaps:default:get,list")
    before = len(stack.json("requests", "--limit", "1000"))
    yes = stack.kubectl("auth", "can-i", "get", "configmaps", kubeconfig=config, binary=binary)
    no = stack.kubectl("auth", "can-i", "delete", "secrets", kubeconfig=config, check=False, binary=binary)
    assert yes.stdout.strip() == "yes"
    assert no.stdout.strip() == "no"
    assert len(stack.json("requests", "--limit", "1000")) == before


def test_protobuf_bodies_pass_as_bytes(stack, binary, namespace):
    stack.kubectl("create", "configmap", "pb", "-n", namespace, "--from-literal=a=b", binary=binary)
    raw = stack.kubectl("get", "--raw", f"/api/v1/namespaces/{namespace}/configmaps/pb", binary=binary).stdout
    assert json.loads(raw)["data"] == {"a": "b"}


def test_watch_streams_changes_and_wait_ends(stack, namespace):
    lines = []
    watching = subprocess.Popen(
        ["kubectl", "--kubeconfig", str(stack.home / "kubeconfig"), "get", "cm", "-n", namespace, "-w", "-o", "name"],
        env=stack.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    reader = threading.Thread(target=lambda: lines.extend(watching.stdout), daemon=True)
    reader.start()
    time.sleep(2)
    stack.kubectl("create", "cm", "seen", "-n", namespace)
    limit = time.monotonic() + 20
    while time.monotonic() < limit and not any("configmap/seen" in line for line in lines):
        time.sleep(0.2)
    watching.terminate()
    watching.wait(timeout=10)
    reader.join(timeout=10)
    watching.stdout.close()
    assert any("configmap/seen" in line for line in lines)

    stack.kubectl("wait", "--for=create", "cm/seen", "-n", namespace, "--timeout=20s", binary=str(BUILT))


def test_streams_to_pods_are_a_clear_501(stack, namespace):
    pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"x"}]}}'
    stack.kubectl("create", "-n", namespace, "-f", "-", stdin=pod)
    for command in (("logs", "p"), ("attach", "p"), ("exec", "p", "--", "true")):
        done = stack.kubectl("-n", namespace, *command, check=False)
        assert done.returncode != 0
        assert "not offered until the cluster has a node" in done.stderr, done.stderr
    # kubectl itself forwards to running Pods only: asked without it.
    path = f"/api/v1/namespaces/{namespace}/pods/p/portforward?ports=80"
    status, _, body = request(stack, path, bearer=bearer_of(stack), method="POST")
    assert (status, json.loads(body)["reason"]) == (501, "NotImplemented")


def test_large_bodies_go_both_ways(stack, namespace):
    value = "x" * 300_000
    body = json.dumps(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": {"value": value}}
    )
    stack.kubectl("create", "-n", namespace, "-f", "-", stdin=body)
    read = json.loads(stack.kubectl("get", "cm", "large", "-n", namespace, "-o", "json").stdout)
    assert read["data"]["value"] == value


def test_each_answer_names_its_request_and_verifies(stack):
    done = stack.kubectl("get", "ns", "-v", "8")
    audit = next(line for line in done.stderr.splitlines() if "Audit-Id" in line)
    request_id = audit.split(":")[-1].strip()
    assert request_id.startswith("0x")
    verified = stack.json("verify", request_id)
    assert verified["ok"]
    assert all(check["ok"] for check in verified["checks"])
    assert len(verified["checks"]) >= 6


def test_rollout_status_watches(stack, namespace):
    flags = ("-n", namespace)
    stack.kubectl("create", "deployment", "none", "--image=x", "--replicas=0", *flags)
    assert "successfully rolled out" in stack.kubectl("rollout", "status", "deploy/none", *flags).stdout
    stack.kubectl("create", "deployment", "one", "--image=x", *flags)
    waited = stack.kubectl("rollout", "status", "deploy/one", "--timeout=4s", *flags, check=False)
    assert waited.returncode == 1
    assert "Waiting for deployment" in waited.stdout
