"""The gateway's own TLS leaf: a fresh key, a request for a certificate, and the server's context.

Rules: the key is made here and never leaves; it touches no file system (the TLS library reads it from an anonymous
memory file that is gone before the first connection). TLS 1.2 is the least, as client-go speaks it; HTTP/1.1 only.

Who signs the certificate is not decided here: the key broker does, under the attested CA.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

SERVER_NAME: Final = "enclave.k3s-daas"
"""The name in the leaf, which a kubeconfig gives as `tls-server-name`."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A key and its certificate chain, as PEM."""

    chain: bytes
    key: bytes

    def context(self) -> ssl.SSLContext:
        """Build the server's TLS context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        descriptor = os.memfd_create("leaf", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, self.chain + b"\n" + self.key)
            context.load_cert_chain(f"/proc/self/fd/{descriptor}")
        finally:
            os.close(descriptor)
        return context

    def __repr__(self) -> str:
        """Show no key."""
        return "Leaf()"


async def obtain_leaf(issue: Callable[[bytes], Awaitable[bytes]]) -> Leaf:
    """Make a key and have it certified.

    Args:
        issue: Turns a certificate request (DER) into a certificate chain (PEM).
    """
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName(SERVER_NAME), x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    request = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, SERVER_NAME)]))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain = await issue(request.public_bytes(serialization.Encoding.DER))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return Leaf(chain, pem)
