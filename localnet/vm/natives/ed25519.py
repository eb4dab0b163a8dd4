"""`sui::ed25519`: verification by the rules of ZIP 215, as on Sui."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from localnet.vm.natives.registry import plain
from localnet.vm.natives.zip215 import verify_zip215

if TYPE_CHECKING:
    from localnet.vm.session import Session


@plain("0x2", "ed25519", "ed25519_verify")
def ed25519_verify(session: Session, signature: bytearray, public_key: bytearray, message: bytearray) -> bool:
    """Return whether the signature holds.

    OpenSSL accepts less than ZIP 215 does, so only what it refuses is looked at again, slowly.
    """
    session.native_units += 1_802 + 2 * len(message)
    if len(signature) != 64 or len(public_key) != 32:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(bytes(public_key)).verify(bytes(signature), bytes(message))
    except (InvalidSignature, ValueError):
        return verify_zip215(bytes(signature), bytes(public_key), bytes(message))
    return True
