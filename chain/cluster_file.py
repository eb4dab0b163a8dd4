"""`cluster.json`: the public connection file that the AdminCap's holder hands out.

Role: what a client (kubeconfig, verify, proxy) trusts: chain, package, cluster, measurements, configuration hashes, the
ledger and its CA, and the attestation root of a simulated cluster.

Rules: what only a node vouches for is refused until the file is renewed; the file is parsed strictly where trust hangs
on it, and unknown fields are kept out of memory. It is public: nothing secret ever stands in it.

It fetches nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chain.errors import SettingsError
from sui.errors import ParseError
from sui.types import Address, Digest

if TYPE_CHECKING:
    from pathlib import Path

_PCR_BYTES = 48


@dataclass(frozen=True)
class Measurement:
    """One approved image: PCR 0, 1 and 2, and from when to when it is approved."""

    pcrs: tuple[bytes, bytes, bytes]
    valid_from: int = 0
    retired_at: int | None = None

    def __post_init__(self) -> None:
        """Refuse PCRs that no real image has."""
        for pcr in self.pcrs:
            if len(pcr) != _PCR_BYTES or not any(pcr):
                raise SettingsError("a measurement has three PCRs of 48 bytes, none of them zero")

    def in_force(self, at_ms: int) -> bool:
        """Whether it is approved at a time."""
        return self.valid_from <= at_ms and (self.retired_at is None or at_ms < self.retired_at)


@dataclass(frozen=True)
class ApprovedConfiguration:
    """One approved configuration hash, and from when to when it is approved."""

    hash: bytes
    valid_from: int = 0
    retired_at: int | None = None

    def __post_init__(self) -> None:
        """Refuse what is no SHA-256."""
        if len(self.hash) != 32:
            raise SettingsError("a configuration hash has 32 bytes")

    def in_force(self, at_ms: int) -> bool:
        """Whether it is approved at a time."""
        return self.valid_from <= at_ms and (self.retired_at is None or at_ms < self.retired_at)


@dataclass(frozen=True)
class ClusterFile:
    """The content of `cluster.json`."""

    cluster: Address
    package: Address
    chain_id: Digest
    ledger: str
    ledger_ca: str
    gateway: str
    attestation: str
    measurements: tuple[Measurement, ...]
    configurations: tuple[ApprovedConfiguration, ...]
    latest_package: Address | None = None
    attestation_root: str | None = None
    active_enclave: Address | None = None
    epoch: int = 0
    config_version: int = 0
    pending: tuple[dict[str, Any], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def call_package(self) -> Address:
        """The package version that calls go to."""
        return self.latest_package or self.package

    def as_json(self) -> dict[str, Any]:
        """The fields as `cluster show --json` prints them."""
        out: dict[str, Any] = {
            "cluster": str(self.cluster),
            "package": str(self.package),
            "latest_package": str(self.call_package),
            "chain_id": str(self.chain_id),
            "ledger": self.ledger,
            "ledger_ca": self.ledger_ca,
            "gateway": self.gateway,
            "attestation": self.attestation,
            "measurements": [
                {
                    "pcr0": m.pcrs[0].hex(),
                    "pcr1": m.pcrs[1].hex(),
                    "pcr2": m.pcrs[2].hex(),
                    "valid_from": m.valid_from,
                    "retired_at": m.retired_at,
                }
                for m in self.measurements
            ],
            "configurations": [
                {"hash": c.hash.hex(), "valid_from": c.valid_from, "retired_at": c.retired_at}
                for c in self.configurations
            ],
            "active_enclave": str(self.active_enclave) if self.active_enclave else None,
            "epoch": self.epoch,
            "config_version": self.config_version,
            "pending": list(self.pending),
        }
        if self.attestation_root is not None:
            out["attestation_root"] = self.attestation_root
        return out | self.extra


def parse_cluster_file(text: str) -> ClusterFile:
    """Read `cluster.json`.

    Raises:
        SettingsError: it is not one, with the field that is wrong.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise SettingsError(f"cluster.json is not JSON ({error}); write it anew with `cluster show --json`") from error
    if not isinstance(raw, dict):
        raise SettingsError("cluster.json must be a JSON object; write it anew with `cluster show --json`")
    try:
        return ClusterFile(
            cluster=Address.parse(_text(raw, "cluster")),
            package=Address.parse(_text(raw, "package")),
            latest_package=Address.parse(raw["latest_package"]) if raw.get("latest_package") else None,
            chain_id=Digest.parse(_text(raw, "chain_id")),
            ledger=_text(raw, "ledger"),
            ledger_ca=_text(raw, "ledger_ca"),
            gateway=_text(raw, "gateway"),
            attestation=_text(raw, "attestation"),
            attestation_root=raw.get("attestation_root"),
            measurements=tuple(_measurement(entry) for entry in raw["measurements"]),
            configurations=tuple(
                ApprovedConfiguration(bytes.fromhex(entry["hash"]), *_window(entry)) for entry in raw["configurations"]
            ),
            active_enclave=Address.parse(raw["active_enclave"]) if raw.get("active_enclave") else None,
            epoch=int(raw.get("epoch", 0)),
            config_version=int(raw.get("config_version", 0)),
            pending=tuple(raw.get("pending", ())),
        )
    except (KeyError, TypeError, ValueError, ParseError) as error:
        raise SettingsError(
            f"cluster.json cannot be used ({error}); ask its issuer for a new one, or run `cluster show --json`"
        ) from error


def _text(raw: dict[str, Any], name: str) -> str:
    value = raw[name]
    if not isinstance(value, str):
        raise TypeError(f"field {name!r} must be text")
    return value


def _window(entry: dict[str, Any]) -> tuple[int, int | None]:
    retired = entry.get("retired_at")
    return int(entry.get("valid_from", 0)), None if retired is None else int(retired)


def _measurement(entry: dict[str, Any]) -> Measurement:
    pcrs = (bytes.fromhex(entry["pcr0"]), bytes.fromhex(entry["pcr1"]), bytes.fromhex(entry["pcr2"]))
    return Measurement(pcrs, *_window(entry))


def read_cluster_file(path: Path) -> ClusterFile:
    """Read `cluster.json` from a path.

    Raises:
        SettingsError: it is not there, or not usable.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"no cluster file at {path} ({error.strerror}); get it from the cluster's operator, "
            "or write it with `k3s-daas cluster show --json`"
        ) from error
    return parse_cluster_file(text)


def write_cluster_file(path: Path, cluster: ClusterFile) -> None:
    """Write `cluster.json`, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(cluster.as_json(), indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
