"""Every size, count and time limit of `chain`, with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of a client of the contract; the ledger's own limits stand in `sui`.

    The chunk and inline sizes follow Sui: a pure argument holds at most 16,381 bytes of a vector, a transaction
    131,072 bytes, an event 256,000.
    """

    chunk_bytes: int = 16_000
    inline_chunks: int = 7
    sealed_bytes: int = 3 * 1024 * 1024 + 64 * 1024
    body_bytes: int = 3 * 1024 * 1024
    header_count: int = 128
    header_bytes: int = 64 * 1024
    target_bytes: int = 32 * 1024
    method_bytes: int = 32
    envelope_text_bytes: int = 512
    rules: int = 64
    rule_verbs: int = 32
    rule_text_bytes: int = 512
    bearer_text_bytes: int = 32 * 1024
    ticket_text_bytes: int = 1024
    configuration_bytes: int = 64 * 1024
    egress_entries: int = 64
    stream_frame_bytes: int = 256 * 1024
    rpc_read_s: float = 10.0
    rpc_execute_s: float = 20.0
    rpc_connect_s: float = 5.0
    rpc_message_bytes: int = 8 * 1024 * 1024
    stream_idle_s: float = 30.0
    backoff_first_s: float = 0.05
    backoff_cap_s: float = 5.0
    events_page: int = 200
    seen_events: int = 65_536
    checked_transactions: int = 256
    expected_transactions: int = 4_096
    transaction_lookup_attempts: int = 5
    package_versions: int = 8
    execute_total_s: float = 60.0


LIMITS = Limits()
"""The limits that hold unless a caller passes others."""
