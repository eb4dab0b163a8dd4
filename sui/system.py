"""The transactions that only the system itself sends.

They carry no user signature; a node refuses them from anybody. End-of-epoch transactions are not here yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sui import bcs
from sui.codecs import ADDRESS, DIGEST, OWNER
from sui.object import DATA, MoveObject, MovePackage

if TYPE_CHECKING:
    from sui.types import Address, Digest, Owner


@dataclass(frozen=True, slots=True)
class ChangeEpoch:
    """Close an epoch."""

    epoch: int
    protocol_version: int
    storage_charge: int
    computation_charge: int
    storage_rebate: int
    non_refundable_storage_fee: int
    epoch_start_timestamp_ms: int
    system_packages: tuple[tuple[int, tuple[bytes, ...], tuple[Address, ...]], ...]


@dataclass(frozen=True, slots=True)
class GenesisObject:
    """An object that exists from the start."""

    data: MoveObject | MovePackage
    owner: Owner


@dataclass(frozen=True, slots=True)
class Genesis:
    """The transaction that creates the first objects."""

    objects: tuple[GenesisObject, ...]


@dataclass(frozen=True, slots=True)
class ConsensusCommitPrologue:
    """Set the Clock (version 1)."""

    epoch: int
    round: int
    commit_timestamp_ms: int


@dataclass(frozen=True, slots=True)
class Jwk:
    """A key of an OAuth provider, with who vouched for it and in which epoch."""

    iss: str
    kid: str
    kty: str
    e: str
    n: str
    alg: str
    epoch: int


@dataclass(frozen=True, slots=True)
class AuthenticatorStateUpdate:
    """Set the known keys of OAuth providers."""

    epoch: int
    round: int
    new_active_jwks: tuple[Jwk, ...]
    authenticator_obj_initial_shared_version: int


@dataclass(frozen=True, slots=True)
class RandomnessStateUpdate:
    """Set the randomness of a round."""

    epoch: int
    randomness_round: int
    random_bytes: bytes
    randomness_obj_initial_shared_version: int


@dataclass(frozen=True, slots=True)
class ConsensusCommitPrologueV2:
    """Set the Clock (version 2: names the consensus commit)."""

    epoch: int
    round: int
    commit_timestamp_ms: int
    consensus_commit_digest: Digest


@dataclass(frozen=True, slots=True)
class CancelledTransactions:
    """Which transactions were cancelled, with the versions they would have seen."""

    transactions: tuple[tuple[Digest, tuple[tuple[Address, int], ...]], ...]


@dataclass(frozen=True, slots=True)
class CancelledTransactionsV2:
    """The same, where objects are named with their initial shared version."""

    transactions: tuple[tuple[Digest, tuple[tuple[tuple[Address, int], int], ...]], ...]


@dataclass(frozen=True, slots=True)
class ConsensusCommitPrologueV3:
    """Set the Clock (version 3: names cancelled transactions)."""

    epoch: int
    round: int
    sub_dag_index: int | None
    commit_timestamp_ms: int
    consensus_commit_digest: Digest
    version_assignments: CancelledTransactions | CancelledTransactionsV2


@dataclass(frozen=True, slots=True)
class ConsensusCommitPrologueV4:
    """Set the Clock (version 4: names further state)."""

    epoch: int
    round: int
    sub_dag_index: int | None
    commit_timestamp_ms: int
    consensus_commit_digest: Digest
    version_assignments: CancelledTransactions | CancelledTransactionsV2
    additional_state_digest: Digest


SystemTransaction = (
    ChangeEpoch
    | Genesis
    | ConsensusCommitPrologue
    | AuthenticatorStateUpdate
    | RandomnessStateUpdate
    | ConsensusCommitPrologueV2
    | ConsensusCommitPrologueV3
    | ConsensusCommitPrologueV4
)

_PROLOGUE: dict[str, bcs.Codec[Any]] = {"epoch": bcs.U64, "round": bcs.U64}
_VERSION_ASSIGNMENTS: bcs.Codec[Any] = bcs.enum(
    "ConsensusDeterminedVersionAssignments",
    bcs.struct(
        CancelledTransactions,
        transactions=bcs.vector(bcs.tuple_of(DIGEST, bcs.vector(bcs.tuple_of(ADDRESS, bcs.U64)))),
    ),
    bcs.struct(
        CancelledTransactionsV2,
        transactions=bcs.vector(
            bcs.tuple_of(DIGEST, bcs.vector(bcs.tuple_of(bcs.tuple_of(ADDRESS, bcs.U64), bcs.U64)))
        ),
    ),
)
_PROLOGUE_V3: dict[str, bcs.Codec[Any]] = {
    **_PROLOGUE,
    "sub_dag_index": bcs.option(bcs.U64),
    "commit_timestamp_ms": bcs.U64,
    "consensus_commit_digest": DIGEST,
    "version_assignments": _VERSION_ASSIGNMENTS,
}
_GENESIS_OBJECT: bcs.Codec[Any] = bcs.enum("GenesisObject", bcs.struct(GenesisObject, data=DATA, owner=OWNER))

VARIANTS: dict[int, bcs.StructCodec[Any]] = {
    1: bcs.struct(
        ChangeEpoch,
        epoch=bcs.U64,
        protocol_version=bcs.U64,
        storage_charge=bcs.U64,
        computation_charge=bcs.U64,
        storage_rebate=bcs.U64,
        non_refundable_storage_fee=bcs.U64,
        epoch_start_timestamp_ms=bcs.U64,
        system_packages=bcs.vector(bcs.tuple_of(bcs.U64, bcs.vector(bcs.BYTES), bcs.vector(ADDRESS))),
    ),
    2: bcs.struct(Genesis, objects=bcs.vector(_GENESIS_OBJECT)),
    3: bcs.struct(ConsensusCommitPrologue, **_PROLOGUE, commit_timestamp_ms=bcs.U64),
    4: bcs.struct(
        AuthenticatorStateUpdate,
        epoch=bcs.U64,
        round=bcs.U64,
        new_active_jwks=bcs.vector(
            bcs.struct(
                Jwk,
                iss=bcs.STRING,
                kid=bcs.STRING,
                kty=bcs.STRING,
                e=bcs.STRING,
                n=bcs.STRING,
                alg=bcs.STRING,
                epoch=bcs.U64,
            )
        ),
        authenticator_obj_initial_shared_version=bcs.U64,
    ),
    6: bcs.struct(
        RandomnessStateUpdate,
        epoch=bcs.U64,
        randomness_round=bcs.U64,
        random_bytes=bcs.BYTES,
        randomness_obj_initial_shared_version=bcs.U64,
    ),
    7: bcs.struct(ConsensusCommitPrologueV2, **_PROLOGUE, commit_timestamp_ms=bcs.U64, consensus_commit_digest=DIGEST),
    8: bcs.struct(ConsensusCommitPrologueV3, **_PROLOGUE_V3),
    9: bcs.struct(ConsensusCommitPrologueV4, **_PROLOGUE_V3, additional_state_digest=DIGEST),
}
"""Number of each variant in TransactionKind."""
