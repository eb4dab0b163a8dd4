"""Send one signed transaction until its outcome is known.

Role: Sui executes the same bytes once, whoever sends them how often; so after a lost answer the transaction is looked
up, and sent again as it is, until an outcome is there or the time is over.

It never signs anew: other bytes would be another transaction.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from chain.backoff import Backoff
from chain.errors import LedgerUnreachableError, NotFoundError, OutcomeUnknownError, TransactionRefusedError
from chain.limits import LIMITS, Limits
from sui.digests import transaction_digest

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from random import Random

    from chain.ledger import ExecutedTransaction, Ledger


async def execute_certainly(
    ledger: Ledger,
    transaction: bytes,
    signatures: Sequence[bytes],
    *,
    rng: Random,
    total_s: float | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    limits: Limits = LIMITS,
) -> ExecutedTransaction:
    """Execute a transaction; an aborted one is returned, not raised.

    Args:
        ledger: where to send it.
        transaction: its BCS.
        signatures: over it.
        rng: draws the jitter between attempts.
        total_s: when to give up.
        sleep: waits between attempts.
        monotonic: seconds.
        limits: `execute_total_s` holds where `total_s` is None.

    Raises:
        TransactionRefusedError: it was refused before any attempt could have been executed.
        LedgerUnreachableError: it was never sent.
        OutcomeUnknownError: the time is over, and it may have been executed.
    """
    digest = transaction_digest(transaction)
    until = monotonic() + (limits.execute_total_s if total_s is None else total_s)
    backoff = Backoff(rng, limits)
    sent = False
    while True:
        try:
            if sent:
                try:
                    return await ledger.get_transaction(digest)
                except NotFoundError:
                    pass
            return await ledger.execute(transaction, signatures)
        except OutcomeUnknownError:
            sent = True
        except LedgerUnreachableError:
            if not sent and monotonic() >= until:
                raise
        except TransactionRefusedError as error:
            if not sent:
                raise
            raise OutcomeUnknownError(
                f"transaction {digest} was sent and then refused; look it up by its digest", digest
            ) from error
        if monotonic() >= until:
            raise OutcomeUnknownError(f"transaction {digest} was sent, no outcome came back in time", digest)
        await sleep(backoff.next_s())
