"""Runs `k3s server` inside the enclave, control plane only, and says when it is ready for work.

Role: choose the flags, start the one binary (the official k3s or the stand-in: both take the same flags), wait until
the apiserver answers /readyz and the `default` ServiceAccount and kube-root-ca.crt are there, and end with it.

Rules: the admin kubeconfig is readable by the executor's group only; its data lies in this process's private folder and
dies with the enclave, not with this process. What k3s prints becomes part of our log (`enclave.k3s_lines`).

It restarts nothing: the supervisor's table does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from enclave import logs
from enclave.apiserver import HttpsApiserver, wait_for
from enclave.execution_errors import ApiserverError, K3sError
from enclave.k3s_lines import Lines, read_lines
from enclave.places import Places, tell_ready

if TYPE_CHECKING:
    from pathlib import Path

_log = structlog.get_logger()
_NAME: Final = "kubernetes"
_DISABLED: Final = "coredns,servicelb,traefik,local-storage,metrics-server"
_WANTED: Final = (
    "/readyz",
    "/api/v1/namespaces/default/configmaps/kube-root-ca.crt",
    "/api/v1/namespaces/default/serviceaccounts/default",
)


@dataclass(frozen=True)
class K3sLimits:
    """Times of the k3s process."""

    ready_s: float = 120.0
    poll_s: float = 0.05
    stop_s: float = 12.0
    last_lines_s: float = 1.0
    port: int = 6443


LIMITS: Final = K3sLimits()
"""The times that hold unless a caller passes others."""


def own_address() -> str:
    """Give the address through which the default route leads: the one that k3s takes for its node.

    Raises:
        K3sError: there is no default route.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: connecting a datagram socket only asks the routing table.
            probe.connect(("192.0.2.1", 9))
        except OSError as error:
            raise K3sError("the enclave has no default route; its network was not set up") from error
        return str(probe.getsockname()[0])


def arguments(data: Path, kubeconfig: Path, address: str, limits: K3sLimits = LIMITS) -> list[str]:
    """Give the flags of `k3s server`.

    Args:
        data: its data folder.
        kubeconfig: where it writes the admin kubeconfig.
        address: the enclave's own global unicast address.
        limits: the port.
    """
    return [
        "server",
        "--disable-agent",
        f"--disable={_DISABLED}",
        "--disable-cloud-controller",
        "--disable-helm-controller",
        "--disable-network-policy",
        "--disable-kube-proxy",
        "--flannel-backend=none",
        "--egress-selector-mode=disabled",
        f"--data-dir={data}",
        f"--write-kubeconfig={kubeconfig}",
        "--write-kubeconfig-mode=0640",
        f"--node-ip={address}",
        "--bind-address=127.0.0.1",
        f"--advertise-address={address}",
        f"--https-listen-port={limits.port}",
        "--kube-apiserver-arg=anonymous-auth=false",
        "--kube-apiserver-arg=tls-min-version=VersionTLS13",
    ]


async def run(places: Places, limits: K3sLimits = LIMITS) -> int:
    """Run k3s until it ends or we are told to stop; gives the exit code.

    Raises:
        K3sError: it did not start, or did not become ready.
    """
    private = places.private(_NAME)
    command = arguments(private / "data", places.kubeconfig, own_address(), limits)
    places.kubeconfig.unlink(missing_ok=True)
    try:
        child = await asyncio.create_subprocess_exec(
            str(places.kubernetes),
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as error:
        raise K3sError(f"the Kubernetes binary {places.kubernetes} does not start: {error.strerror}") from error
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, child.terminate)
    ended = asyncio.create_task(child.wait())
    lines = Lines(_tell)
    reading = asyncio.create_task(read_lines(child.stdout, lines)) if child.stdout is not None else None
    try:
        await _ready(places, private, ended, limits)
        lines.serving = True
        return await ended
    finally:
        await _stop(child, limits)
        if reading is not None:
            await _last_lines(reading, limits)


def _tell(level: str, fields: dict[str, str]) -> None:
    _log.log(getattr(logging, level.upper()), "k3s", **fields)


async def _last_lines(reading: asyncio.Task[None], limits: K3sLimits) -> None:
    """Read what is left; a grandchild that outlives k3s must not hold us up."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limits.last_lines_s):
            await reading


async def _ready(places: Places, scratch: Path, ended: asyncio.Task[int], limits: K3sLimits) -> None:
    """Wait until the apiserver is ready for a user's work."""
    began = time.monotonic()
    apiserver = HttpsApiserver(places.kubeconfig, scratch)
    try:
        for target in _WANTED:
            await wait_for(
                apiserver,
                target,
                until=lambda: ended.done() or time.monotonic() - began > limits.ready_s,
                sleep=asyncio.sleep,
                pause_s=limits.poll_s,
            )
    except ApiserverError as error:
        if ended.done():
            raise K3sError(f"k3s ended with {ended.result()} before it was ready; its lines above say why") from None
        raise K3sError(f"k3s was not ready within {limits.ready_s:.0f} s: {error}") from error
    finally:
        await apiserver.close()
    tell_ready(places, _NAME)
    _log.info("ready", seconds=round(time.monotonic() - began, 2))


async def _stop(child: asyncio.subprocess.Process, limits: K3sLimits) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(limits.stop_s):
            await child.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def main() -> int:
    """Run the process."""
    logs.configure(_NAME)
    try:
        return asyncio.run(run(Places.from_environment()))
    except K3sError as error:
        _log.error("k3s-failed", error=str(error))
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
