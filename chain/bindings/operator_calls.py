"""Calls about a cluster's operators and their bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    owned_argument,
    shared_argument,
)
from sui.bcs import ADDRESS, U64

if TYPE_CHECKING:
    from chain.bindings.arguments import Contract, SharedRef
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import Address, ObjectRef


def replace_operator(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    successor: Address,
) -> Result:
    """Announce a new operator; his OperatorCap goes to `successor` now."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, admin),
        builder.pure_value(ADDRESS, successor),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", "replace_operator", arguments)


def cancel_operator(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument
) -> Result:
    """Take the announcement of a new operator back."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, admin),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", "cancel_operator", arguments)


def add_bond(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    operator: ObjectRef | Argument,
    coin: ObjectRef | Argument,
) -> Result:
    """Put a coin into the operator's bond."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, operator),
        owned_argument(builder, coin),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", "add_bond", arguments)


def announce_bond_withdrawal(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    operator: ObjectRef | Argument,
    amount: int,
) -> Result:
    """Announce that an amount of the operator's bond leaves."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, operator),
        builder.pure_value(U64, amount),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", "announce_bond_withdrawal", arguments)


def withdraw_bond(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, operator: ObjectRef | Argument, to: Address
) -> Result:
    """Take out what is due of the operator's bond, and give it to an address."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, operator),
        shared_argument(builder, CLOCK),
    ]
    paid = builder.move_call(contract.package, "cluster", "withdraw_bond", arguments)
    builder.transfer_objects([paid], builder.pure_value(ADDRESS, to))
    return paid
