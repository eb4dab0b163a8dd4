"""One transaction from its kind to its outcome: paid for, signed, announced, sent, settled.

Role: what every transaction of this gateway goes through, whatever it asks for.

Rules:
- The executor knows a transaction before the ledger does.
- The same signed bytes are sent again when their outcome is not known; they can only be executed once.
- A ledger that was not reached at all is said at once, so that a read can be repeated by its client.
- A coin is settled with what the outcome says of it, after a refusal with what the ledger shows of it, or as unknown.
- A refused transaction was not executed: it is signed once more, with another coin and a fresh price.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from chain.errors import (
    BadLedgerAnswerError,
    LedgerError,
    LedgerUnreachableError,
    OutcomeUnknownError,
    TransactionRefusedError,
)
from gateway.errors import GasError, LocalError
from gateway.transactions import coin_after
from sui.bcs import ADDRESS, U64, tuple_of
from sui.errors import BcsError
from sui.transaction import TRANSACTION_DATA

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chain.ledger import ExecutedTransaction, Ledger
    from gateway.limits import Limits
    from gateway.ports import SignedTransaction, TransactionSigner
    from sui.types import ObjectRef

_log = structlog.get_logger()
_COIN: Final = tuple_of(ADDRESS, U64)
_ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True)
class Carried:
    """A transaction with its outcome, and when it was sent."""

    done: ExecutedTransaction
    sent_s: float


class Courier:
    """Carries transactions to the ledger."""

    def __init__(
        self,
        *,
        ledger: Ledger,
        signer: TransactionSigner,
        expect: Callable[[SignedTransaction, tuple[bytes, ...]], Awaitable[None]],
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        limits: Limits,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Carry nothing yet.

        Args:
            ledger: The node; it is not believed.
            signer: Pays and signs.
            expect: Tells the executor of a transaction and its large payloads, before it is sent.
            now_ms: The ledger's time.
            monotonic: Seconds of a clock that never goes back.
            limits: The gateway's limits.
            sleep: Waits.
        """
        self._ledger = ledger
        self._signer = signer
        self._expect = expect
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._limits = limits
        self._sleep = sleep
        self._price: tuple[int, float] | None = None

    async def carry(self, kind: bytes, *, budget: int, payloads: tuple[bytes, ...], deadline_ms: int) -> Carried:
        """Have a transaction executed; an aborted one is returned.

        Args:
            kind: BCS of the TransactionKind.
            budget: The most it may cost, in MIST.
            payloads: Sealed payloads that travel beside the chain.
            deadline_ms: Ledger time after which an unknown outcome stays unknown.

        Raises:
            GasError: No coin pays for it.
            LocalError: Signer or executor do not answer; nothing was sent.
            LedgerUnreachableError: Nothing was sent.
            TransactionRefusedError: It was not executed.
            OutcomeUnknownError: It may have been executed.
        """
        for attempt in range(_ATTEMPTS):
            signed = await self._sign(kind, budget)
            try:
                return await self._carry(signed, payloads, deadline_ms)
            except TransactionRefusedError as error:
                self._price = None
                if attempt + 1 == _ATTEMPTS:
                    raise
                _log.warning("refused", digest=str(signed.digest), error=str(error))
        raise AssertionError("the loop above returns or raises")

    async def _carry(self, signed: SignedTransaction, payloads: tuple[bytes, ...], deadline_ms: int) -> Carried:
        """Announce and send one signed transaction, and settle its coin whatever happens."""
        coin: ObjectRef | None = None
        balance: int | None = None
        try:
            await self._expect(signed, payloads)
            sent_s = self._monotonic()
            done = await self._execute(signed, deadline_ms)
            coin = coin_after(done)
            if coin is not None and signed.balance is not None:
                balance = max(1, signed.balance - done.gas.net)
        except (LedgerUnreachableError, LocalError):
            coin = _coin_before(signed)  # nothing was sent
            raise
        except TransactionRefusedError:
            coin, balance = await self._look_up(_coin_before(signed))
            raise
        else:
            return Carried(done, sent_s)
        finally:
            await self._signer.settle(signed.lease, coin, balance)

    async def _sign(self, kind: bytes, budget: int) -> SignedTransaction:
        """Have it paid for and signed; wait a little where every coin is under way."""
        price = await self._gas_price()
        until_s = self._monotonic() + self._limits.gas_wait_s
        while True:
            try:
                return await self._signer.sign(kind, gas_budget=budget, gas_price=price)
            except GasError:
                if self._monotonic() >= until_s:
                    raise
            await self._sleep(self._limits.gas_poll_s)

    async def _execute(self, signed: SignedTransaction, deadline_ms: int) -> ExecutedTransaction:
        """Send until the outcome is known or the deadline has passed."""
        pause_s = self._limits.retry_first_s
        was_sent = False
        while True:
            try:
                return await self._ledger.execute(signed.transaction, [signed.signature])
            except (LedgerUnreachableError, OutcomeUnknownError, BadLedgerAnswerError) as error:
                was_sent = was_sent or not isinstance(error, LedgerUnreachableError)
                if not was_sent:
                    raise
                if self._now_ms() + pause_s * 1000 >= deadline_ms:
                    text = f"the outcome of {signed.digest} did not come back before the deadline"
                    raise OutcomeUnknownError(text, signed.digest) from error
                _log.warning("outcome-unknown", digest=str(signed.digest), error=str(error))
            except TransactionRefusedError as error:
                if was_sent:
                    # Refused now, but an earlier sending may have been executed.
                    raise OutcomeUnknownError(str(error), signed.digest) from error
                raise
            await self._sleep(pause_s)
            pause_s = min(self._limits.retry_cap_s, pause_s * 2)

    async def _look_up(self, before: ObjectRef | None) -> tuple[ObjectRef | None, int | None]:
        """Ask the ledger what a refused transaction's coin is like; unknown where it does not say."""
        if before is None:
            return None, None
        try:
            found = (await self._ledger.get_objects([before.object_id]))[0]
            if found is None:
                return before, 0
            if found.ref.version < before.version:
                return None, None
            return found.ref, _COIN.decode(found.contents)[1]
        except (LedgerError, BcsError) as error:
            _log.warning("coin-unknown", coin=str(before.object_id), error=str(error))
            return None, None

    async def _gas_price(self) -> int:
        """Give the gas price, kept for a while and capped."""
        now_s = self._monotonic()
        if self._price is None or now_s - self._price[1] > self._limits.gas_price_age_s:
            self._price = (await self._ledger.gas_price(), now_s)
        return min(self._price[0], self._limits.gas_price_max_mist)


def _coin_before(signed: SignedTransaction) -> ObjectRef | None:
    """Give the gas coin as the transaction names it."""
    payment = TRANSACTION_DATA.decode(signed.transaction).gas_data.payment
    return payment[0] if len(payment) == 1 else None
