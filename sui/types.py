"""The plain values of Sui: addresses, digests, object references and owners.

They are immutable and compare by value; an `Address` or `Digest` is its 32 bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from sui import base58
from sui.errors import BcsError, ParseError

_HEX = frozenset("0123456789abcdefABCDEF")


class Address(bytes):
    """A 32-byte Sui address or object id; `str()` is 0x and 64 hex digits."""

    __slots__ = ()

    def __new__(cls, data: bytes) -> Self:
        """Wrap exactly 32 bytes.

        Raises:
            BcsError: the length is another.
        """
        if len(data) != 32:
            raise BcsError(f"an address has 32 bytes, not {len(data)}")
        return super().__new__(cls, data)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read 0x and 1 to 64 hex digits, or 64 hex digits alone.

        Raises:
            ParseError: it is neither.
        """
        digits = text[2:] if text[:2] in {"0x", "0X"} else text
        short = digits is not text
        if not (1 <= len(digits) <= 64) or (not short and len(digits) != 64) or not _HEX.issuperset(digits):
            raise ParseError(f"{text[:80]!r} is no Sui address: 0x and at most 64 hex digits are expected")
        return cls(bytes.fromhex(digits.rjust(64, "0")))

    @property
    def short(self) -> str:
        """The form without leading zeros, as in `0x2`."""
        return "0x" + (self.hex().lstrip("0") or "0")

    def __str__(self) -> str:
        """Return the full-length form."""
        return "0x" + self.hex()

    def __repr__(self) -> str:
        """Return the short form, for people who debug."""
        return f"Address({self.short})"


ObjectID = Address


class Digest(bytes):
    """A 32-byte BLAKE2b digest; `str()` is Base58."""

    __slots__ = ()

    def __new__(cls, data: bytes) -> Self:
        """Wrap exactly 32 bytes.

        Raises:
            BcsError: the length is another.
        """
        if len(data) != 32:
            raise BcsError(f"a digest has 32 bytes, not {len(data)}")
        return super().__new__(cls, data)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the Base58 form.

        Raises:
            ParseError: it is not Base58 of 32 bytes.
        """
        data = base58.decode(text)
        if len(data) != 32:
            raise ParseError(f"{text[:80]!r} is Base58 of {len(data)} bytes, a digest has 32")
        return cls(data)

    def __str__(self) -> str:
        """Return the Base58 form."""
        return base58.encode(self)

    def __repr__(self) -> str:
        """Return the Base58 form, for people who debug."""
        return f"Digest({self})"


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One version of one object."""

    object_id: Address
    version: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class AddressOwner:
    """Owned by an account: only its signature lets a transaction use the object."""

    address: Address


@dataclass(frozen=True, slots=True)
class ObjectOwner:
    """Owned by another object (a dynamic field, or an object transferred to an object's id)."""

    object_id: Address


@dataclass(frozen=True, slots=True)
class SharedOwner:
    """Usable by everyone, ordered by consensus."""

    initial_shared_version: int


@dataclass(frozen=True, slots=True)
class ImmutableOwner:
    """Frozen for ever; everyone may read it."""


@dataclass(frozen=True, slots=True)
class ConsensusAddressOwner:
    """Owned by one account, but ordered by consensus (a party object)."""

    start_version: int
    owner: Address


Owner = AddressOwner | ObjectOwner | SharedOwner | ImmutableOwner | ConsensusAddressOwner

IMMUTABLE = ImmutableOwner()
