"""Verifies attestation documents, step by step; each step raises, none returns a verdict.

(1)  size: no longer than a document can be;
(2)  strict CBOR: one item, no trailing bytes, no tag but 18;
(3)  COSE_Sign1: protected header exactly {1: -35}, unprotected empty, payload and signature of the right sizes;
(4)  fields: types, limits, digest SHA384, no duplicate keys;
(5)  chain: from a pinned root to the leaf, at the given time;
(6)  signature: ES384 by the leaf over the received bytes;
(7)  time: the document's own timestamp within the window, both ways;
(8)  measurement: PCR 0, 1, 2 by index, none zero, equal to an approved triple; further PCRs as asked;
(9)  binding: nonce, user data, public key;
(10) replay: recorded last, and only when a guard is given.

The ledger's native does (1) to (6) and no more: `verify_for_ledger`.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from attestation import cose
from attestation.chain import verify_chain
from attestation.document import Document, parse_payload
from attestation.errors import MalformedDocument, PolicyIncomplete, PolicyViolation, Step
from attestation.limits import DEFAULT_LIMITS, Limits
from attestation.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Collection

    from attestation.policy import TrustRoots
    from attestation.replay import ReplayGuard

_MEASURED = (0, 1, 2)


def verify(
    document: bytes, policy: Policy, *, guard: ReplayGuard | None = None, limits: Limits = DEFAULT_LIMITS
) -> Document:
    """Verify `document` against `policy` and return its fields.

    Raises:
        DocumentRefused: the step that refused it, and why.
        PolicyIncomplete: there is no policy.
    """
    if not isinstance(policy, Policy):
        raise PolicyIncomplete("a document is verified against a policy; none was given")
    fields = _verify_origin(
        document,
        at_ms=policy.at_ms,
        roots=policy.roots.fingerprints,
        allow_unknown=policy.allow_unknown_fields,
        limits=limits,
    )
    _check_time(fields, policy)  # (7)
    _check_measurement(fields, policy)  # (8)
    _check_binding(fields, policy)  # (9)
    if guard is not None:  # (10)
        guard.record(fields, at_ms=policy.at_ms)
    return fields


def verify_for_ledger(document: bytes, at_ms: int, roots: TrustRoots) -> Document:
    """Verify what the ledger's native verifies: origin alone, at the ledger's time.

    Nothing is said about the document's age, nonce, debug mode or measurements: the contract checks those.

    Args:
        document: the bytes.
        at_ms: the ledger's Clock, Unix milliseconds.
        roots: the trusted roots.

    Raises:
        DocumentRefused: the step that refused it, and why. `MalformedDocument` is the native's parse error, the
            others are its verify error.
    """
    return _verify_origin(document, at_ms=at_ms, roots=roots.fingerprints, allow_unknown=True, limits=DEFAULT_LIMITS)


def _verify_origin(
    document: bytes, *, at_ms: int, roots: Collection[bytes], allow_unknown: bool, limits: Limits
) -> Document:
    if not 1 <= len(document) <= limits.document_bytes:  # (1)
        raise MalformedDocument(Step.SIZE, f"{len(document)} bytes; a document has 1 to {limits.document_bytes}")
    message = cose.parse(document, limits=limits)  # (2) (3)
    fields = parse_payload(message.payload, allow_unknown=allow_unknown, limits=limits)  # (4)
    key = verify_chain(fields.certificate, fields.cabundle, roots=roots, at_ms=at_ms)  # (5)
    cose.verify(message, key)  # (6)
    return fields


def _check_time(document: Document, policy: Policy) -> None:
    age_ms = policy.at_ms - document.timestamp_ms
    if age_ms > policy.max_age_ms:
        raise PolicyViolation(Step.TIME, f"it is {age_ms} ms old; at most {policy.max_age_ms} ms are accepted")
    if -age_ms > policy.max_ahead_ms:
        raise PolicyViolation(Step.TIME, f"its time lies {-age_ms} ms ahead; at most {policy.max_ahead_ms} ms do")


def _check_measurement(document: Document, policy: Policy) -> None:
    for index in _MEASURED:
        if index not in document.pcrs:
            raise PolicyViolation(Step.MEASUREMENT, f"PCR{index} is missing")
        if not any(document.pcrs[index]) and not policy.allow_debug:
            raise PolicyViolation(Step.MEASUREMENT, f"PCR{index} is zero: a debug enclave, which anyone can look into")
    if not policy.any_image and not _is_approved(document, policy):
        raise PolicyViolation(Step.MEASUREMENT, "PCR0, PCR1 and PCR2 are not those of an approved image")
    for index, expected in policy.further_pcrs.items():
        if document.pcrs.get(index) != expected:
            raise PolicyViolation(Step.MEASUREMENT, f"PCR{index} is not the expected one")


def _is_approved(document: Document, policy: Policy) -> bool:
    found = tuple(document.pcrs[index] for index in _MEASURED)
    return any(found == (each.pcr0, each.pcr1, each.pcr2) for each in policy.measurements)


def _check_binding(document: Document, policy: Policy) -> None:
    pairs = (
        ("nonce", document.nonce, policy.nonce),
        ("user_data", document.user_data, policy.user_data),
        ("public_key", document.public_key, policy.public_key),
    )
    for name, found, expected in pairs:
        if expected is not None and not (found and hmac.compare_digest(found, expected)):
            state = "is not the expected one" if found else "is missing"
            raise PolicyViolation(Step.BINDING, f"{name} {state}")
