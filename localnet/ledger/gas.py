"""What a transaction pays: computation in rounded units times a price, storage by the byte with a rebate.

Rules:
    * computation is metered in internal units (1,000 make a unit), has a floor and is rounded up so that only the
      upper half of its digits stays, then multiplied by the gas price;
    * an object pays `storage_mist_per_byte` for every byte of its size as Sui counts it, whatever the gas price; when
      it is rewritten or deleted, 99 % of what it had paid comes back, the rest is the non-refundable fee;
    * what is out of gas pays its whole budget as computation.

What it does not do: find or change coins (see `localnet.ledger.executor`), decide what an instruction costs (the VM).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.vm.meter import Meter
from sui.effects import GasCostSummary
from sui.object import MOVE_OBJECT_TYPE, MoveObject

if TYPE_CHECKING:
    from localnet.ledger.limits import ProtocolLimits
    from sui.object import MoveObjectType, MovePackage, Object

_BASIS_POINTS = 10_000
_DIGEST_SIZE = 32
_REBATE_SIZE = 8
_VERSION_SIZE = 8
_FLAG_SIZE = 1
_ID_SIZE = 32


def round_half_digits(units: int, floor: int) -> int:
    """Round up so that only the upper half of the digits stays, and never below the floor."""
    if units < floor:
        return floor
    base: int = 10 ** ((len(str(units)) - 1) // 2)
    return -(-units // base) * base


def sender_rebate(rebate: int, rate_basis_points: int) -> int:
    """Return the part of a storage rebate that is paid back, rounded half up."""
    return (rebate * rate_basis_points + _BASIS_POINTS // 2) // _BASIS_POINTS


def move_size(kind: MoveObjectType, contents: int, owner_size: int) -> int:
    """Return the size in bytes, as gas counts it, of a Move object with that many bytes of contents."""
    return owner_size + _DIGEST_SIZE + _REBATE_SIZE + contents + _type_size(kind) + _FLAG_SIZE + _VERSION_SIZE


def package_object_size(package: MovePackage, owner_size: int) -> int:
    """Return the size in bytes, as gas counts it, of a package with what surrounds it."""
    return owner_size + _DIGEST_SIZE + _REBATE_SIZE + package_size(package)


def object_size(value: Object, owner_size: int) -> int:
    """Return the size of an object in bytes as gas counts it."""
    data = value.data
    if isinstance(data, MoveObject):
        return move_size(data.type, len(data.contents), owner_size)
    return package_object_size(data, owner_size)


def package_size(package: MovePackage) -> int:
    """Return the size of a package in bytes as gas and the size limit count it."""
    modules = sum(len(name) + len(code) for name, code in package.module_map.items())
    origins = sum(
        len(origin.module_name) + len(origin.datatype_name) + _ID_SIZE for origin in package.type_origin_table
    )
    return _VERSION_SIZE + modules + origins + len(package.linkage_table) * (2 * _ID_SIZE + _VERSION_SIZE)


_TYPES_REMEMBERED = 10_000
_type_sizes: dict[MoveObjectType, int] = {}


def _type_size(kind: MoveObjectType) -> int:
    size = _type_sizes.get(kind)
    if size is None:
        size = len(MOVE_OBJECT_TYPE.encode(kind))
        if len(_type_sizes) < _TYPES_REMEMBERED:
            _type_sizes[kind] = size
    return size


@dataclass(slots=True)
class GasAccount:
    """What one transaction has spent so far.

    Attributes:
        budget: the most that the transaction may cost, in MIST.
        price: MIST for a unit of computation.
        limits: the protocol's table.
        metered: False for system transactions, which pay nothing.
    """

    budget: int
    price: int
    limits: ProtocolLimits
    metered: bool = True
    computation_cost: int = 0
    storage_cost: int = 0
    storage_rebate: int = 0

    def meter(self) -> Meter:
        """Return the meter of computation, with as much as the budget buys."""
        return Meter(self._limit() if self.metered else None)

    def _limit(self) -> int:
        units = min(self.budget // self.price, self.limits.max_gas_computation_units)
        return units * self.limits.internal_units_per_unit

    def settle_computation(self, internal_units: int, *, aborted: bool) -> bool:
        """Fix the cost of computation; returns False if the budget does not cover it (all of it is then taken).

        Args:
            internal_units: what the meter counted.
            aborted: whether a Move abort ended the transaction: its price is then capped.
        """
        if not self.metered:
            return True
        limits = self.limits
        price = self.price
        if aborted:
            price = min(price, limits.aborted_gas_price_factor * limits.reference_gas_price_mist)
        units = min(internal_units, self._limit()) // limits.internal_units_per_unit
        cost = round_half_digits(units, limits.base_tx_cost_units) * price
        if self.budget <= cost:
            self.computation_cost = self.budget
            return False
        self.computation_cost = cost
        return True

    def reset_storage(self) -> None:
        """Forget the storage that was charged so far."""
        self.storage_cost = 0
        self.storage_rebate = 0

    def charge_storage(self, size: int, old_rebate: int) -> int:
        """Charge an object of `size` bytes that had paid `old_rebate`; returns what it has paid now."""
        if not self.metered:
            return 0
        cost = size * self.limits.storage_mist_per_byte
        self.storage_cost += cost
        self.storage_rebate += old_rebate
        return cost

    def covers_storage(self) -> bool:
        """Return whether budget is left for the storage that was charged, less what comes back."""
        if not self.metered:
            return True
        back = sender_rebate(self.storage_rebate, self.limits.storage_rebate_rate_basis_points)
        return self.storage_cost - back <= self.budget - self.computation_cost

    def take_everything(self) -> None:
        """Charge the whole budget as computation, and nothing for storage."""
        self.computation_cost = self.budget
        self.reset_storage()

    def summary(self) -> GasCostSummary:
        """Return the four figures that effects name."""
        back = sender_rebate(self.storage_rebate, self.limits.storage_rebate_rate_basis_points)
        return GasCostSummary(self.computation_cost, self.storage_cost, back, self.storage_rebate - back)
