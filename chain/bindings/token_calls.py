"""Calls about seal tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    owned_argument,
    rule_texts_argument,
    rules_argument,
    shared_argument,
)
from sui.bcs import ADDRESS, BYTES, STRING, U64
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.arguments import Contract, SharedRef
    from chain.rules import Rule
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import Address, ObjectRef


def issue_token(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    admin: ObjectRef | Argument,
    *,
    owner: Address,
    public_key: bytes,
    rules: Sequence[Rule],
    stake: Argument | int,
    expires_at: int,
    note: str = "",
) -> Result:
    """Issue a token and share it; a stake given as a number of MIST is taken from the gas coin."""
    coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, stake)])[0] if isinstance(stake, int) else stake
    arguments = [
        shared_argument(builder, cluster),
        owned_argument(builder, admin),
        builder.pure_value(ADDRESS, owner),
        builder.pure_value(BYTES, public_key),
        rules_argument(builder, contract, rules),
        coin,
        builder.pure_value(U64, expires_at),
        builder.pure_value(STRING, note),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "seal_token", "issue", arguments)


def add_stake(builder: ProgrammableBuilder, contract: Contract, token: SharedRef, coin: ObjectRef | Argument) -> Result:
    """Put a coin into a token's stake."""
    arguments = [shared_argument(builder, token, mutable=True), owned_argument(builder, coin)]
    return builder.move_call(contract.package, "seal_token", "add_stake", arguments)


def announce_token(builder: ProgrammableBuilder, contract: Contract, token: SharedRef) -> Result:
    """Emit a token's full state again."""
    return builder.move_call(contract.package, "seal_token", "announce_token", [shared_argument(builder, token)])


def revoke_token(builder: ProgrammableBuilder, contract: Contract, token: SharedRef) -> Result:
    """Revoke a token by its owner, the sender."""
    return builder.move_call(contract.package, "seal_token", "revoke", [shared_argument(builder, token, mutable=True)])


def revoke_token_by_admin(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    token: SharedRef,
) -> Result:
    """Revoke a token with the AdminCap."""
    arguments = [
        shared_argument(builder, cluster),
        owned_argument(builder, admin),
        shared_argument(builder, token, mutable=True),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "seal_token", "revoke_by_admin", arguments)


def announce_stake_withdrawal(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, token: SharedRef, amount: int
) -> Result:
    """Announce, by the token's owner, the sender, that an amount of the stake leaves."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, token, mutable=True),
        builder.pure_value(U64, amount),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "seal_token", "announce_stake_withdrawal", arguments)


def withdraw_stake(builder: ProgrammableBuilder, contract: Contract, token: SharedRef) -> Result:
    """Pay what is due of the stake to the token's owner, the sender."""
    arguments = [shared_argument(builder, token, mutable=True), shared_argument(builder, CLOCK)]
    return builder.move_call(contract.package, "seal_token", "withdraw_stake", arguments)


def migrate_token(builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, token: SharedRef) -> Result:
    """Bring a token to its cluster's version of the package."""
    arguments = [
        shared_argument(builder, cluster),
        shared_argument(builder, token, mutable=True),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "seal_token", "migrate_token", arguments)


def narrow_token(builder: ProgrammableBuilder, contract: Contract, token: SharedRef, rules: Sequence[Rule]) -> Result:
    """Replace a token's rules by narrower ones, by its owner, the sender."""
    arguments = [
        shared_argument(builder, token, mutable=True),
        rule_texts_argument(builder, rules),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "seal_token", "narrow", arguments)


def rescope_token(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    *,
    token: SharedRef,
    rules: Sequence[Rule],
) -> Result:
    """Replace a token's rules with the AdminCap; wider ones hold after the delay."""
    arguments = [
        shared_argument(builder, cluster),
        owned_argument(builder, admin),
        shared_argument(builder, token, mutable=True),
        rules_argument(builder, contract, rules),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "seal_token", "rescope", arguments)
