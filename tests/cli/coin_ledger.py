"""A ledger in memory that keeps coins as Sui does: versions, balances, splits and merges, and a price for each step."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

from chain.errors import TransactionRefusedError
from chain.ledger import Coin
from chain.memory_ledger import MemoryLedger, Verdict
from sui.bcs import U64
from sui.effects import IdNone, InputNotExist, ObjectChange, ObjectWrite
from sui.transaction import TRANSACTION_DATA, MergeCoins, SplitCoins
from sui.types import Address, AddressOwner, Digest, ObjectRef

GAS_MIST = 1_000_000


class CoinLedger(MemoryLedger):
    """Takes what a coin costs from the coin that pays, and does splits and merges."""

    def __init__(self, decide=lambda _data, _digest: Verdict(), **options) -> None:
        super().__init__(decide, rng=random.Random(1), **options)
        self._names = itertools.count(1)
        self.shared_coins = 0
        self.steps: list[str] = []

    def give(self, owner: Address, *balances: int) -> list[Coin]:
        """Coins for somebody."""
        made = [Coin(self._ref(Address(next(self._names).to_bytes(32, "big")), 1), balance) for balance in balances]
        self.coins.setdefault(owner, []).extend(made)
        return made

    def _ref(self, object_id: Address, version: int) -> ObjectRef:
        return ObjectRef(object_id, version, Digest(version.to_bytes(32, "big")))

    async def execute(self, transaction, signatures):
        self._reach()
        data = TRANSACTION_DATA.decode(transaction)
        if data.sender not in self.coins:
            return await super().execute(transaction, signatures)
        own = self.coins[data.sender]
        [named] = data.gas_data.payment
        paying = next((coin for coin in own if coin.ref == named), None)
        if paying is None or paying.balance < data.gas_data.budget:
            raise TransactionRefusedError("the gas coin is not at this version, or too small")
        done = await super().execute(transaction, signatures)
        own.remove(paying)
        balance = paying.balance - GAS_MIST
        for command in data.kind.commands:
            if isinstance(command, MergeCoins):
                merged = {data.kind.inputs[source.index].arg.ref for source in command.sources}
                balance += sum(coin.balance for coin in own if coin.ref in merged)
                own[:] = [coin for coin in own if coin.ref not in merged]
                self.steps.append(f"merge {len(merged)}")
            elif isinstance(command, SplitCoins):
                amounts = [U64.decode(data.kind.inputs[amount.index].value) for amount in command.amounts]
                balance -= sum(amounts)
                self.give(data.sender, *amounts)
                self.steps.append(f"split {len(amounts)}")
        assert balance >= 0
        after = self._ref(paying.ref.object_id, paying.ref.version + 1)
        own.append(Coin(after, balance))
        owner = AddressOwner(data.sender)
        change = ObjectChange(after.object_id, InputNotExist(), ObjectWrite(after.digest, owner), IdNone())
        effects = replace(done.effects, gas_object_index=0, lamport_version=after.version, changed_objects=(change,))
        return replace(done, effects=effects)
