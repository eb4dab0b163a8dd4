"""The contract's events, decoded from BCS into frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from chain.bindings.state import CLUSTER_STATE, HASH_BYTES, KEY_BYTES, ClusterState
from chain.bindings.upgrade_events import UPGRADE_EVENTS, UPGRADE_MODULE, UpgradeEvent
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
"""The module that defines the events of clusters, enclaves, tokens and requests."""


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
class EnclaveRenewed:
    """A registration lasts longer."""

    enclave: Address
    cluster: Address
    challenge: Address
    measurement: int
    configuration: int
    document_time: int
    renewed_at: int
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
class EquivocationProven:
    """An enclave's key signed two answers to one request: its operator's bond is gone."""

    enclave: Address
    cluster: Address
    operator: Address
    request_id: Address
    reporter: Address
    slashed: int
    reward: int
    proven_at: int


@dataclass(frozen=True)
class SealTokenChanged:
    """A token's full state; `stake` is what counts of it; pending rules, if any, replace the others from their time."""

    token: Address
    version: int
    revision: int
    cluster: Address
    owner: Address
    public_key: bytes
    rules: tuple[Rule, ...]
    pending_rules: tuple[Rule, ...]
    pending_from: int
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
class K8sViolationStored:
    """The contract accepted that a payload was not what its envelope said; `lost` is what it cost of the stake."""

    request_id: Address
    cluster: Address
    enclave: Address
    epoch: int
    sequence: int
    config_version: int
    token: Address
    payload_hash: bytes
    found_at: int
    answer_until: int
    stored_at: int
    lost: int
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
    | EnclaveRenewed
    | EnclaveActivated
    | EnclaveRevoked
    | EquivocationProven
    | SealTokenChanged
    | K8sAPIRequest
    | K8sResponseStored
    | K8sViolationStored
    | K8sRequestProcessed
    | UpgradeEvent
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
    "EnclaveRenewed": struct(
        EnclaveRenewed,
        enclave=ADDRESS,
        cluster=ADDRESS,
        challenge=ADDRESS,
        measurement=U64,
        configuration=U64,
        document_time=U64,
        renewed_at=U64,
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
    "EquivocationProven": struct(
        EquivocationProven,
        enclave=ADDRESS,
        cluster=ADDRESS,
        operator=ADDRESS,
        request_id=ADDRESS,
        reporter=ADDRESS,
        slashed=U64,
        reward=U64,
        proven_at=U64,
    ),
    "SealTokenChanged": struct(
        SealTokenChanged,
        token=ADDRESS,
        version=U64,
        revision=U64,
        cluster=ADDRESS,
        owner=ADDRESS,
        public_key=HASH_BYTES,
        rules=RULES,
        pending_rules=RULES,
        pending_from=U64,
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
    "K8sViolationStored": struct(
        K8sViolationStored,
        request_id=ADDRESS,
        cluster=ADDRESS,
        enclave=ADDRESS,
        epoch=U64,
        sequence=U64,
        config_version=U64,
        token=ADDRESS,
        payload_hash=HASH_BYTES,
        found_at=U64,
        answer_until=U64,
        stored_at=U64,
        lost=U64,
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
    module = UPGRADE_MODULE if name in UPGRADE_EVENTS else MODULE
    return f"{original}::{module}::{name}"


_MODULES: dict[str, dict[str, Codec[Any]]] = {MODULE: EVENTS, UPGRADE_MODULE: UPGRADE_EVENTS}


def decode_event(original: Address, kind: StructTag, contents: bytes) -> ContractEvent:
    """Decode an event of the contract by its type.

    Raises:
        PayloadError: it is no event of this package, or its contents do not fit.
    """
    ours = kind.address == original and not kind.type_params
    codec = _MODULES.get(kind.module, {}).get(kind.name) if ours else None
    if codec is None:
        raise PayloadError(f"{kind} is no event of package {original}; this program knows version 1 of it")
    try:
        event: ContractEvent = codec.decode(contents)
    except BcsError as error:
        raise PayloadError(f"an event {kind.name} cannot be read: {error}; the node that sent it is broken") from error
    return event
