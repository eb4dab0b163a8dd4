"""Executes faucet payments until it is killed; prints the digest of each one that was acknowledged.

Arguments: state folder, finality in ms, framework bundle.
"""

import sys
from pathlib import Path

from localnet.ledger import Ledger
from sui.types import Address


def main() -> None:
    """Work until killed."""
    now = [1_700_000_000_000]
    ledger = Ledger(
        sys.argv[1], seed=3, finality_ms=int(sys.argv[2]), clock=lambda: now[0], framework=Path(sys.argv[3])
    )
    amount = 0
    while True:
        amount += 1
        now[0] += 37
        ledger.tick()
        done = ledger.faucet(Address(b"\x01" * 32), [amount, amount + 1])
        sys.stdout.write(f"{done.digest} {done.effects.lamport_version}\n")
        sys.stdout.flush()


main()
