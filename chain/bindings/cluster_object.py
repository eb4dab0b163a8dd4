"""The cluster object and what it holds, decoded from the BCS contents that a node holds of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.state import (
    CONFIGURATION,
    DELAYS,
    HASH_BYTES,
    MEASUREMENT,
    PENALTIES,
    PENDING_SETTING,
    PENDING_VERSION,
    SETTINGS,
    SUCCESSOR,
    Configuration,
    Delays,
    Measurement,
    Penalties,
    PendingSetting,
    PendingVersion,
    Settings,
    Successor,
    code_in_force,
    settings_in_force,
)
from sui.bcs import ADDRESS, BOOL, U64, option, struct, vector

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.types import Address


@dataclass(frozen=True)
class Approvals:
    """What a cluster approves, retired entries too."""

    next_version: int
    measurements: tuple[Measurement, ...]
    configurations: tuple[Configuration, ...]


@dataclass(frozen=True)
class Leaving:
    """One announced withdrawal."""

    amount: int
    due: int


@dataclass(frozen=True)
class Deposit:
    """What somebody has put up; what is leaving counts no longer and is slashable until it is paid."""

    balance: int
    leaving: tuple[Leaving, ...]

    @property
    def counted(self) -> int:
        """What counts."""
        return self.balance - sum(entry.amount for entry in self.leaving)


@dataclass(frozen=True)
class Bond:
    """What one operator has put up."""

    operator: Address
    deposit: Deposit


@dataclass(frozen=True)
class Operators:
    """The operator in office, an announced one, and all bonds; `Cluster.operator_at` says who is in office."""

    in_office: Address
    successor: Successor | None
    bonds: tuple[Bond, ...]


@dataclass(frozen=True)
class Cluster:
    """The shared object that every request reads."""

    id: Address
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
    approvals: Approvals
    active_enclave: Address | None
    epoch: int
    config_version: int
    operators: Operators
    is_shared: bool

    def settings_at(self, now_ms: int) -> Settings:
        """The settings that hold at a time of the ledger."""
        return settings_in_force(self.settings, self.pending_settings, now_ms)

    def operator_at(self, now_ms: int) -> Address:
        """The OperatorCap that is in office at a time of the ledger."""
        successor = self.operators.successor
        return successor.operator if successor is not None and successor.due <= now_ms else self.operators.in_office

    def code_at(self, now_ms: int) -> Address:
        """The id of the package that the cluster works with at a time of the ledger."""
        return code_in_force(self.code, self.pending_version, now_ms)


APPROVALS: Codec[Approvals] = struct(
    Approvals, next_version=U64, measurements=vector(MEASUREMENT), configurations=vector(CONFIGURATION)
)
"""BCS of what a cluster approves."""

LEAVING: Codec[Leaving] = struct(Leaving, amount=U64, due=U64)
"""BCS of an announced withdrawal."""

DEPOSIT: Codec[Deposit] = struct(Deposit, balance=U64, leaving=vector(LEAVING))
"""BCS of what somebody has put up."""

BOND: Codec[Bond] = struct(Bond, operator=ADDRESS, deposit=DEPOSIT)
"""BCS of a bond."""

OPERATORS: Codec[Operators] = struct(Operators, in_office=ADDRESS, successor=option(SUCCESSOR), bonds=vector(BOND))
"""BCS of who operates a cluster."""

CLUSTER: Codec[Cluster] = struct(
    Cluster,
    id=ADDRESS,
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
    approvals=APPROVALS,
    active_enclave=option(ADDRESS),
    epoch=U64,
    config_version=U64,
    operators=OPERATORS,
    is_shared=BOOL,
)
"""Contents of `cluster::Cluster`."""
