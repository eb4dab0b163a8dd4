"""Every limit of the parent, with its unit."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Times, sizes and amounts of the parent."""

    boot_seconds: float = 60.0
    enclave_call_seconds: float = 15.0
    give_back_seconds: float = 25.0
    poll_seconds: float = 0.05
    stop_seconds: float = 15.0
    restart_first_seconds: float = 1.0
    restart_longest_seconds: float = 60.0
    child_restart_first_seconds: float = 0.1
    child_restart_longest_seconds: float = 5.0
    child_settled_seconds: float = 10.0
    document_bytes: int = 16_384
    control_bytes: int = 65_536
    top_up_every_seconds: float = 5.0
    enclave_low_mist: int = 8_000_000_000
    enclave_full_mist: int = 12_000_000_000
    enclave_coins: int = 1_024
    gas_budget_mist: int = 200_000_000
    announce_tokens: int = 512
    renewal_part: int = 4
    renewal_retry_seconds: float = 300.0


LIMITS = Limits()
