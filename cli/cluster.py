"""`cluster`: create and show it. What changes it: `cli.cluster_changes`; its operator: `cli.cluster_operator`."""

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
from cli.cluster_changes import admin, configuration, measurement, parse_delay, set_settings
from cli.cluster_operator import bond, operator
from cli.cluster_state import read_measurements, refresh_cluster_file
from cli.context import PACKAGE_FIELDS, Context, open_context
from cli.contract import sender_of
from cli.durations import spoken
from cli.errors import CommandError
from cli.home import write_whole
from cli.keys import make_operator_key
from cli.migrate import version
from cli.output import clock, emit, json_option, print_fields, print_table, run_async
from cli.transact import Act, act_options, event_of, run
from cli.upgrade_lock import warn_if_unlocked
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


for _command in (set_settings, measurement, configuration, admin, operator, bond, version):
    group.add_command(_command)


async def create_cluster(
    context: Context,
    account: Account,
    act: Act,
    *,
    settings: Settings,
    delays: Delays,
    measurements: Sequence[Measurement],
    configurations: Sequence[Configuration],
    bond_mist: int,
) -> dict[str, Any] | None:
    """Create a cluster in one transaction and remember it; None after a dry run."""
    if context.profile.aside:
        context.work_aside()  # a new cluster belongs to the package that was published last
    info = await context.ledger.service_info()
    operator_key = make_operator_key(context.home)
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
    for image in measurements:
        calls.add_measurement(builder, contract, made.cluster, made.admin, image.pcrs)
    for shared in configurations:
        calls.add_configuration(builder, contract, made.cluster, made.admin, shared.hash)
    if bond_mist:
        coin = builder.split_coins(GAS_COIN, [builder.pure_value(U64, bond_mist)])[0]
        calls.add_bond(builder, contract, made.cluster, made.operator, coin)
    builder.transfer_objects([made.admin], builder.pure_value(ADDRESS, account.address))
    builder.transfer_objects([made.operator], builder.pure_value(ADDRESS, operator_key.address))
    calls.share(builder, contract, made.cluster)
    done = await run(context, account, builder, act, asks=f"Create a cluster, with {bond_mist} MIST of bond?")
    if done is None:
        return None
    state = event_of(context, done, ClusterChanged).state
    context.aside = False
    context.remember(
        **{name: getattr(context.profile, name) for name in PACKAGE_FIELDS},
        aside="",
        chain_id=str(info.chain_id),
        cluster=str(state.cluster),
        admin=str(account.address),
        admin_cap=str(await _cap(context, done, "AdminCap")),
        operator=str(operator_key.address),
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
@click.option("--bond", "bond_mist", type=int, help="MIST put up at once; the minimum bond by default.")
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
@click.option("--delay", "spans", multiple=True, help="NAME=DURATION: one delay or window, instead of the usual.")
@click.option("--demo-delays", is_flag=True, help="Delays of seconds, for a demonstration.")
@click.option("--sender", help="Who becomes the admin: an alias or address.")
@act_options
def create(
    measurements: Path,
    config: Path | None,
    bond_mist: int | None,
    sender: str | None,
    *,
    answer_window_ms: int,
    spans: tuple[str, ...],
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
    delays = replace(DEMO_DELAYS if demo_delays else DELAYS, answer_window_ms=answer_window_ms)
    delays = replace(delays, **dict(parse_delay(text) for text in spans))

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            return await create_cluster(
                context,
                sender_of(context, sender),
                Act(as_json, dry_run, yes),
                settings=settings,
                delays=delays,
                measurements=read_measurements(measurements),
                configurations=[read_configuration(context, config)],
                bond_mist=settings.min_bond if bond_mist is None else bond_mist,
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
            await warn_if_unlocked(context)
            return (await refresh_cluster_file(context)).as_json()

    told = run_async(_work())
    emit(told, as_json=as_json, human=lambda: _show(told))


def _show(told: dict[str, Any]) -> None:
    """The cluster for people: who and where, what holds, what is on its way."""
    names = ("cluster", "package", "latest_package", "version", "chain_id", "ledger", "gateway", "attestation")
    more = ("active_enclave", "epoch", "config_version", "operator", "bond")
    print_fields({name: told[name] for name in (*names, *more)})
    approved = [
        ("image", number, m["pcr0"][:32], clock(m["valid_from"]), clock(m["retired_at"]))
        for number, m in zip(told["measurement_versions"], told["measurements"], strict=True)
    ]
    approved += [
        ("configuration", number, c["hash"][:32], clock(c["valid_from"]), clock(c["retired_at"]))
        for number, c in zip(told["configuration_versions"], told["configurations"], strict=True)
    ]
    spans = [(name, spoken(value), spoken(told["delay_maxima"][name])) for name, value in told["delays"].items()]
    tables: list[tuple[tuple[str, ...], list[Any], str]] = [
        (("SETTING", "VALUE"), list(told["settings"].items()), ""),
        (("DELAY OR WINDOW", "NOW", "AT MOST"), spans, ""),
        (("APPROVED", "VERSION", "PCR0 OR HASH", "FROM", "RETIRED"), approved, "nothing is approved"),
        (("PENDING", "HOLDS FROM"), [(p["what"], clock(p["due"])) for p in told["pending"]], "nothing is pending"),
    ]
    for columns, rows, empty in tables:
        click.echo("")
        print_table(columns, rows, empty=empty)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json)
