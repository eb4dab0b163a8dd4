"""`python -m parent`: the host's side of one system, started by `k3s-daas up`.

It keeps no state of its own: a local ledger keeps its state in its folder, the enclave has none that survives.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import structlog

from parent.daemon import Daemon, LedgerOptions
from parent.errors import ParentError


def main() -> None:
    """Read the arguments and run until told to end."""
    parser = argparse.ArgumentParser(prog="python -m parent", description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder for sockets; short enough for UNIX sockets")
    parser.add_argument("--logs", type=Path, required=True, help="folder for log files")
    ledger = parser.add_argument_group("a local ledger, where one is wanted")
    ledger.add_argument("--ledger-state", default="", help="its folder; without it no ledger is started")
    ledger.add_argument("--ledger-listen", default="127.0.0.1:0")
    ledger.add_argument("--ledger-faucet", default="127.0.0.1:0")
    ledger.add_argument("--finality-ms", type=int, default=0)
    ledger.add_argument("--seed", type=int)
    ledger.add_argument("--trust-root", default="", help="PEM of the attestation root that the ledger trusts")
    options = parser.parse_args()
    os.umask(0o077)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", key="ts"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    local = None
    if options.ledger_state:
        local = LedgerOptions(
            listen=options.ledger_listen,
            faucet=options.ledger_faucet,
            state=options.ledger_state,
            finality_ms=options.finality_ms,
            trust_root=options.trust_root,
            seed=options.seed,
        )
    try:
        asyncio.run(_serve(Daemon(options.run, options.logs, local)))
    except ParentError as error:
        sys.exit(str(error))


async def _serve(daemon: Daemon) -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, daemon.stop)
    await daemon.serve()


if __name__ == "__main__":
    main()
