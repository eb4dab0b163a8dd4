"""A token's rules as Kubernetes RBAC: the second, independent layer behind the contract.

Role: pure translation from rules to the RBAC objects of one mirrored user.

Rules, where RBAC means something else than the contract:
- RBAC's resource `*` covers subresources, the contract's does not: `*` is written out from discovery.
- exec, attach, portforward and proxy count as `create` on chain; the apiserver maps them by HTTP method: `create` on
  them becomes every verb it maps to, and any other verb on them becomes nothing.
- Namespace empty (cluster scope) on a resource that lives in namespaces is only ever a list or watch over all of them.
- Namespace `*` includes cluster scope: a ClusterRole. A named namespace: a Role there.
- A narrowed grant is a user of its own, with the intersection of both rule sets.
- Each role also carries a marker rule with the hash of its content, so that its being in force can be asked for.

It asks no apiserver: `enclave.mirror` does.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from chain.rules import RULES, Rule
from enclave.execution_errors import MirrorError
from enclave.execution_limits import LIMITS, ExecutionLimits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sui.types import Address

LABEL: Final = "app.kubernetes.io/managed-by"
"""The label under which the appliance's own objects are found."""

OWNER: Final = "k3s-daas"
"""That label's value."""

PREFIX: Final = "k3s-daas:"
"""How the names of mirrored roles begin; nobody else may write objects with such names."""

MARKER_GROUP: Final = "mirror.k3s-daas"
"""The API group of marker rules; no API serves it."""

INNER: Final = "-inner"
"""What the marker of a Role has after the user's marker, so that no ClusterRole answers for it."""

_API: Final = "rbac.authorization.k8s.io"
_INTERACTIVE: Final[dict[str, tuple[str, ...]]] = {
    "exec": ("get", "create"),
    "attach": ("get", "create"),
    "portforward": ("get", "create"),
    "proxy": ("get", "create", "update", "patch", "delete"),
}
_WIDE_VERBS: Final = ("list", "watch")
_ANY: Final = "*"


@dataclass(frozen=True, order=True)
class Resource:
    """One resource or subresource that the apiserver serves."""

    group: str
    name: str
    subresource: str
    namespaced: bool


@dataclass(frozen=True)
class User:
    """A mirrored user: a token's owner, or a narrowed grant of his.

    Attributes:
        name: as the apiserver sees it.
        role: the name of its roles and bindings.
    """

    name: str
    role: str


@dataclass(frozen=True)
class RbacObject:
    """One object to apply.

    Attributes:
        path: where it is, from the apiserver's root.
        manifest: what it says.
    """

    path: str
    manifest: dict[str, Any]

    @property
    def body(self) -> bytes:
        """The manifest as bytes that depend on its content alone."""
        return json.dumps(self.manifest, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Mirror:
    """Everything that stands for one user.

    Attributes:
        user: whom it is for.
        objects: roles and bindings.
        namespaces: the namespaces named in rules, whether they exist or not.
        marker: the name of the marker resource.
    """

    user: User
    objects: tuple[RbacObject, ...]
    namespaces: frozenset[str]
    marker: str


def user_of(token: Address, owner: Address, narrowed: Sequence[Rule] = ()) -> User:
    """Name the user that a token's request runs as."""
    name, role = f"sui:{token}:{owner}", f"{PREFIX}{token}"
    if narrowed:
        suffix = hashlib.sha256(RULES.encode(tuple(narrowed))).hexdigest()[:16]
        name, role = f"{name}:{suffix}", f"{role}:{suffix}"
    return User(name, role)


def effective_rules(
    rules: Sequence[Rule], narrowed: Sequence[Rule], limits: ExecutionLimits = LIMITS
) -> tuple[Rule, ...]:
    """Intersect a token's rules with a grant's narrower ones; no narrower ones means all.

    Raises:
        MirrorError: the intersection has more rules than are mirrored.
    """
    if not narrowed:
        return tuple(rules)
    found = dict.fromkeys(
        both for mine in rules for theirs in narrowed if (both := _intersect(mine, theirs)) is not None
    )
    if len(found) > limits.mirrored_rules:
        raise MirrorError("the grant's rules and the token's have too many combinations; narrow the grant further")
    return tuple(found)


def _intersect(one: Rule, other: Rule) -> Rule | None:
    """Give the rule that allows what both allow, None where nothing is left."""
    if one.is_url != other.is_url:
        return None
    verbs = _both_verbs(one.verbs, other.verbs)
    if not verbs:
        return None
    if one.is_url:
        path = _both_paths(one.subresource, other.subresource)
        return None if path is None else Rule("", "", path, "", verbs)
    parts = [
        _both(mine, theirs)
        for mine, theirs in ((one.group, other.group), (one.resource, other.resource), (one.namespace, other.namespace))
    ]
    subresource = _both_subresources(one.subresource, other.subresource)
    group, resource, namespace = parts
    if group is None or resource is None or namespace is None or subresource is None:
        return None
    return Rule(group, resource, subresource, namespace, verbs)


def _both(one: str, other: str) -> str | None:
    if one == _ANY:
        return other
    return one if other in {_ANY, one} else None


def _both_subresources(one: str, other: str) -> str | None:
    if one == other:
        return one
    if not one or not other:
        return None
    return _both(one, other)


def _both_verbs(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    if "*" in one:
        return ("*",) if "*" in other else tuple(other)
    return tuple(one) if "*" in other else tuple(verb for verb in one if verb in other)


def _both_paths(one: str, other: str) -> str | None:
    short, long = sorted((one, other), key=lambda path: (not path.endswith("*"), len(path)))
    if short == long:
        return short
    if not short.endswith("*"):
        return None
    return long if long.removesuffix("*").startswith(short[:-1]) else None


def mirror(user: User, rules: Sequence[Rule], discovery: Iterable[Resource], existing: Iterable[str]) -> Mirror:
    """Translate rules to RBAC objects.

    Args:
        user: whom they are for.
        rules: what the user may do.
        discovery: what the apiserver serves.
        existing: the namespaces that exist; roles are only made there.
    """
    known = sorted(set(discovery))
    wide: list[dict[str, Any]] = []
    within: dict[str, list[dict[str, Any]]] = {}
    for rule in rules:
        if rule.is_url:
            wide.append({"nonResourceURLs": [rule.subresource], "verbs": list(rule.verbs)})
        elif rule.namespace == _ANY:
            wide += _policies(rule, known)
        elif rule.namespace:
            within.setdefault(rule.namespace, []).extend(_policies(rule, known))
        else:
            wide += _cluster_scope(rule, known)
    content = json.dumps([user.name, wide, within], sort_keys=True).encode()
    marker = hashlib.sha256(content).hexdigest()[:24]
    sign = {"apiGroups": [MARKER_GROUP], "resources": [marker], "verbs": ["get"]}
    objects = _role_pair(user, None, [*wide, sign]) if rules else []
    inner = {**sign, "resources": [f"{marker}{INNER}"]}
    for namespace in sorted(set(within) & set(existing)):
        objects += _role_pair(user, namespace, [*within[namespace], inner])
    return Mirror(user, tuple(objects), frozenset(within), marker)


def _policies(rule: Rule, known: Sequence[Resource]) -> list[dict[str, Any]]:
    """Write one rule as policy rules that mean the same wherever its namespace holds."""
    if rule.resource != "*" and rule.subresource != "*":
        name = f"{rule.resource}/{rule.subresource}" if rule.subresource else rule.resource
        verbs = _verbs(rule, rule.subresource)
        return [{"apiGroups": [rule.group], "resources": [name], "verbs": list(verbs)}] if verbs else []
    return _expanded(rule, known)


def _expanded(
    rule: Rule, known: Sequence[Resource], *, only_verbs: tuple[str, ...] | None = None
) -> list[dict[str, Any]]:
    """Write out `*` from what the apiserver serves, grouped by API group and verbs."""
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for each in known:
        fits = (
            rule.group in {"*", each.group}
            and rule.resource in {"*", each.name}
            and (rule.subresource == each.subresource or (rule.subresource == "*" and each.subresource != ""))
        )
        verbs = _verbs(rule, each.subresource) if fits else ()
        if only_verbs is not None and each.namespaced:
            verbs = only_verbs if "*" in verbs else tuple(verb for verb in verbs if verb in only_verbs)
        if verbs:
            name = f"{each.name}/{each.subresource}" if each.subresource else each.name
            grouped.setdefault((each.group, verbs), []).append(name)
    return [
        {"apiGroups": [group], "resources": sorted(set(names)), "verbs": list(verbs)}
        for (group, verbs), names in sorted(grouped.items())
    ]


def _cluster_scope(rule: Rule, known: Sequence[Resource]) -> list[dict[str, Any]]:
    """Write a rule for cluster scope: of what lives in namespaces, only lists over all of them."""
    return _expanded(rule, known, only_verbs=_WIDE_VERBS)


def _verbs(rule: Rule, subresource: str) -> tuple[str, ...]:
    mapped = _INTERACTIVE.get(subresource)
    if mapped is None:
        return rule.verbs
    return mapped if {"create", "*"} & set(rule.verbs) else ()


def _role_pair(user: User, namespace: str | None, rules: list[dict[str, Any]]) -> list[RbacObject]:
    """One role and its binding, in a namespace or for the whole cluster."""
    kind = "Role" if namespace else "ClusterRole"
    metadata: dict[str, Any] = {"name": user.role, "labels": {LABEL: OWNER}}
    base = f"/apis/{_API}/v1"
    if namespace:
        metadata["namespace"] = namespace
        base += f"/namespaces/{namespace}"
    plural = kind.lower() + "s"
    role = {"apiVersion": f"{_API}/v1", "kind": kind, "metadata": metadata, "rules": rules}
    binding = {
        "apiVersion": f"{_API}/v1",
        "kind": f"{kind}Binding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _API, "kind": kind, "name": user.role},
        "subjects": [{"apiGroup": _API, "kind": "User", "name": user.name}],
    }
    return [
        RbacObject(f"{base}/{plural}/{user.role}", role),
        RbacObject(f"{base}/{kind.lower()}bindings/{user.role}", binding),
    ]


def parse_discovery(*documents: Any) -> tuple[Resource, ...]:
    """Read the apiserver's aggregated discovery documents (`APIGroupDiscoveryList`).

    Raises:
        MirrorError: a document is something else.
    """
    found: set[Resource] = set()
    try:
        for document in documents:
            for group in document["items"]:
                name = group.get("metadata", {}).get("name", "")
                for version in group.get("versions", []):
                    for resource in version.get("resources", []):
                        namespaced = resource["scope"] == "Namespaced"
                        plural = resource["resource"]
                        found.add(Resource(name, plural, "", namespaced))
                        found.update(
                            Resource(name, plural, sub["subresource"], namespaced)
                            for sub in resource.get("subresources", [])
                        )
    except (KeyError, TypeError, AttributeError) as error:
        raise MirrorError("the apiserver's discovery cannot be read; it is of another version") from error
    return tuple(sorted(found))
