"""Calls that create and change a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chain.bindings.arguments import (
    CLOCK,
    owned_argument,
    shared_argument,
    u64_arguments,
)
from sui.bcs import BYTES, U64
from sui.transaction import NestedResult

if TYPE_CHECKING:
    from chain.bindings.arguments import Contract, SharedRef
    from chain.bindings.state import Delays, Settings
    from sui.builder import ProgrammableBuilder
    from sui.transaction import Argument, Result
    from sui.types import ObjectRef


def new_settings(builder: ProgrammableBuilder, contract: Contract, settings: Settings) -> Result:
    """Make settings in Move; their result goes to `create_cluster`."""
    values = u64_arguments(
        builder,
        settings.min_stake,
        settings.min_bond,
        settings.max_deadline_ms,
        settings.max_stream_ms,
        settings.answer_window_ms,
        settings.enclave_lifetime_ms,
        settings.challenge_lifetime_ms,
        settings.request_inline_bytes,
        settings.response_inline_bytes,
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
    )
    return builder.move_call(contract.package, "settings", "new_delays", values)


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
) -> NewCluster:
    """Create a cluster; `share` has to come last, and both Caps have to be transferred."""
    arguments: list[Argument] = [
        builder.pure_value(BYTES, chain_id),
        new_settings(builder, contract, settings),
        new_delays(builder, contract, delays),
        new_delays(builder, contract, delay_maxima),
    ]
    made = builder.move_call(contract.package, "cluster", "create", arguments)
    return NewCluster(*(NestedResult(made.index, place) for place in range(3)))


def share(builder: ProgrammableBuilder, contract: Contract, cluster: Argument) -> Result:
    """Share a cluster that this transaction created."""
    return builder.move_call(contract.package, "cluster", "share", [cluster])


def add_measurement(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    admin: ObjectRef | Argument,
    pcrs: tuple[bytes, bytes, bytes],
) -> Result:
    """Approve an image by its PCR0, PCR1 and PCR2."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, admin),
        *(builder.pure_value(BYTES, pcr) for pcr in pcrs),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", "add_measurement", arguments)


def add_configuration(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    admin: ObjectRef | Argument,
    configuration_hash: bytes,
) -> Result:
    """Approve a configuration by its hash."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, admin),
        builder.pure_value(BYTES, configuration_hash),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", "add_configuration", arguments)


def _retire(  # noqa: PLR0917 - private, and called with five names in order
    function: str,
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef,
    admin: ObjectRef | Argument,
    version: int,
) -> Result:
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, admin),
        builder.pure_value(U64, version),
        shared_argument(builder, CLOCK),
    ]
    return builder.move_call(contract.package, "cluster", function, arguments)


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


def add_bond(
    builder: ProgrammableBuilder,
    contract: Contract,
    cluster: SharedRef | Argument,
    operator: ObjectRef | Argument,
    coin: ObjectRef | Argument,
) -> Result:
    """Put a coin into the operator's bond."""
    arguments = [
        shared_argument(builder, cluster, mutable=True),
        owned_argument(builder, operator),
        owned_argument(builder, coin),
    ]
    return builder.move_call(contract.package, "cluster", "add_bond", arguments)
