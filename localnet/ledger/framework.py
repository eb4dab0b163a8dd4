"""Finds and reads the framework bundle: the compiled packages 0x1 and 0x2, as JSON of Base64 modules.

Looked for in this order: the path given, `$LOCALNET_FRAMEWORK`, `build/framework.json` under the checkout or the
working directory, the newest `framework-<hash>.json` in `${XDG_CACHE_HOME:-~/.cache}/k3s-daas`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from localnet.ledger.errors import StateError
from sui.errors import ParseError
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_BYTES = 16_000_000


def find_bundle(path: Path | None) -> Path:
    """Return the bundle to use.

    Raises:
        StateError: there is none.
    """
    for candidate in _candidates(path):
        if candidate.is_file():
            return candidate
    raise StateError(
        "no framework bundle was found: run `make contract`, which writes build/framework.json, or name one with "
        "LOCALNET_FRAMEWORK"
    )


def _candidates(path: Path | None) -> Iterator[Path]:
    if path is not None:
        yield path
        return
    named = os.environ.get("LOCALNET_FRAMEWORK")
    if named:
        yield Path(named)
    checkout = Path(__file__).resolve().parents[2]
    yield checkout / "build" / "framework.json"
    yield Path("build") / "framework.json"
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "k3s-daas"
    if cache.is_dir():
        yield from sorted(cache.glob("framework-*.json"), key=lambda found: found.stat().st_mtime, reverse=True)


def read_bundle(path: Path) -> dict[Address, tuple[bytes, ...]]:
    """Return the modules of each package, in the order of their names.

    Raises:
        StateError: the file cannot be read or is no bundle.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise StateError(f"{path} is too large for a framework bundle")
        content = json.loads(path.read_text())
        return {
            Address.parse(package): tuple(base64.b64decode(modules[name], validate=True) for name in sorted(modules))
            for package, modules in content.items()
        }
    except (OSError, ValueError, AttributeError, TypeError, ParseError, binascii.Error) as error:
        raise StateError(f"{path} is no framework bundle ({error}): build it again with `make contract`") from error
