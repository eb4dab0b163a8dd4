"""The parent's one long-running process: it keeps the host's processes alive and the enclave registered.

Role: the local ledger (where one is wanted), the relays, the launcher with its enclave, the operator's acts on chain.
It answers `status`, `launch`, `restart` and `stop` on a UNIX socket in the run folder; the command line is its only
client.

Rules: the ledger and the relays are started again when they die; an enclave that ends is started again with new keys
and a new registration, after a pause that grows; one whose restart is asked for, at once. On an orderly stop the
enclave is asked to give its gas back first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from parent.children import Child, descendants
from parent.errors import LaunchError, ParentError, SettingsError
from parent.limits import LIMITS, Limits
from parent.registration import Bringup
from parent.settings import Settings, checked
from parent.sim_launcher import SimLauncher
from wire.errors import IpcError, WireError
from wire.ipc import Peer, Server
from wire.vsock import open_vsock

if TYPE_CHECKING:
    from pathlib import Path

    from parent.launcher import Launcher

SOCKET = "parent.sock"
log = structlog.get_logger(part="parent")


@dataclass(frozen=True)
class LedgerOptions:
    """How a local ledger is started."""

    listen: str
    faucet: str
    state: str
    finality_ms: int
    trust_root: str
    seed: int | None = None

    def command(self) -> list[str]:
        """The command line of the ledger's process."""
        seed = [] if self.seed is None else ["--seed", str(self.seed)]
        return [
            sys.executable, "-m", "localnet", "--listen", self.listen, "--faucet", self.faucet, "--state", self.state,
            "--finality-ms", str(self.finality_ms), "--trust-root", self.trust_root, *seed,
        ]  # fmt: skip


@dataclass
class State:
    """What `status` tells."""

    ready: bool = False
    waiting_for: str = "settings"
    ledger: dict[str, Any] = field(default_factory=dict)
    enclave: str = ""
    epoch: int = 0
    gateway: str = ""
    attestation: str = ""
    note: str = ""
    failure: str = ""
    boots: int = 0


class Daemon:
    """The parent while it runs."""

    def __init__(self, run: Path, logs: Path, ledger: LedgerOptions | None, limits: Limits = LIMITS) -> None:
        """Prepare; `run` is the folder of sockets, `logs` that of log files."""
        self._run = run
        self._logs = logs
        self._ledger_options = ledger
        self._limits = limits
        self._state = State()
        self._stopping = asyncio.Event()
        self._restarting = asyncio.Event()
        self._settings: Settings | None = None
        self._children: dict[str, Child] = {}
        self._enclave: asyncio.Task[None] | None = None
        self._launcher: Launcher | None = None
        self._bringup: Bringup | None = None

    async def serve(self) -> None:
        """Run until `stop` is called or the process is asked to end."""
        if self._ledger_options is not None:
            await self._start_ledger(self._ledger_options)
        handlers = {"status": self._status, "launch": self._launch, "restart": self._restart, "stop": self._stop}
        async with Server(self._run / SOCKET, handlers, mode=0o600, report=_report):
            await self._stopping.wait()
            await self._shut_down()

    def stop(self) -> None:
        """Ask for an orderly end."""
        self._stopping.set()

    async def _start_ledger(self, options: LedgerOptions) -> None:
        fixed = {"listen": options.listen, "faucet": options.faucet}

        def command() -> list[str]:
            # After a restart it must be found where it was.
            return LedgerOptions(**{**options.__dict__, **fixed}).command()

        child = Child("localnet", command, self._logs / "localnet.log", restarts=True)
        self._children["localnet"] = child
        await child.start()
        self._state.ledger = json.loads(await child.first_line(self._limits.boot_seconds))
        fixed.update(listen=self._state.ledger["listen"], faucet=self._state.ledger["faucet"].removeprefix("http://"))

    async def _status(self, _: Peer, __: Any) -> dict[str, Any]:
        pids = {name: child.pid for name, child in self._children.items() if child.pid}
        if self._launcher is not None:
            pids |= self._launcher.pids()
            if "enclave" in pids:
                pids |= {f"enclave/{name}": pid for name, pid in descendants(pids["enclave"]).items()}
        return {**self._state.__dict__, "pid": os.getpid(), "pids": pids}

    async def _launch(self, _: Peer, params: Any) -> dict[str, Any]:
        if self._enclave is not None:
            raise IpcError("running", "this parent has launched an enclave already; stop it first: k3s-daas down")
        try:
            settings = checked(params)
        except SettingsError as error:
            raise IpcError("settings", str(error)) from error
        self._state.waiting_for = "relays"
        self._settings = settings
        self._enclave = asyncio.create_task(self._keep_enclave(settings), name="enclave")
        return {}

    async def _restart(self, _: Peer, params: Any) -> dict[str, Any]:
        if self._settings is None or self._enclave is None or self._enclave.done():
            raise IpcError("not-running", "this parent keeps no enclave; start one: k3s-daas up")
        if isinstance(params, dict) and isinstance(params.get("packages"), str):
            self._settings = replace(self._settings, packages=params["packages"])
        self._restarting.set()
        return {"boots": self._state.boots}

    async def _stop(self, _: Peer, __: Any) -> dict[str, Any]:
        self._stopping.set()
        return {}

    async def _keep_enclave(self, settings: Settings) -> None:
        pause = self._limits.restart_first_seconds
        try:
            launcher = self._launcher = SimLauncher(settings, self._run, self._logs)
            await self._start_relays(settings, launcher.vsock)
            while True:
                began = time.monotonic()
                settings = self._settings or settings
                self._bringup = Bringup(settings, open_vsock(launcher.vsock), self._state.attestation, self._tell)
                try:
                    await self._one_boot(settings, launcher, self._bringup)
                except (ParentError, WireError, OSError) as error:
                    self._failed(error)
                await launcher.stop()
                if time.monotonic() - began > self._limits.restart_longest_seconds:
                    pause = self._limits.restart_first_seconds
                self._state.waiting_for = f"the enclave's next boot, in {pause:.0f} s"
                if await self._asked_within(pause):
                    pause = self._limits.restart_first_seconds
                else:
                    pause = min(pause * 2, self._limits.restart_longest_seconds)
        except Exception as error:
            self._failed(error)
            raise

    async def _asked_within(self, seconds: float) -> bool:
        """Wait for a pause, or until a restart is asked for; tell which."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._restarting.wait()
        asked = self._restarting.is_set()
        self._restarting.clear()
        return asked

    async def _one_boot(self, settings: Settings, launcher: Launcher, bringup: Bringup) -> None:
        self._state.boots += 1
        self._state.waiting_for = "the enclave's boot"
        await launcher.start()
        self._state.note = launcher.note
        ended = asyncio.create_task(launcher.ended())
        running = asyncio.create_task(self._register_and_watch(settings, bringup))
        asked = asyncio.create_task(self._restarting.wait())
        try:
            await asyncio.wait({ended, running, asked}, return_when=asyncio.FIRST_COMPLETED)
            if asked.done():
                await self._give_back()
        finally:
            self._state.ready = False
            for task in (ended, running, asked):
                task.cancel()
            results = await asyncio.gather(ended, running, asked, return_exceptions=True)
        if self._restarting.is_set():
            log.info("restart", enclave=self._state.enclave)
            return
        if isinstance(results[1], Exception):
            raise results[1]
        raise LaunchError(f"the enclave ended with exit code {results[0]}; its log says why")

    async def _register_and_watch(self, settings: Settings, bringup: Bringup) -> None:
        activated = await bringup.run()
        self._state.enclave, self._state.epoch = str(activated.enclave), activated.epoch
        self._state.ready, self._state.waiting_for, self._state.failure = True, "", ""
        log.info("ready", enclave=self._state.enclave, epoch=self._state.epoch, cluster=settings.cluster)
        while True:
            await asyncio.sleep(self._limits.top_up_every_seconds)
            try:
                await bringup.top_up()
                if await bringup.keep_registered():
                    log.info("registration renewed", enclave=self._state.enclave)
            except Exception as error:  # noqa: BLE001 - an unreachable ledger must not end the enclave
                log.warning("top-up or renewal failed", reason=str(error))

    async def _start_relays(self, settings: Settings, vsock: str) -> None:
        addresses = {"gateway": settings.listen, "attestation": settings.attestation_listen}

        def command() -> list[str]:
            record = ["--record", settings.record] if settings.record else []
            return [
                sys.executable, "-m", "parent.relay_process", "--vsock", vsock, "--ledger", settings.ledger,
                "--gateway", addresses["gateway"], "--attestation", addresses["attestation"], *record,
            ]  # fmt: skip

        child = self._children["relays"] = Child("relays", command, self._logs / "relays.log", restarts=True)
        await child.start()
        taken = json.loads(await child.first_line(self._limits.boot_seconds))
        addresses.update(taken)
        self._state.gateway, self._state.attestation = taken["gateway"], taken["attestation"]

    async def _shut_down(self) -> None:
        await self._give_back()
        if self._enclave is not None:
            self._enclave.cancel()
            await asyncio.gather(self._enclave, return_exceptions=True)
        if self._launcher is not None:
            await self._launcher.stop()
        for name in ("relays", "localnet"):
            if name in self._children:
                await self._children[name].stop()

    async def _give_back(self) -> None:
        """Ask a ready enclave for its gas; one that does not answer keeps it."""
        if self._bringup is not None and self._state.ready:
            with contextlib.suppress(ParentError, WireError, OSError, TimeoutError):
                log.info("gas returned", **await self._bringup.give_back())

    def _tell(self, waiting_for: str) -> None:
        self._state.waiting_for = waiting_for

    def _failed(self, error: BaseException) -> None:
        self._state.failure = str(error) or type(error).__name__
        log.error("enclave failed", reason=self._state.failure, waiting_for=self._state.waiting_for)


def _report(method: str, error: BaseException) -> None:
    log.error("call failed", method=method, reason=repr(error))
