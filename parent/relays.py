"""The parent's three relays: the ledger for the enclave, kubectl and documents towards it. Bytes, nothing else.

Rules: the enclave may reach one address, the ledger of the settings (the enclave's own egress proxy decides; this is
the second barrier). No relay looks into what it carries. With a recording folder each keeps every byte, for tests.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from parent.errors import PortTakenError
from wire.control import ATTESTATION_PORT, GATEWAY_PORT, LEDGER_PORT
from wire.errors import ConnectFailed
from wire.relay import Direction, Relay, RelayLimits
from wire.sockets import dial_tcp, listen_tcp

if TYPE_CHECKING:
    from wire.relay import Dial, Streams, Tap
    from wire.sockets import Listener
    from wire.vsock import Vsock

LEDGER_LIMITS = RelayLimits(connections=32, idle_timeout_s=3600.0)
KUBECTL_LIMITS = RelayLimits(connections=256, idle_timeout_s=3600.0)
DOCUMENT_LIMITS = RelayLimits(connections=32, idle_timeout_s=30.0)


@dataclass(frozen=True)
class Address:
    """A TCP address of this host or another."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `HOST:PORT`.

        Raises:
            ValueError: it is not one.
        """
        host, _, port = text.rpartition(":")
        if not host or not port.isdecimal() or int(port) > 65_535:
            raise ValueError(f"{text!r} is not HOST:PORT")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        """Return `HOST:PORT`."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Relays:
    """All relays of one parent; they outlive a restart of the enclave."""

    def __init__(self, vsock: Vsock, *, ledger: Address, record: Path | None = None) -> None:
        """Relay for the enclave behind `vsock`."""
        self._vsock = vsock
        self._ledger = ledger
        self._record = record
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, *, gateway: Address, attestation: Address) -> tuple[Address, Address]:
        """Listen on all sides; returns the addresses taken for kubectl and for documents.

        Raises:
            PortTakenError: somebody else listens there.
        """
        self._serve("ledger", self._vsock.listen(LEDGER_PORT), self._dial_ledger, LEDGER_LIMITS)
        taken = []
        for name, wanted, port, limits in (
            ("gateway", gateway, GATEWAY_PORT, KUBECTL_LIMITS),
            ("attestation", attestation, ATTESTATION_PORT, DOCUMENT_LIMITS),
        ):
            try:
                listener = listen_tcp(wanted.host, wanted.port)
            except ConnectFailed as error:
                flag = "--listen" if name == "gateway" else "--attestation-listen"
                raise PortTakenError(f"{error} (with `k3s-daas up {flag} HOST:PORT`)") from error
            taken.append(Address(wanted.host, listener.socket.getsockname()[1]))
            self._serve(name, listener, self._to_guest(port), limits)
        return taken[0], taken[1]

    async def stop(self) -> None:
        """Cut everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, name: str, listener: Listener, dial: Dial, limits: RelayLimits) -> None:
        relay = Relay(listener, dial, limits=limits, tap=self._tap(name))
        self._tasks.append(asyncio.create_task(_serve_until_cancelled(relay, listener), name=f"relay {name}"))

    def _to_guest(self, port: int) -> Dial:
        async def dial() -> Streams:
            return await asyncio.open_connection(sock=await self._vsock.connect(port))

        return dial

    async def _dial_ledger(self) -> Streams:
        connection = await dial_tcp(self._ledger.host, self._ledger.port, timeout_s=LEDGER_LIMITS.connect_timeout_s)
        return await asyncio.open_connection(sock=connection)

    def _tap(self, name: str) -> Tap | None:
        if self._record is None:
            return None
        folder = self._record

        def keep(number: int, direction: Direction, data: bytes) -> None:
            with (folder / f"{name}-{number}-{direction.value}").open("ab") as file:
                file.write(data)

        return keep


async def _serve_until_cancelled(relay: Relay, listener: Listener) -> None:
    try:
        await relay.serve()
    finally:
        listener.close()


def record_folder(text: str) -> Path | None:
    """Return the folder in which relayed bytes are kept, made if needed; None where none is named."""
    if not text:
        return None
    folder = Path(text)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
