"""Every size, count and time limit of the executor, with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExecutionLimits:
    """Limits of the executor, its journal and its streams."""

    in_flight: int = 64
    streams: int = 512
    start_margin_ms: int = 250
    stream_margin_ms: int = 2_000
    stream_connect_s: float = 15.0
    stream_write_s: float = 120.0
    stream_waiting: int = 1_024
    stream_piece_bytes: int = 64 * 1024
    watch_event_bytes: int = 8 * 1024 * 1024
    connect_s: float = 2.0
    retry_s: float = 0.2
    local_s: float = 55.0
    answer_bytes: int = 12 * 1024 * 1024
    inline_bytes: int = 96_000
    batch_answers: int = 16
    batch_bytes: int = 96_000
    look_up_gather_s: float = 0.002
    store_lanes: int = 16
    gather_least_s: float = 0.005
    gather_most_s: float = 0.05
    spare_reservations: int = 2
    store_budget_mist: int = 10_000_000
    answer_budget_mist: int = 2_400_000
    gas_price_cap_mist: int = 100_000
    gas_price_fresh_s: float = 60.0
    retry_first_s: float = 0.1
    retry_cap_s: float = 5.0
    kept_bytes: int = 256 * 1024 * 1024
    keep_ms: int = 300_000
    journal_record_bytes: int = 16 * 1024 * 1024
    journal_slack_bytes: int = 32 * 1024 * 1024
    payload_poll_s: float = 0.2
    payloads_kept_bytes: int = 64 * 1024 * 1024
    mirror_visible_s: float = 5.0
    mirror_poll_s: float = 0.02
    mirrored_rules: int = 1_024
    discovery_fresh_s: float = 2.0
    clock_poll_s: float = 10.0


LIMITS = ExecutionLimits()
"""The limits that hold unless a caller passes others."""
