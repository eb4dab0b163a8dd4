"""From the cluster's object on chain to `cluster.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from chain.bindings.cluster_object import CLUSTER, Cluster
from chain.cluster_file import ApprovedConfiguration, ClusterFile, Measurement, write_cluster_file
from chain.errors import SettingsError
from cli.errors import CommandError
from cli.output import clock, print_fields, print_table
from sui.errors import BcsError
from sui.types import Digest

if TYPE_CHECKING:
    from pathlib import Path

    from attestation.sim.measure import Measurements as Measured
    from cli.context import Context


_OF_A_CHANGE = (
    "amount", "paid", "successor", "operator_cap", "operator", "bond", "admin", "config_version", "digest", "gas",
)  # fmt: skip


async def read_cluster(context: Context) -> Cluster:
    """The cluster's object.

    Raises:
        CommandError: what has this id is no cluster.
    """
    found = await context.ledger.get_object(context.cluster)
    try:
        return CLUSTER.decode(found.contents)
    except BcsError as error:
        raise CommandError(f"{context.cluster} is no cluster of this package version ({error})") from error


def version_at(cluster: Cluster, now_ms: int) -> int:
    """The version of the package that a cluster works with at a time."""
    pending = cluster.pending_version
    return pending.version if pending is not None and pending.due <= now_ms else cluster.version


def pending_of(cluster: Cluster, now_ms: int) -> list[dict[str, Any]]:
    """Everything that was announced and does not hold yet, soonest first."""
    approvals = cluster.approvals
    waiting: list[dict[str, Any]] = [
        {"what": f"measurement {m.pcr0.hex()[:16]}", "due": m.valid_from, "version": m.version}
        for m in approvals.measurements
        if m.retired_at is None
    ]
    waiting += [
        {"what": f"configuration {c.hash.hex()[:16]}", "due": c.valid_from, "version": c.version}
        for c in approvals.configurations
        if c.retired_at is None
    ]
    waiting += [
        {"what": f"setting {p.name} = {p.value}", "due": p.due, "name": p.name, "value": p.value}
        for p in cluster.pending_settings
    ]
    if (successor := cluster.operators.successor) is not None:
        waiting.append({"what": f"operator {successor.operator}", "due": successor.due})
    if (version := cluster.pending_version) is not None:
        waiting.append({"what": f"version {version.version}, package {version.code}", "due": version.due})
    for bond in bonds_of(cluster, now_ms):
        waiting += [
            {"what": f"withdrawal of {leaving['amount']} MIST of operator {bond['operator']}'s bond"} | leaving
            for leaving in bond["leaving"]
        ]
    return sorted((entry for entry in waiting if entry["due"] > now_ms), key=lambda entry: int(entry["due"]))


def bonds_of(cluster: Cluster, now_ms: int) -> list[dict[str, Any]]:
    """What each operator has put up, what counts of it, and what leaves until when; paid or not yet due."""
    in_office, successor = cluster.operator_at(now_ms), cluster.operators.successor
    told = []
    for bond in cluster.operators.bonds:
        leaving = [{"amount": entry.amount, "due": entry.due} for entry in bond.deposit.leaving]
        counted = bond.deposit.counted
        if successor is not None and bond.operator == cluster.operators.in_office != in_office and counted:
            # His successor came into office without anybody's doing: what he had put up is leaving since then.
            leaving.append({"amount": counted, "due": successor.bond_due})
        told.append(
            {
                "operator": str(bond.operator),
                "balance": bond.deposit.balance,
                "counted": counted if bond.operator == in_office else 0,
                "leaving": leaving,
            }
        )
    return told


def cluster_file_of(context: Context, cluster: Cluster, now_ms: int) -> ClusterFile:
    """The public connection file of a cluster, as it is at a time."""
    profile = context.profile
    root = profile.attestation_root or None
    if root is None and context.home.cluster_file.exists():
        root = context.cluster_file().attestation_root
    operator, bonds = cluster.operator_at(now_ms), bonds_of(cluster, now_ms)
    return ClusterFile(
        cluster=cluster.id,
        package=cluster.package,
        latest_package=context.contract.package,
        chain_id=Digest(cluster.chain_id),
        ledger=profile.ledger,
        ledger_ca=profile.ledger_ca,
        gateway=profile.gateway,
        attestation=profile.attestation,
        attestation_root=root,
        measurements=tuple(
            Measurement((m.pcr0, m.pcr1, m.pcr2), m.valid_from, m.retired_at) for m in cluster.approvals.measurements
        ),
        configurations=tuple(
            ApprovedConfiguration(c.hash, c.valid_from, c.retired_at) for c in cluster.approvals.configurations
        ),
        active_enclave=cluster.active_enclave,
        epoch=cluster.epoch,
        config_version=cluster.config_version,
        pending=tuple(pending_of(cluster, now_ms)),
        extra={
            "version": version_at(cluster, now_ms),
            "settings": dict(vars(cluster.settings_at(now_ms))),
            "delays": dict(vars(cluster.delays)),
            "delay_maxima": dict(vars(cluster.delay_maxima)),
            "penalties": dict(vars(cluster.penalties)),
            "operator": str(operator),
            "bond": sum(bond["counted"] for bond in bonds),
            "bonds": bonds,
            "measurement_versions": [m.version for m in cluster.approvals.measurements],
            "configuration_versions": [c.version for c in cluster.approvals.configurations],
        },
    )


async def refresh_cluster_file(context: Context) -> ClusterFile:
    """Read the cluster and, where this machine administers it, write its `cluster.json` anew.

    A user's own `cluster.json` is never changed: what only a node vouches for is not taken over.
    """
    file = cluster_file_of(context, await read_cluster(context), await context.now())
    if context.profile.admin_cap:
        write_cluster_file(context.home.cluster_file, file)
    return file


def print_change(told: dict[str, Any]) -> None:
    """What one change of a cluster did, for people: its own fields, then everything that is on its way."""
    fields = {name: told[name] for name in _OF_A_CHANGE if told.get(name) is not None}
    print_fields(fields | ({"due": clock(told["due"])} if told.get("due") else {}))
    click.echo("")
    rows = [(entry["what"], clock(entry["due"])) for entry in told["pending"]]
    print_table(("PENDING", "HOLDS FROM"), rows, empty="nothing is pending")


def measurement_of(measured: Measured) -> Measurement:
    """An approved image from what was measured."""
    return Measurement((measured.pcr0, measured.pcr1, measured.pcr2))


def read_measurements(path: Path) -> list[Measurement]:
    """Read PCRs as the build writes them, or as `nitro-cli` prints them.

    Raises:
        CommandError: there is nothing usable in the file.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        entries = raw if isinstance(raw, list) else [raw]
        return [_measurement(entry) for entry in entries]
    except FileNotFoundError as error:
        raise CommandError(f"no measurements at {path}; `make build` writes those of the simulated enclave") from error
    except (OSError, ValueError, KeyError, TypeError, SettingsError) as error:
        raise CommandError(f"{path} holds no measurements ({error}); wanted PCR0, PCR1 and PCR2 in hex") from error


def _measurement(entry: dict[str, Any]) -> Measurement:
    fields = {name.lower(): value for name, value in entry.get("Measurements", entry).items()}
    return Measurement((bytes.fromhex(fields["pcr0"]), bytes.fromhex(fields["pcr1"]), bytes.fromhex(fields["pcr2"])))
