"""Executes one checked transaction: gas coins, commands, charges, effects. It stores nothing.

Steps, as Sui does them:
    1. smash the gas coins into the first;
    2. charge for reading the inputs, run the commands, collect what they changed;
    3. round the computation; on any failure drop what was changed, and smash again;
    4. touch every mutable input, charge storage; if the budget does not suffice, drop and charge inputs alone; if even
       that does not, take the whole budget;
    5. take the net cost from the gas coin, give every object its version, make the effects.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localnet.ledger.arguments import CommandFailed, Slot
from localnet.ledger.changes import Changes, Draft
from localnet.ledger.collect import collect
from localnet.ledger.effects import Outcome, build_effects, lamport_version
from localnet.ledger.failures import failure_of
from localnet.ledger.gas import GasAccount, object_size
from localnet.ledger.programmable import Machinery, Programmable
from localnet.ledger.store import coin_value
from localnet.ledger.validate import InputObject
from localnet.vm import NativesConfig, Session, StoredObject, TxContext, VmFailure
from sui.effects import SUCCESS, Failed, Failure, MoveAbort
from sui.object import GasCoinType, MoveObject
from sui.type_tag import GAS_COIN_TYPE, MOVE_STDLIB, SUI_FRAMEWORK
from sui.types import Address, AddressOwner, ObjectOwner

if TYPE_CHECKING:
    from localnet.ledger.records import CommandOutput, ObjectRecord
    from localnet.ledger.store import Store
    from localnet.ledger.validate import CheckedTransaction
    from sui.effects import Event, ExecutionFailure, TransactionEffects
    from sui.object import MovePackage
    from sui.types import Digest

_SYSTEM_PACKAGES = frozenset({MOVE_STDLIB, SUI_FRAMEWORK})


@dataclass(frozen=True, slots=True)
class Epoch:
    """What Move code can learn of the epoch."""

    number: int
    start_ms: int


@dataclass(frozen=True, slots=True)
class Execution:
    """What a transaction did."""

    effects: TransactionEffects
    effects_bcs: bytes
    events: tuple[Event, ...]
    events_bcs: bytes
    written: dict[Address, ObjectRecord]
    removed: tuple[Address, ...]
    packages: tuple[MovePackage, ...]
    outputs: tuple[CommandOutput, ...]
    inputs: tuple[ObjectRecord, ...]


class _Objects:
    """The objects that Move code loads while it runs; what it loads is noted in the changes."""

    def __init__(self, store: Store, changes: Changes, receiving: frozenset[Address]) -> None:
        self._store = store
        self._changes = changes
        self._receiving = receiving

    def get(self, object_id: Address, parent: Address) -> StoredObject | None:
        record = self._store.latest(object_id)
        if record is None or record.object.owner != ObjectOwner(parent):
            return None
        return self._loaded(record)

    def receive(self, object_id: Address, parent: Address, version: int) -> StoredObject | None:
        record = self._store.latest(object_id)
        if record is None or object_id not in self._receiving or record.ref.version != version:
            return None
        if record.object.owner != AddressOwner(parent):
            return None
        return self._loaded(record)

    def _loaded(self, record: ObjectRecord) -> StoredObject | None:
        data = record.object.data
        if not isinstance(data, MoveObject):
            return None
        self._changes.loaded[record.ref.object_id] = record
        return StoredObject(data.tag, data.contents, record.ref.version)


@dataclass(frozen=True, slots=True)
class Executor:
    """Executes against a store; one for a ledger."""

    store: Store
    machinery: Machinery
    natives: NativesConfig

    def run(
        self, checked: CheckedTransaction, digest: Digest, epoch: Epoch, *, checks: bool = True, record: bool = False
    ) -> Execution:
        """Execute a transaction.

        Args:
            checked: the transaction with its inputs.
            digest: of its data; ids of new objects derive from it.
            epoch: in which it runs.
            checks: False lets any function be called with any argument.
            record: keep what each command returned.
        """
        return _Run(self, checked, digest, epoch, checks=checks, record=record).execute()


class _Run:
    """One execution."""

    def __init__(
        self, home: Executor, checked: CheckedTransaction, digest: Digest, epoch: Epoch, *, checks: bool, record: bool
    ) -> None:
        self._home = home
        self._checked = checked
        self._digest = digest
        self._epoch = epoch
        self._checks = checks
        self._record = record
        gas = checked.data.gas_data
        self._limits = home.machinery.limits
        self._account = GasAccount(gas.budget, gas.price, self._limits)
        self._meter = self._account.meter()
        self._changes = Changes(checked.inputs, checked.gas)
        self._gas_id = checked.gas[0].ref.object_id if checked.gas else None
        self._run: Programmable | None = None

    def execute(self) -> Execution:
        checked, changes = self._checked, self._changes
        failure, command, events = self._commands()
        aborted = isinstance(failure, MoveAbort)
        if not self._account.settle_computation(self._meter.internal_units, aborted=aborted) and failure is None:
            failure = Failure("InsufficientGas")
        if failure is not None:
            self._restart()
        changes.touch_inputs()
        changes.charge_storage(self._account)
        if not self._account.covers_storage():
            if failure is None:
                failure = Failure("InsufficientGas")
            self._charge_inputs_alone()
        if failure is not None:
            events = ()
        cost = self._account.summary()
        self._pay(cost.net)
        version = lamport_version(
            [given.record.ref.version for given in checked.inputs.values()]
            + [coin.ref.version for coin in checked.gas]
            + [ref.version for ref in checked.receiving]
            + [ended for _, ended in checked.ended]
        )
        written = changes.records(version, self._digest)
        effects, effects_bcs, events_bcs = build_effects(
            transaction=self._digest,
            epoch=self._epoch.number,
            outcome=Outcome(SUCCESS if failure is None else Failed(failure, command), cost, events, version),
            changes=changes,
            written=written,
            gas_object=self._gas_id,
            dependencies=self._dependencies(),
            ended=checked.ended,
        )
        run = self._run
        succeeded = failure is None and run is not None
        return Execution(
            effects,
            effects_bcs,
            events,
            events_bcs,
            written,
            tuple(changes.removed),
            tuple(run.publisher.published) if run is not None and succeeded else (),
            tuple(run.outputs) if run is not None else (),
            tuple(
                before
                for object_id in sorted({*written, *changes.removed})
                if (before := changes.before(object_id)) is not None
            ),
        )

    def _dependencies(self) -> set[Digest]:
        checked = self._checked
        found = {given.record.object.previous_transaction for given in checked.inputs.values()}
        found |= {coin.object.previous_transaction for coin in checked.gas}
        found |= {package.object.previous_transaction for package in checked.packages}
        for ref in checked.receiving:
            loaded = self._changes.loaded.get(ref.object_id)
            if loaded is not None:
                found.add(loaded.object.previous_transaction)
        return found

    # --- commands

    def _commands(self) -> tuple[ExecutionFailure | None, int | None, tuple[Event, ...]]:
        """Run the commands; returns what failed, in which command, and the events."""
        checked = self._checked
        slot = self._smash()
        if checked.ended:
            return Failure("InputObjectDeleted"), None, ()
        try:
            self._meter.charge(self._bytes_read() * self._limits.object_read_internal_units_per_byte)
        except VmFailure as failure:
            return failure_of(failure), None, ()
        run, session = self._prepare(slot)
        self._run = run
        try:
            run.run()
            collect(run, session, self._changes, self._home.machinery.vm, self._limits)
            self._return_budget(slot)
        except CommandFailed as failed:
            return failed.error, run.command, ()
        return None, None, tuple(run.events)

    def _prepare(self, gas: Slot | None) -> tuple[Programmable, Session]:
        home, checked = self._home, self._checked
        data = checked.data.gas_data
        context = TxContext(
            sender=checked.data.sender,
            digest=self._digest,
            epoch=self._epoch.number,
            epoch_timestamp_ms=self._epoch.start_ms,
            gas_price=data.price,
            reference_gas_price=self._limits.reference_gas_price_mist,
            gas_budget=data.budget,
            sponsor=data.owner if data.owner != checked.data.sender else None,
        )
        receiving = frozenset(ref.object_id for ref in checked.receiving)
        session = Session(
            home.machinery.vm,
            tx_context=context,
            objects=_Objects(home.store, self._changes, receiving),
            natives=home.natives,
            meter=self._meter,
            input_objects={object_id: given.record.object.owner for object_id, given in checked.inputs.items()},
        )
        run = Programmable(home.machinery, session, checked, gas, checks=self._checks, record=self._record)
        return run, session

    def _bytes_read(self) -> int:
        owner_size = self._limits.owner_size_bytes
        records = [given.record for given in self._checked.inputs.values()]
        records += self._checked.gas
        records += [record for record in self._checked.packages if record.ref.object_id not in _SYSTEM_PACKAGES]
        return sum(object_size(record.object, owner_size) for record in records)

    # --- gas

    def _smash(self) -> Slot | None:
        """Merge the gas coins into the first; returns it, less the budget."""
        gas = self._checked.gas
        if not gas:
            return None
        first = gas[0]
        balance = _balance(first)
        for coin in gas[1:]:
            balance += _balance(coin)
            self._changes.remove(coin.ref.object_id)
            self._changes.deleted.add(coin.ref.object_id)
        contents = bytes(first.ref.object_id) + balance.to_bytes(8, "little")
        if len(gas) > 1:
            self._changes.rewrite(first, contents)
        kind = self._home.machinery.vm.type_of(GAS_COIN_TYPE)
        value = [[[first.ref.object_id]], [balance - self._checked.data.gas_data.budget]]
        return Slot(kind, value, source=InputObject(first, mutable=True, shared=False), is_gas=True, changed=True)

    def _return_budget(self, slot: Slot | None) -> None:
        """Put the budget back into the gas coin, wherever it went."""
        if slot is None or self._gas_id is None:
            return
        self._add_to_gas(self._checked.data.gas_data.budget)

    def _add_to_gas(self, amount: int) -> None:
        if self._gas_id is None:
            return
        draft = self._changes.written.get(self._gas_id)
        if not isinstance(draft, Draft) or not isinstance(draft.type, GasCoinType):
            raise TypeError("the gas coin is gone")
        balance = int.from_bytes(draft.contents[32:40], "little") + amount
        contents = draft.contents[:32] + balance.to_bytes(8, "little")
        self._changes.written[self._gas_id] = replace(draft, contents=contents)

    def _pay(self, net: int) -> None:
        if self._account.metered and net:
            self._add_to_gas(-net)

    def _restart(self) -> None:
        """Drop everything that the commands did, and smash the gas coins again."""
        self._changes.reset()
        self._account.reset_storage()
        self._smash()

    def _charge_inputs_alone(self) -> None:
        """The budget does not pay for what was written: charge the inputs, or else everything."""
        self._restart()
        self._changes.touch_inputs()
        self._changes.charge_storage(self._account)
        if self._account.covers_storage():
            return
        self._restart()
        self._account.take_everything()
        self._changes.touch_inputs()
        self._changes.keep_rebates(self._account)


def _balance(coin: ObjectRecord) -> int:
    data = coin.object.data
    return (coin_value(data) or 0) if isinstance(data, MoveObject) else 0
