"""The one port behind which an enclave is started: simulated today, QEMU and nitro-cli later.

Role: start and stop one enclave and open sockets to it. It knows nothing of ledgers and registration.
"""

from __future__ import annotations

from abc import ABC, abstractmethod


class Launcher(ABC):
    """Starts one enclave at a time."""

    @abstractmethod
    async def start(self) -> None:
        """Start an enclave.

        Raises:
            parent.errors.LaunchError: this machine cannot, and why.
        """

    @abstractmethod
    async def stop(self) -> None:
        """Stop it, with everything that was started for it; harmless when nothing runs."""

    @property
    @abstractmethod
    def vsock(self) -> str:
        """The address of the enclave's ports, for `wire.vsock.open_vsock`."""

    @abstractmethod
    async def ended(self) -> int:
        """Wait until the enclave has ended, and return its exit code."""

    @abstractmethod
    def pids(self) -> dict[str, int]:
        """Name the processes on the host that belong to it."""

    @property
    @abstractmethod
    def note(self) -> str:
        """What a user should know of how this enclave runs, in one sentence; empty for nothing."""
