"""Caps and deadlines of signer, key broker and their neighbours, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CustodyLimits:
    """What the holders of keys do at most."""

    coins: int = 512
    """Most coins in the signer's pool."""
    lease_s: float = 120.0
    """After which a lease that nobody settled is taken for one of unknown outcome."""
    unknown_s: float = 1_860.0
    """After which a coin of unknown outcome that the ledger shows unchanged is free: nobody sends again so late."""
    gas_budget_mist: int = 1_000_000_000
    """Highest budget of one transaction."""
    gas_price_mist: int = 100_000
    """Highest gas price; the price is an unauthenticated hint."""
    answer_reserve_mist: int = 50_000_000
    """Least balance of a coin that is reserved for an answer."""
    transaction_kind_bytes: int = 131_072
    """Longest transaction that is looked at."""
    answers: int = 65_536
    """Most answers that are remembered at once."""
    spare_records: int = 256
    """How many dropped answers may still lie in the signer's journal before it is written anew."""
    packages: int = 8
    """Most versions of the contract, beside the original, that may be called in one boot."""
    spent_ids: int = 262_144
    """Most request ids that are remembered after their answers were dropped."""
    sealed_bytes: int = (3 << 20) + (64 << 10)
    """Longest sealed request."""
    info_bytes: int = 4_096
    """Longest HPKE info."""
    nonce_bytes: tuple[int, int] = (16, 512)
    """Shortest and longest nonce of an attestation document."""
    csr_bytes: int = 4_096
    """Longest certificate signing request."""
    documents_at_once: int = 4
    """Most documents that the front asks for at once."""


LIMITS = CustodyLimits()
