"""Parts that objects and events of the contract share: settings, delays, approvals and a cluster's state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sui.bcs import ADDRESS, U64, bounded_bytes, option, struct, vector

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.types import Address

HASH_BYTES: Codec[bytes] = bounded_bytes(64)
"""A `vector<u8>` that holds a hash, a digest, a PCR or a signature."""

KEY_BYTES: Codec[bytes] = bounded_bytes(4096)
"""A `vector<u8>` that holds a public key of any kind."""


@dataclass(frozen=True)
class Settings:
    """Limits of requests, answers and enclaves; amounts in MIST."""

    min_stake: int
    min_bond: int
    max_deadline_ms: int
    max_stream_ms: int
    answer_window_ms: int
    enclave_lifetime_ms: int
    challenge_lifetime_ms: int
    request_inline_bytes: int
    response_inline_bytes: int


@dataclass(frozen=True)
class Delays:
    """What an AdminCap loosens, adds or replaces holds after these."""

    measurement_ms: int
    settings_ms: int
    token_ms: int
    operator_ms: int
    withdrawal_ms: int
    evidence_ms: int
    upgrade_ms: int


@dataclass(frozen=True)
class Measurement:
    """One approved image."""

    version: int
    pcr0: bytes
    pcr1: bytes
    pcr2: bytes
    valid_from: int
    retired_at: int | None


@dataclass(frozen=True)
class Configuration:
    """One approved configuration."""

    version: int
    hash: bytes
    valid_from: int
    retired_at: int | None


@dataclass(frozen=True)
class ClusterState:
    """All that a cluster decides by."""

    cluster: Address
    version: int
    chain_id: bytes
    package: Address
    settings: Settings
    delays: Delays
    delay_maxima: Delays
    measurements: tuple[Measurement, ...]
    configurations: tuple[Configuration, ...]
    active_enclave: Address | None
    epoch: int
    config_version: int
    operator: Address
    bond: int


SETTINGS: Codec[Settings] = struct(
    Settings,
    min_stake=U64,
    min_bond=U64,
    max_deadline_ms=U64,
    max_stream_ms=U64,
    answer_window_ms=U64,
    enclave_lifetime_ms=U64,
    challenge_lifetime_ms=U64,
    request_inline_bytes=U64,
    response_inline_bytes=U64,
)
"""BCS of settings."""

DELAYS: Codec[Delays] = struct(
    Delays,
    measurement_ms=U64,
    settings_ms=U64,
    token_ms=U64,
    operator_ms=U64,
    withdrawal_ms=U64,
    evidence_ms=U64,
    upgrade_ms=U64,
)
"""BCS of delays."""

MEASUREMENT: Codec[Measurement] = struct(
    Measurement,
    version=U64,
    pcr0=HASH_BYTES,
    pcr1=HASH_BYTES,
    pcr2=HASH_BYTES,
    valid_from=U64,
    retired_at=option(U64),
)
"""BCS of an approved image."""

CONFIGURATION: Codec[Configuration] = struct(
    Configuration, version=U64, hash=HASH_BYTES, valid_from=U64, retired_at=option(U64)
)
"""BCS of an approved configuration."""

CLUSTER_STATE: Codec[ClusterState] = struct(
    ClusterState,
    cluster=ADDRESS,
    version=U64,
    chain_id=HASH_BYTES,
    package=ADDRESS,
    settings=SETTINGS,
    delays=DELAYS,
    delay_maxima=DELAYS,
    measurements=vector(MEASUREMENT),
    configurations=vector(CONFIGURATION),
    active_enclave=option(ADDRESS),
    epoch=U64,
    config_version=U64,
    operator=ADDRESS,
    bond=U64,
)
"""BCS of a cluster's state."""
