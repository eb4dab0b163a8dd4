"""What is refused, by whom, and that Kubernetes never hears of it."""

import base64
import json
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def request(stack, path, *, bearer, method="GET", headers=None, body=None, kubeconfig=None):
    """One plain HTTPS request to the gateway; returns (status, headers, body)."""
    config = yaml.safe_load((kubeconfig or stack.home / "kubeconfig").read_text())
    cluster = config["clusters"][0]["cluster"]
    context = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    context.check_hostname = False
    wanted = {"Authorization": f"Bearer {bearer}", **(headers or {})}
    asked = urllib.request.Request(cluster["server"] + path, method=method, headers=wanted, data=body)  # noqa: S310
    try:
        with urllib.request.urlopen(asked, context=context, timeout=60) as answer:  # noqa: S310
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


def bearer_of(stack, kubeconfig=None):
    """What the exec plugin of a kubeconfig answers."""
    config = yaml.safe_load((kubeconfig or stack.home / "kubeconfig").read_text())
    plugin = config["users"][0]["user"]["exec"]
    environment = {**stack.environment, **{e["name"]: e["value"] for e in plugin.get("env") or []}}
    done = subprocess.run(
        [plugin["command"], *plugin.get("args", [])], env=environment, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)["status"]["token"]


def test_no_stake_no_change(stack):
    _, config, _ = stack.new_token("no-stake", stake=0)
    assert "default" in stack.kubectl("get", "ns", kubeconfig=config).stdout
    before = {row["request_id"] for row in stack.json("requests", "--limit", "1000")}
    denied = stack.kubectl("create", "cm", "never-made", kubeconfig=config, check=False)
    assert denied.returncode == 1
    assert "denied by the contract" in denied.stderr
    assert "stake" in denied.stderr
    assert before == {row["request_id"] for row in stack.json("requests", "--limit", "1000")}
    assert "never-made" not in stack.kubectl("get", "cm", "-o", "name").stdout
    rows = stack.json("requests", "--denied")
    assert any("stake" in json.dumps(row) and row["digest"] and row["gas"] for row in rows)


def test_outside_the_rules_is_403_without_a_transaction(stack):
    _, config, _ = stack.new_token("narrow", "/configmaps:default:get,list")
    before = (len(stack.json("requests", "--limit", "1000")), len(stack.json("requests", "--denied")))
    denied = stack.kubectl("get", "secrets", kubeconfig=config, check=False)
    assert "Forbidden" in denied.stderr
    assert before == (len(stack.json("requests", "--limit", "1000")), len(stack.json("requests", "--denied")))
    assert stack.kubectl("get", "cm", kubeconfig=config, check=False).returncode == 0


def test_revoked_token_is_denied(stack):
    token, config, _ = stack.new_token("revoked-soon")
    stack.kubectl("get", "ns", kubeconfig=config)
    stack.daas("token", "revoke", token, "--yes")
    denied = stack.kubectl("get", "ns", kubeconfig=config, check=False)
    assert denied.returncode == 1
    assert "revoked" in denied.stderr


def test_bearers(stack):
    good = bearer_of(stack)
    assert request(stack, "/api/v1/namespaces", bearer=good)[0] == 200
    assert request(stack, "/api/v1/namespaces", bearer="not-a-grant")[0] == 401
    assert (
        request(stack, "/api/v1/namespaces", bearer=good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))[0] == 401
    )


def test_impersonation_headers_are_refused(stack):
    status, _, body = request(
        stack, "/api/v1/namespaces", bearer=bearer_of(stack), headers={"Impersonate-User": "system:admin"}
    )
    assert status == 403
    assert json.loads(body)["kind"] == "Status"


def test_body_over_three_mebibytes_is_413(stack):
    status, _, body = request(
        stack,
        "/api/v1/namespaces/default/configmaps",
        bearer=bearer_of(stack),
        method="POST",
        headers={"Content-Type": "application/json"},
        body=b"x" * (3 * 1024 * 1024 + 1),
    )
    assert status == 413
    assert json.loads(body)["code"] == 413


def test_the_appliance_protects_its_own(stack):
    own = stack.kubectl(
        "get", "clusterroles", "-l", "app.kubernetes.io/managed-by=k3s-daas", "-o", "name"
    ).stdout.split()
    assert own
    refused = stack.kubectl("delete", own[0], check=False)
    assert refused.returncode == 1
    assert "Forbidden" in refused.stderr
