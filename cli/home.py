"""Where the state of a system lies, and what the command line remembers of it.

`$K3S_DAAS_HOME`, else `.k3s-daas` in a checkout, else the XDG state folder. Only the keystore and the operator's key
are secret; both have mode 0600 in a folder of mode 0700.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
LONGEST_RUN_PATH = 70
"""UNIX sockets have 108 bytes for their path; the longest name below `run` needs 38."""


@dataclass
class State:
    """Ids and addresses of the system that this home knows; all of it is public."""

    ledger: str = ""
    ledger_ca: str = ""
    local: bool = False
    faucet: str = ""
    chain_id: str = ""
    package: str = ""
    original_package: str = ""
    upgrade_cap: str = ""
    cluster: str = ""
    admin_cap: str = ""
    operator_cap: str = ""
    admin: str = ""
    operator: str = ""
    user: str = ""
    token: str = ""


class Home:
    """The files of one home."""

    def __init__(self, path: Path) -> None:
        """Use `path`; nothing is made yet."""
        self.path = path

    @classmethod
    def find(cls) -> Home:
        """Return the home that this process is to use."""
        if named := os.environ.get("K3S_DAAS_HOME"):
            return cls(Path(named).expanduser().absolute())
        if (CHECKOUT / "Makefile").exists() and (CHECKOUT / "pyproject.toml").exists():
            return cls(CHECKOUT / ".k3s-daas")
        state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
        return cls(Path(state).expanduser() / "k3s-daas")

    def make(self) -> None:
        """Make the folders."""
        for folder in (self.path, self.keystore.parent, self.logs, self.run, self.cache):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def keystore(self) -> Path:
        """The Sui CLI's keystore format: a JSON list of base64(flag ‖ key)."""
        return self.path / "keystore" / "sui.keystore"

    @property
    def aliases(self) -> Path:
        """Names of keys."""
        return self.path / "keystore" / "sui.aliases"

    @property
    def operator_key(self) -> Path:
        """The operator's key, of the same format: the only one that the parent reads."""
        return self.path / "operator.key"

    @property
    def cluster_file(self) -> Path:
        """The public connection file."""
        return self.path / "cluster.json"

    @property
    def configuration_file(self) -> Path:
        """The cluster's approved configuration."""
        return self.path / "configuration.json"

    @property
    def state_file(self) -> Path:
        """What the command line remembers."""
        return self.path / "state.json"

    @property
    def kubeconfig(self) -> Path:
        """Where `kubeconfig` writes unless told otherwise."""
        return self.path / "kubeconfig"

    @property
    def cache(self) -> Path:
        """Grants, mode 0600."""
        return self.path / "cache"

    @property
    def logs(self) -> Path:
        """One file a host process, and the enclave's console."""
        return self.path / "logs"

    @property
    def localnet(self) -> Path:
        """The local ledger's state."""
        return self.path / "localnet"

    @property
    def simulation(self) -> Path:
        """The simulation PKI: the hypervisor's secret, never the enclave's."""
        return self.path / "simulation"

    @property
    def run(self) -> Path:
        """Sockets; outside the home where its path is too long for them."""
        inside = self.path / "run"
        if len(os.fspath(inside)) <= LONGEST_RUN_PATH:
            return inside
        name = hashlib.sha256(os.fspath(inside).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"k3s-daas-{os.getuid()}-{name}"

    def read_state(self) -> State:
        """Return what is remembered; empty fields where nothing is."""
        try:
            values = json.loads(self.state_file.read_text())
        except FileNotFoundError:
            return State()
        known = {field.name for field in fields(State)}
        return State(**{name: value for name, value in values.items() if name in known})

    def write_state(self, state: State) -> None:
        """Remember, all or nothing."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.state_file.with_suffix(".new")
        fresh.write_text(json.dumps(asdict(state), indent=2) + "\n")
        fresh.replace(self.state_file)
