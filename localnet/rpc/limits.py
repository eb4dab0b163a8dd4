"""Sizes and times of the gRPC shell, units in the names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may ask for."""

    max_request_bytes: int = 4 * 1024 * 1024
    max_response_bytes: int = 64 * 1024 * 1024
    max_mask_paths: int = 100
    max_batch: int = 1_000
    max_page: int = 1_000
    default_page: int = 50
    default_list_items: int = 50
    max_list_items: int = 1_000
    max_filter_terms: int = 64
    max_filter_literals: int = 16
    max_scanned_transactions: int = 20_000
    scan_window_transactions: int = 200
    scan_window_events: int = 200
    subscription_backlog_checkpoints: int = 2_000
    idle_watermark_s: float = 1.0
    seal_wait_s: float = 30.0
    ticks_per_checkpoint: int = 40
    min_tick_s: float = 0.005
    max_tick_s: float = 0.1
    shutdown_grace_s: float = 1.0


LIMITS = Limits()
