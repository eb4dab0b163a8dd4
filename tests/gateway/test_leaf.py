"""The gateway's TLS leaf: certified by whoever issues, trusted through that CA alone."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.leaf import SERVER_NAME, obtain_leaf


class Authority:
    """A CA that signs what it is asked to."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "enclave CA")])
        self.certificate = (
            self._builder(self.name, self.key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .sign(self.key, hashes.SHA256())
        )

    def _builder(self, subject, public_key):
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
        )

    async def issue(self, request_der: bytes) -> bytes:
        request = x509.load_der_x509_csr(request_der)
        assert request.is_signature_valid
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        leaf = (
            self._builder(request.subject, request.public_key())
            .add_extension(names, critical=False)
            .sign(self.key, hashes.SHA256())
        )
        return leaf.public_bytes(serialization.Encoding.PEM)

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()


async def test_a_client_that_trusts_the_ca_reaches_the_name():
    authority = Authority()
    leaf = await obtain_leaf(authority.issue)
    here, there = socket.socketpair()
    client = ssl.create_default_context(cadata=authority.pem)
    server_done = asyncio.get_running_loop().run_in_executor(None, _serve, leaf.context(), there)
    connected = await asyncio.get_running_loop().run_in_executor(None, _connect, client, here)
    await server_done
    assert connected == ("TLSv1.3", "http/1.1")
    assert "PRIVATE" not in repr(leaf)


def _serve(context: ssl.SSLContext, end: socket.socket) -> None:
    with context.wrap_socket(end, server_side=True) as tls:
        tls.recv(1)


def _connect(context: ssl.SSLContext, end: socket.socket) -> tuple[str | None, str | None]:
    context.set_alpn_protocols(["h2", "http/1.1"])
    with context.wrap_socket(end, server_hostname=SERVER_NAME) as tls:
        tls.send(b"x")
        return tls.version(), tls.selected_alpn_protocol()


async def test_every_life_has_a_key_of_its_own():
    authority = Authority()
    first, second = await obtain_leaf(authority.issue), await obtain_leaf(authority.issue)
    assert first.key != second.key
