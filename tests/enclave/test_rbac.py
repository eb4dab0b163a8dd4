"""The mirror against an evaluator of RBAC's own rules: it allows what the contract allows, and nothing more."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.rules import Envelope, Rule, allows, parse_rule
from enclave.execution_errors import MirrorError
from enclave.execution_limits import ExecutionLimits
from enclave.rbac import MARKER_GROUP, Resource, effective_rules, mirror, parse_discovery, user_of
from sui.types import Address

TOKEN, OWNER = Address(b"\x01" * 32), Address(b"\x02" * 32)
USER = user_of(TOKEN, OWNER)
NAMESPACES = ("default", "team-a")
SERVED = (
    Resource("", "pods", "", True),
    Resource("", "pods", "exec", True),
    Resource("", "pods", "log", True),
    Resource("", "pods", "proxy", True),
    Resource("", "secrets", "", True),
    Resource("", "namespaces", "", False),
    Resource("", "nodes", "", False),
    Resource("", "nodes", "proxy", False),
    Resource("apps", "deployments", "", True),
    Resource("apps", "deployments", "scale", True),
)
VERBS = ("get", "list", "watch", "create", "update", "delete")
# What the apiserver maps these subresources' HTTP methods to.
MAPPED = {
    "exec": ("get", "create"),
    "attach": ("get", "create"),
    "portforward": ("get", "create"),
    "proxy": ("get", "create", "update", "patch", "delete"),
}


def rbac_allows(objects, verb: str, resource: Resource, namespace: str) -> bool:
    """What the apiserver's RBAC authorizer says (PolicyRule matching, ClusterRoles everywhere, Roles at home)."""
    for each in objects:
        manifest = each.manifest
        if manifest["kind"] == "ClusterRole" or (
            manifest["kind"] == "Role" and namespace and manifest["metadata"]["namespace"] == namespace
        ):
            for rule in manifest["rules"]:
                if "resources" not in rule:
                    continue
                name = f"{resource.name}/{resource.subresource}" if resource.subresource else resource.name
                fits = {name, "*"} | ({f"*/{resource.subresource}"} if resource.subresource else set())
                if (
                    {verb, "*"} & set(rule["verbs"])
                    and {resource.group, "*"} & set(rule["apiGroups"])
                    and fits & set(rule["resources"])
                ):
                    return True
    return False


def contract_allows(rules, verb: str, resource: Resource, namespace: str) -> bool:
    return allows(rules, Envelope(verb, resource.group, resource.name, resource.subresource, namespace))


words = st.sampled_from
rules = st.lists(
    st.builds(
        Rule,
        group=words(["", "apps", "*"]),
        resource=words(["pods", "secrets", "namespaces", "nodes", "deployments", "*"]),
        subresource=words(["", "exec", "log", "scale", "proxy", "*"]),
        namespace=words(["*", "default", "team-a", ""]),
        verbs=st.lists(words([*VERBS, "*"]), min_size=1, max_size=3, unique=True).map(tuple),
    ),
    max_size=3,
).map(tuple)


def asks():
    """Requests that can be made: a namespaced resource at cluster scope is only listed or watched."""
    for resource, verb in itertools.product(SERVED, VERBS):
        if verb not in MAPPED.get(resource.subresource, VERBS):
            continue
        for namespace in (*NAMESPACES, ""):
            if resource.namespaced and not namespace and verb not in {"list", "watch"}:
                continue
            if not resource.namespaced and namespace and resource.name != "namespaces":
                continue
            yield verb, resource, namespace


@given(rules)
def test_the_mirror_allows_whatever_the_contract_allows(given_rules):
    objects = mirror(USER, given_rules, SERVED, NAMESPACES).objects
    for ask in asks():
        if contract_allows(given_rules, *ask):
            assert rbac_allows(objects, *ask), ask


@given(rules)
def test_the_mirror_allows_nothing_that_the_contract_does_not(given_rules):
    objects = mirror(USER, given_rules, SERVED, NAMESPACES).objects
    # A cluster-wide list of what lives in namespaces cannot be given without the lists of each of them.
    wide = any(rule.namespace == "" for rule in given_rules)
    for verb, resource, namespace in asks():
        if rbac_allows(objects, verb, resource, namespace) and not contract_allows(
            given_rules, verb, resource, namespace
        ):
            assert wide
            at_cluster = contract_allows(given_rules, verb, resource, "")
            assert at_cluster, (verb, resource, namespace)
            assert verb in {"list", "watch"} or not resource.namespaced


@given(rules, rules)
def test_a_narrowed_grant_is_the_intersection(token_rules, grant_rules):
    both = effective_rules(token_rules, grant_rules)
    for verb, resource, namespace in asks():
        wanted = contract_allows(token_rules, verb, resource, namespace) and (
            not grant_rules or contract_allows(grant_rules, verb, resource, namespace)
        )
        assert contract_allows(both, verb, resource, namespace) == wanted


paths = st.sampled_from(["/metrics", "/metrics/cadvisor", "/m*", "/*", "/metrics/*", "/logs"])


@given(paths, paths, st.sampled_from(["/metrics", "/metrics/cadvisor", "/logs", "/my", "/metrics/"]))
def test_url_rules_intersect(one, other, path):
    mine, theirs = (Rule("", "", each, "", ("get",)) for each in (one, other))
    envelope = Envelope("get", "", "", path, "")
    both = effective_rules((mine,), (theirs,))
    assert allows(both, envelope) == (mine.allows(envelope) and theirs.allows(envelope))


def test_url_rules_become_non_resource_urls():
    [role, binding] = mirror(USER, [parse_rule("url:/metrics:get")], SERVED, NAMESPACES).objects
    assert {"nonResourceURLs": ["/metrics"], "verbs": ["get"]} in role.manifest["rules"]
    assert binding.manifest["subjects"][0]["name"] == f"sui:{TOKEN}:{OWNER}"


def test_a_narrowed_grant_is_a_user_of_its_own():
    narrowed = (parse_rule("/pods:default:get"),)
    assert user_of(TOKEN, OWNER, narrowed).name.startswith(f"{USER.name}:")
    assert user_of(TOKEN, OWNER, narrowed) != user_of(TOKEN, OWNER, (parse_rule("/pods:default:list"),))


def test_roles_are_only_made_where_namespaces_exist():
    wanted = [parse_rule("/pods:team-b:get")]
    assert len(mirror(USER, wanted, SERVED, NAMESPACES).objects) == 2
    made = mirror(USER, wanted, SERVED, (*NAMESPACES, "team-b"))
    assert [each.path.rsplit("/", 2)[1] for each in made.objects][2:] == ["roles", "rolebindings"]
    assert made.namespaces == {"team-b"}


def test_no_rules_are_no_objects():
    assert mirror(USER, [], SERVED, NAMESPACES).objects == ()


def test_the_marker_changes_with_the_content_and_belongs_to_no_api():
    one, two = (mirror(USER, [parse_rule(text)], SERVED, NAMESPACES) for text in ("/pods:*:get", "/pods:*:list"))
    assert one.marker != two.marker
    assert any(rule.get("apiGroups") == [MARKER_GROUP] for rule in one.objects[0].manifest["rules"])


def test_too_many_combinations_are_refused():
    many = tuple(Rule("", f"r{n}", "", "*", ("*",)) for n in range(3))
    stars = tuple(Rule("", "*", "", f"n{n}", ("*",)) for n in range(3))
    with pytest.raises(MirrorError, match="narrow"):
        effective_rules(many, stars, ExecutionLimits(mirrored_rules=8))


def test_discovery_is_read_and_anything_else_refused():
    document = {
        "items": [
            {
                "metadata": {"name": "apps"},
                "versions": [
                    {
                        "resources": [
                            {
                                "resource": "deployments",
                                "scope": "Namespaced",
                                "subresources": [{"subresource": "scale"}],
                            }
                        ]
                    }
                ],
            }
        ]
    }
    assert parse_discovery(document) == (
        Resource("apps", "deployments", "", True),
        Resource("apps", "deployments", "scale", True),
    )
    with pytest.raises(MirrorError, match="discovery"):
        parse_discovery({"items": [{"versions": [{"resources": [{}]}]}]})
