"""A gateway over an in-memory world, and one over real TLS sockets."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.identity import GrantDoorkeeper
from gateway.limits import Limits
from gateway.messages import HttpRequest, HttpResponse
from gateway.server import GatewayServer
from gateway.service import Gateway, StreamingResponse
from tests.gateway.world import Owner, World
from wire.sockets import listen_tcp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@dataclass
class Monotonic:
    now_s: float = 100.0

    def __call__(self) -> float:
        return self.now_s


def make_gateway(world: World, limits: Limits | None = None, monotonic=None) -> Gateway:
    count = iter(range(1, 10_000))
    return Gateway(
        submitter=world,
        executor=world,
        doorkeeper=GrantDoorkeeper(world),
        random_bytes=lambda n: next(count).to_bytes(n, "big"),
        monotonic=monotonic or Monotonic(),
        limits=limits or Limits(),
    )


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def alice(world: World) -> Owner:
    return world.own(Owner(11))


@pytest.fixture
def gateway(world: World) -> Gateway:
    return make_gateway(world)


def ask(world: World, owner: Owner, method: str, target: str, *headers: tuple[str, str], body: bytes = b""):
    return HttpRequest(method, target, (("Authorization", f"Bearer {owner.bearer(world)}"), *headers), body)


async def read(response: HttpResponse | StreamingResponse) -> bytes:
    """Read a whole response or stream."""
    if isinstance(response, HttpResponse):
        return response.body
    try:
        return b"".join([piece async for piece in response.pieces()])
    finally:
        await response.close()


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory):
    """A self-signed leaf for 127.0.0.1, made once."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "enclave.k3s-daas")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("enclave.k3s-daas")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = folder / "leaf.pem"
    pem.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem


@dataclass
class Client:
    """An HTTPS client of a served gateway."""

    session: aiohttp.ClientSession
    port: int
    tls: ssl.SSLContext

    def request(self, method: str, target: str, **kwargs):
        url = f"https://127.0.0.1:{self.port}{target}"
        return self.session.request(method, url, ssl=self.tls, server_hostname="enclave.k3s-daas", **kwargs)


@pytest.fixture
async def served(world: World, tls_files) -> AsyncIterator[Client]:
    """The gateway behind real TLS on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tls_files)
    server = GatewayServer(make_gateway(world, monotonic=time.monotonic), context)
    listener = listen_tcp("127.0.0.1", 0)
    task = asyncio.create_task(server.serve(listener))
    client_tls = ssl.create_default_context(cafile=str(tls_files))
    async with aiohttp.ClientSession() as session:
        yield Client(session, listener.socket.getsockname()[1], client_tls)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await server.close(0.1)
    listener.close()
