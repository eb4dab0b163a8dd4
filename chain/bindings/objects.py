"""The contract's objects, decoded from the BCS contents that a node holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chain.bindings.state import (
    CONFIGURATION,
    DELAYS,
    HASH_BYTES,
    KEY_BYTES,
    MEASUREMENT,
    SETTINGS,
    Configuration,
    Delays,
    Measurement,
    Settings,
)
from chain.errors import PayloadError
from chain.rules import ENVELOPE, RULES, Envelope, Rule
from sui.bcs import ADDRESS, BOOL, STRING, U64, option, struct, vector
from sui.errors import BcsError
from sui.type_tag import StructTag

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.types import Address


@dataclass(frozen=True)
class Approvals:
    """What a cluster approves, retired entries too."""

    next_version: int
    measurements: tuple[Measurement, ...]
    configurations: tuple[Configuration, ...]


@dataclass(frozen=True)
class Bond:
    """What an operator has put up; `leaving` of it counts no longer."""

    operator: Address
    balance: int
    leaving: int
    leaving_due: int


@dataclass(frozen=True)
class Cluster:
    """The shared object that every request reads."""

    id: Address
    version: int
    chain_id: bytes
    package: Address
    settings: Settings
    delays: Delays
    delay_maxima: Delays
    approvals: Approvals
    active_enclave: Address | None
    epoch: int
    config_version: int
    operator: Address
    bonds: tuple[Bond, ...]
    is_shared: bool


@dataclass(frozen=True)
class AdminCap:
    """The right to change a cluster."""

    id: Address
    cluster: Address


@dataclass(frozen=True)
class OperatorCap:
    """The right to start enclaves in a cluster."""

    id: Address
    cluster: Address


@dataclass(frozen=True)
class Enclave:
    """One registered enclave."""

    id: Address
    cluster: Address
    operator: Address
    epoch: int
    address: Address
    public_key: bytes
    hpke_key: bytes
    tls_ca_hash: bytes
    measurement: int
    configuration: int
    registered_at: int
    expires_at: int
    revoked: bool


@dataclass(frozen=True)
class Challenge:
    """What a document has to carry as its nonce: the 32 bytes of `id`."""

    id: Address
    cluster: Address
    operator: Address
    expires_at: int


@dataclass(frozen=True)
class SealToken:
    """What its owner may do in a cluster."""

    id: Address
    version: int
    cluster: Address
    owner: Address
    public_key: bytes
    rules: tuple[Rule, ...]
    stake: int
    leaving: int
    leaving_due: int
    usable_from: int
    expires_at: int
    revoked: bool
    note: str

    @property
    def counted_stake(self) -> int:
        """The stake that counts."""
        return self.stake - self.leaving


@dataclass(frozen=True)
class Request:
    """One request that waits for its answer."""

    id: Address
    cluster: Address
    enclave: Address
    epoch: int
    config_version: int
    token: Address
    sender: Address
    envelope: Envelope
    payload_hash: bytes
    payload_length: int
    asked_at: int
    deadline: int
    answer_until: int
    stream: bool


_APPROVALS = struct(Approvals, next_version=U64, measurements=vector(MEASUREMENT), configurations=vector(CONFIGURATION))
_BOND = struct(Bond, operator=ADDRESS, balance=U64, leaving=U64, leaving_due=U64)

CLUSTER: Codec[Cluster] = struct(
    Cluster,
    id=ADDRESS,
    version=U64,
    chain_id=HASH_BYTES,
    package=ADDRESS,
    settings=SETTINGS,
    delays=DELAYS,
    delay_maxima=DELAYS,
    approvals=_APPROVALS,
    active_enclave=option(ADDRESS),
    epoch=U64,
    config_version=U64,
    operator=ADDRESS,
    bonds=vector(_BOND),
    is_shared=BOOL,
)
"""Contents of `cluster::Cluster`."""

ADMIN_CAP: Codec[AdminCap] = struct(AdminCap, id=ADDRESS, cluster=ADDRESS)
"""Contents of `cluster::AdminCap`."""

OPERATOR_CAP: Codec[OperatorCap] = struct(OperatorCap, id=ADDRESS, cluster=ADDRESS)
"""Contents of `cluster::OperatorCap`."""

ENCLAVE: Codec[Enclave] = struct(
    Enclave,
    id=ADDRESS,
    cluster=ADDRESS,
    operator=ADDRESS,
    epoch=U64,
    address=ADDRESS,
    public_key=HASH_BYTES,
    hpke_key=KEY_BYTES,
    tls_ca_hash=HASH_BYTES,
    measurement=U64,
    configuration=U64,
    registered_at=U64,
    expires_at=U64,
    revoked=BOOL,
)
"""Contents of `enclave::Enclave`."""

CHALLENGE: Codec[Challenge] = struct(Challenge, id=ADDRESS, cluster=ADDRESS, operator=ADDRESS, expires_at=U64)
"""Contents of `enclave::Challenge`."""

SEAL_TOKEN: Codec[SealToken] = struct(
    SealToken,
    id=ADDRESS,
    version=U64,
    cluster=ADDRESS,
    owner=ADDRESS,
    public_key=HASH_BYTES,
    rules=RULES,
    stake=U64,
    leaving=U64,
    leaving_due=U64,
    usable_from=U64,
    expires_at=U64,
    revoked=BOOL,
    note=STRING,
)
"""Contents of `seal_token::SealToken`."""

REQUEST: Codec[Request] = struct(
    Request,
    id=ADDRESS,
    cluster=ADDRESS,
    enclave=ADDRESS,
    epoch=U64,
    config_version=U64,
    token=ADDRESS,
    sender=ADDRESS,
    envelope=ENVELOPE,
    payload_hash=HASH_BYTES,
    payload_length=U64,
    asked_at=U64,
    deadline=U64,
    answer_until=U64,
    stream=BOOL,
)
"""Contents of `request::Request`."""

OBJECTS: dict[tuple[str, str], Codec[Any]] = {
    ("cluster", "Cluster"): CLUSTER,
    ("cluster", "AdminCap"): ADMIN_CAP,
    ("cluster", "OperatorCap"): OPERATOR_CAP,
    ("enclave", "Enclave"): ENCLAVE,
    ("enclave", "Challenge"): CHALLENGE,
    ("seal_token", "SealToken"): SEAL_TOKEN,
    ("request", "Request"): REQUEST,
}
"""Every object's codec by its module and name."""


def object_type(original: Address, module: str, name: str) -> StructTag:
    """The type of one of the contract's objects.

    Args:
        original: the package's original id.
        module: the defining module.
        name: the struct's name.

    Returns:
        The type as a node writes it.
    """
    return StructTag(original, module, name)


def decode_object(original: Address, kind: StructTag | None, contents: bytes) -> Any:
    """Decode an object of the contract by its type.

    Raises:
        PayloadError: it is no object of this package, or its contents do not fit.
    """
    codec = OBJECTS.get((kind.module, kind.name)) if kind is not None and kind.address == original else None
    if codec is None:
        raise PayloadError(f"{kind} is no object of package {original}; check the id that was given")
    try:
        return codec.decode(contents)
    except BcsError as error:
        raise PayloadError(f"the contents of a {kind} cannot be read: {error}") from error
