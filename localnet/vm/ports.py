"""What an execution is given from outside: the transaction, the ledger's objects, and what natives need."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sui.type_tag import StructTag

_OBJECT_ID_SCOPE = b"\xf1"


@dataclass(slots=True)
class TxContext:
    """What `sui::tx_context` tells; `ids_created` counts on as objects are made."""

    sender: Address
    digest: bytes
    epoch: int = 0
    epoch_timestamp_ms: int = 0
    gas_price: int = 1000
    reference_gas_price: int = 1000
    gas_budget: int = 0
    sponsor: Address | None = None
    ids_created: int = 0

    def fresh_id(self) -> Address:
        """Return the next object id: BLAKE2b-256(0xf1, digest, counter as u64)."""
        seed = _OBJECT_ID_SCOPE + self.digest + self.ids_created.to_bytes(8, "little")
        self.ids_created += 1
        return Address(hashlib.blake2b(seed, digest_size=32).digest())


class StoredObject(NamedTuple):
    """An object as the ledger keeps it."""

    type: StructTag
    contents: bytes
    version: int


class ObjectReader(Protocol):
    """The ledger's objects that Move code may load while it runs."""

    def get(self, object_id: Address, parent: Address) -> StoredObject | None:
        """Return the object if it is there and owned by the object `parent` (a dynamic field)."""
        ...

    def receive(self, object_id: Address, parent: Address, version: int) -> StoredObject | None:
        """Return the object if it was sent to the address `parent` and has this version."""
        ...


class NoObjects:
    """A ledger without objects, for calls that load none."""

    def get(self, object_id: Address, parent: Address) -> StoredObject | None:  # noqa: ARG002
        """Return nothing."""
        return None

    def receive(self, object_id: Address, parent: Address, version: int) -> StoredObject | None:  # noqa: ARG002
        """Return nothing."""
        return None


@dataclass(frozen=True, slots=True)
class NitroDocument:
    """The fields of a verified attestation document that `sui::nitro_attestation` shows."""

    module_id: bytes
    timestamp: int
    digest: bytes
    pcrs: Sequence[tuple[int, bytes]]
    public_key: bytes | None
    user_data: bytes | None
    nonce: bytes | None


class NitroRefused(Exception):  # noqa: N818 - becomes a Move abort
    """A document that is not accepted: `code` 1 = cannot be parsed, 2 = does not verify, 3 = invalid PCRs."""

    def __init__(self, code: int, reason: str) -> None:
        """Keep the abort code."""
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class NativesConfig:
    """What natives need from outside.

    `nitro` takes a document and the clock in milliseconds and raises `NitroRefused`; None = "not supported" (abort 0).
    """

    nitro: Callable[[bytes, int], NitroDocument] | None = None
    debug_print: Callable[[str], None] | None = None
    features: frozenset[str] = frozenset()
    random_seed: bytes = b""
