"""A compiled package as the build writes it: modules, what they are linked with, and the digest that an upgrade names.

Role: read `build/k3s_daas.json`, or the JSON that the Sui CLI dumps; the digest is always worked out here, and a file
that claims another one is refused.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.errors import CommandError
from sui.digests import upgrade_digest
from sui.types import Address

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "k3s_daas.json"
"""What the build calls the compiled contract."""


@dataclass(frozen=True)
class CompiledPackage:
    """Modules with their own address 0x0, and the packages that they are linked with."""

    modules: tuple[bytes, ...]
    dependencies: tuple[Address, ...]

    @property
    def digest(self) -> bytes:
        """What an announcement of this package as the next version names."""
        return bytes(upgrade_digest(self.modules, self.dependencies))


def read_compiled(path: Path) -> CompiledPackage:
    """Read a compiled package: its JSON file, or a folder that holds one, or holds it in `build/`.

    Raises:
        CommandError: it is not there, or not what the build writes.
    """
    place = _file(path)
    try:
        raw = json.loads(place.read_text(encoding="utf-8"))
        modules = tuple(base64.b64decode(text, validate=True) for text in raw["modules"])
        found = CompiledPackage(modules, tuple(Address.parse(text) for text in raw["dependencies"]))
        claimed = _claimed(raw.get("digest"))
    except FileNotFoundError as error:
        raise CommandError(f"no compiled contract at {place}; `make contract` builds it") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{place} is no compiled contract ({error}); build it again with `make contract`") from error
    if not found.modules:
        raise CommandError(f"{place} holds no modules; build it again with `make contract`")
    if claimed is not None and claimed != found.digest:
        raise CommandError(f"{place} claims a digest that its modules do not have; build it again with `make contract`")
    return found


def parse_digest(text: str) -> bytes:
    """Read the digest of an upgrade: 64 hex digits.

    Raises:
        CommandError: it is none.
    """
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise CommandError(f"{text!r} is no digest: 64 hex digits are wanted, as the build writes them") from error
    if len(found) != 32:
        raise CommandError(f"a digest has 32 bytes, this one has {len(found)}")
    return found


def _file(path: Path) -> Path:
    if not path.is_dir():
        return path
    inside = path / FILE_NAME
    return inside if inside.exists() else path / "build" / FILE_NAME


def _claimed(value: Any) -> bytes | None:
    """The digest in the file: hex of ours, a list of bytes of the Sui CLI's."""
    if value is None:
        return None
    return bytes.fromhex(value) if isinstance(value, str) else bytes(value)
