"""Where SUI is, transaction by transaction: in coins, in objects of the contract, burnt, or in the storage fund."""

from collections import Counter
from dataclasses import dataclass

from chain.bindings import objects
from chain.bindings.cluster_object import Cluster
from localnet.ledger import ExecutedTransaction, Ledger, ObjectRecord
from sui.object import MoveObject
from sui.type_tag import GAS_COIN_TYPE
from sui.types import Address, AddressOwner

SUPPLY_MIST = 10**19
Flows = Counter[Address]
"""What each holder (an address, or an object that keeps SUI) got; what it gave is negative."""


@dataclass
class Books:
    """Reads what objects hold, and holds every transaction to what it says it did."""

    ledger: Ledger
    original: Address

    def held(self, record: ObjectRecord) -> tuple[Address, int]:
        """Whose SUI an object is, and how much: an address for a coin, else the object itself."""
        data = record.object.data
        if not isinstance(data, MoveObject):
            return record.ref.object_id, 0
        if data.tag == GAS_COIN_TYPE:
            assert isinstance(record.object.owner, AddressOwner)
            return record.object.owner.address, int.from_bytes(data.contents[32:40], "little")
        if data.tag.address != self.original or data.tag.name not in {"Cluster", "SealToken", "Request"}:
            return record.ref.object_id, 0
        match objects.decode_object(self.original, data.tag, data.contents):
            case Cluster() as cluster:
                return record.ref.object_id, sum(bond.deposit.balance for bond in cluster.operators.bonds)
            case objects.SealToken() as token:
                return record.ref.object_id, token.stake.balance
            case objects.Request() as request:
                return record.ref.object_id, request.deposit
            case other:
                raise AssertionError(other)

    def flows(self, done: ExecutedTransaction) -> Flows:
        """What a transaction moved, gas too; asserts that it neither made nor lost any SUI."""
        before, after = self.ledger.transaction_objects(done)
        moved: Flows = Counter()
        for sign, records in ((-1, before), (1, after)):
            for record in records:
                whose, amount = self.held(record)
                moved[whose] += sign * amount
        used = done.effects.gas_used
        freed = sum(record.object.storage_rebate for record in before)
        paid_in = sum(record.object.storage_rebate for record in after)
        assert used.storage_rebate + used.non_refundable_storage_fee == freed
        assert used.storage_cost == paid_in
        burnt = used.computation_cost + used.non_refundable_storage_fee
        assert sum(moved.values()) + (paid_in - freed) + burnt == 0, "SUI was made or lost"
        return moved

    def settle(self, done: ExecutedTransaction, payer: Address, expected: Flows) -> None:
        """Assert that a transaction moved exactly what was expected, and that only its sender paid and got gas."""
        used = done.effects.gas_used
        wanted: Flows = Counter(expected)
        wanted[payer] -= used.computation_cost + used.storage_cost - used.storage_rebate
        found = self.flows(done)
        for holder in {*wanted, *found}:
            assert found[holder] == wanted[holder], f"{holder} got {found[holder]}, not {wanted[holder]}"

    def everything(self) -> int:
        """All SUI there is: held, in the storage fund, and burnt."""
        store = self.ledger._store
        total = 0
        for (object_id,) in store.db.execute("SELECT id FROM live").fetchall():
            record = store.latest(Address(object_id))
            total += record.object.storage_rebate + self.held(record)[1]
        self.ledger.tick()
        newest = self.ledger.get_checkpoint()
        assert newest is not None
        burnt = newest.summary.epoch_rolling_gas_cost_summary
        return total + burnt.computation_cost + burnt.non_refundable_storage_fee
