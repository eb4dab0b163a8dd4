"""The contract's objects, decoded from the BCS contents that a node holds of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chain.bindings.cluster_object import CLUSTER, DEPOSIT, Deposit
from chain.bindings.state import HASH_BYTES, KEY_BYTES
from chain.errors import PayloadError
from chain.rules import ENVELOPE, RULES, Envelope, Rule
from sui.bcs import ADDRESS, BOOL, STRING, U8, U16, U64, option, struct, vector
from sui.errors import BcsError
from sui.type_tag import StructTag

if TYPE_CHECKING:
    from sui.bcs import Codec
    from sui.types import Address


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
    convicted: bool


@dataclass(frozen=True)
class Challenge:
    """What a document has to carry as its nonce: the 32 bytes of `id`."""

    id: Address
    cluster: Address
    operator: Address
    expires_at: int


@dataclass(frozen=True)
class PendingRules:
    """Rules that replace a token's from `due` on."""

    rules: tuple[Rule, ...]
    due: int


@dataclass(frozen=True)
class SealToken:
    """What its owner may do in a cluster."""

    id: Address
    version: int
    revision: int
    cluster: Address
    owner: Address
    public_key: bytes
    rules: tuple[Rule, ...]
    pending_rules: PendingRules | None
    stake: Deposit
    usable_from: int
    expires_at: int
    revoked: bool
    note: str

    def rules_at(self, now_ms: int) -> tuple[Rule, ...]:
        """The rules that hold at a time of the ledger."""
        pending = self.pending_rules
        return pending.rules if pending is not None and pending.due <= now_ms else self.rules


@dataclass(frozen=True)
class Terms:
    """What was asked, by whom, of whom, and until when."""

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
    min_bond: int
    response_inline_bytes: int


@dataclass(frozen=True)
class Request:
    """One request that waits for its answer; a deposit asks for a receipt."""

    id: Address
    terms: Terms
    deposit: int


@dataclass(frozen=True)
class Receipt:
    """One stored answer, for whoever paid for having it as an object."""

    id: Address
    request_id: Address
    cluster: Address
    enclave: Address
    sequence: int
    status: int
    body_hash: bytes
    executed_at: int
    stored_at: int
    signature: bytes


@dataclass(frozen=True)
class UpgradeCap:
    """The framework's right to upgrade a package."""

    id: Address
    package: Address
    version: int
    policy: int


@dataclass(frozen=True)
class Announced:
    """An upgrade that may be authorised from `due` on."""

    digest: bytes
    due: int


@dataclass(frozen=True)
class UpgradeLock:
    """The timelock of the package's UpgradeCap, which is gone once the package is immutable."""

    id: Address
    cap: UpgradeCap | None
    packages: tuple[Address, ...]
    delay_ms: int
    announced: Announced | None


@dataclass(frozen=True)
class UpgradeRight:
    """The right to announce upgrades at one lock."""

    id: Address
    lock: Address


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
    convicted=BOOL,
)
"""Contents of `enclave::Enclave`."""

CHALLENGE: Codec[Challenge] = struct(Challenge, id=ADDRESS, cluster=ADDRESS, operator=ADDRESS, expires_at=U64)
"""Contents of `enclave::Challenge`."""

PENDING_RULES: Codec[PendingRules] = struct(PendingRules, rules=RULES, due=U64)
"""BCS of rules that wait."""

SEAL_TOKEN: Codec[SealToken] = struct(
    SealToken,
    id=ADDRESS,
    version=U64,
    revision=U64,
    cluster=ADDRESS,
    owner=ADDRESS,
    public_key=HASH_BYTES,
    rules=RULES,
    pending_rules=option(PENDING_RULES),
    stake=DEPOSIT,
    usable_from=U64,
    expires_at=U64,
    revoked=BOOL,
    note=STRING,
)
"""Contents of `seal_token::SealToken`."""

TERMS: Codec[Terms] = struct(
    Terms,
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
    min_bond=U64,
    response_inline_bytes=U64,
)
"""BCS of what was asked."""

REQUEST: Codec[Request] = struct(Request, id=ADDRESS, terms=TERMS, deposit=U64)
"""Contents of `request::Request`."""

RECEIPT: Codec[Receipt] = struct(
    Receipt,
    id=ADDRESS,
    request_id=ADDRESS,
    cluster=ADDRESS,
    enclave=ADDRESS,
    sequence=U64,
    status=U16,
    body_hash=HASH_BYTES,
    executed_at=U64,
    stored_at=U64,
    signature=HASH_BYTES,
)
"""Contents of `receipt::Receipt`."""

UPGRADE_CAP: Codec[UpgradeCap] = struct(UpgradeCap, id=ADDRESS, package=ADDRESS, version=U64, policy=U8)
"""Contents of the framework's `package::UpgradeCap`."""

ANNOUNCED: Codec[Announced] = struct(Announced, digest=HASH_BYTES, due=U64)
"""BCS of an announced upgrade."""

UPGRADE_LOCK: Codec[UpgradeLock] = struct(
    UpgradeLock,
    id=ADDRESS,
    cap=option(UPGRADE_CAP),
    packages=vector(ADDRESS),
    delay_ms=U64,
    announced=option(ANNOUNCED),
)
"""Contents of `upgrade_lock::UpgradeLock`."""

UPGRADE_RIGHT: Codec[UpgradeRight] = struct(UpgradeRight, id=ADDRESS, lock=ADDRESS)
"""Contents of `upgrade_lock::UpgradeRight`."""

OBJECTS: dict[tuple[str, str], Codec[Any]] = {
    ("cluster", "Cluster"): CLUSTER,
    ("cluster", "AdminCap"): ADMIN_CAP,
    ("cluster", "OperatorCap"): OPERATOR_CAP,
    ("enclave", "Enclave"): ENCLAVE,
    ("enclave", "Challenge"): CHALLENGE,
    ("seal_token", "SealToken"): SEAL_TOKEN,
    ("request", "Request"): REQUEST,
    ("receipt", "Receipt"): RECEIPT,
    ("upgrade_lock", "UpgradeLock"): UPGRADE_LOCK,
    ("upgrade_lock", "UpgradeRight"): UPGRADE_RIGHT,
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
