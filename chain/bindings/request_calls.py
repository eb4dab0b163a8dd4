"""Calls about requests and their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    chunks_argument,
    shared_argument,
)
from chain.payload import sealed_hash
from sui.bcs import BOOL, BYTES, STRING, U16, U64, vector
from sui.type_tag import StructTag, TypeTag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.arguments import Contract, SharedRef
    from chain.rules import Envelope, Rule
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result


_CHUNKS_TYPE = TypeTag.parse("vector<vector<u8>>")
_RULE_TEXTS = vector(vector(STRING))


@dataclass(frozen=True)
class Submission:
    """What one request asks for; a payload that is None travels beside the chain, under its hash and length."""

    envelope: Envelope
    payload: bytes | None
    payload_hash: bytes
    payload_length: int
    deadline: int
    stream: bool = False


@dataclass(frozen=True)
class SignedGrant:
    """A grant as the contract takes it: the statement's own fields and the owner's signature."""

    session: bytes
    not_before: int
    expires_at: int
    rules: tuple[Rule, ...]
    signature: bytes


@dataclass(frozen=True)
class Answer:
    """One signed answer; a body that is None is fetched by its hash."""

    request: SharedRef
    sequence: int
    status: int
    body: bytes | None
    body_hash: bytes
    body_length: int
    executed_at: int
    signature: bytes


def submission(
    envelope: Envelope, sealed: bytes, *, deadline: int, inline_bytes: int, stream: bool = False
) -> Submission:
    """What to submit for these sealed bytes, in the event when they are not longer than `inline_bytes`."""
    return Submission(
        envelope=envelope,
        payload=sealed if len(sealed) <= inline_bytes else None,
        payload_hash=sealed_hash(sealed),
        payload_length=len(sealed),
        deadline=deadline,
        stream=stream,
    )


def _rule_text(rule: Rule) -> tuple[str, ...]:
    return (rule.group, rule.resource, rule.subresource, rule.namespace, *rule.verbs)


def _asked(builder: ProgrammableBuilder, asked: Submission) -> list[Argument]:
    envelope = asked.envelope
    return [
        builder.pure_value(STRING, envelope.verb),
        builder.pure_value(STRING, envelope.group),
        builder.pure_value(STRING, envelope.resource),
        builder.pure_value(STRING, envelope.subresource),
        builder.pure_value(STRING, envelope.namespace),
        chunks_argument(builder, asked.payload),
        builder.pure_value(BYTES, asked.payload_hash),
        builder.pure_value(U64, asked.payload_length),
        builder.pure_value(U64, asked.deadline),
        builder.pure_value(BOOL, asked.stream),
        shared_argument(builder, CLOCK),
    ]


def submit(
    builder: ProgrammableBuilder,
    contract: Contract,
    *,
    cluster: SharedRef,
    enclave: SharedRef,
    token: SharedRef,
    asked: Submission,
) -> Result:
    """Ask by the token's owner, the sender."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, token),
        *_asked(builder, asked),
    ]
    return builder.move_call(contract.package, "request", "submit", arguments)


def submit_with_grant(
    builder: ProgrammableBuilder,
    contract: Contract,
    *,
    cluster: SharedRef,
    enclave: SharedRef,
    token: SharedRef,
    grant: SignedGrant,
    asked: Submission,
) -> Result:
    """Ask by the enclave's gateway, the sender, under a grant."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, token),
        builder.pure_value(BYTES, grant.session),
        builder.pure_value(U64, grant.not_before),
        builder.pure_value(U64, grant.expires_at),
        builder.pure_value(_RULE_TEXTS, tuple(_rule_text(rule) for rule in grant.rules)),
        builder.pure_value(BYTES, grant.signature),
        *_asked(builder, asked),
    ]
    return builder.move_call(contract.package, "request", "submit_with_grant", arguments)


def store_k8s_response(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, enclave: SharedRef, answer: Answer
) -> Result:
    """Store one answer. Only one such call fits a transaction: it consumes a shared object."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, answer.request, mutable=True),
        builder.pure_value(U64, answer.sequence),
        builder.pure_value(U16, answer.status),
        chunks_argument(builder, answer.body),
        builder.pure_value(BYTES, answer.body_hash),
        builder.pure_value(U64, answer.body_length),
        builder.pure_value(U64, answer.executed_at),
        builder.pure_value(BYTES, answer.signature),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "request", "store_k8s_response", arguments)


def store_k8s_responses(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    enclave: SharedRef,
    answers: Sequence[Answer],
) -> Result:
    """Store several answers of one enclave in one call; all or none."""
    requests = [shared_argument(builder, answer.request, mutable=True) for answer in answers]
    bodies = [chunks_argument(builder, answer.body) for answer in answers]
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        builder.make_move_vec(requests, StructTag(contract.original, "request", "Request")),
        builder.pure_value(vector(U64), tuple(answer.sequence for answer in answers)),
        builder.pure_value(vector(U16), tuple(answer.status for answer in answers)),
        builder.make_move_vec(bodies, _CHUNKS_TYPE),
        builder.pure_value(vector(BYTES), tuple(answer.body_hash for answer in answers)),
        builder.pure_value(vector(U64), tuple(answer.body_length for answer in answers)),
        builder.pure_value(vector(U64), tuple(answer.executed_at for answer in answers)),
        builder.pure_value(vector(BYTES), tuple(answer.signature for answer in answers)),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "request", "store_k8s_responses", arguments)


def expire_request(builder: ProgrammableBuilder, contract: Contract, request: SharedRef) -> Result:
    """End a request that nobody answered in time."""
    arguments = [shared_argument(builder, request, mutable=True), shared_argument(builder, CLOCK)]
    return builder.move_call(contract.package, "request", "expire_request", arguments)
