"""A bounded position in a module's bytes."""

from __future__ import annotations

from localnet.vm.errors import MalformedBytecode


class Cursor:
    """Reads from `start` up to `end`; `name` is what messages call this part."""

    __slots__ = ("_data", "_end", "name", "position")

    def __init__(self, data: bytes, start: int, end: int, name: str) -> None:
        """Begin at `start`."""
        self._data = data
        self._end = end
        self.position = start
        self.name = name

    @property
    def at_end(self) -> bool:
        """Whether all was read."""
        return self.position >= self._end

    def take(self, count: int) -> bytes:
        """Read exactly `count` bytes.

        Raises:
            MalformedBytecode: there are fewer.
        """
        end = self.position + count
        if end > self._end:
            raise MalformedBytecode(f"{self.name} ends {end - self._end} bytes too early")
        chunk = self._data[self.position : end]
        self.position = end
        return chunk

    def byte(self) -> int:
        """Read one byte.

        Raises:
            MalformedBytecode: there is none.
        """
        return self.take(1)[0]

    def uleb(self, maximum: int) -> int:
        """Read a canonical ULEB128 number of at most `maximum`.

        Raises:
            MalformedBytecode: it is larger, not canonical, or cut off.
        """
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 63:
                raise MalformedBytecode(f"{self.name}: a number of more than 64 bits")
        if shift and byte == 0:
            raise MalformedBytecode(f"{self.name}: a number is not in its shortest form")
        if value > maximum:
            raise MalformedBytecode(f"{self.name}: {value} is larger than {maximum}")
        return value

    def count(self, maximum: int) -> int:
        """Read how many entries follow; each has at least one byte.

        Raises:
            MalformedBytecode: more than `maximum`, or than bytes are left.
        """
        count = self.uleb(maximum)
        if count > self._end - self.position:
            raise MalformedBytecode(f"{self.name} claims {count} entries, {self._end - self.position} bytes are left")
        return count

    def finish(self) -> None:
        """Check that nothing is left.

        Raises:
            MalformedBytecode: bytes trail.
        """
        if not self.at_end:
            raise MalformedBytecode(f"{self._end - self.position} bytes after the {self.name}")
