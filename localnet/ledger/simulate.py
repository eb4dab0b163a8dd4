"""Runs a transaction without keeping anything, and chooses gas for it.

Rules:
    * without a gas payment a coin is made up that pays; without a budget the most allowed is used; without a price
      the reference price;
    * gas selection takes what the run used plus a margin of 1,000 units as the budget, and coins of the gas owner
      that are not inputs, the largest first, until they cover it;
    * with checks disabled any function may be called with any argument, and nobody's ownership is checked.

What it does not do: verify signatures (there are none), write.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from localnet.ledger.errors import UserInputError
from localnet.ledger.form import check_form
from localnet.ledger.listing import owned_objects
from localnet.ledger.records import ObjectRecord, SimulatedTransaction
from localnet.ledger.store import coin_value, record_of
from localnet.ledger.validate import (
    check_gas,
    check_inputs,
    check_price_and_budget,
)
from sui.digests import transaction_digest
from sui.object import OBJECT, GasCoinType, MoveObject, Object
from sui.transaction import TRANSACTION_DATA, ImmOrOwned, TransactionData
from sui.transaction import Object as ObjectInput
from sui.type_tag import GAS_COIN_TYPE
from sui.types import Address, AddressOwner, Digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.ledger.executor import Epoch, Execution, Executor
    from localnet.ledger.limits import ProtocolLimits
    from localnet.ledger.store import Store
    from localnet.ledger.validate import CheckedTransaction
    from sui.effects import GasCostSummary
    from sui.types import ObjectRef

_NOBODY = Address(bytes(32))
_MADE_UP_COIN = Address(b"\xff" * 32)
_MADE_UP_BALANCE = 1_000_000_000_000_000_000
_SAFE_OVERHEAD_UNITS = 1_000


class Simulator:
    """Simulates against one ledger."""

    def __init__(
        self,
        store: Store,
        executor: Executor,
        limits: ProtocolLimits,
        refresh: Callable[[CheckedTransaction], CheckedTransaction],
    ) -> None:
        """Tie the parts together; `refresh` shows a transaction the Clock as it would be now."""
        self._store = store
        self._executor = executor
        self._limits = limits
        self._refresh = refresh

    def simulate(
        self, data: TransactionData, epoch: Epoch, chain_id: Digest, *, checks: bool, gas_selection: bool
    ) -> SimulatedTransaction:
        """Run a transaction; see the module for its rules.

        Raises:
            RejectedTransaction: it would be refused.
        """
        gas = data.gas_data
        owner = data.sender if gas.owner == _NOBODY else gas.owner
        price = gas.price or self._limits.reference_gas_price_mist
        budget = gas.budget or self._limits.max_tx_gas_mist
        wanted = replace(data, gas_data=replace(gas, owner=owner, price=price, budget=budget))
        if gas_selection:
            estimated = budget
            if not gas.budget:
                trial = self._run(wanted, epoch, chain_id, checks=checks)[2]
                estimated = self._estimate(trial.effects.gas_used, price)
            payment = gas.payment or self._select(wanted, owner, estimated)
            wanted = replace(wanted, gas_data=replace(wanted.gas_data, budget=estimated, payment=payment))
        elif gas.payment and not gas.budget:
            wanted = self._affordable(wanted)
        encoded, digest, done = self._run(wanted, epoch, chain_id, checks=checks)
        return SimulatedTransaction(
            transaction=wanted,
            transaction_bcs=encoded,
            digest=digest,
            effects=done.effects,
            effects_bcs=done.effects_bcs,
            events=done.events,
            command_outputs=done.outputs,
            input_objects=done.inputs,
            output_objects=tuple(done.written.values()),
            suggested_gas_price=self._limits.reference_gas_price_mist,
        )

    def _run(
        self, data: TransactionData, epoch: Epoch, chain_id: Digest, *, checks: bool
    ) -> tuple[bytes, Digest, Execution]:
        limits = self._limits
        kind = check_form(data, limits, epoch=epoch.number, chain_id=chain_id)
        encoded = TRANSACTION_DATA.encode(data)
        digest = transaction_digest(encoded)
        checked = check_inputs(data, kind, self._store, limits, owners=checks)
        if not data.gas_data.payment:
            check_price_and_budget(data.gas_data.price, data.gas_data.budget, limits)
            checked = replace(checked, gas=(_made_up_coin(data.gas_data.owner),))
        elif checks:
            check_gas(checked, limits)
        done = self._executor.run(self._refresh(checked), digest, epoch, checks=checks, record=True)
        return encoded, digest, done

    def _estimate(self, used: GasCostSummary, price: int) -> int:
        overhead = _SAFE_OVERHEAD_UNITS * price
        budget = max(used.computation_cost + overhead, used.net + overhead)
        return min(budget, self._limits.max_tx_gas_mist)

    def _affordable(self, data: TransactionData) -> TransactionData:
        """Lower the budget to what the payment holds."""
        balance = 0
        for ref in data.gas_data.payment:
            record = self._store.latest(ref.object_id)
            if record is not None and isinstance(record.object.data, MoveObject):
                balance += coin_value(record.object.data) or 0
        return replace(data, gas_data=replace(data.gas_data, budget=min(balance, data.gas_data.budget)))

    def _select(self, data: TransactionData, owner: Address, budget: int) -> tuple[ObjectRef, ...]:
        used = set()
        for argument in getattr(data.kind, "inputs", ()):
            if isinstance(argument, ObjectInput) and isinstance(argument.arg, ImmOrOwned):
                used.add(argument.arg.ref.object_id)
        chosen: list[ObjectRef] = []
        total = 0
        after: bytes | None = None
        while total < budget and len(chosen) < self._limits.max_gas_payment_objects:
            page = owned_objects(self._store, owner, by_object=False, object_type=GAS_COIN_TYPE, limit=100, after=after)
            for coin in page.items:
                if total >= budget or len(chosen) >= self._limits.max_gas_payment_objects:
                    break
                data_of = coin.object.data
                if coin.ref.object_id not in used and isinstance(data_of, MoveObject):
                    chosen.append(coin.ref)
                    total += coin_value(data_of) or 0
            after = page.next
            if after is None:
                break
        if total < budget:
            raise UserInputError(
                f"Unable to perform gas selection due to insufficient SUI balance (in address balance or coins) for "
                f"account {owner} to satisfy required budget {budget}."
            )
        return tuple(chosen)


def _made_up_coin(owner: Address) -> ObjectRecord:
    contents = _MADE_UP_COIN + _MADE_UP_BALANCE.to_bytes(8, "little")
    value = Object(MoveObject(GasCoinType(), True, 1, contents), AddressOwner(owner), Digest(bytes(32)), 0)
    return record_of(OBJECT.encode(value))
