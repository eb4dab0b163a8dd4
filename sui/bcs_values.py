"""BCS codecs of single values: integers, booleans, bytes, texts and addresses.

`Codec` is what every codec is; `sui.bcs` puts these together into larger ones and is what others import.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Generic, TypeVar

from sui.bcs_stream import MAX_SEQUENCE_LENGTH, Reader, write_uleb128
from sui.errors import BcsError
from sui.types import Address

T = TypeVar("T")


class Codec(Generic[T]):
    """How one type is written as BCS and read from it.

    `min_size` is the least number of bytes that a value takes; sequences use it to refuse impossible lengths.
    """

    name: str
    min_size: int

    @abstractmethod
    def write(self, out: bytearray, value: T) -> None:
        """Append the bytes of `value`."""

    @abstractmethod
    def read(self, reader: Reader) -> T:
        """Take one value from `reader`."""

    def encode(self, value: T) -> bytes:
        """Return the bytes of `value`.

        Raises:
            BcsError: the value does not fit the type.
        """
        out = bytearray()
        self.write(out, value)
        return bytes(out)

    def decode(self, data: bytes) -> T:
        """Return the value of which `data` is the whole encoding.

        Raises:
            BcsError: the bytes are not exactly one canonical value.
        """
        reader = Reader(bytes(data))
        value = self.read(reader)
        if reader.position != reader.end:
            raise BcsError(f"{reader.remaining} bytes are left over after {self.name}")
        return value


class _Unsigned(Codec[int]):
    def __init__(self, bits: int) -> None:
        self.name = f"u{bits}"
        self.min_size = bits // 8
        self._limit = 1 << bits

    def write(self, out: bytearray, value: int) -> None:
        if not 0 <= value < self._limit:
            raise BcsError(f"{value} does not fit in {self.name}")
        out += value.to_bytes(self.min_size, "little")

    def read(self, reader: Reader) -> int:
        return int.from_bytes(reader.take(self.min_size), "little")


class _Bool(Codec[bool]):
    name = "bool"
    min_size = 1

    def write(self, out: bytearray, value: bool) -> None:  # noqa: FBT001 - the value itself
        out.append(1 if value else 0)

    def read(self, reader: Reader) -> bool:
        value = reader.byte()
        if value > 1:
            raise BcsError(f"byte {value:#04x} before position {reader.position} is no bool")
        return value == 1


class _Bytes(Codec[bytes]):
    name = "bytes"
    min_size = 1

    def __init__(self, max_len: int = MAX_SEQUENCE_LENGTH) -> None:
        self._max_len = max_len

    def write(self, out: bytearray, value: bytes) -> None:
        if len(value) > self._max_len:
            raise BcsError(f"{len(value)} bytes exceed the maximum of {self._max_len}")
        write_uleb128(out, len(value))
        out += value

    def read(self, reader: Reader) -> bytes:
        length = reader.length()
        if length > self._max_len:
            raise BcsError(f"{length} bytes exceed the maximum of {self._max_len}")
        return reader.take(length)


class _String(Codec[str]):
    name = "string"
    min_size = 1

    def write(self, out: bytearray, value: str) -> None:
        try:
            data = value.encode()
        except UnicodeEncodeError as error:
            raise BcsError(f"the text cannot be written as UTF-8: {error.reason}") from error
        write_uleb128(out, len(data))
        out += data

    def read(self, reader: Reader) -> str:
        try:
            return reader.take(reader.length()).decode()
        except UnicodeDecodeError as error:
            raise BcsError(f"text before byte {reader.position} is not UTF-8: {error.reason}") from error


class _Fixed(Codec[bytes]):
    def __init__(self, size: int) -> None:
        self.name = f"{size} bytes"
        self.min_size = size

    def write(self, out: bytearray, value: bytes) -> None:
        if len(value) != self.min_size:
            raise BcsError(f"{len(value)} bytes where exactly {self.min_size} are expected")
        out += value

    def read(self, reader: Reader) -> bytes:
        return reader.take(self.min_size)


class _Address(Codec[Address]):
    name = "address"
    min_size = 32

    def write(self, out: bytearray, value: Address) -> None:
        if len(value) != 32:
            raise BcsError(f"an address has 32 bytes, not {len(value)}")
        out += value

    def read(self, reader: Reader) -> Address:
        return Address(reader.take(32))


U8: Codec[int] = _Unsigned(8)
U16: Codec[int] = _Unsigned(16)
U32: Codec[int] = _Unsigned(32)
U64: Codec[int] = _Unsigned(64)
U128: Codec[int] = _Unsigned(128)
U256: Codec[int] = _Unsigned(256)
BOOL: Codec[bool] = _Bool()
BYTES: Codec[bytes] = _Bytes()
STRING: Codec[str] = _String()
ADDRESS: Codec[Address] = _Address()


def bounded_bytes(max_len: int) -> Codec[bytes]:
    """Return the codec of a `vector<u8>` of at most `max_len` bytes."""
    return _Bytes(max_len)


def fixed(size: int) -> Codec[bytes]:
    """Return the codec of exactly `size` bytes without a length prefix."""
    return _Fixed(size)
