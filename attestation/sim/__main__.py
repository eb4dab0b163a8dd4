"""The simulated hypervisor's commands: `pki`, `measure`, `nsm`.

`python -m attestation.sim pki --pki DIR` makes the root where there is none and prints its certificate;
`python -m attestation.sim measure [--out FILE]` measures the installed enclave code;
`python -m attestation.sim nsm --pki DIR --socket PATH [--module-id ID] [--debug]` is one enclave's device.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from attestation.sim.device import Measured, SimulatedNsm
from attestation.sim.measure import installed_code, measure
from attestation.sim.server import serve
from attestation.sim.store import load_or_create


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m attestation.sim", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    pki = commands.add_parser("pki")
    pki.add_argument("--pki", type=Path, required=True)
    measuring = commands.add_parser("measure")
    measuring.add_argument("--out", type=Path)
    measuring.add_argument("--code", type=Path, default=installed_code())
    device = commands.add_parser("nsm")
    device.add_argument("--pki", type=Path, required=True)
    device.add_argument("--socket", type=Path, required=True)
    device.add_argument("--code", type=Path, default=installed_code())
    device.add_argument("--module-id", default="i-simulated-enc0")
    device.add_argument("--debug", action="store_true")
    options = parser.parse_args()
    os.umask(0o077)
    try:
        match options.command:
            case "pki":
                root = load_or_create(options.pki, at_ms=_now_ms())
                sys.stdout.write(root.certificate.public_bytes(Encoding.PEM).decode())
            case "measure":
                _measure(options.code, options.out)
            case _:
                asyncio.run(_device(options))
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _measure(code: Path, out: Path | None) -> None:
    text = json.dumps(measure(code).as_hex(), indent=2) + "\n"
    if out is None:
        sys.stdout.write(text)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text)
    out.chmod(0o644)


async def _device(options: argparse.Namespace) -> None:
    values = measure(options.code)
    device = SimulatedNsm(
        root=load_or_create(options.pki, at_ms=_now_ms()),
        measured=Measured(values.pcr0, values.pcr1, values.pcr2),
        clock_ms=_now_ms,
        random=os.urandom,
        module_id=options.module_id,
        debug=options.debug,
    )
    task = asyncio.create_task(serve(device, options.socket))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    options.socket.unlink(missing_ok=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    sys.exit(main())
