"""The parent process of this home: started, asked, told to end.

Role: the command line's side of the parent's UNIX socket. It starts nothing else and knows no chain.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from wire.errors import ConnectFailed, IpcError, WireError
from wire.ipc import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cli.home import Home

SOCKET = "parent.sock"
_LONGEST_RUN_PATH = 70
_CALL_S = 20.0
_STOP_S = 40.0
_POLL_S = 0.05


def run_folder(home: Home) -> Path:
    """The folder of sockets: in the home, or a short one where the home's path is too long for UNIX sockets."""
    inside = home.run
    if len(os.fspath(inside)) <= _LONGEST_RUN_PATH:
        return inside
    name = hashlib.sha256(os.fspath(inside).encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"k3s-daas-{os.getuid()}-{name}"


def start_parent(home: Home, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start the parent in a session of its own, so that it outlives this command."""
    run = run_folder(home)
    for folder in (home.root, home.logs, run):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home.logs / "parent.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "parent", "--run", str(run), "--logs", str(home.logs), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


async def ask(home: Home, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Call the parent.

    Raises:
        CommandError: it refuses, or breaks off.
        NotRunning: there is none.
    """
    client = Client(run_folder(home) / SOCKET)
    try:
        answer = await client.call(method, params or {}, timeout=_CALL_S)
    except ConnectFailed as error:
        raise NotRunning("nothing runs in this home; start it with `k3s-daas up --detach`") from error
    except IpcError as error:
        raise CommandError(error.message) from error
    except WireError as error:
        raise CommandError(f"the parent process broke off: {error}; its log is {home.logs / 'parent.log'}") from error
    finally:
        await client.close()
    return dict(answer)


class NotRunning(CommandError):  # noqa: N818 - named for what is
    """No parent answers in this home."""


async def end_parent(parent: subprocess.Popen[bytes]) -> None:
    """End a parent that this process started, whether it answers on its socket already or not."""
    parent.terminate()
    deadline = time.monotonic() + _STOP_S
    while parent.poll() is None:
        if time.monotonic() > deadline:
            parent.kill()
        await asyncio.sleep(_POLL_S)


async def stop_parent(home: Home) -> bool:
    """Ask the parent to end, wait, and make it end; tell whether one ran."""
    try:
        status = await ask(home, "status")
    except NotRunning:
        return False
    pid = int(status["pid"])
    await ask(home, "stop")
    deadline = time.monotonic() + _STOP_S
    while _alive(pid):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            break
        await asyncio.sleep(_POLL_S)
    run = run_folder(home)
    if run != home.run:
        shutil.rmtree(run, ignore_errors=True)
    return True


def _alive(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] != "Z"
