"""Every size and count that a document is held to, in one place."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Caps for documents; all are checked before anything of that size is allocated."""

    document_bytes: int = 32_768
    """Longest document that is looked at; real ones have 4.4 to 5.2 kB."""
    payload_bytes: int = 16_383
    """Longest COSE payload, as the ledger's native has it."""
    cbor_depth: int = 8
    """Deepest nesting of CBOR items; a real document needs three."""
    cbor_items: int = 1_024
    """Most CBOR items in one decoding."""
    module_id_bytes: int = 256
    """Longest module id."""
    pcr_count: int = 32
    """PCRs are numbered 0 to 31."""
    pcr_bytes: int = 48
    """A PCR is a SHA-384."""
    certificate_bytes: int = 1_024
    """Longest certificate in a document."""
    chain_certificates: int = 10
    """Most certificates in the cabundle."""
    public_key_bytes: int = 1_024
    """Longest public key field."""
    user_data_bytes: int = 512
    """Longest user data field."""
    nonce_bytes: int = 512
    """Longest nonce field."""
    signature_bytes: int = 96
    """ES384 over P-384: r and s, 48 bytes each."""


DEFAULT_LIMITS = Limits()
