"""`enclave restart`, `enclave console`: the enclave that this machine's parent keeps running."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Any

import click

from cli.cluster_state import refresh_cluster_file
from cli.context import open_context
from cli.errors import CommandError
from cli.home import Home
from cli.host import ask
from cli.output import emit, json_option, run_async

if TYPE_CHECKING:
    from pathlib import Path

_READY_SECONDS = 180.0
_POLL_SECONDS = 0.2


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def restart(*, yes: bool, as_json: bool) -> None:
    """Stop this machine's enclave and start it anew: new keys, a new registration, its activation.

    Its Kubernetes state is gone with it, and requests that wait are not answered any more.

    Example: k3s-daas enclave restart --yes
    """
    home = Home.here()
    before = run_async(ask(home, "status"))
    asks = "Restart the enclave? Everything in its Kubernetes is lost, and kubeconfigs have to be made anew."
    if not yes:
        if not sys.stdin.isatty():
            raise CommandError(f"{asks} Nobody can be asked here: add --yes to say so.")
        if not click.confirm(asks, err=True):
            raise CommandError("nothing was done")
    emit(run_async(_restart(home, int(before["boots"]))), as_json=as_json)


async def _restart(home: Home, boots: int) -> dict[str, Any]:
    async with open_context(home=home) as context:
        await ask(home, "restart", {"packages": " ".join(sorted(context.known_packages()))})
        deadline = time.monotonic() + _READY_SECONDS
        while True:
            status = await ask(home, "status")
            if status["ready"] and int(status["boots"]) > boots:
                break
            if time.monotonic() > deadline:
                raise CommandError(
                    f"the enclave was not ready after {_READY_SECONDS:.0f} s:"
                    f" {status['failure'] or status['waiting_for']}; `k3s-daas enclave console` shows what it said"
                )
            await asyncio.sleep(_POLL_SECONDS)
        context.remember(enclave=status["enclave"])
        await refresh_cluster_file(context)
    return {
        "enclave": status["enclave"],
        "epoch": status["epoch"],
        "state": "active",
        "boots": status["boots"],
        "note": "`k3s-daas kubeconfig` writes a kubeconfig for the new enclave",
    }


@click.command()
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes.")
@click.option("--tail", type=click.IntRange(min=0), default=200, show_default=True, help="Lines to begin with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON Lines for programs: {line}.")
def console(tail: int, *, follow: bool, as_json: bool) -> None:
    """Show what the enclave wrote to its console; of a simulated one, what its processes wrote.

    A release image writes nothing secret there, and a real enclave's console can be read in debug mode only.

    Example: k3s-daas enclave console --tail 50
    """
    path = _console(Home.here())
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=tail):
            _say(line, as_json=as_json)
        while follow:
            line = file.readline()
            if line:
                _say(line, as_json=as_json)
            else:
                time.sleep(_POLL_SECONDS)


def _console(home: Home) -> Path:
    path = home.logs / "enclave.log"
    if not path.exists():
        raise CommandError(f"no enclave has run in {home.root} yet; `k3s-daas up` starts one")
    return path


def _say(line: str, *, as_json: bool) -> None:
    text = line.rstrip("\n")
    click.echo(json.dumps({"line": text}) if as_json else text)
