"""Calls about the timelock of the package's UpgradeCap."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    owned_argument,
    shared_argument,
)
from sui.bcs import ADDRESS, BYTES, U64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.arguments import Contract, SharedRef
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import Address, ObjectRef


def lock_upgrades(
    builder: ProgrammableBuilder, contract: Contract, cap: ObjectRef | Argument, *, delay_ms: int, right_to: Address
) -> Result:
    """Lock the UpgradeCap; the right to announce goes to an address."""
    arguments = [owned_argument(builder, cap), builder.pure_value(U64, delay_ms)]
    right = builder.move_call(contract.package, "upgrade_lock", "lock", arguments)
    builder.transfer_objects([right], builder.pure_value(ADDRESS, right_to))
    return right


def grow_upgrade_delay(
    builder: ProgrammableBuilder, contract: Contract, lock: SharedRef, right: ObjectRef, delay_ms: int
) -> Result:
    """Make the lock's delay longer."""
    arguments = [*_lock_and_right(builder, lock, right), builder.pure_value(U64, delay_ms)]
    return builder.move_call(contract.package, "upgrade_lock", "grow_delay", arguments)


def announce_upgrade(
    builder: ProgrammableBuilder, contract: Contract, lock: SharedRef, right: ObjectRef, digest: bytes
) -> Result:
    """Announce the digest of the next version."""
    arguments = [
        *_lock_and_right(builder, lock, right),
        builder.pure_value(BYTES, digest),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "upgrade_lock", "announce", arguments)


def cancel_upgrade(builder: ProgrammableBuilder, contract: Contract, lock: SharedRef, right: ObjectRef) -> Result:
    """Take an announced upgrade back."""
    return builder.move_call(contract.package, "upgrade_lock", "cancel", _lock_and_right(builder, lock, right))


def upgrade(
    builder: ProgrammableBuilder,
    contract: Contract,
    lock: SharedRef,
    right: ObjectRef,
    *,
    modules: Sequence[bytes],
    dependencies: Sequence[Address],
) -> Result:
    """Authorise the announced upgrade, run it and commit it: three commands of one transaction."""
    arguments = [*_lock_and_right(builder, lock, right), shared_argument(builder, CLOCK)]
    ticket = builder.move_call(contract.package, "upgrade_lock", "authorize", arguments)
    receipt = builder.upgrade(modules, dependencies, contract.package, ticket)
    arguments = [shared_argument(builder, lock, mutable=True), receipt]
    return builder.move_call(contract.package, "upgrade_lock", "commit", arguments)


def make_immutable(builder: ProgrammableBuilder, contract: Contract, lock: SharedRef, right: ObjectRef) -> Result:
    """End all upgrades for ever."""
    return builder.move_call(contract.package, "upgrade_lock", "make_immutable", _lock_and_right(builder, lock, right))


def _lock_and_right(builder: ProgrammableBuilder, lock: SharedRef, right: ObjectRef) -> list[Argument]:
    return [shared_argument(builder, lock, mutable=True), owned_argument(builder, right)]
