"""Calls about seal tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    owned_argument,
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
    ]
    return builder.move_call(contract.package, "seal_token", "revoke_by_admin", arguments)
