"""The timelock of the package's UpgradeCap, as commands look at it: where it is, what it holds, whether there is one.

Rules: that a package was locked is an event of the package itself, so no node's word but the events' is needed; once
found, the lock is remembered, because what is locked stays locked.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from chain.bindings.objects import UPGRADE_LOCK, UpgradeLock
from chain.bindings.upgrade_events import UpgradeLocked
from chain.errors import ChainError
from chain.history import past_events
from cli.errors import CommandError
from sui.errors import BcsError
from sui.types import Address

if TYPE_CHECKING:
    from cli.context import Context

OPEN_MS = 30 * 86_400_000
"""How long an announced upgrade may be made once it is due: the contract's own figure."""


async def find_lock(context: Context) -> Address | None:
    """The lock of the package's UpgradeCap; None where it was never locked."""
    if context.profile.lock:
        return Address.parse(context.profile.lock)
    async for _, event in past_events(context.ledger, context.package, ["UpgradeLocked"]):
        if isinstance(event, UpgradeLocked) and event.package == context.package:
            found = {"lock": str(event.lock), "upgrade_right": str(event.right)}
            if context.aside or context.home.profile().package == str(context.package):
                context.remember(**found)
            else:
                context.profile = replace(context.profile, **found)
            return event.lock
    return None


async def read_lock(context: Context) -> UpgradeLock:
    """The lock's object.

    Raises:
        CommandError: the package was never locked.
    """
    lock = await find_lock(context)
    if lock is None:
        raise CommandError(
            f"the UpgradeCap of package {context.package} is not locked; `k3s-daas contract lock` locks it first"
        )
    try:
        return UPGRADE_LOCK.decode((await context.ledger.get_object(lock)).contents)
    except BcsError as error:
        raise CommandError(f"{lock} is no lock of this contract ({error}); is this another chain?") from error


async def warn_if_unlocked(context: Context) -> None:
    """Say on stderr, once a command, that the package can be changed at once; nothing where none is known."""
    if context.warned or not context.profile.package:
        return
    context.warned = True
    try:
        lock = await find_lock(context)
    except ChainError:
        return
    if lock is None:
        click.echo(
            f"warning: the UpgradeCap of package {context.package} is not locked: whoever holds it can change the"
            " contract at once; `k3s-daas contract lock` locks it",
            err=True,
        )


def lock_json(context: Context, lock: UpgradeLock) -> dict[str, Any]:
    """A lock as programs get it."""
    announced = lock.announced
    return {
        "package": str(context.package),
        "latest_package": str(lock.packages[-1]),
        "version": len(lock.packages),
        "versions": [{"version": at, "package": str(code)} for at, code in enumerate(lock.packages, start=1)],
        "locked": True,
        "lock": str(lock.id),
        "right": context.profile.upgrade_right or None,
        "immutable": lock.cap is None,
        "delay_ms": lock.delay_ms,
        "announced": announced.digest.hex() if announced else None,
        "due": announced.due if announced else None,
        "open_until": announced.due + OPEN_MS if announced else None,
    }
