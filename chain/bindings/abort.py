"""From an abort code to the contract's own words.

The contract's errors are constants marked `#[error]`. For those the compiler packs places in the module's constant pool
into the code: bit 63 set, 16 bits each of line, index of the constant's name, and index of its words. So the words come
from the compiled package itself. Those of the package that this code was made for lie beside this file
(`tools/generate_contract_words.py` writes them): the enclave, whose image they are part of, uses them and asks no node.

Which module of which package aborted is what the effects say; a caller asks here only for aborts of our own package.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chain.errors import PayloadError
from sui.bcs import Reader
from sui.errors import BcsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MAGIC = bytes.fromhex("a11ceb0b")
_MODULE_HANDLES = 0x1
_CONSTANTS = 0x6
_IDENTIFIERS = 0x7
_VECTOR = 0xA
_U8 = 0x2
_TAG = 1 << 63
_ABSENT = 0xFFFF
_MAX_TABLES = 32
_MAX_MODULE_BYTES = 102_400
_OWN_WORDS = Path(__file__).with_name("contract_words.json")


@dataclass(frozen=True)
class AbortReason:
    """Why the contract said no."""

    module: str
    name: str
    words: str
    line: int

    def __str__(self) -> str:
        """The words, for people."""
        return self.words


@dataclass(frozen=True)
class AbortTable:
    """The byte constants of each module of the approved package, by module name."""

    constants: Mapping[str, tuple[bytes, ...]]

    def reason(self, module: str | None, code: int | None) -> AbortReason | None:
        """The reason for an abort in one of these modules; None where the code names none of ours."""
        pool = self.constants.get(module or "")
        if module is None or pool is None or code is None or not code & _TAG:
            return None
        words = _constant(pool, code & 0xFFFF)
        if words is None:
            return None
        name = _constant(pool, code >> 16 & 0xFFFF) or b""
        return AbortReason(
            module=module,
            name=name.decode(errors="replace"),
            words=words.decode(errors="replace"),
            line=code >> 32 & 0xFFFF,
        )


def abort_table(modules: Iterable[bytes]) -> AbortTable:
    """Read the constants of compiled modules.

    Raises:
        PayloadError: something is no Move module.
    """
    constants: dict[str, tuple[bytes, ...]] = {}
    for module in modules:
        try:
            name, pool = _read_module(bytes(module))
        except (BcsError, IndexError, UnicodeDecodeError) as error:
            raise PayloadError(f"the package holds something that is no Move module: {error}") from error
        constants[name] = pool
    return AbortTable(constants)


def own_words() -> AbortTable:
    """Read the words of the package that this code was made for."""
    modules: dict[str, list[str]] = json.loads(_OWN_WORDS.read_text())["modules"]
    return AbortTable({name: tuple(text.encode() for text in pool) for name, pool in modules.items()})


def _constant(pool: tuple[bytes, ...], index: int) -> bytes | None:
    return pool[index] if index != _ABSENT and index < len(pool) else None


def _read_module(data: bytes) -> tuple[str, tuple[bytes, ...]]:
    """The module's name and its constants; a constant that is no `vector<u8>` is kept as empty."""
    if data[:4] != _MAGIC or len(data) > _MAX_MODULE_BYTES:
        raise BcsError("wrong magic or size")
    reader = Reader(data)
    reader.take(8)
    tables: dict[int, tuple[int, int]] = {}
    count = reader.uleb128()
    if count > _MAX_TABLES:
        raise BcsError(f"{count} tables")
    for _ in range(count):
        kind = reader.byte()
        tables[kind] = (reader.uleb128(), reader.uleb128())
    start = reader.position
    end = start + max((offset + length for offset, length in tables.values()), default=0)
    own_handle = Reader(data[end:]).uleb128()

    def table(kind: int) -> Reader:
        offset, length = tables.get(kind, (0, 0))
        return Reader(data[start + offset : start + offset + length])

    handles = table(_MODULE_HANDLES)
    name_index = 0
    for _ in range(own_handle + 1):
        handles.uleb128()
        name_index = handles.uleb128()
    identifiers = table(_IDENTIFIERS)
    name = b""
    for _ in range(name_index + 1):
        name = identifiers.take(identifiers.uleb128())
    return name.decode("ascii"), tuple(_read_constants(table(_CONSTANTS)))


def _read_constants(reader: Reader) -> list[bytes]:
    pool: list[bytes] = []
    while reader.remaining:
        kind = reader.byte()
        depth = 0
        while kind == _VECTOR:
            kind = reader.byte()
            depth += 1
        value = Reader(reader.take(reader.uleb128()))
        pool.append(value.take(value.uleb128()) if (depth, kind) == (1, _U8) else b"")
    return pool
