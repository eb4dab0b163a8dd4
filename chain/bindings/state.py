"""Parts that objects and events of the contract share: settings, delays, approvals and a cluster's state.

What is pending stands beside what holds: `ClusterState.settings_at` and `code_at` say what holds at a time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sui.bcs import ADDRESS, STRING, U64, bounded_bytes, option, struct, vector

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
    enclave_lifetime_ms: int
    challenge_lifetime_ms: int
    request_inline_bytes: int
    response_inline_bytes: int
    receipt_deposit: int


@dataclass(frozen=True)
class PendingSetting:
    """A looser value of one setting, which holds from `due` on."""

    name: str
    value: int
    due: int


@dataclass(frozen=True)
class Penalties:
    """Parts in ten thousand: what a violation costs of the stake, what a reporter gets of a bond."""

    violation_bps: int
    reporter_bps: int


@dataclass(frozen=True)
class Successor:
    """An announced operator: in office from `due` on; the bond of the one before leaves until `bond_due`."""

    operator: Address
    due: int
    bond_due: int


@dataclass(frozen=True)
class PendingVersion:
    """A version of the package, with its id, that the cluster works with from `due` on."""

    version: int
    code: Address
    due: int


@dataclass(frozen=True)
class Delays:
    """What an AdminCap loosens, adds or replaces holds after these; and the two windows, for evidence and answers."""

    measurement_ms: int
    settings_ms: int
    token_ms: int
    operator_ms: int
    withdrawal_ms: int
    evidence_ms: int
    upgrade_ms: int
    answer_window_ms: int


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
    code: Address
    pending_version: PendingVersion | None
    chain_id: bytes
    package: Address
    settings: Settings
    pending_settings: tuple[PendingSetting, ...]
    delays: Delays
    delay_maxima: Delays
    penalties: Penalties
    measurements: tuple[Measurement, ...]
    configurations: tuple[Configuration, ...]
    active_enclave: Address | None
    epoch: int
    config_version: int
    operator: Address
    successor: Successor | None
    bond: int

    def settings_at(self, now_ms: int) -> Settings:
        """The settings that hold at a time of the ledger."""
        return settings_in_force(self.settings, self.pending_settings, now_ms)

    def code_at(self, now_ms: int) -> Address:
        """The id of the package that the cluster works with at a time of the ledger."""
        return code_in_force(self.code, self.pending_version, now_ms)


def settings_in_force(settings: Settings, pending: tuple[PendingSetting, ...], now_ms: int) -> Settings:
    """The settings with what of the pending ones is due at a time of the ledger."""
    due = {entry.name: entry.value for entry in pending if entry.due <= now_ms}
    return replace(settings, **due) if due else settings


def code_in_force(code: Address, pending: PendingVersion | None, now_ms: int) -> Address:
    """The package's id with what is announced, once that is due at a time of the ledger."""
    return pending.code if pending is not None and pending.due <= now_ms else code


SETTINGS: Codec[Settings] = struct(
    Settings,
    min_stake=U64,
    min_bond=U64,
    max_deadline_ms=U64,
    max_stream_ms=U64,
    enclave_lifetime_ms=U64,
    challenge_lifetime_ms=U64,
    request_inline_bytes=U64,
    response_inline_bytes=U64,
    receipt_deposit=U64,
)
"""BCS of settings."""

PENDING_SETTING: Codec[PendingSetting] = struct(PendingSetting, name=STRING, value=U64, due=U64)
"""BCS of a setting that waits."""

PENALTIES: Codec[Penalties] = struct(Penalties, violation_bps=U64, reporter_bps=U64)
"""BCS of penalties."""

SUCCESSOR: Codec[Successor] = struct(Successor, operator=ADDRESS, due=U64, bond_due=U64)
"""BCS of an announced operator."""

PENDING_VERSION: Codec[PendingVersion] = struct(PendingVersion, version=U64, code=ADDRESS, due=U64)
"""BCS of an announced version."""

DELAYS: Codec[Delays] = struct(
    Delays,
    measurement_ms=U64,
    settings_ms=U64,
    token_ms=U64,
    operator_ms=U64,
    withdrawal_ms=U64,
    evidence_ms=U64,
    upgrade_ms=U64,
    answer_window_ms=U64,
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
    code=ADDRESS,
    pending_version=option(PENDING_VERSION),
    chain_id=HASH_BYTES,
    package=ADDRESS,
    settings=SETTINGS,
    pending_settings=vector(PENDING_SETTING),
    delays=DELAYS,
    delay_maxima=DELAYS,
    penalties=PENALTIES,
    measurements=vector(MEASUREMENT),
    configurations=vector(CONFIGURATION),
    active_enclave=option(ADDRESS),
    epoch=U64,
    config_version=U64,
    operator=ADDRESS,
    successor=option(SUCCESSOR),
    bond=U64,
)
"""BCS of a cluster's state."""
