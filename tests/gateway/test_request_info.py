"""Attributes of a request: the apiserver's own table, then what is refused as ambiguous."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.rules import Envelope
from gateway.errors import TargetError
from gateway.request_info import parse_request, split_target

RESOURCES = [
    # method, target, verb, group, version, namespace, resource, subresource, name
    ("GET", "/api/v1/namespaces", "list", "", "v1", "", "namespaces", "", ""),
    ("GET", "/api/v1/namespaces/", "list", "", "v1", "", "namespaces", "", ""),
    ("POST", "/api/v1/namespaces", "create", "", "v1", "", "namespaces", "", ""),
    ("GET", "/api/v1/namespaces/team-a", "get", "", "v1", "team-a", "namespaces", "", "team-a"),
    ("DELETE", "/api/v1/namespaces/team-a", "delete", "", "v1", "team-a", "namespaces", "", "team-a"),
    ("PUT", "/api/v1/namespaces/team-a/finalize", "update", "", "v1", "team-a", "namespaces", "finalize", "team-a"),
    ("PUT", "/api/v1/namespaces/team-a/status", "update", "", "v1", "team-a", "namespaces", "status", "team-a"),
    ("GET", "/api/v1/namespaces/team-a/status/x", "get", "", "v1", "team-a", "namespaces", "status", "team-a"),
    ("GET", "/api/v1/namespaces/other/pods", "list", "", "v1", "other", "pods", "", ""),
    ("HEAD", "/api/v1/namespaces/other/pods", "list", "", "v1", "other", "pods", "", ""),
    ("GET", "/api/v1/namespaces/other/pods?limit=500", "list", "", "v1", "other", "pods", "", ""),
    ("GET", "/api/v1/namespaces/other/pods/foo", "get", "", "v1", "other", "pods", "", "foo"),
    ("HEAD", "/api/v1/namespaces/other/pods/foo", "get", "", "v1", "other", "pods", "", "foo"),
    ("GET", "/api/v1/pods", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/nodes/n1", "get", "", "v1", "", "nodes", "", "n1"),
    ("POST", "/api/v1/namespaces/other/pods", "create", "", "v1", "other", "pods", "", ""),
    ("PUT", "/api/v1/namespaces/other/pods/foo", "update", "", "v1", "other", "pods", "", "foo"),
    ("PATCH", "/api/v1/namespaces/other/pods/foo", "patch", "", "v1", "other", "pods", "", "foo"),
    ("DELETE", "/api/v1/namespaces/other/pods/foo", "delete", "", "v1", "other", "pods", "", "foo"),
    ("DELETE", "/api/v1/namespaces/other/pods", "deletecollection", "", "v1", "other", "pods", "", ""),
    ("DELETE", "/api/v1/nodes", "deletecollection", "", "v1", "", "nodes", "", ""),
    ("DELETE", "/api/v1/namespaces", "deletecollection", "", "v1", "", "namespaces", "", ""),
    ("GET", "/api/v1/namespaces/other/pods/foo/status", "get", "", "v1", "other", "pods", "status", "foo"),
    ("GET", "/api/v1/namespaces/other/pods/foo/log?follow=true", "get", "", "v1", "other", "pods", "log", "foo"),
    ("POST", "/api/v1/namespaces/other/pods/foo/binding", "create", "", "v1", "other", "pods", "binding", "foo"),
    ("POST", "/api/v1/namespaces/o/serviceaccounts/s/token", "create", "", "v1", "o", "serviceaccounts", "token", "s"),
    ("GET", "/apis/apps/v1/deployments", "list", "apps", "v1", "", "deployments", "", ""),
    ("GET", "/apis/apps/v1/namespaces/o/deployments/d/scale", "get", "apps", "v1", "o", "deployments", "scale", "d"),
    ("GET", "/apis/batch/v1/job/foo/scale", "get", "batch", "v1", "", "job", "scale", "foo"),
    ("POST", "/apis/e/v1beta3/namespaces/other/pods", "create", "e", "v1beta3", "other", "pods", "", ""),
    ("DELETE", "/apis/e/v1/namespaces/other/pods", "deletecollection", "e", "v1", "other", "pods", "", ""),
    ("GET", "/apis/apps/v1/namespaces/o", "get", "apps", "v1", "o", "namespaces", "", "o"),
    (
        "GET",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        "get",
        "rbac.authorization.k8s.io",
        "v1",
        "",
        "clusterroles",
        "",
        "system:node",
    ),
    (
        "GET",
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Anode",
        "get",
        "rbac.authorization.k8s.io",
        "v1",
        "",
        "clusterroles",
        "",
        "system:node",
    ),
    # watch, by parameter and by the old prefix
    ("GET", "/api/v1/pods?watch=true", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=1", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=no", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=false", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=FALSE", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=0", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=0&watch=1", "list", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?watch=1&watch=0", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/pods?w%61tch=1", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/namespaces/o/pods?limit=x&watch=1", "watch", "", "v1", "o", "pods", "", ""),
    ("GET", "/api/v1/namespaces/o/pods/foo?watch=1", "get", "", "v1", "o", "pods", "", "foo"),
    ("DELETE", "/api/v1/pods?watch=1", "deletecollection", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/watch/pods", "watch", "", "v1", "", "pods", "", ""),
    ("POST", "/api/v1/watch/pods", "watch", "", "v1", "", "pods", "", ""),
    ("GET", "/api/v1/watch/namespaces/other/pods", "watch", "", "v1", "other", "pods", "", ""),
    (
        "GET",
        "/apis/g/v1/watch/resource/name?fieldSelector=metadata.name=foo",
        "watch",
        "g",
        "v1",
        "",
        "resource",
        "",
        "name",
    ),
    ("GET", "/apis/g/v1/watch/resource?fieldSelector=metadata.name=foo", "watch", "g", "v1", "", "resource", "", ""),
    # the old proxy prefix takes no subresource
    ("GET", "/api/v1/proxy/namespaces/other/pods/foo", "proxy", "", "v1", "other", "pods", "", "foo"),
    ("GET", "/api/v1/proxy/namespaces/o/pods/foo/not/a/sub", "proxy", "", "v1", "o", "pods", "", "foo"),
    ("GET", "/api/v1/namespaces/o/pods/foo/proxy/subpath", "get", "", "v1", "o", "pods", "proxy", "foo"),
    # the name that a field selector asks for
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name=name1", "list", "g", "v1", "", "r", "", "name1"),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name%3Dname1", "list", "g", "v1", "", "r", "", "name1"),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name==name1", "list", "g", "v1", "", "r", "", "name1"),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name!=name1", "list", "g", "v1", "", "r", "", ""),
    ("GET", "/apis/g/v1/r?watch=true&fieldSelector=metadata.name=name1", "watch", "g", "v1", "", "r", "", "name1"),
    ("GET", "/apis/g/v1/r?fieldSelector=a=b,metadata.name=n", "list", "g", "v1", "", "r", "", "n"),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name=name1,foo", "list", "g", "v1", "", "r", "", ""),
    (
        "GET",
        "/apis/g/v1/r?fieldSelector=metadata.name=foo&fieldSelector=metadata.name=bar",
        "list",
        "g",
        "v1",
        "",
        "r",
        "",
        "foo",
    ),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name=a%5C,b", "list", "g", "v1", "", "r", "", "a,b"),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name=a%5Cb", "list", "g", "v1", "", "r", "", ""),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name=..", "list", "g", "v1", "", "r", "", ""),
    ("GET", "/apis/g/v1/r?fieldSelector=metadata.name=a/b", "list", "g", "v1", "", "r", "", ""),
    ("GET", "/apis/g/v1/r?limit=x&fieldSelector=metadata.name=n", "list", "g", "v1", "", "r", "", ""),
    ("DELETE", "/apis/g/v1/r?fieldSelector=metadata.name=n", "deletecollection", "g", "v1", "", "r", "", ""),
]


@pytest.mark.parametrize("case", RESOURCES, ids=lambda case: f"{case[0]} {case[1]}")
def test_resources_are_read_as_the_apiserver_reads_them(case):
    method, target, *wanted = case
    info = parse_request(method, target)
    assert info.is_resource
    got = [info.verb, info.group, info.version, info.namespace, info.resource, info.subresource, info.name]
    assert got == wanted


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/apis",
        "/apis/apps",
        "/apis/apps/v1",
        "/apis/apps/v1/",
        "/apis/v1/pods",
        "/version",
        "/healthz/etcd",
        "/openapi/v3/apis/apps/v1?hash=X",
        "/badprefix/v1/pods",
        "/metrics",
    ],
)
def test_other_paths_are_not_resources(target):
    info = parse_request("GET", target)
    assert not info.is_resource
    path = target.partition("?")[0]
    assert info.envelope() == Envelope("get", "", "", path, "")


def test_other_paths_keep_their_method_as_the_verb():
    assert parse_request("POST", "/metrics").envelope().verb == "post"


@pytest.mark.parametrize(
    ("method", "target", "subresource"),
    [
        ("GET", "/api/v1/namespaces/o/pods/p/exec?command=ls", "exec"),
        ("POST", "/api/v1/namespaces/o/pods/p/attach", "attach"),
        ("GET", "/api/v1/namespaces/o/pods/p/portforward", "portforward"),
        ("DELETE", "/api/v1/namespaces/o/services/s/proxy/a/b", "proxy"),
        ("GET", "/api/v1/nodes/n/proxy", "proxy"),
        ("GET", "/api/v1/proxy/nodes/n", "proxy"),
    ],
)
def test_two_way_connections_count_as_create(method, target, subresource):
    info = parse_request(method, target)
    assert info.is_interactive
    assert info.is_change
    assert (info.envelope().verb, info.envelope().subresource) == ("create", subresource)


def test_a_log_is_a_read():
    info = parse_request("GET", "/api/v1/namespaces/o/pods/p/log")
    assert not info.is_change
    assert info.envelope() == Envelope("get", "", "pods", "log", "o")


@pytest.mark.parametrize(
    "target",
    [
        "",
        "api/v1/pods",
        "*",
        "http://h/api",
        "/api/v1//pods",
        "//api/v1/pods",
        "/api/v1/./pods",
        "/api/../x",
        "/..",
        "/api/v1/namespaces/a%2Fb/pods",
        "/api/v1/namespaces/a%5cb",
        "/api/v1/namespaces/%2e%2e/pods",
        "/api/v1/pods%",
        "/api/v1/pods%zz",
        "/api/v1/pods?a=%2",
        "/api/v1/pods?watch=1;x=2",
        "/api/v1/pods#x",
        "/api/v1/p ods",
        "/api/\u00e9",
        "/api/v1/p%00",
        "/api/v1/p%0a",
        "/api/v1/p%ff",
        "/api/v1/pods?a=%00",
        "/" + "a" * 33000,
    ],
)
def test_a_target_with_two_readings_is_refused(target):
    with pytest.raises(TargetError):
        parse_request("GET", target)


@pytest.mark.parametrize("target", ["/api/v1/watch", "/api/v1/proxy", "/apis/g/v1/watch/"])
def test_a_verb_prefix_needs_a_resource(target):
    with pytest.raises(TargetError, match="names no resource"):
        parse_request("GET", target)


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "get", "BREW"])
def test_a_resource_knows_six_methods(method):
    with pytest.raises(TargetError, match="method"):
        parse_request(method, "/api/v1/pods")


def test_a_query_may_hold_newlines_and_plus_signs():
    assert split_target("/x?command=a%0Ab&c=d+e") == ("/x", [("command", "a\nb"), ("c", "d e")])


@given(st.text(max_size=60), st.sampled_from(["GET", "POST", "DELETE"]))
def test_any_target_is_read_or_refused(text, method):
    try:
        info = parse_request(method, "/" + text)
    except TargetError:
        return
    assert info.envelope().verb
    assert info.is_resource == bool(info.resource)


SEGMENT = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True).filter(
    lambda s: s not in {"proxy", "watch", "status", "finalize", "namespaces", "exec", "attach", "portforward"}
)


@given(SEGMENT, SEGMENT, SEGMENT, SEGMENT)
def test_a_namespaced_object_keeps_its_parts(group, namespace, resource, name):
    info = parse_request("GET", f"/apis/{group}/v1/namespaces/{namespace}/{resource}/{name}")
    assert (info.group, info.namespace, info.resource, info.name) == (group, namespace, resource, name)
    assert info.envelope() == Envelope("get", group, resource, "", namespace)
