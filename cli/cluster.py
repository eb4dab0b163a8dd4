"""`cluster`: create, show, approve and retire, bond."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.events import ClusterChanged
from chain.bindings.state import Delays, Penalties, Settings
from chain.configuration import Configuration, make_configuration, parse_configuration
from chain.outcome import created
from cli.cluster_state import read_measurements, refresh_cluster_file
from cli.context import Context, open_context
from cli.contract import sender_of
from cli.errors import CommandError
from cli.home import write_whole
from cli.keys import make_operator_key
from cli.output import emit, json_option, run_async
from cli.transact import Act, act_options, event_of, run
from sui.bcs import ADDRESS, U64
from sui.builder import ProgrammableBuilder
from sui.transaction import GAS_COIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chain.account import Account
    from chain.cluster_file import Measurement
    from chain.ledger import ExecutedTransaction
    from sui.types import Address

_SECOND_MS = 1000
_HOUR_MS = 3_600 * _SECOND_MS
_DAY_MS = 24 * _HOUR_MS

SETTINGS = Settings(
    min_stake=1_000_000_000,
    min_bond=1_000_000_000,
    max_deadline_ms=60 * _SECOND_MS,
    max_stream_ms=600 * _SECOND_MS,
    enclave_lifetime_ms=30 * _DAY_MS,
    challenge_lifetime_ms=600 * _SECOND_MS,
    request_inline_bytes=8 * 1024,
    response_inline_bytes=64 * 1024,
    receipt_deposit=5_000_000,
)
"""What a cluster is created with unless flags say otherwise."""

DELAYS = Delays(
    measurement_ms=_DAY_MS,
    settings_ms=_DAY_MS,
    token_ms=_HOUR_MS,
    operator_ms=_DAY_MS,
    withdrawal_ms=7 * _DAY_MS,
    evidence_ms=3 * _DAY_MS,
    upgrade_ms=7 * _DAY_MS,
    answer_window_ms=60 * _SECOND_MS,
)
"""Delays of a cluster that is meant to last."""

DEMO_DELAYS = Delays(
    measurement_ms=5 * _SECOND_MS,
    settings_ms=5 * _SECOND_MS,
    token_ms=_SECOND_MS,
    operator_ms=5 * _SECOND_MS,
    withdrawal_ms=60 * _SECOND_MS,
    evidence_ms=30 * _SECOND_MS,
    upgrade_ms=5 * _SECOND_MS,
    answer_window_ms=60 * _SECOND_MS,
)
"""Delays of a demonstration: nobody has time to see what is coming."""

MAXIMA = Delays(
    measurement_ms=90 * _DAY_MS,
    settings_ms=90 * _DAY_MS,
    token_ms=90 * _DAY_MS,
    operator_ms=90 * _DAY_MS,
    withdrawal_ms=90 * _DAY_MS,
    evidence_ms=60 * _DAY_MS,
    upgrade_ms=90 * _DAY_MS,
    answer_window_ms=3_600 * _SECOND_MS,
)
"""How far delays and windows can ever grow."""

PENALTIES = Penalties(violation_bps=1_000, reporter_bps=1_000)
"""A violation costs a tenth of the stake; a reporter gets a tenth of a bond."""


@click.group()
def group() -> None:
    """The cluster on chain.

    Example: k3s-daas cluster show --json > cluster.json
    """


async def create_cluster(
    context: Context,
    account: Account,
    act: Act,
    *,
    settings: Settings,
    delays: Delays,
    measurements: Sequence[Measurement],
    configurations: Sequence[Configuration],
    bond: int,
) -> dict[str, Any] | None:
    """Create a cluster in one transaction and remember it; None after a dry run."""
    info = await context.ledger.service_info()
    operator = make_operator_key(context.home)
    builder = ProgrammableBuilder()
    contract = context.contract
    made = calls.create_cluster(
        builder,
        contract,
        chain_id=bytes(info.chain_id),
        settings=settings,
        delays=delays,
        delay_maxima=MAXIMA,
        penalties=PENALTIES,
    )
    for measurement in measurements:
        calls.add_measurement(builder, contract, made.cluster, made.admin, measurement.pcrs)
    for configuration in configurations:
        calls.add_configuration(builder, contract, made.cluster, made.admin, configuration.hash)
    if bond:
        coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, bond)])[0]
        calls.add_bond(builder, contract, made.cluster, made.operator, coin)
    builder.transfer_objects([made.admin], builder.pure_value(ADDRESS, account.address))
    builder.transfer_objects([made.operator], builder.pure_value(ADDRESS, operator.address))
    calls.share(builder, contract, made.cluster)
    done = await run(context, account, builder, act, asks=f"Create a cluster, with {bond} MIST of bond?")
    if done is None:
        return None
    state = event_of(context, done, ClusterChanged).state
    context.profile = context.home.update(
        chain_id=str(info.chain_id),
        cluster=str(state.cluster),
        admin=str(account.address),
        admin_cap=str(await _cap(context, done, "AdminCap")),
        operator=str(operator.address),
        operator_cap=str(state.operator),
    )
    write_whole(context.home.configuration, configurations[0].to_json())
    file = await refresh_cluster_file(context)
    return file.as_json() | {
        "digest": str(done.digest),
        "gas": done.gas.net,
        "admin_cap": context.profile.admin_cap,
        "operator_cap": context.profile.operator_cap,
        "operator_address": context.profile.operator,
    }


async def _cap(context: Context, done: ExecutedTransaction, name: str) -> Address:
    for found in await context.ledger.get_objects(created(done)):
        if found is not None and found.type is not None and found.type.name == name:
            return found.ref.object_id
    raise CommandError(f"transaction {done.digest} made no {name}; the ledger does not do what it says")


def _setting(flag: str, name: str, unit: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return click.option(flag, name, type=int, default=getattr(SETTINGS, name), show_default=True, help=f"In {unit}.")


@group.command()
@click.option("--measurements", type=click.Path(path_type=Path), required=True, help="PCR0, 1, 2 of the image.")
@click.option("--config", "config", type=click.Path(path_type=Path), help="The configuration (JSON).")
@click.option("--bond", type=int, help="MIST put up at once; the minimum bond by default.")
@_setting("--min-stake", "min_stake", "MIST")
@_setting("--min-bond", "min_bond", "MIST")
@_setting("--max-deadline", "max_deadline_ms", "milliseconds")
@_setting("--max-stream", "max_stream_ms", "milliseconds")
@_setting("--receipt-deposit", "receipt_deposit", "MIST")
@click.option(
    "--answer-window",
    "answer_window_ms",
    type=int,
    default=DELAYS.answer_window_ms,
    show_default=True,
    help="In milliseconds.",
)
@_setting("--enclave-lifetime", "enclave_lifetime_ms", "milliseconds")
@_setting("--request-inline", "request_inline_bytes", "bytes")
@_setting("--response-inline", "response_inline_bytes", "bytes")
@click.option("--demo-delays", is_flag=True, help="Delays of seconds, for a demonstration.")
@click.option("--sender", help="Who becomes the admin: an alias or address.")
@act_options
def create(
    measurements: Path,
    config: Path | None,
    bond: int | None,
    sender: str | None,
    answer_window_ms: int,
    *,
    demo_delays: bool,
    as_json: bool,
    dry_run: bool,
    yes: bool,
    **limits: int,
) -> None:
    """Create a cluster: its limits, the first approved image and configuration, the bond.

    Example: k3s-daas cluster create --measurements build/sim.pcrs.json --demo-delays --yes
    """
    settings = replace(SETTINGS, **limits)

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            return await create_cluster(
                context,
                sender_of(context, sender),
                Act(as_json, dry_run, yes),
                settings=settings,
                delays=replace(DEMO_DELAYS if demo_delays else DELAYS, answer_window_ms=answer_window_ms),
                measurements=read_measurements(measurements),
                configurations=[read_configuration(context, config)],
                bond=settings.min_bond if bond is None else bond,
            )

    _print(run_async(_work()), as_json=as_json)


def read_configuration(context: Context, path: Path | None) -> Configuration:
    """The configuration from a file, else one for the profile's ledger under the fixed name that launchers map."""
    if path is not None:
        return parse_configuration(path.read_text(encoding="utf-8"))
    ca = context.profile.ledger_ca
    return make_configuration("ledger:9000", rpc_ca=ca, plaintext=not ca)


@group.command()
@click.option("--cluster-file", type=click.Path(path_type=Path), help="Another cluster.json.")
@json_option
def show(cluster_file: Path | None, *, as_json: bool) -> None:
    """Show the cluster; with --json this is the connection file that others need.

    Example: k3s-daas cluster show --json > cluster.json
    """

    async def _work() -> dict[str, Any]:
        async with open_context(cluster_path=cluster_file) as context:
            return (await refresh_cluster_file(context)).as_json()

    _print(run_async(_work()), as_json=as_json)


async def change_cluster(
    act: Act, build: Callable[[Context, ProgrammableBuilder, Any, Any], None], *, asks: str, by_operator: bool = False
) -> dict[str, Any] | None:
    """Run one change of the cluster by a Cap; None after a dry run."""
    async with open_context() as context:
        account = context.operator_account() if by_operator else context.admin_account()
        cap = await account.owned(context.operator_cap if by_operator else context.admin_cap)
        builder = ProgrammableBuilder()
        build(context, builder, await account.shared(context.cluster), cap)
        done = await run(context, account, builder, act, asks=asks)
        if done is None:
            return None
        file = await refresh_cluster_file(context)
        return file.as_json() | {"digest": str(done.digest), "gas": done.gas.net}


@group.group()
def measurement() -> None:
    """Approved images."""


@measurement.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@act_options
def add_measurement(file: Path, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Approve the images of FILE; it holds after the cluster's delay.

    Example: k3s-daas cluster measurement add build/sim.pcrs.json
    """
    wanted = read_measurements(file)

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        for each in wanted:
            calls.add_measurement(builder, context.contract, cluster, cap, each.pcrs)

    asks = f"Approve {len(wanted)} image(s)?"
    _print(run_async(change_cluster(Act(as_json, dry_run, yes), build, asks=asks)), as_json=as_json)


@measurement.command("retire")
@click.argument("version", type=int)
@act_options
def retire_measurement(version: int, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Retire the image of VERSION at once and for ever; its enclaves end.

    Example: k3s-daas cluster measurement retire 1
    """

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        calls.retire_measurement(builder, context.contract, cluster, cap, version)

    asks = f"Retire image {version} for ever, with its enclaves?"
    _print(run_async(change_cluster(Act(as_json, dry_run, yes), build, asks=asks)), as_json=as_json)


@group.group("config")
def configuration() -> None:
    """Approved configurations."""


@configuration.command("add")
@click.argument("file", type=click.Path(path_type=Path))
@act_options
def add_configuration(file: Path, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Approve the configuration of FILE; it holds after the cluster's delay.

    Example: k3s-daas cluster config add configuration.json
    """
    wanted = parse_configuration(file.read_text(encoding="utf-8"))

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        calls.add_configuration(builder, context.contract, cluster, cap, wanted.hash)

    asks = f"Approve configuration {wanted.hash.hex()}?"
    _print(run_async(change_cluster(Act(as_json, dry_run, yes), build, asks=asks)), as_json=as_json)


@configuration.command("retire")
@click.argument("version", type=int)
@act_options
def retire_configuration(version: int, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Retire the configuration of VERSION at once and for ever; its enclaves end.

    Example: k3s-daas cluster config retire 2
    """

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        calls.retire_configuration(builder, context.contract, cluster, cap, version)

    asks = f"Retire configuration {version} for ever, with its enclaves?"
    _print(run_async(change_cluster(Act(as_json, dry_run, yes), build, asks=asks)), as_json=as_json)


@group.group()
def bond() -> None:
    """The operator's bond."""


@bond.command("add")
@click.argument("amount", type=click.IntRange(min=1))
@act_options
def add_bond(amount: int, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Add AMOUNT MIST of the operator's SUI to his bond.

    Example: k3s-daas cluster bond add 1000000000
    """

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, amount)])[0]
        calls.add_bond(builder, context.contract, cluster, cap, coin)

    asks = f"Put {amount} MIST into the bond?"
    told = run_async(change_cluster(Act(as_json, dry_run, yes), build, asks=asks, by_operator=True))
    _print(told, as_json=as_json)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json)
