"""The mirror against an apiserver in memory that keeps RBAC objects and shows them late."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import replace

import pytest

import enclave.mirror
from chain.rules import parse_rule
from chain.tokens import SealToken
from enclave.execution_errors import ApiserverUnreachableError, MirrorError
from enclave.execution_limits import ExecutionLimits
from enclave.execution_ports import Apiserver, Call, Reply
from enclave.mirror import RoleMirror
from sui.types import Address

PODS = ("", "pods", "default")
API = "/apis/rbac.authorization.k8s.io/v1"


class RbacStore(Apiserver):
    """Namespaces, discovery, and RBAC objects by path; reviews see an object only after `late` questions."""

    def __init__(self) -> None:
        self.objects: dict[str, dict] = {}
        self.namespaces = {"default"}
        self.late = 0
        self.calls: list[tuple[str, str]] = []
        self.resources = ["pods"]
        self.down = False
        self.answers: dict[str, Reply] = {}

    def watch(self, call: Call, *, timeout_s: float):
        raise NotImplementedError

    async def close(self) -> None:
        """Nothing is open."""

    async def call(self, call: Call, *, timeout_s: float) -> Reply:
        assert call.user is None
        path = call.target.split("?")[0]
        self.calls.append((call.method, path))
        if self.down:
            raise ApiserverUnreachableError("down")
        if path in self.answers:
            return self.answers[path]
        await asyncio.sleep(0)
        if call.method == "PATCH":
            return self._put(path, json.loads(call.body))
        if call.method == "DELETE":
            return Reply(200 if self.objects.pop(path, None) else 404, (), b"{}")
        if path.endswith("subjectaccessreviews"):
            return self._review(json.loads(call.body)["spec"])
        return Reply(200, (), json.dumps({"items": self._items(path)}).encode())

    def _put(self, path: str, manifest: dict) -> Reply:
        namespace = manifest["metadata"].get("namespace")
        if namespace and namespace not in self.namespaces:
            return Reply(404, (), b"{}")
        self.objects[path] = manifest
        return Reply(201, (), b"{}")

    def _review(self, spec: dict) -> Reply:
        if self.late:
            self.late -= 1
            return Reply(201, (), b'{"status":{"allowed":false}}')
        asked = spec["resourceAttributes"]
        allowed = any(
            asked["resource"] in rule.get("resources", [])
            for each in self.objects.values()
            if each["kind"].endswith("Role") and each["metadata"].get("namespace") in {None, asked["namespace"]}
            for rule in each["rules"]
        )
        return Reply(201, (), json.dumps({"status": {"allowed": allowed}}).encode())

    def _items(self, path: str) -> list:
        if path == "/api/v1/namespaces":
            return [{"metadata": {"name": name}} for name in self.namespaces]
        if path == "/api":
            resources = [{"resource": name, "scope": "Namespaced"} for name in self.resources]
            return [{"versions": [{"resources": resources}]}]
        kind = path.rsplit("/", 1)[1]
        return [each for where, each in self.objects.items() if where.rsplit("/", 2)[1] == kind]


def token(*rules: str, revoked: bool = False) -> SealToken:
    parsed = tuple(parse_rule(each) for each in rules)
    return SealToken(
        Address(b"\x01" * 32), Address(bytes(32)), Address(b"\x02" * 32), bytes(32), parsed, 1, 0, 0, revoked
    )


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    async def sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.01)
        await asyncio.sleep(0)


@pytest.fixture
def store() -> RbacStore:
    return RbacStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def mirror(store: RbacStore, clock: Clock) -> RoleMirror:
    return RoleMirror(
        store, monotonic=lambda: clock.now, sleep=clock.sleep, limits=ExecutionLimits(mirror_visible_s=1.0)
    )


def kinds(store: RbacStore) -> list[str]:
    return sorted(each["kind"] for each in store.objects.values())


async def test_roles_are_applied_once_and_waited_for(store: RbacStore, mirror: RoleMirror):
    store.late = 3
    user = await mirror.ensure(token("/pods:default:get"), wanted=PODS)
    assert user.name == f"sui:{token().token}:{token().owner}"
    assert kinds(store) == ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]
    before = len(store.calls)
    await mirror.ensure(token("/pods:default:get"), wanted=PODS)
    assert len(store.calls) == before


async def test_roles_are_worked_out_anew_only_when_something_changed(
    store: RbacStore, mirror: RoleMirror, monkeypatch: pytest.MonkeyPatch
):
    worked_out: list[int] = []
    real = enclave.mirror.mirror
    monkeypatch.setattr(enclave.mirror, "mirror", lambda *given: worked_out.append(1) or real(*given))
    for _ in range(3):
        await mirror.ensure(token("/pods:default:get"), wanted=PODS)
    assert len(worked_out) == 1
    await mirror.ensure(token("/pods:default:get", "/pods:default:list"), wanted=PODS)
    assert len(worked_out) == 2
    store.namespaces.add("new")
    await mirror.namespaces_changed()
    assert len(worked_out) == 3


async def test_many_at_once_apply_once(store: RbacStore, mirror: RoleMirror):
    await asyncio.gather(*(mirror.ensure(token("/pods:default:get"), wanted=PODS) for _ in range(20)))
    assert sum(method == "PATCH" for method, _ in store.calls) == 4


async def test_roles_that_no_rule_asks_for_any_more_are_deleted(store: RbacStore, mirror: RoleMirror):
    await mirror.ensure(token("/pods:default:get", "/pods:*:list"), wanted=PODS)
    await mirror.ensure(token("/pods:*:list"), wanted=PODS)
    assert kinds(store) == ["ClusterRole", "ClusterRoleBinding"]


async def test_a_second_life_takes_over_what_the_first_left(store: RbacStore, mirror: RoleMirror, clock: Clock):
    await mirror.ensure(token("/pods:default:get"), wanted=PODS)
    again = RoleMirror(store, monotonic=lambda: clock.now, sleep=clock.sleep)
    await again.drop(token(revoked=True))
    assert store.objects == {}


async def test_a_revoked_token_has_no_roles(store: RbacStore, mirror: RoleMirror):
    narrowed = (parse_rule("/pods:default:get"),)
    await mirror.ensure(token("/pods:*:get"), wanted=PODS)
    await mirror.ensure(token("/pods:*:get"), narrowed, wanted=PODS)
    assert len(store.objects) == 6
    await mirror.drop(token(revoked=True))
    assert store.objects == {}
    await mirror.ensure(token("/pods:*:get", revoked=True), wanted=PODS)
    assert store.objects == {}


async def test_a_new_namespace_gets_its_roles_and_again_after_it_was_deleted(store: RbacStore, mirror: RoleMirror):
    await mirror.ensure(token("/pods:team-a:get"), wanted=("", "pods", "team-a"))
    assert kinds(store) == ["ClusterRole", "ClusterRoleBinding"]
    store.namespaces.add("team-a")
    await mirror.namespaces_changed()
    inside = f"{API}/namespaces/team-a/roles/k3s-daas:{token().token}"
    assert inside in store.objects
    mirror.namespace_going("team-a")
    store.objects = {path: each for path, each in store.objects.items() if "team-a" not in path}
    store.namespaces.discard("team-a")
    await mirror.ensure(token("/pods:team-a:get"), wanted=("", "pods", "team-a"))
    store.namespaces.add("team-a")
    await mirror.namespaces_changed()
    assert inside in store.objects


async def test_a_resource_that_is_new_is_discovered(store: RbacStore, mirror: RoleMirror, clock: Clock):
    everything = token("/*:*:*")
    await mirror.ensure(everything, wanted=PODS)
    store.resources.append("widgets")
    clock.now += 10
    await mirror.ensure(everything, wanted=("", "widgets", "default"))
    role = store.objects[f"{API}/clusterroles/k3s-daas:{everything.token}"]
    assert role["rules"][0]["resources"] == ["pods", "widgets"]


async def test_what_is_never_seen_by_the_authorizer_is_an_error(store: RbacStore, mirror: RoleMirror):
    store.late = 1_000_000
    with pytest.raises(MirrorError, match="in time"):
        await mirror.ensure(token("/pods:*:get"), wanted=PODS)


async def test_an_apiserver_that_is_down_is_an_error_and_later_none(store: RbacStore, mirror: RoleMirror):
    store.down = True
    with pytest.raises(MirrorError, match="cannot be mirrored now"):
        await mirror.ensure(token("/pods:*:get"), wanted=PODS)
    await mirror.drop(token(revoked=True))
    with pytest.raises(MirrorError, match="new namespace"):
        await mirror.namespaces_changed()
    store.down = False
    await mirror.ensure(token("/pods:*:get"), wanted=PODS)


@pytest.mark.parametrize(
    "reply",
    [Reply(403, (), b'{"message":"no"}'), Reply(200, (), b"no json"), Reply(200, (), b"[]"), Reply(500, (), b"\xff")],
)
async def test_strange_answers_are_errors(store: RbacStore, mirror: RoleMirror, reply: Reply):
    store.answers["/api/v1/namespaces"] = reply
    with pytest.raises(MirrorError):
        await mirror.ensure(token("/pods:*:get"), wanted=PODS)


async def test_a_refused_role_is_an_error(store: RbacStore, mirror: RoleMirror):
    path = f"{API}/clusterroles/k3s-daas:{token().token}"
    store.answers[path] = Reply(422, (), b'{"message":"bad name"}')
    with pytest.raises(MirrorError, match="bad name"):
        await mirror.ensure(token("/pods:*:get"), wanted=PODS)
    with contextlib.suppress(KeyError):
        del store.answers[path]
    changed = replace(token("/pods:*:get"), stake=2)
    await mirror.ensure(changed, wanted=PODS)
    mirror.reset()
    await mirror.ensure(changed, wanted=PODS)


def verbs_in(store: RbacStore) -> set[str]:
    """What the roles for pods allow."""
    rules = [rule for each in store.objects.values() for rule in each.get("rules", [])]
    return {verb for rule in rules if "pods" in rule.get("resources", ()) for verb in rule["verbs"]}


async def test_wider_rules_are_applied_from_their_millisecond_on(store: RbacStore, mirror: RoleMirror):
    wider = (parse_rule("/pods:default:get,list"),)
    waiting = replace(token("/pods:default:get"), revision=1, pending_rules=wider, pending_from=5_000)
    await mirror.ensure(waiting.at(4_999), wanted=PODS)
    assert verbs_in(store) == {"get"}
    await mirror.ensure(waiting.at(5_000), wanted=PODS)
    assert verbs_in(store) == {"get", "list"}
    # Somebody who looked at the token a moment earlier takes nothing back.
    await mirror.ensure(waiting.at(4_999), wanted=PODS)
    assert verbs_in(store) == {"get", "list"}


async def test_an_older_revision_is_never_applied_over_a_newer_one(store: RbacStore, mirror: RoleMirror):
    older = replace(token("/pods:default:get,list"), revision=1)
    newer = replace(token("/pods:default:get"), revision=2)
    await mirror.ensure(newer, wanted=PODS)
    await mirror.ensure(older, wanted=PODS)
    assert verbs_in(store) == {"get"}


async def test_a_newer_revision_overtakes_one_that_is_on_its_way(store: RbacStore, mirror: RoleMirror):
    older = replace(token("/pods:default:get,list"), revision=1)
    newer = replace(token("/pods:default:get"), revision=2)
    await asyncio.gather(*(mirror.ensure(each, wanted=PODS) for each in (older, newer, older)))
    assert verbs_in(store) == {"get"}
