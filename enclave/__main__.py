"""PID 1 of the enclave: boots by the table of `enclave.boot`, keeps processes by the table of `enclave.processes`.

It parses nothing but the parent's control calls, holds no key, and exits (the enclave reboots) when a holder of keys
dies or a step of the boot fails. Exit codes: 0 stopped in order, 70 reboot.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

import structlog

from enclave import control, logs
from enclave.boot import Boot, Stage
from enclave.errors import BootFailed, BootRefused
from enclave.places import Places, separate_uids
from enclave.processes import Children
from wire.control import CONTROL_PORT
from wire.errors import WireError
from wire.ipc import Client
from wire.vsock import open_vsock

REBOOT = 70
_log = structlog.get_logger()
_STOP_SECONDS = 8.0
_GIVE_BACK_SECONDS = 20.0
_ANSWER_SECONDS = 0.2


class Supervisor:
    """One life of the enclave."""

    def __init__(self, places: Places, nsm: Path) -> None:
        """Prepare the folders that the processes share."""
        self._places = places
        places.run.mkdir(parents=True, exist_ok=True)
        places.run.chmod(0o1777)
        places.state.mkdir(parents=True, exist_ok=True)
        places.state.chmod(0o711)
        self._separate = separate_uids()
        self._ending: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._children = Children(places, separate_uids=self._separate, reboot=self._reboot, entropy=self._entropy)
        self._boot = Boot(places, nsm, self._children)

    async def run(self) -> int:
        """Live until stopped or until a reboot is due; returns the exit code."""
        self._children.watch()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._end, 0)
        listener = open_vsock(self._places.vsock).listen(CONTROL_PORT)
        methods = {
            "boot": self._take,
            "activate": self._activate,
            "status": self._status,
            "give_back": self._give_back,
            "stop": self._stop,
        }
        tasks = [
            asyncio.create_task(control.serve(listener, methods), name="control"),
            asyncio.create_task(self._boot_up(), name="boot"),
        ]
        tasks[0].add_done_callback(self._control_ended)
        code = await self._ending
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        listener.close()
        await self._stop_children()
        return code

    def _entropy(self) -> bytes:
        return self._boot.random()

    async def _boot_up(self) -> None:
        try:
            await self._boot.run()
        except BootFailed as error:
            self._reboot(str(error))

    def _control_ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            self._reboot("the control port ended")

    def _reboot(self, reason: str) -> None:
        _log.error("reboot", reason=reason)
        self._end(REBOOT)

    def _end(self, code: int) -> None:
        if not self._ending.done():
            self._ending.set_result(code)

    async def _stop_children(self) -> None:
        self._children.stop()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _STOP_SECONDS
        while self._children.alive and loop.time() < deadline:  # noqa: ASYNC110 - SIGCHLD changes it
            await asyncio.sleep(0.02)

    async def _take(self, params: Any) -> dict[str, Any]:
        self._boot.take_parameters(params)
        return {}

    async def _activate(self, params: Any) -> dict[str, Any]:
        self._boot.take_activation(params)
        return {}

    async def _status(self, _: Any) -> dict[str, Any]:
        stage = self._boot.stage
        return {
            "stage": stage.value,
            "waiting_for": "" if stage is Stage.READY else stage.value,
            "ready": stage is Stage.READY,
            "failed": self._boot.failed,
            "separate_uids": self._separate,
            "processes": self._children.status(),
        }

    async def _give_back(self, params: Any) -> dict[str, Any]:
        """Have the executor return the gas; it knows from the ledger who the operator is."""
        if self._boot.stage is not Stage.READY:
            raise BootRefused("the enclave is not ready; it holds no gas yet")
        client = Client(self._places.executor)
        try:
            answer = await client.call("give_back", params, timeout=_GIVE_BACK_SECONDS)
        except WireError as error:
            raise BootRefused(f"the gas was not returned: {error}") from None
        finally:
            await client.close()
        digest = answer.get("digest") if isinstance(answer, dict) else None
        return {"digest": str(digest) if digest else None}

    async def _stop(self, _: Any) -> dict[str, Any]:
        asyncio.get_running_loop().call_later(_ANSWER_SECONDS, self._end, 0)
        return {}


async def _run(nsm: Path) -> int:
    return await Supervisor(Places.from_environment(), nsm).run()


def main() -> int:
    """Boot."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nsm", type=Path, required=True, help="the device: the simulated one's socket")
    options = parser.parse_args()
    logs.configure("supervisor")
    return asyncio.run(_run(options.nsm))


if __name__ == "__main__":
    sys.exit(main())
