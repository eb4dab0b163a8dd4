"""Caps: which object gives a right, who holds it on chain, and the key here that is his.

Role: before a command builds a transaction, say who can send it, or why nobody here can. Ownership is read from the
chain each time, so that a Cap which was handed over or burnt is told in words instead of failing as an odd transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.objects import ADMIN_CAP, OPERATOR_CAP, UPGRADE_CAP, UPGRADE_RIGHT, object_type
from cli.cluster_state import read_cluster
from cli.context import parse_id
from cli.errors import CommandError
from cli.upgrade_lock import read_lock
from sui.types import AddressOwner

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.account import Account
    from chain.bindings.cluster_object import Cluster
    from chain.bindings.objects import UpgradeLock
    from chain.ledger import LedgerObject
    from cli.context import Context
    from sui.types import Address, ObjectRef

UPGRADE_CAP_TYPE = "0x2::package::UpgradeCap"
"""The framework's own right to upgrade a package."""


@dataclass(frozen=True)
class Held:
    """A Cap, and the account here that holds it."""

    account: Account
    cap: ObjectRef


async def admin_of(context: Context) -> Held:
    """The AdminCap of the cluster and who holds it.

    Raises:
        CommandError: nobody here does, and who does.
    """
    wanted = str(object_type(context.package, "cluster", "AdminCap"))
    known = context.profile.admin_cap
    held = await _known(context, "AdminCap", [parse_id(known)] if known else []) or await _search(
        context, wanted, lambda found: ADMIN_CAP.decode(found.contents).cluster == context.cluster
    )
    if held is None:
        raise CommandError(
            f"no key in {context.home.root} holds the AdminCap of cluster {context.cluster}; only its holder can do"
            " this"
        )
    if known != str(held.cap.object_id) and context.home.profile().cluster == str(context.cluster):
        context.remember(admin_cap=str(held.cap.object_id))
    return held


async def operator_of(context: Context) -> Held:
    """The OperatorCap in office and who holds it.

    Raises:
        CommandError: nobody here does, and who does.
    """
    cluster = await read_cluster(context)
    held = await _known(context, "OperatorCap", [cluster.operator_at(await context.now())])
    if held is None:
        raise CommandError(f"the OperatorCap in office of cluster {context.cluster} is gone; replace the operator")
    return held


async def bonded_of(context: Context, cluster: Cluster, who: str | None) -> Held:
    """An OperatorCap of the cluster, in office or not, for what concerns its own bond.

    Args:
        context: where keys are looked for.
        cluster: whose OperatorCap.
        who: an alias or address; without one, the one in office, else whichever a key here holds.

    Raises:
        CommandError: he holds none.
    """
    operators = cluster.operators
    ranked = [cluster.operator_at(await context.now())]
    ranked += [operators.successor.operator] if operators.successor else []
    ranked += [bond.operator for bond in operators.bonds]
    address = context.find_key(who).address if who is not None else None
    for found in await context.ledger.get_objects(ranked):
        # One who was announced twice holds two Caps: the one that matters comes first.
        if held := _by_owner(context, found, only=address):
            return held
    wanted = str(object_type(context.package, "cluster", "OperatorCap"))

    def _fits(found: LedgerObject) -> bool:
        return OPERATOR_CAP.decode(found.contents).cluster == cluster.id

    held = await _search(context, wanted, _fits, only=address)
    if held is None:
        raise CommandError(f"{who or 'no key here'} holds no OperatorCap of cluster {cluster.id}")
    return held


async def right_of(context: Context, lock: UpgradeLock) -> Held:
    """The right to announce upgrades at a lock, and who holds it.

    Raises:
        CommandError: nobody here does, and who does; or there is none any more.
    """
    if lock.cap is None:
        raise CommandError(f"package {context.package} is immutable: it will never have another version")
    wanted = str(object_type(context.package, "upgrade_lock", "UpgradeRight"))
    known = context.profile.upgrade_right
    held = await _known(context, "UpgradeRight", [parse_id(known)] if known else []) or await _search(
        context, wanted, lambda found: UPGRADE_RIGHT.decode(found.contents).lock == lock.id
    )
    if held is None:
        raise CommandError(f"no key in {context.home.root} holds the UpgradeRight of lock {lock.id}; use its holder's")
    return held


async def upgrade_cap_of(context: Context) -> Held:
    """The package's UpgradeCap that is not locked yet, and who holds it.

    Raises:
        CommandError: nobody here does.
    """
    known = context.profile.upgrade_cap
    held = await _known(context, "UpgradeCap", [parse_id(known)] if known else []) or await _search(
        context, UPGRADE_CAP_TYPE, lambda found: UPGRADE_CAP.decode(found.contents).package == context.package
    )
    if held is None:
        raise CommandError(f"no key in {context.home.root} holds the UpgradeCap of package {context.package}")
    return held


async def lock_and_right(context: Context) -> tuple[UpgradeLock, Held]:
    """The package's lock, and who may announce at it."""
    lock = await read_lock(context)
    return lock, await right_of(context, lock)


async def _known(context: Context, name: str, ids: list[Address]) -> Held | None:
    """The Cap of an id that is known; an error says whose it is where its key is not here."""
    if not ids:
        return None
    [found] = await context.ledger.get_objects(ids)
    if found is None:
        raise CommandError(f"the {name} {ids[0]} is gone: it was used up or burnt, and nobody can do this any more")
    held = _by_owner(context, found)
    if held is None:
        whose = found.owner.address if isinstance(found.owner, AddressOwner) else "nobody's address"
        raise CommandError(
            f"the {name} {ids[0]} belongs to {whose}, whose key is not in {context.home.root}; only its holder can do"
            " this (`k3s-daas key import` adds a key)"
        )
    return held


def _by_owner(context: Context, found: LedgerObject | None, *, only: Address | None = None) -> Held | None:
    """A Cap whose owner's key is here, and is the wanted one where one is wanted."""
    if found is None or not isinstance(found.owner, AddressOwner) or not context.has_key(found.owner.address):
        return None
    if only not in {None, found.owner.address}:
        return None
    return Held(context.account(context.find_key(str(found.owner.address))), found.ref)


async def _search(
    context: Context, kind: str, fits: Callable[[LedgerObject], bool], *, only: Address | None = None
) -> Held | None:
    """The first Cap of a type that fits, of whichever key here holds one."""
    for key in context.all_keys():
        if only is not None and key.address != only:
            continue
        for found in await context.ledger.owned_objects(key.address, kind):
            if fits(found):
                return Held(context.account(key), found.ref)
    return None
