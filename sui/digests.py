"""Sui's digests and the ids derived from them: BLAKE2b-256 over a type's name, "::", and its BCS.

Every function takes the BCS bytes, so that a digest is checked over what was received, not over what was re-encoded.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from sui import type_tag
from sui.types import Address, Digest

if TYPE_CHECKING:
    from collections.abc import Iterable

_OBJECT_ID_SCOPE = b"\xf1"
_DYNAMIC_FIELD_SCOPE = b"\xf0"


def blake2b256(data: bytes) -> bytes:
    """Return the plain BLAKE2b-256 of `data`."""
    return hashlib.blake2b(data, digest_size=32).digest()


def salted_digest(name: str, data: bytes) -> Digest:
    """Return the digest of BCS bytes under the name of their type, as Sui salts it."""
    hasher = hashlib.blake2b(name.encode() + b"::", digest_size=32)
    hasher.update(data)
    return Digest(hasher.digest())


def transaction_digest(transaction_data: bytes) -> Digest:
    """Return the digest of a transaction from the BCS of its TransactionData."""
    return salted_digest("TransactionData", transaction_data)


def effects_digest(effects: bytes) -> Digest:
    """Return the digest of a transaction's effects from the BCS of TransactionEffects."""
    return salted_digest("TransactionEffects", effects)


def events_digest(events: bytes) -> Digest:
    """Return the digest that effects name for their events, from the BCS of TransactionEvents."""
    return salted_digest("TransactionEvents", events)


def object_digest(data: bytes) -> Digest:
    """Return the digest of one version of an object from the BCS of the whole object."""
    return salted_digest("Object", data)


def checkpoint_summary_digest(summary: bytes) -> Digest:
    """Return the digest of a checkpoint from the BCS of its summary."""
    return salted_digest("CheckpointSummary", summary)


def checkpoint_contents_digest(contents: bytes) -> Digest:
    """Return the digest that a summary names for its contents, from the BCS of CheckpointContents."""
    return salted_digest("CheckpointContents", contents)


def upgrade_digest(modules: Iterable[bytes], dependencies: Iterable[Address]) -> Digest:
    """Return the digest of a package's next version that an UpgradeTicket names; no order matters.

    Args:
        modules: bytecode as it is sent, with its own address 0x0.
        dependencies: storage ids of all packages that it is linked with, as they are sent.
    """
    parts = [blake2b256(code) for code in modules] + [bytes(package) for package in dependencies]
    return Digest(blake2b256(b"".join(sorted(parts))))


def derive_object_id(transaction: Digest, creation_number: int) -> Address:
    """Return the id of the `creation_number`-th object that a transaction creates."""
    return Address(blake2b256(_OBJECT_ID_SCOPE + transaction + creation_number.to_bytes(8, "little")))


def dynamic_field_id(parent: Address, key_type: type_tag.TypeTag, key: bytes) -> Address:
    """Return the id of the field object of `parent` under a key.

    Args:
        parent: id of the object that has the field.
        key_type: Move type of the key; for a dynamic object field it is
            `0x2::dynamic_object_field::Wrapper<K>`.
        key: BCS bytes of the key.
    """
    tag = type_tag.TYPE_TAG.encode(key_type)
    return Address(blake2b256(_DYNAMIC_FIELD_SCOPE + parent + len(key).to_bytes(8, "little") + key + tag))
