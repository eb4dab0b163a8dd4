"""The certificate chain of a document: from a pinned root down to the leaf, at an explicit time.

The first certificate of the cabundle is the sender's word; it is used when the SHA-256 of its bytes is that of a pinned
root. No revocation lists: leaves live three hours.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtensionOID, SignatureAlgorithmOID

from attestation.errors import UntrustedChain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNPARSABLE = (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, UnsupportedAlgorithm)
_KNOWN_CRITICAL = {ExtensionOID.BASIC_CONSTRAINTS, ExtensionOID.KEY_USAGE}


def verify_chain(
    certificate: bytes, cabundle: Sequence[bytes], *, roots: Collection[bytes], at_ms: int
) -> ec.EllipticCurvePublicKey:
    """Check the chain and return the leaf's key.

    Args:
        certificate: DER of the leaf.
        cabundle: DER of the issuers, root first.
        roots: SHA-256 of the DER of each pinned root.
        at_ms: the time at which every certificate must be valid, Unix milliseconds.

    Raises:
        UntrustedChain: which certificate, and why.
    """
    if not cabundle or hashlib.sha256(cabundle[0]).digest() not in roots:
        raise UntrustedChain("its first certificate is not a pinned root")
    encoded = [*cabundle, certificate]
    if len(set(encoded)) != len(encoded):
        raise UntrustedChain("a certificate stands in it twice")
    try:
        when = _EPOCH + timedelta(milliseconds=at_ms)
    except OverflowError:
        raise UntrustedChain("the time to check it at is outside the calendar") from None
    last = len(encoded) - 1
    issuer = _load(cabundle[0], 0)
    issuer_key = _key(issuer, 0)
    for position, der in enumerate(encoded):
        current = _load(der, position)
        _check_signature(current, issuer_key, position)
        # Only from here on are the certificate's fields its issuer's words: names and extensions are parsed late.
        try:
            _check_time(current, position, when)
            _check_role(current, position, issuers_below=max(last - position - 1, 0), leaf=position == last)
            if current.issuer != issuer.subject:
                raise UntrustedChain(f"certificate {position} names another issuer than the one above it")
        except _UNPARSABLE:
            raise UntrustedChain(f"certificate {position} has a malformed field") from None
        issuer, issuer_key = current, _key(current, position)
    return issuer_key


def _load(der: bytes, position: int) -> x509.Certificate:
    try:
        certificate = x509.load_der_x509_certificate(der)
    except _UNPARSABLE:
        raise UntrustedChain(f"certificate {position} is not a DER certificate") from None
    if certificate.version is not x509.Version.v3:
        raise UntrustedChain(f"certificate {position} is not of version 3")
    return certificate


def _key(certificate: x509.Certificate, position: int) -> ec.EllipticCurvePublicKey:
    try:
        key = certificate.public_key()
    except _UNPARSABLE:
        raise UntrustedChain(f"certificate {position} has a malformed key") from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise UntrustedChain(f"certificate {position} has a key that is not on P-384")
    return key


def _check_time(certificate: x509.Certificate, position: int, when: datetime) -> None:
    if when < certificate.not_valid_before_utc:
        raise UntrustedChain(f"certificate {position} is not yet valid")
    if when > certificate.not_valid_after_utc:
        raise UntrustedChain(f"certificate {position} has expired")


def _check_role(certificate: x509.Certificate, position: int, *, issuers_below: int, leaf: bool) -> None:
    constraints: x509.BasicConstraints | None = None
    usage: x509.KeyUsage | None = None
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.BasicConstraints):
            constraints = extension.value
        elif isinstance(extension.value, x509.KeyUsage):
            usage = extension.value
        elif extension.critical and extension.oid not in _KNOWN_CRITICAL:
            raise UntrustedChain(f"certificate {position} has a critical extension that is not known here")
    if usage is None:
        raise UntrustedChain(f"certificate {position} does not say what its key is for")
    if leaf:
        if constraints is not None and constraints.ca:
            raise UntrustedChain("the leaf is a certificate authority")
        if not usage.digital_signature or usage.key_cert_sign:
            raise UntrustedChain("the leaf's key is not for signatures on data alone")
        return
    if constraints is None or not constraints.ca:
        raise UntrustedChain(f"certificate {position} is no certificate authority")
    if not usage.key_cert_sign:
        raise UntrustedChain(f"certificate {position} may not sign certificates")
    if constraints.path_length is not None and issuers_below > constraints.path_length:
        raise UntrustedChain(f"certificate {position} allows fewer issuers below it than there are")


def _check_signature(certificate: x509.Certificate, issuer_key: ec.EllipticCurvePublicKey, position: int) -> None:
    try:
        if certificate.signature_algorithm_oid != SignatureAlgorithmOID.ECDSA_WITH_SHA384:
            raise UntrustedChain(f"certificate {position} is not signed with ECDSA and SHA-384")
        issuer_key.verify(certificate.signature, certificate.tbs_certificate_bytes, ec.ECDSA(hashes.SHA384()))
    except (InvalidSignature, *_UNPARSABLE):
        raise UntrustedChain(f"certificate {position} is not signed by the one above it") from None
