"""`proxy`: the gateway on the user's own machine, with the user's own key and coins."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli.attested import attested_enclave
from cli.context import open_context, parse_id
from cli.home import Home
from cli.kubeconfig import chosen_token, server_of, trusted_file
from cli.output import emit, json_option, run_async

if TYPE_CHECKING:
    from typing import TextIO


@click.command()
@click.option(
    "--listen",
    default="127.0.0.1:0",
    metavar="HOST:PORT",
    show_default=True,
    help="Where kubectl connects; port 0 takes a free one.",
)
@click.option("--cluster-file", type=click.Path(path_type=Path), help="Another cluster.json.")
@click.option("--server", help="URL under which the enclave is reached, where it is not the cluster file's.")
@click.option("--token", help="Id of the seal token; the newest one whose owner's key is here by default.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where to write; the home's `kubeconfig-proxy` by default."
)
@json_option
def command(
    listen: str, cluster_file: Path | None, server: str | None, token: str | None, out: Path | None, *, as_json: bool
) -> None:
    """Verify the enclave, then serve kubectl here until Ctrl-C: every request is sent and paid by the token's owner.

    Example: k3s-daas proxy & kubectl --kubeconfig .k3s-daas/kubeconfig-proxy get ns
    """
    host, port = _place(listen)
    home = Home.here()
    home.logs.mkdir(parents=True, exist_ok=True)
    with (home.logs / "proxy.log").open("a", encoding="utf-8") as log:
        _log_to(log)
        place = {"host": host, "port": port, "server": server, "out": out}
        run_async(_serve(cluster_file, token, place, as_json=as_json))


async def _serve(cluster_file: Path | None, token: str | None, place: dict[str, Any], *, as_json: bool) -> None:
    """Serve until told to stop."""
    from cli.proxy_process import Proxy, ProxyPlan

    async with open_context(cluster_path=cluster_file) as context:
        file = trusted_file(context, cluster_file)
        door = server_of(file, place["server"])
        attested = await attested_enclave(context, file)
        chosen = await chosen_token(context, token)
        plan = ProxyPlan(
            ledger=context.ledger,
            file=file,
            attested=attested,
            token=parse_id(chosen["token"]),
            key=context.keys.find(chosen["owner"]),
            door=door,
            host=place["host"],
            port=place["port"],
            out=(place["out"] or context.home.root / "kubeconfig-proxy").absolute(),
        )

        def started(told: dict[str, Any]) -> None:
            emit(told, as_json=as_json)
            click.echo("serving; Ctrl-C ends it", err=True)

        task = asyncio.ensure_future(Proxy(plan).run(started))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            click.echo("stopped", err=True)


def _place(listen: str) -> tuple[str, int]:
    """Read HOST:PORT; what other machines could reach is warned of.

    Raises:
        click.BadParameter: it is none.
    """
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter(f"{listen!r} is no HOST:PORT; write 127.0.0.1:8443", param_hint="--listen")
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        click.echo(f"warning: {host} may be reached from other machines; whoever has the bearer asks as you", err=True)
    return host, int(port)


def _log_to(log: TextIO) -> None:
    """Send the gateway's structured log to a file."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=log),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(part="proxy")
