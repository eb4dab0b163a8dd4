"""From a transaction's own bytes to what it did: effects and events decoded from BCS.

Role: the one place where bytes of a node become the port's `ExecutedTransaction`, so that every implementation of the
port decodes alike, and nothing is taken from a node's prose.

It checks form only; whether effects, events and transaction belong together is `chain.checks`' concern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.errors import BadLedgerAnswerError
from chain.ledger import Abort, ExecutedTransaction, GasUsed, LedgerEvent
from sui import execution_status
from sui.effects import TRANSACTION_EFFECTS, TRANSACTION_EVENTS, IdCreated
from sui.errors import BcsError

if TYPE_CHECKING:
    from sui.effects import TransactionEffects
    from sui.types import Address, Digest


def abort_of(status: execution_status.ExecutionStatus) -> Abort | None:
    """Why an execution failed, None where it succeeded."""
    if isinstance(status, execution_status.Success):
        return None
    error = status.error
    if isinstance(error, execution_status.MoveAbort):
        where = error.location
        return Abort(
            description=f"{where.module.name}::{where.function_name or where.function} aborted with code {error.code}",
            module=where.module.name,
            function=where.function_name,
            code=error.code,
            package=where.module.address,
            command=status.command,
        )
    kind = getattr(error, "kind", None) or type(error).__name__
    return Abort(description=f"{kind} in command {status.command}", command=status.command)


def decode_events(events: bytes, digest: Digest, checkpoint: int | None) -> tuple[LedgerEvent, ...]:
    """Decode a transaction's events from BCS.

    Raises:
        BadLedgerAnswerError: the bytes are not events.
    """
    if not events:
        return ()
    try:
        decoded = TRANSACTION_EVENTS.decode(events).events
    except BcsError as error:
        raise BadLedgerAnswerError(f"the node's events of {digest} cannot be read: {error}") from error
    return tuple(
        LedgerEvent(
            digest=digest,
            index=index,
            package=event.package_id,
            module=event.module,
            sender=event.sender,
            type=event.type,
            contents=event.contents,
            checkpoint=checkpoint,
        )
        for index, event in enumerate(decoded)
    )


def decode_effects(effects: bytes) -> TransactionEffects:
    """Decode effects from BCS.

    Raises:
        BadLedgerAnswerError: the bytes are not effects.
    """
    try:
        return TRANSACTION_EFFECTS.decode(effects)
    except BcsError as error:
        raise BadLedgerAnswerError(f"the node's effects cannot be read: {error}") from error


def executed(
    *,
    digest: Digest,
    transaction: bytes,
    signatures: tuple[bytes, ...],
    effects: bytes,
    events: bytes,
    checkpoint: int | None = None,
    timestamp_ms: int | None = None,
) -> ExecutedTransaction:
    """Put an executed transaction together from its parts in BCS.

    Raises:
        BadLedgerAnswerError: a part cannot be read.
    """
    decoded = decode_effects(effects)
    gas = decoded.gas_used
    return ExecutedTransaction(
        digest=digest,
        transaction=transaction,
        signatures=signatures,
        effects=decoded,
        effects_bytes=effects,
        events_bytes=events,
        abort=abort_of(decoded.status),
        gas=GasUsed(gas.computation_cost, gas.storage_cost, gas.storage_rebate),
        events=decode_events(events, digest, checkpoint),
        checkpoint=checkpoint,
        timestamp_ms=timestamp_ms,
    )


def created(done: ExecutedTransaction) -> list[Address]:
    """The ids of the objects that a transaction made."""
    if done.effects is None:
        return []
    return [change.object_id for change in done.effects.changed_objects if isinstance(change.id_operation, IdCreated)]
