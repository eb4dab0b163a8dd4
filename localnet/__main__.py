"""`python -m localnet`: the ledger as a process.

Prints one JSON line {ready, listen, faucet, chain_id} on stdout when it serves; logs are JSON lines on stderr.
Exit codes: 0 stopped on request, 1 could not start or failed (why on stderr), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

import structlog

from localnet.faucet import Faucet, FaucetListenError
from localnet.ledger import Ledger, StateError
from localnet.rpc.server import ListenError, RpcServer, TlsIdentity

_EXAMPLE = """example:
  python -m localnet --listen 127.0.0.1:9000 --faucet 127.0.0.1:9123 --state .localnet
"""


def _endpoint(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65_535 or not host:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return host.strip("[]"), int(port)


def _milliseconds(text: str) -> int:
    if not text.isdigit() or int(text) > 600_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of milliseconds up to 600000")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m localnet",
        description="A Sui network of one node: Move VM, ledger, sui.rpc.v2 over gRPC, faucet.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--listen", type=_endpoint, required=True, metavar="HOST:PORT", help="gRPC (port 0: any free)")
    parser.add_argument("--faucet", type=_endpoint, metavar="HOST:PORT", help="HTTP faucet, POST /v2/gas")
    parser.add_argument("--state", required=True, metavar="DIR", help="where the ledger is kept (':memory:': nowhere)")
    parser.add_argument("--finality-ms", type=_milliseconds, default=250, metavar="N", help="checkpoint interval")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="decides the genesis, hence the chain id")
    parser.add_argument(
        "--trust-root", type=Path, action="append", default=[], metavar="PEM", help="root of attestation documents"
    )
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="serve TLS with this certificate chain")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key")
    return parser


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _join(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _serve(options: argparse.Namespace, ledger: Ledger, tls: TlsIdentity | None) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = RpcServer(ledger, finality_ms=options.finality_ms, tls=tls)
    faucet: Faucet | None = None
    host, port = options.listen
    try:
        port = await server.start(_join(host, port))
        faucet_at = None
        if options.faucet is not None:
            faucet = Faucet(ledger, server.feed)
            faucet_host = options.faucet[0]
            faucet_at = f"http://{_join(faucet_host, await faucet.start(*options.faucet))}"
        ready = {"ready": True, "listen": _join(host, port), "faucet": faucet_at, "chain_id": str(ledger.chain_id)}
        print(json.dumps(ready), flush=True)
        structlog.get_logger(part="localnet").info("ready", **ready, pid=os.getpid())
        waits = [asyncio.create_task(stopping.wait()), asyncio.create_task(server.failed())]
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        for task in done:
            task.result()
    finally:
        if faucet is not None:
            await faucet.stop()
        await server.stop()


def _tls(options: argparse.Namespace) -> TlsIdentity | None:
    if options.tls_cert is None:
        return None
    return TlsIdentity(certificate=options.tls_cert.read_bytes(), key=options.tls_key.read_bytes())


def main(arguments: list[str] | None = None) -> int:
    """Run the ledger until it is told to stop."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.tls_cert is None) != (options.tls_key is None):
        parser.error("--tls-cert and --tls-key belong together")
    _log_to_stderr()
    try:
        tls = _tls(options)
        roots = [path.read_bytes() for path in options.trust_root]
        state = options.state if options.state == ":memory:" else Path(options.state)
        ledger = Ledger(state, seed=options.seed, finality_ms=options.finality_ms, clock=_now_ms, trust_roots=roots)
    except (StateError, OSError) as error:
        print(f"localnet: {error}", file=sys.stderr)
        return 1
    try:
        asyncio.run(_serve(options, ledger, tls))
    except (ListenError, FaucetListenError) as error:
        print(f"localnet: {error}", file=sys.stderr)
        return 1
    finally:
        ledger.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
