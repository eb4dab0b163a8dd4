"""The machine's own kubectl, unmodified, against the gateway over real TLS, with a small apiserver behind it."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import time

import pytest

from gateway.leaf import SERVER_NAME, obtain_leaf
from gateway.limits import Limits
from gateway.messages import HttpRequest, HttpResponse
from gateway.server import GatewayServer
from tests.gateway.conftest import make_gateway
from tests.gateway.test_leaf import Authority
from tests.gateway.world import Owner, World
from wire.sockets import listen_tcp

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not shutil.which("kubectl"), reason="there is no kubectl here")]

CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "default", "resourceVersion": "5", "uid": "u"},
    "data": {"k": "v"},
}
RESOURCES = [
    {"name": "configmaps", "singularName": "configmap", "namespaced": True, "kind": "ConfigMap", "shortNames": ["cm"]},
    {"name": "pods", "singularName": "pod", "namespaced": True, "kind": "Pod"},
]


def answer(value: object, status: int = 200) -> HttpResponse:
    return HttpResponse(status, (("Content-Type", "application/json"),), json.dumps(value).encode())


class SmallCluster(World):
    """Discovery of two resources, and one ConfigMap."""

    async def local(self, identity, request):
        path = request.target.partition("?")[0]
        known = {
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": []},
            "/api/v1": {
                "kind": "APIResourceList",
                "groupVersion": "v1",
                "resources": [{**each, "verbs": ["create", "delete", "get", "list", "watch"]} for each in RESOURCES],
            },
        }
        return answer(known[path]) if path in known else answer({"kind": "Status", "code": 404}, 404)


def apiserver(request: HttpRequest) -> HttpResponse:
    path = request.target.partition("?")[0]
    if request.method == "GET" and path.endswith("/configmaps"):
        meta = {"resourceVersion": "9"}
        return answer({"kind": "ConfigMapList", "apiVersion": "v1", "metadata": meta, "items": [CONFIG_MAP]})
    return answer(CONFIG_MAP, 201 if request.method == "POST" else 200)


class Kubectl:
    """kubectl with a kubeconfig for one owner."""

    def __init__(self, folder, server: str, ca: str, bearer: str) -> None:
        self.folder = folder
        self.config = folder / "kubeconfig"
        cluster = {
            "server": server,
            "tls-server-name": SERVER_NAME,
            "certificate-authority-data": base64.b64encode(ca.encode()).decode(),
        }
        self.config.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": "c",
                    "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u", "namespace": "default"}}],
                    "clusters": [{"name": "c", "cluster": cluster}],
                    "users": [{"name": "u", "user": {"token": bearer}}],
                }
            )
        )

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            "kubectl",
            *arguments,
            env={**os.environ, "KUBECONFIG": str(self.config), "KUBECACHEDIR": str(self.folder / "cache")},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode or 0, output.decode()


@pytest.fixture
def world() -> World:
    return SmallCluster(handler=apiserver)


@pytest.fixture
async def kubectl(world, tmp_path):
    """Kubectls by owner; the last argument of the owner's call is the arguments."""
    authority = Authority()
    leaf = await obtain_leaf(authority.issue)
    server = GatewayServer(make_gateway(world, Limits(token_burst=100), time.monotonic), leaf.context())
    listener = listen_tcp("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(listener))

    def of(owner: Owner) -> Kubectl:
        world.own(owner)
        folder = tmp_path / str(owner.number)
        folder.mkdir()
        port = listener.socket.getsockname()[1]
        return Kubectl(folder, f"https://127.0.0.1:{port}", authority.pem, owner.bearer(world))

    yield of
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await server.close(0.1)
    listener.close()


async def test_reads_changes_and_watches(world, kubectl):
    alice = kubectl(Owner(11))
    world.frames = [json.dumps({"type": "ADDED", "object": CONFIG_MAP}).encode() + b"\n"]
    assert "name: a" in (await alice("get", "cm", "a", "-o", "yaml"))[1]
    assert (await alice("create", "cm", "a", "--from-literal=k=v"))[1] == "configmap/a created\n"
    code, text = await alice("get", "cm", "-w", "--request-timeout=2s")
    assert code == 0
    assert text.count("a  ") == 2
    code, text = await alice("get", "cm", "-v=6")
    assert code == 0
    assert "200 OK" in text


async def test_refusals_are_printed_in_words(world, kubectl):
    bob = kubectl(Owner(12, rules=("/pods:default:get", "/pods/*:default:*")))
    code, text = await bob("get", "cm")
    assert code == 1
    assert text.startswith("Error from server (Forbidden): the rules of seal token 0x")
    code, text = await bob("get", "pods", "p", "--as", "root")
    assert text.startswith("Error from server (Forbidden): impersonation is not offered")
    code, text = await bob("get", "--raw", "/api/v1/namespaces/default/pods/p/log")
    assert "not offered until the cluster has a node" in text


async def test_only_reads_are_repeated_while_the_ledger_is_away(world, kubectl):
    alice = kubectl(Owner(11))
    await alice("get", "cm")
    world.unreachable = True
    asked = len(world.submissions)
    code, text = await alice("create", "cm", "a", "--from-literal=k=v")
    assert code == 1
    assert "nothing was sent" in text
    assert len(world.submissions) == asked + 1
    reading = asyncio.create_task(alice("get", "cm", "-o", "name"))
    await asyncio.sleep(1.2)
    world.unreachable = False
    assert await reading == (0, "configmap/a\n")
    assert len(world.submissions) > asked + 2
