"""The folder that holds all local state, `$K3S_DAAS_HOME`.

Role: where things lie, and the profile (`state.json`): which ledger, package, cluster, caps and addresses this machine
works with. Nothing secret is in the profile; keys are in `keystore/` and `operator.key`, mode 0600.

Rules: files are written whole or not at all; folders with keys have mode 0700.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from cli.errors import CommandError


@dataclass(frozen=True)
class Profile:
    """What this machine works with; empty text where nothing is known yet."""

    ledger: str = ""
    ledger_ca: str = ""
    faucet: str = ""
    chain_id: str = ""
    package: str = ""
    latest_package: str = ""
    packages: str = ""
    upgrade_cap: str = ""
    upgrade_right: str = ""
    lock: str = ""
    aside: str = ""
    cluster: str = ""
    admin: str = ""
    admin_cap: str = ""
    operator: str = ""
    operator_cap: str = ""
    enclave: str = ""
    token: str = ""
    gateway: str = ""
    attestation: str = ""
    attestation_root: str = ""


def default_home() -> Path:
    """`$K3S_DAAS_HOME`, else `.k3s-daas` in a checkout, else the XDG state folder."""
    named = os.environ.get("K3S_DAAS_HOME")
    if named:
        return Path(named).expanduser().absolute()
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").exists():
        return checkout / ".k3s-daas"
    state = os.environ.get("XDG_STATE_HOME")
    return (Path(state) if state else Path.home() / ".local" / "state") / "k3s-daas"


@dataclass(frozen=True)
class Home:
    """Paths under one home folder."""

    root: Path

    @classmethod
    def here(cls) -> Home:
        """The home that the environment names."""
        return cls(default_home())

    @property
    def keystore(self) -> Path:
        """Keys of admin and users, in the Sui CLI's format."""
        return self.root / "keystore" / "sui.keystore"

    @property
    def aliases(self) -> Path:
        """Names of the keys."""
        return self.root / "keystore" / "aliases.json"

    @property
    def operator_key(self) -> Path:
        """The operator's key, which the parent reads."""
        return self.root / "operator.key"

    @property
    def cluster_file(self) -> Path:
        """The public connection file."""
        return self.root / "cluster.json"

    @property
    def state(self) -> Path:
        """The profile."""
        return self.root / "state.json"

    @property
    def kubeconfig(self) -> Path:
        """Where `kubeconfig` writes without `--out`."""
        return self.root / "kubeconfig"

    @property
    def configuration(self) -> Path:
        """The configuration that the enclave is started with."""
        return self.root / "configuration.json"

    @property
    def grants(self) -> Path:
        """Cached grants, one file each, mode 0600."""
        return self.root / "cache" / "grants"

    @property
    def logs(self) -> Path:
        """Structured logs, one file a part."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Sockets and process ids."""
        return self.root / "run"

    @property
    def localnet(self) -> Path:
        """The embedded ledger's state."""
        return self.root / "localnet"

    def profile(self) -> Profile:
        """Read the profile; an empty one where there is none."""
        try:
            raw = json.loads(self.state.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return Profile()
        except (OSError, ValueError) as error:
            raise CommandError(f"{self.state} cannot be read ({error}); remove it and name what is needed") from error
        known = {field.name for field in fields(Profile)}
        return Profile(**{name: value for name, value in raw.items() if name in known and isinstance(value, str)})

    def update(self, **changes: str) -> Profile:
        """Change the profile and write it; other programs' fields in the file are kept."""
        profile = replace(self.profile(), **changes)
        raw: dict[str, Any] = {}
        if self.state.exists():
            raw = json.loads(self.state.read_text(encoding="utf-8"))
        write_whole(self.state, json.dumps(raw | asdict(profile), indent=2) + "\n")
        return profile


def write_whole(path: Path, content: str | bytes, *, secret: bool = False) -> None:
    """Write a file whole or not at all; a secret one is readable by its owner only, from its first byte."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700 if secret else 0o755)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if secret else 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)
