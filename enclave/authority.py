"""The enclave's own certificate authority: P-256, for one name, and gone with the enclave.

Validity is without end: the enclave trusts no clock that could bound it, the key dies with the memory it lives in,
and who trusts it has checked its hash in an attestation document first. Pure: no I/O.
"""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from enclave.custody_limits import LIMITS
from enclave.errors import KeyRefused

SERVER_NAME = "enclave.k3s-daas"
"""The one name that leaves are issued for."""

_START = datetime(2025, 1, 1, tzinfo=UTC)
_WITHOUT_END = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)


class CertificateAuthority:
    """Issues the gateway's leaf."""

    def __init__(self, seed: bytes) -> None:
        """Make the key from at least 48 bytes of fresh entropy."""
        order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        scalar = int.from_bytes(seed, "big") % (order - 1) + 1
        self._key = ec.derive_private_key(scalar, ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "k3s-daas enclave")])
        self._name = name
        self._certificate = (
            _builder(name, name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(ca=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def der(self) -> bytes:
        """The CA certificate."""
        return self._certificate.public_bytes(Encoding.DER)

    def issue(self, csr_der: bytes) -> bytes:
        """Issue a leaf for the one server name to the key of a signing request; PEM, leaf then CA.

        Nothing of the request is taken over but its key.

        Raises:
            KeyRefused: the request is malformed, not signed by its own key, or its key is not on P-256.
        """
        if len(csr_der) > LIMITS.csr_bytes:
            raise KeyRefused(f"a signing request has at most {LIMITS.csr_bytes} bytes")
        try:
            request = x509.load_der_x509_csr(csr_der)
            key = request.public_key()
            if not request.is_signature_valid:
                raise KeyRefused("the signing request is not signed by its own key")
        except (ValueError, TypeError, UnsupportedAlgorithm, InvalidSignature):
            raise KeyRefused("the signing request is malformed") from None
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise KeyRefused("the signing request's key is not on P-256")
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, SERVER_NAME)])
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        leaf = (
            _builder(subject, self._name, key)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(SERVER_NAME)]), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return leaf.public_bytes(Encoding.PEM) + self._certificate.public_bytes(Encoding.PEM)


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_START)
        .not_valid_after(_WITHOUT_END)
    )


def _usage(*, ca: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
