"""Seals transactions into checkpoints: contents and summary, in Sui's BCS and with Sui's digests.

Each summary names its predecessor and the running gas totals of the epoch. The committee's signature over
`CheckpointSummary.signed_message()` will be made here; a summary is not signed yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger.records import CheckpointRecord
from sui.checkpoint import (
    CHECKPOINT_CONTENTS,
    CHECKPOINT_SUMMARY,
    CheckpointContents,
    CheckpointSummary,
    ExecutionDigests,
)
from sui.digests import checkpoint_contents_digest, checkpoint_summary_digest, effects_digest
from sui.effects import GasCostSummary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localnet.ledger.records import ExecutedTransaction
    from sui.types import Digest

_NOTHING = GasCostSummary(0, 0, 0, 0)
_NO_RANDOMNESS = b"\0\0"  # version 1 of the data that follows a summary: no rounds of randomness


@dataclass(frozen=True, slots=True)
class Tip:
    """The newest checkpoint, as the next one needs it."""

    number: int
    digest: Digest | None
    transactions: int
    gas: GasCostSummary
    timestamp_ms: int


EMPTY = Tip(-1, None, 0, _NOTHING, 0)


def tip_of(summary: CheckpointSummary, digest: Digest) -> Tip:
    """Return the tip that a summary makes."""
    return Tip(
        summary.sequence_number,
        digest,
        summary.network_total_transactions,
        summary.epoch_rolling_gas_cost_summary,
        summary.timestamp_ms,
    )


def seal(tip: Tip, transactions: Sequence[ExecutedTransaction], *, epoch: int, timestamp_ms: int) -> CheckpointRecord:
    """Return the checkpoint that follows `tip` and holds these transactions."""
    contents = CheckpointContents(
        tuple(ExecutionDigests(done.digest, effects_digest(done.effects_bcs)) for done in transactions),
        tuple(done.signatures for done in transactions),
    )
    contents_bcs = CHECKPOINT_CONTENTS.encode(contents)
    gas = tip.gas
    for done in transactions:
        used = done.effects.gas_used
        gas = GasCostSummary(
            gas.computation_cost + used.computation_cost,
            gas.storage_cost + used.storage_cost,
            gas.storage_rebate + used.storage_rebate,
            gas.non_refundable_storage_fee + used.non_refundable_storage_fee,
        )
    summary = CheckpointSummary(
        epoch=epoch,
        sequence_number=tip.number + 1,
        network_total_transactions=tip.transactions + len(transactions),
        content_digest=checkpoint_contents_digest(contents_bcs),
        previous_digest=tip.digest,
        epoch_rolling_gas_cost_summary=gas,
        timestamp_ms=timestamp_ms,
        checkpoint_commitments=(),
        end_of_epoch_data=None,
        version_specific_data=_NO_RANDOMNESS,
    )
    summary_bcs = CHECKPOINT_SUMMARY.encode(summary)
    return CheckpointRecord(
        summary.sequence_number,
        checkpoint_summary_digest(summary_bcs),
        summary,
        summary_bcs,
        contents,
        contents_bcs,
        tuple(transactions),
    )
