"""The parent's settings: what the bring-up hands over before the enclave is launched."""

from __future__ import annotations

from dataclasses import dataclass, fields

from parent.errors import SettingsError


@dataclass(frozen=True)
class Settings:
    """Everything that the parent must know; no secret is in it.

    Attributes:
        launcher: Which launcher starts the enclave: `sim`.
        ledger: The node, `HOST:PORT`; `ledger_ca` is its CA as PEM, `system`, or empty for plaintext.
        package: The contract package that the cluster's version names; `original_package` is its first version.
        configuration: The file with the cluster's approved configuration.
        operator_key: The file with the operator's private key (one entry of a Sui keystore).
        listen: Where kubectl connects; `attestation_listen`: where documents are asked for.
        simulation: The simulation PKI's folder.
        kubernetes: The Kubernetes binary.
        contract: The compiled contract, for the words of its aborts.
        record: A folder in which every relayed byte is kept, or empty.
        packages: The versions of the package that may be called once the cluster works with them, with spaces between;
            `package` and `original_package` always may.
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
    simulation: str
    kubernetes: str
    contract: str
    record: str = ""
    packages: str = ""


def checked(values: object) -> Settings:
    """Read settings as the command line sends them.

    Raises:
        SettingsError: a field is missing, unknown, or no text.
    """
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise SettingsError("the settings are not a table of texts; run `k3s-daas up`, which makes them")
    known = {field.name for field in fields(Settings)}
    if lacking := known - values.keys() - {"record", "packages"}:
        raise SettingsError(f"the settings lack {', '.join(sorted(lacking))}; run `k3s-daas up`, which makes them")
    if unknown := values.keys() - known:
        raise SettingsError(
            f"the settings hold unknown fields: {', '.join(sorted(unknown))}; are both programs of one version?"
        )
    return Settings(**values)
