"""Everything that can go wrong with attestation, split by whose fault it is.

::

    AttestationError
    ├── PolicyIncomplete          the caller: a verifier without a root, a time or a PCR policy cannot exist
    ├── DocumentRefused           whoever sent the document; carries the step that refused it
    │   ├── MalformedDocument     the bytes are not a document (CBOR, COSE_Sign1, fields, limits)
    │   ├── UntrustedChain        the certificates do not lead to a pinned root at the given time
    │   ├── BadSignature          the leaf's key did not sign these bytes
    │   └── PolicyViolation       a true document, but not the one that was asked for
    ├── ImageRefused              whoever made the enclave image; carries the rule that it breaks
    └── NsmError                  the device or the way to it
        ├── NsmRefused            the device answered with an error of its own
        └── NsmUnavailable        no answer, or one that is not an answer
"""

from __future__ import annotations

from enum import Enum


class Step(Enum):
    """The numbered steps of verifying a document, in the order in which they run."""

    SIZE = "1 size"
    CBOR = "2 strict CBOR"
    COSE = "3 COSE_Sign1"
    FIELDS = "4 fields and limits"
    CHAIN = "5 certificate chain"
    SIGNATURE = "6 signature"
    TIME = "7 time window"
    MEASUREMENT = "8 measurement"
    BINDING = "9 nonce, user data, public key"
    REPLAY = "10 not seen before"


class AttestationError(Exception):
    """Base of all errors of this package."""


class PolicyIncomplete(AttestationError):  # noqa: N818 - named for what happened
    """The caller asked for a verification that could not mean anything."""


class DocumentRefused(AttestationError):  # noqa: N818 - named for what happened
    """The document was refused at `step`, for the reason in the message."""

    def __init__(self, step: Step, reason: str) -> None:
        """Keep the step beside the reason, so that a program can tell them apart."""
        super().__init__(f"attestation document refused at step {step.value}: {reason}")
        self.step = step
        self.reason = reason


class MalformedDocument(DocumentRefused):
    """The bytes are not an attestation document."""


class UntrustedChain(DocumentRefused):
    """The certificates do not lead to a pinned root at the given time."""

    def __init__(self, reason: str) -> None:
        """All chain errors belong to one step."""
        super().__init__(Step.CHAIN, reason)


class BadSignature(DocumentRefused):
    """The leaf's key did not sign these bytes."""

    def __init__(self, reason: str) -> None:
        """All signature errors belong to one step."""
        super().__init__(Step.SIGNATURE, reason)


class PolicyViolation(DocumentRefused):
    """A true document, but not the one that was asked for."""


class ImageRefused(AttestationError):  # noqa: N818 - named for what happened
    """An enclave image (EIF) breaks `rule`, for the reason in the message."""

    def __init__(self, rule: str, reason: str) -> None:
        """Keep the rule beside the reason, so that a program can tell them apart."""
        super().__init__(f"enclave image refused ({rule}): {reason}")
        self.rule = rule
        self.reason = reason


class NsmError(AttestationError):
    """The Nitro Security Module could not do what it was asked."""


class NsmRefused(NsmError):  # noqa: N818 - named for what happened
    """The device answered with an error code of its own."""

    def __init__(self, code: str) -> None:
        """Keep the device's code."""
        super().__init__(f"the NSM refused the request: {code}")
        self.code = code


class NsmUnavailable(NsmError):  # noqa: N818 - named for what happened
    """No answer came from the device, or one that is not an answer."""
