"""The simulation's certificate chain, shaped like AWS's: root, region, zone, instance, leaf.

Validity and constraints follow the real documents (region 20 days and path length 2, zone 6 days and 1, instance one
day and 0, leaf 3 hours). Only the root key is ever stored, by `attestation.sim.store`; all others live as long as
the simulated device. Pure: the time is a parameter, nothing is read or written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE = timedelta(seconds=3)
_LEAF_LIFE = timedelta(hours=3)
_ROOT_LIFE = timedelta(days=3650)
_LINE = (
    ("region", timedelta(days=20), 2),
    ("zone", timedelta(days=6), 1),
    ("instance", timedelta(days=1), 0),
)
_ROOT_NAME = "k3s-daas simulation root, not AWS"


@dataclass(frozen=True)
class Authority:
    """A certificate and the key under it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate's DER."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Chain:
    """What a document needs: the leaf with its key, and the issuers, root first."""

    leaf: Authority
    cabundle: tuple[bytes, ...]
    renew_at_ms: int


def make_root(at_ms: int, *, name: str = _ROOT_NAME) -> Authority:
    """Make a self-signed root that is valid from an hour before `at_ms` for ten years."""
    key = ec.generate_private_key(ec.SECP384R1())
    start = _time(at_ms) - timedelta(hours=1)
    return Authority(_certificate(name, key, name, key, (start, start + _ROOT_LIFE), path_length=None, ca=True), key)


def make_chain(root: Authority, module_id: str, at_ms: int) -> Chain:
    """Make fresh region, zone, instance and leaf certificates under `root`, valid at `at_ms`."""
    issuer, cabundle = root, [root.der]
    start = _time(at_ms) - _BEFORE
    for name, life, path_length in _LINE:
        issuer = _issue(issuer, f"{name}.simulation", (start, start + life), path_length=path_length, ca=True)
        cabundle.append(issuer.der)
    leaf = _issue(issuer, module_id, (start, start + _BEFORE + _LEAF_LIFE), path_length=None, ca=False)
    return Chain(leaf, tuple(cabundle), at_ms + int(_LEAF_LIFE.total_seconds() * 500))


def _issue(
    issuer: Authority, name: str, life: tuple[datetime, datetime], *, path_length: int | None, ca: bool
) -> Authority:
    key = ec.generate_private_key(ec.SECP384R1())
    issuer_name = str(issuer.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
    return Authority(_certificate(name, key, issuer_name, issuer.key, life, path_length=path_length, ca=ca), key)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer_name: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    life: tuple[datetime, datetime],
    *,
    path_length: int | None,
    ca: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(life[0])
        .not_valid_after(life[1])
        .add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        .add_extension(usage, critical=ca)
        .sign(issuer_key, hashes.SHA384())
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _time(at_ms: int) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).replace(microsecond=0)
