"""`cluster set`, `measurement`, `config`, `admin`: what the AdminCap's holder changes.

What loosens, adds or replaces is announced and holds after the cluster's delay; what tightens or retires holds at once.
"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from chain.bindings import calls
from chain.bindings.state import Delays, Settings
from chain.configuration import parse_configuration
from cli.caps import admin_of
from cli.cluster_state import print_change, read_cluster, read_measurements, refresh_cluster_file
from cli.context import Context, open_context, parse_id
from cli.durations import Duration, parse_duration, spoken
from cli.errors import CommandError
from cli.output import emit, run_async
from cli.transact import Act, act_options, run
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

    from chain.bindings.cluster_object import Cluster
    from sui.types import Address

SETTING_NAMES = tuple(field.name for field in fields(Settings))
DELAY_NAMES = tuple(field.name for field in fields(Delays))


async def change_cluster(
    act: Act,
    build: Callable[[Context, ProgrammableBuilder, Any, Any], None],
    *,
    asks: str,
) -> dict[str, Any] | None:
    """Run one change of the cluster by its AdminCap; None after a dry run."""
    async with open_context() as context:
        return await _change(context, act, build, asks=asks)


async def _change(
    context: Context, act: Act, build: Callable[[Context, ProgrammableBuilder, Any, Any], None], *, asks: str
) -> dict[str, Any] | None:
    held = await admin_of(context)
    builder = ProgrammableBuilder()
    build(context, builder, await held.account.shared(context.cluster), held.cap)
    done = await run(context, held.account, builder, act, asks=asks)
    if done is None:
        return None
    file = await refresh_cluster_file(context)
    return file.as_json() | {"digest": str(done.digest), "gas": done.gas.net}


def _full_name(name: str, known: tuple[str, ...]) -> str | None:
    """A setting's or delay's own name, where a person wrote it with dashes or without its unit."""
    plain = name.strip().replace("-", "_")
    return next(
        (full for full in known if plain in {full, full.removesuffix("_ms"), full.removesuffix("_bytes")}), None
    )


def parse_setting(text: str) -> tuple[str, int]:
    """Read `NAME=VALUE`: MIST, bytes or milliseconds; times also as durations.

    Raises:
        click.UsageError: the name or the value is none.
    """
    name, equals, value = text.partition("=")
    full = _full_name(name, SETTING_NAMES)
    if not equals or full is None:
        raise click.UsageError(f"{text!r} is no NAME=VALUE of a setting; there are: {', '.join(SETTING_NAMES)}")
    number = int(value) if value.isdecimal() else parse_duration(value) if full.endswith("_ms") else None
    if number is None:
        wanted = "milliseconds, or a duration like 90s" if full.endswith("_ms") else "a number"
        raise click.UsageError(f"{name}={value}: {wanted} is wanted")
    return full, number


def parse_delay(text: str) -> tuple[str, int]:
    """Read `NAME=DURATION` of a delay or window.

    Raises:
        click.UsageError: the name or the duration is none.
    """
    name, equals, value = text.partition("=")
    full = _full_name(name, DELAY_NAMES)
    span_ms = int(value) if value.isdecimal() else parse_duration(value)
    if not equals or full is None or span_ms is None:
        names = ", ".join(known.removesuffix("_ms") for known in DELAY_NAMES)
        raise click.UsageError(f"{text!r} is no NAME=DURATION of a delay or window; there are: {names}")
    return full, span_ms


def _flag(flag: str, name: str, unit: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    kind = Duration(plain=True) if name.endswith("_ms") else click.IntRange(min=0)
    return click.option(flag, name, type=kind, help=f"In {unit}.")


@click.command("set")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@_flag("--min-stake", "min_stake", "MIST")
@_flag("--min-bond", "min_bond", "MIST")
@_flag("--max-deadline", "max_deadline_ms", "milliseconds, or a duration")
@_flag("--max-stream", "max_stream_ms", "milliseconds, or a duration")
@_flag("--enclave-lifetime", "enclave_lifetime_ms", "milliseconds, or a duration")
@_flag("--challenge-lifetime", "challenge_lifetime_ms", "milliseconds, or a duration")
@_flag("--request-inline", "request_inline_bytes", "bytes")
@_flag("--response-inline", "response_inline_bytes", "bytes")
@_flag("--receipt-deposit", "receipt_deposit", "MIST")
@click.option("--delay", "delays", multiple=True, help="NAME=DURATION: make a delay or window longer, at once.")
@act_options
def set_settings(
    values: tuple[str, ...], delays: tuple[str, ...], *, as_json: bool, dry_run: bool, yes: bool, **flags: int | None
) -> None:
    """Change settings, and make delays longer, in one transaction.

    A setting that tightens holds at once; one that loosens is pending until its delay is over, and naming the value in
    force takes it back. Delays and windows only grow, up to their maxima. `cluster show` lists all.

    Example: k3s-daas cluster set min_stake=2000000000 --max-deadline 90s --delay measurement=2d
    """
    wanted = dict(parse_setting(text) for text in values)
    wanted |= {name: value for name, value in flags.items() if value is not None}
    grown = dict(parse_delay(text) for text in delays)
    if not wanted and not grown:
        raise click.UsageError("nothing to set: give NAME=VALUE, a flag, or --delay NAME=DURATION")

    async def _work() -> dict[str, Any] | None:
        async with open_context() as context:
            cluster = await read_cluster(context)

            def build(context: Context, builder: ProgrammableBuilder, ref: Any, cap: Any) -> None:
                for name, value in wanted.items():
                    calls.change_setting(builder, context.contract, ref, cap, name=name, value=value)
                if grown:
                    calls.grow_delays(builder, context.contract, ref, cap, replace(cluster.delays, **grown))

            asks = _question(cluster, wanted, grown, await context.now())
            told = await _change(context, Act(as_json, dry_run, yes), build, asks=asks)
            return told if told is None else told | {"set": wanted, "grown": grown}

    _print(run_async(_work()), as_json=as_json)


def _question(cluster: Cluster, wanted: dict[str, int], grown: dict[str, int], now_ms: int) -> str:
    before, spans = vars(cluster.settings_at(now_ms)), vars(cluster.delays)
    parts = [f"{name} from {before[name]} to {value}" for name, value in wanted.items()]
    parts += [
        f"{name} from {spoken(spans[name])} to {spoken(value)}, never shorter again" for name, value in grown.items()
    ]
    return f"Change {'; '.join(parts)}?"


@click.group()
def measurement() -> None:
    """Approved images.

    Example: k3s-daas cluster measurement add build/sim.pcrs.json
    """


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


@click.group("config")
def configuration() -> None:
    """Approved configurations.

    Example: k3s-daas cluster config add configuration.json
    """


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


@click.group()
def admin() -> None:
    """The AdminCap: the right to change the cluster and to issue tokens.

    Example: k3s-daas cluster admin transfer 0x1234...
    """


@admin.command("transfer")
@click.argument("address")
@act_options
def transfer_admin(address: str, *, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Hand the AdminCap to ADDRESS (or an alias) at once; only he can change the cluster from then on.

    Example: k3s-daas cluster admin transfer 0x1234...
    """

    def to(context: Context) -> Address:
        return address_of(context, address)

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        calls.hand_over_admin(builder, context.contract, cluster, cap, to(context))

    asks = f"Hand the AdminCap to {address}? Only its new holder can give it back."
    _print(run_async(_give_up_admin(Act(as_json, dry_run, yes), build, asks, to)), as_json=as_json)


@admin.command("burn")
@act_options
def burn_admin(*, as_json: bool, dry_run: bool, yes: bool) -> None:
    """Burn the AdminCap: nobody ever changes the cluster again or issues tokens for it.

    Example: k3s-daas cluster admin burn
    """

    def build(context: Context, builder: ProgrammableBuilder, cluster: Any, cap: Any) -> None:
        calls.burn_admin(builder, context.contract, cluster, cap)

    asks = "Burn the AdminCap? Nobody will ever change this cluster again, or issue a token for it."
    _print(run_async(_give_up_admin(Act(as_json, dry_run, yes), build, asks, None)), as_json=as_json)


async def _give_up_admin(
    act: Act,
    build: Callable[[Context, ProgrammableBuilder, Any, Any], None],
    asks: str,
    to: Callable[[Context], Address] | None,
) -> dict[str, Any] | None:
    """Hand the AdminCap over or burn it; this home administers the cluster no longer, unless it holds the new key."""
    async with open_context() as context:
        told = await _change(context, act, build, asks=asks)
        if told is not None:
            address = to(context) if to is not None else None
            told["admin"] = str(address) if address is not None else None
            if address is None or not context.has_key(address):
                context.remember(admin_cap="")
        return told


def address_of(context: Context, who: str) -> Address:
    """An address that a person gave, or the one of an alias here."""
    try:
        return context.find_key(who).address
    except CommandError:
        return parse_id(who)


def _print(told: dict[str, Any] | None, *, as_json: bool) -> None:
    if told is not None:
        emit(told, as_json=as_json, human=lambda: print_change(told))
