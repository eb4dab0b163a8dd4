"""A strict CBOR codec for attestation documents and NSM messages.

It decodes what the device really writes (RFC 8949 without floats: integers, byte and text strings, arrays,
maps of definite or indefinite length, false, true, null, tag 18 at the very top) and refuses everything else:
duplicate keys, keys that are neither integer nor text, trailing bytes, heads longer than needed, other tags,
other simple values, indefinite strings and arrays, and anything deeper, longer or more numerous than the caps.
A length is compared with the bytes that are left before anything is allocated.

It does no I/O, knows no field names and keeps no state between calls.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attestation.limits import DEFAULT_LIMITS, Limits

Value = int | bytes | str | bool | None | list["Value"] | dict["int | str", "Value"]
Key = int | str

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_INDEFINITE = 31
_BREAK = 0xFF
_SIGN1_TAG = 18
_SIMPLE_VALUES: dict[int, bool | None] = {20: False, 21: True, 22: None}


class CborError(ValueError):
    """The bytes are not CBOR as this codec accepts it."""


@dataclass(frozen=True)
class Tagged:
    """A value under tag 18 (COSE_Sign1), which may stand at the top only."""

    value: Value


@dataclass(frozen=True)
class IndefiniteMap:
    """A map to be written with indefinite length, as real devices write the document."""

    entries: Mapping[Key, object]


def decode(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Value:
    """Decode exactly one untagged value that fills `data`.

    Raises:
        CborError: what was refused and at which byte.
    """
    decoder = _Decoder(data, limits)
    value = decoder.value(0)
    decoder.finish()
    return value


def decode_maybe_tagged(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Value | Tagged:
    """Decode one value that may stand under tag 18.

    Raises:
        CborError: what was refused and at which byte.
    """
    decoder = _Decoder(data, limits)
    tagged = data[:1] == bytes([_TAG << 5 | _SIGN1_TAG])
    if tagged:
        decoder.position = 1
    value = decoder.value(0)
    decoder.finish()
    return Tagged(value) if tagged else value


class _Decoder:
    def __init__(self, data: bytes, limits: Limits) -> None:
        if len(data) > limits.document_bytes:
            raise CborError(f"{len(data)} bytes are more than the {limits.document_bytes} allowed")
        self.data = data
        self.position = 0
        self._limits = limits
        self._items = 0

    def finish(self) -> None:
        if self.position != len(self.data):
            raise CborError(f"{len(self.data) - self.position} trailing bytes at byte {self.position}")

    def value(self, depth: int) -> Value:
        if depth > self._limits.cbor_depth:
            raise CborError(f"nested deeper than {self._limits.cbor_depth} at byte {self.position}")
        self._items += 1
        if self._items > self._limits.cbor_items:
            raise CborError(f"more than {self._limits.cbor_items} items at byte {self.position}")
        at = self.position
        major, info = self._head()
        if major == _SIMPLE:
            if info not in _SIMPLE_VALUES:
                raise CborError(f"simple value or float {info} at byte {at}")
            return _SIMPLE_VALUES[info]
        if major == _TAG:
            raise CborError(f"tag at byte {at}: only tag 18 around the whole document is known")
        if info == _INDEFINITE:
            if major != _MAP:
                raise CborError(f"indefinite length of major type {major} at byte {at}")
            return self._map(None, depth)
        argument = self._argument(info, at)
        if major == _UNSIGNED:
            return argument
        if major == _NEGATIVE:
            return -1 - argument
        if major == _ARRAY:
            self._fits(argument, at)
            return [self.value(depth + 1) for _ in range(argument)]
        if major == _MAP:
            self._fits(argument * 2, at)
            return self._map(argument, depth)
        self._fits(argument, at)
        taken = self.data[self.position : self.position + argument]
        self.position += argument
        if major == _BYTES:
            return taken
        try:
            return taken.decode("utf-8")
        except UnicodeDecodeError:
            raise CborError(f"text at byte {at} is not UTF-8") from None

    def _map(self, count: int | None, depth: int) -> dict[Key, Value]:
        entries: dict[Key, Value] = {}
        while count is None or len(entries) < count:
            at = self.position
            if count is None and self.data[at : at + 1] == bytes([_BREAK]):
                self.position += 1
                break
            key = self.value(depth + 1)
            if isinstance(key, bool) or not isinstance(key, int | str):
                raise CborError(f"map key at byte {at} is neither an integer nor text")
            if key in entries:
                raise CborError(f"duplicate map key at byte {at}")
            entries[key] = self.value(depth + 1)
        return entries

    def _head(self) -> tuple[int, int]:
        if self.position >= len(self.data):
            raise CborError(f"ends at byte {self.position}, in the middle of an item")
        initial = self.data[self.position]
        self.position += 1
        return initial >> 5, initial & 0x1F

    def _argument(self, info: int, at: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise CborError(f"reserved head at byte {at}")
        size = 1 << (info - 24)
        raw = self.data[self.position : self.position + size]
        if len(raw) != size:
            raise CborError(f"ends in the head at byte {at}")
        self.position += size
        argument = int.from_bytes(raw, "big")
        if argument < (24 if size == 1 else 1 << (size * 4)):
            raise CborError(f"head at byte {at} is longer than needed")
        return argument

    def _fits(self, count: int, at: int) -> None:
        left = len(self.data) - self.position
        if count > left:
            raise CborError(f"length {count} at byte {at} is more than the {left} bytes that are left")


def encode(value: object) -> bytes:
    """Encode integers, bytes, text, bool, None, sequences and mappings (and the two marks above), in shortest form.

    Raises:
        CborError: a value of another kind.
    """
    out = bytearray()
    _write(out, value)
    return bytes(out)


def _write(out: bytearray, value: object) -> None:
    match value:
        case None:
            out.append(_SIMPLE << 5 | 22)
        case bool():
            out.append(_SIMPLE << 5 | (21 if value else 20))
        case int():
            _write_head(out, *((_UNSIGNED, value) if value >= 0 else (_NEGATIVE, -1 - value)))
        case bytes() | bytearray() | memoryview():
            _write_head(out, _BYTES, len(value))
            out += value
        case str():
            raw = value.encode()
            _write_head(out, _TEXT, len(raw))
            out += raw
        case Tagged(value=inner):
            _write_head(out, _TAG, _SIGN1_TAG)
            _write(out, inner)
        case IndefiniteMap(entries=entries):
            out.append(_MAP << 5 | _INDEFINITE)
            for key, item in entries.items():
                _write(out, key)
                _write(out, item)
            out.append(_BREAK)
        case Mapping():
            _write_head(out, _MAP, len(value))
            for key, item in value.items():
                _write(out, key)
                _write(out, item)
        case Sequence():
            _write_head(out, _ARRAY, len(value))
            for item in value:
                _write(out, item)
        case _:
            raise CborError(f"cannot encode a {type(value).__name__}")


def _write_head(out: bytearray, major: int, argument: int) -> None:
    if argument < 24:
        out.append(major << 5 | argument)
        return
    for info, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if argument < 1 << (8 * size):
            out.append(major << 5 | info)
            out += argument.to_bytes(size, "big")
            return
    raise CborError("an integer does not fit into 64 bits")
