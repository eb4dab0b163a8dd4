"""The events of the package's timelock, decoded from BCS into frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.state import HASH_BYTES
from sui.bcs import ADDRESS, U64, struct

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.types import Address

UPGRADE_MODULE = "upgrade_lock"
"""The module that defines them."""


@dataclass(frozen=True)
class UpgradeLocked:
    """The UpgradeCap went into its lock."""

    lock: Address
    right: Address
    package: Address
    delay_ms: int


@dataclass(frozen=True)
class UpgradeDelayGrown:
    """The lock's delay grew."""

    lock: Address
    package: Address
    delay_ms: int


@dataclass(frozen=True)
class UpgradeAnnounced:
    """Code of this digest may become the next version from `due` on, until `open_until`."""

    lock: Address
    package: Address
    version: int
    digest: bytes
    due: int
    open_until: int


@dataclass(frozen=True)
class UpgradeCancelled:
    """An announced upgrade was taken back."""

    lock: Address
    package: Address
    digest: bytes


@dataclass(frozen=True)
class UpgradeCommitted:
    """The package has a new version, whose id is `code`."""

    lock: Address
    package: Address
    code: Address
    version: int


@dataclass(frozen=True)
class MadeImmutable:
    """The package will never have another version."""

    lock: Address
    package: Address
    version: int


UpgradeEvent = (
    UpgradeLocked | UpgradeDelayGrown | UpgradeAnnounced | UpgradeCancelled | UpgradeCommitted | MadeImmutable
)

UPGRADE_EVENTS: dict[str, Codec[UpgradeEvent]] = {
    "UpgradeLocked": struct(UpgradeLocked, lock=ADDRESS, right=ADDRESS, package=ADDRESS, delay_ms=U64),
    "UpgradeDelayGrown": struct(UpgradeDelayGrown, lock=ADDRESS, package=ADDRESS, delay_ms=U64),
    "UpgradeAnnounced": struct(
        UpgradeAnnounced, lock=ADDRESS, package=ADDRESS, version=U64, digest=HASH_BYTES, due=U64, open_until=U64
    ),
    "UpgradeCancelled": struct(UpgradeCancelled, lock=ADDRESS, package=ADDRESS, digest=HASH_BYTES),
    "UpgradeCommitted": struct(UpgradeCommitted, lock=ADDRESS, package=ADDRESS, code=ADDRESS, version=U64),
    "MadeImmutable": struct(MadeImmutable, lock=ADDRESS, package=ADDRESS, version=U64),
}
"""Every event's codec by its name."""
