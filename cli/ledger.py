"""`ledger`: what concerns the ledger itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from cli.context import merged_profile, parse_id
from cli.errors import CommandError
from cli.faucet import ask_faucet
from cli.home import Home
from cli.keys import Keys
from cli.output import emit, json_option, run_async

if TYPE_CHECKING:
    from sui.types import Address


@click.group()
def group() -> None:
    """The ledger.

    Example: k3s-daas ledger faucet me
    """


@group.command()
@click.argument("address", required=False)
@click.option("--faucet", "place", help="The faucet's HOST:PORT or URL; the profile's by default.")
@json_option
def faucet(address: str | None, place: str | None, *, as_json: bool) -> None:
    """Get SUI for ADDRESS (an address or alias; the admin's without one).

    Example: k3s-daas ledger faucet 0x1234...
    """
    home = Home.here()
    profile = merged_profile(home)
    where = place or profile.faucet
    if not where:
        raise CommandError("no faucet is known; name one with --faucet HOST:PORT, or send SUI from another account")
    who = address or profile.admin
    if not who:
        raise CommandError("whom? Name an address or an alias")
    emit(run_async(ask_faucet(where, _address(home, who))), as_json=as_json)


def _address(home: Home, who: str) -> Address:
    for found, name in Keys(home).aliases().items():
        if name == who:
            return parse_id(found)
    return parse_id(who)
