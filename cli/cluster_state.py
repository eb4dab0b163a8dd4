"""From the cluster's object on chain to `cluster.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from chain.bindings.cluster_object import CLUSTER, Cluster
from chain.cluster_file import ApprovedConfiguration, ClusterFile, Measurement, write_cluster_file
from chain.errors import SettingsError
from cli.errors import CommandError
from sui.errors import BcsError
from sui.types import Digest

if TYPE_CHECKING:
    from pathlib import Path

    from attestation.sim.measure import Measurements as Measured
    from cli.context import Context


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


def cluster_file_of(context: Context, cluster: Cluster) -> ClusterFile:
    """The public connection file of a cluster."""
    profile = context.profile
    root = profile.attestation_root or None
    if root is None and context.home.cluster_file.exists():
        root = context.cluster_file().attestation_root
    pending = [
        {"what": f"measurement {m.pcr0.hex()[:16]}", "due": m.valid_from}
        for m in cluster.approvals.measurements
        if m.retired_at is None
    ]
    pending += [
        {"what": f"configuration {c.hash.hex()[:16]}", "due": c.valid_from}
        for c in cluster.approvals.configurations
        if c.retired_at is None
    ]
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
        pending=tuple(pending),
        extra={
            "settings": dict(vars(cluster.settings)),
            "delays": dict(vars(cluster.delays)),
            "delay_maxima": dict(vars(cluster.delay_maxima)),
            "penalties": dict(vars(cluster.penalties)),
            "operator": str(cluster.operators.in_office),
            "bond": next(
                (b.deposit.counted for b in cluster.operators.bonds if b.operator == cluster.operators.in_office), 0
            ),
            "measurement_versions": [m.version for m in cluster.approvals.measurements],
            "configuration_versions": [c.version for c in cluster.approvals.configurations],
        },
    )


async def refresh_cluster_file(context: Context) -> ClusterFile:
    """Read the cluster and, where this machine administers it, write its `cluster.json` anew.

    A user's own `cluster.json` is never changed: what only a node vouches for is not taken over.
    """
    cluster = await read_cluster(context)
    now = (await context.ledger.service_info()).timestamp_ms
    file = cluster_file_of(context, cluster)
    due = tuple(entry for entry in file.pending if int(entry["due"]) > now)
    file = ClusterFile(**{**vars(file), "pending": due})
    if context.profile.admin_cap:
        write_cluster_file(context.home.cluster_file, file)
    return file


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
