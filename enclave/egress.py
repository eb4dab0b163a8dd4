"""The egress proxy process: what leaves the enclave, leaves here.

It knows its destinations from the hashed configuration alone. The ledger: plaintext HTTP/2 comes in on `ledger.sock`,
TLS under the CA that the configuration names goes out, through the parent's relay. Who is at the far end is decided by
the certificate, never by the parent.
"""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from chain.configuration import SYSTEM_CA
from enclave import logs
from enclave.parameters import read_parameters
from enclave.places import Places, tell_ready
from wire.control import LEDGER_PORT
from wire.relay import Relay, RelayLimits
from wire.sockets import listen_unix
from wire.vsock import open_vsock

if TYPE_CHECKING:
    from chain.configuration import Configuration
    from wire.relay import Dial, Streams
    from wire.vsock import Vsock

_log = structlog.get_logger()
_LIMITS = RelayLimits(connections=32, connect_timeout_s=10.0, idle_timeout_s=3_600.0)


@dataclass(frozen=True)
class Destination:
    """One place that may be reached: its name, the parent's port that leads to it, and how it proves itself."""

    host: str
    port: int
    tls: ssl.SSLContext | None


def ledger_destination(configuration: Configuration) -> Destination:
    """The ledger, as the configuration names it."""
    host, _, _ = configuration.rpc.rpartition(":")
    if configuration.plaintext:
        return Destination(host, LEDGER_PORT, None)
    tls = ssl.create_default_context()
    if configuration.rpc_ca != SYSTEM_CA:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        tls.load_verify_locations(cadata=configuration.rpc_ca)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    tls.set_alpn_protocols(["h2"])
    return Destination(host, LEDGER_PORT, tls)


def dialler(vsock: Vsock, destination: Destination) -> Dial:
    """A way to open connections to one destination."""

    async def dial() -> Streams:
        """Open one connection, TLS included."""
        connection = await vsock.connect(destination.port)
        try:
            if destination.tls is None:
                return await asyncio.open_connection(sock=connection)
            return await asyncio.open_connection(
                sock=connection, ssl=destination.tls, server_hostname=destination.host, ssl_handshake_timeout=10.0
            )
        except (OSError, ssl.SSLError) as error:
            connection.close()
            reason = getattr(error, "verify_message", None) or getattr(error, "reason", None)
            _log.warning("no-connection", destination=destination.host, reason=reason or type(error).__name__)
            raise

    return dial


async def serve(places: Places, vsock: Vsock) -> None:
    """Relay until cancelled."""
    destination = ledger_destination(read_parameters(places.parameters).configuration)
    listener = listen_unix(places.ledger, mode=0o666)
    relay = Relay(listener, dialler(vsock, destination), limits=_LIMITS)
    tell_ready(places, "egress")
    _log.info("ready", ledger=destination.host, tls=destination.tls is not None)
    try:
        await relay.serve()
    finally:
        listener.close()


def main() -> None:
    """Run the process."""
    logs.configure("egress")
    places = Places.from_environment()
    asyncio.run(serve(places, open_vsock(places.vsock)))


if __name__ == "__main__":
    main()
