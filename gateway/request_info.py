"""What a Kubernetes request asks for, read from method and target alone, as the apiserver reads it.

Role: the attributes (verb, group, resource, subresource, namespace, name) that the contract authorises, that the
gateway checks, and that the executor compares with the sealed request before it runs it. All three call this function.

Rules:
- The result is that of the apiserver's RequestInfoFactory (prefixes `api` and `apis`), case for case.
- A target that two readers could understand differently (bad escapes, `;` in the query, dot or empty segments, an
  escaped slash, control or non-ASCII bytes) is refused, never guessed.
- The body and the headers are never looked at.

It does not know which resources exist, and it does not judge a label selector (only the name hint of a list could
depend on it, and no rule depends on that name).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

from chain.rules import Envelope
from gateway.errors import TargetError

MAX_TARGET_BYTES: Final = 32 * 1024

_VERB_OF_METHOD: Final = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_PATH_VERBS: Final = frozenset({"proxy", "watch"})
_NAMESPACE_SUBRESOURCES: Final = frozenset({"status", "finalize"})
_INTERACTIVE: Final = frozenset({"exec", "attach", "portforward", "proxy"})
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TARGET_BYTES: Final = re.compile(r"/[\x21-\x22\x24-\x7e]*")


@dataclass(frozen=True, slots=True)
class RequestInfo:
    """The apiserver's attributes of one request.

    Attributes:
        is_resource: Whether the path names a resource (`/api/v1/…`, `/apis/GROUP/VERSION/…`).
        path: The decoded path.
        verb: The Kubernetes verb, or the lower-case method of a non-resource request.
        prefix: `api`, `apis`, or empty.
        group: The API group, empty for the core group.
        version: The API version.
        namespace: The namespace; for the Namespace object itself, its own name.
        resource: The resource in its plural form.
        subresource: The subresource, or empty.
        name: The object's name, or empty.
        parts: The path from the resource on.
    """

    is_resource: bool
    path: str
    verb: str
    prefix: str = ""
    group: str = ""
    version: str = ""
    namespace: str = ""
    resource: str = ""
    subresource: str = ""
    name: str = ""
    parts: tuple[str, ...] = ()

    @property
    def is_interactive(self) -> bool:
        """Whether this opens a two-way connection into the cluster, which rules count as `create`."""
        return self.is_resource and (self.subresource in _INTERACTIVE or self.verb == "proxy")

    @property
    def is_watch(self) -> bool:
        """Whether the answer is a stream of events."""
        return self.is_resource and self.verb == "watch"

    @property
    def is_change(self) -> bool:
        """Whether this counts as a change: it needs stake, and running it twice could do something twice."""
        return self.envelope().needs_stake

    def envelope(self) -> Envelope:
        """Give the attributes under which the contract decides this request."""
        if not self.is_resource:
            return Envelope(verb=self.verb, group="", resource="", subresource=self.path, namespace="")
        subresource = "proxy" if self.verb == "proxy" else self.subresource
        verb = "create" if self.is_interactive else self.verb
        return Envelope(verb, self.group, self.resource, subresource, self.namespace)


def parse_request(method: str, target: str) -> RequestInfo:
    """Read the attributes of one request.

    Args:
        method: The HTTP method in upper case.
        target: The request target as it came: path and, after `?`, the query, still escaped.

    Raises:
        TargetError: If the method or target is not one that every reader understands the same way.
    """
    path, query = split_target(target)
    segments = path.strip("/").split("/") if path.strip("/") else []
    plain = RequestInfo(is_resource=False, path=path, verb=method.lower())
    if len(segments) < 3 or segments[0] not in {"api", "apis"}:
        return plain
    prefix, *rest = segments
    group = ""
    if prefix == "apis":
        if len(rest) < 3:
            return plain
        group, *rest = rest
    version, *rest = rest

    if rest[0] in _PATH_VERBS:
        if len(rest) < 2:
            raise TargetError(f"the path {path!r} names no resource after {rest[0]!r}; use the query parameter instead")
        verb, *rest = rest
    elif method in _VERB_OF_METHOD:
        verb = _VERB_OF_METHOD[method]
    else:
        raise TargetError(f"the method {method!r} is not one that Kubernetes resources know")

    namespace = ""
    if rest[0] == "namespaces" and len(rest) > 1:
        namespace = rest[1]
        if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
            rest = rest[2:]
    resource = rest[0]
    name = rest[1] if len(rest) >= 2 else ""
    subresource = rest[2] if len(rest) >= 3 and verb != "proxy" else ""

    if not name and verb == "get":
        verb, name = _list_or_watch(query)
    if not name and verb == "delete":
        verb = "deletecollection"
    return RequestInfo(True, path, verb, prefix, group, version, namespace, resource, subresource, name, tuple(rest))


def split_target(target: str) -> tuple[str, list[tuple[str, str]]]:
    """Decode a request target into its path and its query parameters in order.

    Raises:
        TargetError: If the target is too long, not in origin form, or ambiguous.
    """
    if len(target) > MAX_TARGET_BYTES:
        raise TargetError(f"the request target is longer than {MAX_TARGET_BYTES} bytes; send a shorter one")
    if not _TARGET_BYTES.fullmatch(target) or _BAD_ESCAPE.search(target):
        raise TargetError("the request target is not a plain escaped path; escape every special character")
    raw_path, _, raw_query = target.partition("?")
    segments = raw_path[1:].split("/")
    inner = segments[:-1] if segments[-1] == "" else segments
    path_parts = [_decode(part, plus=False) for part in segments]
    if any(part in {"", ".", ".."} or "/" in part or "\\" in part for part in path_parts[: len(inner)]):
        raise TargetError("the path has an empty, a dot, or an escaped-slash segment; send it in its plain form")
    if ";" in raw_query:
        raise TargetError("the query has a bare ';'; escape it as %3B")
    pairs = []
    for item in raw_query.split("&") if raw_query else []:
        if item:
            key, _, value = item.partition("=")
            pairs.append((_decode(key, plus=True), _decode(value, plus=True)))
    return "/" + "/".join(path_parts), pairs


def _decode(text: str, *, plus: bool) -> str:
    """Decode percent escapes strictly: UTF-8, no control characters."""
    try:
        decoded = unquote_to_bytes(text.replace("+", " ") if plus else text).decode("utf-8")
    except UnicodeDecodeError:
        raise TargetError("the request target has an escape that is not UTF-8; send it as UTF-8") from None
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in decoded) and not (plus and "\x00" not in decoded):
        raise TargetError("the request target has an escaped control character; leave it out")
    return decoded


def _list_or_watch(query: list[tuple[str, str]]) -> tuple[str, str]:
    """Tell list from watch, and find the one name that a field selector asks for."""
    first: dict[str, str] = {}
    for key, value in query:
        first.setdefault(key, value)
    watch = "watch" in first and first["watch"].lower() not in {"false", "0"}
    verb = "watch" if watch else "list"
    for number in ("timeoutSeconds", "limit"):
        if number in first and not _NUMBER.fullmatch(first[number]):
            return verb, ""
    name = _selected_name(first.get("fieldSelector", ""))
    return verb, "" if name in {".", ".."} or "/" in name or "%" in name else name


def _selected_name(selector: str) -> str:
    """Give the value that a field selector requires of `metadata.name`, or empty."""
    found = ""
    for term in sorted(_split_terms(selector)):
        if not term:
            continue
        match = re.search(r"!=|==|=", term)
        if match is None:
            return ""
        value = _unescape(term[match.end() :])
        if value is None:
            return ""
        if match.group() != "!=" and term[: match.start()] == "metadata.name" and not found:
            found = value
    return found


def _split_terms(selector: str) -> list[str]:
    """Split a field selector at commas that no backslash escapes."""
    terms, current, escaped = [], "", False
    for char in selector:
        if char == "," and not escaped:
            terms.append(current)
            current = ""
            continue
        escaped = char == "\\" and not escaped
        current += char
    return [*terms, current]


def _unescape(value: str) -> str | None:
    """Undo a selector value's escapes; None where the apiserver would refuse it."""
    plain, escaped = "", False
    for char in value:
        if escaped:
            if char not in "\\,=":
                return None
            plain, escaped = plain + char, False
        elif char == "\\":
            escaped = True
        elif char in ",=":
            return None
        else:
            plain += char
    return None if escaped else plain
