"""`localnet`: the embedded ledger alone, as a process of its own."""

from __future__ import annotations

import os
import sys

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []}, add_help_option=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    """Run the embedded Sui ledger; all flags go to it.

    Example: k3s-daas localnet --listen 127.0.0.1:9000 --faucet 127.0.0.1:9123 --state .localnet
    """
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "localnet", *arguments])  # noqa: S606 - this program, no shell
