"""The on-chain log: requests and answers as rows, denied requests from aborted transactions.

Role: what `k3s-daas requests` shows. Rows are what the node says; `chain.verification` proves a single one.

Rules: a row's gas is what its two transactions cost net of rebates, each shared among the requests that stood in it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chain.bindings.events import (
    K8sAPIRequest,
    K8sRequestProcessed,
    K8sResponseStored,
    K8sViolationStored,
    Outcome,
)
from chain.calldata import SUBMITS, is_submit, read_submits
from chain.endings import acted_at
from chain.errors import LedgerError
from chain.history import past_events
from chain.rules import Envelope
from sui.errors import BcsError
from sui.transaction import TRANSACTION_DATA, MoveCall, ProgrammableTransaction

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chain.endings import Ending
    from chain.ledger import Abort, ExecutedTransaction, Ledger, LedgerEvent
    from sui.types import Address, Digest

NAMES = ("K8sAPIRequest", "K8sResponseStored", "K8sViolationStored", "K8sRequestProcessed")
"""The events that a row is put together from."""

_TRANSACTIONS = frozenset({"K8sAPIRequest", "K8sResponseStored", "K8sViolationStored"})
"""What shares the gas of a transaction."""

_PARALLEL = 8


@dataclass
class RequestRow:
    """One request, as far as the chain has got with it."""

    asked: K8sAPIRequest
    digest: Digest
    answer: Ending | None = None
    answer_digest: Digest | None = None
    outcome: Outcome | None = None
    processed_at: int | None = None
    gas: int | None = None

    @property
    def envelope(self) -> Envelope:
        """What was asked for."""
        asked = self.asked
        return Envelope(asked.verb, asked.group, asked.resource, asked.subresource, asked.namespace)

    @property
    def status(self) -> int | str:
        """The answer's HTTP status, or `pending`, `expired`, `violation`."""
        if isinstance(self.answer, K8sResponseStored):
            return self.answer.status
        if self.answer is not None:
            return Outcome.VIOLATION.name.lower()
        return "pending" if self.outcome is None else self.outcome.name.lower()

    def as_json(self) -> dict[str, Any]:
        """The row as programs get it."""
        asked, answer = self.asked, self.answer
        return {
            "request_id": str(asked.request_id),
            "time": asked.asked_at,
            "who": str(asked.owner),
            "token": str(asked.token),
            "verb": asked.verb,
            "group": asked.group,
            "resource": asked.resource,
            "subresource": asked.subresource,
            "namespace": asked.namespace,
            "status": self.status,
            "digest": str(self.digest),
            "answer_digest": str(self.answer_digest) if self.answer_digest else None,
            "asked_at": asked.asked_at,
            "executed_at": acted_at(answer) if answer else None,
            "stored_at": answer.stored_at if answer else None,
            "gas": self.gas,
            "sender": str(asked.sender),
            "enclave": str(asked.enclave),
            "epoch": asked.epoch,
            "deadline": asked.deadline,
            "stream": asked.stream,
        }


@dataclass(frozen=True)
class DeniedRow:
    """One transaction that the contract aborted."""

    digest: Digest
    time: int | None
    sender: Address
    token: Address | None
    envelopes: tuple[Envelope, ...]
    abort: Abort
    reason: str
    gas: int

    def as_json(self) -> dict[str, Any]:
        """The row as programs get it."""
        first = self.envelopes[0] if self.envelopes else Envelope("", "", "", "", "")
        return {
            "digest": str(self.digest),
            "time": self.time,
            "who": str(self.sender),
            "token": str(self.token) if self.token else None,
            "verb": first.verb,
            "group": first.group,
            "resource": first.resource,
            "subresource": first.subresource,
            "namespace": first.namespace,
            "requests": len(self.envelopes),
            "reason": self.reason,
            "module": self.abort.module,
            "code": self.abort.code,
            "gas": self.gas,
        }


class RequestLog:
    """Puts the events of requests and answers together, in whatever order they come."""

    def __init__(self, cluster: Address) -> None:
        """Begin empty; other clusters' events are ignored."""
        self._cluster = cluster
        self._rows: dict[Address, RequestRow] = {}
        self._answers: dict[Address, tuple[Ending, Digest]] = {}
        self._processed: dict[Address, K8sRequestProcessed] = {}

    def apply(self, raw: LedgerEvent, event: object) -> RequestRow | None:
        """Take in an event; return the row that it completes."""
        if getattr(event, "cluster", None) != self._cluster:
            return None
        if isinstance(event, K8sAPIRequest):
            self._rows[event.request_id] = RequestRow(event, raw.digest)
        elif isinstance(event, K8sResponseStored | K8sViolationStored):
            self._answers[event.request_id] = (event, raw.digest)
        elif isinstance(event, K8sRequestProcessed):
            self._processed[event.request_id] = event
        else:
            return None
        return self._join(event.request_id)

    def _join(self, request_id: Address) -> RequestRow | None:
        row = self._rows.get(request_id)
        if row is None:
            return None
        if request_id in self._answers:
            row.answer, row.answer_digest = self._answers.pop(request_id)
        done = self._processed.pop(request_id, None)
        if done is not None:
            row.outcome, row.processed_at = Outcome(done.outcome), done.processed_at
        complete = row.outcome is not None and (row.answer is not None or row.outcome == Outcome.EXPIRED)
        return row if complete else None

    def __len__(self) -> int:
        """How many requests are known."""
        return len(self._rows)

    def rows(self) -> list[RequestRow]:
        """All requests, oldest first."""
        return sorted(self._rows.values(), key=lambda row: (row.asked.asked_at, row.asked.request_id))


async def request_rows(ledger: Ledger, package: Address, cluster: Address, *, limit: int) -> list[RequestRow]:
    """The newest `limit` requests of a cluster, oldest first, with their gas."""
    log = RequestLog(cluster)
    async for raw, event in past_events(ledger, package, NAMES):
        log.apply(raw, event)
        if len(log) >= limit:
            break
    rows = log.rows()[-limit:]
    await add_gas(ledger, rows)
    return rows


async def add_gas(ledger: Ledger, rows: Sequence[RequestRow]) -> None:
    """Look up what the rows' transactions cost; a row whose transactions are not there keeps None."""
    digests = {digest for row in rows for digest in (row.digest, row.answer_digest) if digest is not None}
    gate = asyncio.Semaphore(_PARALLEL)
    shares: dict[Digest, int] = {}

    async def _look(digest: Digest) -> None:
        async with gate:
            try:
                done = await ledger.get_transaction(digest)
            except LedgerError:
                return
        count = sum(event.type.name in _TRANSACTIONS for event in done.events)
        shares[digest] = done.gas.net // max(count, 1)

    await asyncio.gather(*(_look(digest) for digest in digests))
    for row in rows:
        found = [shares.get(digest) for digest in (row.digest, row.answer_digest) if digest is not None]
        known = [share for share in found if share is not None]
        row.gas = sum(known) if len(known) == len(found) else None


async def denied_rows(
    ledger: Ledger,
    packages: Sequence[Address],
    cluster: Address,
    *,
    limit: int,
    words: Callable[[Abort], str],
) -> list[DeniedRow]:
    """The newest `limit` submissions that the contract aborted, oldest first.

    Args:
        ledger: the node.
        packages: ids of the package versions that are called.
        cluster: whose requests.
        limit: how many.
        words: turns an abort into a sentence.
    """
    functions = [f"{package}::request::{name}" for package in packages for name in SUBMITS]
    found: list[DeniedRow] = []
    cursor: bytes | None = None
    while len(found) < limit:
        moved = ended = False
        async for frame in ledger.list_transactions(functions, after=cursor, limit=100, newest_first=True):
            row = denied_row(frame.transaction, cluster, words) if frame.transaction is not None else None
            if row is not None:
                found.append(row)
            if frame.cursor is not None and frame.cursor != cursor:
                cursor, moved = frame.cursor, True
            ended = ended or frame.exhausted
        if ended or not moved:
            break
    return found[:limit][::-1]


def denied_row(done: ExecutedTransaction, cluster: Address, words: Callable[[Abort], str]) -> DeniedRow | None:
    """A row for an aborted submission to this cluster, None for any other transaction."""
    if done.abort is None:
        return None
    try:
        data = TRANSACTION_DATA.decode(done.transaction)
    except BcsError:
        return None
    if not isinstance(data.kind, ProgrammableTransaction):
        return None
    commands = data.kind.commands
    submits = [command for command in commands if isinstance(command, MoveCall) and is_submit(command)]
    calls = [call for each in submits for call in read_submits(data.kind, each) if call.cluster == cluster]
    if not calls:
        return None
    return DeniedRow(
        digest=done.digest,
        time=done.timestamp_ms,
        sender=data.sender,
        token=calls[0].token,
        envelopes=tuple(call.envelope for call in calls if call.envelope is not None),
        abort=done.abort,
        reason=words(done.abort),
        gas=done.gas.net,
    )
