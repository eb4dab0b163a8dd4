"""Keys in the home's keystore: find, add, name.

Rules: the file is the Sui CLI's own format; only Ed25519 keys are used, others are kept and passed over; a private key
is never printed and never an argument.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from cli.errors import CommandError
from cli.home import Home, write_whole
from sui import keystore
from sui.errors import KeyFormatError, ParseError
from sui.keys import Ed25519Key
from sui.types import Address

if TYPE_CHECKING:
    from pathlib import Path


class Keys:
    """The keystore of one home, or another one in the Sui CLI's format."""

    def __init__(self, home: Home, keystore_path: Path | None = None) -> None:
        """Use the home's keystore unless another one is named."""
        self._home = home
        self._path = keystore_path or home.keystore

    def all(self) -> list[Ed25519Key]:
        """Every Ed25519 key."""
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        return keystore.read_supported(text)[0]

    def aliases(self) -> dict[str, str]:
        """Names by address."""
        try:
            raw = json.loads(self._home.aliases.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return {str(address): str(name) for address, name in raw.items()} if isinstance(raw, dict) else {}

    def create(self, alias: str | None) -> Ed25519Key:
        """Make a key of fresh entropy and add it."""
        return self.add(Ed25519Key.generate(os.urandom(32)), alias)

    def add(self, key: Ed25519Key, alias: str | None) -> Ed25519Key:
        """Add a key under a name.

        Raises:
            CommandError: the name is taken by another key.
        """
        names = self.aliases()
        owner = next((address for address, name in names.items() if alias is not None and name == alias), None)
        if owner is not None and owner != str(key.address):
            raise CommandError(f"the alias {alias!r} belongs to {owner}; choose another --alias")
        text = self._path.read_text(encoding="utf-8") if self._path.exists() else "[]"
        write_whole(self._path, keystore.add_to_keystore(text, key), secret=True)
        names[str(key.address)] = alias or names.get(str(key.address)) or f"key-{len(names) + 1}"
        write_whole(self._home.aliases, json.dumps(names, indent=2) + "\n", secret=True)
        return key

    def find(self, who: str) -> Ed25519Key:
        """A key by its alias or address.

        Raises:
            CommandError: there is none.
        """
        names = self.aliases()
        by_alias = next((address for address, name in names.items() if name == who), None)
        try:
            wanted = Address.parse(by_alias or who)
        except ParseError as error:
            raise CommandError(f"no key is named {who!r}; `k3s-daas key list` shows them") from error
        for key in self.all():
            if key.address == wanted:
                return key
        raise CommandError(
            f"the keystore has no key for {who}; import it with `k3s-daas key import`, or work with another one"
        )

    def has(self, address: str | Address) -> bool:
        """Whether a key of this address is here."""
        return any(str(key.address) == str(address) for key in self.all())


def read_operator_key(home: Home) -> Ed25519Key:
    """The operator's key.

    Raises:
        CommandError: there is none.
    """
    try:
        return keystore.decode_entry(home.operator_key.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise CommandError(f"no operator key at {home.operator_key}; `k3s-daas cluster create` makes one") from error
    except KeyFormatError as error:
        raise CommandError(f"{home.operator_key}: {error}") from error


def make_operator_key(home: Home) -> Ed25519Key:
    """The operator's key, made of fresh entropy where there is none."""
    if not home.operator_key.exists():
        write_whole(home.operator_key, keystore.encode_entry(Ed25519Key.generate(os.urandom(32))) + "\n", secret=True)
    return read_operator_key(home)
