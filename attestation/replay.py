"""A bounded memory of documents that were already accepted.

Keyed on what the document says (module, key, nonce), never on its bytes: ECDSA signatures are malleable and CBOR has
several encodings.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from attestation.errors import PolicyViolation, Step

if TYPE_CHECKING:
    from attestation.document import Document


class ReplayGuard:
    """Remembers accepted documents for a time, at most a fixed number of them.

    When full of entries that are still young it refuses: forgetting one would let it in again.
    """

    def __init__(self, *, remember_ms: int, capacity: int) -> None:
        """Choose how long and how many; remember at least as long as a document's age may be."""
        self._remember_ms = remember_ms
        self._capacity = capacity
        self._seen: OrderedDict[bytes, int] = OrderedDict()

    def record(self, document: Document, *, at_ms: int) -> None:
        """Remember the document, which every other check has passed.

        Raises:
            PolicyViolation: it was here before, or there is no room to remember it.
        """
        while self._seen and next(iter(self._seen.values())) + self._remember_ms < at_ms:
            self._seen.popitem(last=False)
        if document.replay_key in self._seen:
            raise PolicyViolation(Step.REPLAY, "this statement was accepted before")
        if len(self._seen) >= self._capacity:
            raise PolicyViolation(Step.REPLAY, "too many documents within the time that they are remembered; try later")
        self._seen[document.replay_key] = at_ms
