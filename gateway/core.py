"""Admission: what becomes of a request before anything is sent anywhere.

Role: one pure function from a request to either a refusal or the way it goes.

Rules, in this order: method and target readable in one way only (400) → body within its cap (413) → bearer (401) → no
impersonation (403) → rules (403) → offered (501) → a lasting denial that still holds is repeated (403).
Discovery and the self reviews need a token and no rule: they show nothing of a tenant, and the reviews are answered as
the mirrored user.

What passes here is not yet allowed: the contract decides. Limits in time and number are `gateway.limits`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gateway.classify import Route, classify
from gateway.errors import TargetError
from gateway.identity import Identity, UnauthenticatedError
from gateway.messages import HttpRequest, HttpResponse
from gateway.request_info import RequestInfo, parse_request, split_target
from gateway.status import describe, refusal

if TYPE_CHECKING:
    from collections.abc import Hashable

    from chain.grants import GrantScope
    from gateway.denials import DenialMemory
    from gateway.errors import DeniedError
    from gateway.identity import Doorkeeper
    from gateway.limits import Limits

_FORWARDED: Final = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "cache-control",
        "content-encoding",
        "content-type",
        "if-match",
        "if-modified-since",
        "if-none-match",
        "kubectl-command",
        "kubectl-session",
        "user-agent",
    }
)
_DURATION: Final = re.compile(r"(?:[0-9]{1,9}(?:\.[0-9]{1,3})?(?:ms|s|m|h))+")
_DURATION_PART: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNIT_MS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may be sent on.

    Attributes:
        identity: Who asks.
        info: What is asked.
        route: Which way it goes.
        request: The request with only the headers that are forwarded.
        wanted_ms: How long the client itself wants to wait, or None.
    """

    identity: Identity
    info: RequestInfo
    route: Route
    request: HttpRequest
    wanted_ms: int | None

    @property
    def order_key(self) -> Hashable | None:
        """The object whose requests keep their order, or None if the request names no single one."""
        if not self.info.is_resource or not self.info.name:
            return None
        return (self.info.group, self.info.resource, self.info.namespace, self.info.name)


def admit(
    request: HttpRequest,
    *,
    scope: GrantScope,
    doorkeeper: Doorkeeper,
    denials: DenialMemory,
    conditions: Hashable,
    limits: Limits,
    now_ms: int,
) -> Admitted | HttpResponse:
    """Refuse a request, or say which way it goes.

    Args:
        request: The request as it came.
        scope: What a grant must name to be good here.
        doorkeeper: Finds out who asks.
        denials: What the contract denied for good.
        conditions: The cluster's authenticated state, as far as lasting denials depend on it.
        limits: The gateway's limits.
        now_ms: The ledger's time.
    """
    try:
        info = parse_request(request.method, request.target)
    except TargetError as error:
        return refusal(400, str(error))
    if len(request.body) > limits.body_bytes:
        return too_large(limits)
    if len(request.headers) > limits.header_count:
        return refusal(400, f"more than {limits.header_count} header lines; send fewer")
    try:
        identity = doorkeeper.authenticate(request.headers, scope, now_ms)
    except UnauthenticatedError as error:
        return refusal(401, f"Unauthorized: {error}")
    if any(name.lower().startswith("impersonate-") for name, _ in request.headers):
        return refusal(403, "impersonation is not offered: requests run as their seal token's own user", info=info)
    route = classify(info, request.method)
    if route is not Route.LOCAL and not identity.allows(info.envelope()):
        return refusal(
            403,
            f"the rules of seal token {identity.token} do not allow: {describe(info)}; its issuer can widen them "
            "(`k3s-daas token scope`)",
            info=info,
        )
    if route is Route.NOT_OFFERED:
        return refusal(501, f"not offered until the cluster has a node: {describe(info)}", info=info)
    if route is not Route.LOCAL:
        denied = denials.recall(identity.token, (identity.state, conditions), change=info.is_change)
        if denied is not None:
            return denial(denied, info, repeated=True)
    forwarded = tuple((name, value) for name, value in request.headers if name.lower() in _FORWARDED)
    kept = HttpRequest(request.method, request.target, forwarded, request.body)
    return Admitted(identity, info, route, kept, _wanted_ms(request.target))


def too_large(limits: Limits) -> HttpResponse:
    """Refuse a body over the cap."""
    return refusal(413, f"the request body is larger than {limits.body_bytes} bytes; send it in smaller parts")


def denial(denied: DeniedError, info: RequestInfo, *, repeated: bool = False) -> HttpResponse:
    """Pass on the contract's denial with its words and the digest that proves it."""
    again = ", denied before and unchanged since" if repeated else ""
    return refusal(
        403, f"denied by the contract: {denied.words} ({describe(info)}; transaction {denied.digest}{again})", info=info
    )


def _wanted_ms(target: str) -> int | None:
    """Read how long the client waits: `timeout` as a Go duration, `timeoutSeconds` of a list or watch."""
    wanted: int | None = None
    for key, value in split_target(target)[1]:
        if key == "timeoutSeconds" and value.isdecimal() and len(value) <= 9 and int(value) > 0:
            wanted = int(value) * 1000
        if key == "timeout" and _DURATION.fullmatch(value):
            wanted = int(sum(float(number) * _UNIT_MS[unit] for number, unit in _DURATION_PART.findall(value)))
    return wanted or None
