"""Checkpoints and epochs as messages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.rpc.render_common import bcs, gas, signature, timestamp
from localnet.rpc.render_effects import executed_message
from sui.checkpoint import CheckpointSummary, EcmhLiveObjectSet
from sui.rpc.v2 import checkpoint_pb2 as pb

if TYPE_CHECKING:
    from localnet.ledger import CheckpointRecord, EpochInfo, Ledger
    from localnet.rpc.masks import Mask


def _summary(record: CheckpointRecord, mask: Mask) -> pb.CheckpointSummary:
    value = record.summary
    out = pb.CheckpointSummary()
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("CheckpointSummary", record.summary_bcs))
    if "digest" in mask:
        out.digest = str(record.digest)
    if "epoch" in mask:
        out.epoch = value.epoch
    if "sequence_number" in mask:
        out.sequence_number = value.sequence_number
    if "total_network_transactions" in mask:
        out.total_network_transactions = value.network_total_transactions
    if "content_digest" in mask:
        out.content_digest = str(value.content_digest)
    if "previous_digest" in mask and value.previous_digest is not None:
        out.previous_digest = str(value.previous_digest)
    if "epoch_rolling_gas_cost_summary" in mask:
        out.epoch_rolling_gas_cost_summary.CopyFrom(gas(value.epoch_rolling_gas_cost_summary))
    if "timestamp" in mask:
        out.timestamp.CopyFrom(timestamp(value.timestamp_ms))
    if "commitments" in mask:
        _commitments(out, value)
    if "version_specific_data" in mask:
        out.version_specific_data = value.version_specific_data
    return out


def _commitments(out: pb.CheckpointSummary, value: CheckpointSummary) -> None:
    kinds = pb.CheckpointCommitment.CheckpointCommitmentKind
    for item in value.checkpoint_commitments:
        kind = kinds.ECMH_LIVE_OBJECT_SET if isinstance(item, EcmhLiveObjectSet) else kinds.CHECKPOINT_ARTIFACTS
        out.commitments.add(kind=kind, digest=str(item.digest))


def _contents(record: CheckpointRecord, mask: Mask) -> pb.CheckpointContents:
    value = record.contents
    out = pb.CheckpointContents()
    if "bcs" in mask:
        out.bcs.CopyFrom(bcs("CheckpointContents", record.contents_bcs))
    if "digest" in mask:
        out.digest = str(record.summary.content_digest)
    if "version" in mask:
        out.version = 1
    if "transactions" in mask:
        below = mask["transactions"]
        for digests, signatures in zip(value.transactions, value.user_signatures, strict=True):
            info = out.transactions.add()
            if "transaction" in below:
                info.transaction = str(digests.transaction)
            if "effects" in below:
                info.effects = str(digests.effects)
            if "signatures" in below:
                info.signatures.extend([signature(item, below["signatures"]) for item in signatures])
    return out


def checkpoint_message(ledger: Ledger, record: CheckpointRecord, mask: Mask) -> pb.Checkpoint:
    """Return a checkpoint, as much of it as is wanted."""
    out = pb.Checkpoint()
    if "sequence_number" in mask:
        out.sequence_number = record.sequence_number
    if "digest" in mask:
        out.digest = str(record.digest)
    if "summary" in mask:
        out.summary.CopyFrom(_summary(record, mask["summary"]))
    if "contents" in mask:
        out.contents.CopyFrom(_contents(record, mask["contents"]))
    if "transactions" in mask:
        below = mask["transactions"]
        out.transactions.extend(
            [executed_message(ledger, item, below, offset=place) for place, item in enumerate(record.transactions)]
        )
    return out


def epoch_message(value: EpochInfo, mask: Mask) -> pb.Epoch:
    """Return an epoch, as much of it as is wanted."""
    out = pb.Epoch()
    if "epoch" in mask:
        out.epoch = value.epoch
    if "first_checkpoint" in mask:
        out.first_checkpoint = value.first_checkpoint
    if "start" in mask:
        out.start.CopyFrom(timestamp(value.start_ms))
    if "reference_gas_price" in mask:
        out.reference_gas_price = value.reference_gas_price
    if "protocol_config" in mask:
        below = mask["protocol_config"]
        if "protocol_version" in below:
            out.protocol_config.protocol_version = value.protocol_version
        if "attributes" in below:
            out.protocol_config.attributes.update(value.attributes)
    return out
