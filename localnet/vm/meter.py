"""Counts what executed code did, and turns the counts into Sui's internal gas units.

Sui charges each instruction 1 x the instruction tier, each push 1 x the stack height tier, and each byte put on the
operand stack 1 x the size tier; natives charge units of their own. The tiers grow with the totals of the transaction
(`CostTable` holds version 5), so the cost follows from three totals.

Compiled code adds one packed number a basic block: instructions in the high bits, then pushes, then bytes.
What is approximate: a block that aborts halfway is charged whole, the stack height tier is always the first,
and an amount of bytes that crosses a tier is split at the tier.
"""

from __future__ import annotations

from dataclasses import dataclass

from localnet.vm.errors import VmError
from localnet.vm.limits import DEFAULT_LIMITS, Limits

INSTRUCTION_SHIFT = 96
PUSH_SHIFT = 48
_PART = (1 << 48) - 1
_CHECK_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class CostTable:
    """Tiers as (first total, multiplier), ascending."""

    instruction_tiers: tuple[tuple[int, int], ...] = (
        (0, 1),
        (20_000, 2),
        (50_000, 10),
        (100_000, 50),
        (200_000, 100),
        (10_000_000, 1_000),
    )
    size_tiers: tuple[tuple[int, int], ...] = (
        (0, 1),
        (100_000, 2),
        (500_000, 5),
        (1_000_000, 100),
        (100_000_000, 1_000),
    )
    units_per_internal: int = 1_000


def _tiered(total: int, tiers: tuple[tuple[int, int], ...]) -> int:
    cost = 0
    for index, (start, multiplier) in enumerate(tiers):
        end = tiers[index + 1][0] if index + 1 < len(tiers) else total
        if total <= start:
            break
        cost += (min(total, end) - start) * multiplier
    return cost


def packed(instructions: int, pushes: int, size: int) -> int:
    """Return the three counts as the one number that compiled code adds."""
    return instructions << INSTRUCTION_SHIFT | pushes << PUSH_SHIFT | size


class Meter:
    """The counters of one transaction, and its budget in internal units (None = no budget)."""

    __slots__ = ("_budget", "_limits", "_native_units", "_table", "_total")

    def __init__(
        self, budget_internal: int | None = None, *, table: CostTable | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        """Start at zero."""
        self._budget = budget_internal
        self._table = table or CostTable()
        self._limits = limits
        self._total = 0
        self._native_units = 0

    @property
    def instructions(self) -> int:
        """Bytecode instructions executed."""
        return self._total >> INSTRUCTION_SHIFT

    @property
    def pushes(self) -> int:
        """Values put on the operand stack."""
        return self._total >> PUSH_SHIFT & _PART

    @property
    def stack_bytes(self) -> int:
        """Abstract bytes put on the operand stack."""
        return self._total & _PART

    @property
    def native_units(self) -> int:
        """Internal units that natives charged."""
        return self._native_units

    @property
    def internal_units(self) -> int:
        """The whole cost in internal units (1,000 of them are one unit of computation)."""
        return self._cost(self._total, self._native_units)

    def charge(self, units: int) -> None:
        """Add internal units for what the ledger itself does.

        Raises:
            VmError: out of gas.
        """
        self._native_units += units
        self.check(self._total, self._native_units)

    def begin(self) -> tuple[int, int, int]:
        """Return the counters and the first limit for an execution."""
        return self._total, self.check(self._total, self._native_units), self._native_units

    def end(self, total: int, native_units: int) -> None:
        """Take the counters back."""
        self._total = total
        self._native_units = native_units

    def check(self, total: int, native_units: int) -> int:
        """Return the total at which to check again.

        Raises:
            VmError: out of gas, or more instructions than `Limits` allows.
        """
        instructions = total >> INSTRUCTION_SHIFT
        if instructions > self._limits.instructions_max:
            raise VmError("OUT_OF_GAS", detail=f"more than {self._limits.instructions_max} instructions")
        if self._budget is not None and self._cost(total, native_units) > self._budget:
            raise VmError("OUT_OF_GAS", detail=f"the budget is {self._budget} internal units")
        return total + (_CHECK_EVERY << INSTRUCTION_SHIFT)

    def _cost(self, total: int, native_units: int) -> int:
        return (
            _tiered(total >> INSTRUCTION_SHIFT, self._table.instruction_tiers)
            + (total >> PUSH_SHIFT & _PART)
            + _tiered(total & _PART, self._table.size_tiers)
            + native_units
        )
