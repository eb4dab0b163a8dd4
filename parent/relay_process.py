"""The relays as a process of their own: it can be killed and started again while the enclave goes on.

Run as `python -m parent.relay_process --vsock ADDRESS --ledger HOST:PORT --gateway HOST:PORT --attestation HOST:PORT`.
It prints one line of JSON with the addresses it took, and ends on SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys

from parent.errors import ParentError
from parent.relays import Address, Relays, record_folder
from wire.vsock import open_vsock


async def serve(options: argparse.Namespace) -> None:
    """Relay until told to end."""
    relays = Relays(
        open_vsock(options.vsock), ledger=Address.parse(options.ledger), record=record_folder(options.record)
    )
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    gateway, attestation = relays.start(
        gateway=Address.parse(options.gateway), attestation=Address.parse(options.attestation)
    )
    sys.stdout.write(json.dumps({"gateway": str(gateway), "attestation": str(attestation)}) + "\n")
    sys.stdout.flush()
    await ended.wait()
    await relays.stop()


def main() -> None:
    """Read the arguments and relay."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vsock", required=True, help="the enclave's side: vsock:CID or uds-host:PATH")
    parser.add_argument("--ledger", required=True, help="the one address that the enclave may reach")
    parser.add_argument("--gateway", required=True, help="where kubectl connects")
    parser.add_argument("--attestation", required=True, help="where documents are asked for")
    parser.add_argument("--record", default="", help="keep every relayed byte in this folder")
    try:
        asyncio.run(serve(parser.parse_args()))
    except ParentError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
