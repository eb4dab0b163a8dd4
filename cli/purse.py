"""The user's own coins, for a gateway that pays with them: a `gateway.ports.TransactionSigner`.

Role: many transactions at a time from one account, each paid by a coin of its own; coins of a useful size are made from
large ones, and what has become small is collected.

Rules:
- A coin is in one transaction at a time. One whose transaction's outcome is not known stays out until the ledger shows
  another version of it, or still the same one long after anybody would have sent the transaction.
- The smallest coin that is large enough pays. What the ledger says of coins is a hint; a wrong one fails on chain.
- One reshaping transaction at a time, and only with coins that nothing else uses.

Other commands of the same account may use the same coins meanwhile: whoever comes second is refused by the ledger, and
the gateway tries again with another coin.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from chain.errors import LedgerError, LedgerUnreachableError, TransactionRefusedError
from gateway.errors import GasError, LocalError
from gateway.ports import SignedTransaction, TransactionSigner
from gateway.transactions import coin_after
from sui.bcs import ADDRESS, U64
from sui.builder import ProgrammableBuilder, transaction_data
from sui.digests import transaction_digest
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, GasCoin, ImmOrOwned, ProgrammableTransaction

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.ledger import Coin, Ledger
    from sui.keys import Ed25519Key
    from sui.types import Address, ObjectRef

_log = structlog.get_logger()
_MIST_A_SUI: Final = 1_000_000_000


@dataclass(frozen=True)
class PurseLimits:
    """How the purse shall look, and how long it waits."""

    pieces: int = 16
    piece_mist: int = 100_000_000
    small_mist: int = 40_000_000
    least_mist: int = 15_000_000
    reshape_budget_mist: int = 60_000_000
    merge_at_once: int = 64
    listed: int = 512
    unknown_s: float = 120.0
    look_s: float = 5.0
    pause_s: float = 0.5


PURSE_LIMITS: Final = PurseLimits()
"""The limits that hold unless a caller passes others."""


@dataclass(frozen=True)
class _Held:
    """One coin; the lease that has it, and since when that one's outcome is in doubt."""

    ref: ObjectRef
    balance: int
    lease: int | None = None
    doubtful_since_s: float | None = None


class Purse(TransactionSigner):
    """Pays for and signs the transactions of one account."""

    def __init__(
        self,
        ledger: Ledger,
        key: Ed25519Key,
        *,
        monotonic: Callable[[], float],
        limits: PurseLimits = PURSE_LIMITS,
    ) -> None:
        """Begin empty; `look` fills it."""
        self._ledger = ledger
        self._key = key
        self._monotonic = monotonic
        self._limits = limits
        self._coins: dict[Address, _Held] = {}
        self._leases = itertools.count(1)
        self._starved = asyncio.Event()

    @property
    def address(self) -> Address:
        """Whose coins these are."""
        return self._key.address

    async def open(self) -> None:
        """Take the coins in, and split them where they are too few.

        Raises:
            GasError: the account cannot pay for a single request.
            LedgerError: the ledger did not say, or did not take the split.
        """
        await self.look()
        if not any(coin.balance >= self._limits.least_mist for coin in self._coins.values()):
            raise GasError(self._poor(self._limits.least_mist))
        await self._reshape()

    async def keep(self) -> None:
        """Look after the coins until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._limits.look_s):
                    await self._starved.wait()
            self._starved.clear()
            try:
                await self.look()
                await self._reshape()
            except (LedgerError, GasError) as error:
                _log.warning("coins-not-looked-after", error=str(error))
            await asyncio.sleep(self._limits.pause_s)

    async def look(self) -> None:
        """Bring what is known of the coins up to date.

        Raises:
            LedgerError: the ledger did not say.
        """
        began = {coin.ref.object_id: coin for coin in self._coins.values()}
        listed = await self._ledger.owned_coins(self.address, limit=self._limits.listed)
        for coin in listed:
            self._see(coin)
        if len(listed) < self._limits.listed:
            shown = {coin.ref.object_id for coin in listed}
            for object_id, before in began.items():
                # Somebody else spent it, and nothing of ours has touched it since the question.
                if object_id not in shown and before.lease is None and self._coins.get(object_id) == before:
                    del self._coins[object_id]

    async def sign(self, kind: bytes, *, gas_budget: int, gas_price: int) -> SignedTransaction:
        """Pay for and sign a programmable transaction."""
        able = [coin for coin in self._free() if coin.balance >= gas_budget]
        if not able:
            self._starved.set()
            busy = any(coin.lease is not None for coin in self._coins.values())
            raise GasError(self._busy(gas_budget) if busy else self._poor(gas_budget))
        return self._sign(min(able, key=_balance), kind, gas_budget, gas_price)

    async def settle(self, lease: int, coin: ObjectRef | None, balance: int | None = None) -> None:
        """Say what became of a lease's coin."""
        held = next((each for each in self._coins.values() if each.lease == lease), None)
        if held is None:
            return
        if coin is None:
            self._put(replace(held, doubtful_since_s=self._monotonic()))
        elif balance == 0:
            del self._coins[held.ref.object_id]
        else:
            self._put(_Held(coin, held.balance if balance is None else balance))

    def _see(self, coin: Coin) -> None:
        """Take in a coin as the ledger shows it."""
        known = self._coins.get(coin.ref.object_id)
        if known is None:
            if coin.balance:
                self._put(_Held(coin.ref, coin.balance))
            return
        newer = coin.ref.version > known.ref.version
        if known.lease is None:
            if newer or coin.ref == known.ref:
                self._put(_Held(coin.ref, coin.balance))
        elif known.doubtful_since_s is not None:
            waited_s = self._monotonic() - known.doubtful_since_s
            if newer or (coin.ref == known.ref and waited_s >= self._limits.unknown_s):
                self._put(_Held(coin.ref, coin.balance))

    async def _reshape(self) -> None:
        """Make pieces of the largest free coin and the small ones, where pieces are too few.

        Raises:
            LedgerError: the ledger did not take it.
        """
        limits = self._limits
        useful = sum(coin.balance >= limits.small_mist for coin in self._coins.values())
        free = sorted(self._free(), key=_balance, reverse=True)
        if useful >= limits.pieces // 2 or not free or free[0].balance < limits.reshape_budget_mist:
            return
        largest, small = free[0], [coin for coin in free[1:] if coin.balance < limits.small_mist]
        small = small[: limits.merge_at_once]
        available = largest.balance + sum(coin.balance for coin in small) - limits.reshape_budget_mist
        count = min(limits.pieces - useful, available // limits.piece_mist)
        if count <= 0:
            return
        builder = ProgrammableBuilder()
        if small:
            builder.merge_coins(GasCoin(), [builder.obj(ImmOrOwned(coin.ref)) for coin in small])
        pieces = builder.split_coins(GasCoin(), [builder.pure_value(U64, limits.piece_mist)] * count)
        builder.transfer_objects(pieces, builder.pure_value(ADDRESS, self.address))
        price = await self._ledger.gas_price()
        kind = TRANSACTION_KIND.encode(builder.finish())
        if self._coins.get(largest.ref.object_id) != largest or any(
            self._coins.get(coin.ref.object_id) != coin for coin in small
        ):
            return  # A request took one of them meanwhile; the next look tries again.
        signed = self._sign(largest, kind, limits.reshape_budget_mist, price)
        for coin in small:
            self._put(replace(coin, lease=signed.lease))
        await self._send(signed, largest, small)

    async def _send(self, signed: SignedTransaction, largest: _Held, small: list[_Held]) -> None:
        """Send a reshaping transaction, and look at the coins anew."""
        try:
            done = await self._ledger.execute(signed.transaction, [signed.signature])
        except (LedgerUnreachableError, TransactionRefusedError):
            for coin in (largest, *small):
                self._put(coin)
            raise
        except LedgerError:
            for coin in (largest, *small):
                self._put(replace(coin, lease=signed.lease, doubtful_since_s=self._monotonic()))
            raise
        for coin in small:
            del self._coins[coin.ref.object_id]
        # What is in it now the ledger tells with the next look; until then it pays for nothing.
        self._put(_Held(coin_after(done) or largest.ref, 0))
        _log.info("coins-split", digest=str(done.digest), ok=done.success, collected=len(small))
        await self.look()

    def _sign(self, coin: _Held, kind: bytes, budget: int, price: int) -> SignedTransaction:
        program = TRANSACTION_KIND.decode(kind)
        if not isinstance(program, ProgrammableTransaction):
            raise LocalError("only programmable transactions are paid for; this is a fault of the gateway")
        data = transaction_data(program, sender=self.address, payment=[coin.ref], price=price, budget=budget)
        transaction = TRANSACTION_DATA.encode(data)
        signature = self._key.sign_transaction(transaction)
        lease = next(self._leases)
        self._put(replace(coin, lease=lease))
        return SignedTransaction(transaction, signature, transaction_digest(transaction), lease, coin.balance)

    def _free(self) -> list[_Held]:
        return [coin for coin in self._coins.values() if coin.lease is None]

    def _put(self, coin: _Held) -> None:
        self._coins[coin.ref.object_id] = coin

    def _poor(self, needed: int) -> str:
        held = sum(coin.balance for coin in self._coins.values())
        return (
            f"the account {self.address} has no coin of {needed / _MIST_A_SUI:g} SUI for gas (it holds "
            f"{held / _MIST_A_SUI:g} SUI); send it SUI (on a local ledger: k3s-daas ledger faucet {self.address})"
        )

    def _busy(self, needed: int) -> str:
        return (
            f"every coin of the account {self.address} that could pay {needed / _MIST_A_SUI:g} SUI is in a transaction "
            "under way; try again, or send it more SUI"
        )


def _balance(coin: _Held) -> int:
    return coin.balance
