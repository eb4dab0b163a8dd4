"""The processes inside the enclave: one table of what runs, as whom, and what its death means.

==========  ==============================  ========================
process     module                          its death
==========  ==============================  ========================
signer      enclave.signer                  the enclave reboots
broker      enclave.broker                  the enclave reboots
front       enclave.attestation_front       it is started again
egress      enclave.egress                  it is started again
kubernetes  enclave.k3s                     it is started again
executor    enclave.executor                it is started again
gateway     enclave.gateway_process         it is started again
==========  ==============================  ========================

Restarts wait longer each time, up to a cap; a process that lived long enough starts from the shortest wait again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import structlog

from enclave.places import Uid

if TYPE_CHECKING:
    from collections.abc import Callable

    from enclave.places import Places

_log = structlog.get_logger()


class Death(Enum):
    """What the end of a process means."""

    REBOOT = "reboot"
    RESTART = "restart"


@dataclass(frozen=True)
class Process:
    """One row of the table.

    `socket` is what proves that it is ready, else it makes its ready file; `reader` is who else may read what it
    leaves for its group in its private folder.
    """

    name: str
    module: str
    uid: Uid
    death: Death
    socket: str = ""
    entropy: bool = False
    reader: Uid | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Backoff:
    """How long to wait before a restart."""

    first_s: float = 0.1
    most_s: float = 5.0
    forgotten_after_s: float = 30.0

    def after(self, failures: int) -> float:
        """The wait after so many deaths in a row."""
        doubled: float = self.first_s * 2.0 ** max(failures - 1, 0)
        return min(doubled, self.most_s)


SIGNER = Process("signer", "enclave.signer", Uid.SIGNER, Death.REBOOT, socket="signer", entropy=True)
BROKER = Process("broker", "enclave.broker", Uid.BROKER, Death.REBOOT, socket="broker")
FRONT = Process("front", "enclave.attestation_front", Uid.FRONT, Death.RESTART)
EGRESS = Process("egress", "enclave.egress", Uid.EGRESS, Death.RESTART)
KUBERNETES = Process("kubernetes", "enclave.k3s", Uid.KUBERNETES, Death.RESTART, reader=Uid.EXECUTOR)
EXECUTOR = Process("executor", "enclave.executor", Uid.EXECUTOR, Death.RESTART)
GATEWAY = Process("gateway", "enclave.gateway_process", Uid.GATEWAY, Death.RESTART)

TABLE = (SIGNER, BROKER, FRONT, EGRESS, KUBERNETES, EXECUTOR, GATEWAY)


@dataclass
class _Running:
    process: Process
    pid: int
    since: float
    failures: int = 0
    restarts: int = 0
    restarting: asyncio.TimerHandle | None = field(default=None, repr=False)


class Children:
    """Starts the processes, reaps them (and every orphan, as PID 1 must), and acts by the table."""

    def __init__(
        self,
        places: Places,
        *,
        separate_uids: bool,
        reboot: Callable[[str], None],
        entropy: Callable[[], bytes],
        backoff: Backoff | None = None,
    ) -> None:
        """Start nothing yet; `reboot` is called with the reason when the table says so."""
        self._places = places
        self._separate = separate_uids
        self._reboot = reboot
        self._entropy = entropy
        self._backoff = backoff or Backoff()
        self._running: dict[str, _Running] = {}
        self._stopping = False

    def watch(self) -> None:
        """Begin to reap."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGCHLD, self.reap)

    def start(self, process: Process) -> None:
        """Start a process of the table."""
        self._prepare(process)
        now = asyncio.get_running_loop().time()
        self._running[process.name] = _Running(process, self._spawn(process), now)

    def reap(self) -> None:
        """Collect whatever has ended, and act."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            for running in self._running.values():
                if running.pid == pid:
                    self._ended(running, os.waitstatus_to_exitcode(status))

    def stop(self) -> None:
        """Ask all to end, the last started first; nothing is restarted any more."""
        self._stopping = True
        for running in reversed(self._running.values()):
            if running.restarting is not None:
                running.restarting.cancel()
            if running.pid:
                os.kill(running.pid, signal.SIGTERM)

    @property
    def alive(self) -> int:
        """How many run."""
        return sum(bool(running.pid) for running in self._running.values())

    def status(self) -> dict[str, dict[str, int]]:
        """Per process its pid (0 while it waits for a restart) and how often it was restarted."""
        return {name: {"pid": r.pid, "restarts": r.restarts} for name, r in self._running.items()}

    def _ended(self, running: _Running, code: int) -> None:
        process, loop = running.process, asyncio.get_running_loop()
        running.pid = 0
        if self._stopping:
            return
        _log.warning("process-ended", process=process.name, code=code, then=process.death.value)
        if process.death is Death.REBOOT:
            self._reboot(f"{process.name} ended with {code}")
            return
        long_enough = loop.time() - running.since >= self._backoff.forgotten_after_s
        running.failures = 1 if long_enough else running.failures + 1
        running.restarting = loop.call_later(self._backoff.after(running.failures), self._restart, running)

    def _restart(self, running: _Running) -> None:
        running.restarts += 1
        running.since = asyncio.get_running_loop().time()
        running.restarting = None
        self._places.ready(running.process.name).unlink(missing_ok=True)
        running.pid = self._spawn(running.process)

    def _prepare(self, process: Process) -> None:
        folder = self._places.private(process.name)
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._separate:
            os.chown(folder, process.uid, process.reader or process.uid)
            folder.chmod(0o700 if process.reader is None else 0o2710)

    def _spawn(self, process: Process) -> int:
        uid = ["--uid", str(int(process.uid))] if self._separate else []
        command = [sys.executable, "-m", "enclave.confine", *uid, process.module, *process.arguments]
        environment = {name: value for name, value in os.environ.items() if name in _KEPT}
        environment |= self._places.environment() | {"HOME": str(self._places.private(process.name))}
        source = self._standard_input(process)
        try:
            actions = [(os.POSIX_SPAWN_DUP2, source, 0), (os.POSIX_SPAWN_DUP2, 2, 1)]
            return os.posix_spawn(command[0], command, environment, file_actions=actions, setsigmask=[])
        finally:
            os.close(source)

    def _standard_input(self, process: Process) -> int:
        """Nothing; or, for a maker of keys, the device's randomness, which no argument or variable may hold."""
        if not process.entropy:
            return os.open(os.devnull, os.O_RDONLY)
        reading, writing = os.pipe()
        os.write(writing, self._entropy())
        os.close(writing)
        return reading


_KEPT = frozenset({"PATH", "LANG", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"})
