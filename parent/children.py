"""Processes of the host that the parent keeps running: started, watched, restarted by rule, stopped in order.

Rules: a child dies with the parent (the kernel sends it a signal), so nothing is left behind when the parent is killed;
its output goes to a log file of its own name; one that dies is started again after a pause that grows, where its rule
says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parent.errors import LaunchError
from parent.limits import LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


@dataclass
class Child:
    """One process of the host.

    Attributes:
        name: What logs and status call it.
        command: How it is started; a function, because a restart may need other arguments than the start.
        log: Where its standard error goes.
        restarts: Whether it is started again when it dies, once it has said that it is ready.
        says_ready: Whether it says so by a line on its standard output; one that does not counts as ready at once.
    """

    name: str
    command: Callable[[], Sequence[str]]
    log: Path
    restarts: bool
    says_ready: bool = True
    environment: dict[str, str] = field(default_factory=dict)
    limits: Limits = LIMITS
    _process: asyncio.subprocess.Process | None = None
    _watching: asyncio.Task[None] | None = None
    _lines: asyncio.Queue[bytes] = field(default_factory=lambda: asyncio.Queue(64))
    _ended: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _spoke: bool = False

    async def start(self) -> None:
        """Start it and watch over it.

        Raises:
            LaunchError: the program cannot be started.
        """
        self._stopping = False
        await self._spawn()
        self._watching = asyncio.create_task(self._watch(), name=f"watch {self.name}")

    async def first_line(self, seconds: float) -> bytes:
        """Return the first line that it wrote to its standard output: how such a process says that it is ready.

        Raises:
            LaunchError: it ended or stayed silent.
        """
        waiting = asyncio.create_task(self._lines.get())
        ended = asyncio.create_task(self._ended.wait())
        done, _ = await asyncio.wait({waiting, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, ended):
            task.cancel()
        if waiting in done:
            return waiting.result()
        tail = self.log.read_text(errors="replace").strip().splitlines()[-3:] if self.log.exists() else []
        why = "ended" if self._ended.is_set() else f"was not ready after {seconds:.0f} s"
        raise LaunchError(f"{self.name} {why}: {' | '.join(tail) or 'it said nothing'} (log: {self.log})")

    async def wait(self) -> int:
        """Wait until a child that is not restarted has ended, and return its exit code."""
        await self._ended.wait()
        return self._process.returncode or 0 if self._process else 0

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def stop(self, seconds: float | None = None) -> None:
        """Ask it to end, then make it end, with everything that it started in its own process group."""
        self._stopping = True
        process, watching = self._process, self._watching
        if process is None or watching is None:
            return
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            # The kernel's word that it ended is enough: its output may still be held open by a child of its own.
            deadline = time.monotonic() + (seconds or self.limits.stop_seconds)
            while self.pid is not None and time.monotonic() < deadline:  # noqa: ASYNC110 - the kernel has no event
                await asyncio.sleep(self.limits.poll_seconds)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await asyncio.gather(watching, return_exceptions=True)

    async def _spawn(self) -> None:
        self._ended.clear()
        command = list(self.command())
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "TERM", "--", *command]
        try:
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=log,
                    env={**os.environ, **self.environment},
                    start_new_session=True,
                )
        except OSError as error:
            raise LaunchError(f"{self.name} cannot be started: {error}; run `make build`") from error

    async def _watch(self) -> None:
        pause = self.limits.child_restart_first_seconds
        while self._process is not None:
            began = time.monotonic()
            await self._read_output(self._process)
            await self._process.wait()
            if not self.restarts or self._stopping or (self.says_ready and not self._spoke):
                # One that never came up is not a matter of trying again: whoever waits for its first line is told.
                self._ended.set()
                return
            if time.monotonic() - began > self.limits.child_settled_seconds:
                pause = self.limits.child_restart_first_seconds
            await asyncio.sleep(pause)
            pause = min(pause * 2, self.limits.child_restart_longest_seconds)
            if self._stopping:
                return
            await self._spawn()

    async def _read_output(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        while line := await process.stdout.readline():
            self._spoke = True
            with contextlib.suppress(asyncio.QueueFull):
                self._lines.put_nowait(line)


def descendants(pid: int) -> dict[str, int]:
    """Name the processes below one: by Python module, else by program; the enclave's own are among them."""
    children: dict[int, list[int]] = {}
    commands: dict[int, list[str]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208 - names are all that is needed
        if not entry.isdecimal():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                above = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{entry}/cmdline", encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                commands[int(entry)] = file.read().split("\0")
        except (OSError, ValueError, IndexError):
            continue
        children.setdefault(above, []).append(int(entry))
    named: dict[str, int] = {}
    waiting = [pid]
    while waiting:
        for child in children.get(waiting.pop(), []):
            waiting.append(child)
            name = _name(commands.get(child, []))
            named[name if name not in named else f"{name}-{child}"] = child
    return named


def _name(command: list[str]) -> str:
    """`-m package.part_process` is called part; a program is called by its file and first word."""
    modules = [word for word in command if word.startswith("enclave.") and "/" not in word]
    if not modules and "-m" in command and command.index("-m") + 1 < len(command):
        modules = [command[command.index("-m") + 1]]
    if modules:
        return modules[-1].removeprefix("enclave.").removesuffix("_process")
    words = [word.rpartition("/")[2] for word in command[:2] if word]
    return " ".join(words) if words else "?"
