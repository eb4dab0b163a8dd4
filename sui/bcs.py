"""Binary Canonical Serialization (BCS): small codecs that are put together into larger ones.

Rules:
    * decoding accepts exactly one byte string for each value: ULEB128 lengths in their shortest form, booleans
      0 or 1, map keys in ascending order of their bytes, nothing left over at the end;
    * a length prefix is compared with the bytes that are left (and with the codec's own maximum) before
      anything is allocated, so the work done is linear in the size of the input whatever it claims;
    * structs are frozen dataclasses whose fields stand in BCS order; an enum is a union of such dataclasses,
      one for each variant.

What it does not do: recursion without a bound (see `sui.type_tag` for the one recursive type of Sui), floats, I/O.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sui.bcs_stream import MAX_SEQUENCE_LENGTH, Reader, write_uleb128
from sui.bcs_values import ADDRESS, BOOL, BYTES, STRING, U8, U16, U32, U64, U128, U256, Codec, bounded_bytes, fixed
from sui.errors import BcsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")


class _Vector(Codec[tuple[T, ...]]):
    def __init__(self, element: Codec[T], max_len: int | None) -> None:
        if element.min_size == 0 and max_len is None:
            raise TypeError(f"a vector of {element.name}, which may take no bytes, needs max_len")
        self.name = f"vector<{element.name}>"
        self.min_size = 1
        self._element = element
        self._max_len = MAX_SEQUENCE_LENGTH if max_len is None else max_len

    def write(self, out: bytearray, value: tuple[T, ...]) -> None:
        if len(value) > self._max_len:
            raise BcsError(f"{len(value)} elements exceed the maximum of {self._max_len} in {self.name}")
        write_uleb128(out, len(value))
        write = self._element.write
        for element in value:
            write(out, element)

    def read(self, reader: Reader) -> tuple[T, ...]:
        length = reader.length()
        if length > self._max_len:
            raise BcsError(f"{length} elements exceed the maximum of {self._max_len} in {self.name}")
        if length * self._element.min_size > reader.remaining:
            raise BcsError(f"{self.name} claims {length} elements, only {reader.remaining} bytes are left")
        read = self._element.read
        return tuple([read(reader) for _ in range(length)])


class _Option(Codec["T | None"], Generic[T]):
    def __init__(self, element: Codec[T]) -> None:
        self.name = f"option<{element.name}>"
        self.min_size = 1
        self._element = element

    def write(self, out: bytearray, value: T | None) -> None:
        if value is None:
            out.append(0)
        else:
            out.append(1)
            self._element.write(out, value)

    def read(self, reader: Reader) -> T | None:
        tag = reader.byte()
        if tag == 0:
            return None
        if tag == 1:
            return self._element.read(reader)
        raise BcsError(f"byte {tag:#04x} before position {reader.position} is no option tag")


class _Tuple(Codec[tuple[Any, ...]]):
    def __init__(self, elements: tuple[Codec[Any], ...]) -> None:
        self.name = "(" + ", ".join(element.name for element in elements) + ")"
        self.min_size = sum(element.min_size for element in elements)
        self._elements = elements

    def write(self, out: bytearray, value: tuple[Any, ...]) -> None:
        if len(value) != len(self._elements):
            raise BcsError(f"{len(value)} values for {self.name}")
        for element, part in zip(self._elements, value, strict=True):
            element.write(out, part)

    def read(self, reader: Reader) -> tuple[Any, ...]:
        return tuple([element.read(reader) for element in self._elements])


class _Map(Codec[dict[K, V]]):
    def __init__(self, key: Codec[K], value: Codec[V]) -> None:
        if key.min_size + value.min_size == 0:
            raise TypeError("a map whose entries may take no bytes cannot be bounded")
        self.name = f"map<{key.name}, {value.name}>"
        self.min_size = 1
        self._key = key
        self._value = value

    def write(self, out: bytearray, value: Mapping[K, V]) -> None:
        write_uleb128(out, len(value))
        for key, item in sorted((self._key.encode(key), item) for key, item in value.items()):
            out += key
            self._value.write(out, item)

    def read(self, reader: Reader) -> dict[K, V]:
        length = reader.length()
        if length * (self._key.min_size + self._value.min_size) > reader.remaining:
            raise BcsError(f"{self.name} claims {length} entries, only {reader.remaining} bytes are left")
        result: dict[K, V] = {}
        last = b""
        for index in range(length):
            start = reader.position
            key = self._key.read(reader)
            raw = reader.data[start : reader.position]
            if index and raw <= last:
                raise BcsError(f"keys of {self.name} before byte {reader.position} are not in ascending order")
            last = raw
            result[key] = self._value.read(reader)
        return result


class StructCodec(Codec[T]):
    """The codec of one dataclass; `cls` is the dataclass."""

    def __init__(self, cls: type[T], fields: dict[str, Codec[Any]]) -> None:
        """Tie the codecs of the fields to the dataclass.

        Raises:
            TypeError: the names or their order differ from those of the dataclass.
        """
        declared = [field.name for field in dataclasses.fields(cls) if field.init]  # type: ignore[arg-type]
        if declared != list(fields):
            raise TypeError(f"fields of {cls.__name__} are {declared}, codecs are given for {list(fields)}")
        self.cls = cls
        self.name = cls.__name__
        self.min_size = sum(codec.min_size for codec in fields.values())
        self._readers = tuple(codec.read for codec in fields.values())
        self._writers = tuple((name, codec.write) for name, codec in fields.items())

    def write(self, out: bytearray, value: T) -> None:
        """Append the fields in their order."""
        for name, write in self._writers:
            write(out, getattr(value, name))

    def read(self, reader: Reader) -> T:
        """Take the fields in their order."""
        return self.cls(*[read(reader) for read in self._readers])


class _Enum(Codec[T]):
    def __init__(self, name: str, variants: dict[int, StructCodec[Any]]) -> None:
        self.name = name
        self.min_size = 1 + min(codec.min_size for codec in variants.values())
        self._by_index = variants
        self._by_class = {codec.cls: (index, codec.write) for index, codec in variants.items()}
        if len(self._by_class) != len(variants):
            raise TypeError(f"two variants of {name} share one class")

    def write(self, out: bytearray, value: T) -> None:
        found = self._by_class.get(type(value))
        if found is None:
            raise BcsError(f"{type(value).__name__} is no variant of {self.name}")
        write_uleb128(out, found[0])
        found[1](out, value)

    def read(self, reader: Reader) -> T:
        index = reader.uleb128()
        codec = self._by_index.get(index)
        if codec is None:
            raise BcsError(f"{self.name} has no variant {index} (before byte {reader.position})")
        value: T = codec.read(reader)
        return value


class _Mapped(Codec[V], Generic[K, V]):
    def __init__(self, codec: Codec[K], load: Callable[[K], V], dump: Callable[[V], K], name: str) -> None:
        self.name = name
        self.min_size = codec.min_size
        self._codec = codec
        self._load = load
        self._dump = dump

    def write(self, out: bytearray, value: V) -> None:
        self._codec.write(out, self._dump(value))

    def read(self, reader: Reader) -> V:
        return self._load(self._codec.read(reader))


def vector(element: Codec[T], max_len: int | None = None) -> Codec[tuple[T, ...]]:
    """Return the codec of a sequence, read as a tuple; for `vector<u8>` use BYTES."""
    return _Vector(element, max_len)


def option(element: Codec[T]) -> Codec[T | None]:
    """Return the codec of an optional value, None where it is absent."""
    return _Option(element)


def tuple_of(*elements: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """Return the codec of a tuple with these elements."""
    return _Tuple(elements)


def map_of(key: Codec[K], value: Codec[V]) -> Codec[dict[K, V]]:
    """Return the codec of a map whose entries stand in the order of their keys' bytes."""
    return _Map(key, value)


def struct(cls: type[T], /, **fields: Codec[Any]) -> StructCodec[T]:
    """Return the codec of a dataclass whose fields stand in BCS order.

    Raises:
        TypeError: the names or their order differ from those of the dataclass.
    """
    return StructCodec(cls, fields)


def enum(name: str, /, *variants: StructCodec[Any]) -> Codec[Any]:
    """Return the codec of a union of dataclasses, numbered from 0 in the order given."""
    return _Enum(name, dict(enumerate(variants)))


def sparse_enum(name: str, variants: dict[int, StructCodec[Any]]) -> Codec[Any]:
    """Return the codec of a union of dataclasses with the given numbers."""
    return _Enum(name, variants)


def mapped(codec: Codec[K], load: Callable[[K], V], dump: Callable[[V], K], name: str) -> Codec[V]:
    """Return a codec that writes `dump(value)` with `codec` and reads back through `load`."""
    return _Mapped(codec, load, dump, name)


__all__ = [
    "ADDRESS",
    "BOOL",
    "BYTES",
    "MAX_SEQUENCE_LENGTH",
    "STRING",
    "U8",
    "U16",
    "U32",
    "U64",
    "U128",
    "U256",
    "Codec",
    "Reader",
    "StructCodec",
    "bounded_bytes",
    "enum",
    "fixed",
    "map_of",
    "mapped",
    "option",
    "sparse_enum",
    "struct",
    "tuple_of",
    "vector",
    "write_uleb128",
]
