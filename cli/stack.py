"""`up`, `down`, `status`: the whole system of this home."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from cli.errors import CommandError
from cli.home import Home
from cli.host import NotRunning, ask, stop_parent
from cli.output import emit, json_option, print_fields, run_async

if TYPE_CHECKING:
    from collections.abc import Callable

_WATCH_SECONDS = 1.0


@click.command()
@click.option("--detach", is_flag=True, help="Leave it running and return; `down` ends it.")
@click.option("--enclave", type=click.Choice(["sim", "qemu", "nitro"]), default="sim", show_default=True)
@click.option("--ledger", default="local", show_default=True, help="`local`, or HOST:PORT of a node.")
@click.option("--listen", default="127.0.0.1:0", show_default=True, help="Where kubectl connects (port 0: a free one).")
@click.option("--attestation-listen", default="127.0.0.1:0", show_default=True, help="Where documents are asked for.")
@click.option(
    "--finality-ms", type=int, default=0, show_default=True, help="Interval of the local ledger's checkpoints."
)
@click.option("--seed", type=int, help="Makes a new local ledger repeatable.")
@click.option("--record-relays", default="", help="Keep every byte that the parent relays in this folder.")
@json_option
def up(*, detach: bool, as_json: bool, **options: Any) -> None:
    """Bring the whole system up and wait until kubectl can use it.

    Example: k3s-daas up --detach && kubectl --kubeconfig .k3s-daas/kubeconfig get ns
    """
    from cli.bringup import UpOptions

    home = Home.here()
    run_async(_up(home, UpOptions(**options), detach=detach, as_json=as_json))


async def _up(home: Home, options: Any, *, detach: bool, as_json: bool) -> None:
    from cli.bringup import bring_up

    try:
        running = await ask(home, "status")
    except NotRunning:
        running = None
    if running is not None:
        raise CommandError(f"a system runs in {home.root} already (pid {running['pid']}); `k3s-daas down` ends it")
    if options.ledger != "local" and options.enclave == "sim":
        click.echo(
            f"Note: a simulated enclave can register only on a ledger that trusts this home's own root"
            f" ({home.root / 'simulation' / 'root.pem'}); a real Sui network accepts AWS's alone and would take gas"
            " for nothing.",
            err=True,
        )
    began = time.monotonic()
    ended = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    work = asyncio.create_task(bring_up(home, options, _teller(began, quiet=as_json)))
    interrupted = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait({work, interrupted}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            raise CommandError("interrupted; everything that was started is ended again")  # noqa: TRY301 - ends the parent first
        await work
    except BaseException:
        await stop_parent(home)
        raise
    finally:
        interrupted.cancel()
    _clear(quiet=as_json)
    status = await read_status(home)
    emit(status, as_json=as_json, human=lambda: _print_up(status, time.monotonic() - began))
    if not detach:
        await _stay(home, ended, quiet=as_json)


async def _stay(home: Home, ended: asyncio.Event, *, quiet: bool) -> None:
    if not quiet:
        click.echo("Ctrl-C ends it.")
    while not ended.is_set():
        try:
            async with asyncio.timeout(_WATCH_SECONDS):
                await ended.wait()
        except TimeoutError:
            try:
                await ask(home, "status")
            except NotRunning:
                raise CommandError(f"the parent process ended; its log is {home.logs / 'parent.log'}") from None
    await stop_parent(home)


@click.command()
@json_option
def down(*, as_json: bool) -> None:
    """End the system of this home; the local ledger's state stays.

    Example: k3s-daas down
    """
    ran = run_async(stop_parent(Home.here()))
    emit({"stopped": ran}, as_json=as_json, human=lambda: click.echo("stopped" if ran else "nothing was running"))


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Say what runs in this home, and what it waits for.

    Example: k3s-daas status --json
    """
    told = run_async(read_status(Home.here()))
    emit(told, as_json=as_json, human=lambda: print_fields({k: v for k, v in told.items() if v not in ("", None)}))


async def read_status(home: Home) -> dict[str, Any]:
    """What `status --json` prints."""
    profile = home.profile()
    try:
        told = await ask(home, "status")
    except NotRunning as error:
        told = {"waiting_for": str(error)}
    return {
        "ready": bool(told.get("ready")),
        "waiting_for": told.get("waiting_for", ""),
        "failure": told.get("failure", ""),
        "note": told.get("note", ""),
        "ledger": profile.ledger,
        "faucet": profile.faucet,
        "chain_id": profile.chain_id,
        "package": profile.package,
        "cluster": profile.cluster,
        "enclave": told.get("enclave", ""),
        "epoch": told.get("epoch", 0),
        "boots": told.get("boots", 0),
        "gateway": told.get("gateway", ""),
        "attestation": told.get("attestation", ""),
        "kubeconfig": str(home.kubeconfig),
        "pids": ({"parent": told["pid"]} if "pid" in told else {}) | told.get("pids", {}),
        "logs": str(home.logs),
    }


def _teller(began: float, *, quiet: bool) -> Callable[[str], None]:
    last = ""

    def tell(text: str) -> None:
        nonlocal last
        if quiet or text == last:
            return
        last = text
        if sys.stderr.isatty():
            click.echo(f"\r\033[K  {time.monotonic() - began:5.1f} s  {text}", nl=False, err=True)
        else:
            click.echo(f"  {time.monotonic() - began:5.1f} s  {text}", err=True)

    return tell


def _clear(*, quiet: bool) -> None:
    if not quiet and sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def _print_up(status: dict[str, Any], seconds: float) -> None:
    print_fields({"ready after": f"{seconds:.1f} s"} | {k: status[k] for k in _SHOWN if status[k]})


_SHOWN = ("note", "ledger", "cluster", "enclave", "epoch", "gateway", "attestation", "kubeconfig", "logs")
