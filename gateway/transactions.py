"""From sealed submissions to one programmable transaction, and from its outcome back to each request.

Role: pure: arguments in, BCS out; outcome in, request ids or the contract's words out.

Rules:
- Which object references are used is a hint; a wrong one fails on chain.
- A request is found in the outcome by its payload hash, in the event that the contract emitted for it.
- Words come from the compiled package that the image holds; of another version of it, code and module are said. An
  abort elsewhere than in our package is not the contract's denial, nor is one of a version that was just left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from chain.bindings.calls import Contract, SharedRef, submission
from chain.bindings.events import K8sAPIRequest, decode_event
from chain.errors import BadLedgerAnswerError, PayloadError, TransactionRefusedError
from chain.submit import SubmitOrder, build_submit
from gateway.errors import DeniedError, OverdueError
from sui.effects import ObjectWrite
from sui.transaction import TRANSACTION_KIND
from sui.types import ObjectRef

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chain.bindings.abort import AbortTable
    from chain.ledger import ExecutedTransaction
    from gateway.limits import Limits
    from gateway.ports import Submission
    from sui.types import Address

_CALL_BYTES: Final = 700
_RULE_BYTES: Final = 200
_TOO_LATE: Final = ("request", "EDeadlinePassed")
_OTHER_VERSION: Final = ("cluster", "EWrongVersion")
_LASTING: Final = frozenset(("seal_token", name) for name in ("ERevoked", "EExpired", "EStake", "EWrongVersion"))


@dataclass(frozen=True, slots=True)
class Frame:
    """What every transaction of this gateway names."""

    contract: Contract
    cluster: SharedRef
    enclave: SharedRef
    inline_bytes: int


def size_of(asked: Submission, inline_bytes: int) -> int:
    """Say about how many bytes a submission adds to a transaction."""
    inline = len(asked.sealed) if len(asked.sealed) <= inline_bytes else 0
    return inline + _CALL_BYTES + _RULE_BYTES * len(asked.identity.narrowed)


def build(frame: Frame, tokens: Mapping[Address, SharedRef], batch: Sequence[Submission]) -> bytes:
    """Build the transaction that asks for every submission of a batch, in order.

    Raises:
        sui.errors.BuildError: It exceeds what a node takes.
    """
    orders = [
        SubmitOrder(
            token=tokens[asked.identity.token],
            asked=submission(
                asked.envelope,
                asked.sealed,
                deadline=asked.deadline_ms,
                inline_bytes=frame.inline_bytes,
                stream=asked.stream,
            ),
            grant=asked.identity.signed_grant,
        )
        for asked in batch
    ]
    program = build_submit(frame.contract, frame.cluster, frame.enclave, orders)
    return TRANSACTION_KIND.encode(program)


def payloads_beside(batch: Sequence[Submission], inline_bytes: int) -> tuple[bytes, ...]:
    """Give the sealed payloads that are too large for the event and travel beside the chain."""
    return tuple(asked.sealed for asked in batch if len(asked.sealed) > inline_bytes)


def gas_budget(batch: Sequence[Submission], inline_bytes: int, limits: Limits) -> int:
    """Say how much a batch may cost at most, in MIST."""
    size = sum(size_of(asked, inline_bytes) for asked in batch)
    return limits.gas_budget_mist + limits.gas_request_mist * len(batch) + limits.gas_byte_mist * size


def requests_of(done: ExecutedTransaction, batch: Sequence[Submission], original: Address) -> list[K8sAPIRequest]:
    """Find each submission's request in the outcome, in order.

    Raises:
        BadLedgerAnswerError: The outcome does not hold them.
    """
    found: dict[bytes, K8sAPIRequest] = {}
    for raw in done.events:
        try:
            event = decode_event(original, raw.type, raw.contents)
        except PayloadError:
            continue
        if isinstance(event, K8sAPIRequest):
            found[event.payload_hash] = event
    try:
        return [found[asked.payload_hash] for asked in batch]
    except KeyError:
        raise BadLedgerAnswerError(f"the outcome of {done.digest} lacks an event of ours; the node is broken") from None


def refusal_of(done: ExecutedTransaction, words: AbortTable, contract: Contract) -> Exception | None:
    """Say why the transaction failed: the contract's denial, or something else; None where it succeeded."""
    abort = done.abort
    if abort is None:
        return None
    if abort.package not in {contract.package, contract.original} or abort.module is None:
        return TransactionRefusedError(f"{abort.description} (transaction {done.digest}, its gas is spent)")
    known = contract.package == contract.original == abort.package
    reason = words.reason(abort.module, abort.code) if known else None
    if reason is not None and (reason.module, reason.name) == _OTHER_VERSION:
        return TransactionRefusedError(f"{reason.words}; try again (transaction {done.digest}, its gas is spent)")
    if reason is not None and (reason.module, reason.name) == _TOO_LATE:
        return OverdueError(f"{reason.words} (transaction {done.digest})")
    lasting = reason is not None and (reason.module, reason.name) in _LASTING
    return DeniedError(
        reason.words if reason else abort.description, str(done.digest), lasting=lasting, command=abort.command
    )


def coin_after(done: ExecutedTransaction) -> ObjectRef | None:
    """Give the gas coin as the transaction left it, or None where the outcome does not say."""
    effects = done.effects
    index = effects.gas_object_index
    if index is None or index >= len(effects.changed_objects):
        return None
    change = effects.changed_objects[index]
    if not isinstance(change.output_state, ObjectWrite):
        return None
    return ObjectRef(change.object_id, effects.lamport_version, change.output_state.digest)
