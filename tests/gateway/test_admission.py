"""What is refused before anything is sent, and which way the rest goes."""

from __future__ import annotations

import json

import pytest

from chain.grants import Bearer, parse_bearer
from chain.rules import parse_rules
from gateway.classify import Route, classify
from gateway.identity import OwnerDoorkeeper
from gateway.limits import Limits
from gateway.messages import HttpRequest
from gateway.request_info import parse_request
from tests.gateway.conftest import ask, make_gateway
from tests.gateway.world import NOW_MS, PACKAGE, Owner


@pytest.mark.parametrize(
    ("method", "target", "route"),
    [
        ("GET", "/api", Route.LOCAL),
        ("GET", "/api/v1?timeout=32s", Route.LOCAL),
        ("GET", "/apis", Route.LOCAL),
        ("GET", "/apis/apps", Route.LOCAL),
        ("GET", "/apis/apps/v1", Route.LOCAL),
        ("GET", "/version", Route.LOCAL),
        ("GET", "/openapi/v2", Route.LOCAL),
        ("GET", "/openapi/v3", Route.LOCAL),
        ("GET", "/openapi/v3/apis/apps/v1?hash=A", Route.LOCAL),
        ("GET", "/readyz?verbose", Route.LOCAL),
        ("GET", "/livez/ping", Route.LOCAL),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", Route.LOCAL),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", Route.LOCAL),
        ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", Route.TRANSACTION),
        ("POST", "/apis/authorization.k8s.io/v1/namespaces/a/localsubjectaccessreviews", Route.TRANSACTION),
        ("POST", "/apis/evil.io/v1/selfsubjectaccessreviews", Route.TRANSACTION),
        ("PUT", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews/x", Route.TRANSACTION),
        ("POST", "/api", Route.TRANSACTION),
        ("POST", "/version", Route.TRANSACTION),
        ("GET", "/metrics", Route.TRANSACTION),
        ("GET", "/logs/x", Route.TRANSACTION),
        ("GET", "/openapi/v3x", Route.TRANSACTION),
        ("GET", "/api/v1/pods", Route.TRANSACTION),
        ("GET", "/api/v1/namespaces/a/pods?watch=1", Route.STREAM),
        ("GET", "/api/v1/watch/pods", Route.STREAM),
        ("GET", "/api/v1/namespaces/a/pods/p/log", Route.NOT_OFFERED),
        ("GET", "/api/v1/namespaces/a/pods/p/exec", Route.NOT_OFFERED),
        ("POST", "/api/v1/namespaces/a/pods/p/attach", Route.NOT_OFFERED),
        ("POST", "/api/v1/namespaces/a/pods/p/portforward", Route.NOT_OFFERED),
        ("GET", "/api/v1/namespaces/a/services/s/proxy/x", Route.NOT_OFFERED),
        ("GET", "/api/v1/proxy/nodes/n", Route.NOT_OFFERED),
    ],
)
def test_each_request_goes_one_way(method, target, route):
    assert classify(parse_request(method, target), method) is route


async def refused(gateway, request) -> dict:
    response = await gateway.handle(request)
    status = json.loads(response.body)
    assert (status["kind"], status["apiVersion"], status["status"]) == ("Status", "v1", "Failure")
    assert status["code"] == response.status
    assert response.header("Content-Type") == "application/json"
    return status


async def test_without_a_bearer_there_is_no_way_in(world, gateway, alice):
    for headers in [
        (),
        (("Authorization", "Basic YTpi"),),
        (("Authorization", "Bearer"),),
        (("Authorization", "Bearer nonsense"),),
        (("Authorization", f"Bearer {alice.bearer(world)}"), ("authorization", f"Bearer {alice.bearer(world)}")),
    ]:
        status = await refused(gateway, HttpRequest("GET", "/api/v1/pods", headers))
        assert (status["code"], status["reason"]) == (401, "Unauthorized")
    assert not world.submissions


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": b"t" * 32, "sign": lambda _: b"\0" * 64},
        {"not_before": NOW_MS + 1, "expires_at": NOW_MS + 9},
        {"not_before": NOW_MS - 9, "expires_at": NOW_MS},
        {"sign": Owner(12).key.sign},
    ],
    ids=["unsigned", "early", "late", "another's"],
)
async def test_a_bearer_that_opens_nothing_is_401(world, gateway, alice, changes):
    bearer = alice.bearer(world, **changes)
    status = await refused(gateway, HttpRequest("GET", "/api/v1/pods", (("Authorization", f"Bearer {bearer}"),)))
    assert status["code"] == 401


async def test_a_grant_copied_from_the_chain_opens_nothing(world, gateway, alice):
    public = parse_bearer(alice.bearer(world))
    copied = Bearer(public.grant, public.signature, b"\x01" * 32).text
    status = await refused(gateway, HttpRequest("GET", "/api/v1/pods", (("Authorization", f"Bearer {copied}"),)))
    assert status["code"] == 401
    assert "secret" in status["message"]


async def test_an_unknown_token_is_401(world, gateway):
    stranger = Owner(40)
    assert (await refused(gateway, ask(world, stranger, "GET", "/api/v1/pods")))["code"] == 401


async def test_a_grant_for_another_package_is_401(world, gateway, alice, monkeypatch):
    request = ask(world, alice, "GET", "/api/v1/pods")
    monkeypatch.setattr("tests.gateway.world.PACKAGE", type(PACKAGE)(b"\x55" * 32))
    assert (await refused(gateway, request))["code"] == 401


@pytest.mark.parametrize("header", ["Impersonate-User", "impersonate-group", "Impersonate-Extra-Scopes"])
async def test_impersonation_is_refused(world, gateway, alice, header):
    status = await refused(gateway, ask(world, alice, "GET", "/api/v1/pods", (header, "system:admin")))
    assert status["code"] == 403
    assert "impersonation" in status["message"]
    assert (await refused(gateway, ask(world, alice, "GET", "/api", (header, "x"))))["code"] == 403


async def test_rules_are_checked_before_a_transaction(world, gateway):
    bob = world.own(Owner(12, rules=("/pods:default:get",)))
    assert (await gateway.handle(ask(world, bob, "GET", "/api/v1/namespaces/default/pods/p"))).status == 200
    for method, target in [
        ("GET", "/api/v1/namespaces/default/pods"),
        ("GET", "/api/v1/namespaces/other/pods/p"),
        ("GET", "/api/v1/namespaces/default/pods/p/status"),
        ("DELETE", "/api/v1/namespaces/default/pods/p"),
        ("GET", "/api/v1/namespaces/default/secrets/p"),
        ("GET", "/metrics"),
    ]:
        status = await refused(gateway, ask(world, bob, method, target))
        assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert len(world.submissions) == 1


async def test_a_narrowed_grant_narrows(world, gateway):
    bob = world.own(Owner(12, narrowed=parse_rules(["/pods:default:get"])))
    assert (await gateway.handle(ask(world, bob, "GET", "/api/v1/namespaces/default/pods/p"))).status == 200
    assert (await refused(gateway, ask(world, bob, "GET", "/api/v1/namespaces/default/secrets/p")))["code"] == 403


async def test_a_grant_never_widens(world, gateway):
    bob = world.own(Owner(12, rules=("/pods:default:get",), narrowed=parse_rules(["*/*:*:*"])))
    assert (await refused(gateway, ask(world, bob, "GET", "/api/v1/namespaces/default/secrets/p")))["code"] == 403


async def test_what_needs_a_node_is_501(world, gateway, alice):
    world.own(Owner(11, rules=("*/*:*:*", "*/*/*:*:*")))
    status = await refused(gateway, ask(world, alice, "GET", "/api/v1/namespaces/a/pods/p/log"))
    assert (status["code"], status["reason"]) == (501, "NotImplemented")
    assert not world.submissions


async def test_discovery_takes_a_bearer_and_no_transaction(world, gateway):
    bob = world.own(Owner(12, rules=("/pods:default:get",)))
    assert (await gateway.handle(ask(world, bob, "GET", "/apis"))).body == b"{}"
    assert (await refused(gateway, HttpRequest("GET", "/apis", ())))["code"] == 401
    assert not world.submissions
    identity, request = world.locals[0]
    assert (identity.token, identity.owner) == (bob.state.token, bob.state.owner)
    assert request.headers == ()


async def test_an_ambiguous_target_is_400_and_a_large_body_413(world, alice):
    gateway = make_gateway(world, Limits(body_bytes=10))
    assert (await refused(gateway, ask(world, alice, "GET", "/api/v1//pods")))["code"] == 400
    assert (await refused(gateway, ask(world, alice, "BREW", "/api/v1/pods")))["code"] == 400
    status = await refused(gateway, ask(world, alice, "POST", "/api/v1/pods", body=b"x" * 11))
    assert (status["code"], status["reason"]) == (413, "RequestEntityTooLarge")


async def test_the_status_names_the_object(world, gateway):
    bob = world.own(Owner(12, rules=("/pods:default:get",)))
    status = await refused(gateway, ask(world, bob, "GET", "/apis/apps/v1/namespaces/a/deployments/web"))
    assert status["details"] == {"name": "web", "group": "apps", "kind": "deployments"}
    assert 'get resource "deployments" in API group "apps" in the namespace "a"' in status["message"]


OWN = "own-secret"


async def by_the_owner(world, alice, *headers):
    """What a gateway that only its owner uses says to these headers."""
    own = make_gateway(world)
    own.doorkeeper = OwnerDoorkeeper(world, alice.state.token, OWN)
    return await own.handle(HttpRequest("GET", "/api/v1/namespaces/default/pods", headers))


async def test_the_owner_needs_his_secret_and_no_grant(world, alice):
    assert (await by_the_owner(world, alice, ("Authorization", f"Bearer {OWN}"))).status == 200
    [submission] = world.submissions
    identity = submission.identity
    assert (identity.token, identity.owner) == (alice.state.token, alice.state.owner)
    assert (identity.session, identity.narrowed, identity.signed_grant) == (b"", (), None)


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Authorization", "Bearer "),),
        (("Authorization", "Bearer own-secre"),),
        (("Authorization", "Bearer own-secret2"),),
        (("Authorization", "Bearer \u00fc"),),
        (("Authorization", f"Basic {OWN}"),),
        (("Authorization", f"Bearer {OWN}"), ("authorization", f"Bearer {OWN}")),
    ],
)
async def test_nobody_else_comes_in(world, alice, headers):
    response = await by_the_owner(world, alice, *headers)
    assert response.status == 401
    assert b"k3s-daas proxy" in response.body or b"this proxy's" in response.body
    assert not world.submissions


async def test_a_grant_does_not_open_the_owners_gateway(world, alice):
    response = await by_the_owner(world, alice, ("Authorization", f"Bearer {alice.bearer(world)}"))
    assert response.status == 401


async def test_the_owners_token_must_be_known(world):
    stranger = Owner(12)
    response = await by_the_owner(world, stranger, ("Authorization", f"Bearer {OWN}"))
    assert response.status == 401
    assert b"token announce" in response.body
