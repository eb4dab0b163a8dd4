"""Transactions that our own gateway built, handed over before they were submitted.

Role: a bounded table by digest; what stands in it needs no fetching, and only what stands in it may use a grant.

It does not decide when an entry may be forgotten: its owner says so, once the request is answered.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from chain.checks import CheckedTransaction, check_transaction
from chain.limits import LIMITS, Limits

if TYPE_CHECKING:
    from sui.types import Digest


class ExpectedTransactions:
    """Own transactions whose events may come; the oldest is dropped when the table is full."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        """Begin empty."""
        self._limits = limits
        self._entries: OrderedDict[Digest, CheckedTransaction] = OrderedDict()

    def add(self, digest: Digest, transaction: bytes, signature: bytes) -> CheckedTransaction:
        """Take in a transaction that our gateway is about to submit.

        Raises:
            UnauthenticError: the digest or the signature is not that of the bytes.
        """
        checked = check_transaction(digest, transaction, (signature,), by_own_gateway=True)
        self._entries[digest] = checked
        self._entries.move_to_end(digest)
        while len(self._entries) > self._limits.expected_transactions:
            self._entries.popitem(last=False)
        return checked

    def get(self, digest: Digest) -> CheckedTransaction | None:
        """The transaction of this digest, None where our gateway built none."""
        return self._entries.get(digest)

    def forget(self, digest: Digest) -> None:
        """Drop a transaction whose requests are all answered."""
        self._entries.pop(digest, None)

    def __len__(self) -> int:
        """How many are waited for."""
        return len(self._entries)
