"""Runs the commands of a programmable transaction, one after the other, in one session of the Move VM.

Rules:
    * a call may start at `public` functions, and at private ones that are `entry`; never at `init`, nor at the
      functions of 0x2::transfer and 0x2::event that have public variants;
    * what a command returns stays in its place until a later command takes it; at the end nothing may be left over
      that cannot be dropped;
    * a shared object that was taken must be shared again or deleted;
    * the gas budget is not to be had from the gas coin while commands run.

What it does not do: store, charge storage, make effects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localnet.ledger.arguments import Arguments, CommandFailed, Slot, argument_error, is_object
from localnet.ledger.failures import failure_of
from localnet.ledger.heat import check_private_entry
from localnet.ledger.linkage import Linker
from localnet.ledger.publish import Publisher
from localnet.ledger.records import CommandOutput, OutputValue
from localnet.vm.abilities import STORE
from localnet.vm.bytecode import Visibility
from localnet.vm.errors import CallRefused, VmFailure
from localnet.vm.types import ADDRESS, U64, DataType, Type
from sui.effects import Event, Failure, TypeArgumentError
from sui.transaction import (
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    Publish,
    SplitCoins,
    TransferObjects,
    Upgrade,
)
from sui.type_tag import SUI_FRAMEWORK, StructTag, VectorTag
from sui.types import Address, AddressOwner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localnet.ledger.limits import ProtocolLimits
    from localnet.ledger.packages import PackageShelf
    from localnet.ledger.validate import CheckedTransaction
    from localnet.vm import Session, Vm
    from sui.transaction import Argument, Command
    from sui.types import Owner

_MAX_U64 = (1 << 64) - 1
_REFERENCES = frozenset({"ref", "mut"})
_UPGRADE_TICKET = StructTag(SUI_FRAMEWORK, "package", "UpgradeTicket")
_PRIVATE_TRANSFERS = frozenset(
    {"transfer", "freeze_object", "share_object", "receive", "party_transfer", "multiparty_transfer"}
)


class CallableFunctions:
    """Which functions a transaction may start at; remembers what it was asked."""

    def __init__(self, vm: Vm) -> None:
        """Ask `vm` for declarations."""
        self._vm = vm
        self._known: dict[tuple[Address, str, str], bool | None] = {}

    def check(self, package: Address, module: str, function: str) -> None:
        """Refuse a function that is there, but not to be called.

        Raises:
            CommandFailed: a transaction may not call it.
        """
        if self._kind_of(package, module, function) is None:
            raise CommandFailed(Failure("NonEntryFunctionInvoked"))

    def starts_privately(self, call: MoveCall) -> bool:
        """Return whether a call starts at an `entry` function that is not public."""
        return self._asked(call) is True

    def is_public(self, call: MoveCall) -> bool:
        """Return whether a call starts at a public function."""
        return self._asked(call) is False

    def _asked(self, call: MoveCall) -> bool | None:
        try:
            return self._kind_of(call.package, call.module, call.function)
        except (VmFailure, KeyError):
            return None

    def _kind_of(self, package: Address, module: str, function: str) -> bool | None:
        key = (package, module, function)
        if key not in self._known:
            self._known[key] = self._kind(*key)
        return self._known[key]

    def _kind(self, package: Address, module: str, function: str) -> bool | None:
        declared = self._vm.module_abi(package, module).functions[function]
        hidden = package == SUI_FRAMEWORK and (
            module == "event" or (module == "transfer" and function in _PRIVATE_TRANSFERS)
        )
        if function == "init" or hidden:
            return None
        if declared.visibility is Visibility.PUBLIC:
            return False
        return True if declared.is_entry else None


@dataclass(frozen=True, slots=True)
class Handed:
    """An object that a command gave to an owner (not Move code: that is in the session)."""

    type: Type
    value: Any
    owner: Owner


@dataclass(frozen=True, slots=True)
class Machinery:
    """What every run of a ledger uses: the machine, its packages, which functions may be called, the limits."""

    vm: Vm
    shelf: PackageShelf
    functions: CallableFunctions
    limits: ProtocolLimits


class Programmable:
    """One run of one transaction's commands."""

    def __init__(
        self,
        machinery: Machinery,
        session: Session,
        checked: CheckedTransaction,
        gas: Slot | None,
        *,
        checks: bool = True,
        record: bool = False,
    ) -> None:
        """Prepare a run.

        Args:
            machinery: of the ledger.
            session: of this transaction.
            checked: the transaction.
            gas: the gas coin, less its budget.
            checks: False lets any function be called, with any argument.
            record: keep what each command returned and changed, in `outputs`.
        """
        self._vm = machinery.vm
        self._callable = machinery.functions
        self._session = session
        self._checked = checked
        self._checks = checks
        self._record = record
        self.publisher = Publisher(machinery.vm, session, machinery.shelf, machinery.limits, self._emitted)
        self._linker = Linker(machinery.vm, machinery.shelf, machinery.functions.is_public)
        self.arguments = Arguments(machinery.vm, checked, gas, checks=checks)
        self.handed: list[Handed] = []
        self.outputs: list[CommandOutput] = []
        self.events: list[Event] = []
        self.command: int | None = None
        self._mutated: list[tuple[Argument, Slot]] = []

    def run(self) -> None:
        """Run all commands.

        Raises:
            CommandFailed: one failed; `command` says which.
        """
        commands = self._checked.kind.commands
        self._link(commands)
        if self._checks:
            refused = check_private_entry(self._vm, self._checked, self._callable.starts_privately)
            if refused is not None:
                self.command, error = refused
                raise error
        for index, command in enumerate(commands):
            self.command = index
            self.arguments.begin()
            self._mutated = []
            try:
                results = self._run(command)
            except VmFailure as failure:
                raise CommandFailed(failure_of(failure)) from failure
            self.arguments.results.append(results)
            if self._record:
                self.outputs.append(self._output(results))
        self.command = None
        rest = self.arguments.left_over()
        if rest is not None and self._checks:
            raise CommandFailed(Failure("UnusedValueWithoutDrop", rest))

    def _link(self, commands: Sequence[Command]) -> None:
        try:
            self._linker.link(commands)
        finally:
            self.command = self._linker.command

    def _emitted(self, package: Address, module: str) -> None:
        """Collect the events that came since the last call, as those of this module."""
        sender = self._session.context.sender
        self.events.extend(
            Event(package, module, sender, event.type, event.contents)
            for event in self._session.events[len(self.events) :]
        )

    def _output(self, results: list[Slot]) -> CommandOutput:
        returned = tuple(
            OutputValue(slot.type.tag, slot.type.serialize(slot.value)) for slot in results if slot.type is not None
        )
        changed = tuple(
            OutputValue(slot.type.tag, slot.type.serialize(slot.value), argument)
            for argument, slot in self._mutated
            if slot.type is not None
        )
        return CommandOutput(returned, changed)

    def _run(self, command: Command) -> list[Slot]:
        match command:
            case MoveCall():
                return self._call(command)
            case TransferObjects(objects, address):
                return self._transfer(objects, address)
            case SplitCoins(coin, amounts):
                return self._split(coin, amounts)
            case MergeCoins(destination, sources):
                return self._merge(destination, sources)
            case MakeMoveVec():
                return self._vector(command)
            case Publish(modules, dependencies):
                kind, value = self.publisher.publish(modules, dependencies)
                return [Slot(kind, value)]
            case Upgrade():
                ticket = self.arguments.take(command.ticket, 0, self._vm.type_of(_UPGRADE_TICKET))[1]
                kind, value = self.publisher.upgrade(command, ticket)
                return [Slot(kind, value)]

    # --- MoveCall

    def _call(self, command: MoveCall) -> list[Slot]:
        call = (command.package, command.module, command.function)
        linkage = self._linker.override(command.package)
        try:
            entry = self._vm.entry_point(*call, command.type_arguments, linkage)
        except CallRefused as error:
            raise self._refused_call(command, error) from error
        if self._checks:
            self._callable.check(*call)
        parameters = list(entry.parameters)
        if entry.takes_context:
            parameters.pop()
        if len(parameters) != len(command.arguments):
            raise CommandFailed(Failure("ArityMismatch"))
        values: list[Any] = []
        borrowed: list[tuple[Slot, Any]] = []
        for position, (argument, kind) in enumerate(zip(command.arguments, parameters, strict=True)):
            if kind.target is None:
                values.append(self.arguments.take(argument, position, kind)[1])
                continue
            slot, ref = self.arguments.borrow(argument, position, kind.target, mutable=kind.mutable)
            values.append(ref)
            if kind.mutable:
                borrowed.append((slot, ref))
                self._mutated.append((argument, slot))
        returned = self._session.execute(*call, command.type_arguments, values, linkage=linkage)
        self._emitted(command.package, command.module)
        for slot, ref in borrowed:
            self.arguments.give_back(slot, ref)
        return [Slot(kind, item.value) for kind, item in zip(entry.returns, returned, strict=True)]

    def _refused_call(self, command: MoveCall, error: CallRefused) -> CommandFailed:
        """Say in Sui's words why a function cannot be called with these type arguments."""
        try:
            module = self._vm.module_abi(command.package, command.module)
        except VmFailure:
            return CommandFailed(Failure("FunctionNotFound"))
        function = module.functions.get(command.function)
        if function is None:
            return CommandFailed(Failure("FunctionNotFound"))
        if self._checks:
            try:
                self._callable.check(command.package, command.module, command.function)
            except CommandFailed as failed:
                return failed
        if len(function.type_parameters) != len(command.type_arguments):
            return CommandFailed(Failure("TypeArityMismatch"))
        for index, (wanted, tag) in enumerate(zip(function.type_parameters, command.type_arguments, strict=True)):
            try:
                kind = self._vm.type_of(tag)
            except VmFailure:
                return CommandFailed(TypeArgumentError(index, "TypeNotFound"))
            if wanted & ~kind.abilities:
                return CommandFailed(TypeArgumentError(index, "ConstraintNotSatisfied"))
        for index, returned in enumerate(function.returns):
            if returned.kind in _REFERENCES:
                return CommandFailed(Failure("InvalidPublicFunctionReturnType", (index,)))
        return CommandFailed(failure_of(error))

    # --- coins and transfers

    def _transfer(self, objects: tuple[Argument, ...], address: Argument) -> list[Slot]:
        taken = []
        for position, argument in enumerate(objects):
            kind, value = self.arguments.take(argument, position, gas_coin=True)
            if not is_object(kind):
                raise argument_error(position, "TypeMismatch")
            if STORE not in kind.abilities:
                raise argument_error(position, "InvalidTransferObject")
            taken.append((kind, value))
        recipient = self.arguments.take(address, len(objects), ADDRESS)[1]
        owner = AddressOwner(Address(bytes(recipient)))
        self.handed.extend(Handed(kind, value, owner) for kind, value in taken)
        return []

    def _coin(self, argument: Argument, position: int) -> tuple[Slot, Any]:
        """Borrow a coin of any currency mutably."""
        slot = self.arguments.slot(argument, position)
        kind = slot.type
        if kind is None or not _is_coin(kind):
            raise argument_error(position, "TypeMismatch")
        slot, ref = self.arguments.borrow(argument, position, kind, mutable=True)
        self._mutated.append((argument, slot))
        return slot, ref.value

    def _split(self, argument: Argument, amounts: tuple[Argument, ...]) -> list[Slot]:
        slot, coin = self._coin(argument, 0)
        kind = slot.type
        results = []
        for position, amount in enumerate(amounts, 1):
            wanted = self.arguments.take(amount, position, U64)[1]
            if coin[1][0] < wanted:
                raise CommandFailed(Failure("InsufficientCoinBalance"))
            coin[1][0] -= wanted
            object_id = self._session.context.fresh_id()
            self._session.record_new_id(object_id)
            results.append(Slot(kind, [[[object_id]], [wanted]]))
        return results

    def _merge(self, destination: Argument, sources: tuple[Argument, ...]) -> list[Slot]:
        slot, coin = self._coin(destination, 0)
        for position, source in enumerate(sources, 1):
            _, value = self.arguments.take(source, position, slot.type)
            total = coin[1][0] + value[1][0]
            if total > _MAX_U64:
                raise CommandFailed(Failure("CoinBalanceOverflow"))
            coin[1][0] = total
            self._session.record_deleted_id(Address(value[0][0][0]))
        return []

    # --- vectors

    def _vector(self, command: MakeMoveVec) -> list[Slot]:
        kind: Type | None = None
        if command.element_type is not None:
            try:
                kind = self._vm.type_of(command.element_type)
            except VmFailure as error:
                raise CommandFailed(TypeArgumentError(0, "TypeNotFound")) from error
        items = []
        for position, argument in enumerate(command.elements):
            if kind is None:
                kind, value = self.arguments.take(argument, position)
                if not is_object(kind):
                    raise argument_error(position, "InvalidMakeMoveVecNonObjectArgument")
            else:
                value = self.arguments.take(argument, position, kind)[1]
            items.append(value)
        if kind is None:
            raise CommandFailed(Failure("ArityMismatch"))
        vector = self._vm.type_of(VectorTag(kind.tag))
        return [Slot(vector, bytearray(items) if kind.kind == "u8" else items)]


def _is_coin(kind: Type) -> bool:
    return isinstance(kind, DataType) and kind.decl.is_at(SUI_FRAMEWORK, "coin", "Coin")
