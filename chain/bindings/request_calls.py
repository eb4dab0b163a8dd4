"""Calls that ask for something, and that end what nobody answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CHUNKS_TYPE,
    CLOCK,
    chunks_argument,
    rule_texts_argument,
    shared_argument,
)
from chain.payload import sealed_hash
from sui.bcs import BOOL, BYTES, STRING, U64, vector
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.arguments import Contract, SharedRef
    from chain.rules import Envelope, Rule
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result


_STRINGS = vector(STRING)


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


def _granted(builder: ProgrammableBuilder, grant: SignedGrant) -> list[Argument]:
    return [
        builder.pure_value(BYTES, grant.session),
        builder.pure_value(U64, grant.not_before),
        builder.pure_value(U64, grant.expires_at),
        rule_texts_argument(builder, grant.rules),
        builder.pure_value(BYTES, grant.signature),
    ]


def _all_asked(builder: ProgrammableBuilder, asked: Sequence[Submission]) -> list[Argument]:
    """The vectors of a batch; a payload of several chunks, or many payloads, are put together by commands."""
    envelopes = [each.envelope for each in asked]
    payloads = [chunks_argument(builder, each.payload) for each in asked]
    return [
        builder.pure_value(_STRINGS, tuple(each.verb for each in envelopes)),
        builder.pure_value(_STRINGS, tuple(each.group for each in envelopes)),
        builder.pure_value(_STRINGS, tuple(each.resource for each in envelopes)),
        builder.pure_value(_STRINGS, tuple(each.subresource for each in envelopes)),
        builder.pure_value(_STRINGS, tuple(each.namespace for each in envelopes)),
        builder.make_move_vec(payloads, CHUNKS_TYPE),
        builder.pure_value(vector(BYTES), tuple(each.payload_hash for each in asked)),
        builder.pure_value(vector(U64), tuple(each.payload_length for each in asked)),
        builder.pure_value(vector(U64), tuple(each.deadline for each in asked)),
        builder.pure_value(vector(BOOL), tuple(each.stream for each in asked)),
        shared_argument(builder, CLOCK),
    ]


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


def submit_with_receipt(
    builder: ProgrammableBuilder,
    contract: Contract,
    *,
    cluster: SharedRef,
    enclave: SharedRef,
    token: SharedRef,
    asked: Submission,
    deposit: int,
) -> Result:
    """Ask by the token's owner, the sender, who leaves a deposit of so many MIST, from the gas coin, for a receipt."""
    coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, deposit)])[0]
    *what, clock = _asked(builder, asked)
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, token),
        *what,
        coin,
        clock,
    ]
    return builder.move_call(contract.package, "request", "submit_with_receipt", arguments)


def submit_many(
    builder: ProgrammableBuilder,
    contract: Contract,
    *,
    cluster: SharedRef,
    enclave: SharedRef,
    token: SharedRef,
    asked: Sequence[Submission],
) -> Result:
    """Ask for several things by the token's owner, the sender; all or none."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, token),
        *_all_asked(builder, asked),
    ]
    return builder.move_call(contract.package, "request", "submit_many", arguments)


def submit_many_with_grant(
    builder: ProgrammableBuilder,
    contract: Contract,
    *,
    cluster: SharedRef,
    enclave: SharedRef,
    token: SharedRef,
    grant: SignedGrant,
    asked: Sequence[Submission],
) -> Result:
    """Ask for several things by the enclave's gateway, the sender, under one grant; all or none."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, enclave),
        shared_argument(builder, token),
        *_granted(builder, grant),
        *_all_asked(builder, asked),
    ]
    return builder.move_call(contract.package, "request", "submit_many_with_grant", arguments)


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
        *_granted(builder, grant),
        *_asked(builder, asked),
    ]
    return builder.move_call(contract.package, "request", "submit_with_grant", arguments)


def expire_request(builder: ProgrammableBuilder, contract: Contract, request: SharedRef) -> Result:
    """End a request that nobody answered in time."""
    arguments = [shared_argument(builder, request, mutable=True), shared_argument(builder, CLOCK)]
    return builder.move_call(contract.package, "request", "expire_request", arguments)
