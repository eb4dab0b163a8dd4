"""Every number of the side door, with its unit in its name."""

from __future__ import annotations

from dataclasses import dataclass

from chain.limits import LIMITS as CHAIN_LIMITS


@dataclass(frozen=True)
class DoorLimits:
    """How much a token's owner may have at the side door at a time.

    What counts per token counts what is under way, and for payloads also what waits for its request. Requests a second
    and streams are counted by the gateway's own `Limits`.
    """

    ticket_ahead_ms: int = 120_000
    put_bytes: int = CHAIN_LIMITS.sealed_bytes
    token_puts: int = 16
    token_put_bytes: int = 16 * 1024 * 1024
    all_put_bytes: int = 32 * 1024 * 1024
    upload_s: float = 60.0
    fetch_bytes: int = 15 * 1024 * 1024
    token_fetches: int = 4
    all_fetches: int = 16
    local_bytes: int = 256 * 1024
    token_locals: int = 16
    all_locals: int = 128
    write_s: float = 120.0
    gone_poll_s: float = 1.0


DOOR_LIMITS = DoorLimits()
"""The limits that hold unless a caller passes others."""
