"""The enclave's own gas coins: which are free, reserved, leased to a transaction, or of unknown state.

Rules: a coin is in one state only, so two transactions never share one; a coin whose transaction's outcome is not
known stays out until the ledger shows a newer version of it, or still the same one long after anybody would have sent
the transaction, or the lease is settled after all. A lease that nobody settles (its holder ended, or never got the
signed bytes) becomes one of unknown outcome in time. The smallest coin that is large enough is taken, so that large
ones stay for what needs them. A reservation is one coin under a name that its holder chose: asked for again under the
same name it is the same one, so that an answer that was lost on its way holds no coin. References and balances are
unauthenticated hints: a wrong one fails on chain. Pure: no I/O, time is a parameter.
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
    """One coin; `holder` is the lease that has it, or minus the reservation."""

    ref: ObjectRef
    balance: int
    state: CoinState = CoinState.FREE
    holder: int = 0


@dataclass(frozen=True)
class Lease:
    """A signed transaction's coins: the one that pays, and others that it uses up; since when it stands as it does."""

    number: int
    payment: ObjectRef
    further: tuple[ObjectRef, ...]
    since_s: float
    digest: Digest | None = None


class CoinPool:
    """All coins of the enclave's account that its processes told of."""

    def __init__(self, limits: CustodyLimits = LIMITS) -> None:
        """Start empty."""
        self._limits = limits
        self._coins: dict[Address, Coin] = {}
        self._leases: dict[int, Lease] = {}
        self._numbers = itertools.count(1)

    def add(self, coins: Iterable[tuple[ObjectRef, int]], now_s: float = 0.0) -> int:
        """Take in coins as the ledger shows them; returns how many were news.

        A known coin is brought up to date; one that is leased is left alone, and one of unknown state comes back by a
        newer version, or by the same one after `unknown_s`.
        """
        self._lapse(now_s)
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
                if ref.version > known.ref.version:
                    self._resolve(known.holder, ref, balance)
                elif not self._unsent(known.holder, ref, now_s):
                    continue
            elif known.ref == ref and known.balance == balance:
                continue
            else:
                self._coins[ref.object_id] = replace(known, ref=ref, balance=balance)
            news += 1
        return news

    def reserve(self, name: int) -> None:
        """Set a coin aside for an answer to come, once for a name.

        Raises:
            SignatureRefused: no-gas, or no name.
        """
        if name <= 0:
            raise SignatureRefused("bad-request", "a reservation's name is a positive number")
        if self._of(name) is not None:
            return
        able = list(self._free(self._limits.answer_reserve_mist))
        if not able:
            raise _no_gas(f"an answer, of {self._limits.answer_reserve_mist} MIST")
        self._put(replace(min(able, key=_balance), state=CoinState.RESERVED, holder=-name))

    def release(self, reservation: int) -> None:
        """Give a reservation's coin back; harmless when it has none any more."""
        coin = self._of(reservation)
        if coin is not None:
            self._put(replace(coin, state=CoinState.FREE, holder=0))

    def release_all(self) -> None:
        """Give all reservations back: their holder has started anew and knows none of them."""
        for coin in tuple(self._coins.values()):
            if coin.state is CoinState.RESERVED:
                self._put(replace(coin, state=CoinState.FREE, holder=0))

    def lease(
        self, budget: int, *, reservation: int | None = None, further: tuple[ObjectRef, ...] = (), now_s: float = 0.0
    ) -> Lease:
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
            able = [coin for coin in self._free(budget) if coin.ref.object_id not in named]
            if not able:
                raise _no_gas(f"{budget} MIST")
            found = min(able, key=_balance)
        else:
            found = self._reserved(reservation, budget)
        lease = Lease(next(self._numbers), found.ref, further, now_s)
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
        for coin in self._held(self._leases.pop(number)):
            self._put(replace(coin, state=CoinState.FREE, holder=0))

    def settle(self, number: int, payment: ObjectRef | None, balance: int | None, now_s: float = 0.0) -> None:
        """Say how a lease ended: the paying coin as it is now, or None for an unknown outcome.

        The leased version again means that the transaction did not run; a balance of 0 that the coin is gone.

        Raises:
            SignatureRefused: no such lease, or another coin than the leased one.
        """
        lease = self._leases.get(number)
        if lease is None:
            raise SignatureRefused("unknown-lease", f"there is no lease {number}")
        if payment is None:
            self._doubt(lease, now_s)
            return
        if payment.object_id != lease.payment.object_id or payment.version < lease.payment.version:
            raise SignatureRefused("bad-request", "the lease was for another coin, or for a later version of it")
        ran = payment.version > lease.payment.version or balance == 0
        del self._leases[number]
        further = [coin for coin in self._held(lease) if coin.ref.object_id != payment.object_id]
        old = self._coins.pop(payment.object_id)
        if balance != 0:
            self._coins[payment.object_id] = Coin(payment, old.balance if balance is None else balance)
        for coin in further:
            if ran:
                del self._coins[coin.ref.object_id]
            else:
                self._put(replace(coin, state=CoinState.FREE, holder=0))

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

    def _held(self, lease: Lease) -> list[Coin]:
        """The coins of a lease that are still its own."""
        known = (self._coins.get(ref.object_id) for ref in (lease.payment, *lease.further))
        return [coin for coin in known if coin is not None and coin.holder == lease.number]

    def _lapse(self, now_s: float) -> None:
        """Nobody settled these: whether their transactions ran is not known."""
        for lease in tuple(self._leases.values()):
            leased = self._coins[lease.payment.object_id].state is CoinState.LEASED
            if leased and now_s - lease.since_s >= self._limits.lease_s:
                self._doubt(lease, now_s)

    def _doubt(self, lease: Lease, now_s: float) -> None:
        for coin in self._held(lease):
            self._put(replace(coin, state=CoinState.UNKNOWN))
        self._leases[lease.number] = replace(lease, since_s=now_s)

    def _unsent(self, number: int, ref: ObjectRef, now_s: float) -> bool:
        """The ledger shows a doubtful lease's paying coin unchanged; after long enough, all of it is free again."""
        lease = self._leases[number]
        if lease.payment != ref or now_s - lease.since_s < self._limits.unknown_s:
            return False
        self.cancel(number)
        return True

    def _resolve(self, number: int, ref: ObjectRef, balance: int) -> None:
        """A coin of unknown state has moved on: its transaction ran, and used its further coins up."""
        lease = self._leases.get(number)
        self._coins[ref.object_id] = Coin(ref, balance)
        if lease is not None and lease.payment.object_id == ref.object_id:
            del self._leases[number]
            for coin in self._held(lease):
                del self._coins[coin.ref.object_id]

    def _free(self, least: int) -> Iterable[Coin]:
        return (coin for coin in self._coins.values() if coin.state is CoinState.FREE and coin.balance >= least)

    def _of(self, reservation: int) -> Coin | None:
        """The coin of a reservation."""
        held = (coin for coin in self._coins.values() if coin.state is CoinState.RESERVED)
        return next((coin for coin in held if coin.holder == -reservation), None)

    def _reserved(self, reservation: int, budget: int) -> Coin:
        coin = self._of(reservation)
        if coin is None or coin.balance < budget:
            raise SignatureRefused("unknown-reservation", f"reservation {reservation} has no coin for {budget} MIST")
        return coin

    def _put(self, coin: Coin) -> None:
        self._coins[coin.ref.object_id] = coin


def _balance(coin: Coin) -> int:
    return coin.balance


def _no_gas(what: str) -> SignatureRefused:
    return SignatureRefused("no-gas", f"the enclave has no free gas coin for {what}; the parent tops it up")
