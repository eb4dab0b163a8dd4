"""Move types as Sui writes them: in BCS, and in the canonical text `0x<64 hex>::module::Name<T,…>`.

Rules:
    * `str()` is the canonical form a node answers with: full-length addresses, no blank after a comma;
    * `parse` takes short addresses and blanks too;
    * nesting is bounded (`MAX_DEPTH`) in text and in BCS, and a text is bounded in length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from sui import bcs
from sui.errors import BcsError, ParseError
from sui.types import Address

MAX_DEPTH = 64
MAX_TEXT = 16_384
_IDENTIFIER = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9_]*|_[a-zA-Z0-9_]+)\Z")
_TOKEN = re.compile(r"\s*([A-Za-z0-9_]+|::|[<>,])\s*")


def is_identifier(text: str) -> bool:
    """Return whether `text` can name a Move module, type or function."""
    return len(text) <= 128 and _IDENTIFIER.match(text) is not None


class TypeTag:
    """Any Move type; its kinds are `PrimitiveTag`, `VectorTag` and `StructTag`."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a type from its text, in canonical or short form.

        Raises:
            ParseError: the text is no Move type, or another kind of type than this class.
        """
        tag = _Parser(text).whole()
        if not isinstance(tag, cls):
            raise ParseError(f"{text[:200]!r} is a Move type, but no {cls.__name__}")
        return tag


@dataclass(frozen=True, slots=True)
class PrimitiveTag(TypeTag):
    """One of bool, u8 … u256, address and signer."""

    name: str

    def __str__(self) -> str:
        """Return the name."""
        return self.name


@dataclass(frozen=True, slots=True)
class VectorTag(TypeTag):
    """`vector<T>`."""

    element: TypeTag

    def __str__(self) -> str:
        """Return the canonical form."""
        return f"vector<{self.element}>"


@dataclass(frozen=True, slots=True)
class StructTag(TypeTag):
    """A struct or enum of a module, with the package id of the version that first defined it."""

    address: Address
    module: str
    name: str
    type_params: tuple[TypeTag, ...] = ()

    def __str__(self) -> str:
        """Return the canonical form."""
        base = f"{self.address}::{self.module}::{self.name}"
        if not self.type_params:
            return base
        return f"{base}<{','.join(map(str, self.type_params))}>"


BOOL_TAG = PrimitiveTag("bool")
U8_TAG = PrimitiveTag("u8")
U16_TAG = PrimitiveTag("u16")
U32_TAG = PrimitiveTag("u32")
U64_TAG = PrimitiveTag("u64")
U128_TAG = PrimitiveTag("u128")
U256_TAG = PrimitiveTag("u256")
ADDRESS_TAG = PrimitiveTag("address")
SIGNER_TAG = PrimitiveTag("signer")

_BY_INDEX: dict[int, PrimitiveTag] = {
    0: BOOL_TAG,
    1: U8_TAG,
    2: U64_TAG,
    3: U128_TAG,
    4: ADDRESS_TAG,
    5: SIGNER_TAG,
    8: U16_TAG,
    9: U32_TAG,
    10: U256_TAG,
}
_INDEX = {tag.name: index for index, tag in _BY_INDEX.items()}
_BY_NAME = {tag.name: tag for tag in _BY_INDEX.values()}
_VECTOR, _STRUCT = 6, 7


class _Parser:
    """Recursive descent over the tokens of a type."""

    def __init__(self, text: str) -> None:
        if len(text) > MAX_TEXT:
            raise ParseError(f"a type of {len(text)} characters is too long (at most {MAX_TEXT})")
        self._text = text
        self._tokens: list[str] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._error(f"unexpected {text[position]!r}")
            self._tokens.append(match.group(1))
            position = match.end()
        self._at = 0

    def _error(self, why: str) -> ParseError:
        return ParseError(f"{self._text[:200]!r} is no Move type: {why}")

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise self._error("it ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, token: str) -> None:
        found = self._next()
        if found != token:
            raise self._error(f"{token!r} expected, {found!r} found")

    def _peek(self) -> str | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _identifier(self) -> str:
        name = self._next()
        if not is_identifier(name):
            raise self._error(f"{name[:80]!r} is no identifier")
        return name

    def whole(self) -> TypeTag:
        tag = self._type(1)
        if self._peek() is not None:
            raise self._error(f"{self._peek()!r} after its end")
        return tag

    def _type(self, depth: int) -> TypeTag:
        if depth > MAX_DEPTH:
            raise self._error(f"nested deeper than {MAX_DEPTH}")
        word = self._next()
        if self._peek() != "::":
            if word == "vector":
                self._expect("<")
                element = self._type(depth + 1)
                self._expect(">")
                return VectorTag(element)
            primitive = _BY_NAME.get(word)
            if primitive is None:
                raise self._error(f"{word[:80]!r} is not a type")
            return primitive
        address = Address.parse(word)
        self._expect("::")
        module = self._identifier()
        self._expect("::")
        name = self._identifier()
        params: list[TypeTag] = []
        if self._peek() == "<":
            self._next()
            params.append(self._type(depth + 1))
            while self._peek() == ",":
                self._next()
                params.append(self._type(depth + 1))
            self._expect(">")
        return StructTag(address, module, name, tuple(params))


class _Identifier(bcs.Codec[str]):
    name = "identifier"
    min_size = 2

    def write(self, out: bytearray, value: str) -> None:
        if not is_identifier(value):
            raise BcsError(f"{value[:80]!r} is no Move identifier")
        bcs.STRING.write(out, value)

    def read(self, reader: bcs.Reader) -> str:
        value = bcs.STRING.read(reader)
        if not is_identifier(value):
            raise BcsError(f"{value[:80]!r} before byte {reader.position} is no Move identifier")
        return value


IDENTIFIER: bcs.Codec[str] = _Identifier()


def _write_struct(out: bytearray, value: StructTag, depth: int) -> None:
    bcs.ADDRESS.write(out, value.address)
    IDENTIFIER.write(out, value.module)
    IDENTIFIER.write(out, value.name)
    bcs.write_uleb128(out, len(value.type_params))
    for param in value.type_params:
        _write_tag(out, param, depth + 1)


def _write_tag(out: bytearray, value: TypeTag, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise BcsError(f"a type is nested deeper than {MAX_DEPTH}")
    if isinstance(value, PrimitiveTag):
        out.append(_INDEX[value.name])
    elif isinstance(value, StructTag):
        out.append(_STRUCT)
        _write_struct(out, value, depth)
    elif isinstance(value, VectorTag):
        out.append(_VECTOR)
        _write_tag(out, value.element, depth + 1)
    else:
        raise BcsError(f"{type(value).__name__} is no Move type")


def _read_struct(reader: bcs.Reader, depth: int) -> StructTag:
    address = bcs.ADDRESS.read(reader)
    module = IDENTIFIER.read(reader)
    name = IDENTIFIER.read(reader)
    count = reader.length()
    if count > reader.remaining:
        raise BcsError(f"a type claims {count} parameters, only {reader.remaining} bytes are left")
    return StructTag(address, module, name, tuple([_read_tag(reader, depth + 1) for _ in range(count)]))


def _read_tag(reader: bcs.Reader, depth: int) -> TypeTag:
    if depth > MAX_DEPTH:
        raise BcsError(f"a type is nested deeper than {MAX_DEPTH}")
    index = reader.uleb128()
    if index == _STRUCT:
        return _read_struct(reader, depth)
    if index == _VECTOR:
        return VectorTag(_read_tag(reader, depth + 1))
    primitive = _BY_INDEX.get(index)
    if primitive is None:
        raise BcsError(f"TypeTag has no variant {index} (before byte {reader.position})")
    return primitive


class _TypeTagCodec(bcs.Codec[TypeTag]):
    name = "TypeTag"
    min_size = 1

    def write(self, out: bytearray, value: TypeTag) -> None:
        _write_tag(out, value, 1)

    def read(self, reader: bcs.Reader) -> TypeTag:
        return _read_tag(reader, 1)


class _StructTagCodec(bcs.Codec[StructTag]):
    name = "StructTag"
    min_size = 37

    def write(self, out: bytearray, value: StructTag) -> None:
        _write_struct(out, value, 1)

    def read(self, reader: bcs.Reader) -> StructTag:
        return _read_struct(reader, 1)


TYPE_TAG: bcs.Codec[TypeTag] = _TypeTagCodec()
STRUCT_TAG: bcs.Codec[StructTag] = _StructTagCodec()

SUI_FRAMEWORK = Address.parse("0x2")
MOVE_STDLIB = Address.parse("0x1")
SUI_COIN_TYPE = StructTag(SUI_FRAMEWORK, "sui", "SUI")
GAS_COIN_TYPE = StructTag(SUI_FRAMEWORK, "coin", "Coin", (SUI_COIN_TYPE,))
