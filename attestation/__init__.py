"""Attestation documents of AWS Nitro Enclaves: strict codec, verifier and NSM client.

Rules: time, randomness and trust roots are parameters; hostile bytes are refused before they cost anything; whatever
refuses raises. `attestation.sim` is a simulated device with a PKI of its own and never part of a release image.

Example::

    policy = Policy(roots=TrustRoots.from_pem(pem), at_ms=now_ms, measurements=frozenset({approved}), nonce=nonce)
    document = verify(received, policy)
"""

from attestation.document import Document
from attestation.errors import AttestationError, DocumentRefused, PolicyIncomplete, Step
from attestation.policy import Measurement, Policy, TrustRoots
from attestation.verifier import verify, verify_for_ledger

__all__ = [
    "AttestationError",
    "Document",
    "DocumentRefused",
    "Measurement",
    "Policy",
    "PolicyIncomplete",
    "Step",
    "TrustRoots",
    "verify",
    "verify_for_ledger",
]
