"""What is sealed, and how sealed bytes travel.

Role: the plaintext structures of a request and an answer, the contexts (`info`) that bind them, chunks and their hash.

Rules: every structure is BCS and is decoded strictly, with a cap on each length; hashes are SHA-256 over the BCS of the
chunk vector of the *sealed* bytes, the same below and above the inline size; chunks have 16,000 bytes, the last one is
shorter, none is empty.

It seals nothing itself: that is `chain.sealing`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from chain.errors import PayloadError
from chain.limits import LIMITS, Limits
from chain.rules import ENVELOPE, Envelope
from sui.bcs import ADDRESS, BYTES, STRING, U16, U64, bounded_bytes, mapped, struct, tuple_of, vector
from sui.errors import BcsError

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.types import Address

REQUEST_DOMAIN = b"k3s-daas::request::v1"
"""Domain of a request's HPKE info."""

REPLY_DOMAIN = b"k3s-daas::reply::v1"
"""Domain of the keys derived from a reply secret."""


class Purpose(StrEnum):
    """What a key derived from the reply secret is for."""

    ANSWER = "answer"
    TO_CLIENT = "to-client"
    FROM_CLIENT = "from-client"


class Header(NamedTuple):
    """One HTTP header line."""

    name: str
    value: str


@dataclass(frozen=True)
class RequestContext:
    """Everything that a sealed request is bound to."""

    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address
    token: Address
    sender: Address
    deadline: int
    envelope: Envelope

    def info(self) -> bytes:
        """The HPKE info of this request."""
        return _CONTEXT.encode(
            _Context(
                domain=REQUEST_DOMAIN,
                chain_id=self.chain_id,
                package=self.package,
                cluster=self.cluster,
                enclave=self.enclave,
                token=self.token,
                sender=self.sender,
                deadline=self.deadline,
                envelope=self.envelope,
            )
        )


@dataclass(frozen=True)
class _Context:
    domain: bytes
    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address
    token: Address
    sender: Address
    deadline: int
    envelope: Envelope


@dataclass(frozen=True)
class _ReplyContext:
    domain: bytes
    request_id: Address
    enclave: Address
    purpose: str


@dataclass(frozen=True)
class RequestPlaintext:
    """The HTTP request inside a sealed payload."""

    reply_secret: bytes
    method: str
    target: str
    headers: tuple[Header, ...]
    body: bytes

    def __repr__(self) -> str:
        """Show neither secret nor body."""
        return f"RequestPlaintext({self.method}, {len(self.headers)} headers, {len(self.body)} bytes)"


@dataclass(frozen=True)
class AnswerPlaintext:
    """The HTTP answer inside a sealed body."""

    status: int
    headers: tuple[Header, ...]
    body: bytes

    def __repr__(self) -> str:
        """Show no body."""
        return f"AnswerPlaintext({self.status}, {len(self.headers)} headers, {len(self.body)} bytes)"


_HEADER: Codec[Header] = mapped(tuple_of(STRING, STRING), lambda pair: Header(*pair), tuple, "Header")
_HEADERS: Codec[tuple[Header, ...]] = vector(_HEADER, max_len=LIMITS.header_count)
_REQUEST: Codec[RequestPlaintext] = struct(
    RequestPlaintext, reply_secret=BYTES, method=STRING, target=STRING, headers=_HEADERS, body=BYTES
)
_ANSWER: Codec[AnswerPlaintext] = struct(AnswerPlaintext, status=U16, headers=_HEADERS, body=BYTES)
_CONTEXT: Codec[_Context] = struct(
    _Context,
    domain=BYTES,
    chain_id=BYTES,
    package=ADDRESS,
    cluster=ADDRESS,
    enclave=ADDRESS,
    token=ADDRESS,
    sender=ADDRESS,
    deadline=U64,
    envelope=ENVELOPE,
)
_REPLY_CONTEXT: Codec[_ReplyContext] = struct(
    _ReplyContext, domain=BYTES, request_id=ADDRESS, enclave=ADDRESS, purpose=STRING
)
_CHUNKS: Codec[tuple[bytes, ...]] = vector(bounded_bytes(LIMITS.chunk_bytes))


def reply_info(request_id: Address, enclave: Address, purpose: Purpose) -> bytes:
    """The HKDF info of one key derived from a request's reply secret."""
    return _REPLY_CONTEXT.encode(_ReplyContext(REPLY_DOMAIN, request_id, enclave, purpose.value))


def encode_request(request: RequestPlaintext, limits: Limits = LIMITS) -> bytes:
    """Encode the plaintext of a request.

    Raises:
        PayloadError: it is larger than what may be sealed.
    """
    _check_request(request, limits)
    return _REQUEST.encode(request)


def decode_request(data: bytes, limits: Limits = LIMITS) -> RequestPlaintext:
    """Decode the plaintext of a request.

    Raises:
        PayloadError: it is not one, or too large.
    """
    if len(data) > limits.sealed_bytes:
        raise PayloadError(f"a request has at most {limits.sealed_bytes} bytes, this one has {len(data)}")
    try:
        request = _REQUEST.decode(data)
    except BcsError as error:
        raise PayloadError("the sealed payload is not a request; the client that sealed it is broken") from error
    _check_request(request, limits)
    return request


def _check_request(request: RequestPlaintext, limits: Limits) -> None:
    if len(request.reply_secret) != 32:
        raise PayloadError("a request carries a reply secret of 32 bytes; the client that built it is broken")
    if len(request.body) > limits.body_bytes:
        raise PayloadError(f"a request body has at most {limits.body_bytes} bytes, this one has {len(request.body)}")
    if len(request.method) > limits.method_bytes or len(request.target.encode()) > limits.target_bytes:
        raise PayloadError("the request's method or target is too long; shorten the query")
    _check_headers(request.headers, limits)


def _check_headers(headers: tuple[Header, ...], limits: Limits) -> None:
    size = sum(len(header.name) + len(header.value) for header in headers)
    if len(headers) > limits.header_count or size > limits.header_bytes:
        raise PayloadError(f"more than {limits.header_count} headers or {limits.header_bytes} bytes of them")


def encode_answer(answer: AnswerPlaintext) -> bytes:
    """Encode the plaintext of an answer."""
    return _ANSWER.encode(answer)


def decode_answer(data: bytes) -> AnswerPlaintext:
    """Decode the plaintext of an answer.

    Raises:
        PayloadError: it is not one.
    """
    try:
        return _ANSWER.decode(data)
    except BcsError as error:
        raise PayloadError("the opened body is not an answer; the enclave that sealed it is broken") from error


def chunk(sealed: bytes, limits: Limits = LIMITS) -> tuple[bytes, ...]:
    """Cut sealed bytes into chunks."""
    step = limits.chunk_bytes
    return tuple(sealed[at : at + step] for at in range(0, len(sealed), step))


def join(chunks: tuple[bytes, ...], limits: Limits = LIMITS) -> bytes:
    """Join chunks that came from the ledger, refusing any other cut than `chunk` makes.

    Raises:
        PayloadError: a chunk is empty, or one but the last is not full.
    """
    sealed = b"".join(chunks)
    if chunks != chunk(sealed, limits):
        raise PayloadError("the chunks are not cut every 16,000 bytes; whoever sent them is broken")
    return sealed


def chunks_hash(chunks: tuple[bytes, ...]) -> bytes:
    """SHA-256 over the BCS of a chunk vector, as the contract computes it."""
    return hashlib.sha256(_CHUNKS.encode(chunks)).digest()


def sealed_hash(sealed: bytes, limits: Limits = LIMITS) -> bytes:
    """The hash of sealed bytes, inline or not."""
    return chunks_hash(chunk(sealed, limits))


def transcript_hash(salt: bytes, plaintext: bytes) -> bytes:
    """SHA-256 of 32 random bytes and a plaintext: what a stream's signed answer says of its content."""
    if len(salt) != 32:
        raise PayloadError("a transcript salt has 32 bytes")
    return hashlib.sha256(salt + plaintext).digest()
