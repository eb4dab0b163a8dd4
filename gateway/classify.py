"""Which way a request goes: answered inside, decided by the contract, streamed, or not offered yet.

Rules:
- Only what carries no tenant's data and changes nothing is answered without a transaction: discovery, version,
  OpenAPI, health, and the two self reviews, which the apiserver answers as the mirrored user.
- What needs a node (logs, exec, attach, port-forward, proxy) is refused with 501 until there is one.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gateway.request_info import RequestInfo

_SEGMENT: Final = r"[A-Za-z0-9._-]+"
_LOCAL_PATHS: Final = re.compile(
    rf"/(?:api(?:/{_SEGMENT})?|apis(?:/{_SEGMENT}){{0,2}}|version|openapi/v2|openapi/v3(?:/.+)?"
    r"|(?:healthz|readyz|livez)(?:/.+)?)?/?"
)
_SELF_REVIEWS: Final = frozenset({"selfsubjectaccessreviews", "selfsubjectrulesreviews"})
_NEEDS_NODE: Final = frozenset({"log", "exec", "attach", "portforward", "proxy"})


class Route(Enum):
    """The way a request takes."""

    LOCAL = "local"
    TRANSACTION = "transaction"
    STREAM = "stream"
    NOT_OFFERED = "not offered"


def classify(info: RequestInfo, method: str) -> Route:
    """Choose the way of a request."""
    if not info.is_resource:
        local = method in {"GET", "HEAD"} and _LOCAL_PATHS.fullmatch(info.path) is not None
        return Route.LOCAL if local else Route.TRANSACTION
    if info.envelope().subresource in _NEEDS_NODE:
        return Route.NOT_OFFERED
    if info.is_watch:
        return Route.STREAM
    is_review = info.group == "authorization.k8s.io" and info.resource in _SELF_REVIEWS and not info.namespace
    if is_review and info.verb == "create" and not info.subresource and not info.name:
        return Route.LOCAL
    return Route.TRANSACTION
