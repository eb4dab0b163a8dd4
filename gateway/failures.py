"""Which refusal the client gets for what went wrong after admission.

Role: one table from errors to `Status` answers.

Rules:
- `Retry-After` only where the request surely did nothing and only for reads: client-go repeats by itself.
- An outcome that is not known is a 504, said as such, whatever the verb.
- A message never repeats what was sealed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.clock import ClockUnsetError
from chain.errors import (
    BadLedgerAnswerError,
    LedgerUnreachableError,
    NotFoundError,
    OutcomeUnknownError,
    PayloadError,
    TransactionRefusedError,
)
from gateway.core import denial
from gateway.errors import (
    AnswerError,
    CrowdedError,
    DeniedError,
    GasError,
    GatewayError,
    LocalError,
    MissingBodyError,
    OverdueError,
    SupersededError,
    ViolationError,
)
from gateway.status import refusal

if TYPE_CHECKING:
    from chain.errors import ChainError
    from gateway.limits import Limits
    from gateway.messages import HttpResponse
    from gateway.request_info import RequestInfo

_UNKNOWN = "whether the request was carried out is not known; look before repeating it (`k3s-daas requests`)"


def explain(
    error: GatewayError | ChainError, info: RequestInfo, limits: Limits, *, request_id: str = ""
) -> HttpResponse:
    """Turn an error into the refusal that the client sees.

    Args:
        error: What went wrong.
        info: What was asked for.
        limits: The gateway's limits.
        request_id: The request's id on the chain, once it has one.
    """
    retry = None if info.is_change or request_id else limits.retry_after_s
    match error:
        case DeniedError():
            return denial(error, info)
        case SupersededError():
            return refusal(503, str(error), info=info)
        case GasError():
            return refusal(503, f"{error}; nothing was sent", retry_after_s=retry, info=info)
        case LedgerUnreachableError() | ClockUnsetError():
            text = "the ledger cannot be reached, nothing was sent; try again later"
            return refusal(503, text, retry_after_s=retry, info=info)
        case TransactionRefusedError():
            text = f"the ledger did not take the transaction, nothing was done: {error}"
            return refusal(503, text, retry_after_s=retry, info=info)
        case BadLedgerAnswerError() | NotFoundError():
            # Raised by look-ups before anything is sent.
            text = f"the ledger's node answers wrongly, nothing was sent: {error}"
            return refusal(503, text, retry_after_s=retry, info=info)
        case OutcomeUnknownError():
            text = f"transaction {error.digest} was sent and no outcome came back: {_UNKNOWN}"
            return refusal(504, text, info=info)
        case OverdueError() if not request_id:
            return refusal(
                504, "the request's deadline passed before the contract decided, nothing was done", info=info
            )
        case OverdueError():
            text = f"no answer to request {request_id} was stored before its deadline: {_UNKNOWN}"
            return refusal(504, text, info=info, audit_id=request_id)
        case MissingBodyError():
            text = f"the answer to request {request_id} is signed, but its content is not kept any more"
            return refusal(504, text, info=info, audit_id=request_id)
        case ViolationError():
            return refusal(400, f"request {request_id}: {error}", info=info, audit_id=request_id)
        case AnswerError():
            return refusal(502, f"request {request_id}: {error}", info=info, audit_id=request_id)
        case PayloadError():
            return refusal(413, str(error), info=info)
        case CrowdedError() if not request_id:
            return refusal(429, f"{error}; nothing was sent", retry_after_s=retry, info=info)
        case LocalError():
            text = f"the executor inside the enclave does not answer: {error}"
            return refusal(503 if not request_id else 504, text, retry_after_s=retry, info=info, audit_id=request_id)
        case _:
            return refusal(500, f"unexpected: {error}", info=info, audit_id=request_id)
