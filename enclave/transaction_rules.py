"""Which transactions the enclave's account signs.

Calls of our own package, of the functions in the table, with shared objects and plain values; and the housekeeping of
its own coins: split, merge, transfer to itself or back to the operator. Coins never go into a call, objects of others
never into a transaction. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from enclave.errors import SignatureRefused
from sui.transaction import (
    GasCoin,
    ImmOrOwned,
    Input,
    MakeMoveVec,
    MergeCoins,
    MoveCall,
    NestedResult,
    Object,
    ProgrammableTransaction,
    Pure,
    Receiving,
    Result,
    SplitCoins,
    TransferObjects,
)

if TYPE_CHECKING:
    from sui.transaction import Argument, TransactionKind
    from sui.types import Address, ObjectRef

ALLOWED_CALLS: dict[str, frozenset[str]] = {
    "request": frozenset({"submit_with_grant", "submit_many_with_grant", "expire_request"}),
    "answer": frozenset({"store_k8s_response", "store_k8s_responses", "store_k8s_violation"}),
    "seal_token": frozenset({"announce_token"}),
    "rules": frozenset({"new_rule"}),
}
"""Module and functions that the enclave's account may call."""


@dataclass(frozen=True)
class TransactionRules:
    """One boot's rules: our package, and who may receive coins."""

    packages: frozenset[Address]
    recipients: frozenset[Address]

    def check(self, kind: TransactionKind, *, money: bool) -> tuple[ObjectRef, ...]:
        """Check a transaction and return the owned objects that it names; the pool decides whether they are ours.

        Args:
            kind: what to sign.
            money: whether coins may be split, merged and transferred.

        Raises:
            SignatureRefused: forbidden, and why.
        """
        if not isinstance(kind, ProgrammableTransaction):
            raise _forbidden("it is not a programmable transaction")
        owned: list[ObjectRef] = []
        for value in kind.inputs:
            if isinstance(value, Object) and isinstance(value.arg, Receiving):
                raise _forbidden("it receives an object")
            if isinstance(value, Object) and isinstance(value.arg, ImmOrOwned):
                owned.append(value.arg.ref)
        if len({ref.object_id for ref in owned}) != len(owned) or (owned and not money):
            raise _forbidden("it names owned objects twice, or where no coins are handled")
        for command in kind.commands:
            match command:
                case MoveCall():
                    self._check_call(kind, command)
                case MakeMoveVec():
                    for element in command.elements:
                        _no_coin(kind, element)
                case SplitCoins() | MergeCoins() if money:
                    pass
                case TransferObjects() if money:
                    self._check_transfer(kind, command)
                case _:
                    raise _forbidden(f"{type(command).__name__} is not for this account or caller")
        return tuple(owned)

    def _check_call(self, kind: ProgrammableTransaction, call: MoveCall) -> None:
        if call.package not in self.packages:
            raise _forbidden(f"it calls package {call.package}")
        if call.function not in ALLOWED_CALLS.get(call.module, frozenset()):
            raise _forbidden(f"it calls {call.module}::{call.function}")
        for argument in call.arguments:
            _no_coin(kind, argument)

    def _check_transfer(self, kind: ProgrammableTransaction, command: TransferObjects) -> None:
        target = kind.inputs[command.address.index] if _is_input(kind, command.address) else None  # type: ignore[union-attr]
        if not isinstance(target, Pure) or target.value not in self.recipients:
            raise _forbidden("it transfers to somebody else than the enclave itself or its operator")


def _no_coin(kind: ProgrammableTransaction, argument: Argument) -> None:
    """Refuse whatever could be a coin: the gas coin, owned inputs, and results of commands that handle coins."""
    if isinstance(argument, GasCoin):
        raise _forbidden("it gives the gas coin away")
    if isinstance(argument, Input):
        value = kind.inputs[argument.index] if argument.index < len(kind.inputs) else None
        if value is None or (isinstance(value, Object) and isinstance(value.arg, ImmOrOwned)):
            raise _forbidden("it gives an owned object to a call")
    if isinstance(argument, Result | NestedResult):
        made = kind.commands[argument.index] if argument.index < len(kind.commands) else None
        if not isinstance(made, MoveCall | MakeMoveVec):
            raise _forbidden("it gives a coin to a call")


def _is_input(kind: ProgrammableTransaction, argument: Argument) -> bool:
    return isinstance(argument, Input) and argument.index < len(kind.inputs)


def _forbidden(why: str) -> SignatureRefused:
    return SignatureRefused("forbidden", f"the enclave's account does not sign this transaction: {why}")
