"""Ask an enclave who it is, before any TLS is trusted, and check the answer against `cluster.json`.

Role: the client's side of attestation: fetch a document under our own nonce, the manifest and the CA from the plain
port, and judge them in numbered steps:

(1) the document verifies at our time, by the cluster file's root (AWS's, or the one of a named simulation), with our
    nonce and one of the approved measurements;
(2) the manifest is the one whose hash the document holds, and its key is the document's;
(3) the manifest is for our chain, package and cluster;
(4) its configuration hash is approved in the cluster file;
(5) the CA is the one whose hash the manifest holds;
(6) the cluster's active enclave on chain has the same keys, address and CA, and is not revoked.

Step 6 is the node's word; 1 to 5 are not.
"""

from __future__ import annotations

import base64
import hashlib
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp

from attestation import Measurement, Policy, TrustRoots, verify
from attestation.errors import AttestationError
from chain.bindings.objects import ENCLAVE
from chain.errors import VerificationError
from chain.statements import Manifest, decode_manifest
from cli.cluster_state import read_cluster
from cli.errors import CommandError

if TYPE_CHECKING:
    from chain.bindings.objects import Enclave
    from chain.cluster_file import ClusterFile
    from cli.context import Context

NONCE_BYTES = 32
_TIMEOUT_S = 10.0
_DOCUMENT_BYTES = 16_384
_MANIFEST_BYTES = 8_192
_CA_BYTES = 8_192


@dataclass(frozen=True)
class Attested:
    """An enclave that proved who it is."""

    manifest: Manifest
    ca_pem: str
    enclave: Enclave


def roots_of(file: ClusterFile) -> TrustRoots:
    """The attestation root that a cluster file trusts: that of a simulation which it names, else AWS's."""
    if file.attestation_root is not None:
        return TrustRoots.from_pem(file.attestation_root.encode())
    return TrustRoots.aws()


def measurements_of(file: ClusterFile, at_ms: int) -> frozenset[Measurement]:
    """The measurements in force at a time."""
    return frozenset(Measurement(*m.pcrs) for m in file.measurements if m.in_force(at_ms))


def verify_registration_document(
    document: bytes, *, at_ms: int, nonce: bytes, user_data: bytes, public_key: bytes, cluster: ClusterFile
) -> str:
    """Judge a registration's document at its checkpoint's time; for `chain.verification`.

    Raises:
        VerificationError: the document is refused.
    """
    try:
        policy = Policy(
            roots=roots_of(cluster),
            at_ms=at_ms,
            measurements=measurements_of(cluster, at_ms),
            nonce=nonce,
            user_data=user_data,
            public_key=public_key,
        )
        fields = verify(document, policy)
    except AttestationError as error:
        raise VerificationError("attestation", str(error)) from error
    return f"module {fields.module_id}, PCR0 {fields.pcrs[0].hex()}"


async def attested_enclave(context: Context, file: ClusterFile) -> Attested:
    """Ask the enclave at the cluster file's attestation port, and check every step.

    Raises:
        CommandError: the enclave is not reached, or not the approved one.
        AttestationError: its document is refused.
    """
    if not file.attestation:
        raise CommandError("cluster.json names no attestation port; ask its issuer, or wait until `up` is ready")
    nonce = os.urandom(NONCE_BYTES)
    at_ms = int(time.time() * 1000)
    document = await fetch_document(file.attestation, nonce)
    raw_manifest = await fetch_manifest(file.attestation)
    ca = await _get(file.attestation, "/ca", _CA_BYTES)
    # (1) and (2): the document, and the manifest that it binds.
    manifest = decode_manifest(raw_manifest)
    verify(
        document,
        Policy(
            roots=roots_of(file),
            at_ms=at_ms,
            measurements=measurements_of(file, at_ms),
            nonce=nonce,
            user_data=manifest.user_data,
            public_key=manifest.public_key,
        ),
    )
    # (3) For us.
    if (manifest.cluster, manifest.package, manifest.chain_id) != (file.cluster, file.package, bytes(file.chain_id)):
        raise CommandError("the enclave works for another cluster, package or chain than cluster.json names")
    # (4) Approved configuration.
    approved = {c.hash for c in file.configurations if c.in_force(at_ms)}
    if manifest.configuration not in approved:
        raise CommandError("the enclave runs under a configuration that cluster.json does not approve now")
    # (5) The CA that the manifest binds.
    der, pem = _certificate(ca)
    if hashlib.sha256(der).digest() != manifest.tls_ca_hash:
        raise CommandError("the enclave's TLS CA is not the one that its attestation binds")
    # (6) Active on chain.
    cluster = await read_cluster(context)
    if cluster.active_enclave is None:
        raise CommandError("the cluster has no active enclave; wait until one is registered and activated")
    enclave = ENCLAVE.decode((await context.ledger.get_object(cluster.active_enclave)).contents)
    on_chain = (enclave.address, enclave.public_key, enclave.hpke_key, enclave.tls_ca_hash)
    if on_chain != (manifest.address, manifest.public_key, manifest.hpke_key, manifest.tls_ca_hash):
        raise CommandError("the enclave that answers is not the cluster's active one; try again once it is activated")
    if enclave.revoked:
        raise CommandError("the cluster's active enclave is revoked")
    return Attested(manifest, pem, enclave)


async def fetch_document(place: str, nonce: bytes) -> bytes:
    """A fresh document under a nonce; nothing about it is checked here.

    Raises:
        CommandError: the attestation port does not answer.
    """
    return await _get(place, f"/attestation?nonce={nonce.hex()}", _DOCUMENT_BYTES)


async def fetch_manifest(place: str) -> bytes:
    """The enclave's manifest; nothing about it is checked here.

    Raises:
        CommandError: the attestation port does not answer.
    """
    return await _get(place, "/manifest", _MANIFEST_BYTES)


def _certificate(data: bytes) -> tuple[bytes, str]:
    """One certificate as DER and as PEM, whichever of them came."""
    if data.startswith(b"-----BEGIN"):
        body = b"".join(line for line in data.splitlines() if line and not line.startswith(b"-----"))
        der = base64.b64decode(body)
    else:
        der = data
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    return der, "\n".join(["-----BEGIN CERTIFICATE-----", *lines, "-----END CERTIFICATE-----"]) + "\n"


async def _get(place: str, path: str, most: int) -> bytes:
    base = place if "://" in place else f"http://{place}"
    url = base.rstrip("/") + path
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session,
            session.get(url) as answer,
        ):
            if answer.status != 200:
                raise CommandError(f"the attestation port refused {path.partition('?')[0]}: HTTP {answer.status}")
            data = await answer.content.read(most + 1)
            while len(data) <= most and (more := await answer.content.read(most + 1 - len(data))):
                data += more
    except (aiohttp.ClientError, TimeoutError) as error:
        raise CommandError(f"the attestation port {place} does not answer ({error}); is the enclave up?") from error
    if len(data) > most:
        raise CommandError(f"the attestation port sent more than {most} bytes; it is not an enclave's")
    return data
