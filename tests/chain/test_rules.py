"""Rule texts, and the one question: does this allow that?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.errors import RuleSyntaxError
from chain.rules import RULES, Envelope, Rule, allows, parse_rule, parse_rules

NAME = st.text("abcdefgh.-*", min_size=1, max_size=12)
VERBS = st.lists(st.text("abcdefgh", min_size=1, max_size=8), min_size=1, max_size=4, unique=True).map(tuple)


@given(
    st.builds(
        Rule, st.one_of(st.just(""), NAME), NAME, st.one_of(st.just(""), NAME), st.one_of(st.just(""), NAME), VERBS
    )
)
def test_texts_come_back(rule):
    assert parse_rule(str(rule)) == rule
    assert RULES.decode(RULES.encode((rule,))) == (rule,)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("/pods:default:get,list", Rule("", "pods", "", "default", ("get", "list"))),
        ("apps/deployments:*:*", Rule("apps", "deployments", "", "*", ("*",))),
        ("/pods/log:default:get", Rule("", "pods", "log", "default", ("get",))),
        ("/nodes::get", Rule("", "nodes", "", "", ("get",))),
        ("url:/metrics:get", Rule("", "", "/metrics", "", ("get",))),
        ("url:/a:b/*:get", Rule("", "", "/a:b/*", "", ("get",))),
    ],
)
def test_texts_as_people_write_them(text, rule):
    assert parse_rule(text) == rule
    assert parse_rule(str(rule)) == rule


@pytest.mark.parametrize(
    "text",
    [
        "", "pods:default:get", "/pods:default", "/pods:default:", "/:default:get", "/pods/:default:get",
        "/pods/a/b:default:get", "/pods:default:get:x", "/pods:default:get,", "/pods:default:GET", "/pods:d:get get",
        "/pods:d:get,get", "url:metrics:get", "url:/metrics", "url:/a*b:get",
        "/pods:d:" + ",".join(map(str, range(33))), "/" + "p" * 600 + ":d:get",
    ],
)  # fmt: skip
def test_wrong_texts_are_refused_with_examples(text):
    with pytest.raises(RuleSyntaxError):
        parse_rule(text)


def test_at_most_64_rules():
    assert len(parse_rules(["/pods:d:get"] * 64)) == 64
    with pytest.raises(RuleSyntaxError):
        parse_rules(["/pods:d:get"] * 65)


def asks(verb="get", group="", resource="pods", subresource="", namespace="default"):
    return Envelope(verb, group, resource, subresource, namespace)


@pytest.mark.parametrize(
    ("rule", "envelope", "allowed"),
    [
        ("/pods:default:get", asks(), True),
        ("/pods:default:get", asks(verb="list"), False),
        ("/pods:default:get", asks(namespace="other"), False),
        ("/pods:default:get", asks(namespace=""), False),
        ("/pods:*:get", asks(namespace=""), True),
        ("/pods:default:get", asks(group="apps"), False),
        ("*/pods:default:get", asks(group="apps"), True),
        ("/*:default:get", asks(resource="secrets"), True),
        ("/*:default:get", asks(subresource="log"), False),
        ("/*/*:default:get", asks(subresource="log"), True),
        ("/*/*:default:get", asks(), False),
        ("/pods:default:*", asks(subresource="exec"), False),
        ("/pods/exec:default:get", asks(subresource="exec"), False),
        ("/pods/exec:default:create", asks(subresource="exec"), True),
        ("/services/proxy:default:create", asks(resource="services", subresource="proxy"), True),
        ("/pods/attach:default:create", asks(subresource="attach"), True),
        ("/pods/portforward:default:get", asks(subresource="portforward"), False),
        ("*/*:*:*", asks(subresource="/metrics", resource="", namespace=""), False),
        ("*/*/*:*:*", asks(subresource="/metrics", resource="", namespace=""), False),
        ("url:/metrics:get", asks(subresource="/metrics", resource="", namespace=""), True),
        ("url:/metrics:get", asks(subresource="/metricsx", resource="", namespace=""), False),
        ("url:/metrics/*:get", asks(subresource="/metrics/a/b", resource="", namespace=""), True),
        ("url:/*:get", asks(subresource="/exec", resource="", namespace=""), True),
        ("url:/*:get", asks(), False),
    ],
)
def test_what_a_rule_allows(rule, envelope, allowed):
    assert allows(parse_rules([rule]), envelope) is allowed


def test_no_rules_allow_nothing():
    assert not allows((), asks())


def test_stake_is_needed_for_everything_but_reading():
    assert not any(asks(verb=verb).needs_stake for verb in ("get", "list", "watch"))
    assert all(asks(verb=verb).needs_stake for verb in ("create", "delete", "deletecollection", "impersonate"))
    assert asks(subresource="exec").needs_stake
    assert asks(subresource="proxy").needs_stake
    assert not asks(subresource="log").needs_stake


def test_envelopes_read_well():
    assert str(asks()) == "get pods in default"
    assert (
        str(asks(group="apps", resource="deployments", subresource="scale", namespace=""))
        == "get apps/deployments/scale"
    )
    assert str(asks(subresource="/metrics")) == "get /metrics"
