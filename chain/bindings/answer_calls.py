"""Calls that end requests by what the enclave's key has signed: answers, violations, and evidence against it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CHUNKS_TYPE,
    CLOCK,
    chunks_argument,
    owned_argument,
    shared_argument,
)
from sui.bcs import ADDRESS, BYTES, U16, U64, vector
from sui.type_tag import StructTag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.arguments import Contract, SharedRef
    from chain.statements import AnswerStatement
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import Address, ObjectRef


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


@dataclass(frozen=True)
class Violation:
    """What an enclave signed about one request of `token`'s owner."""

    request: SharedRef
    token: SharedRef
    sequence: int
    found_at: int
    signature: bytes


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
    return builder.move_call(contract.package, "answer", "store_k8s_response", arguments)


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
        builder.make_move_vec(bodies, CHUNKS_TYPE),
        builder.pure_value(vector(BYTES), tuple(answer.body_hash for answer in answers)),
        builder.pure_value(vector(U64), tuple(answer.body_length for answer in answers)),
        builder.pure_value(vector(U64), tuple(answer.executed_at for answer in answers)),
        builder.pure_value(vector(BYTES), tuple(answer.signature for answer in answers)),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "answer", "store_k8s_responses", arguments)


def store_k8s_violation(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, enclave: SharedRef, violation: Violation
) -> Result:
    """Store that a payload was not what its envelope said. Only one such call fits a transaction."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, violation.token, mutable=True),
        shared_argument(builder, violation.request, mutable=True),
        builder.pure_value(U64, violation.sequence),
        builder.pure_value(U64, violation.found_at),
        builder.pure_value(BYTES, violation.signature),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "answer", "store_k8s_violation", arguments)


def delete_receipt(builder: ProgrammableBuilder, contract: Contract, receipt: ObjectRef | Argument) -> Result:
    """Delete a receipt for its storage rebate."""
    return builder.move_call(contract.package, "receipt", "delete_receipt", [owned_argument(builder, receipt)])


def report_equivocation(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    enclave: SharedRef,
    *,
    request_id: Address,
    answers: Sequence[tuple[AnswerStatement, bytes]],
) -> Result:
    """Report signed answers, each with its signature, of one enclave to one request."""
    said = [statement for statement, _ in answers]
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        shared_argument(builder, enclave, mutable=True),
        builder.pure_value(ADDRESS, request_id),
        builder.pure_value(vector(U64), tuple(each.epoch for each in said)),
        builder.pure_value(vector(U64), tuple(each.sequence for each in said)),
        builder.pure_value(vector(U64), tuple(each.config_version for each in said)),
        builder.pure_value(vector(BYTES), tuple(each.payload_hash for each in said)),
        builder.pure_value(vector(U16), tuple(each.status for each in said)),
        builder.pure_value(vector(BYTES), tuple(each.body_hash for each in said)),
        builder.pure_value(vector(U64), tuple(each.executed_at for each in said)),
        builder.pure_value(vector(U64), tuple(each.answer_until for each in said)),
        builder.pure_value(vector(BYTES), tuple(signature for _, signature in answers)),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "evidence", "report_equivocation", arguments)
