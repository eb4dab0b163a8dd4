"""Starts one simulated enclave on this host: `python -m enclave.sandbox --vsock PATH --nsm SOCKET --kubernetes BINARY`.

It plays the hypervisor: it listens on the vsock path (in a folder of its own, which the enclave sees), closes the
enclave off (`enclave.namespaces`), starts its PID 1 and hands the host's connections over. Paths only, no secrets. The
enclave's log is this process's standard error; its end is the enclave's end, with the same exit code (3: this machine
does not allow it, the last line says why), and when this process is killed the enclave dies with it. SIGTERM asks the
enclave to stop in order.

The first line on standard output is JSON, {"started": true, "separate_uids": BOOL}.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

from enclave import kernel
from enclave.errors import NamespacesNotAllowed
from enclave.namespaces import GUEST_KUBERNETES, GUEST_NSM, GUEST_VSOCK, Outside, close_off, leave_host
from wire.errors import ConnectFailed
from wire.sockets import SocketListener, listen_unix
from wire.vsock import HybridSwitch

NOT_ALLOWED = 3
_STOP_SECONDS = 10.0
_NEEDED = (0, 1, 3, 4, 5, 6, 7, 8)
"""CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, SETPCAP: to give children their uids and folders."""


def main() -> int:
    """Start the enclave and wait for its end."""
    options = _options()
    folder = options.vsock.resolve().parent
    outside = Outside(
        vsock=options.vsock.resolve(),
        nsm=options.nsm.resolve(),
        kubernetes=options.kubernetes.resolve() if options.kubernetes else None,
        code=options.code.resolve(),
        scratch=folder.with_name(folder.name + ".root"),
    )
    os.umask(0o077)
    try:
        listener = listen_unix(outside.vsock)
        outside.scratch.mkdir(exist_ok=True)
        above = os.open(folder.parent, os.O_RDONLY | os.O_DIRECTORY)
        folder.chmod(folder.stat().st_mode | 0o011)  # the egress proxy passes through under its own uid
        separate = leave_host(one_uid=options.one_uid)
    except (NamespacesNotAllowed, ConnectFailed, OSError) as error:
        return _failed(error)
    started, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(started)
        os.close(above)
        _become_enclave(outside, listener, tell)
    os.close(tell)
    with os.fdopen(started, "rb") as file:
        if file.read() != b"closed off":
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.stdout.write(json.dumps({"started": True, "separate_uids": separate}) + "\n")
    sys.stdout.flush()
    code = asyncio.run(_serve(listener, child))
    # This process has left the host's root behind; the folder it kept open still leads there.
    with contextlib.suppress(OSError):
        os.unlink(f"{folder.name}/{outside.vsock.name}", dir_fd=above)
        os.rmdir(outside.scratch.name, dir_fd=above)
    return code


def _become_enclave(outside: Outside, listener: SocketListener, tell: int) -> NoReturn:
    kernel.die_with_parent(signal.SIGKILL)
    listener.socket.close()
    try:
        close_off(outside)
    except NamespacesNotAllowed as error:
        os._exit(_failed(error))
    kernel.keep_capabilities(_NEEDED)
    os.chdir(outside.code)
    os.write(tell, b"closed off")
    os.close(tell)
    command = [sys.executable, "-m", "enclave", "--nsm", GUEST_NSM]
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": "C.UTF-8",
        "HOME": "/tmp",  # noqa: S108 - the enclave's own
        "PYTHONPATH": str(outside.code),
        "PYTHONDONTWRITEBYTECODE": "1",
        "K3S_DAAS_VSOCK": f"uds-guest:{GUEST_VSOCK}/host/{outside.vsock.name}:{GUEST_VSOCK}/guest",
        "K3S_DAAS_KUBERNETES": GUEST_KUBERNETES,
    }
    os.execve(command[0], command, environment)  # noqa: S606 - an argument list, no shell


async def _serve(listener: SocketListener, child: int) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def reap() -> None:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid and not ended.done():
            ended.set_result(os.waitstatus_to_exitcode(status))

    def stop() -> None:
        os.kill(child, signal.SIGTERM)
        loop.call_later(_STOP_SECONDS, _kill, ended, child)

    loop.add_signal_handler(signal.SIGCHLD, reap)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    reap()
    # The enclave entered its root, and this process, whose root was the same, went along: its listeners are at hand.
    switch = asyncio.create_task(HybridSwitch(listener, Path(GUEST_VSOCK) / "guest").serve())
    # Without the switch nobody reaches the enclave any more.
    switch.add_done_callback(lambda _: _kill(ended, child))
    code = await ended
    switch.cancel()
    await asyncio.gather(switch, return_exceptions=True)
    listener.socket.close()
    return code if code >= 0 else 128 - code


def _kill(ended: asyncio.Future[int], child: int) -> None:
    if not ended.done():
        os.kill(child, signal.SIGKILL)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vsock", type=Path, required=True, help="where the host's vsock socket is to lie")
    parser.add_argument("--nsm", type=Path, required=True, help="the simulated device's socket")
    parser.add_argument("--kubernetes", type=Path, help="the Kubernetes binary")
    parser.add_argument("--one-uid", action="store_true", help="do as without root: a user namespace with one uid")
    parser.add_argument("--code", type=Path, default=Path(__file__).resolve().parent.parent, help="our packages")
    return parser.parse_args()


def _failed(error: Exception) -> int:
    sys.stderr.write(f"{error}\n")
    return NOT_ALLOWED


if __name__ == "__main__":
    sys.exit(main())
