"""`contract migrate`, `cluster version`: a cluster and its tokens move to another version of the package.

    (1) the AdminCap's holder announces the version, which the lock of the UpgradeCap knows, by calling it
    (2) when it is due, the cluster works with it, without anybody's doing
    (3) its tokens are brought to the same version, by anyone

`contract migrate` does whichever step is next. Announcing a version is also saying that this home trusts its package:
from then on it may be called here.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.arguments import Contract
from chain.bindings.events import ClusterChanged
from cli.caps import admin_of
from cli.cluster_state import print_change, read_cluster, refresh_cluster_file, version_at
from cli.context import Context, open_context, parse_id
from cli.durations import spoken
from cli.errors import CommandError
from cli.output import emit, run_async
from cli.token_state import tokens_of
from cli.transact import Act, act_options, event_of, run
from cli.upgrade import MARGIN_S
from cli.upgrade_lock import read_lock
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.cluster_object import Cluster
    from chain.bindings.objects import UpgradeLock
    from sui.types import Address

TOKENS_A_TRANSACTION = 32


@click.command()
@click.argument("tokens", nargs=-1, metavar="[TOKEN]...")
@click.option("--all", "every", is_flag=True, help="Every live token of the cluster.")
@click.option("--cluster", "cluster_only", is_flag=True, help="The cluster only: announce its move, no tokens.")
@click.option("--version", type=click.IntRange(min=2), help="The version to move to; the newest by default.")
@click.option("--wait", is_flag=True, help="Wait until the announced move is due, then go on with the tokens.")
@click.option("--sender", help="Who pays for migrating tokens, which anybody may do: an alias or address.")
@act_options
def migrate(
    tokens: tuple[str, ...],
    version: int | None,
    sender: str | None,
    *,
    every: bool,
    cluster_only: bool,
    wait: bool,
    as_json: bool,
    dry_run: bool,
    yes: bool,
) -> None:
    """Move the cluster to the newest version of the package, and its tokens with it: whichever step is next.

    The move is announced first (with the AdminCap). When it holds, the tokens are migrated: those that are named, else
    all that are live. `cluster version cancel` takes an announced move back.

    Example: k3s-daas contract migrate --wait --yes
    """
    if cluster_only and (tokens or every):
        raise click.UsageError("--cluster moves no tokens: name tokens, or say --cluster")
    act = Act(as_json, dry_run, yes)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            told: dict[str, Any] | None = {}
            if not tokens and not every:
                told = await _move_cluster(context, act, version=version, wait=wait)
                if told is None or cluster_only or not told["in_force"]:
                    return told
            moved = await _move_tokens(context, act, tokens, sender)
            return None if moved is None else (told or {}) | moved

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


async def _move_cluster(context: Context, act: Act, *, version: int | None, wait: bool) -> dict[str, Any] | None:
    """Announce the move unless it is announced or in force, and wait for it where that was asked for."""
    lock, cluster, now = await read_lock(context), await read_cluster(context), await context.now()
    wanted = version or len(lock.packages)
    pending = cluster.pending_version
    done: dict[str, Any] = {}
    if pending is not None and pending.due > now and version not in {None, pending.version}:
        raise CommandError(
            f"version {pending.version} is announced already, not {version}; `k3s-daas cluster version cancel` takes it"
            " back"
        )
    if version_at(cluster, now) < wanted and (pending is None or pending.due <= now):
        announced = await announce_version(context, act, lock, wanted)
        if announced is None:
            return None
        done = announced
        cluster = await read_cluster(context)
        pending = cluster.pending_version
    if pending is not None and pending.due > now and wait:
        await asyncio.sleep((pending.due - await context.now()) / 1000 + MARGIN_S)
    now = await context.now()
    told = _told(context, lock, cluster, now)
    if told["in_force"]:
        await context.load_code()
        await refresh_cluster_file(context)
    return told | done


def _told(context: Context, lock: UpgradeLock, cluster: Cluster, now_ms: int) -> dict[str, Any]:
    pending = cluster.pending_version if cluster.pending_version and cluster.pending_version.due > now_ms else None
    return {
        "package": str(context.package),
        "latest_package": str(lock.packages[-1]),
        "version": version_at(cluster, now_ms),
        "locked": True,
        "lock": str(lock.id),
        "in_force": pending is None,
        "pending_version": pending.version if pending else None,
        "due": pending.due if pending else None,
        "tokens": [],
    }


async def announce_version(context: Context, act: Act, lock: UpgradeLock, version: int) -> dict[str, Any] | None:
    """Announce the version that the cluster moves to; None after a dry run.

    Raises:
        CommandError: the package has no such version, or nobody here may.
    """
    if version > len(lock.packages):
        raise CommandError(
            f"the package has {len(lock.packages)} version(s), no {version}; see `k3s-daas contract show`"
        )
    held = await admin_of(context)
    code = lock.packages[version - 1]
    builder = ProgrammableBuilder()
    calls.announce_version(
        builder,
        Contract(code, context.package),
        await held.account.shared(context.cluster),
        held.cap,
        await held.account.shared(lock.id),
    )
    cluster = await read_cluster(context)
    asks = (
        f"Move cluster {context.cluster} to version {version}, package {code}, in"
        f" {spoken(cluster.delays.upgrade_ms)}? From then on its code decides."
    )
    if str(code) not in context.known_packages():
        asks += " This home did not make that version: look at its code first, it gets the AdminCap now."
    done = await run(context, held.account, builder, act, asks=asks)
    if done is None:
        return None
    pending = event_of(context, done, ClusterChanged).state.pending_version
    context.trust_package(code)
    await refresh_cluster_file(context)
    return {
        "digest": str(done.digest),
        "gas": done.gas.net,
        "pending_version": version,
        "due": pending.due if pending else None,
    }


async def cancel_version(context: Context, act: Act) -> dict[str, Any] | None:
    """Take the announced move back; None after a dry run."""
    held = await admin_of(context)
    builder = ProgrammableBuilder()
    calls.cancel_version(builder, context.contract, await held.account.shared(context.cluster), held.cap)
    done = await run(context, held.account, builder, act, asks="Take the announced move to another version back?")
    if done is None:
        return None
    file = await refresh_cluster_file(context)
    return file.as_json() | {"digest": str(done.digest), "gas": done.gas.net}


async def _move_tokens(context: Context, act: Act, named: Sequence[str], sender: str | None) -> dict[str, Any] | None:
    """Bring tokens to the version that the cluster works with; None after a dry run."""
    cluster, now = await read_cluster(context), await context.now()
    version = version_at(cluster, now)
    code = cluster.code_at(now)
    if str(code) not in context.known_packages():
        raise CommandError(
            f"the cluster works with version {version}, package {code}, which this home does not know yet: get a new"
            " cluster.json from its admin, or check the package and say `k3s-daas contract migrate` with the AdminCap"
        )
    if named:
        wanted = [parse_id(text) for text in named]
    else:
        live = [token for token in await tokens_of(context) if not token.revoked and token.expires_at > now]
        wanted = [token.id for token in live if token.version < version]
    told = {"version": version, "package": str(context.package), "latest_package": str(code), "locked": True}
    gas, digests = 0, list[str]()
    for start in range(0, len(wanted), TOKENS_A_TRANSACTION):
        batch = wanted[start : start + TOKENS_A_TRANSACTION]
        done = await _migrate_batch(context, act, Contract(code, context.package), batch, sender)
        if done is None:
            return None
        gas, digests = gas + done[1], [*digests, done[0]]
    return told | {
        "tokens": [str(token) for token in wanted],
        "digest": digests[-1] if digests else None,
        "digests": digests,
        "gas": gas,
    }


async def _migrate_batch(
    context: Context, act: Act, contract: Contract, tokens: Sequence[Address], sender: str | None
) -> tuple[str, int] | None:
    account = context.payer(sender)
    builder = ProgrammableBuilder()
    cluster = await account.shared(context.cluster)
    for token in tokens:
        calls.migrate_token(builder, contract, cluster, await account.shared(token))
    done = await run(context, account, builder, act, asks=f"Migrate {len(tokens)} token(s)? This costs gas.")
    return None if done is None else (str(done.digest), done.gas.net)


@click.group()
def version() -> None:
    """The version of the package that the cluster works with.

    Example: k3s-daas cluster version announce 2
    """


@version.command("announce")
@click.argument("number", metavar="N", type=click.IntRange(min=2))
@act_options
def announce_command(number: int, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Announce that the cluster moves to version N of the package, after its delay.

    Example: k3s-daas cluster version announce 2 --yes
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            lock = await read_lock(context)
            done = await announce_version(context, Act(as_json, dry_run, yes), lock, number)
            if done is None:
                return None
            return _told(context, lock, await read_cluster(context), await context.now()) | done

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json)


@version.command("cancel")
@act_options
def cancel_command(*, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Take an announced move to another version back.

    Example: k3s-daas cluster version cancel --yes
    """

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            return await cancel_version(context, Act(as_json, dry_run, yes))

    told = run_async(_work())
    if told is not None:
        emit(told, as_json=as_json, human=lambda: print_change(told))
