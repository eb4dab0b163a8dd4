"""The enclave's own gas coins: which are free, reserved, leased to a transaction, or of unknown state.

Rules: a coin is in one state only, so two transactions never share one; a coin whose transaction's outcome is not
known stays out until the ledger shows a newer version of it, or the lease is settled after all. References and
balances are unauthenticated hints: a wrong one fails on chain. Pure: no I/O, no time.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from enclave.custody_limits import LIMITS, CustodyLimits
from enclave.errors import SignatureRefused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sui.types import Address, Digest, ObjectRef


class CoinState(Enum):
    """What a coin is doing."""

    FREE = "free"
    RESERVED = "reserved"
    LEASED = "leased"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Coin:
    """One coin; `holder` is the reservation or lease that has it."""

    ref: ObjectRef
    balance: int
    state: CoinState = CoinState.FREE
    holder: int = 0


@dataclass(frozen=True)
class Lease:
    """A signed transaction's coins: the one that pays, and others that it uses up."""

    number: int
    payment: ObjectRef
    further: tuple[ObjectRef, ...]
    digest: Digest | None = None


class CoinPool:
    """All coins of the enclave's account that its processes told of."""

    def __init__(self, limits: CustodyLimits = LIMITS) -> None:
        """Start empty."""
        self._limits = limits
        self._coins: dict[Address, Coin] = {}
        self._leases: dict[int, Lease] = {}
        self._numbers = itertools.count(1)

    def add(self, coins: Iterable[tuple[ObjectRef, int]]) -> int:
        """Take in coins as the ledger shows them; returns how many were news.

        A known coin is brought up to date; one that is leased is left alone, and one of unknown state comes back by a
        newer version only.
        """
        news = 0
        for ref, balance in coins:
            known = self._coins.get(ref.object_id)
            if known is None:
                if len(self._coins) >= self._limits.coins or balance <= 0:
                    continue
                self._coins[ref.object_id] = Coin(ref, balance)
            elif known.state is CoinState.LEASED or ref.version < known.ref.version:
                continue
            elif known.state is CoinState.UNKNOWN:
                if ref.version == known.ref.version:
                    continue
                self._resolve(known.holder, ref, balance)
            elif known.ref == ref and known.balance == balance:
                continue
            else:
                self._coins[ref.object_id] = replace(known, ref=ref, balance=balance)
            news += 1
        return news

    def reserve(self, count: int) -> int:
        """Set coins aside for answers to come; returns the reservation's number.

        Raises:
            SignatureRefused: no-gas, or a count that is not allowed.
        """
        if not 1 <= count <= self._limits.coins_per_reservation:
            raise SignatureRefused("bad-request", f"1 to {self._limits.coins_per_reservation} coins can be reserved")
        chosen = list(itertools.islice(self._free(self._limits.answer_reserve_mist), count))
        if len(chosen) < count:
            raise _no_gas(f"{count} coins of {self._limits.answer_reserve_mist} MIST")
        number = next(self._numbers)
        for coin in chosen:
            self._put(replace(coin, state=CoinState.RESERVED, holder=number))
        return number

    def release(self, reservation: int) -> None:
        """Give a reservation's remaining coins back; harmless when it has none."""
        for coin in tuple(self._coins.values()):
            if coin.state is CoinState.RESERVED and coin.holder == reservation:
                self._put(replace(coin, state=CoinState.FREE, holder=0))

    def release_all(self) -> None:
        """Give all reservations back: their holder has started anew and knows none of them."""
        for coin in tuple(self._coins.values()):
            if coin.state is CoinState.RESERVED:
                self._put(replace(coin, state=CoinState.FREE, holder=0))

    def lease(self, budget: int, *, reservation: int | None = None, further: tuple[ObjectRef, ...] = ()) -> Lease:
        """Take a coin that can pay `budget`, and the `further` ones that the transaction names.

        Raises:
            SignatureRefused: no-gas, an unknown reservation, or a further coin that is not ours or not free.
        """
        named = {ref.object_id for ref in further}
        for ref in further:
            known = self._coins.get(ref.object_id)
            if known is None or known.ref != ref or known.state is not CoinState.FREE:
                raise SignatureRefused("coin-busy", f"the object {ref.object_id} is not a free coin of this enclave")
        if reservation is None:
            found = next((coin for coin in self._free(budget) if coin.ref.object_id not in named), None)
            if found is None:
                raise _no_gas(f"{budget} MIST")
        else:
            found = self._reserved(reservation, budget)
        lease = Lease(next(self._numbers), found.ref, further)
        for ref in (found.ref, *further):
            self._put(replace(self._coins[ref.object_id], state=CoinState.LEASED, holder=lease.number))
        self._leases[lease.number] = lease
        return lease

    def balance(self, number: int) -> int:
        """What is believed to be in a lease's paying coin, so that whoever settles it can say what is left."""
        return self._coins[self._leases[number].payment.object_id].balance

    def signed(self, number: int, digest: Digest) -> None:
        """Note which transaction a lease is for."""
        self._leases[number] = replace(self._leases[number], digest=digest)

    def cancel(self, number: int) -> None:
        """Undo a lease for which nothing was signed."""
        lease = self._leases.pop(number)
        for ref in (lease.payment, *lease.further):
            self._put(replace(self._coins[ref.object_id], state=CoinState.FREE, holder=0))

    def settle(self, number: int, payment: ObjectRef | None, balance: int | None) -> None:
        """Say how a lease ended: the paying coin as it is now, or None for an unknown outcome.

        The leased version again means that the transaction did not run; a balance of 0 that the coin is gone.

        Raises:
            SignatureRefused: no such lease, or another coin than the leased one.
        """
        lease = self._leases.get(number)
        if lease is None:
            raise SignatureRefused("unknown-lease", f"there is no lease {number}")
        if payment is None:
            for ref in (lease.payment, *lease.further):
                self._put(replace(self._coins[ref.object_id], state=CoinState.UNKNOWN))
            return
        if payment.object_id != lease.payment.object_id or payment.version < lease.payment.version:
            raise SignatureRefused("bad-request", "the lease was for another coin, or for a later version of it")
        ran = payment.version > lease.payment.version or balance == 0
        del self._leases[number]
        old = self._coins.pop(payment.object_id)
        if balance != 0:
            self._coins[payment.object_id] = Coin(payment, old.balance if balance is None else balance)
        for ref in lease.further:
            if ran:
                del self._coins[ref.object_id]
            else:
                self._put(replace(self._coins[ref.object_id], state=CoinState.FREE, holder=0))

    def count(self, state: CoinState) -> int:
        """How many coins are in a state."""
        return sum(coin.state is state for coin in self._coins.values())

    @property
    def coins(self) -> tuple[Coin, ...]:
        """All coins."""
        return tuple(self._coins.values())

    @property
    def leases(self) -> tuple[Lease, ...]:
        """All leases that are not settled."""
        return tuple(self._leases.values())

    def _resolve(self, number: int, ref: ObjectRef, balance: int) -> None:
        """A coin of unknown state has moved on: its transaction ran, and used its further coins up."""
        lease = self._leases.get(number)
        self._coins[ref.object_id] = Coin(ref, balance)
        if lease is not None and lease.payment.object_id == ref.object_id:
            del self._leases[number]
            for further in lease.further:
                self._coins.pop(further.object_id, None)

    def _free(self, least: int) -> Iterable[Coin]:
        return (coin for coin in self._coins.values() if coin.state is CoinState.FREE and coin.balance >= least)

    def _reserved(self, reservation: int, budget: int) -> Coin:
        for coin in self._coins.values():
            if coin.state is CoinState.RESERVED and coin.holder == reservation and coin.balance >= budget:
                return coin
        raise SignatureRefused("unknown-reservation", f"reservation {reservation} has no coin left for {budget} MIST")

    def _put(self, coin: Coin) -> None:
        self._coins[coin.ref.object_id] = coin


def _no_gas(what: str) -> SignatureRefused:
    return SignatureRefused("no-gas", f"the enclave has no free gas coin for {what}; the parent tops it up")
