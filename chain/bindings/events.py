"""The contract's events, decoded from BCS into frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from chain.bindings.state import CLUSTER_STATE, HASH_BYTES, KEY_BYTES, ClusterState
from chain.errors import PayloadError
from chain.limits import LIMITS
from chain.rules import RULES, Rule
from sui.bcs import ADDRESS, BOOL, STRING, U8, U16, U64, bounded_bytes, struct, vector
from sui.errors import BcsError

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.type_tag import StructTag
    from sui.types import Address

MODULE = "events"
"""The module that defines all events."""


class Outcome(IntEnum):
    """How a request ended."""

    ANSWERED = 0
    EXPIRED = 1
    VIOLATION = 2


@dataclass(frozen=True)
class ClusterChanged:
    """A cluster was made or changed."""

    change: str
    state: ClusterState


@dataclass(frozen=True)
class EnclaveRegistered:
    """An enclave proved its keys by an attestation document."""

    enclave: Address
    cluster: Address
    operator: Address
    challenge: Address
    address: Address
    public_key: bytes
    hpke_key: bytes
    tls_ca_hash: bytes
    measurement: int
    configuration: int
    document_time: int
    registered_at: int
    expires_at: int


@dataclass(frozen=True)
class EnclaveActivated:
    """An enclave became the one that new requests name."""

    enclave: Address
    epoch: int
    address: Address
    public_key: bytes
    hpke_key: bytes
    tls_ca_hash: bytes
    expires_at: int
    activated_at: int
    state: ClusterState


@dataclass(frozen=True)
class EnclaveRevoked:
    """An enclave was revoked."""

    enclave: Address
    cluster: Address
    revoked_at: int


@dataclass(frozen=True)
class SealTokenChanged:
    """A token's full state; `stake` is what counts of it."""

    token: Address
    cluster: Address
    owner: Address
    public_key: bytes
    rules: tuple[Rule, ...]
    stake: int
    usable_from: int
    expires_at: int
    revoked: bool
    note: str


@dataclass(frozen=True)
class K8sAPIRequest:
    """The contract allowed a request; without a payload, its sealed bytes travel beside the chain."""

    request_id: Address
    cluster: Address
    enclave: Address
    epoch: int
    config_version: int
    token: Address
    owner: Address
    sender: Address
    session: bytes
    grant_expires_at: int
    narrowed: tuple[Rule, ...]
    verb: str
    group: str
    resource: str
    subresource: str
    namespace: str
    payload: tuple[bytes, ...]
    payload_hash: bytes
    payload_length: int
    asked_at: int
    deadline: int
    answer_until: int
    stream: bool


@dataclass(frozen=True)
class K8sResponseStored:
    """The contract accepted an answer's signature."""

    request_id: Address
    cluster: Address
    enclave: Address
    epoch: int
    sequence: int
    config_version: int
    payload_hash: bytes
    status: int
    body: tuple[bytes, ...]
    body_hash: bytes
    body_length: int
    executed_at: int
    answer_until: int
    stored_at: int
    signature: bytes


@dataclass(frozen=True)
class K8sRequestProcessed:
    """A request is over; `outcome` is an `Outcome`."""

    request_id: Address
    cluster: Address
    outcome: int
    processed_at: int


ContractEvent = (
    ClusterChanged
    | EnclaveRegistered
    | EnclaveActivated
    | EnclaveRevoked
    | SealTokenChanged
    | K8sAPIRequest
    | K8sResponseStored
    | K8sRequestProcessed
)

_CHUNKS: Codec[tuple[bytes, ...]] = vector(bounded_bytes(LIMITS.chunk_bytes), max_len=LIMITS.inline_chunks)

EVENTS: dict[str, Codec[ContractEvent]] = {
    "ClusterChanged": struct(ClusterChanged, change=STRING, state=CLUSTER_STATE),
    "EnclaveRegistered": struct(
        EnclaveRegistered,
        enclave=ADDRESS,
        cluster=ADDRESS,
        operator=ADDRESS,
        challenge=ADDRESS,
        address=ADDRESS,
        public_key=HASH_BYTES,
        hpke_key=KEY_BYTES,
        tls_ca_hash=HASH_BYTES,
        measurement=U64,
        configuration=U64,
        document_time=U64,
        registered_at=U64,
        expires_at=U64,
    ),
    "EnclaveActivated": struct(
        EnclaveActivated,
        enclave=ADDRESS,
        epoch=U64,
        address=ADDRESS,
        public_key=HASH_BYTES,
        hpke_key=KEY_BYTES,
        tls_ca_hash=HASH_BYTES,
        expires_at=U64,
        activated_at=U64,
        state=CLUSTER_STATE,
    ),
    "EnclaveRevoked": struct(EnclaveRevoked, enclave=ADDRESS, cluster=ADDRESS, revoked_at=U64),
    "SealTokenChanged": struct(
        SealTokenChanged,
        token=ADDRESS,
        cluster=ADDRESS,
        owner=ADDRESS,
        public_key=HASH_BYTES,
        rules=RULES,
        stake=U64,
        usable_from=U64,
        expires_at=U64,
        revoked=BOOL,
        note=STRING,
    ),
    "K8sAPIRequest": struct(
        K8sAPIRequest,
        request_id=ADDRESS,
        cluster=ADDRESS,
        enclave=ADDRESS,
        epoch=U64,
        config_version=U64,
        token=ADDRESS,
        owner=ADDRESS,
        sender=ADDRESS,
        session=HASH_BYTES,
        grant_expires_at=U64,
        narrowed=RULES,
        verb=STRING,
        group=STRING,
        resource=STRING,
        subresource=STRING,
        namespace=STRING,
        payload=_CHUNKS,
        payload_hash=HASH_BYTES,
        payload_length=U64,
        asked_at=U64,
        deadline=U64,
        answer_until=U64,
        stream=BOOL,
    ),
    "K8sResponseStored": struct(
        K8sResponseStored,
        request_id=ADDRESS,
        cluster=ADDRESS,
        enclave=ADDRESS,
        epoch=U64,
        sequence=U64,
        config_version=U64,
        payload_hash=HASH_BYTES,
        status=U16,
        body=_CHUNKS,
        body_hash=HASH_BYTES,
        body_length=U64,
        executed_at=U64,
        answer_until=U64,
        stored_at=U64,
        signature=HASH_BYTES,
    ),
    "K8sRequestProcessed": struct(
        K8sRequestProcessed, request_id=ADDRESS, cluster=ADDRESS, outcome=U8, processed_at=U64
    ),
}
"""Every event's codec by its name."""


def event_type(original: Address, name: str) -> str:
    """The full type text of an event, as filters want it.

    Args:
        original: the package's original id.
        name: a key of `EVENTS`.

    Returns:
        The type as a node writes it.
    """
    return f"{original}::{MODULE}::{name}"


def decode_event(original: Address, kind: StructTag, contents: bytes) -> ContractEvent:
    """Decode an event of the contract by its type.

    Raises:
        PayloadError: it is no event of this package, or its contents do not fit.
    """
    ours = kind.address == original and kind.module == MODULE and not kind.type_params
    codec = EVENTS.get(kind.name) if ours else None
    if codec is None:
        raise PayloadError(f"{kind} is no event of package {original}; this program knows version 1 of it")
    try:
        return codec.decode(contents)
    except BcsError as error:
        raise PayloadError(f"an event {kind.name} cannot be read: {error}; the node that sent it is broken") from error
