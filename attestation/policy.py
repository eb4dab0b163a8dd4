"""What a verifier demands of a document.

A policy cannot exist without a root, a time and approved measurements: leaving one out is an error of the caller,
never "not checked".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from attestation.errors import PolicyIncomplete

_PCR_BYTES = 48
_FIVE_MINUTES_MS = 300_000


@dataclass(frozen=True, order=True)
class Measurement:
    """One approved image: PCR 0, 1 and 2 together, none of them zero."""

    pcr0: bytes
    pcr1: bytes
    pcr2: bytes

    def __post_init__(self) -> None:
        """Refuse values that a debug enclave or a typing error would have."""
        for index, value in enumerate((self.pcr0, self.pcr1, self.pcr2)):
            if len(value) != _PCR_BYTES:
                raise PolicyIncomplete(f"PCR{index} of a measurement must be {_PCR_BYTES} bytes")
            if not any(value):
                raise PolicyIncomplete(f"PCR{index} of a measurement is zero, as in a debug enclave: nothing to trust")

    @classmethod
    def from_hex(cls, pcr0: str, pcr1: str, pcr2: str) -> Measurement:
        """Read the three values from hexadecimal text."""
        try:
            return cls(bytes.fromhex(pcr0), bytes.fromhex(pcr1), bytes.fromhex(pcr2))
        except ValueError:
            raise PolicyIncomplete("a PCR is not hexadecimal") from None


AWS_ROOT_SHA256 = bytes.fromhex("641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b")
"""SHA-256 of the DER of AWS's Nitro Enclaves root G1, valid 2019-10-28 to 2049-10-28; AWS publishes it beside the
certificate (Nitro Enclaves user guide, "Verifying the root of trust")."""


@dataclass(frozen=True)
class TrustRoots:
    """The pinned root certificates, each by the SHA-256 of its DER; an empty set trusts nothing and is refused.

    A document brings its root along: it is used when it has a pinned hash.
    """

    fingerprints: frozenset[bytes]

    def __post_init__(self) -> None:
        """Refuse an empty set."""
        if not self.fingerprints:
            raise PolicyIncomplete("no trust root was given")

    @classmethod
    def aws(cls) -> TrustRoots:
        """AWS's own root, which every real Nitro Enclave's documents lead to."""
        return cls(frozenset({AWS_ROOT_SHA256}))

    @classmethod
    def from_der(cls, *certificates: bytes) -> TrustRoots:
        """Pin certificates in DER."""
        return cls(frozenset(hashlib.sha256(each).digest() for each in certificates))

    @classmethod
    def from_pem(cls, *texts: bytes) -> TrustRoots:
        """Pin certificates in PEM texts."""
        try:
            return cls.from_der(
                *(each.public_bytes(Encoding.DER) for text in texts for each in x509.load_pem_x509_certificates(text))
            )
        except ValueError:
            raise PolicyIncomplete("a trust root is not a PEM certificate") from None


@dataclass(frozen=True)
class Policy:
    """One verification: the mandatory three, and what the document must be bound to.

    `nonce`, `user_data` and `public_key` are compared when given; None means that the caller binds them in another
    way. A null or empty field of the document never matches an expected value.

    `any_image` says in so many words that no approved triple is asked for (`further_pcrs` may still name registers);
    `allow_debug` takes a debug enclave, whose PCR 0, 1 and 2 are zero and which anyone on its host can look into.
    """

    roots: TrustRoots
    at_ms: int
    measurements: frozenset[Measurement]
    nonce: bytes | None = None
    user_data: bytes | None = None
    public_key: bytes | None = None
    max_age_ms: int = _FIVE_MINUTES_MS
    max_ahead_ms: int = _FIVE_MINUTES_MS
    further_pcrs: dict[int, bytes] = field(default_factory=dict)
    any_image: bool = False
    allow_debug: bool = False
    allow_unknown_fields: bool = False

    def __post_init__(self) -> None:
        """Refuse a policy that could not refuse anything."""
        if not self.at_ms > 0:
            raise PolicyIncomplete("the time to verify at must be given, in Unix milliseconds")
        if not self.measurements and not self.any_image:
            raise PolicyIncomplete("no approved measurement (PCR 0, 1, 2) was given; that is never skipped by itself")
        if self.measurements and self.any_image:
            raise PolicyIncomplete("approved measurements and any image at once: say one of them")
        if self.max_age_ms < 0 or self.max_ahead_ms < 0:
            raise PolicyIncomplete("a time window cannot be negative")
        for name in ("nonce", "user_data", "public_key"):
            value = getattr(self, name)
            if value is not None and not value:
                raise PolicyIncomplete(f"an empty {name} binds nothing: give a value, or None")
