"""`requests`: the on-chain log. What is done with one request or receipt: `cli.request`."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import click

from chain.errors import LedgerError
from chain.events import AuthenticatedEvents, Trust
from chain.packages import KnownPackages
from chain.requests import NAMES, RequestLog, add_gas, denied_rows, request_rows
from cli.context import Context, open_context, parse_id
from cli.output import clock, emit, json_option, print_table, run_async
from cli.split import read_splits
from cli.token_state import read_token

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.requests import RequestRow

_COLUMNS = ("REQUEST", "WHO", "VERB", "RESOURCE", "NAMESPACE", "STATUS", "ASKED", "EXECUTED", "STORED", "GAS")
_SPLITS = ("SUBMIT", "FINALITY", "EXECUTE", "STORE")


@click.command()
@click.option("--follow", is_flag=True, help="Go on with what comes; --json prints JSON Lines.")
@click.option("--denied", is_flag=True, help="Transactions that the contract aborted, with the reason.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@click.option("--split", is_flag=True, help="Join the fine latency split from the gateway's own log.")
@json_option
def command(limit: int, *, follow: bool, denied: bool, split: bool, as_json: bool) -> None:
    """What the chain says of requests and answers, newest last.

    Example: k3s-daas requests --limit 5
    """
    run_async(_requests(limit, follow=follow, denied=denied, split=split, as_json=as_json))


async def _requests(limit: int, *, follow: bool, denied: bool, split: bool, as_json: bool) -> None:
    async with open_context() as context:
        if denied:
            await _show_denied(context, limit, as_json=as_json)
            return
        rows = await request_rows(context.ledger, context.package, context.cluster, limit=limit)
        told = _with_splits(context, rows, split=split)
        if not follow:
            emit(told, as_json=as_json, human=lambda: _show(told, split=split))
            return
        for entry in told:
            _line(entry, as_json=as_json)
        await _follow(context, {row.asked.request_id for row in rows}, split=split, as_json=as_json)


async def _show_denied(context: Context, limit: int, *, as_json: bool) -> None:
    packages = sorted({context.package, context.contract.package})
    rows = await denied_rows(context.ledger, packages, context.cluster, limit=limit, words=context.words)
    told = [row.as_json() for row in rows]
    owners: dict[str, str] = {}
    for entry in told:
        token = entry["token"]
        if token is not None and token not in owners:
            try:
                owners[token] = str((await read_token(context, parse_id(token))).owner)
            except (LedgerError, click.ClickException):
                owners[token] = entry["who"]
        entry["who"] = owners.get(token, entry["who"])

    def human() -> None:
        table = [
            (t["digest"], clock(t["time"]), t["who"][:14], t["verb"], _what(t), t["namespace"], t["reason"], t["gas"])
            for t in told
        ]
        columns = ("TRANSACTION", "TIME", "WHO", "VERB", "RESOURCE", "NAMESPACE", "REASON", "GAS")
        print_table(columns, table, empty="the contract has denied nothing")

    emit(told, as_json=as_json, human=human)


def _with_splits(context: Context, rows: Sequence[RequestRow], *, split: bool) -> list[dict[str, Any]]:
    told = [row.as_json() for row in rows]
    if split:
        found = read_splits(context.home.logs)
        for entry in told:
            entry["split"] = found.get(entry["request_id"])
    return told


async def _follow(context: Context, known: set[Any], *, split: bool, as_json: bool) -> None:
    trust = Trust(
        chain_id=bytes((await context.ledger.service_info()).chain_id),
        package=context.package,
        packages=KnownPackages(context.package, context.cluster, context.contract.package),
    )
    seen = set(known)
    log = RequestLog(context.cluster)
    start = (await context.ledger.service_info()).checkpoint
    events = AuthenticatedEvents(
        context.ledger,
        trust,
        rng=random.Random(),  # noqa: S311 - jitter between attempts
        any_gateway=True,
        refused=lambda raw, error: click.echo(f"event {raw.digest}/{raw.index} refused: {error}", err=True),
    )
    async for found in events.follow(NAMES, from_checkpoint=max(start - 1, 0)):
        row = log.apply(found.raw, found.event)
        if row is not None and row.asked.request_id not in seen:
            seen.add(row.asked.request_id)
            await add_gas(context.ledger, [row])
            _line(_with_splits(context, [row], split=split)[0], as_json=as_json)


def _what(entry: dict[str, Any]) -> str:
    return "/".join(filter(None, (entry["group"], entry["resource"], entry["subresource"])))


def _cells(entry: dict[str, Any]) -> tuple[object, ...]:
    return (
        entry["request_id"],
        entry["who"][:14],
        entry["verb"],
        _what(entry),
        entry["namespace"],
        entry["status"],
        clock(entry["asked_at"]),
        clock(entry["executed_at"]),
        clock(entry["stored_at"]),
        entry["gas"],
    )


def _show(told: list[dict[str, Any]], *, split: bool) -> None:
    columns = _COLUMNS + (_SPLITS if split else ())
    rows = []
    for entry in told:
        cells = _cells(entry)
        if split:
            found = entry["split"] or {}
            cells += tuple(found.get(f"{name.lower()}_ms") for name in _SPLITS)
        rows.append(cells)
    print_table(columns, rows, empty="no requests yet")


def _line(entry: dict[str, Any], *, as_json: bool) -> None:
    click.echo(json.dumps(entry) if as_json else "  ".join(str(cell) for cell in _cells(entry)))
