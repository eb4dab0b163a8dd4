"""`key`: Ed25519 keys of admin and users, in the Sui CLI's keystore format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.errors import CommandError
from cli.home import Home
from cli.keys import Keys
from cli.output import emit, json_option, print_table
from sui import keystore

if TYPE_CHECKING:
    from sui.keys import Ed25519Key

SUI_KEYSTORE = Path("~/.sui/sui_config/sui.keystore")
"""Where the Sui CLI keeps its keys."""


@click.group()
def group() -> None:
    """Keys of admin and users.

    Example: k3s-daas key create --alias me
    """


def _told(key: Ed25519Key, alias: str) -> dict[str, str]:
    return {"address": str(key.address), "alias": alias, "public_key": key.public.hex()}


@group.command()
@click.option("--alias", help="A name for it.")
@json_option
def create(alias: str | None, *, as_json: bool) -> None:
    """Make a new key.

    Example: k3s-daas key create --alias me
    """
    keys = Keys(Home.here())
    key = keys.create(alias)
    emit(_told(key, keys.aliases()[str(key.address)]), as_json=as_json)


@group.command("import")
@click.option("--keystore", "path", type=click.Path(path_type=Path), help="A keystore of the Sui CLI; its default one.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read one suiprivkey1... or keystore entry from stdin.")
@click.option("--alias", help="A name for it, where there is one key.")
@json_option
def import_key(path: Path | None, alias: str | None, *, from_stdin: bool, as_json: bool) -> None:
    """Take in keys from the Sui CLI's keystore, or one from stdin (never from an argument).

    Example: k3s-daas key import --keystore ~/.sui/sui_config/sui.keystore
    """
    keys = Keys(Home.here())
    skipped = 0
    if from_stdin:
        text = sys.stdin.read(4096).strip()
        decode = keystore.decode_private_key if text.lower().startswith("suiprivkey") else keystore.decode_entry
        found = [decode(text)]
    else:
        place = (path or SUI_KEYSTORE).expanduser()
        try:
            found, skipped = keystore.read_supported(place.read_text(encoding="utf-8"))
        except OSError as error:
            raise CommandError(f"no keystore at {place} ({error.strerror}); name one with --keystore") from error
        if not found:
            raise CommandError(
                f"{place} holds {skipped} keys, none of them Ed25519; only Ed25519 keys can be used here"
            )
    if alias is not None and len(found) > 1:
        raise CommandError(f"--alias names one key, and there are {len(found)}; import them without it")
    for key in found:
        keys.add(key, alias)
    if skipped:
        click.echo(f"{skipped} keys of other schemes than Ed25519 were passed over: they cannot be used here", err=True)
    names = keys.aliases()
    told = [_told(key, names[str(key.address)]) for key in found]
    emit(told[0] if len(told) == 1 else told, as_json=as_json, human=lambda: _show(told))


@group.command("list")
@click.option("--keystore", "path", type=click.Path(path_type=Path), help="Another keystore in the Sui CLI's format.")
@json_option
def list_keys(path: Path | None, *, as_json: bool) -> None:
    """List keys.

    Example: k3s-daas key list
    """
    keys = Keys(Home.here(), path.expanduser() if path else None)
    names = keys.aliases()
    told = [_told(key, names.get(str(key.address), "")) for key in keys.all()]
    emit(told, as_json=as_json, human=lambda: _show(told))


def _show(told: list[dict[str, str]]) -> None:
    rows = [(entry["alias"], entry["address"], entry["public_key"]) for entry in told]
    print_table(("ALIAS", "ADDRESS", "PUBLIC KEY"), rows, empty="no keys; `k3s-daas key create` makes one")
