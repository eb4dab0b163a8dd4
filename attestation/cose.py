"""COSE_Sign1 with ES384, as attestation documents use it and no more.

The signed bytes are built from the received protected header and payload, never from a re-encoding.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from attestation import cbor
from attestation.errors import BadSignature, MalformedDocument, Step
from attestation.limits import DEFAULT_LIMITS, Limits

_ALGORITHM_LABEL = 1
ES384 = -35
PROTECTED_ES384 = cbor.encode({_ALGORITHM_LABEL: ES384})

_P384_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973


@dataclass(frozen=True)
class Sign1:
    """The parts of a COSE_Sign1 message, as received."""

    protected: bytes
    payload: bytes
    signature: bytes
    tagged: bool


def parse(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Sign1:
    """Take a COSE_Sign1 apart: tag 18 or none, ES384 in the protected header alone, no unprotected header.

    Raises:
        MalformedDocument: at step CBOR or COSE.
    """
    try:
        outer = cbor.decode_maybe_tagged(data, limits=limits)
    except cbor.CborError as error:
        raise MalformedDocument(Step.CBOR, str(error)) from None
    tagged = isinstance(outer, cbor.Tagged)
    array = outer.value if isinstance(outer, cbor.Tagged) else outer
    if not isinstance(array, list) or len(array) != 4:
        raise MalformedDocument(Step.COSE, "not an array of four")
    protected, unprotected, payload, signature = array
    if not isinstance(protected, bytes):
        raise MalformedDocument(Step.COSE, "the protected header is not a byte string")
    try:
        header = cbor.decode(protected, limits=limits)
    except cbor.CborError as error:
        raise MalformedDocument(Step.COSE, f"protected header: {error}") from None
    if header != {_ALGORITHM_LABEL: ES384} or protected != PROTECTED_ES384:
        raise MalformedDocument(Step.COSE, "the protected header is not exactly {1: -35} (ES384)")
    if unprotected != {}:
        raise MalformedDocument(Step.COSE, "the unprotected header is not an empty map")
    if not isinstance(payload, bytes) or not 1 <= len(payload) <= limits.payload_bytes:
        raise MalformedDocument(Step.COSE, f"the payload is not a byte string of 1 to {limits.payload_bytes} bytes")
    if not isinstance(signature, bytes) or len(signature) != limits.signature_bytes:
        raise MalformedDocument(Step.COSE, f"the signature has not exactly {limits.signature_bytes} bytes")
    return Sign1(protected, payload, signature, tagged)


def signed_bytes(protected: bytes, payload: bytes) -> bytes:
    """The bytes that the signature covers (RFC 9052 Sig_structure without external data)."""
    return cbor.encode(["Signature1", protected, b"", payload])


def verify(message: Sign1, key: ec.EllipticCurvePublicKey) -> None:
    """Check the message's signature.

    Raises:
        BadSignature: `key` did not sign these bytes.
    """
    verify_raw(key, message.signature, signed_bytes(message.protected, message.payload))


def verify_raw(key: ec.EllipticCurvePublicKey, signature: bytes, data: bytes) -> None:
    """Check a raw r || s signature (ECDSA P-384, SHA-384) over `data`.

    Raises:
        BadSignature: another length, r or s out of range, or a signature that does not hold.
    """
    if len(signature) != 96:
        raise BadSignature("not 96 bytes of r and s")
    r, s = int.from_bytes(signature[:48], "big"), int.from_bytes(signature[48:], "big")
    if not (0 < r < _P384_ORDER and 0 < s < _P384_ORDER):
        raise BadSignature("r or s is zero or not below the group order")
    try:
        key.verify(utils.encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA384()))
    except InvalidSignature:
        raise BadSignature("the leaf certificate's key did not sign this document") from None


def sign(payload: bytes, key: ec.EllipticCurvePrivateKey, *, tagged: bool = False) -> bytes:
    """Make a COSE_Sign1 message, untagged as devices do."""
    der = key.sign(signed_bytes(PROTECTED_ES384, payload), ec.ECDSA(hashes.SHA384()))
    r, s = utils.decode_dss_signature(der)
    message = [PROTECTED_ES384, {}, payload, r.to_bytes(48, "big") + s.to_bytes(48, "big")]
    return cbor.encode(cbor.Tagged(message) if tagged else message)  # type: ignore[arg-type]
