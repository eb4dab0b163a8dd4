"""The structures that are signed or hashed, as the contract's module `statement` has them.

Role: one frozen dataclass and one BCS codec for each signed purpose: answer, violation, grant, manifest.

Rules: each begins with its domain, and binds chain, original package and cluster before its own fields; a field's order
here is its order in Move. Golden bytes in `tests/chain` hold both sides together.

It signs and verifies answers and manifests' hashes only; grants have `chain.grants`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chain.errors import PayloadError
from chain.rules import RULES, Rule
from sui.bcs import ADDRESS, U16, U64, bounded_bytes, struct
from sui.errors import BcsError

if TYPE_CHECKING:
    from chain.bindings.events import K8sResponseStored, K8sViolationStored
    from sui.bcs import Codec
    from sui.types import Address

ANSWER_DOMAIN = b"k3s-daas::answer::v1"
"""Domain of a signed answer."""

VIOLATION_DOMAIN = b"k3s-daas::violation::v1"
"""Domain of a signed violation."""

GRANT_DOMAIN = b"k3s-daas::grant::v1"
"""Domain of a signed grant."""

MANIFEST_DOMAIN = b"k3s-daas::manifest::v1"
"""Domain of an enclave's manifest."""

_SHORT = bounded_bytes(64)
_KEY = bounded_bytes(4096)


@dataclass(frozen=True)
class AnswerStatement:
    """What an enclave signs about one answer."""

    domain: bytes
    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address
    epoch: int
    sequence: int
    config_version: int
    request_id: Address
    payload_hash: bytes
    status: int
    body_hash: bytes
    executed_at: int
    answer_until: int


@dataclass(frozen=True)
class ViolationStatement:
    """What an enclave signs about a request whose payload opened but was not what its envelope said."""

    domain: bytes
    chain_id: bytes
    package: Address
    cluster: Address
    enclave: Address
    epoch: int
    sequence: int
    config_version: int
    request_id: Address
    payload_hash: bytes
    found_at: int
    answer_until: int


@dataclass(frozen=True)
class GrantStatement:
    """What a token's owner signs to let an enclave act for him for a while."""

    domain: bytes
    chain_id: bytes
    package: Address
    cluster: Address
    token: Address
    delegate: Address
    session: bytes
    not_before: int
    expires_at: int
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Manifest:
    """What one boot of an enclave says of itself; its hash is the document's user data."""

    domain: bytes
    address: Address
    public_key: bytes
    hpke_key: bytes
    tls_ca_hash: bytes
    cluster: Address
    package: Address
    chain_id: bytes
    configuration: bytes

    @property
    def user_data(self) -> bytes:
        """SHA-256 of the manifest, as it stands in the attestation document."""
        return hashlib.sha256(MANIFEST.encode(self)).digest()


ANSWER_STATEMENT: Codec[AnswerStatement] = struct(
    AnswerStatement,
    domain=_SHORT,
    chain_id=_SHORT,
    package=ADDRESS,
    cluster=ADDRESS,
    enclave=ADDRESS,
    epoch=U64,
    sequence=U64,
    config_version=U64,
    request_id=ADDRESS,
    payload_hash=_SHORT,
    status=U16,
    body_hash=_SHORT,
    executed_at=U64,
    answer_until=U64,
)
"""BCS of an answer statement."""

VIOLATION_STATEMENT: Codec[ViolationStatement] = struct(
    ViolationStatement,
    domain=_SHORT,
    chain_id=_SHORT,
    package=ADDRESS,
    cluster=ADDRESS,
    enclave=ADDRESS,
    epoch=U64,
    sequence=U64,
    config_version=U64,
    request_id=ADDRESS,
    payload_hash=_SHORT,
    found_at=U64,
    answer_until=U64,
)
"""BCS of a violation statement."""

GRANT_STATEMENT: Codec[GrantStatement] = struct(
    GrantStatement,
    domain=_SHORT,
    chain_id=_SHORT,
    package=ADDRESS,
    cluster=ADDRESS,
    token=ADDRESS,
    delegate=ADDRESS,
    session=_SHORT,
    not_before=U64,
    expires_at=U64,
    rules=RULES,
)
"""BCS of a grant statement."""

MANIFEST: Codec[Manifest] = struct(
    Manifest,
    domain=_SHORT,
    address=ADDRESS,
    public_key=_SHORT,
    hpke_key=_KEY,
    tls_ca_hash=_SHORT,
    cluster=ADDRESS,
    package=ADDRESS,
    chain_id=_SHORT,
    configuration=_SHORT,
)
"""BCS of a manifest."""


def decode_manifest(data: bytes) -> Manifest:
    """Read a manifest that an enclave served.

    Raises:
        PayloadError: it is not one.
    """
    try:
        manifest = MANIFEST.decode(data)
    except BcsError as error:
        raise PayloadError(f"the enclave's manifest cannot be read: {error}") from error
    if manifest.domain != MANIFEST_DOMAIN:
        raise PayloadError("the enclave's manifest has another domain; it is of another version or product")
    return manifest


def signature_holds(public_key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether a raw Ed25519 signature over a message holds."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def answer_of(event: K8sResponseStored, *, chain_id: bytes, package: Address) -> AnswerStatement:
    """The statement that a stored answer's signature is over."""
    return AnswerStatement(
        domain=ANSWER_DOMAIN,
        chain_id=chain_id,
        package=package,
        cluster=event.cluster,
        enclave=event.enclave,
        epoch=event.epoch,
        sequence=event.sequence,
        config_version=event.config_version,
        request_id=event.request_id,
        payload_hash=event.payload_hash,
        status=event.status,
        body_hash=event.body_hash,
        executed_at=event.executed_at,
        answer_until=event.answer_until,
    )


def violation_of(event: K8sViolationStored, *, chain_id: bytes, package: Address) -> ViolationStatement:
    """The statement that a stored violation's signature is over."""
    return ViolationStatement(
        domain=VIOLATION_DOMAIN,
        chain_id=chain_id,
        package=package,
        cluster=event.cluster,
        enclave=event.enclave,
        epoch=event.epoch,
        sequence=event.sequence,
        config_version=event.config_version,
        request_id=event.request_id,
        payload_hash=event.payload_hash,
        found_at=event.found_at,
        answer_until=event.answer_until,
    )
