"""Calls that create a cluster, and that the AdminCap makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    call_by_cap,
    shared_argument,
    u64_arguments,
)
from sui.bcs import ADDRESS, BYTES, STRING, U64
from sui.transaction import NestedResult

if TYPE_CHECKING:
    from chain.bindings.arguments import Contract, SharedRef
    from chain.bindings.state import Delays, Penalties, Settings
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import Address, ObjectRef


def new_settings(builder: ProgrammableBuilder, contract: Contract, settings: Settings) -> Result:
    """Make settings in Move; their result goes to `create_cluster`."""
    values = u64_arguments(
        builder,
        settings.min_stake,
        settings.min_bond,
        settings.max_deadline_ms,
        settings.max_stream_ms,
        settings.enclave_lifetime_ms,
        settings.challenge_lifetime_ms,
        settings.request_inline_bytes,
        settings.response_inline_bytes,
        settings.receipt_deposit,
    )
    return builder.move_call(contract.package, "settings", "new_settings", values)


def new_delays(builder: ProgrammableBuilder, contract: Contract, delays: Delays) -> Result:
    """Make delays in Move; their result goes to `create_cluster`, as the delays or as their maxima."""
    values = u64_arguments(
        builder,
        delays.measurement_ms,
        delays.settings_ms,
        delays.token_ms,
        delays.operator_ms,
        delays.withdrawal_ms,
        delays.evidence_ms,
        delays.upgrade_ms,
        delays.answer_window_ms,
    )
    return builder.move_call(contract.package, "settings", "new_delays", values)


def new_penalties(builder: ProgrammableBuilder, contract: Contract, penalties: Penalties) -> Result:
    """Make penalties in Move; their result goes to `create_cluster`."""
    values = u64_arguments(builder, penalties.violation_bps, penalties.reporter_bps)
    return builder.move_call(contract.package, "settings", "new_penalties", values)


@dataclass(frozen=True)
class NewCluster:
    """What `create_cluster` made, for later commands of the same transaction."""

    cluster: NestedResult
    admin: NestedResult
    operator: NestedResult


def create_cluster(
    builder: ProgrammableBuilder,
    contract: Contract,
    *,
    chain_id: bytes,
    settings: Settings,
    delays: Delays,
    delay_maxima: Delays,
    penalties: Penalties,
) -> NewCluster:
    """Create a cluster; `share` has to come last, and both Caps have to be transferred."""
    arguments: list[Argument] = [
        builder.pure_value(BYTES, chain_id),
        new_settings(builder, contract, settings),
        new_delays(builder, contract, delays),
        new_delays(builder, contract, delay_maxima),
        new_penalties(builder, contract, penalties),
    ]
    made = builder.move_call(contract.package, "cluster", "create", arguments)
    return NewCluster(*(NestedResult(made.index, place) for place in range(3)))


def share(builder: ProgrammableBuilder, contract: Contract, cluster: Argument) -> Result:
    """Share a cluster that this transaction created."""
    return builder.move_call(contract.package, "cluster", "share", [cluster, shared_argument(builder, CLOCK)])


def add_measurement(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    admin: ObjectRef | Argument,
    pcrs: tuple[bytes, bytes, bytes],
) -> Result:
    """Approve an image by its PCR0, PCR1 and PCR2."""
    return call_by_cap(
        builder, contract, "add_measurement", cluster, admin, *(builder.pure_value(BYTES, pcr) for pcr in pcrs)
    )


def add_configuration(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    admin: ObjectRef | Argument,
    configuration_hash: bytes,
) -> Result:
    """Approve a configuration by its hash."""
    return call_by_cap(
        builder, contract, "add_configuration", cluster, admin, builder.pure_value(BYTES, configuration_hash)
    )


def _retire(  # noqa: PLR0917 - private, and called with five names in order
    function: str,
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    version: int,
) -> Result:
    return call_by_cap(builder, contract, function, cluster, admin, builder.pure_value(U64, version))


def retire_measurement(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument, version: int
) -> Result:
    """Retire an image at once."""
    return _retire("retire_measurement", builder, contract, cluster, admin, version)


def retire_configuration(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument, version: int
) -> Result:
    """Retire a configuration at once."""
    return _retire("retire_configuration", builder, contract, cluster, admin, version)


def change_setting(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    *,
    name: str,
    value: int,
) -> Result:
    """Change one setting; what loosens holds after the delay."""
    return call_by_cap(
        builder,
        contract,
        "change_setting",
        cluster,
        admin,
        builder.pure_value(STRING, name),
        builder.pure_value(U64, value),
    )


def grow_delays(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    delays: Delays,
) -> Result:
    """Make delays and windows longer."""
    return call_by_cap(builder, contract, "grow_delays", cluster, admin, new_delays(builder, contract, delays))


def announce_version(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    lock: SharedRef,
) -> Result:
    """Announce that the cluster moves to the version of the package that is called: `contract` names the new one."""
    return call_by_cap(builder, contract, "announce_version", cluster, admin, shared_argument(builder, lock))


def cancel_version(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument
) -> Result:
    """Take the announcement of a version back."""
    return call_by_cap(builder, contract, "cancel_version", cluster, admin)


def hand_over_admin(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument, to: Address
) -> Result:
    """Hand the AdminCap to somebody else."""
    return call_by_cap(builder, contract, "hand_over_admin", cluster, admin, builder.pure_value(ADDRESS, to))


def burn_admin(
    builder: ProgrammableBuilder, contract: Contract, cluster: SharedRef, admin: ObjectRef | Argument
) -> Result:
    """Burn the AdminCap for ever."""
    return call_by_cap(builder, contract, "burn_admin", cluster, admin)
