"""What of an HTTP exchange passes between client and apiserver, and what is refused here.

Role: pure rules over method, target and headers: is the opened request what its envelope says, which headers go on,
which of the appliance's own objects nobody may change.

Rules:
- Headers are forwarded by allowlist in both directions; identity, hop-by-hop and length headers are never on it.
- The envelope is computed by the same function as in the gateway; any difference is a refusal.
- Reads are never protected here: RBAC and the contract decide them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from chain.payload import AnswerPlaintext, Header
from enclave.execution import Kind
from enclave.rbac import PREFIX
from gateway.errors import TargetError
from gateway.request_info import parse_request
from gateway.status import refusal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chain.rules import Envelope
    from gateway.request_info import RequestInfo

REQUEST_HEADERS: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "kubectl-command",
        "kubectl-session",
        "user-agent",
    }
)
"""What the apiserver hears of a client's headers."""

RESPONSE_HEADERS: Final = frozenset(
    {
        "allow",
        "audit-id",
        "cache-control",
        "content-encoding",
        "content-type",
        "etag",
        "expires",
        "last-modified",
        "location",
        "retry-after",
        "vary",
        "warning",
        "x-kubernetes-pf-flowschema-uid",
        "x-kubernetes-pf-prioritylevel-uid",
    }
)
"""What a client hears of the apiserver's headers."""

_READS: Final = frozenset({"get", "list", "watch", "head", "options"})
_SYSTEM_NAMESPACES: Final = frozenset({"kube-system"})
_RBAC: Final = "rbac.authorization.k8s.io"
_ADMISSION: Final = "admissionregistration.k8s.io"


class PolicyError(Exception):
    """A request is refused before the apiserver hears of it; holds the answer's status."""

    def __init__(self, status: int, message: str) -> None:
        """Keep the HTTP status beside the words."""
        super().__init__(message)
        self.status = status


class EnvelopeError(PolicyError):
    """An opened request is not what stands on the chain about it: its sender's own doing."""


def request_headers(headers: Iterable[Header]) -> tuple[tuple[str, str], ...]:
    """Give the headers that the apiserver may hear."""
    return tuple((each.name, each.value) for each in headers if each.name.lower() in REQUEST_HEADERS)


def response_headers(headers: Iterable[tuple[str, str]]) -> tuple[Header, ...]:
    """Give the headers that the client may hear."""
    return tuple(Header(name, value) for name, value in headers if name.lower() in RESPONSE_HEADERS)


def kind_of(envelope: Envelope, *, stream: bool) -> Kind:
    """Say what running a request twice would do."""
    if stream:
        return Kind.STREAM
    return Kind.READ if envelope.counted_verb in _READS else Kind.CHANGE


def check_request(method: str, target: str, said: Envelope, *, stream: bool) -> RequestInfo:
    """Check that an opened request is exactly what stands on the chain about it.

    Raises:
        EnvelopeError: it is not.
    """
    try:
        info = parse_request(method, target)
    except TargetError as error:
        raise EnvelopeError(400, f"the request inside the payload cannot be read: {error}") from error
    real = info.envelope()
    if (real.verb, real.group, real.resource, real.subresource, real.namespace) != (
        said.verb,
        said.group,
        said.resource,
        said.subresource,
        said.namespace,
    ):
        raise EnvelopeError(
            400, "the request inside the payload is not what its transaction says; it was not carried out"
        )
    if info.is_watch != stream:
        raise EnvelopeError(400, "a watch must be asked for as a stream, and nothing else; it was not carried out")
    return info


def check_protected(info: RequestInfo) -> None:
    """Refuse changes to the appliance's own objects.

    Raises:
        PolicyError: the request would change one.
    """
    if not info.is_resource or not info.is_change:
        return
    envelope = info.envelope()
    if envelope.namespace in _SYSTEM_NAMESPACES:
        raise PolicyError(403, f"the namespace {envelope.namespace} belongs to the appliance; it can be read only")
    if info.group not in {_RBAC, _ADMISSION}:
        return
    if info.name.startswith(PREFIX):
        raise PolicyError(403, f"{info.resource} {info.name!r} belongs to the appliance; it can be read only")
    if info.verb == "deletecollection":
        raise PolicyError(
            403, f"{info.resource} cannot be deleted all at once: some belong to the appliance; name them"
        )


def status_answer(status: int, message: str, *, info: RequestInfo | None = None) -> AnswerPlaintext:
    """Put a refusal into the form that kubectl prints."""
    response = refusal(status, message, info=info)
    return AnswerPlaintext(
        status=status, headers=tuple(Header(name, value) for name, value in response.headers), body=response.body
    )
