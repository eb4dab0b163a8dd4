"""`contract announce`, `upgrade`, `cancel`, `immutable`: what the holder of the UpgradeRight does at the lock."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.arguments import Contract
from chain.bindings.upgrade_events import MadeImmutable, UpgradeAnnounced, UpgradeCancelled, UpgradeCommitted
from cli.caps import Held, lock_and_right
from cli.context import COMPILED, Context, open_contract
from cli.durations import spoken
from cli.errors import CommandError
from cli.output import clock, emit, run_async
from cli.package_file import parse_digest, read_compiled
from cli.transact import Act, act_options, event_of, of_cluster_option, run
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.bindings.arguments import SharedRef
    from chain.bindings.objects import UpgradeLock
    from chain.ledger import ExecutedTransaction

MARGIN_S = 0.3
"""How much later than a due time something is sent, so that the ledger's Clock has surely passed it."""

_package_option = click.option(
    "--package",
    "package_path",
    type=click.Path(path_type=Path),
    help="The compiled next version: its JSON file, or a folder that holds it; the checkout's build by default.",
)


def newest(context: Context, lock: UpgradeLock) -> Contract:
    """The contract in its newest version: what is called at the lock, and what the next version follows."""
    return Contract(lock.packages[-1], context.package)


async def _at_lock(
    context: Context,
    act: Act,
    lock: UpgradeLock,
    held: Held,
    build: Callable[[ProgrammableBuilder, Contract, SharedRef, Any], Any],
    *,
    asks: str,
) -> ExecutedTransaction | None:
    builder = ProgrammableBuilder()
    build(builder, newest(context, lock), await held.account.shared(lock.id), held.cap)
    return await run(context, held.account, builder, act, asks=asks)


@click.command()
@_package_option
@click.option("--digest", help="The next version's digest instead: 64 hex digits.")
@of_cluster_option
@act_options
def announce(
    package_path: Path | None, digest: str | None, *, of_cluster: bool, as_json: bool, dry_run: bool, yes: bool
) -> None:
    """Announce the package's next version by its digest; it can be made once the lock's delay is over.

    Example: k3s-daas contract announce --package build/k3s_daas.json
    """
    if package_path is not None and digest is not None:
        raise click.UsageError("--package and --digest say the same thing: give one of them")
    wanted = parse_digest(digest) if digest else read_compiled(package_path or COMPILED).digest

    async def _work() -> dict[str, Any] | None:
        async with open_contract(of_cluster=of_cluster) as context:
            lock, held = await lock_and_right(context)
            asks = (
                f"Announce {wanted.hex()} as version {len(lock.packages) + 1} of the package? It can be made in"
                f" {spoken(lock.delay_ms)}, and until then it can be taken back."
            )
            done = await _at_lock(
                context, Act(as_json, dry_run, yes), lock, held,
                lambda builder, contract, ref, right: calls.announce_upgrade(builder, contract, ref, right, wanted),
                asks=asks,
            )  # fmt: skip
            if done is None:
                return None
            event = event_of(context, done, UpgradeAnnounced)
            return {
                "package": str(event.package),
                "digest": str(done.digest),
                "version": event.version,
                "locked": True,
                "lock": str(event.lock),
                "announced": event.digest.hex(),
                "due": event.due,
                "open_until": event.open_until,
                "gas": done.gas.net,
            }

    _print(run_async(_work()), as_json=as_json)


@click.command()
@_package_option
@click.option("--wait", is_flag=True, help="Wait until the announced upgrade is due.")
@of_cluster_option
@act_options
def upgrade(
    package_path: Path | None, *, wait: bool, of_cluster: bool, as_json: bool, dry_run: bool, yes: bool
) -> None:
    """Make the announced upgrade, once it is due: authorise, upgrade and commit in one transaction.

    `package` stays the original id; `latest_package` is the new version's. A cluster goes on with its own version
    until `contract migrate`.

    Example: k3s-daas contract upgrade --package build/k3s_daas.json --yes
    """
    compiled = read_compiled(package_path or COMPILED)

    async def _work() -> dict[str, Any] | None:
        async with open_contract(of_cluster=of_cluster) as context:
            lock, held = await lock_and_right(context)
            await _expect(context, lock, compiled.digest, wait=wait)
            asks = (
                f"Make {compiled.digest.hex()} version {len(lock.packages) + 1} of the package? This cannot be undone."
            )
            done = await _at_lock(
                context, Act(as_json, dry_run, yes), lock, held,
                lambda builder, contract, ref, right: calls.upgrade(
                    builder, contract, ref, right, modules=compiled.modules, dependencies=compiled.dependencies
                ),
                asks=asks,
            )  # fmt: skip
            if done is None:
                return None
            event = event_of(context, done, UpgradeCommitted)
            context.trust_package(event.code)
            return {
                "package": str(event.package),
                "latest_package": str(event.code),
                "digest": str(done.digest),
                "version": event.version,
                "locked": True,
                "lock": str(event.lock),
                "upgraded": compiled.digest.hex(),
                "gas": done.gas.net,
            }

    _print(run_async(_work()), as_json=as_json)


async def _expect(context: Context, lock: UpgradeLock, digest: bytes, *, wait: bool) -> None:
    """Say before any gas is spent that another package, or none, is announced; wait where that was asked for."""
    if lock.announced is None:
        raise CommandError("no upgrade is announced; `k3s-daas contract announce` announces one")
    if lock.announced.digest != digest:
        raise CommandError(
            f"announced is {lock.announced.digest.hex()}, this package is {digest.hex()}; name the announced one with"
            " --package, or take the announcement back with `k3s-daas contract cancel`"
        )
    missing_ms = lock.announced.due - await context.now()
    if missing_ms > 0 and not wait:
        raise CommandError(
            f"the announced upgrade is not due yet: it can be made from {clock(lock.announced.due)} on, in"
            f" {missing_ms / 1000:.0f} s (--wait waits for it)"
        )
    if missing_ms > 0:
        await asyncio.sleep(missing_ms / 1000 + MARGIN_S)


@click.command()
@of_cluster_option
@act_options
def cancel(*, of_cluster: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Take the announced upgrade back.

    Example: k3s-daas contract cancel --yes
    """

    async def _work() -> dict[str, Any] | None:
        async with open_contract(of_cluster=of_cluster) as context:
            lock, held = await lock_and_right(context)
            if lock.announced is None:
                raise CommandError("no upgrade is announced: there is nothing to take back")
            asks = f"Take the announced upgrade {lock.announced.digest.hex()} back?"
            done = await _at_lock(
                context, Act(as_json, dry_run, yes), lock, held, calls.cancel_upgrade, asks=asks
            )  # fmt: skip
            if done is None:
                return None
            event = event_of(context, done, UpgradeCancelled)
            return {
                "package": str(event.package),
                "digest": str(done.digest),
                "version": len(lock.packages),
                "locked": True,
                "lock": str(event.lock),
                "cancelled": event.digest.hex(),
                "gas": done.gas.net,
            }

    _print(run_async(_work()), as_json=as_json)


@click.command()
@of_cluster_option
@act_options
def immutable(*, of_cluster: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Make the package immutable: nobody ever upgrades it again, whatever is found in it.

    Example: k3s-daas contract immutable
    """

    async def _work() -> dict[str, Any] | None:
        async with open_contract(of_cluster=of_cluster) as context:
            lock, held = await lock_and_right(context)
            asks = f"Make package {context.package} immutable for ever? No fault in it could ever be mended."
            done = await _at_lock(context, Act(as_json, dry_run, yes), lock, held, calls.make_immutable, asks=asks)
            if done is None:
                return None
            event = event_of(context, done, MadeImmutable)
            return {
                "package": str(event.package),
                "digest": str(done.digest),
                "version": event.version,
                "locked": True,
                "lock": str(event.lock),
                "immutable": True,
                "gas": done.gas.net,
            }

    _print(run_async(_work()), as_json=as_json)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json)
