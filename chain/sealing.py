"""Sealing: HPKE for requests, AES-256-GCM for answers and stream frames.

Role: turn plaintext into bytes that only the attested enclave (requests) or only the requester (answers) can read.

Rules: a request is sealed with RFC 9180 base mode under ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM, with the whole
context in `info`. Answer keys come from the reply secret inside the request, one key per purpose; under the answer key
exactly one plaintext is ever sealed, with nonce 0. A stream's nonce is its frame counter and its last-frame flag is
associated data.

It does not know what the context or the plaintext mean: their codecs are in `chain.payload`.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hpke
from cryptography.hazmat.primitives.asymmetric import mlkem, x25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chain.errors import CannotOpenError, PayloadError

_MLKEM_PUBLIC_BYTES = 1184
_X25519_PUBLIC_BYTES = 32
_MLKEM_SEED_BYTES = 64
_TAG_BYTES = 16
_FRAME_LIMIT = 2**64

HPKE_PUBLIC_BYTES = _MLKEM_PUBLIC_BYTES + _X25519_PUBLIC_BYTES
"""Length of an encoded public key: ML-KEM-768 key, then X25519 key."""

HPKE_SEED_BYTES = _MLKEM_SEED_BYTES + 32
"""Length of the seed from which a key pair is made: ML-KEM-768 seed (d, z), then X25519 scalar."""

HPKE_OVERHEAD_BYTES = 1120 + _TAG_BYTES
"""By how much a sealed request is longer than its plaintext."""

REPLY_SECRET_BYTES = 32
"""Length of the reply secret inside a sealed request."""


def _suite() -> hpke.Suite:
    return hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)


@dataclass(frozen=True)
class HpkePublicKey:
    """The enclave's attested key, to which requests are sealed."""

    raw: bytes

    def __post_init__(self) -> None:
        """Refuse a key of another length at once."""
        if len(self.raw) != HPKE_PUBLIC_BYTES:
            raise PayloadError(f"an HPKE public key has {HPKE_PUBLIC_BYTES} bytes, this one has {len(self.raw)}")

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """Seal a request: encapsulated key, then ciphertext."""
        try:
            key = hpke.MLKEM768X25519PublicKey(
                mlkem.MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM_PUBLIC_BYTES]),
                x25519.X25519PublicKey.from_public_bytes(self.raw[_MLKEM_PUBLIC_BYTES:]),
            )
            return _suite().encrypt(plaintext, key, info)
        except ValueError as error:
            raise PayloadError(
                "the enclave's HPKE key is not usable; its registration is wrong, use another one"
            ) from error


class HpkePrivateKey:
    """The key pair that opens requests; it lives in the enclave's key broker only."""

    def __init__(self, seed: bytes) -> None:
        """Make the key pair from `HPKE_SEED_BYTES` of fresh entropy."""
        if len(seed) != HPKE_SEED_BYTES:
            raise PayloadError(f"an HPKE seed has {HPKE_SEED_BYTES} bytes, this one has {len(seed)}")
        pq = mlkem.MLKEM768PrivateKey.from_seed_bytes(seed[:_MLKEM_SEED_BYTES])
        classic = x25519.X25519PrivateKey.from_private_bytes(seed[_MLKEM_SEED_BYTES:])
        self._key = hpke.MLKEM768X25519PrivateKey(pq, classic)
        self.public = HpkePublicKey(pq.public_key().public_bytes_raw() + classic.public_key().public_bytes_raw())

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open a sealed request, or raise CannotOpenError."""
        try:
            return bytes(_suite().decrypt(sealed, self._key, info))
        except (InvalidTag, ValueError) as error:
            raise CannotOpenError(
                "the request does not open: it was sealed for another enclave, sender, token, deadline or envelope"
            ) from error


def derive_key(reply_secret: bytes, info: bytes) -> bytes:
    """Derive one purpose's AES-256 key from the reply secret."""
    if len(reply_secret) != REPLY_SECRET_BYTES:
        raise PayloadError(f"a reply secret has {REPLY_SECRET_BYTES} bytes, this one has {len(reply_secret)}")
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(reply_secret)


def seal_answer(key: bytes, plaintext: bytes) -> bytes:
    """Seal the one answer of a request; a retry must send the journalled bytes, never seal again."""
    return AESGCM(key).encrypt(bytes(12), plaintext, None)


def open_answer(key: bytes, sealed: bytes) -> bytes:
    """Open the answer of a request."""
    try:
        return AESGCM(key).decrypt(bytes(12), sealed, None)
    except (InvalidTag, ValueError) as error:
        raise CannotOpenError("the answer does not open under this request's reply secret") from error


class FrameSealer:
    """Seals the frames of one direction of one stream, in order."""

    def __init__(self, key: bytes) -> None:
        """Start at frame 0 under a key that no other stream has."""
        self._aead = AESGCM(key)
        self._counter = 0
        self._closed = False

    def seal(self, plaintext: bytes, *, last: bool = False) -> bytes:
        """Seal the next frame: one flag byte, then ciphertext."""
        if self._closed or self._counter >= _FRAME_LIMIT:
            raise PayloadError("this stream has ended; nothing can be sealed after its last frame")
        flag = b"\x01" if last else b"\x00"
        sealed = self._aead.encrypt(self._counter.to_bytes(12, "big"), plaintext, flag)
        self._counter += 1
        self._closed = last
        return flag + sealed


class FrameOpener:
    """Opens the frames of one direction of one stream; a lost, repeated or swapped frame does not open."""

    def __init__(self, key: bytes) -> None:
        """Start at frame 0."""
        self._aead = AESGCM(key)
        self._counter = 0
        self.closed = False

    def open(self, frame: bytes) -> bytes:
        """Open the next frame; `closed` is true after the last one."""
        if self.closed:
            raise CannotOpenError("a frame came after the stream's last one")
        flag = frame[:1]
        if flag not in {b"\x00", b"\x01"}:
            raise CannotOpenError("a stream frame begins with its last-frame flag, 0 or 1")
        try:
            plaintext = self._aead.decrypt(self._counter.to_bytes(12, "big"), frame[1:], flag)
        except (InvalidTag, ValueError) as error:
            raise CannotOpenError(f"stream frame {self._counter} does not open: lost, repeated or altered") from error
        self._counter += 1
        self.closed = flag == b"\x01"
        return plaintext
