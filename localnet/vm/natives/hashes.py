"""`std::hash`, `sui::hash` and `sui::hmac`."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING

from localnet.vm.natives.keccak import keccak256
from localnet.vm.natives.registry import plain

if TYPE_CHECKING:
    from localnet.vm.session import Session


@plain("0x1", "hash", "sha2_256")
def sha2_256(session: Session, data: bytearray) -> bytearray:
    """Return the SHA-256."""
    session.native_units += 52 + 2 * len(data)
    return bytearray(hashlib.sha256(data).digest())


@plain("0x1", "hash", "sha3_256")
def sha3_256(session: Session, data: bytearray) -> bytearray:
    """Return the SHA3-256."""
    session.native_units += 52 + 2 * len(data)
    return bytearray(hashlib.sha3_256(data).digest())


@plain("0x2", "hash", "blake2b256")
def blake2b256(session: Session, data: bytearray) -> bytearray:
    """Return the BLAKE2b-256."""
    session.native_units += 52 + 2 * len(data)
    return bytearray(hashlib.blake2b(data, digest_size=32).digest())


@plain("0x2", "hash", "keccak256")
def keccak_256(session: Session, data: bytearray) -> bytearray:
    """Return the Keccak-256."""
    session.native_units += 52 + 2 * len(data)
    return bytearray(keccak256(bytes(data)))


@plain("0x2", "hmac", "hmac_sha3_256")
def hmac_sha3_256(session: Session, key: bytearray, message: bytearray) -> bytearray:
    """Return the HMAC with SHA3-256."""
    session.native_units += 52 + 2 * (len(key) + len(message))
    return bytearray(hmac.digest(bytes(key), bytes(message), "sha3_256"))
