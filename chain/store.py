"""Answers: the programmable transaction that stores them, and which of them share one.

Role: build `store_k8s_response` for one, `store_k8s_responses` for several; plan batches as pure state.

Rules: a batch is one call over vectors (a second call that consumes a shared object is refused); a batch that fails is
tried again one by one, and one that fails alone is given back, never tried for ever.

It signs nothing, chooses no coin and knows no time.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chain.bindings.calls import Answer, store_k8s_response, store_k8s_responses
from chain.limits import LIMITS, Limits
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chain.bindings.calls import Contract, SharedRef
    from sui.transaction import ProgrammableTransaction

_FIELDS_BYTES = 400


def build_store(
    contract: Contract, cluster: SharedRef, enclave: SharedRef, answers: Sequence[Answer]
) -> ProgrammableTransaction:
    """The transaction that stores these answers.

    Raises:
        sui.errors.BuildError: it is too large.
    """
    builder = ProgrammableBuilder()
    if len(answers) == 1:
        store_k8s_response(builder, contract, cluster, enclave, answers[0])
    else:
        store_k8s_responses(builder, contract, cluster, enclave, answers)
    return builder.finish()


def answer_bytes(answer: Answer) -> int:
    """About how much an answer adds to a transaction."""
    return _FIELDS_BYTES + len(answer.body or b"")


@dataclass
class StorePlan:
    """Answers that wait for their transaction."""

    limits: Limits = LIMITS
    _waiting: deque[Answer] = field(default_factory=deque)
    _alone: deque[Answer] = field(default_factory=deque)

    def add(self, answer: Answer) -> None:
        """Let an answer wait."""
        self._waiting.append(answer)

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting) + len(self._alone)

    def next_batch(self) -> tuple[Answer, ...]:
        """The answers of the next transaction; empty where none waits."""
        if self._alone:
            return (self._alone.popleft(),)
        batch: list[Answer] = []
        size = 0
        while self._waiting and len(batch) < self.limits.batch_requests:
            size += answer_bytes(self._waiting[0])
            if batch and size > self.limits.batch_bytes:
                break
            batch.append(self._waiting.popleft())
        return tuple(batch)

    def failed(self, batch: Sequence[Answer]) -> Answer | None:
        """Note that a transaction failed: several go again one by one, a single one is given back."""
        if len(batch) == 1:
            return batch[0]
        self._alone.extend(batch)
        return None
