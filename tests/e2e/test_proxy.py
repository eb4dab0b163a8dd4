"""The gateway on the user's own machine, with the real kubectl: his key sends, his coins pay, his tickets."""

import asyncio
import base64
import contextlib
import json
import os
import signal
import ssl
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml

from chain.bindings.events import K8sResponseStored, decode_event
from chain.cluster_file import read_cluster_file
from chain.grpc_ledger import GrpcLedger
from chain.payload import sealed_hash
from chain.tickets import TicketScope
from cli.door_client import DoorClient, DoorPlace
from cli.home import Home
from cli.keys import Keys
from gateway.errors import LocalError, MissingBodyError, StreamError
from gateway.limits import Limits
from sui.types import Address, Digest
from tests.e2e.conftest import DAAS
from tests.e2e.test_denials import bearer_of, request

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@contextlib.contextmanager
def proxying(stack, *flags):
    """A proxy of this system, for its first token unless the flags name one; gives what it said and its process."""
    flags = flags if "--token" in flags else ("--token", stack.token, *flags)
    process = subprocess.Popen(
        [str(DAAS), "proxy", "--json", *flags],
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield json.loads(line), process
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()
        process.stderr.close()


@pytest.fixture(scope="module")
def proxy(stack):
    with proxying(stack) as (told, _):
        yield told


@pytest.fixture
def kubectl(stack, proxy):
    """Run kubectl through the proxy."""

    def run(*arguments, **options):
        return stack.kubectl(*arguments, kubeconfig=proxy["kubeconfig"], **options)

    return run


def newest(stack):
    return stack.json("requests", "--limit", "1")[0]


def large(size):
    """A config map of about this size, which does not compress to less than half of it."""
    data = {"value": os.urandom(size // 2).hex()}
    return json.dumps({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "large"}, "data": data})


def test_a_get_is_sent_by_the_owner_himself_and_proven(stack, proxy, kubectl):
    assert "default" in kubectl("get", "ns").stdout
    row = newest(stack)
    assert (row["who"], row["verb"], row["resource"], row["status"]) == (proxy["address"], "list", "namespaces", 200)
    verified = stack.json("verify", row["request_id"])
    assert verified["ok"]
    [grant] = [check for check in verified["checks"] if check["name"] == "grant"]
    assert "sent it himself" in grant["detail"]
    [transaction] = [check for check in verified["checks"] if check["name"] == "request transaction"]
    assert proxy["address"] in transaction["detail"]


def test_the_kubeconfig_is_its_owners_only_and_trusts_its_own_ca(stack, proxy):
    path = Path(proxy["kubeconfig"])
    assert path.stat().st_mode & 0o777 == 0o600
    mine = yaml.safe_load(path.read_text())
    inner = yaml.safe_load((stack.home / "kubeconfig").read_text())
    ca = "certificate-authority-data"
    assert mine["clusters"][0]["cluster"][ca] != inner["clusters"][0]["cluster"][ca]
    assert len(mine["users"][0]["user"]["token"]) >= 43
    log = (stack.home / "logs" / "proxy.log").read_text()
    assert mine["users"][0]["user"]["token"] not in log


@pytest.mark.parametrize("size", [20_000, 200_000, 1_000_000])
def test_large_bodies_both_ways(stack, kubectl, namespace, size):
    text = large(size)
    kubectl("apply", "--server-side", "-n", namespace, "-f", "-", stdin=text)
    read = json.loads(kubectl("get", "cm", "large", "-n", namespace, "-o", "json").stdout)
    assert read["data"] == json.loads(text)["data"]
    assert newest(stack)["status"] == 200


def test_a_watch_comes_as_it_happens(stack, proxy, kubectl, namespace):
    lines = []
    watching = subprocess.Popen(
        [stack.kubectl_path, "--kubeconfig", proxy["kubeconfig"], "get", "cm", "-n", namespace, "-w", "-o", "name"],
        env=stack.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    reader = threading.Thread(target=lambda: lines.extend(watching.stdout), daemon=True)
    reader.start()
    limit = time.monotonic() + 30
    number = 0
    while time.monotonic() < limit and not any("configmap/seen" in line for line in lines):
        kubectl("create", "cm", f"seen-{number}", "-n", namespace)
        number += 1
        time.sleep(0.5)
    watching.terminate()
    watching.wait(timeout=10)
    reader.join(timeout=10)
    watching.stdout.close()
    assert any("configmap/seen" in line for line in lines)
    kubectl("wait", "--for=create", "cm/seen-0", "-n", namespace, "--timeout=20s")


def test_discovery_and_reviews_take_no_transaction(stack, kubectl):
    before = len(stack.json("requests", "--limit", "1000"))
    assert "deployments" in kubectl("api-resources").stdout
    assert kubectl("auth", "can-i", "get", "configmaps").stdout.strip() == "yes"
    assert len(stack.json("requests", "--limit", "1000")) == before


def test_requests_at_the_same_time_share_transactions_and_no_coins(stack, kubectl, namespace):
    kubectl("create", "cm", "one", "-n", namespace)
    threads = [
        threading.Thread(target=kubectl, args=("get", "cm", "one", "-n", namespace, "-o", "name")) for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = [row for row in stack.json("requests", "--limit", "24") if row["namespace"] == namespace]
    assert [row["status"] for row in rows] == [200] * 24
    assert 1 < len({row["digest"] for row in rows}) < 24


def test_the_contract_denies_in_its_own_words_and_the_denial_is_remembered(stack):
    token, _, owner = stack.new_token("proxy-poor", "/configmaps:*:*", stake=0, kubeconfig=False)
    with proxying(stack, "--token", token, "--out", str(stack.home / "proxy-poor")) as (told, _):
        assert (told["token"], told["address"]) == (token, owner)
        first, second = (
            stack.kubectl("create", "cm", "x", kubeconfig=told["kubeconfig"], check=False).stderr for _ in range(2)
        )
        assert "denied by the contract" in first
        assert "denied before and unchanged since" in second
        forbidden = stack.kubectl("get", "secrets", kubeconfig=told["kubeconfig"], check=False)
        assert "do not allow" in forbidden.stderr
    assert not Path(told["kubeconfig"]).exists()


def test_without_its_bearer_nobody_comes_in(stack, proxy):
    path = Path(proxy["kubeconfig"])
    secret = yaml.safe_load(path.read_text())["users"][0]["user"]["token"]
    others = [secret[:-1] + ("A" if secret[-1] != "A" else "B"), "", bearer_of(stack)]
    told = [request(stack, "/api/v1/namespaces", bearer=bearer, kubeconfig=path)[0] for bearer in (secret, *others)]
    assert told == [200, 401, 401, 401]
    basic = {"Authorization": f"Basic {secret}"}
    assert request(stack, "/api/v1/namespaces", bearer=secret, headers=basic, kubeconfig=path)[0] == 401


def stored_body(stack, digest):
    """Hash and length of a stored answer's body, as the chain has them."""
    file = read_cluster_file(stack.home / "cluster.json")

    async def look():
        ledger = GrpcLedger.connect(file.ledger, ca=file.ledger_ca)
        try:
            return await ledger.get_transaction(Digest.parse(digest))
        finally:
            await ledger.close()

    for raw in asyncio.run(look()).events:
        event = decode_event(file.package, raw.type, raw.contents)
        if isinstance(event, K8sResponseStored):
            return event.body_hash, event.body_length
    raise AssertionError(digest)


def door(stack, enclave, token, key):
    """A client of the enclave's side door, whose tickets this key signs in the name of this token."""
    file = read_cluster_file(stack.home / "cluster.json")
    config = yaml.safe_load((stack.home / "kubeconfig").read_text())["clusters"][0]["cluster"]
    scope = TicketScope(bytes(file.chain_id), file.package, file.cluster, Address.parse(enclave))
    tls = ssl.create_default_context(cadata=base64.b64decode(config["certificate-authority-data"]).decode())
    place = DoorPlace(config["server"], tls, scope, Address.parse(token), key.sign, lambda: int(time.time() * 1000))
    return DoorClient(place, Limits())


def test_tickets_of_somebody_else_open_nothing(stack, proxy, kubectl, namespace):
    kubectl("create", "-n", namespace, "-f", "-", stdin=large(200_000))
    kubectl("get", "cm", "large", "-n", namespace, "-o", "json")
    row = newest(stack)
    other, _, owner = stack.new_token("proxy-stranger", "/configmaps:*:get", stake=0, kubeconfig=False)
    keys = Keys(Home(stack.home))
    stranger, own = keys.find(owner), keys.find(proxy["address"])
    kept = stored_body(stack, row["answer_digest"])

    async def visit():
        # His own signature in the name of another's token, and good tickets of his own token for another's things.
        forger = door(stack, proxy["enclave"], proxy["token"], stranger)
        visitor = door(stack, proxy["enclave"], other, stranger)
        himself = door(stack, proxy["enclave"], proxy["token"], own)
        elsewhere = door(stack, proxy["token"], proxy["token"], own)
        try:
            for one in (forger, elsewhere):
                with pytest.raises(LocalError, match=r"HTTP 403.*opens nothing here"):
                    await one.expect(None, (b"sealed",))
                with pytest.raises(LocalError, match=r"HTTP 403.*opens nothing here"):
                    await one.fetch(None, *kept)
                with pytest.raises(StreamError, match=r"HTTP 403.*opens nothing here"):
                    await anext(one.stream(None, Address.parse(row["request_id"])))
            with pytest.raises(MissingBodyError):
                await visitor.fetch(None, *kept)
            assert sealed_hash(await himself.fetch(None, *kept)) == kept[0]
        finally:
            for client in (forger, visitor, himself, elsewhere):
                await client.close()

    asyncio.run(visit())


def test_ctrl_c_ends_it_and_its_kubeconfig(stack):
    out = stack.home / "proxy-ended"
    with proxying(stack, "--out", str(out)) as (_, process):
        assert out.exists()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "removed" in process.stderr.read()
    assert not out.exists()


def test_it_replaces_nothing_that_it_did_not_write(stack):
    done = stack.daas("proxy", "--out", str(stack.home / "kubeconfig"), check=False)
    assert done.returncode == 1
    assert "is no proxy's kubeconfig" in done.stderr


def test_without_sui_it_says_who_must_pay(stack):
    owner = stack.json("key", "create", "--alias", "proxy-broke")["address"]
    token = stack.json("token", "create", "--owner", owner, "--rule", "/pods:*:get", "--wait")["token"]
    done = stack.daas("proxy", "--token", token, check=False)
    assert done.returncode == 1
    assert f"k3s-daas ledger faucet {owner}" in done.stderr


def test_help_says_how(stack):
    told = stack.daas("proxy", "--help").stdout
    assert "--listen" in told
    assert "Example:" in told
    assert stack.daas("proxy", "--listen", "nowhere", check=False).returncode == 2


def test_an_enclave_that_is_replaced_ends_it_until_it_is_started_anew(own_stack):
    out = str(own_stack.home / "proxy-pinned")
    with proxying(own_stack, "--out", out) as (told, process):
        assert "default" in own_stack.kubectl("get", "ns", kubeconfig=out).stdout
        own_stack.daas("enclave", "restart", "--yes", timeout=180)
        limit = time.monotonic() + 60
        while (refused := own_stack.kubectl("get", "ns", kubeconfig=out, check=False)).returncode == 0:
            assert time.monotonic() < limit
            time.sleep(0.5)
        assert "start `k3s-daas proxy` anew" in refused.stderr
        assert process.poll() is None
    with proxying(own_stack, "--out", out) as (again, _):
        assert again["enclave"] != told["enclave"]
        assert "default" in own_stack.kubectl("get", "ns", kubeconfig=out).stdout
