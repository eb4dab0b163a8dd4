"""Checkpoints: what the committee signs, what it commits to, and the form in which a node hands one out whole.

Signatures are carried, not verified, here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sui import bcs, digests
from sui.codecs import DIGEST
from sui.effects import (
    GAS_COST_SUMMARY,
    TRANSACTION_EFFECTS,
    TRANSACTION_EVENTS,
    GasCostSummary,
    TransactionEffects,
    TransactionEvents,
)
from sui.errors import BcsError
from sui.object import OBJECT, Object
from sui.transaction import SIGNED_TRANSACTION, SignedTransaction

if TYPE_CHECKING:
    from sui.types import Digest

INTENT_CHECKPOINT = b"\2\0\0"


@dataclass(frozen=True, slots=True)
class EcmhLiveObjectSet:
    """Commitment to all live objects."""

    digest: Digest


@dataclass(frozen=True, slots=True)
class CheckpointArtifacts:
    """Commitment to what the checkpoint changed."""

    digest: Digest


CheckpointCommitment = EcmhLiveObjectSet | CheckpointArtifacts


@dataclass(frozen=True, slots=True)
class CommitteeMember:
    """A validator: its BLS12-381 public key (96 bytes, compressed G2) and its stake out of 10,000."""

    public_key: bytes
    stake: int


@dataclass(frozen=True, slots=True)
class Committee:
    """The validators of an epoch."""

    epoch: int
    members: tuple[CommitteeMember, ...]


@dataclass(frozen=True, slots=True)
class EndOfEpochData:
    """What the last checkpoint of an epoch says of the next one."""

    next_epoch_committee: tuple[CommitteeMember, ...]
    next_epoch_protocol_version: int
    epoch_commitments: tuple[CheckpointCommitment, ...]


@dataclass(frozen=True, slots=True)
class CheckpointSummary:
    """What the committee signs."""

    epoch: int
    sequence_number: int
    network_total_transactions: int
    content_digest: Digest
    previous_digest: Digest | None
    epoch_rolling_gas_cost_summary: GasCostSummary
    timestamp_ms: int
    checkpoint_commitments: tuple[CheckpointCommitment, ...]
    end_of_epoch_data: EndOfEpochData | None
    version_specific_data: bytes

    def digest(self) -> Digest:
        """Return the checkpoint's digest."""
        return digests.checkpoint_summary_digest(CHECKPOINT_SUMMARY.encode(self))

    def signed_message(self) -> bytes:
        """Return the bytes over which each validator's BLS signature goes."""
        return INTENT_CHECKPOINT + CHECKPOINT_SUMMARY.encode(self) + self.epoch.to_bytes(8, "little")


@dataclass(frozen=True, slots=True)
class ExecutionDigests:
    """A transaction with its effects."""

    transaction: Digest
    effects: Digest


@dataclass(frozen=True, slots=True)
class CheckpointContents:
    """The transactions of a checkpoint in order, and the user signatures of each (version 1)."""

    transactions: tuple[ExecutionDigests, ...]
    user_signatures: tuple[tuple[bytes, ...], ...]

    def digest(self) -> Digest:
        """Return the digest that the summary names."""
        return digests.checkpoint_contents_digest(CHECKPOINT_CONTENTS.encode(self))


@dataclass(frozen=True, slots=True)
class QuorumSignature:
    """The aggregate BLS signature (48 bytes, compressed G1) of the validators in a Roaring bitmap."""

    epoch: int
    signature: bytes
    signers_map: bytes


@dataclass(frozen=True, slots=True)
class CertifiedSummary:
    """A summary with the committee's signature."""

    summary: CheckpointSummary
    certificate: QuorumSignature


@dataclass(frozen=True, slots=True)
class CheckpointTransaction:
    """A transaction of a checkpoint with all that it read and wrote."""

    transaction: SignedTransaction
    effects: TransactionEffects
    events: TransactionEvents | None
    input_objects: tuple[Object, ...]
    output_objects: tuple[Object, ...]


@dataclass(frozen=True, slots=True)
class CheckpointData:
    """A whole checkpoint, as nodes archive it."""

    summary: CertifiedSummary
    contents: CheckpointContents
    transactions: tuple[CheckpointTransaction, ...]


class _SignedTransactions(bcs.Codec[SignedTransaction]):
    """Sui wraps a signed transaction in a vector of exactly one."""

    name = "SenderSignedData"
    min_size = 2

    def write(self, out: bytearray, value: SignedTransaction) -> None:
        out.append(1)
        SIGNED_TRANSACTION.write(out, value)

    def read(self, reader: bcs.Reader) -> SignedTransaction:
        count = reader.length()
        if count != 1:
            raise BcsError(f"SenderSignedData before byte {reader.position} holds {count} transactions, not one")
        return SIGNED_TRANSACTION.read(reader)


_COMMITMENTS = bcs.vector(
    bcs.enum(
        "CheckpointCommitment",
        bcs.struct(EcmhLiveObjectSet, digest=DIGEST),
        bcs.struct(CheckpointArtifacts, digest=DIGEST),
    )
)
_MEMBERS: bcs.Codec[Any] = bcs.vector(bcs.struct(CommitteeMember, public_key=bcs.bounded_bytes(96), stake=bcs.U64))
COMMITTEE: bcs.Codec[Committee] = bcs.struct(Committee, epoch=bcs.U64, members=_MEMBERS)
CHECKPOINT_SUMMARY: bcs.Codec[CheckpointSummary] = bcs.struct(
    CheckpointSummary,
    epoch=bcs.U64,
    sequence_number=bcs.U64,
    network_total_transactions=bcs.U64,
    content_digest=DIGEST,
    previous_digest=bcs.option(DIGEST),
    epoch_rolling_gas_cost_summary=GAS_COST_SUMMARY,
    timestamp_ms=bcs.U64,
    checkpoint_commitments=_COMMITMENTS,
    end_of_epoch_data=bcs.option(
        bcs.struct(
            EndOfEpochData,
            next_epoch_committee=_MEMBERS,
            next_epoch_protocol_version=bcs.U64,
            epoch_commitments=_COMMITMENTS,
        )
    ),
    version_specific_data=bcs.BYTES,
)
CHECKPOINT_CONTENTS: bcs.Codec[CheckpointContents] = bcs.enum(
    "CheckpointContents",
    bcs.struct(
        CheckpointContents,
        transactions=bcs.vector(bcs.struct(ExecutionDigests, transaction=DIGEST, effects=DIGEST)),
        user_signatures=bcs.vector(bcs.vector(bcs.BYTES)),
    ),
)
QUORUM_SIGNATURE: bcs.Codec[QuorumSignature] = bcs.struct(
    QuorumSignature, epoch=bcs.U64, signature=bcs.fixed(48), signers_map=bcs.BYTES
)
CERTIFIED_SUMMARY: bcs.Codec[CertifiedSummary] = bcs.struct(
    CertifiedSummary, summary=CHECKPOINT_SUMMARY, certificate=QUORUM_SIGNATURE
)
CHECKPOINT_DATA: bcs.Codec[CheckpointData] = bcs.struct(
    CheckpointData,
    summary=CERTIFIED_SUMMARY,
    contents=CHECKPOINT_CONTENTS,
    transactions=bcs.vector(
        bcs.struct(
            CheckpointTransaction,
            transaction=_SignedTransactions(),
            effects=TRANSACTION_EFFECTS,
            events=bcs.option(TRANSACTION_EVENTS),
            input_objects=bcs.vector(OBJECT),
            output_objects=bcs.vector(OBJECT),
        )
    ),
)
