"""The outside half of `0x2::nitro_attestation`: verifies documents as the ledger does, against given roots.

Rules (Sui's): origin alone is checked, at the Clock's time; the document's own timestamp, its nonce, its age and
debug mode are the contract's to check. PCRs 0-4 and 8 are shown always, the others where they are not zero.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attestation.errors import AttestationError, MalformedDocument
from attestation.policy import TrustRoots
from attestation.verifier import verify_for_ledger
from localnet.ledger.errors import StateError
from localnet.vm import NitroDocument, NitroRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ALWAYS_SHOWN = frozenset({0, 1, 2, 3, 4, 8})
_CANNOT_PARSE, _DOES_NOT_VERIFY = 1, 2
_PEM = b"-----BEGIN"


def trust_roots(roots: Sequence[bytes]) -> TrustRoots:
    """Pin roots that were given as DER or as PEM; without any, AWS's own, as on a real network.

    Raises:
        StateError: one is no certificate.
    """
    pinned: set[bytes] = set()
    for root in roots:
        try:
            found = TrustRoots.from_pem(root) if root.lstrip().startswith(_PEM) else TrustRoots.from_der(root)
        except AttestationError as error:
            raise StateError(f"a trust root cannot be read: {error}") from error
        pinned |= found.fingerprints
    return TrustRoots(frozenset(pinned)) if pinned else TrustRoots.aws()


def document_reader(roots: Sequence[bytes]) -> Callable[[bytes, int], NitroDocument]:
    """Return the function that the Move native calls with a document and the Clock's time in ms."""
    trusted = trust_roots(roots)

    def read(document: bytes, at_ms: int) -> NitroDocument:
        try:
            found = verify_for_ledger(document, at_ms, trusted)
        except MalformedDocument as error:
            raise NitroRefused(_CANNOT_PARSE, str(error)) from error
        except AttestationError as error:
            raise NitroRefused(_DOES_NOT_VERIFY, str(error)) from error
        shown = sorted((index, value) for index, value in found.pcrs.items() if index in _ALWAYS_SHOWN or any(value))
        return NitroDocument(
            module_id=found.module_id.encode(),
            timestamp=found.timestamp_ms,
            digest=b"SHA384",
            pcrs=shown,
            public_key=found.public_key,
            user_data=found.user_data,
            nonce=found.nonce,
        )

    return read
