"""The bytes below the BCS codecs: a bounded reader, and ULEB128 in its shortest form.

Every read is checked against what is left before anything is taken or allocated.
"""

from sui.errors import BcsError

MAX_SEQUENCE_LENGTH = (1 << 31) - 1


class Reader:
    """A position in a byte string from which codecs take what they need."""

    __slots__ = ("data", "end", "position")

    def __init__(self, data: bytes) -> None:
        """Start reading `data` at its first byte."""
        self.data = data
        self.position = 0
        self.end = len(data)

    @property
    def remaining(self) -> int:
        """The number of bytes that are left."""
        return self.end - self.position

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes.

        Raises:
            BcsError: fewer bytes are left.
        """
        start = self.position
        stop = start + count
        if stop > self.end:
            raise BcsError(f"input ends at byte {self.end}, {count} bytes were expected at {start}")
        self.position = stop
        return self.data[start:stop]

    def byte(self) -> int:
        """Return the next byte as a number.

        Raises:
            BcsError: nothing is left.
        """
        position = self.position
        if position >= self.end:
            raise BcsError(f"input ends at byte {self.end}, one more byte was expected")
        self.position = position + 1
        return self.data[position]

    def uleb128(self) -> int:
        """Return the next ULEB128 number, which fits in 32 bits and is in its shortest form.

        Raises:
            BcsError: it is longer than needed, does not fit, or the input ends.
        """
        value = self.byte()
        if value < 0x80:
            return value
        value &= 0x7F
        shift = 7
        while True:
            part = self.byte()
            value |= (part & 0x7F) << shift
            if part < 0x80:
                if part == 0:
                    raise BcsError(f"length before byte {self.position} is not in its shortest form")
                break
            shift += 7
            if shift > 28:
                raise BcsError(f"length before byte {self.position} does not fit in 32 bits")
        if value >> 32:
            raise BcsError(f"length before byte {self.position} does not fit in 32 bits")
        return value

    def length(self) -> int:
        """Return the next sequence length.

        Raises:
            BcsError: it exceeds what BCS allows at all.
        """
        value = self.uleb128()
        if value > MAX_SEQUENCE_LENGTH:
            raise BcsError(f"length {value} exceeds the maximum of BCS, {MAX_SEQUENCE_LENGTH}")
        return value


def write_uleb128(out: bytearray, value: int) -> None:
    """Append `value` as ULEB128.

    Raises:
        BcsError: the value is negative or does not fit in 32 bits.
    """
    if not 0 <= value < 1 << 32:
        raise BcsError(f"{value} cannot be written as a 32-bit ULEB128 number")
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
