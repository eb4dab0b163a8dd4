"""What the executor's journal says: one frozen dataclass per kind of record, and their CBOR form.

Rules: a record is a CBOR list, its tag first; decoding checks every field's type and length; an unknown tag is an
error, because the journal is written by this very program and version.

It writes nothing: that is `enclave.journal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

import cbor2

from enclave.execution_errors import JournalError


@dataclass(frozen=True)
class Event:
    """An authenticated event, as it came, and the cursor after it.

    Attributes:
        name: the event's struct name.
        contents: its BCS.
        digest: its transaction.
        index: its place there.
        cursor: where the next life goes on from; empty where the ledger gave none.
    """

    name: str
    contents: bytes = field(repr=False)
    digest: bytes
    index: int
    cursor: bytes


@dataclass(frozen=True)
class Expected:
    """A transaction that our own gateway was about to submit, forgotten after `until` (ledger time, ms)."""

    digest: bytes
    transaction: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    until: int


@dataclass(frozen=True)
class Payload:
    """Sealed bytes that reached us beside the chain, forgotten after `until` (ledger time, ms).

    `token` is the token whose owner brought them to the side door, empty where our own gateway did.
    """

    payload_hash: bytes
    sealed: bytes = field(repr=False)
    until: int
    token: bytes = b""


@dataclass(frozen=True)
class Intent:
    """The apiserver is about to be asked."""

    request_id: bytes
    kind: str


@dataclass(frozen=True)
class Answer:
    """The one sealed answer of a request; empty `sealed` is an answer in clear without content."""

    request_id: bytes
    status: int
    sealed: bytes = field(repr=False)
    executed_at: int


@dataclass(frozen=True)
class Violated:
    """A request that its token's owner sent himself opened, but is not what its envelope says: instead of an answer."""

    request_id: bytes
    found_at: int


@dataclass(frozen=True)
class Signed:
    """The signer's word for an answer or a violation."""

    request_id: bytes
    sequence: int
    signature: bytes


@dataclass(frozen=True)
class Ended:
    """A request is over: stored, or lapsed."""

    request_id: bytes
    state: str


@dataclass(frozen=True)
class Done:
    """What is left of a request that is over, until `until` (ledger time, ms).

    Attributes:
        request_id: the request.
        token: whose request it was.
        payload_hash: what it has executed, once.
        until: when it may be forgotten.
        sealed: its answer where that is fetched by hash, else empty.
    """

    request_id: bytes
    token: bytes
    payload_hash: bytes
    until: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True)
class Cursor:
    """Where the ledger's events go on, where a rewritten journal begins."""

    cursor: bytes


Record = Event | Expected | Payload | Intent | Answer | Violated | Signed | Ended | Done | Cursor
"""Any record."""

_TAGS: Final[dict[str, type[Any]]] = {
    "event": Event,
    "expected": Expected,
    "payload": Payload,
    "intent": Intent,
    "answer": Answer,
    "violated": Violated,
    "signed": Signed,
    "ended": Ended,
    "done": Done,
    "cursor": Cursor,
}
_TAG_OF: Final = {kind: tag for tag, kind in _TAGS.items()}
_TYPES: Final = {"str": str, "bytes": bytes, "int": int}


def encode_record(record: Record) -> bytes:
    """Encode a record."""
    return cbor2.dumps([_TAG_OF[type(record)], *(getattr(record, each.name) for each in fields(record))])


def decode_record(data: bytes) -> Record:
    """Decode a record.

    Raises:
        JournalError: it is not one of this version.
    """
    try:
        parts = cbor2.loads(data)
    except (cbor2.CBORError, ValueError, RecursionError) as error:
        raise JournalError("a journal record is no CBOR though its checksum holds; begin with an empty one") from error
    kind = _TAGS.get(parts[0]) if isinstance(parts, list) and parts and isinstance(parts[0], str) else None
    if kind is None:
        raise JournalError("a journal record has an unknown tag; the journal is of another version")
    declared = fields(kind)
    values = parts[1:]
    if len(values) != len(declared) or any(
        type(value) is not _TYPES[str(each.type)] for value, each in zip(values, declared, strict=True)
    ):
        raise JournalError(f"a journal record {parts[0]!r} has other fields; the journal is of another version")
    record: Record = kind(*values)
    return record
