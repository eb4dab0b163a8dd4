"""The parent's settings: what the bring-up wrote for it, read once at start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from parent.errors import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Everything that the parent must know; no secret is in it.

    Attributes:
        launcher: Which launcher starts the enclave: `sim`.
        ledger: The node, `HOST:PORT`; `ledger_ca` is its CA file, or empty for plaintext.
        package: The contract package that the cluster's version names; `original_package` is its first version.
        configuration: The file with the cluster's approved configuration.
        operator_key: The file with the operator's private key (Sui keystore text).
        listen: Where kubectl connects; `attestation_listen`: where documents are asked for.
        run: The folder for sockets, short enough for UNIX sockets.
        simulation: The simulation PKI's folder; `measurements`: the file that the simulated NSM reports.
        kubernetes: The Kubernetes binary.
        record: A folder in which every relayed byte is kept, or empty.
    """

    launcher: str
    ledger: str
    ledger_ca: str
    chain_id: str
    package: str
    original_package: str
    cluster: str
    operator_cap: str
    configuration: str
    operator_key: str
    listen: str
    attestation_listen: str
    run: str
    logs: str
    simulation: str
    measurements: str
    kubernetes: str
    record: str = ""


def write(path: Path, settings: Settings) -> None:
    """Write a settings file."""
    path.write_text(json.dumps(asdict(settings), indent=2) + "\n")


def read(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        SettingsError: it is missing, not JSON, or lacks a field.
    """
    try:
        values = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} cannot be read ({error}); run `k3s-daas up`, which writes it") from error
    known = {field.name for field in fields(Settings)}
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise SettingsError(f"{path} is not a table of texts; run `k3s-daas up`, which writes it anew")
    lacking = known - values.keys() - {"record"}
    if lacking:
        raise SettingsError(f"{path} lacks {', '.join(sorted(lacking))}; run `k3s-daas up`, which writes it anew")
    return Settings(**{name: value for name, value in values.items() if name in known})
