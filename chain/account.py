"""An account that pays for its own transactions: what operator, admin and users do, one transaction after another.

Role: object arguments, gas selection, budget, signature, execution. The command line and the parent use it; the
enclave does not (its coins are its signer's).

Rules: one transaction at a time for each account, so that two never share a coin; what the ledger says about coins
and objects is a hint, and a wrong one fails on chain.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.arguments import SharedRef
from chain.errors import BadLedgerAnswerError, DeniedError, LedgerError, NotFoundError
from sui.builder import transaction_data
from sui.transaction import TRANSACTION_DATA, TransactionData
from sui.types import AddressOwner, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from chain.ledger import Abort, ExecutedTransaction, Ledger, Simulation
    from sui.builder import ProgrammableBuilder
    from sui.keys import Ed25519Key
    from sui.transaction import ProgrammableTransaction
    from sui.types import Address, ObjectRef


@dataclass(frozen=True)
class Limits:
    """What an account spends and waits."""

    simulation_budget_mist: int = 1_000_000_000
    budget_margin_percent: int = 20
    budget_least_mist: int = 5_000_000
    coins_per_payment: int = 50
    checkpoint_seconds: float = 30.0
    poll_seconds: float = 0.05


LIMITS = Limits()


class Account:
    """One key, its coins, and the ledger that it acts on."""

    def __init__(
        self,
        ledger: Ledger,
        key: Ed25519Key,
        *,
        words: Callable[[Abort], str],
        limits: Limits = LIMITS,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Act on `ledger` as `key`; `words` turns an abort into a sentence."""
        self.ledger = ledger
        self._key = key
        self._words = words
        self._limits = limits
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._shared: dict[Address, SharedRef] = {}

    @property
    def address(self) -> Address:
        """The account's address."""
        return self._key.address

    async def shared(self, object_id: Address) -> SharedRef:
        """Return how a transaction names a shared object.

        Raises:
            NotFoundError: there is no such object.
            BadLedgerAnswerError: it is not shared.
        """
        if object_id not in self._shared:
            found = await self.ledger.get_object(object_id)
            if not isinstance(found.owner, SharedOwner):
                raise BadLedgerAnswerError(f"object {object_id} is not shared; another id was meant")
            self._shared[object_id] = SharedRef(object_id, found.owner.initial_shared_version)
        return self._shared[object_id]

    async def owned(self, object_id: Address) -> ObjectRef:
        """Return the current version of an object that this account owns.

        Raises:
            NotFoundError: there is no such object, or somebody else owns it.
        """
        found = await self.ledger.get_object(object_id)
        if found.owner != AddressOwner(self.address):
            raise NotFoundError(f"object {object_id} does not belong to {self.address}; use the key that owns it")
        return found.ref

    async def simulate(self, builder: ProgrammableBuilder) -> Simulation:
        """Say what a transaction would do and cost if this account sent it now."""
        kind = builder.finish()
        coins = await self._payment(self._limits.simulation_budget_mist, whatever_there_is=True)
        budget = min(self._limits.simulation_budget_mist, sum(balance for _, balance in coins))
        data = await self._data(kind, tuple(ref for ref, _ in coins), budget)
        return await self.ledger.simulate(TRANSACTION_DATA.encode(data))

    async def execute(self, builder: ProgrammableBuilder, *, budget: int | None = None) -> ExecutedTransaction:
        """Build, sign and execute a transaction, and wait until it is in a checkpoint.

        Raises:
            DeniedError: it was executed (or simulated) and aborted; the message says why, in words.
            LedgerError: the ledger did not take it.
        """
        kind = builder.finish()
        async with self._turn:
            if budget is None:
                budget = await self._budget(builder)
            coins = await self._payment(budget)
            data = await self._data(kind, tuple(ref for ref, _ in coins), budget)
            transaction = TRANSACTION_DATA.encode(data)
            done = await self.ledger.execute(transaction, [self._key.sign_transaction(transaction)])
            if done.abort is not None:
                raise self._denied(done.abort, done)
            return await self._in_checkpoint(done)

    async def _budget(self, builder: ProgrammableBuilder) -> int:
        simulated = await self.simulate(builder)
        if simulated.abort is not None:
            raise self._denied(simulated.abort, None)
        needed = simulated.gas.computation + simulated.gas.storage
        return max(needed * (100 + self._limits.budget_margin_percent) // 100, self._limits.budget_least_mist)

    async def _payment(self, budget: int, *, whatever_there_is: bool = False) -> list[tuple[ObjectRef, int]]:
        chosen: list[tuple[ObjectRef, int]] = []
        for coin in await self.ledger.owned_coins(self.address, limit=self._limits.coins_per_payment):
            chosen.append((coin.ref, coin.balance))
            if sum(balance for _, balance in chosen) >= budget:
                return chosen
        if chosen and whatever_there_is:
            return chosen
        held = sum(balance for _, balance in chosen)
        raise LedgerError(
            f"{self.address} holds {held} MIST and {budget} are needed for gas; send it SUI"
            f" (on a local ledger: k3s-daas ledger faucet {self.address})"
        )

    async def _data(
        self, kind: ProgrammableTransaction, payment: tuple[ObjectRef, ...], budget: int
    ) -> TransactionData:
        price = await self.ledger.gas_price()
        return transaction_data(kind, sender=self.address, payment=payment, price=price, budget=budget)

    async def _in_checkpoint(self, done: ExecutedTransaction) -> ExecutedTransaction:
        waited = 0.0
        while done.checkpoint is None:
            if waited >= self._limits.checkpoint_seconds:
                raise LedgerError(
                    f"transaction {done.digest} was executed but is in no checkpoint yet; look again later"
                )
            await self._sleep(self._limits.poll_seconds)
            waited += self._limits.poll_seconds
            done = await self.ledger.get_transaction(done.digest)
        return done

    def _denied(self, abort: Abort, done: ExecutedTransaction | None) -> DeniedError:
        return DeniedError(
            self._words(abort),
            digest=done.digest if done else None,
            module=abort.module,
            function=abort.function,
            code=abort.code,
            command=abort.command,
        )
