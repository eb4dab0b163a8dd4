"""A forge for attestation documents: true ones, and ones that are wrong in exactly one way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from attestation import Measurement, Policy, TrustRoots, cbor, cose
from attestation.sim.pki import Authority, make_chain, make_root

AT_MS = 1_750_000_000_000
SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "vectors"


def pcr(n):
    return bytes([n + 1]) * 48


@dataclass
class Forge:
    root: Authority = field(default_factory=lambda: make_root(AT_MS))
    at_ms: int = AT_MS

    def __post_init__(self):
        self.chain = make_chain(self.root, "i-1-enc1", AT_MS)

    def fields(self, **changes):
        base = {
            "module_id": "i-1-enc1",
            "digest": "SHA384",
            "timestamp": AT_MS,
            "pcrs": {n: pcr(n) for n in range(16)},
            "certificate": self.chain.leaf.der,
            "cabundle": list(self.chain.cabundle),
            "public_key": b"k" * 32,
            "user_data": b"u" * 32,
            "nonce": b"n" * 32,
        }
        return base | changes

    def payload(self, **changes):
        return cbor.encode(cbor.IndefiniteMap(self.fields(**changes)))

    def document(self, payload=None, *, key=None, **changes):
        return cose.sign(payload or self.payload(**changes), key or self.chain.leaf.key)

    def message(self, *, protected=cose.PROTECTED_ES384, unprotected=None, payload=None, signature=None, wrap=None):
        """A COSE message put together by hand; the signature is right for the parts unless given."""
        payload = payload if payload is not None else self.payload()
        if signature is None:
            genuine = cbor.decode(cose.sign(payload, self.chain.leaf.key))
            signature = genuine[3]
        parts = [protected, {} if unprotected is None else unprotected, payload, signature]
        return cbor.encode(wrap(parts) if wrap else parts)

    def policy(self, **changes):
        base = {
            "roots": TrustRoots.from_der(self.root.der),
            "at_ms": AT_MS,
            "measurements": frozenset({Measurement(pcr(0), pcr(1), pcr(2))}),
            "nonce": b"n" * 32,
            "user_data": b"u" * 32,
            "public_key": b"k" * 32,
        }
        return Policy(**(base | changes))

    def line(self, levels, *, leaf_options=None, leaf_issuer=None):
        """A chain with one (options) per intermediate; returns (cabundle, leaf authority)."""
        issuer, bundle = self.root, [self.root.der]
        for number, options in enumerate(levels):
            issuer = self.certificate(f"level {number}", issuer, **options)
            bundle.append(issuer.der)
        leaf = self.certificate(
            "i-1-enc1", leaf_issuer or issuer, **({"ca": False, "usage": "leaf"} | (leaf_options or {}))
        )
        return bundle, leaf

    def signed_with(self, bundle, leaf):
        return self.document(certificate=leaf.der, cabundle=bundle, key=leaf.key)

    @staticmethod
    def certificate(
        name,
        issuer,
        *,
        ca=True,
        path_length=None,
        usage="ca",
        start_s=-3,
        end_s=10_800,
        key=None,
        digest=None,
        issuer_name=None,
        sign_key=None,
        critical_unknown=False,
        constraints=True,
    ):
        key = key or ec.generate_private_key(ec.SECP384R1())
        now = datetime.fromtimestamp(AT_MS / 1000, UTC)
        subject = issuer.certificate.subject
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer_name)]) if issuer_name else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(seconds=start_s))
            .not_valid_after(now + timedelta(seconds=end_s))
        )
        if constraints:
            builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=path_length), critical=True)
        if usage:
            flags = dict.fromkeys(
                (
                    "content_commitment",
                    "key_encipherment",
                    "data_encipherment",
                    "key_agreement",
                    "crl_sign",
                    "encipher_only",
                    "decipher_only",
                ),
                False,
            )
            kinds = {
                "ca": (True, True),
                "leaf": (True, False),
                "no-cert-sign": (True, False),
                "no-sign": (False, False),
            }
            sign, cert_sign = kinds[usage]
            builder = builder.add_extension(
                x509.KeyUsage(digital_signature=sign, key_cert_sign=cert_sign, **flags), critical=True
            )
        if critical_unknown:
            unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
            builder = builder.add_extension(unknown, critical=True)
        return Authority(builder.sign(sign_key or issuer.key, digest or hashes.SHA384()), key)


@pytest.fixture(scope="session")
def forge():
    return Forge()


@pytest.fixture
def make_forge():
    return Forge


@pytest.fixture(scope="session")
def nitro_vectors():
    folder = SHARED / "nitro"
    if not folder.is_dir():
        pytest.skip("the real documents are not beside this checkout (../shared/vectors/nitro)")
    return folder


@pytest.fixture(scope="session")
def wycheproof():
    folder = SHARED / "wycheproof"
    if not folder.is_dir():
        pytest.skip("the wycheproof vectors are not beside this checkout (../shared/vectors/wycheproof)")
    return folder
