"""A certificate authority of one proxy's life: it issues the one leaf that the proxy's kubeconfig trusts.

Rules: its key exists in memory only and is gone with the process; it can sign one leaf and nothing below it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

LEAF_NAME: Final = "localhost"
"""The name in the leaf, wherever the proxy listens; its kubeconfig gives it as `tls-server-name`."""

_BACKDATED: Final = timedelta(hours=1)
_LIFETIME: Final = timedelta(days=365)


class OwnAuthority:
    """Issues the proxy's leaf."""

    def __init__(self) -> None:
        """Make a key of fresh entropy."""
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "k3s-daas proxy")])
        self._certificate = (
            _builder(self._name, self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    @property
    def pem(self) -> bytes:
        """The CA certificate."""
        return self._certificate.public_bytes(Encoding.PEM)

    async def issue(self, csr_der: bytes) -> bytes:
        """Issue a leaf for a signing request of this process; PEM, leaf then CA."""
        public_key = x509.load_der_x509_csr(csr_der).public_key()
        leaf = (
            _builder(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, LEAF_NAME)]), self._name, public_key)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(LEAF_NAME)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        return leaf.public_bytes(Encoding.PEM) + self.pem


def _builder(name: x509.Name, issuer: x509.Name, public_key: object) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public_key)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
    )
