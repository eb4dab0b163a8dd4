"""Calls about a cluster's operators and their bonds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    call_by_cap,
    owned_argument,
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
    return call_by_cap(builder, contract, "replace_operator", cluster, admin, builder.pure_value(ADDRESS, successor))


def cancel_operator(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument
) -> Result:
    """Take the announcement of a new operator back."""
    return call_by_cap(builder, contract, "cancel_operator", cluster, admin)


def add_bond(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    operator: ObjectRef | Argument,
    coin: ObjectRef | Argument,
) -> Result:
    """Put a coin into the operator's bond."""
    return call_by_cap(builder, contract, "add_bond", cluster, operator, owned_argument(builder, coin))


def announce_bond_withdrawal(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    operator: ObjectRef | Argument,
    amount: int,
) -> Result:
    """Announce that an amount of the operator's bond leaves."""
    return call_by_cap(
        builder, contract, "announce_bond_withdrawal", cluster, operator, builder.pure_value(U64, amount)
    )


def withdraw_bond(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, operator: ObjectRef | Argument, to: Address
) -> Result:
    """Take out what is due of the operator's bond, and give it to an address."""
    paid = call_by_cap(builder, contract, "withdraw_bond", cluster, operator)
    builder.transfer_objects([paid], builder.pure_value(ADDRESS, to))
    return paid
