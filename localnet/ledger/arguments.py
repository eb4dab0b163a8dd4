"""Arguments of programmable commands: what they refer to, and how each may be used.

Rules (Sui's):
    * a pure input has no type until it is used; used by value it is copied, used by `&mut` it keeps that type;
    * what has `copy` is copied when used by value, everything else is taken and cannot be used again;
    * within one command a value borrowed mutably is used once, one borrowed immutably is not taken or changed;
    * immutable and read-only inputs are never taken nor changed; the gas coin is taken by TransferObjects only.

The rule on the arguments of private `entry` functions is in `localnet.ledger.heat`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localnet.vm.abilities import COPY, DROP, KEY
from localnet.vm.errors import CallRefused
from localnet.vm.types import DataType, Type, VectorType
from localnet.vm.values import Ref
from sui.effects import CommandArgumentError
from sui.object import MoveObject
from sui.transaction import GasCoin, Input, NestedResult, Pure, Receiving, Result, Shared
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK

if TYPE_CHECKING:
    from localnet.ledger.validate import CheckedTransaction, InputObject
    from localnet.vm import Vm
    from sui.effects import ExecutionFailure
    from sui.transaction import Argument
    from sui.types import Address, ObjectRef


class CommandFailed(Exception):  # noqa: N818 - becomes the status of the effects, never leaves the ledger
    """A command cannot be executed; `error` is what the effects will say."""

    def __init__(self, error: ExecutionFailure) -> None:
        """Carry the failure."""
        super().__init__(error)
        self.error = error


def argument_error(position: int, kind: str, index: int = 0, secondary_index: int = 0) -> CommandFailed:
    """Return the failure of one argument of a command."""
    return CommandFailed(CommandArgumentError(position, kind, index, secondary_index))


@dataclass(slots=True, eq=False)
class Slot:
    """A place that holds a value: an input, the gas coin, or a result.

    Attributes:
        type: None for a pure input that was not yet used by `&mut`.
        value: the Move value; for pure inputs without a type their bytes; None once it was taken.
        source: the object that it came from, for object inputs.
        is_gas: whether it is the gas coin.
        read_only: whether it may neither be taken nor changed.
        changed: whether it was borrowed mutably.
        last_by_value: whether its last use took or copied it.
    """

    type: Type | None
    value: Any
    source: InputObject | None = None
    is_gas: bool = False
    read_only: bool = False
    changed: bool = False
    present: bool = True
    last_by_value: bool = False
    receiving: ObjectRef | None = None


@dataclass(slots=True)
class Borrows:
    """What one command has borrowed so far."""

    shared: set[int] = field(default_factory=set)
    mutable: set[int] = field(default_factory=set)


class Arguments:
    """All values of one transaction."""

    def __init__(self, vm: Vm, checked: CheckedTransaction, gas: Slot | None, *, checks: bool = True) -> None:
        """Set the inputs up; objects are decoded when they are first used.

        Args:
            vm: knows the types.
            checked: the transaction.
            gas: the gas coin, None where nothing pays.
            checks: False lets pure inputs be of any type (a simulation with its checks disabled).
        """
        self._vm = vm
        self._checked = checked
        self._checks = checks
        self.gas = gas
        self.inputs: list[Slot | None] = [None] * len(checked.kind.inputs)
        self.results: list[list[Slot]] = []
        self._borrows = Borrows()

    def begin(self) -> None:
        """Start a new command: what the last one borrowed is free again."""
        self._borrows = Borrows()

    # --- finding

    def slot(self, argument: Argument, position: int) -> Slot:
        """Return the place that an argument names.

        Raises:
            CommandFailed: there is no such place, or it has several values where one is meant.
        """
        match argument:
            case GasCoin():
                if self.gas is None:
                    raise argument_error(position, "InvalidGasCoinUsage")
                return self.gas
            case Input(index):
                if index >= len(self.inputs):
                    raise argument_error(position, "IndexOutOfBounds", index)
                return self.inputs[index] or self._open_input(index)
            case Result(index):
                if index >= len(self.results):
                    raise argument_error(position, "IndexOutOfBounds", index)
                found = self.results[index]
                if len(found) != 1:
                    raise argument_error(position, "InvalidResultArity", index)
                return found[0]
            case NestedResult(index, nested):
                if index >= len(self.results):
                    raise argument_error(position, "IndexOutOfBounds", index)
                found = self.results[index]
                if nested >= len(found):
                    raise argument_error(position, "SecondaryIndexOutOfBounds", index, nested)
                return found[nested]

    def _open_input(self, index: int) -> Slot:
        argument = self._checked.kind.inputs[index]
        if isinstance(argument, Pure):
            slot = Slot(None, argument.value)
        elif isinstance(argument.arg, Receiving):
            slot = Slot(None, argument.arg.ref, receiving=argument.arg.ref)
        else:
            used = argument.arg
            object_id = used.object_id if isinstance(used, Shared) else used.ref.object_id
            slot = self.open_object(self._checked.inputs[object_id])
        self.inputs[index] = slot
        return slot

    def open_object(self, source: InputObject) -> Slot:
        """Return a place that holds an object of the ledger."""
        data = source.record.object.data
        if not isinstance(data, MoveObject):
            raise TypeError("a package is no argument")
        kind = self._vm.type_of(data.tag)
        return Slot(kind, kind.deserialize(data.contents), source=source, read_only=not source.mutable)

    # --- using

    def take(
        self, argument: Argument, position: int, kind: Type | None = None, *, gas_coin: bool = False
    ) -> tuple[Type, Any]:
        """Use an argument by value, as `kind` if it is given.

        Args:
            argument: which.
            position: its number in the command.
            kind: what the command wants; None takes any typed value.
            gas_coin: whether the command may take the gas coin.

        Raises:
            CommandFailed: it cannot be used so.
        """
        slot = self.slot(argument, position)
        if not slot.present:
            raise argument_error(position, "InvalidValueUsage")
        if slot.type is None:
            if kind is None:
                raise argument_error(position, "TypeMismatch")
            slot.last_by_value = True
            return kind, self._from_pure(slot, kind, position)
        if kind is not None and slot.type is not kind:
            raise argument_error(position, "TypeMismatch")
        place = id(slot)
        copyable = COPY in slot.type.abilities
        borrowed = place in self._borrows.mutable or place in self._borrows.shared
        if (borrowed and not copyable) or place in self._borrows.mutable:
            raise argument_error(position, "InvalidValueUsage")
        if slot.is_gas and not gas_coin:
            raise argument_error(position, "InvalidGasCoinUsage")
        if slot.read_only:
            raise argument_error(position, "InvalidObjectByValue")
        slot.last_by_value = True
        if copyable:
            return slot.type, slot.type.copier(slot.value)
        slot.present = False
        return slot.type, slot.value

    def borrow(self, argument: Argument, position: int, kind: Type, *, mutable: bool) -> tuple[Slot, Ref]:
        """Use an argument by reference as `kind`; afterwards `give_back` stores what became of it.

        Raises:
            CommandFailed: it cannot be used so.
        """
        slot = self.slot(argument, position)
        if not slot.present:
            raise argument_error(position, "InvalidValueUsage")
        place = id(slot)
        borrows = self._borrows
        if place in borrows.mutable or (mutable and place in borrows.shared):
            raise argument_error(position, "InvalidValueUsage")
        if slot.type is None:
            value = self._from_pure(slot, kind, position)
            if mutable:
                slot.type, slot.value = kind, value
        elif slot.type is not kind:
            raise argument_error(position, "TypeMismatch")
        else:
            value = slot.value
        if mutable and slot.read_only:
            raise argument_error(position, "InvalidObjectByMutRef")
        slot.last_by_value = False
        if mutable:
            borrows.mutable.add(place)
            slot.changed = True
        else:
            borrows.shared.add(place)
        return slot, Ref(value)

    def give_back(self, slot: Slot, ref: Ref) -> None:
        """Store what a mutable borrow left."""
        slot.value = ref.value

    def _from_pure(self, slot: Slot, kind: Type, position: int) -> Any:
        if slot.receiving is not None:
            if not _is(kind, SUI_FRAMEWORK, "transfer", "Receiving"):
                raise argument_error(position, "TypeMismatch")
            slot.present = False
            return [[slot.receiving.object_id], slot.receiving.version]
        if self._checks and not allows_pure(kind):
            raise argument_error(position, "InvalidUsageOfPureArg")
        try:
            value = kind.deserialize(slot.value)
            check_text(kind, value)
        except (CallRefused, UnicodeDecodeError) as error:
            raise argument_error(position, "InvalidBCSBytes") from error
        return value

    # --- the end

    def left_over(self) -> tuple[int, int] | None:
        """Return command and place of a result that must not be left over, None if there is none."""
        for command, results in enumerate(self.results):
            for place, slot in enumerate(results):
                if not slot.present or slot.type is None or DROP in slot.type.abilities:
                    continue
                if COPY in slot.type.abilities and slot.last_by_value:
                    continue
                return command, place
        return None


def _is(kind: Type, address: Address, module: str, name: str) -> bool:
    return isinstance(kind, DataType) and kind.decl.is_at(address, module, name)


_pure: dict[Type, bool] = {}


def allows_pure(kind: Type) -> bool:
    """Return whether values of a type can be given as plain bytes."""
    known = _pure.get(kind)
    if known is None:
        known = _pure[kind] = _allows_pure(kind)
    return known


def _allows_pure(kind: Type) -> bool:
    if isinstance(kind, VectorType):
        return allows_pure(kind.element)
    if isinstance(kind, DataType):
        if _is(kind, MOVE_STDLIB, "option", "Option"):
            return allows_pure(kind.args[0])
        return _is_text(kind) or _is(kind, SUI_FRAMEWORK, "object", "ID")
    return kind.target is None and kind.kind != "signer"


def _is_text(kind: Type) -> bool:
    return _is(kind, MOVE_STDLIB, "string", "String") or _is(kind, MOVE_STDLIB, "ascii", "String")


def check_text(kind: Type, value: Any) -> None:
    """Check what the bytes of a pure value must hold besides their layout.

    Raises:
        UnicodeDecodeError: a string is not UTF-8 (or ASCII).
        CallRefused: an option has several values.
    """
    if isinstance(kind, VectorType):
        if kind.element.container:
            for item in value:
                check_text(kind.element, item)
    elif isinstance(kind, DataType):
        if _is_text(kind):
            bytes(value[0]).decode("utf-8" if kind.decl.module == "string" else "ascii")
        elif _is(kind, MOVE_STDLIB, "option", "Option"):
            if len(value[0]) > 1:
                raise CallRefused("an option has at most one value")
            for item in value[0]:
                check_text(kind.args[0], item)


def is_object(kind: Type) -> bool:
    """Return whether values of a type are objects."""
    return KEY in kind.abilities
