"""The signature section of an enclave image: who says that this is his image.

Format: CBOR `[{"signing_certificate": [ints], "signature": [ints]}]`, arrays of small numbers, not byte strings; the
signature is an untagged COSE_Sign1 with ES384 over CBOR `{"register_index": 0, "register_value": [48 ints]}`, where the
certificate is PEM and the value is PCR0. Source: aws-nitro-enclaves-image-format, `src/utils/eif_signer.rs`.

Rules: one certificate, P-384, valid at the given time; the signed value must be the image's own PCR0. Who may sign is
the reader's concern: PCR8 says which certificate it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from attestation import cbor, cose
from attestation.eif_pcrs import ImagePcrs, measure_image
from attestation.errors import BadSignature, ImageRefused, MalformedDocument
from attestation.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from datetime import datetime

    from attestation.eif import Image

_PCR_BYTES = 48
_CBOR_ITEMS = 1 << 15


@dataclass(frozen=True)
class ImageSignature:
    """A signature whose form is right: the certificate, the COSE message and the value that it signs as PCR0."""

    certificate: x509.Certificate
    message: cose.Sign1
    pcr0: bytes


def read_signature(image: Image) -> ImageSignature | None:
    """The image's signature, None where it has none. Nothing is verified.

    Raises:
        ImageRefused: the section is not one signature of the known form.
    """
    if not image.signature:
        return None
    limits = replace(DEFAULT_LIMITS, cbor_items=_CBOR_ITEMS)
    try:
        entries = cbor.decode(image.signature, limits=limits)
        if not isinstance(entries, list) or len(entries) != 1:
            raise ImageRefused("signature", "it is not exactly one signature")
        pem = _bytes_of(entries[0], "signing_certificate")
        message = cose.parse(_bytes_of(entries[0], "signature"))
        signed = cbor.decode(message.payload)
    except cbor.CborError as error:
        raise ImageRefused("signature", f"it is not CBOR: {error}") from None
    except MalformedDocument as error:
        raise ImageRefused("signature", f"it is not COSE with ES384: {error.reason}") from None
    if not isinstance(signed, dict) or signed.get("register_index") != 0 or len(signed) != 2:
        raise ImageRefused("signature", "it does not sign register 0")
    value = _bytes_of(signed, "register_value")
    if len(value) != _PCR_BYTES:
        raise ImageRefused("signature", f"it signs a value of {len(value)} bytes")
    return ImageSignature(_certificate(pem), message, value)


def verify_image(image: Image, *, at: datetime) -> ImagePcrs:
    """Measure an image and check its signature, if it has one.

    Args:
        image: the image.
        at: the time at which the certificate has to be valid, with a time zone.

    Raises:
        ImageRefused: the signature is not that of its certificate over this image's PCR0 at that time.
    """
    found = read_signature(image)
    if found is None:
        return measure_image(image)
    key = found.certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise ImageRefused("signature", "the certificate's key is not P-384")
    if not found.certificate.not_valid_before_utc <= at <= found.certificate.not_valid_after_utc:
        raise ImageRefused("signature", "the certificate is not valid at this time")
    pcrs = measure_image(image, certificate_der=found.certificate.public_bytes(Encoding.DER))
    if found.pcr0 != pcrs.pcr0:
        raise ImageRefused("signature", "it signs another image")
    try:
        cose.verify(found.message, key)
    except BadSignature:
        raise ImageRefused("signature", "the certificate's key did not make it") from None
    return pcrs


def sign_image(image: Image, key: ec.EllipticCurvePrivateKey, certificate_pem: bytes) -> Image:
    """The image with a signature, in place of any that it had.

    Raises:
        ImageRefused: the certificate is not exactly one, or not that of the key; only P-384 keys sign.
    """
    certificate = _certificate(certificate_pem)
    if not isinstance(key.curve, ec.SECP384R1) or certificate.public_key() != key.public_key():
        raise ImageRefused("signature", "the certificate is not that of a P-384 key that was given")
    payload = {"register_index": 0, "register_value": list(measure_image(image).pcr0)}
    entry = {
        "signing_certificate": list(certificate_pem),
        "signature": list(cose.sign(cbor.encode(payload), key)),
    }
    return replace(image, signature=cbor.encode([entry]))


def _certificate(pem: bytes) -> x509.Certificate:
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise ImageRefused("signature", "the certificate cannot be read") from None
    if len(found) != 1:
        raise ImageRefused("signature", f"{len(found)} certificates instead of one")
    return found[0]


def _bytes_of(entry: object, name: str) -> bytes:
    """Bytes that stand as an array of numbers."""
    numbers = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(numbers, list) or not all(type(each) is int and 0 <= each <= 255 for each in numbers):
        raise ImageRefused("signature", f"{name} is not an array of bytes")
    return bytes(numbers)
