"""The launcher of the simulated enclave: a process tree without network, and a device that signs documents.

Role: start the simulated NSM (the hypervisor's secret stays in that process) and the closed-off enclave, and stop both.
It runs on any Linux with namespaces; it proves nothing to anybody but a sim profile.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING

from parent.children import Child
from parent.errors import LaunchError
from parent.launcher import Launcher
from parent.limits import LIMITS, Limits
from wire.errors import ConnectFailed
from wire.sockets import dial_unix

if TYPE_CHECKING:
    from pathlib import Path

    from parent.settings import Settings


class SimLauncher(Launcher):
    """Starts simulated enclaves, one at a time."""

    def __init__(self, settings: Settings, run: Path, logs: Path, limits: Limits = LIMITS) -> None:
        """Prepare; sockets go to folders below `run`."""
        self._limits = limits
        self._separate_uids = True
        for name in ("vsock", "nsm"):
            (run / name).mkdir(parents=True, exist_ok=True)
            # The enclave's processes have uids of their own; on the host the folder above keeps others out.
            (run / name).chmod(0o755)
        self._path = run / "vsock" / "v.sock"
        device = self._device = run / "nsm" / "nsm.sock"
        self._nsm = Child(
            "nsm",
            lambda: [
                sys.executable, "-m", "attestation.sim", "nsm",
                "--pki", settings.simulation, "--socket", str(device),
            ],
            logs / "nsm.log",
            restarts=True,
            says_ready=False,
        )  # fmt: skip
        self._enclave = Child(
            "enclave",
            lambda: [
                sys.executable, "-m", "enclave.sandbox",
                "--vsock", str(self._path), "--nsm", str(device), "--kubernetes", settings.kubernetes,
            ],
            logs / "enclave.log",
            restarts=False,
        )  # fmt: skip

    @property
    def vsock(self) -> str:
        """The host's side of the enclave's ports."""
        return f"uds-host:{self._path}"

    async def start(self) -> None:
        """Start the device, then the enclave."""
        if self._nsm.pid is None:
            self._device.unlink(missing_ok=True)
            await self._nsm.start()
            await self._device_answers()
        await self._enclave.start()
        told = json.loads(await self._enclave.first_line(self._limits.boot_seconds))
        if told.get("started") is not True:
            raise LaunchError(f"the simulated enclave did not start: {told}")
        self._separate_uids = bool(told.get("separate_uids"))

    async def _device_answers(self) -> None:
        deadline = time.monotonic() + self._limits.boot_seconds
        while True:
            try:
                # Its socket lies there before anybody listens on it: only a connection says that it answers.
                (await dial_unix(self._device, timeout_s=self._limits.enclave_call_seconds)).close()
            except ConnectFailed as error:
                if self._nsm.pid is None or time.monotonic() > deadline:
                    raise LaunchError(f"the simulated device did not start; its log is {self._nsm.log}") from error
                await asyncio.sleep(self._limits.poll_seconds)
            else:
                return

    async def stop(self) -> None:
        """Stop the enclave, then the device."""
        await self._enclave.stop()
        await self._nsm.stop()

    async def ended(self) -> int:
        """Wait until the enclave has ended."""
        return await self._enclave.wait()

    def pids(self) -> dict[str, int]:
        """The two processes, while they run."""
        return {child.name: child.pid for child in (self._nsm, self._enclave) if child.pid}

    @property
    def note(self) -> str:
        """Say what is weaker than in a real enclave."""
        if self._separate_uids:
            return "simulated enclave: this home's own PKI signs its documents"
        return "simulated enclave without root: one uid for all its processes; this home's own PKI signs its documents"
