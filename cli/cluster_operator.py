"""`cluster operator`, `cluster bond`: who operates the cluster, and what he has put up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.outcome import created
from cli.caps import admin_of, bonded_of
from cli.cluster_changes import address_of, change_cluster
from cli.cluster_state import bonds_of, print_change, read_cluster, refresh_cluster_file
from cli.context import open_context
from cli.durations import spoken
from cli.errors import CommandError
from cli.output import clock, emit, run_async
from cli.transact import Act, act_options, run
from sui.bcs import U64
from sui.builder import ProgrammableBuilder
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.bindings.arguments import SharedRef
    from chain.bindings.cluster_object import Cluster
    from cli.caps import Held
    from cli.context import Context

_operator_option = click.option(
    "--operator", "who", help="Whose bond: an alias or address; the operator's in office by default."
)


@click.group()
def operator() -> None:
    """The operator: who starts enclaves and answers for them with his bond.

    Example: k3s-daas cluster operator replace 0x1234...
    """


@operator.command("replace")
@click.argument("address")
@act_options
def replace_operator(address: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Announce ADDRESS (or an alias) as the next operator, with the AdminCap; `cancel` takes it back.

    He gets his OperatorCap now and can put up his bond; he is in office after the cluster's delay. The bond of the one
    before leaves from then on. `cluster operator replace cancel` is the same as `cluster operator cancel`.

    Example: k3s-daas cluster operator replace 0x1234...
    """
    act = Act(as_json, dry_run, yes)
    _print(run_async(_cancel(act) if address == "cancel" else _replace(act, address)), as_json=as_json)


@operator.command("cancel")
@act_options
def cancel_operator(*, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Take the announcement of a new operator back; what he has put up leaves.

    Example: k3s-daas cluster operator cancel --yes
    """
    _print(run_async(_cancel(Act(as_json, dry_run, yes))), as_json=as_json)


async def _replace(act: Act, address: str) -> dict[str, Any] | None:
    async with open_context() as context:
        successor = address_of(context, address)
        held = await admin_of(context)
        delay_ms = (await read_cluster(context)).delays.operator_ms
        builder = ProgrammableBuilder()
        cluster = await held.account.shared(context.cluster)
        calls.replace_operator(builder, context.contract, cluster, held.cap, successor)
        asks = f"Announce {successor} as the cluster's operator? He is in office in {spoken(delay_ms)}."
        done = await run(context, held.account, builder, act, asks=asks)
        if done is None:
            return None
        file = await refresh_cluster_file(context)
        announced = (await read_cluster(context)).operators.successor
        told = file.as_json() | {"digest": str(done.digest), "gas": done.gas.net, "successor": str(successor)}
        return told | {
            "operator_cap": str(announced.operator if announced else created(done)[0]),
            "due": announced.due if announced else None,
        }


async def _cancel(act: Act) -> dict[str, Any] | None:
    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        calls.cancel_operator(builder, context.contract, cluster, cap)

    return await change_cluster(act, build, asks="Take the announcement of a new operator back?")


@click.group()
def bond() -> None:
    """An operator's bond; his enclaves are usable while it is full.

    Example: k3s-daas cluster bond add 1000000000
    """


@bond.command("add")
@click.argument("amount", type=click.IntRange(min=1))
@_operator_option
@act_options
def add_bond(amount: int, who: str | None, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Add AMOUNT MIST of the operator's SUI to his bond; the announced operator may too.

    Example: k3s-daas cluster bond add 1000000000
    """

    def build(context: Context, builder: ProgrammableBuilder, cluster: SharedRef, held: Held) -> None:
        coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, amount)])[0]
        calls.add_bond(builder, context.contract, cluster, held.cap, coin)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            cluster = await read_cluster(context)
            held = await bonded_of(context, cluster, who)
            act = Act(as_json, dry_run, yes)
            return await _change_bond(context, held, act, build, asks=f"Put {amount} MIST into the bond?")

    _print(run_async(_work()), as_json=as_json)


@bond.command("withdraw")
@click.argument("amount", type=click.IntRange(min=1), required=False)
@click.option("--pay", is_flag=True, help="Pay what is due; the same as naming no amount.")
@_operator_option
@act_options
def withdraw_bond(amount: int | None, who: str | None, *, pay: bool, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Take SUI out of an operator's bond, in two steps.

    With AMOUNT (MIST): announce that it leaves; it counts no longer from now, and stays slashable until it is paid.
    Without: pay what is due, after the cluster's withdrawal delay; a former operator can, too.

    Example: k3s-daas cluster bond withdraw 500000000 && k3s-daas cluster bond withdraw --pay
    """
    if amount is not None and pay:
        raise click.UsageError("an AMOUNT announces, --pay pays: one step at a time")
    act = Act(as_json, dry_run, yes)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            cluster = await read_cluster(context)
            held = await bonded_of(context, cluster, who)
            if amount is None:
                return await _pay(context, cluster, held, act)
            return await _announce(context, cluster, held, amount, act)

    _print(run_async(_work()), as_json=as_json)


async def _announce(context: Context, cluster: Cluster, held: Held, amount: int, act: Act) -> dict[str, Any] | None:
    def build(context: Context, builder: ProgrammableBuilder, ref: SharedRef, held: Held) -> None:
        calls.announce_bond_withdrawal(builder, context.contract, ref, held.cap, amount)

    asks = (
        f"Announce that {amount} MIST leave the bond? They count no longer, and are paid in"
        f" {spoken(cluster.delays.withdrawal_ms)}."
    )
    left = sum(b["counted"] for b in bonds_of(cluster, await context.now())) - amount
    if left < cluster.settings_at(await context.now()).min_bond:
        asks += " What is left is below the minimum bond: the enclave would not be usable."
    told = await _change_bond(context, held, act, build, asks=asks)
    if told is None:
        return None
    leaving = _leaving(await read_cluster(context), held, await context.now())
    return told | {"amount": amount, "due": max((entry["due"] for entry in leaving), default=None)}


async def _pay(context: Context, cluster: Cluster, held: Held, act: Act) -> dict[str, Any] | None:
    now = await context.now()
    leaving = _leaving(cluster, held, now)
    due = [entry for entry in leaving if entry["due"] <= now]
    if not due:
        waits = f"the next is due at {clock(min(e['due'] for e in leaving))}" if leaving else "nothing was announced"
        raise CommandError(f"nothing of this bond is due: {waits}; name an AMOUNT to announce one")

    def build(context: Context, builder: ProgrammableBuilder, ref: SharedRef, held: Held) -> None:
        calls.withdraw_bond(builder, context.contract, ref, held.cap, held.account.address)

    before = _balance(cluster, held)
    asks = f"Pay what is due of the bond to {held.account.address}?"
    told = await _change_bond(context, held, act, build, asks=asks)
    return told if told is None else told | {"paid": before - _balance(await read_cluster(context), held)}


def _leaving(cluster: Cluster, held: Held, now_ms: int) -> list[dict[str, Any]]:
    own = str(held.cap.object_id)
    return [entry for bond in bonds_of(cluster, now_ms) if bond["operator"] == own for entry in bond["leaving"]]


def _balance(cluster: Cluster, held: Held) -> int:
    return sum(b.deposit.balance for b in cluster.operators.bonds if b.operator == held.cap.object_id)


async def _change_bond(
    context: Context,
    held: Held,
    act: Act,
    build: Callable[[Context, ProgrammableBuilder, SharedRef, Held], Any],
    *,
    asks: str,
) -> dict[str, Any] | None:
    builder = ProgrammableBuilder()
    build(context, builder, await held.account.shared(context.cluster), held)
    done = await run(context, held.account, builder, act, asks=asks)
    if done is None:
        return None
    file = await refresh_cluster_file(context)
    return file.as_json() | {"digest": str(done.digest), "gas": done.gas.net}


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json, human=lambda: print_change(told))
