"""Ed25519 keys of Sui accounts and the signatures they make over transactions.

Rules:
    * a user signature is 97 bytes: flag 0, 64 bytes of signature, 32 bytes of public key, over the BLAKE2b-256
      of intent and TransactionData;
    * keys and signatures of other schemes are refused by name, never guessed at;
    * nothing here prints or stores a private key, `repr` shows the address only.

What it does not do: draw randomness (the seed is a parameter), read or write files.
"""

from __future__ import annotations

from functools import cached_property

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sui.digests import blake2b256
from sui.errors import KeyFormatError, SignatureError, UnsupportedSchemeError
from sui.transaction import INTENT_TRANSACTION
from sui.types import Address

ED25519_FLAG = 0
SIGNATURE_SIZE = 97
_SCHEMES = {0: "Ed25519", 1: "Secp256k1", 2: "Secp256r1", 3: "MultiSig", 5: "zkLogin", 6: "Passkey"}


def scheme_name(flag: int) -> str:
    """Return the name of a signature scheme by its flag byte."""
    return _SCHEMES.get(flag, f"unknown scheme {flag}")


def require_ed25519(flag: int) -> None:
    """Refuse every flag but Ed25519's.

    Raises:
        UnsupportedSchemeError: the flag is another scheme's.
    """
    if flag != ED25519_FLAG:
        raise UnsupportedSchemeError(f"{scheme_name(flag)} is not supported here: use an Ed25519 key")


def ed25519_address(public_key: bytes) -> Address:
    """Return the address of an account from its 32-byte Ed25519 public key.

    Raises:
        KeyFormatError: the key has another length.
    """
    if len(public_key) != 32:
        raise KeyFormatError(f"an Ed25519 public key has 32 bytes, not {len(public_key)}")
    return Address(blake2b256(bytes([ED25519_FLAG]) + public_key))


def transaction_signing_digest(transaction_data: bytes) -> bytes:
    """Return the 32 bytes that a signer signs for a transaction."""
    return blake2b256(INTENT_TRANSACTION + transaction_data)


class Ed25519Key:
    """A private key; equal to another with the same public key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        """Wrap a key of `cryptography`."""
        self._private = private

    @classmethod
    def generate(cls, seed: bytes) -> Ed25519Key:
        """Return the key of a 32-byte seed (RFC 8032's private key).

        Raises:
            KeyFormatError: the seed has another length.
        """
        if len(seed) != 32:
            raise KeyFormatError(f"an Ed25519 seed has 32 bytes, not {len(seed)}")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @cached_property
    def public(self) -> bytes:
        """The 32-byte public key."""
        return self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @cached_property
    def address(self) -> Address:
        """The account's address."""
        return ed25519_address(self.public)

    @property
    def seed(self) -> bytes:
        """The 32 secret bytes, for writing a keystore."""
        return self._private.private_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Return the raw 64-byte signature of `message`."""
        return self._private.sign(message)

    def sign_transaction(self, transaction_data: bytes) -> bytes:
        """Return the 97-byte user signature for the BCS of a TransactionData."""
        signature = self.sign(transaction_signing_digest(transaction_data))
        return bytes([ED25519_FLAG]) + signature + self.public

    def __eq__(self, other: object) -> bool:
        """Compare public keys."""
        return isinstance(other, Ed25519Key) and other.public == self.public

    def __hash__(self) -> int:
        """Hash the public key."""
        return hash(self.public)

    def __repr__(self) -> str:
        """Show the address, never the key."""
        return f"Ed25519Key({self.address})"


def verify_ed25519(public_key: bytes, signature: bytes, message: bytes) -> None:
    """Check a raw Ed25519 signature.

    Raises:
        SignatureError: it does not verify.
    """
    if len(public_key) != 32 or len(signature) != 64:
        raise SignatureError(f"{len(signature)} bytes of signature under {len(public_key)} bytes of key: 64 and 32 fit")
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise SignatureError("the Ed25519 signature does not verify for these bytes") from error


def signature_public_key(signature: bytes) -> bytes:
    """Return the public key inside a user signature, unchecked.

    Raises:
        UnsupportedSchemeError: it is of another scheme.
        SignatureError: it has another length.
    """
    if not signature:
        raise SignatureError("the user signature is empty")
    require_ed25519(signature[0])
    if len(signature) != SIGNATURE_SIZE:
        raise SignatureError(f"an Ed25519 user signature has {SIGNATURE_SIZE} bytes, not {len(signature)}")
    return signature[65:]


def verify_user_signature(signature: bytes, transaction_data: bytes) -> Address:
    """Check a user signature over the BCS of a TransactionData and return who signed.

    Whether that address is the sender or the gas owner is the caller's to check.

    Raises:
        UnsupportedSchemeError: it is of another scheme than Ed25519.
        SignatureError: it does not verify.
    """
    public = signature_public_key(signature)
    verify_ed25519(public, signature[1:65], transaction_signing_digest(transaction_data))
    return ed25519_address(public)
