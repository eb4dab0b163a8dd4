"""`contract`: publish the Move package, lock its UpgradeCap, and show both. What happens at the lock: `cli.upgrade`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.upgrade_events import UpgradeLocked
from chain.errors import ChainError
from chain.outcome import created
from cli.caps import upgrade_cap_of
from cli.context import COMPILED, PACKAGE_FIELDS, Context, open_context, open_contract, parse_id
from cli.durations import Duration, spoken
from cli.errors import CommandError
from cli.migrate import migrate
from cli.output import clock, emit, json_option, print_fields, print_table, run_async
from cli.package_file import read_compiled
from cli.transact import Act, act_options, event_of, of_cluster_option, run
from cli.upgrade import announce, cancel, immutable, upgrade
from cli.upgrade_lock import find_lock, lock_json, read_lock, warn_if_unlocked
from sui.bcs import ADDRESS
from sui.builder import ProgrammableBuilder
from sui.effects import PackageWrite
from sui.type_tag import StructTag
from sui.types import Address, AddressOwner

if TYPE_CHECKING:
    from chain.account import Account
    from chain.ledger import ExecutedTransaction

ADMIN_ALIAS = "admin"
"""The key that publishes and administers unless another one is named."""

_UPGRADE_CAP = str(StructTag(Address.parse("0x2"), "package", "UpgradeCap"))

_delay_option = click.option(
    "--upgrade-delay",
    type=Duration(),
    default="7d",
    show_default=True,
    help="How long an upgrade has to be announced before it can be made; it only grows.",
)


@click.group()
def group() -> None:
    """The contract's Move package and the timelock of its upgrades.

    Example: k3s-daas contract publish --upgrade-delay 7d --yes
    """


for _command in (announce, upgrade, cancel, immutable, migrate):
    group.add_command(_command)


def sender_of(context: Context, sender: str | None) -> Account:
    """The account that a command names, else the admin's."""
    return context.account(context.find_key(sender or context.profile.admin or ADMIN_ALIAS))


async def publish_package(context: Context, account: Account, compiled: Path, act: Act) -> dict[str, Any] | None:
    """Publish the package and remember it in the profile; None after a dry run.

    A home that has a cluster on this ledger goes on with that one's package, and knows the new one beside it.
    """
    package_file = read_compiled(compiled)
    builder = ProgrammableBuilder()
    cap = builder.publish(package_file.modules, package_file.dependencies)
    builder.transfer_objects([cap], builder.pure_value(ADDRESS, account.address))
    context.warned = True  # a package that was known before is not the matter here
    done = await run(context, account, builder, act, asks="Publish the contract's package? This costs gas.")
    if done is None:
        return None
    package, cap_id = await published(context, done)
    chain_id = str((await context.ledger.service_info()).chain_id)
    known = dict.fromkeys(PACKAGE_FIELDS, "") | {
        "package": str(package),
        "latest_package": str(package),
        "packages": str(package),
        "upgrade_cap": str(cap_id),
    }
    if context.profile.cluster and context.profile.chain_id in {"", chain_id}:
        click.echo(
            f"note: this home's cluster goes on with package {context.package}; `contract` commands work with the new"
            " one (--of-cluster: with the cluster's), and so does the next `k3s-daas cluster create`",
            err=True,
        )
        context.work_aside(known)
        context.remember(**known)
    else:
        ledger = {"ledger": context.profile.ledger, "ledger_ca": context.profile.ledger_ca, "chain_id": chain_id}
        context.remember(**known, **ledger, aside="", admin=str(account.address))
    return {
        "package": str(package),
        "latest_package": str(package),
        "digest": str(done.digest),
        "version": 1,
        "locked": False,
        "lock": None,
        "right": None,
        "upgrade_cap": str(cap_id),
        "gas": done.gas.net,
    }


async def published(context: Context, done: ExecutedTransaction) -> tuple[Address, Address]:
    """The package that a transaction published, and its UpgradeCap.

    Raises:
        CommandError: there is none.
    """
    written = [c.object_id for c in done.effects.changed_objects if isinstance(c.output_state, PackageWrite)]
    for found in await context.ledger.get_objects(created(done)):
        if written and found is not None and found.type is not None and str(found.type) == _UPGRADE_CAP:
            return written[0], found.ref.object_id
    raise CommandError(f"transaction {done.digest} published no package; the ledger does not do what it says")


async def lock_package(context: Context, act: Act, *, delay_ms: int) -> dict[str, Any] | None:
    """Put the package's UpgradeCap into its timelock and remember it; None after a dry run.

    Raises:
        CommandError: it is locked already, or nobody here holds the UpgradeCap.
    """
    known = await find_lock(context)
    if known is not None:
        raise CommandError(f"package {context.package} is locked already, in {known}; see `k3s-daas contract show`")
    held = await upgrade_cap_of(context)
    builder = ProgrammableBuilder()
    calls.lock_upgrades(builder, context.contract, held.cap, delay_ms=delay_ms, right_to=held.account.address)
    context.warned = True  # what would be said is just being mended
    asks = f"Lock the UpgradeCap for ever? Every upgrade is announced {spoken(delay_ms)} before it can be made."
    done = await run(context, held.account, builder, act, asks=asks)
    if done is None:
        return None
    event = event_of(context, done, UpgradeLocked)
    context.remember(lock=str(event.lock), upgrade_right=str(event.right), upgrade_cap="")
    return {
        "package": str(event.package),
        "digest": str(done.digest),
        "version": 1,
        "locked": True,
        "lock": str(event.lock),
        "right": str(event.right),
        "delay_ms": event.delay_ms,
        "gas": done.gas.net,
    }


async def publish_and_lock(
    context: Context, account: Account, compiled: Path, act: Act, *, delay_ms: int
) -> dict[str, Any] | None:
    """Publish the package, and lock its UpgradeCap in a second transaction; None after a dry run.

    Raises:
        CommandError: it was published, and could not be locked.
    """
    told = await publish_package(context, account, compiled, act)
    if told is None:
        return None
    try:
        locked = await lock_package(context, Act(yes=True), delay_ms=delay_ms)
    except (ChainError, CommandError) as error:
        raise CommandError(
            f"package {told['package']} is published, but its UpgradeCap was not locked: {error}."
            " Lock it with `k3s-daas contract lock`"
        ) from error
    if locked is None:
        return told
    return told | locked | {
        "digest": told["digest"],
        "lock_digest": locked["digest"],
        "gas": told["gas"] + locked["gas"],
    }  # fmt: skip


@group.command()
@click.option("--ledger", help="HOST:PORT of a node; the profile's by default.")
@click.option("--sender", help="Who publishes: an alias or address; `admin` by default.")
@click.option("--compiled", type=click.Path(path_type=Path), default=COMPILED, help="The compiled package.")
@_delay_option
@click.option("--no-lock", is_flag=True, help="Leave the UpgradeCap with the sender, who can change all at once.")
@act_options
def publish(
    ledger: str | None,
    sender: str | None,
    compiled: Path,
    upgrade_delay: int,
    *,
    no_lock: bool,
    as_json: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Publish the package, and lock its UpgradeCap in a second transaction.

    The right to announce upgrades goes to the sender. A dry run simulates the publication alone.

    Example: k3s-daas contract publish --ledger 127.0.0.1:9000 --upgrade-delay 7d --yes
    """
    act = Act(as_json, dry_run, yes)

    async def _work() -> dict[str, Any] | None:
        async with open_context(ledger) as context:
            if ledger:
                context.profile = replace(context.profile, ledger=ledger)
            account = sender_of(context, sender)
            if not no_lock:
                return await publish_and_lock(context, account, compiled, act, delay_ms=upgrade_delay)
            told = await publish_package(context, account, compiled, act)
            if told is not None:
                context.warned = False
                await warn_if_unlocked(context)
            return told

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


@group.command("lock")
@_delay_option
@of_cluster_option
@act_options
def lock_command(upgrade_delay: int, *, of_cluster: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Lock the UpgradeCap of a package that was published without.

    Example: k3s-daas contract lock --upgrade-delay 7d --yes
    """

    async def _work() -> dict[str, Any] | None:
        async with open_contract(of_cluster=of_cluster) as context:
            return await lock_package(context, Act(as_json, dry_run, yes), delay_ms=upgrade_delay)

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


@group.command()
@of_cluster_option
@json_option
def show(*, of_cluster: bool, as_json: bool) -> None:
    """Show the package's versions, its lock, and what is announced.

    Example: k3s-daas contract show
    """

    async def _work() -> dict[str, Any]:
        async with open_contract(of_cluster=of_cluster) as context:
            await warn_if_unlocked(context)
            if await find_lock(context) is None:
                return _unlocked(context)
            lock = await read_lock(context)
            return lock_json(context, lock) | {"right_owner": await _owner(context)}

    told = run_async(_work())
    emit(told, as_json=as_json, human=lambda: _show(told))


def _unlocked(context: Context) -> dict[str, Any]:
    return {
        "package": str(context.package),
        "latest_package": str(context.contract.package),
        "locked": False,
        "lock": None,
        "right": None,
        "upgrade_cap": context.profile.upgrade_cap or None,
    }


async def _owner(context: Context) -> str | None:
    """Who holds the right to announce; nobody once the package is immutable."""
    if not context.profile.upgrade_right:
        return None
    [found] = await context.ledger.get_objects([parse_id(context.profile.upgrade_right)])
    return str(found.owner.address) if found is not None and isinstance(found.owner, AddressOwner) else None


def _show(told: dict[str, Any]) -> None:
    if not told["locked"]:
        print_fields(told)
        return
    print_fields(
        {
            "package": told["package"],
            "lock": told["lock"],
            "right": told["right"],
            "right of": told["right_owner"],
            "upgrades": "never again: immutable" if told["immutable"] else f"after {spoken(told['delay_ms'])}",
            "announced": told["announced"],
            "due": clock(told["due"]),
            "open until": clock(told["open_until"]),
        }
    )
    click.echo("")
    print_table(("VERSION", "PACKAGE"), [(v["version"], v["package"]) for v in told["versions"]], empty="no versions")
