"""Where things lie inside the enclave, and which uid a process has: the one table that all its processes share.

The folders can be moved by two environment variables (tests do); nothing secret is in the environment.

==================  ==================================================================
K3S_DAAS_RUN        sockets and public files, default /run/k3s-daas
K3S_DAAS_STATE      one private folder for each process, default /var/lib/k3s-daas
K3S_DAAS_VSOCK      address for `wire.vsock.open_vsock`
K3S_DAAS_KUBERNETES the Kubernetes binary
==================  ==================================================================
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path


class Uid(IntEnum):
    """The uid of each process, where the machine allows several."""

    SUPERVISOR = 0
    BROKER = 2001
    SIGNER = 2002
    EGRESS = 2003
    EXECUTOR = 2004
    GATEWAY = 2005
    FRONT = 2006
    KUBERNETES = 2007


@dataclass(frozen=True)
class Places:
    """Folders, sockets and files of one enclave."""

    run: Path
    state: Path
    vsock: str
    kubernetes: Path

    @classmethod
    def from_environment(cls) -> Places:
        """Read the places that the supervisor has set for this process."""
        return cls(
            run=Path(os.environ.get("K3S_DAAS_RUN", "/run/k3s-daas")),
            state=Path(os.environ.get("K3S_DAAS_STATE", "/var/lib/k3s-daas")),
            vsock=os.environ.get("K3S_DAAS_VSOCK", "vsock:3"),
            kubernetes=Path(os.environ.get("K3S_DAAS_KUBERNETES", "/opt/k3s-daas/k3s")),
        )

    def environment(self) -> dict[str, str]:
        """The variables that lead a child to the same places."""
        return {
            "K3S_DAAS_RUN": str(self.run),
            "K3S_DAAS_STATE": str(self.state),
            "K3S_DAAS_VSOCK": self.vsock,
            "K3S_DAAS_KUBERNETES": str(self.kubernetes),
        }

    @property
    def broker(self) -> Path:
        """The key broker's socket."""
        return self.run / "broker.sock"

    @property
    def signer(self) -> Path:
        """The signer's socket."""
        return self.run / "signer.sock"

    @property
    def executor(self) -> Path:
        """The executor's socket for calls."""
        return self.run / "executor.sock"

    @property
    def stream(self) -> Path:
        """The executor's socket for streams."""
        return self.run / "stream.sock"

    @property
    def ledger(self) -> Path:
        """The egress proxy's socket to the ledger: plaintext HTTP/2."""
        return self.run / "ledger.sock"

    @property
    def parameters(self) -> Path:
        """The boot parameters (`enclave.parameters`), public, written once."""
        return self.run / "parameters.json"

    @property
    def activation(self) -> Path:
        """The parent's hint of enclave id and epoch (`enclave.parameters`), present once it came."""
        return self.run / "activation.json"

    @property
    def kubeconfig(self) -> Path:
        """The admin kubeconfig that the Kubernetes process writes and only the executor reads."""
        return self.state / "kubernetes" / "kubeconfig"

    def private(self, name: str) -> Path:
        """The private folder of one process."""
        return self.state / name

    def ready(self, name: str) -> Path:
        """The file that a process makes when it is ready for work; the supervisor waits for it."""
        return self.run / f"{name}.ready"


def tell_ready(places: Places, name: str) -> None:
    """Say that the calling process is ready for work."""
    places.ready(name).touch(mode=0o644)


def separate_uids() -> bool:
    """Whether this process may give its children uids of their own (root, outside a one-uid user namespace)."""
    if os.geteuid() != 0:
        return False
    try:
        ranges = Path("/proc/self/uid_map").read_text()
    except FileNotFoundError:  # a kernel without user namespaces, as the image's: every uid is there
        return True
    for line in ranges.splitlines():
        first, _, count = (int(word) for word in line.split())
        if first <= min(Uid.BROKER, Uid.KUBERNETES) and max(Uid) < first + count:
            return True
    return False


def allowed_uids(*uids: Uid) -> frozenset[int]:
    """The uids that a server lets in: these, or its own where there is only one."""
    own = os.geteuid()
    return frozenset(int(uid) for uid in uids) if own in set(Uid) - {Uid.SUPERVISOR} else frozenset({own})
