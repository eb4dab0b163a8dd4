"""Sui's rule on the arguments of private `entry` functions, checked before anything runs.

A function that is `entry` and not `public` may rely on nobody being able to force its caller to undo what it did.
Rules (Sui's):
    * every input starts in a group of its own; a command merges the groups of its arguments, and its results join it;
    * a value is hot when its type has neither `drop` nor `store`; it heats its group until it is taken;
    * a command that consumes a shared object heats the group of its arguments for good (MakeMoveVec does not consume:
      it hands the objects on);
    * a private `entry` function takes no argument of a hot group; what it takes itself no longer counts;
    * a pure or receiving input used as two types is two values.

What it does not do: judge a transaction that breaks another rule. What it cannot follow is left to the run, which will
say what is wrong with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger.arguments import CommandFailed, argument_error
from localnet.vm.abilities import COPY, DROP, KEY, STORE, Abilities
from localnet.vm.errors import VmFailure
from localnet.vm.types import ADDRESS, U64, Type
from sui.object import MoveObject
from sui.transaction import (
    GasCoin,
    Input,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    NestedResult,
    Object,
    Receiving,
    Result,
    Shared,
    SplitCoins,
    TransferObjects,
    Upgrade,
)
from sui.types import SharedOwner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from localnet.ledger.validate import CheckedTransaction
    from localnet.vm import Vm
    from sui.transaction import Argument, Command, ImmOrOwned

_OBJECT = KEY | STORE
_IN_VECTORS = COPY | DROP | STORE
_PURE = COPY | DROP | STORE
_Place = tuple[int, int]


class _Unclear(Exception):  # noqa: N818 - never leaves this module; the run says what is wrong
    """The transaction breaks another rule."""


@dataclass(slots=True, eq=False)
class _Group:
    """Values that were used together; `merged` is the group that it became a part of."""

    hot_values: int = 0
    always_hot: bool = False
    merged: _Group | None = None

    def root(self) -> _Group:
        group = self
        while group.merged is not None:
            group = group.merged
        if group is not self:
            self.merged = group
        return group

    @property
    def hot(self) -> bool:
        return self.always_hot or self.hot_values > 0


@dataclass(slots=True, eq=False)
class _Value:
    """A value in its place; `shared` says whether a shared object is in it."""

    group: _Group
    abilities: Abilities
    shared: bool = False
    heats: bool = False
    taken: bool = False


@dataclass(frozen=True, slots=True)
class _Use:
    """How a command uses one argument; `kind` is the type that a pure or receiving input is read as."""

    argument: Argument
    kind: Type | None = None
    borrowed: bool = False


def _uses(command: Command, parameters: Sequence[Type], element: Type | None) -> list[_Use]:
    match command:
        case MoveCall():
            if len(parameters) != len(command.arguments):
                raise _Unclear
            return [
                _Use(argument, kind.target or kind, borrowed=kind.target is not None)
                for argument, kind in zip(command.arguments, parameters, strict=True)
            ]
        case TransferObjects(objects, address):
            return [*map(_Use, objects), _Use(address, ADDRESS)]
        case SplitCoins(coin, amounts):
            return [_Use(coin, borrowed=True), *(_Use(amount, U64) for amount in amounts)]
        case MergeCoins(destination, sources):
            return [_Use(destination, borrowed=True), *map(_Use, sources)]
        case MakeMoveVec(_, elements):
            return [_Use(item, element) for item in elements]
        case Upgrade():
            return [_Use(command.ticket)]
        case _:
            return []


def _mentioned(command: Command) -> Iterator[Argument]:
    """The arguments in the order in which they are used."""
    parameters: Sequence[Type] = [U64] * len(command.arguments) if isinstance(command, MoveCall) else []
    for use in _uses(command, parameters, None):
        yield use.argument


def _place(argument: Argument) -> _Place | None:
    match argument:
        case Result(index):
            return index, 0
        case NestedResult(index, nested):
            return index, nested
        case _:
            return None


class _Follower:
    """Follows the groups through one transaction."""

    def __init__(self, vm: Vm, checked: CheckedTransaction) -> None:
        self._vm = vm
        self._checked = checked
        self._gas = _Value(_Group(), _OBJECT)
        self._inputs: dict[tuple[int, Type | None], _Value] = {}
        self._results: list[list[_Value]] = []
        self._last_uses: dict[_Place, tuple[int, int]] = {}
        for index, command in enumerate(checked.kind.commands):
            for position, argument in enumerate(_mentioned(command)):
                place = _place(argument)
                if place is not None:
                    self._last_uses[place] = (index, position)

    def step(self, index: int, command: Command, *, private_entry: bool) -> int | None:
        """Follow one command; returns the position of the first argument that is too hot for it."""
        parameters, returns = self._signature(command)
        element = None
        if isinstance(command, MakeMoveVec) and command.element_type is not None:
            element = self._vm.type_of(command.element_type)
        values = [self._use((index, position), use) for position, use in enumerate(_uses(command, parameters, element))]
        groups = [value.group.root() for value, _ in values]
        too_hot = next((position for position, group in enumerate(groups) if group.hot), None)
        group = _merge(groups)
        consumed = any(moved and value.shared for value, moved in values)
        hands_on = isinstance(command, MakeMoveVec)
        if consumed and not hands_on:
            group.always_hot = True
        results = []
        for abilities in self._result_abilities(command, returns, element, values):
            heats = not abilities & (DROP | STORE)
            group.hot_values += heats
            results.append(_Value(group, abilities, shared=consumed and hands_on, heats=heats))
        self._results.append(results)
        return too_hot if private_entry else None

    def _signature(self, command: Command) -> tuple[Sequence[Type], Sequence[Type]]:
        if not isinstance(command, MoveCall):
            return (), ()
        entry = self._vm.entry_point(command.package, command.module, command.function, command.type_arguments)
        return entry.parameters[:-1] if entry.takes_context else entry.parameters, entry.returns

    @staticmethod
    def _result_abilities(
        command: Command, returns: Sequence[Type], element: Type | None, values: Sequence[tuple[_Value, bool]]
    ) -> list[Abilities]:
        match command:
            case MoveCall():
                return [kind.abilities for kind in returns]
            case SplitCoins(_, amounts):
                return [_OBJECT] * len(amounts)
            case MakeMoveVec():
                held = element.abilities if element is not None else values[0][0].abilities
                return [held & _IN_VECTORS]
            case Upgrade():
                return [Abilities.NONE]
            case TransferObjects() | MergeCoins():
                return []
            case _:
                return [_OBJECT]

    def _use(self, where: tuple[int, int], use: _Use) -> tuple[_Value, bool]:
        """Return the value of an argument, and whether this use takes it out of its place."""
        value = self._value(use)
        if value.taken:
            raise _Unclear
        place = _place(use.argument)
        last = place is not None and self._last_uses[place] == where
        moved = not use.borrowed and (COPY not in value.abilities or last)
        if moved:
            value.taken = True
            value.group.root().hot_values -= value.heats
        return value, moved

    def _value(self, use: _Use) -> _Value:
        match use.argument:
            case GasCoin():
                return self._gas
            case Input(index):
                return self._input(index, use.kind)
            case Result(index):
                if index >= len(self._results) or len(self._results[index]) != 1:
                    raise _Unclear
                return self._results[index][0]
            case NestedResult(index, nested):
                if index >= len(self._results) or nested >= len(self._results[index]):
                    raise _Unclear
                return self._results[index][nested]

    def _input(self, index: int, kind: Type | None) -> _Value:
        inputs = self._checked.kind.inputs
        if index >= len(inputs):
            raise _Unclear
        given = inputs[index]
        used = given.arg if isinstance(given, Object) else None
        as_bytes = used is None or isinstance(used, Receiving)
        key = (index, kind if as_bytes else None)
        found = self._inputs.get(key)
        if found is None:
            abilities, shared = (kind.abilities if kind is not None else _PURE), False
            if used is not None and not isinstance(used, Receiving):
                abilities, shared = self._object(used)
            found = self._inputs[key] = _Value(_Group(), abilities, shared)
        return found

    def _object(self, used: ImmOrOwned | Shared) -> tuple[Abilities, bool]:
        object_id = used.object_id if isinstance(used, Shared) else used.ref.object_id
        held = self._checked.inputs[object_id].record.object
        if not isinstance(held.data, MoveObject):
            raise _Unclear
        return self._vm.type_of(held.data.tag).abilities, isinstance(held.owner, SharedOwner)


def _merge(groups: list[_Group]) -> _Group:
    """Return the group that these become."""
    if not groups:
        return _Group()
    into = groups[0]
    for group in groups[1:]:
        if group.root() is into:
            continue
        into.hot_values += group.hot_values
        into.always_hot |= group.always_hot
        group.merged = into
    return into


def check_private_entry(
    vm: Vm, checked: CheckedTransaction, private_entry: Callable[[MoveCall], bool]
) -> tuple[int, CommandFailed] | None:
    """Return the first call that may not take one of its arguments, and why; None when all may.

    Args:
        vm: knows functions and types.
        checked: the transaction.
        private_entry: whether a call starts at an `entry` function that is not public.
    """
    commands = checked.kind.commands
    private = [isinstance(command, MoveCall) and private_entry(command) for command in commands]
    if not any(private[1:]):
        return None
    first: tuple[int, CommandFailed] | None = None
    follower = _Follower(vm, checked)
    try:
        for index, command in enumerate(commands):
            position = follower.step(index, command, private_entry=private[index])
            if position is not None and first is None:
                first = index, argument_error(position, "InvalidArgumentToPrivateEntryFunction")
    except (_Unclear, VmFailure):
        return None
    return first
