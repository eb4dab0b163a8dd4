"""What commands print: tables for people, JSON for programs, errors with a next step on stderr."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping, Sequence

_T = TypeVar("_T")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
"""`--json` for any command."""


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """Run one command's coroutine."""
    return asyncio.run(work)


def emit(value: object, *, as_json: bool, human: Callable[[], None] | None = None) -> None:
    """Print a command's result."""
    if as_json:
        click.echo(json.dumps(value, indent=2 if sys.stdout.isatty() else None))
    elif human is not None:
        human()
    elif isinstance(value, dict):
        print_fields(value)
    else:
        click.echo(str(value))


def print_fields(value: Mapping[str, Any]) -> None:
    """Print name and value, one a line."""
    width = max((len(name) for name in value), default=0)
    for name, entry in value.items():
        click.echo(f"{name.ljust(width)}  {plain(entry)}")


def plain(entry: object) -> str:
    """A value as one line of text."""
    if entry is None:
        return "-"
    if isinstance(entry, list | tuple | dict):
        return json.dumps(entry)
    return str(entry)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """Print a table, plain and uncut where no terminal reads it; `empty` is said where there are no rows."""
    if not rows:
        click.echo(empty)
        return
    cells = [[plain(cell) for cell in row] for row in rows]
    if not sys.stdout.isatty():
        widths = [max(len(line[at]) for line in [list(columns), *cells]) for at in range(len(columns))]
        for line in [list(columns), *cells]:
            click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for line in cells:
        table.add_row(*line)
    Console().print(table)


def clock(at_ms: int | None) -> str:
    """A time of day for people."""
    if at_ms is None:
        return "-"
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at_ms / 1000)) + f".{at_ms % 1000:03d}"


def report_error(error: Exception) -> int:
    """Say on stderr what went wrong; return the exit code."""
    from attestation.errors import AttestationError
    from chain.errors import ChainError, DeniedError
    from sui.errors import SuiError

    expected: tuple[type[Exception], ...] = (ChainError, SuiError, AttestationError, OSError)
    try:
        from parent.errors import ParentError
    except ImportError:
        pass
    else:
        expected = (*expected, ParentError)
    if isinstance(error, DeniedError):
        where = f" (transaction {error.digest})" if error.digest else " (simulated, nothing was sent)"
        click.echo(f"denied by the contract: {error}{where}", err=True)
    elif isinstance(error, expected):
        click.echo(f"error: {error}", err=True)
    else:
        click.echo(f"error: {type(error).__name__}: {error}; this is a fault of this program", err=True)
    return 1
