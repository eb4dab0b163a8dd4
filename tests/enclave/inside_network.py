"""Runs inside a network namespace of its own: k3s as the enclave runs it, and the executor's ports against it.

Prints one JSON object with what it saw; `test_k3s_real.py` judges it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

from chain.rules import Rule, parse_rule
from chain.tokens import SealToken
from enclave.apiserver import HttpsApiserver
from enclave.execution_errors import ApiserverUnreachableError
from enclave.execution_ports import Call
from enclave.mirror import RoleMirror
from enclave.places import Places
from gateway.request_info import parse_request
from sui.types import Address

JSON = (("Accept", "application/json"), ("Content-Type", "application/json"))


def network() -> None:
    for command in (
        "ip link set lo up",
        "ip link add inner0 type veth peer name inner1",
        "ip address add 10.0.0.2/24 dev inner0",
        "ip link set inner0 up",
        "ip link set inner1 up",
        "ip route add default via 10.0.0.1 dev inner0",
    ):
        subprocess.run(command.split(), check=True)


def token(number: int, *rules: str | Rule, revoked: bool = False) -> SealToken:
    parsed = tuple(each if isinstance(each, Rule) else parse_rule(each) for each in rules)
    return SealToken(
        token=Address(bytes([number]) * 32),
        cluster=Address(bytes(32)),
        owner=Address(bytes([number + 100]) * 32),
        public_key=bytes(32),
        rules=parsed,
        stake=1,
        usable_from=0,
        expires_at=0,
        revoked=revoked,
    )


class Session:
    def __init__(self, apiserver: HttpsApiserver) -> None:
        self.apiserver = apiserver
        self.mirror = RoleMirror(apiserver, monotonic=time.monotonic)

    async def ask(self, who: SealToken, method: str, target: str, body: object = None, narrowed=()) -> int:
        info = parse_request(method, target)
        user = await self.mirror.ensure(who, narrowed, wanted=(info.group, info.resource, info.namespace))
        data = json.dumps(body).encode() if body is not None else b""
        reply = await self.apiserver.call(Call(method, target, JSON, data, user=user.name), timeout_s=20)
        if info.resource == "namespaces" and method == "POST" and reply.status == 201:
            await self.mirror.namespaces_changed()
        return reply.status


def config_map(name: str) -> dict[str, object]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"k": "v"}}


async def scenario(places: Places) -> dict[str, object]:
    seen: dict[str, object] = {}
    apiserver = HttpsApiserver(places.kubeconfig, places.state)
    session = Session(apiserver)
    ask = session.ask
    reader = token(1, "/configmaps:default:get,list", "/namespaces:*:get,list")
    began = time.monotonic()
    seen["first"] = await ask(reader, "GET", "/api/v1/namespaces/default/configmaps")
    seen["first_s"] = round(time.monotonic() - began, 3)
    began = time.monotonic()
    seen["second"] = await ask(reader, "GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt")
    seen["second_s"] = round(time.monotonic() - began, 3)
    seen["other verb"] = await ask(reader, "POST", "/api/v1/namespaces/default/configmaps", config_map("a"))
    seen["other namespace"] = await ask(reader, "GET", "/api/v1/namespaces/kube-system/configmaps")
    seen["other kind"] = await ask(reader, "GET", "/api/v1/namespaces/default/secrets")

    admin = token(2, "*/*:*:*", "*/*/*:*:*", "url:/*:get")
    seen["admin create"] = await ask(admin, "POST", "/api/v1/namespaces/default/configmaps", config_map("b"))
    seen["admin url"] = await ask(admin, "GET", "/metrics")
    flat = token(3, "*/*:*:*")
    scale = "/apis/apps/v1/namespaces/default/deployments/x/scale"
    seen["star without subresources"] = await ask(flat, "GET", scale)
    seen["star with subresources"] = await ask(admin, "GET", scale)

    team = token(4, "/configmaps:team-a:*")
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "team-a"}}
    seen["before namespace"] = await ask(team, "GET", "/api/v1/namespaces/team-a/configmaps")
    seen["create namespace"] = await ask(admin, "POST", "/api/v1/namespaces", namespace)
    seen["after namespace"] = await ask(team, "POST", "/api/v1/namespaces/team-a/configmaps", config_map("c"))
    roles = await apiserver.call(Call("GET", "/apis/rbac.authorization.k8s.io/v1/namespaces/team-a/roles"), timeout_s=5)
    seen["roles in namespace"] = [item["metadata"]["name"] for item in json.loads(roles.body)["items"]]

    narrowed = (parse_rule("/configmaps:default:get"),)
    seen["narrowed get"] = await ask(
        reader, "GET", "/api/v1/namespaces/default/configmaps/kube-root-ca.crt", narrowed=narrowed
    )
    seen["narrowed list"] = await ask(reader, "GET", "/api/v1/namespaces/default/configmaps", narrowed=narrowed)

    changed = token(1, "/secrets:default:list")
    seen["rules changed, new"] = await ask(changed, "GET", "/api/v1/namespaces/default/secrets")
    seen["rules changed, old"] = await ask(changed, "GET", "/api/v1/namespaces/default/configmaps")
    await session.mirror.drop(token(4, "/configmaps:team-a:*", revoked=True))
    seen["revoked"] = await ask(
        token(4, "/configmaps:team-a:*", revoked=True), "GET", "/api/v1/namespaces/team-a/configmaps"
    )

    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "list", "resource": "secrets", "namespace": "default"}},
    }
    user = await session.mirror.ensure(changed, wanted=("", "secrets", "default"))
    call = Call(
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        JSON,
        json.dumps(review).encode(),
        user=user.name,
    )
    seen["can-i"] = json.loads((await apiserver.call(call, timeout_s=5)).body)["status"]["allowed"]

    gone = await ask(admin, "DELETE", "/api/v1/namespaces/team-a")
    for _ in range(200):
        if (await apiserver.call(Call("GET", "/api/v1/namespaces/team-a"), timeout_s=5)).status == 404:
            break
        await asyncio.sleep(0.1)
    else:
        gone = 0
    seen["namespace deleted"] = gone

    taken_over = Session(apiserver)
    seen["second life"] = await taken_over.ask(changed, "GET", "/api/v1/namespaces/default/secrets")
    async with apiserver.watch(
        Call("GET", "/api/v1/namespaces/default/configmaps?watch=true", JSON), timeout_s=5
    ) as watch:
        seen["watch"] = [watch.status, (await watch.read())[:17].decode()]
    big = {**config_map("big"), "data": {f"k{n}": "v" * 100 for n in range(3000)}}
    seen["big create"] = await ask(admin, "POST", "/api/v1/namespaces/default/configmaps", big)
    zipped = await apiserver.call(
        Call("GET", "/api/v1/namespaces/default/configmaps", (*JSON, ("Accept-Encoding", "gzip"))), timeout_s=5
    )
    plain = await apiserver.call(Call("GET", "/api/v1/namespaces/default/configmaps", JSON), timeout_s=5)
    seen["encodings"] = [zipped.header("Content-Encoding"), plain.header("Content-Encoding"), zipped.body[:2].hex()]
    await apiserver.close()
    return seen


async def after_stop(places: Places) -> str:
    apiserver = HttpsApiserver(places.kubeconfig, places.state)
    try:
        await apiserver.call(Call("GET", "/readyz"), timeout_s=5)
    except ApiserverUnreachableError:
        return "unreachable"
    finally:
        await apiserver.close()
    return "answers"


def main() -> None:
    random.seed(1)
    network()
    places = Places.from_environment()
    for folder in (places.run, places.private("kubernetes")):
        folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "enclave.k3s"], env=dict(os.environ))
    seen: dict[str, object] = {}
    try:
        while not places.ready("kubernetes").exists():
            if process.poll() is not None or time.monotonic() - began > 90:
                raise SystemExit("k3s did not become ready")
            time.sleep(0.02)
        seen["ready_s"] = round(time.monotonic() - began, 2)
        seen["kubeconfig_mode"] = oct(places.kubeconfig.stat().st_mode & 0o777)
        seen |= asyncio.run(scenario(places))
    finally:
        process.terminate()
        seen["exit"] = process.wait(30)
    seen["after stop"] = asyncio.run(after_stop(places))
    Path(sys.argv[1]).write_text(json.dumps(seen))


if __name__ == "__main__":
    main()
