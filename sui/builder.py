"""Put a programmable transaction together, input by input and command by command.

Rules:
    * equal pure values and equal objects become one input; a shared object wanted for reading and for writing is
      one input, for writing;
    * `finish` checks what any node would refuse for size: inputs, commands, arguments, pure values.

What it does not do: look objects up, choose gas, sign.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from sui.errors import BuildError
from sui.transaction import (
    NO_EXPIRATION,
    TRANSACTION_DATA,
    Argument,
    CallArg,
    Command,
    GasData,
    Input,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    NestedResult,
    Object,
    ObjectArg,
    ProgrammableTransaction,
    Publish,
    Pure,
    Result,
    Shared,
    SplitCoins,
    TransactionData,
    TransactionExpiration,
    TransferObjects,
    Upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sui.bcs import Codec
    from sui.type_tag import TypeTag
    from sui.types import Address, ObjectRef

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a node accepts in one transaction."""

    max_transaction_bytes: int = 131_072
    max_inputs: int = 2_048
    max_commands: int = 1_024
    max_arguments_per_command: int = 512
    max_pure_argument_bytes: int = 16_383
    max_gas_coins: int = 256


LIMITS = Limits()


class ProgrammableBuilder:
    """Collects inputs and commands; each command's method returns its result as an argument."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        """Start with nothing."""
        self._limits = limits
        self._inputs: list[CallArg] = []
        self._known: dict[object, int] = {}
        self._commands: list[Command] = []

    def _input(self, key: object, value: CallArg) -> Input:
        index = self._known.setdefault(key, len(self._inputs))
        if index == len(self._inputs):
            self._inputs.append(value)
        return Input(index)

    def pure(self, value: bytes) -> Input:
        """Add BCS bytes of a plain value.

        Raises:
            BuildError: they are longer than one argument may be.
        """
        if len(value) > self._limits.max_pure_argument_bytes:
            raise BuildError(
                f"a pure argument of {len(value)} bytes exceeds {self._limits.max_pure_argument_bytes}: "
                "split it into a vector of chunks"
            )
        return self._input(bytes(value), Pure(bytes(value)))

    def pure_value(self, codec: Codec[T], value: T) -> Input:
        """Add a plain value that `codec` writes."""
        return self.pure(codec.encode(value))

    def obj(self, arg: ObjectArg) -> Input:
        """Add an object.

        Raises:
            BuildError: the same object was added before in another form.
        """
        object_id = arg.object_id if isinstance(arg, Shared) else arg.ref.object_id
        key = (Object, object_id)
        known = self._known.get(key)
        if known is None:
            return self._input(key, Object(arg))
        before = self._inputs[known]
        if before == Object(arg):
            return Input(known)
        old = before.arg if isinstance(before, Object) else None
        if (
            isinstance(old, Shared)
            and isinstance(arg, Shared)
            and old.initial_shared_version == arg.initial_shared_version
        ):
            self._inputs[known] = Object(replace(old, mutable=True))
            return Input(known)
        raise BuildError(f"object {object_id} is wanted in two forms in one transaction")

    def command(self, command: Command) -> Result:
        """Add any command and return its result."""
        self._commands.append(command)
        return Result(len(self._commands) - 1)

    def move_call(
        self,
        package: Address,
        module: str,
        function: str,
        arguments: Sequence[Argument] = (),
        type_arguments: Sequence[TypeTag] = (),
    ) -> Result:
        """Call a Move function."""
        return self.command(MoveCall(package, module, function, tuple(type_arguments), tuple(arguments)))

    def split_coins(self, coin: Argument, amounts: Sequence[Argument]) -> list[NestedResult]:
        """Take amounts out of a coin and return the new coins."""
        result = self.command(SplitCoins(coin, tuple(amounts)))
        return [NestedResult(result.index, place) for place in range(len(amounts))]

    def merge_coins(self, destination: Argument, sources: Sequence[Argument]) -> Result:
        """Put coins into another one."""
        return self.command(MergeCoins(destination, tuple(sources)))

    def transfer_objects(self, objects: Sequence[Argument], address: Argument) -> Result:
        """Give objects to an address."""
        return self.command(TransferObjects(tuple(objects), address))

    def make_move_vec(self, elements: Sequence[Argument], element_type: TypeTag | None = None) -> Result:
        """Make a vector of values."""
        return self.command(MakeMoveVec(element_type, tuple(elements)))

    def publish(self, modules: Sequence[bytes], dependencies: Sequence[Address]) -> Result:
        """Publish a package and return its UpgradeCap."""
        return self.command(Publish(tuple(modules), tuple(dependencies)))

    def upgrade(
        self, modules: Sequence[bytes], dependencies: Sequence[Address], package: Address, ticket: Argument
    ) -> Result:
        """Publish a new version of a package and return the UpgradeReceipt."""
        return self.command(Upgrade(tuple(modules), tuple(dependencies), package, ticket))

    def finish(self) -> ProgrammableTransaction:
        """Return what was collected.

        Raises:
            BuildError: it is empty or exceeds a limit of the network.
        """
        limits = self._limits
        if not self._commands:
            raise BuildError("a transaction without commands is refused by every node: add one")
        if len(self._inputs) > limits.max_inputs or len(self._commands) > limits.max_commands:
            raise BuildError(
                f"{len(self._inputs)} inputs and {len(self._commands)} commands exceed "
                f"{limits.max_inputs} and {limits.max_commands}: split the transaction"
            )
        for index, command in enumerate(self._commands):
            count = _argument_count(command)
            if count > limits.max_arguments_per_command:
                raise BuildError(f"command {index} has {count} arguments, at most {limits.max_arguments_per_command}")
        return ProgrammableTransaction(tuple(self._inputs), tuple(self._commands))


def _argument_count(command: Command) -> int:
    match command:
        case MoveCall():
            return len(command.arguments)
        case TransferObjects():
            return len(command.objects)
        case SplitCoins():
            return len(command.amounts)
        case MergeCoins():
            return len(command.sources)
        case MakeMoveVec():
            return len(command.elements)
        case _:
            return len(command.dependencies)


def transaction_data(
    kind: ProgrammableTransaction,
    *,
    sender: Address,
    payment: Sequence[ObjectRef],
    price: int,
    budget: int,
    sponsor: Address | None = None,
    expiration: TransactionExpiration = NO_EXPIRATION,
    limits: Limits = LIMITS,
) -> TransactionData:
    """Return the TransactionData of a programmable transaction, checked for size.

    Args:
        kind: what to do.
        sender: who signs.
        payment: coins that pay; they are merged into the first.
        price: MIST for a unit of gas.
        budget: the most that may be spent, in MIST.
        sponsor: who owns the coins, when it is not the sender.
        expiration: until when the transaction may run.
        limits: what the network accepts.

    Raises:
        BuildError: there is no coin, too many of them, or the whole is too large.
    """
    if not 1 <= len(payment) <= limits.max_gas_coins:
        raise BuildError(f"{len(payment)} gas coins: between 1 and {limits.max_gas_coins} are needed")
    gas = GasData(tuple(payment), sender if sponsor is None else sponsor, price, budget)
    data = TransactionData(kind, sender, gas, expiration)
    size = len(TRANSACTION_DATA.encode(data))
    if size > limits.max_transaction_bytes:
        raise BuildError(f"the transaction has {size} bytes, at most {limits.max_transaction_bytes} are accepted")
    return data
