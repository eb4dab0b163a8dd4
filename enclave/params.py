"""Reading the parameters of a call: each field by name and type, with a clear refusal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from enclave.errors import SignatureRefused
from sui.types import Address, Digest, ObjectRef

_U64 = (1 << 64) - 1
_ABSENT = object()


@dataclass(frozen=True)
class Fields:
    """The fields of one map; every reader raises SignatureRefused `bad-request` for what does not fit."""

    raw: dict[str, Any]

    def number(self, name: str, *, most: int = _U64) -> int:
        """An integer from 0 to `most`."""
        value = self.raw.get(name)
        if type(value) is not int or not 0 <= value <= most:
            raise _bad(name, f"an integer from 0 to {most}")
        return value

    def optional_number(self, name: str) -> int | None:
        """An integer, or nothing."""
        return None if self.raw.get(name) is None else self.number(name)

    def bytes(self, name: str, default: bytes | None = None) -> bytes:
        """A byte string; `default` where the field is absent."""
        value = self.raw.get(name, _ABSENT if default is None else default)
        if not isinstance(value, bytes):
            raise _bad(name, "a byte string")
        return value

    def address(self, name: str, default: Address | None = None) -> Address:
        """A 32-byte address or object id; `default` where the field is absent."""
        value = self.bytes(name, default)
        if len(value) != 32:
            raise _bad(name, "32 bytes")
        return Address(value)

    def optional_map(self, name: str) -> Fields | None:
        """A map, or nothing."""
        value = self.raw.get(name)
        return None if value is None else fields(value)

    def maps(self, name: str) -> list[Fields]:
        """A list of maps."""
        value = self.raw.get(name)
        if not isinstance(value, list):
            raise _bad(name, "a list")
        return [fields(item) for item in value]

    def object_ref(self) -> ObjectRef:
        """The fields object_id, version and digest."""
        digest = self.bytes("digest")
        if len(digest) != 32:
            raise _bad("digest", "32 bytes")
        return ObjectRef(self.address("object_id"), self.number("version"), Digest(digest))


def fields(raw: Any) -> Fields:
    """Take a call's parameters as a map.

    Raises:
        SignatureRefused: they are none.
    """
    if not isinstance(raw, dict):
        raise SignatureRefused("bad-request", "the parameters are not a map")
    return Fields(raw)


def _bad(name: str, wanted: str) -> SignatureRefused:
    return SignatureRefused("bad-request", f"the parameter {name} is not {wanted}")
