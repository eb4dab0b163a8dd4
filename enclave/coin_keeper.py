"""Keeps the signer's pool of gas coins in shape: many coins of a useful size, made from what the parent sends.

Role: tell the signer what the ledger shows, split what is large, collect what has become small or came as a receipt's
deposit, and give everything back to the operator at an orderly stop.

Rules: one housekeeping transaction at a time; a coin that could be reserved is never collected (`small_mist` is the
signer's own bound), nor one that pays for a transaction under way; what the ledger says of coins is a hint, and a wrong
one fails on chain; coins leave to the enclave itself or to its operator only, which the signer checks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from chain.errors import LedgerError, OutcomeUnknownError, TransactionRefusedError
from enclave.execution_errors import LocalProcessError, NoGasError
from gateway.transactions import coin_after
from sui.bcs import ADDRESS, U64
from sui.builder import ProgrammableBuilder
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, GasCoin, ImmOrOwned

if TYPE_CHECKING:
    from chain.ledger import Coin, Ledger
    from enclave.executor_ports import IpcSigner
    from sui.types import Address, Digest

_log = structlog.get_logger()


@dataclass(frozen=True)
class CoinLimits:
    """How the pool shall look."""

    pieces: int = 96
    piece_mist: int = 100_000_000
    small_mist: int = 50_000_000
    least_large_mist: int = 320_000_000
    split_at_once: int = 96
    merge_at_once: int = 64
    budget_mist: int = 200_000_000
    small_budget_mist: int = 45_000_000
    last_budget_mist: int = 40_000_000
    listed: int = 512


COIN_LIMITS: Final = CoinLimits()
"""The shape that holds unless a caller passes another."""


class CoinKeeper:
    """Looks after the coins of the enclave's own account."""

    def __init__(self, ledger: Ledger, signer: IpcSigner, address: Address, limits: CoinLimits = COIN_LIMITS) -> None:
        """Look after the coins of `address`."""
        self._ledger = ledger
        self._signer = signer
        self._address = address
        self._limits = limits

    async def look(self) -> None:
        """Tell the signer of all coins, and mend the pool's shape by at most one transaction."""
        try:
            coins = await self._ledger.owned_coins(self._address, limit=self._limits.listed)
            await self._signer.add_coins([(coin.ref, coin.balance) for coin in coins])
            if self._wants_pieces(coins) or self._crowded(coins):
                await self._reshape(coins, await self._leased())
        except (LedgerError, LocalProcessError, NoGasError) as error:
            _log.warning("coins-not-looked-after", error=str(error))

    async def give_back(self, operator: Address) -> Digest | None:
        """Send every coin to the operator; gives the transaction, None where there was nothing to send.

        Raises:
            LocalProcessError: the signer does not answer, or refuses.
            LedgerError: the ledger did not take it.
        """
        coins = await self._ledger.owned_coins(self._address, limit=self._limits.listed)
        await self._signer.operator(operator)
        await self._signer.add_coins([(coin.ref, coin.balance) for coin in coins])
        if not coins:
            return None
        builder = ProgrammableBuilder()
        # What is named here cannot pay, so the one coin that is not named does: the largest.
        largest = max(coins, key=lambda coin: coin.balance)
        others = [coin for coin in coins if coin is not largest]
        if others:
            builder.merge_coins(GasCoin(), [builder.obj(ImmOrOwned(coin.ref)) for coin in others])
        builder.transfer_objects([GasCoin()], builder.pure_value(ADDRESS, operator))
        return await self._send(builder, "gas-given-back", budget=self._limits.last_budget_mist)

    async def _leased(self) -> frozenset[bytes]:
        """The coins that transactions under way pay with: they cannot be collected now."""
        return frozenset(lease["object_id"] for lease in (await self._signer.coins())["leases"])

    def _wants_pieces(self, coins: list[Coin]) -> bool:
        limits = self._limits
        useful = sum(limits.small_mist <= coin.balance < limits.least_large_mist for coin in coins)
        return useful < limits.pieces

    def _crowded(self, coins: list[Coin]) -> bool:
        """Whether small coins, as deposits of receipts bring them, would take the places of useful ones."""
        return sum(coin.balance < self._limits.small_mist for coin in coins) >= self._limits.merge_at_once

    async def _reshape(self, coins: list[Coin], leased: frozenset[bytes]) -> None:
        """Split the largest coin where it is large; else make pieces of what the small ones add up to."""
        limits = self._limits
        useful = sum(limits.small_mist <= coin.balance < limits.least_large_mist for coin in coins)
        small = [
            coin for coin in coins if coin.balance < limits.small_mist and bytes(coin.ref.object_id) not in leased
        ][: limits.merge_at_once]
        available = sum(coin.balance for coin in small)
        budget = limits.small_budget_mist
        largest = max((coin.balance for coin in coins), default=0)
        if largest >= limits.least_large_mist:
            # Only it can pay such a budget, so it is the one that is split.
            budget = limits.budget_mist
            available += largest - budget
        count = min(limits.split_at_once, limits.pieces - useful, available // limits.piece_mist)
        if count <= 0 and len(small) < limits.merge_at_once:
            return
        count = max(0, count)
        builder = ProgrammableBuilder()
        if small:
            builder.merge_coins(GasCoin(), [builder.obj(ImmOrOwned(coin.ref)) for coin in small])
        if count:
            pieces = builder.split_coins(GasCoin(), [builder.pure_value(U64, limits.piece_mist)] * count)
            builder.transfer_objects(pieces, builder.pure_value(ADDRESS, self._address))
        collected = sum(coin.balance for coin in small)
        await self._send(
            builder,
            "coins-split",
            budget=budget,
            moved=count * limits.piece_mist - collected,
            pieces=count,
            collected=len(small),
        )

    async def _send(
        self, builder: ProgrammableBuilder, what: str, *, budget: int, moved: int = 0, **told: int
    ) -> Digest | None:
        """Send one housekeeping transaction, which moves so much out of the coin that pays for it."""
        price = await self._ledger.gas_price()
        kind = TRANSACTION_KIND.encode(builder.finish())
        signed = await self._signer.sign_transaction(kind, budget=budget, price=price, reservation=None)
        coin = TRANSACTION_DATA.decode(signed.transaction).gas_data.payment[0]
        try:
            done = await self._ledger.execute(signed.transaction, [signed.signature])
        except OutcomeUnknownError:
            await self._signer.settle(signed.lease, None)
            raise
        except (TransactionRefusedError, LedgerError):
            await self._signer.settle(signed.lease, coin)
            raise
        after = coin_after(done)
        left = signed.left(done.gas.net + (moved if done.success else 0))
        await self._signer.settle(signed.lease, after or coin, 0 if after is None else left)
        _log.info(what, digest=str(done.digest), ok=done.success, **told)
        return done.digest if done.success else None
