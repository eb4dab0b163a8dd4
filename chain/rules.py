"""Rules of a seal token: what they are, how people write them, and what they allow.

Role: the same `allows` that the contract computes in Move (`rules.move`), so that a client knows beforehand what will
be denied; golden cases in `tests/chain` and in the Move tests hold the two together.

Rules:
- attributes are those of the apiserver's RequestInfo; matching is RBAC's PolicyRule, except that resource `*` covers
  no subresource: a subresource is said by name or as `*`;
- exec, attach, portforward and proxy count as `create`, whatever the HTTP method;
- namespace `*` includes cluster scope, which is the empty namespace;
- a non-resource rule is one whose subresource begins with `/`: it is a URL path that may end in `*`.

It does not say what is in force: stake, expiry and revocation are the contract's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.errors import RuleSyntaxError
from chain.limits import LIMITS
from sui.bcs import STRING, struct, vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sui.bcs import Codec

_COUNT_AS_CREATE = frozenset({"exec", "attach", "portforward", "proxy"})
_STAKE_FREE = frozenset({"get", "list", "watch"})


@dataclass(frozen=True, order=True)
class Envelope:
    """What stands in clear on chain about one request."""

    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str

    @property
    def is_url(self) -> bool:
        """Whether this is a non-resource URL."""
        return self.subresource.startswith("/")

    @property
    def counted_verb(self) -> str:
        """The verb that rules are matched against."""
        return "create" if not self.is_url and self.subresource in _COUNT_AS_CREATE else self.verb

    @property
    def needs_stake(self) -> bool:
        """Whether the contract asks for the cluster's minimum stake."""
        return self.counted_verb not in _STAKE_FREE

    def __str__(self) -> str:
        """Write it as people read it."""
        if self.is_url:
            return f"{self.verb} {self.subresource}"
        name = f"{self.group}/{self.resource}" if self.group else self.resource
        if self.subresource:
            name += f"/{self.subresource}"
        return f"{self.verb} {name}" + (f" in {self.namespace}" if self.namespace else "")


@dataclass(frozen=True, order=True)
class Rule:
    """One line of what a token may do."""

    group: str
    resource: str
    subresource: str
    namespace: str
    verbs: tuple[str, ...]

    @property
    def is_url(self) -> bool:
        """Whether this rule speaks of non-resource URLs."""
        return self.subresource.startswith("/")

    def allows(self, envelope: Envelope) -> bool:
        """Whether this one rule allows the request."""
        if self.is_url != envelope.is_url:
            return False
        if "*" not in self.verbs and envelope.counted_verb not in self.verbs:
            return False
        if self.is_url:
            return _path_matches(self.subresource, envelope.subresource)
        return (
            self.group in {"*", envelope.group}
            and self.resource in {"*", envelope.resource}
            and (self.subresource == envelope.subresource or (self.subresource == "*" and envelope.subresource != ""))
            and self.namespace in {"*", envelope.namespace}
        )

    def __str__(self) -> str:
        """Write the rule as the command line takes it."""
        verbs = ",".join(self.verbs)
        if self.is_url:
            return f"url:{self.subresource}:{verbs}"
        sub = f"/{self.subresource}" if self.subresource else ""
        return f"{self.group}/{self.resource}{sub}:{self.namespace}:{verbs}"


ENVELOPE: Codec[Envelope] = struct(
    Envelope, verb=STRING, group=STRING, resource=STRING, subresource=STRING, namespace=STRING
)
"""BCS of an envelope."""

RULE: Codec[Rule] = struct(
    Rule,
    group=STRING,
    resource=STRING,
    subresource=STRING,
    namespace=STRING,
    verbs=vector(STRING, max_len=LIMITS.rule_verbs),
)
"""BCS of a rule."""

RULES: Codec[tuple[Rule, ...]] = vector(RULE, max_len=LIMITS.rules)
"""BCS of a token's or grant's rules."""


def _path_matches(pattern: str, path: str) -> bool:
    if pattern.endswith("*"):
        return path.startswith(pattern[:-1])
    return pattern == path


def allows(rules: Iterable[Rule], envelope: Envelope) -> bool:
    """Whether any of the rules allows the request."""
    return any(rule.allows(envelope) for rule in rules)


def parse_rule(text: str) -> Rule:
    """Read `GROUP/RESOURCE[/SUB]:NAMESPACE:VERB,...` or `url:PATH:VERB,...`.

    Raises:
        RuleSyntaxError: the text is neither.
    """
    if len(text.encode()) > LIMITS.rule_text_bytes:
        raise RuleSyntaxError(f"rule is longer than {LIMITS.rule_text_bytes} bytes; split it into several --rule")
    if text.startswith("url:"):
        return _parse_url_rule(text)
    parts = text.split(":")
    if len(parts) != 3:
        raise _syntax(text, "three parts separated by ':'")
    what, namespace, verb_text = parts
    names = what.split("/")
    if len(names) not in {2, 3} or not names[1] or (len(names) == 3 and not names[2]):
        raise _syntax(text, "GROUP/RESOURCE or GROUP/RESOURCE/SUB before the first ':' (core group: leave GROUP empty)")
    sub = names[2] if len(names) == 3 else ""
    return Rule(names[0], names[1], sub, namespace, _verbs(text, verb_text))


def _parse_url_rule(text: str) -> Rule:
    path, colon, verb_text = text.removeprefix("url:").rpartition(":")
    if not colon or not path.startswith("/"):
        raise _syntax(text, "url:/PATH:VERB,...")
    if "*" in path[:-1]:
        raise _syntax(text, "'*' only at the end of a URL path")
    return Rule("", "", path, "", _verbs(text, verb_text))


def _verbs(text: str, verb_text: str) -> tuple[str, ...]:
    verbs = tuple(verb_text.split(","))
    if not all(verbs) or any(not verb.isascii() or " " in verb or verb != verb.lower() for verb in verbs):
        raise _syntax(text, "at least one lower-case verb after the last ':', separated by ',' (or '*')")
    if len(set(verbs)) != len(verbs):
        raise _syntax(text, "each verb once")
    if len(verbs) > LIMITS.rule_verbs:
        raise _syntax(text, f"at most {LIMITS.rule_verbs} verbs")
    return verbs


def _syntax(text: str, wanted: str) -> RuleSyntaxError:
    return RuleSyntaxError(
        f"rule {text!r} cannot be read: wanted {wanted}; examples: '/pods:default:get,list', 'apps/deployments:*:*', "
        "'/pods/log:default:get', 'url:/metrics:get'"
    )


def parse_rules(texts: Sequence[str]) -> tuple[Rule, ...]:
    """Read several rule texts."""
    if len(texts) > LIMITS.rules:
        raise RuleSyntaxError(f"a token has at most {LIMITS.rules} rules, these are {len(texts)}")
    return tuple(parse_rule(text) for text in texts)
