"""`logs`: one part's structured log."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

import click

from cli.errors import CommandError
from cli.home import Home

if TYPE_CHECKING:
    from pathlib import Path

_POLL_S = 0.2


@click.command()
@click.argument("part")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("--tail", type=click.IntRange(min=0), default=200, show_default=True, help="Lines to begin with.")
def command(part: str, tail: int, *, follow: bool) -> None:
    """Print the log of PART, one JSON object a line.

    Example: k3s-daas logs -f parent
    """
    folder = Home.here().logs
    path = find_log(folder, part)
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=tail):
            click.echo(line, nl=False)
        while follow:
            line = file.readline()
            if line:
                click.echo(line, nl=False)
            else:
                time.sleep(_POLL_S)


def find_log(folder: Path, part: str) -> Path:
    """The log file of a part.

    Raises:
        CommandError: there is none.
    """
    names = sorted(path.stem for path in folder.glob("*.log")) if folder.is_dir() else []
    if part not in names:
        raise CommandError(f"no log of {part!r} in {folder}; there are: {', '.join(names) or 'none yet'}")
    return folder / f"{part}.log"
