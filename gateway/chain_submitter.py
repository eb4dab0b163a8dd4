"""Submissions over a ledger: the port `Submitter` for a gateway that sends its own transactions.

Role: waiting requests → one transaction → signed and paid → told to the executor → executed by the ledger → each
request's id; then the stored answer from the authenticated events.

Rules:
- The executor knows a transaction before the ledger does.
- The same signed bytes are sent again when their outcome is not known; they can only be executed once.
- A coin is settled with what the outcome says of it, or as unknown; never guessed.
- Object references and the gas price are hints, kept at hand, looked up again after a refusal.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from chain.bindings.calls import Contract, SharedRef
from chain.errors import (
    BadLedgerAnswerError,
    LedgerUnreachableError,
    OutcomeUnknownError,
    TransactionRefusedError,
)
from gateway.dispatch import Dispatcher
from gateway.errors import GasError, LocalError
from gateway.ports import Accepted, SealTarget, StoredAnswer, Submission, Submitter
from gateway.transactions import (
    Frame,
    build,
    coin_after,
    gas_budget,
    payloads_beside,
    refusal_of,
    requests_of,
    size_of,
)
from sui.errors import BuildError
from sui.transaction import TRANSACTION_DATA
from sui.types import SharedOwner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from chain.bindings.abort import AbortTable
    from chain.clock import LedgerClock
    from chain.ledger import ExecutedTransaction, Ledger
    from gateway.answers import AnswerDesk
    from gateway.limits import Limits
    from gateway.ports import SignedTransaction, TransactionSigner
    from gateway.view import ClusterView
    from sui.types import Address, ObjectRef

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
        self._contract = Contract.first(parts.view.package)
        self._shared: dict[Address, SharedRef] = {}
        self._price: tuple[int, float] | None = None
        self._dispatcher = Dispatcher(self._send, self._size_of, limits)

    def target(self) -> SealTarget:
        """Say to whom requests are sealed now."""
        return self._parts.view.target()

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
        state = self._parts.view.state
        return state.settings.request_inline_bytes if state is not None else 0

    def _size_of(self, submission: Submission) -> int:
        return size_of(submission, self._inline_bytes)

    async def _send(self, batch: Sequence[Submission]) -> Sequence[Accepted]:
        """Send one transaction for a batch, all or none."""
        began_s = self._parts.monotonic()
        inline = self._inline_bytes
        cluster, enclave, *tokens = await self._references(batch)
        frame = Frame(self._contract, cluster, enclave, inline)
        try:
            kind = build(frame, {ref.object_id: ref for ref in tokens}, batch)
        except BuildError as error:
            raise TransactionRefusedError(f"the request does not fit into a transaction: {error}") from error
        signed = await self._sign(kind, gas_budget(batch, inline, self._limits))
        coin: ObjectRef | None = None
        try:
            await self._parts.expect(signed, payloads_beside(batch, inline))
            sent_s = self._parts.monotonic()
            done = await self._execute(signed, min(asked.deadline_ms for asked in batch))
            coin = coin_after(done)
        except (LedgerUnreachableError, LocalError):
            coin = _coin_before(signed)  # nothing was sent
            raise
        except TransactionRefusedError:
            self._forget(batch)
            raise
        finally:
            await self._parts.signer.settle(signed.lease, coin)
        refused = refusal_of(done, self._parts.words, frozenset({self._contract.package, self._contract.original}))
        if refused is not None:
            if isinstance(refused, TransactionRefusedError):
                self._forget(batch)
            raise refused
        submit_ms = round((sent_s - began_s) * 1000)
        finality_ms = round((self._parts.monotonic() - sent_s) * 1000)
        _log.info("submitted", digest=str(signed.digest), requests=len(batch), gas_mist=done.gas.net)
        try:
            requests = requests_of(done, batch, self._contract.original)
        except BadLedgerAnswerError as error:
            raise OutcomeUnknownError(str(error), signed.digest) from error
        return [
            Accepted(request.request_id, done.digest, request.answer_until, submit_ms, finality_ms)
            for request in requests
        ]

    async def _sign(self, kind: bytes, budget: int) -> SignedTransaction:
        """Have it paid for and signed; wait a little where every coin is under way."""
        price = await self._gas_price()
        until_s = self._parts.monotonic() + self._limits.gas_wait_s
        while True:
            try:
                return await self._parts.signer.sign(kind, gas_budget=budget, gas_price=price)
            except GasError:
                if self._parts.monotonic() >= until_s:
                    raise
            await self._parts.sleep(self._limits.gas_poll_s)

    async def _execute(self, signed: SignedTransaction, deadline_ms: int) -> ExecutedTransaction:
        """Send until the outcome is known or the deadline has passed."""
        pause_s = self._limits.retry_first_s
        was_sent = False
        while True:
            try:
                return await self._parts.ledger.execute(signed.transaction, [signed.signature])
            except (LedgerUnreachableError, OutcomeUnknownError, BadLedgerAnswerError) as error:
                was_sent = was_sent or not isinstance(error, LedgerUnreachableError)
                if not was_sent:
                    raise
                if self.now_ms() + pause_s * 1000 >= deadline_ms:
                    text = f"the outcome of {signed.digest} did not come back before the deadline"
                    raise OutcomeUnknownError(text, signed.digest) from error
                _log.warning("outcome-unknown", digest=str(signed.digest), error=str(error))
            except TransactionRefusedError as error:
                if was_sent:
                    # Refused now, but an earlier sending may have been executed.
                    raise OutcomeUnknownError(str(error), signed.digest) from error
                raise
            await self._parts.sleep(pause_s)
            pause_s = min(self._limits.retry_cap_s, pause_s * 2)

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
        self._price = None

    async def _gas_price(self) -> int:
        """Give the gas price, kept for a while and capped."""
        now_s = self._parts.monotonic()
        if self._price is None or now_s - self._price[1] > self._limits.gas_price_age_s:
            self._price = (await self._parts.ledger.gas_price(), now_s)
        return min(self._price[0], self._limits.gas_price_max_mist)


def _coin_before(signed: SignedTransaction) -> ObjectRef | None:
    """Give the gas coin as it was before a transaction that was never sent."""
    payment = TRANSACTION_DATA.decode(signed.transaction).gas_data.payment
    return payment[0] if len(payment) == 1 else None
