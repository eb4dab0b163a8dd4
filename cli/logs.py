"""`logs`: one part's structured log."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING

import click

from cli.errors import CommandError
from cli.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_POLL_S = 0.2
INSIDE = ("supervisor", "signer", "broker", "front", "egress", "kubernetes", "executor", "gateway")
"""Parts inside the enclave: all of them write to its one console."""


@click.command()
@click.argument("part")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("--tail", type=click.IntRange(min=0), default=200, show_default=True, help="Lines to begin with.")
def command(part: str, tail: int, *, follow: bool) -> None:
    """Print the log of PART, one JSON object a line.

    Example: k3s-daas logs -f parent
    """
    path, wanted = find_log(Home.here().logs, part)
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque((line for line in file if wanted(line)), maxlen=tail):
            click.echo(line, nl=False)
        while follow:
            line = file.readline()
            if not line:
                time.sleep(_POLL_S)
            elif wanted(line):
                click.echo(line, nl=False)


def find_log(folder: Path, part: str) -> tuple[Path, Callable[[str], bool]]:
    """The log file of a part, and which of its lines are that part's.

    Raises:
        CommandError: there is none.
    """
    names = sorted(path.stem for path in folder.glob("*.log")) if folder.is_dir() else []
    if part in names:
        return folder / f"{part}.log", lambda _: True
    if part in INSIDE and "enclave" in names:
        return folder / "enclave.log", lambda line: _part(line) == part
    known = [*names, *(INSIDE if "enclave" in names else ())]
    raise CommandError(f"no log of {part!r} in {folder}; there are: {', '.join(known) or 'none yet'}")


def _part(line: str) -> object:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry.get("part") if isinstance(entry, dict) else None
