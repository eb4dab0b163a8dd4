"""Refusals in the form that kubectl prints: `Status` objects of `meta/v1`.

Rules:
- The answer is JSON whatever the client accepts; client-go decodes by the answer's Content-Type.
- `Retry-After` makes client-go repeat the request, changes too: only a refusal that surely did nothing carries it.

It decides nothing; `gateway.core` and `gateway.service` choose which refusal fits.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from gateway.messages import HttpResponse

if TYPE_CHECKING:
    from gateway.request_info import RequestInfo

_REASONS: Final = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    410: "Expired",
    413: "RequestEntityTooLarge",
    429: "TooManyRequests",
    500: "InternalError",
    501: "NotImplemented",
    502: "InternalError",
    503: "ServiceUnavailable",
    504: "Timeout",
}


def refusal(
    code: int, message: str, *, retry_after_s: int | None = None, info: RequestInfo | None = None, audit_id: str = ""
) -> HttpResponse:
    """Build a `Status` failure.

    Args:
        code: The HTTP status.
        message: What happened, whose fault, what next; kubectl prints it after "Error from server".
        retry_after_s: Seconds after which the client shall repeat the request by itself; None forbids it.
        info: The request, named in the details as the apiserver does.
        audit_id: The request id on the chain, if there is one.
    """
    details: dict[str, object] = {}
    if info is not None and info.is_resource:
        named = {"name": info.name, "group": info.group, "kind": info.resource}
        details.update({key: value for key, value in named.items() if value})
    if retry_after_s is not None:
        details["retryAfterSeconds"] = retry_after_s
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": _REASONS.get(code, "Unknown"),
        "details": details,
        "code": code,
    }
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-cache, private")]
    if retry_after_s is not None:
        headers.append(("Retry-After", str(retry_after_s)))
    if code == 401:
        headers.append(("WWW-Authenticate", 'Bearer realm="k3s-daas"'))
    if audit_id:
        headers.append(("Audit-ID", audit_id))
    return HttpResponse(code, tuple(headers), json.dumps(status, separators=(",", ":")).encode() + b"\n")


def describe(info: RequestInfo) -> str:
    """Say in words what a request asks for, as the apiserver's own refusals do."""
    envelope = info.envelope()
    if not info.is_resource:
        return f'{envelope.verb} path "{info.path}"'
    kind = f"{envelope.resource}/{envelope.subresource}" if envelope.subresource else envelope.resource
    where = f'in the namespace "{info.namespace}"' if info.namespace else "at the cluster scope"
    return f'{envelope.verb} resource "{kind}" in API group "{info.group}" {where}'
