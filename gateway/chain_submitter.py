"""Submissions over a ledger: the port `Submitter` for a gateway that sends its own transactions.

Role: waiting requests → one transaction → its outcome → each request's id; then the stored answer from the
authenticated events. How a transaction is paid for and sent is `gateway.courier`.

Rules: object references are hints, kept at hand and looked up again after a refusal; what is called is the version of
the package that the cluster works with at the ledger's time; what the contract denied is told from what merely failed
by the abort's package and words.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from chain.bindings.calls import SharedRef
from chain.errors import (
    BadLedgerAnswerError,
    OutcomeUnknownError,
    TransactionRefusedError,
)
from gateway.courier import Courier
from gateway.dispatch import Dispatcher
from gateway.errors import DeniedError
from gateway.ports import Accepted, SealTarget, StoredAnswer, Submission, Submitter
from gateway.transactions import (
    Frame,
    build,
    gas_budget,
    payloads_beside,
    refusal_of,
    requests_of,
    size_of,
)
from sui.errors import BuildError
from sui.types import SharedOwner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from chain.bindings.abort import AbortTable
    from chain.clock import LedgerClock
    from chain.ledger import Ledger
    from gateway.answers import AnswerDesk
    from gateway.limits import Limits
    from gateway.ports import SignedTransaction, TransactionSigner
    from gateway.view import ClusterView
    from sui.types import Address

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parts:
    """What a submitter is put together from.

    Attributes:
        ledger: The node; it is not believed.
        signer: Pays and signs.
        expect: Tells the executor of a transaction and its large payloads, before it is sent.
        view: The cluster as authenticated events told it.
        desk: The stored answers.
        clock: The ledger's time.
        words: The contract's abort words.
        monotonic: Seconds of a clock that never goes back.
        sleep: Waits.
    """

    ledger: Ledger
    signer: TransactionSigner
    expect: Callable[[SignedTransaction, tuple[bytes, ...]], Awaitable[None]]
    view: ClusterView
    desk: AnswerDesk
    clock: LedgerClock
    words: AbortTable
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class ChainSubmitter(Submitter):
    """Sends transactions itself."""

    def __init__(self, parts: Parts, limits: Limits) -> None:
        """Begin with nothing at hand."""
        self._parts = parts
        self._limits = limits
        self._shared: dict[Address, SharedRef] = {}
        self._courier = Courier(
            ledger=parts.ledger,
            signer=parts.signer,
            expect=parts.expect,
            now_ms=self.now_ms,
            monotonic=parts.monotonic,
            limits=limits,
            sleep=parts.sleep,
        )
        self._dispatcher = Dispatcher(self._send, self._size_of, limits)

    def target(self) -> SealTarget:
        """Say to whom requests are sealed now."""
        return self._parts.view.target(self.now_ms())

    def now_ms(self) -> int:
        """Give the ledger's time."""
        return self._parts.clock.now_ms()

    async def submit(self, submission: Submission) -> Accepted:
        """Have the contract decide one request."""
        return await self._dispatcher.submit(submission)

    async def answer(self, accepted: Accepted, submission: Submission) -> StoredAnswer:
        """Wait until the request's answer is stored."""
        return await self._parts.desk.wait(accepted.request_id, submission.payload_hash)

    @property
    def _inline_bytes(self) -> int:
        settings = self._parts.view.settings_at(self.now_ms())
        return settings.request_inline_bytes if settings is not None else 0

    def _size_of(self, submission: Submission) -> int:
        return size_of(submission, self._inline_bytes)

    async def _send(self, batch: Sequence[Submission]) -> Sequence[Accepted]:
        """Send one transaction for a batch, all or none."""
        began_s = self._parts.monotonic()
        inline = self._inline_bytes
        cluster, enclave, *tokens = await self._references(batch)
        contract = self._parts.view.contract_at(self.now_ms())
        frame = Frame(contract, cluster, enclave, inline)
        try:
            kind = build(frame, {ref.object_id: ref for ref in tokens}, batch)
        except BuildError as error:
            raise TransactionRefusedError(f"the request does not fit into a transaction: {error}") from error
        try:
            carried = await self._courier.carry(
                kind,
                budget=gas_budget(batch, inline, self._limits),
                payloads=payloads_beside(batch, inline),
                deadline_ms=min(asked.deadline_ms for asked in batch),
            )
        except TransactionRefusedError:
            self._forget(batch)
            raise
        done = carried.done
        refused = refusal_of(done, self._parts.words, contract)
        if isinstance(refused, DeniedError) and contract.package != contract.original and len(batch) == 1:
            # The words of a newer version are not known here; our own copy of the token may say as much.
            refused.lasting = self._parts.view.denies(
                batch[0].identity.token, change=batch[0].envelope.needs_stake, now_ms=self.now_ms()
            )
        if refused is not None:
            raise refused
        submit_ms = round((carried.sent_s - began_s) * 1000)
        finality_ms = round((self._parts.monotonic() - carried.sent_s) * 1000)
        _log.info("submitted", digest=str(done.digest), requests=len(batch), gas_mist=done.gas.net)
        try:
            requests = requests_of(done, batch, contract.original)
        except BadLedgerAnswerError as error:
            raise OutcomeUnknownError(str(error), done.digest) from error
        return [
            Accepted(request.request_id, done.digest, request.answer_until, submit_ms, finality_ms)
            for request in requests
        ]

    async def _references(self, batch: Sequence[Submission]) -> list[SharedRef]:
        """Give the references of cluster, enclave and the batch's tokens, kept or looked up."""
        target = self.target()
        wanted = list(dict.fromkeys([target.cluster, target.enclave, *(asked.identity.token for asked in batch)]))
        missing = [object_id for object_id in wanted if object_id not in self._shared]
        if missing:
            for object_id, found in zip(missing, await self._parts.ledger.get_objects(missing), strict=True):
                if found is None or not isinstance(found.owner, SharedOwner):
                    raise TransactionRefusedError(f"the ledger shows no shared object {object_id} yet; try again")
                self._shared[object_id] = SharedRef(object_id, found.owner.initial_shared_version)
        return [self._shared[object_id] for object_id in wanted]

    def _forget(self, batch: Sequence[Submission]) -> None:
        """Look everything up again that a refused transaction named."""
        for asked in batch:
            self._shared.pop(asked.identity.token, None)
