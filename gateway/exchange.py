"""One request's secrets: sealed for the enclave, and the answer opened with them.

Role: from an admitted request to a sealed submission, and from a stored answer to an HTTP response.

Rules:
- A fresh reply secret for each request; it is in no log and no exception.
- The deadline is absolute, in ledger time, and part of what the payload is bound to.
- An answer is believed when its bytes have the signed hash and open under this request's key; its inner status must
  be the signed one.
- A change's answer never carries a retry hint unless the apiserver itself refused it untouched (429).

It does no I/O: randomness and time are parameters.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from chain.errors import CannotOpenError, PayloadError
from chain.payload import (
    Header,
    Purpose,
    RequestContext,
    RequestPlaintext,
    decode_answer,
    encode_request,
    reply_info,
    sealed_hash,
)
from chain.sealing import HpkePublicKey, derive_key, open_answer
from gateway.classify import Route
from gateway.errors import AnswerError
from gateway.messages import HttpResponse
from gateway.ports import Submission
from gateway.status import refusal

if TYPE_CHECKING:
    from chain.payload import AnswerPlaintext
    from gateway.core import Admitted
    from gateway.limits import Limits
    from gateway.ports import SealTarget, StoredAnswer
    from sui.types import Address

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "proxy-authenticate",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


@dataclass(frozen=True, slots=True)
class Exchange:
    """An admitted request, sealed, with what opens its answer."""

    admitted: Admitted
    submission: Submission
    reply_secret: bytes = field(repr=False)

    def key(self, request_id: Address, purpose: Purpose) -> bytes:
        """Derive the key of one purpose, once the request has its id."""
        return derive_key(self.reply_secret, reply_info(request_id, self.submission.enclave, purpose))


def prepare(admitted: Admitted, target: SealTarget, *, now_ms: int, reply_secret: bytes, limits: Limits) -> Exchange:
    """Seal an admitted request.

    Args:
        admitted: What passed admission.
        target: To whom it is sealed.
        now_ms: The ledger's time.
        reply_secret: 32 fresh random bytes.
        limits: The gateway's limits.

    Raises:
        chain.errors.PayloadError: The request is larger than what may be sealed.
    """
    stream = admitted.route is Route.STREAM
    allowed = min(target.stream_limit_ms, limits.stream_deadline_ms)
    if not stream:
        allowed = min(target.request_limit_ms, limits.request_deadline_ms)
    wanted = allowed if admitted.wanted_ms is None else admitted.wanted_ms + limits.deadline_extra_ms
    deadline = now_ms + min(allowed - limits.deadline_margin_ms, wanted)
    context = RequestContext(
        chain_id=target.chain_id,
        package=target.package,
        cluster=target.cluster,
        enclave=target.enclave,
        token=admitted.identity.token,
        sender=target.sender,
        deadline=deadline,
        envelope=admitted.info.envelope(),
    )
    request = admitted.request
    headers = tuple(Header(name, value) for name, value in request.headers)
    plaintext = encode_request(RequestPlaintext(reply_secret, request.method, request.target, headers, request.body))
    sealed = HpkePublicKey(target.hpke_key).seal(plaintext, context.info())
    submission = Submission(
        identity=admitted.identity,
        envelope=context.envelope,
        enclave=target.enclave,
        sealed=sealed,
        payload_hash=sealed_hash(sealed),
        deadline_ms=deadline,
        stream=stream,
        order_key=admitted.order_key,
    )
    return Exchange(admitted, submission, reply_secret)


def open_stored(exchange: Exchange, answer: StoredAnswer, sealed: bytes) -> HttpResponse:
    """Open an answer.

    Args:
        exchange: The request's secrets.
        answer: What the contract accepted.
        sealed: The answer's sealed bytes, from the chain or fetched.

    Raises:
        AnswerError: The bytes are not those that were signed, or do not open.
    """
    if not answer.body_length:
        return empty_answer(exchange, answer)
    if len(sealed) != answer.body_length or sealed_hash(sealed) != answer.body_hash:
        raise AnswerError("the answer's bytes are not those that the enclave signed; they were altered or mixed up")
    try:
        plain = decode_answer(open_answer(exchange.key(answer.request_id, Purpose.ANSWER), sealed))
    except (CannotOpenError, PayloadError) as error:
        raise AnswerError(f"the answer cannot be opened: {error}") from error
    if plain.status != answer.status:
        raise AnswerError("the answer's inner status is not the signed one; the enclave that sealed it is broken")
    return respond(exchange, answer.request_id, plain)


def respond(exchange: Exchange, request_id: Address, plain: AnswerPlaintext) -> HttpResponse:
    """Turn an opened answer, or a stream's head, into the response for the client."""
    change = exchange.admitted.info.is_change
    dropped = _HOP_BY_HOP | ({"retry-after"} if change and plain.status != 429 else frozenset())
    headers = tuple((h.name, h.value) for h in plain.headers if h.name.lower() not in dropped)
    return HttpResponse(plain.status, headers, plain.body).with_header("Audit-ID", str(request_id))


def empty_answer(exchange: Exchange, answer: StoredAnswer) -> HttpResponse:
    """Say in words what an answer without content says by its status alone."""
    words = {
        400: "the enclave could not open the request; run `k3s-daas kubeconfig` again",
        410: "the request's content did not reach the enclave before its deadline; send it again",
        504: "the enclave was interrupted, and whether the request was carried out is not known; look before repeating",
    }
    text = words.get(answer.status, f"the enclave answered {answer.status} without content")
    code = answer.status if answer.status >= 400 else 502
    return refusal(code, text, info=exchange.admitted.info, audit_id=str(answer.request_id))
