"""What passes between client and apiserver, and what is refused before it is heard."""

from __future__ import annotations

import json

import pytest

from chain.payload import Header
from chain.rules import Envelope
from enclave.execution import Kind
from enclave.execution_errors import AnswerTooLargeError
from enclave.http_policy import (
    PolicyError,
    check_protected,
    check_request,
    kind_of,
    request_headers,
    response_headers,
    status_answer,
)
from enclave.watch_frames import WatchCutter
from gateway.request_info import parse_request

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ADMISSION = "/apis/admissionregistration.k8s.io/v1"


def test_identity_and_hop_by_hop_headers_never_pass():
    names = [
        "Authorization", "Impersonate-User", "Impersonate-Group", "X-Remote-User", "Connection", "Host",
        "Content-Length", "Transfer-Encoding", "Cookie", "Upgrade", "Audit-ID",
    ]  # fmt: skip
    headers = [Header(name, "x") for name in [*names, "ACCEPT", "Content-Type", "Kubectl-Command"]]
    assert [name for name, _ in request_headers(headers)] == ["ACCEPT", "Content-Type", "Kubectl-Command"]


def test_what_the_client_hears_is_on_the_list():
    found = response_headers([("Content-Type", "a"), ("Set-Cookie", "b"), ("ETag", "c"), ("Content-Length", "3")])
    assert [each.name for each in found] == ["Content-Type", "ETag"]


SAID = Envelope("get", "", "configmaps", "", "default")


def test_a_request_that_is_what_it_says_passes():
    info = check_request("GET", "/api/v1/namespaces/default/configmaps/a", SAID, stream=False)
    assert info.name == "a"


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("DELETE", "/api/v1/namespaces/default/configmaps/a"),
        ("GET", "/api/v1/namespaces/default/configmaps"),
        ("GET", "/api/v1/namespaces/kube-system/configmaps/a"),
        ("GET", "/api/v1/namespaces/default/secrets/a"),
        ("GET", "/api/v1/namespaces/default/configmaps/a/status"),
        ("GET", "/apis/apps/v1/namespaces/default/configmaps/a"),
        ("GET", "/api/v1/namespaces/default/configmaps/a/../../secrets/b"),
        ("GET", "/api/v1/namespaces/default/configmaps%2Fa"),
    ],
)
def test_any_difference_from_the_envelope_is_refused(method: str, target: str):
    with pytest.raises(PolicyError) as caught:
        check_request(method, target, SAID, stream=False)
    assert caught.value.status == 400


@pytest.mark.parametrize(("target", "verb", "stream"), [("?watch=true", "watch", False), ("", "list", True)])
def test_a_watch_is_a_stream_and_nothing_else_is(target: str, verb: str, *, stream: bool):
    said = Envelope(verb, "", "configmaps", "", "default")
    with pytest.raises(PolicyError, match="stream"):
        check_request("GET", f"/api/v1/namespaces/default/configmaps{target}", said, stream=stream)


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/api/v1/namespaces/kube-system/configmaps"),
        ("DELETE", "/api/v1/namespaces/kube-system"),
        ("PATCH", "/api/v1/namespaces/kube-system/secrets/a"),
        ("DELETE", f"{RBAC}/clusterroles/k3s-daas:0xab"),
        ("PUT", f"{RBAC}/namespaces/default/rolebindings/k3s-daas:0xab"),
        ("PATCH", f"{RBAC}/clusterrolebindings/k3s-daas:0xab"),
        ("DELETE", f"{RBAC}/clusterroles"),
        ("DELETE", f"{RBAC}/namespaces/default/roles"),
        ("DELETE", f"{ADMISSION}/validatingadmissionpolicies"),
    ],
)
def test_the_appliances_own_objects_cannot_be_changed(method: str, target: str):
    with pytest.raises(PolicyError) as caught:
        check_protected(parse_request(method, target))
    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/api/v1/namespaces/kube-system/configmaps"),
        ("GET", f"{RBAC}/clusterroles/k3s-daas:0xab"),
        ("DELETE", "/api/v1/namespaces/team-a"),
        ("POST", f"{RBAC}/clusterroles"),
        ("DELETE", f"{RBAC}/clusterroles/mine"),
        ("DELETE", "/api/v1/namespaces/default/configmaps"),
        ("GET", "/metrics"),
    ],
)
def test_everything_else_is_the_contracts_to_decide(method: str, target: str):
    check_protected(parse_request(method, target))


@pytest.mark.parametrize(
    ("verb", "sub", "stream", "kind"),
    [
        ("get", "", False, Kind.READ),
        ("list", "", False, Kind.READ),
        ("watch", "", True, Kind.STREAM),
        ("get", "exec", False, Kind.CHANGE),
        ("deletecollection", "", False, Kind.CHANGE),
        ("post", "/metrics", False, Kind.CHANGE),
    ],
)
def test_what_running_twice_would_do(verb: str, sub: str, kind: Kind, *, stream: bool):
    assert kind_of(Envelope(verb, "", "pods", sub, ""), stream=stream) is kind


def test_a_refusal_is_a_status_that_kubectl_prints():
    answer = status_answer(403, "no")
    document = json.loads(answer.body)
    assert (answer.status, document["kind"], document["code"], document["message"]) == (403, "Status", 403, "no")


EVENTS = b'{"type":"ADDED"}\n{"type":"MODIFIED","a":1}\n'


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_json_watches_are_cut_at_lines(size: int):
    cutter = WatchCutter("application/json;stream=watch", "", 100)
    parts = [cutter.feed((EVENTS + b'{"type":')[at : at + size]) for at in range(0, len(EVENTS) + 8, size)]
    assert b"".join(parts) == EVENTS
    assert all(not part or part.endswith(b"\n") for part in parts)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_protobuf_watches_are_cut_at_lengths(size: int):
    whole = (3).to_bytes(4, "big") + b"abc" + (0).to_bytes(4, "big") + (5).to_bytes(4, "big") + b"defgh"
    cutter = WatchCutter("application/vnd.kubernetes.protobuf;stream=watch", "identity", 100)
    stream = whole + b"\x00\x00\x00\x09ab"
    assert b"".join(cutter.feed(stream[at : at + size]) for at in range(0, len(stream), size)) == whole


def test_other_streams_pass_as_they_come():
    assert WatchCutter("text/plain", "", 3).feed(b"abcdef") == b"abcdef"
    assert WatchCutter("application/json", "gzip", 3).feed(b"abcdef") == b"abcdef"


@pytest.mark.parametrize(
    ("kind", "data"),
    [("application/json", b"x" * 101), ("application/vnd.kubernetes.protobuf", (101).to_bytes(4, "big"))],
)
def test_one_event_has_a_cap(kind: str, data: bytes):
    with pytest.raises(AnswerTooLargeError):
        WatchCutter(kind, "", 100).feed(data)
