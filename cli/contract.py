"""`contract`: publish the Move package."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.context import COMPILED, Context, open_context
from cli.errors import CommandError
from cli.home import Home
from cli.output import emit, run_async
from cli.transact import Act, act_options, run
from sui.bcs import ADDRESS
from sui.builder import ProgrammableBuilder
from sui.effects import IdCreated, ObjectWrite, PackageWrite
from sui.types import Address

if TYPE_CHECKING:
    from chain.account import Account
    from chain.ledger import ExecutedTransaction

ADMIN_ALIAS = "admin"
"""The key that publishes and administers unless another one is named."""


@click.group()
def group() -> None:
    """The contract's Move package.

    Example: k3s-daas contract publish --yes
    """


def read_compiled(path: Path) -> tuple[list[bytes], list[Address]]:
    """Modules and dependencies of a compiled package.

    Raises:
        CommandError: it is not there, or not what the build writes.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        modules = [base64.b64decode(text, validate=True) for text in raw["modules"]]
        return modules, [Address.parse(text) for text in raw["dependencies"]]
    except FileNotFoundError as error:
        raise CommandError(f"no compiled contract at {path}; `make contract` builds it") from error
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{path} is no compiled contract ({error}); build it again with `make contract`") from error


def sender_of(context: Context, sender: str | None) -> Account:
    """The account that a command names, else the admin's."""
    return context.account(context.keys.find(sender or context.profile.admin or ADMIN_ALIAS))


async def publish_package(context: Context, account: Account, compiled: Path, act: Act) -> dict[str, Any] | None:
    """Publish the package and remember it in the profile; None after a dry run."""
    modules, dependencies = read_compiled(compiled)
    builder = ProgrammableBuilder()
    cap = builder.publish(modules, dependencies)
    builder.transfer_objects([cap], builder.pure_value(ADDRESS, account.address))
    done = await run(context, account, builder, act, asks="Publish the contract's package? This costs gas.")
    if done is None:
        return None
    package, cap_id = published(done)
    info = await context.ledger.service_info()
    context.profile = context.home.update(
        ledger=context.profile.ledger,
        ledger_ca=context.profile.ledger_ca,
        chain_id=str(info.chain_id),
        package=str(package),
        latest_package=str(package),
        upgrade_cap=str(cap_id),
        admin=str(account.address),
    )
    return {
        "package": str(package),
        "digest": str(done.digest),
        "version": 1,
        "locked": False,
        "upgrade_cap": str(cap_id),
        "gas": done.gas.net,
    }


def published(done: ExecutedTransaction) -> tuple[Address, Address]:
    """The package that a transaction published, and its UpgradeCap.

    Raises:
        CommandError: there is none.
    """
    package = cap = None
    for change in done.effects.changed_objects:
        if isinstance(change.output_state, PackageWrite):
            package = change.object_id
        elif isinstance(change.output_state, ObjectWrite) and isinstance(change.id_operation, IdCreated):
            cap = change.object_id
    if package is None or cap is None:
        raise CommandError(f"transaction {done.digest} published no package; the ledger does not do what it says")
    return package, cap


@group.command()
@click.option("--ledger", help="HOST:PORT of a node; the profile's by default.")
@click.option("--sender", help="Who publishes: an alias or address; `admin` by default.")
@click.option("--compiled", type=click.Path(path_type=Path), default=COMPILED, help="The compiled package.")
@act_options
def publish(ledger: str | None, sender: str | None, compiled: Path, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Publish the package. The UpgradeCap stays with the sender: this version of the package has no timelock yet.

    Example: k3s-daas contract publish --ledger 127.0.0.1:9000 --yes
    """
    act = Act(as_json, dry_run, yes)

    async def _work() -> dict[str, Any] | None:
        home = Home.here()
        if ledger:
            home.update(ledger=ledger)
        async with open_context(ledger, home=home) as context:
            return await publish_package(context, sender_of(context, sender), compiled, act)

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)
        if not as_json:
            click.echo("The UpgradeCap is not locked: whoever holds it can change the package at once.", err=True)
