"""From signed answers to the ledger: batches, coins, and the tries that a bad day needs.

Role: many answers leave in one transaction; each is stored exactly once, or its time is over.

Rules:
- An answer that leaves while no other is on its way waits for nobody. Else the next lane gathers for a tenth of the
  time that storing takes just now, so that a slow ledger gets few large transactions, and a fast one is kept busy.
- A batch that aborts or is refused is retried one by one; a single one is retried until its answer-until.
- A transaction whose outcome is not known is sent again, the same bytes, until there is an outcome: it can only run
  once. Its coin is settled then.
- A violation leaves as an answer does, but always alone: it writes its token, which a batch does not.
- Each answer brings the coin that was reserved for it; a batch pays with one and keeps the others for what follows.

What was stored is learnt from effects; the ledger's own event of it is an equal witness.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from chain.backoff import Backoff
from chain.bindings.calls import Answer, Violation
from chain.errors import (
    LedgerError,
    NotFoundError,
    OutcomeUnknownError,
    TransactionRefusedError,
)
from chain.payload import sealed_hash
from chain.store import build_store, build_violation
from enclave.execution import FINAL, Step
from enclave.execution_errors import LocalProcessError, NoGasError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.request_refs import RequestRefs
from gateway.transactions import coin_after
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from chain.bindings.calls import Contract, SharedRef
    from chain.ledger import ExecutedTransaction, Ledger
    from enclave.book import Book, Entry
    from enclave.execution_ports import SignedTransaction, Signer
    from sui.types import Address

_log = structlog.get_logger()


@dataclass
class Leaving:
    """A signed answer on its way to the ledger."""

    entry: Entry
    reservation: Any | None
    over: asyncio.Event = field(default_factory=asyncio.Event)
    error: BaseException | None = None


@dataclass(frozen=True)
class StorePlace:
    """What every store transaction names; `contract` says which version of the package is called now."""

    contract: Callable[[], Contract]
    cluster: SharedRef
    enclave: SharedRef


class Storer:
    """Stores signed answers, several lanes at a time."""

    def __init__(
        self,
        *,
        book: Book,
        ledger: Ledger,
        signer: Signer,
        place: StorePlace,
        now_ms: Callable[[], int],
        monotonic: Callable[[], float],
        rng: Random,
        inline_bytes: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        starved: Callable[[], None] = lambda: None,
        limits: ExecutionLimits = LIMITS,
    ) -> None:
        """Begin with nothing to store.

        `starved` is told when there is no coin left; `inline_bytes` says how long an answer in its event may be now.
        """
        self._inline_bytes = inline_bytes
        self._starved = starved
        self._book = book
        self._ledger = ledger
        self._signer = signer
        self._place = place
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._rng = rng
        self._sleep = sleep
        self._limits = limits
        self._queue: deque[Leaving] = deque()
        self._waiting: dict[bytes, Leaving] = {}
        self._lanes: set[asyncio.Task[None]] = set()
        self._gathering = False
        self._took_s = 0.0
        self._spare: list[Any] = []
        self._refs = RequestRefs(ledger, sleep, limits.look_up_gather_s)
        self._price: tuple[float, int] | None = None

    # ---- coins ---------------------------------------------------------------------------------------------------

    async def reserve(self) -> Any:
        """Set a coin aside for one answer.

        Raises:
            NoGasError: there is none.
            LocalProcessError: the signer does not answer.
        """
        if self._spare:
            return self._spare.pop()
        try:
            return await self._signer.reserve()
        except NoGasError:
            self._starved()
            raise

    async def give_back(self, *reservations: Any) -> None:
        """Keep reservations for what follows, and give the rest back to the signer."""
        self._spare += reservations
        surplus = self._spare[self._limits.spare_reservations :]
        if surplus:
            del self._spare[self._limits.spare_reservations :]
            await self._signer.release(surplus)

    # ---- answers -------------------------------------------------------------------------------------------------

    async def store(self, entry: Entry, reservation: Any | None) -> None:
        """Return once the answer is stored, or its time is over.

        Raises:
            JournalError: what happened could not be written down; the executor must end.
        """
        leaving = Leaving(entry, reservation)
        self._waiting[bytes(entry.request_id)] = leaving
        self._queue.append(leaving)
        self._open_lane()
        try:
            await leaving.over.wait()
            if leaving.error is not None:
                raise leaving.error
        finally:
            self._waiting.pop(bytes(entry.request_id), None)
            self._refs.forget(entry.request_id)

    def witnessed(self, entry: Entry) -> None:
        """Take the ledger's own event for an answer that an earlier try stored."""
        self._end(entry, Step.STORE)

    async def close(self) -> None:
        """Stop all lanes."""
        for lane in self._lanes:
            lane.cancel()
        await asyncio.gather(*self._lanes, return_exceptions=True)

    async def look_up(self, request_id: Address) -> None:
        """Learn the version in which a request was shared, while it is being executed."""
        try:
            await self._refs.of([request_id])
        except LedgerError as error:
            _log.info("request-not-found-yet", request_id=str(request_id), error=str(error))

    # ---- lanes ---------------------------------------------------------------------------------------------------

    def _open_lane(self) -> None:
        if self._gathering or len(self._lanes) >= self._limits.store_lanes:
            return
        self._gathering = True
        lane = asyncio.create_task(self._lane(alone=not self._lanes))
        self._lanes.add(lane)
        lane.add_done_callback(self._lanes.discard)

    async def _lane(self, *, alone: bool) -> None:
        if alone:
            # Let everything that is ready in this very moment join the batch.
            await asyncio.sleep(0)
        else:
            limits = self._limits
            await self._sleep(min(max(self._took_s / 10, limits.gather_least_s), limits.gather_most_s))
        self._gathering = False
        while batch := self._next_batch():
            if self._queue:
                self._open_lane()
            began_s = self._monotonic()
            try:
                await self._leave(batch)
                self._took_s = self._monotonic() - began_s
            except BaseException as error:  # whoever waits must learn of it, whatever it is
                for leaving in batch:
                    leaving.error = error
                    leaving.over.set()
                if isinstance(error, asyncio.CancelledError):
                    raise

    async def _leave(self, batch: list[Leaving]) -> None:
        if not await self._try(batch) and len(batch) > 1:
            _log.info("batch-split", answers=len(batch))
            await asyncio.gather(*(self._alone(leaving) for leaving in batch if not leaving.over.is_set()))
        elif not batch[0].over.is_set():
            await self._alone(batch[0])

    def _next_batch(self) -> list[Leaving]:
        batch: list[Leaving] = []
        size = 0
        while self._queue and len(batch) < self._limits.batch_answers:
            leaving = self._queue[0]
            if leaving.over.is_set():
                self._queue.popleft()
                continue
            length = self._inline_length(leaving.entry)
            if leaving.entry.violated is not None:
                return batch or [self._queue.popleft()]
            if batch and size + length > self._limits.batch_bytes:
                break
            batch.append(self._queue.popleft())
            size += length
        return batch

    async def _alone(self, leaving: Leaving) -> None:
        backoff = Backoff(self._rng)
        while not leaving.over.is_set():
            if self._now_ms() > leaving.entry.event.answer_until:
                _log.warning("answer-lapsed", request_id=str(leaving.entry.request_id))
                self._end(leaving.entry, Step.LAPSE)
                await self._free(leaving)
                return
            if not await self._try([leaving]):
                await self._sleep(min(backoff.next_s(), self._limits.retry_cap_s))

    async def _try(self, batch: list[Leaving]) -> bool:
        """Send one transaction; true if its answers are stored."""
        try:
            named = [each for leaving in batch for each in _named(leaving.entry)]
            refs = await self._refs.of(named)
            if not all(bytes(each) in refs for each in named):
                return False
            kind = self._kind(batch, refs)
            budget = self._limits.store_budget_mist + self._limits.answer_budget_mist * len(batch)
            price = await self._gas_price()
            if batch[0].reservation is None:
                batch[0].reservation = await self.reserve()
            reservation, batch[0].reservation = batch[0].reservation, None
            signed = await self._signer.sign_transaction(kind, budget=budget, price=price, reservation=reservation)
        except (LedgerError, NoGasError, LocalProcessError) as error:
            _log.warning("store-not-sent", answers=len(batch), error=str(error))
            return False
        return await self._send(batch, signed)

    async def _send(self, batch: list[Leaving], signed: SignedTransaction) -> bool:
        backoff = Backoff(self._rng)
        while True:
            try:
                done = await self._ledger.execute(signed.transaction, [signed.signature])
            except TransactionRefusedError as error:
                _log.warning("store-refused", answers=len(batch), digest=str(signed.digest), error=str(error))
                await self._settle_unsent(signed)
                self._forget_versions(batch)
                return False
            except LedgerError as error:
                # Nobody knows whether it ran, or it was not sent at all: the same bytes again settle both.
                _log.warning("store-outcome-unknown", digest=str(signed.digest), error=str(error))
                last_ms = max(leaving.entry.event.answer_until for leaving in batch)
                if self._now_ms() > last_ms:
                    await self._signer.settle(signed.lease, None)
                    return False
                if isinstance(error, OutcomeUnknownError) and (found := await self._found(signed)) is not None:
                    done = found
                else:
                    await self._sleep(min(backoff.next_s(), self._limits.retry_cap_s))
                    continue
            return await self._account(batch, signed, done)

    async def _account(self, batch: list[Leaving], signed: SignedTransaction, done: ExecutedTransaction) -> bool:
        await self._signer.settle(signed.lease, coin_after(done), signed.left(done.gas.net))
        if done.abort is not None:
            _log.warning("store-aborted", answers=len(batch), digest=str(done.digest), why=done.abort.description)
            self._forget_versions(batch)
            return False
        for leaving in batch:
            _log.info(
                "stored",
                request_id=str(leaving.entry.request_id),
                digest=str(done.digest),
                answers=len(batch),
                gas=done.gas.net,
            )
            self._end(leaving.entry, Step.STORE)
            await self._free(leaving)
        return True

    async def _found(self, signed: SignedTransaction) -> ExecutedTransaction | None:
        try:
            return await self._ledger.get_transaction(signed.digest)
        except LedgerError:
            return None

    async def _settle_unsent(self, signed: SignedTransaction) -> None:
        """Give a refused transaction's coin back as the ledger has it now."""
        coin = TRANSACTION_DATA.decode(signed.transaction).gas_data.payment[0]
        try:
            current = (await self._ledger.get_object(coin.object_id)).ref
        except NotFoundError:
            await self._signer.settle(signed.lease, coin, 0)
        except LedgerError:
            await self._signer.settle(signed.lease, coin)
        else:
            await self._signer.settle(signed.lease, current)

    async def _free(self, leaving: Leaving) -> None:
        if leaving.reservation is not None:
            reservation, leaving.reservation = leaving.reservation, None
            await self.give_back(reservation)

    def _end(self, entry: Entry, step: Step) -> None:
        if entry.state not in FINAL:
            self._book.end(entry, step)
        leaving = self._waiting.get(bytes(entry.request_id))
        if leaving is not None:
            leaving.over.set()

    # ---- the transaction -----------------------------------------------------------------------------------------

    def _inline_length(self, entry: Entry) -> int:
        length = len(entry.answer.sealed) if entry.answer is not None else 0
        return length if length <= self._inline_bytes() else 0

    def _kind(self, batch: list[Leaving], refs: dict[bytes, SharedRef]) -> bytes:
        place, contract, first = self._place, self._place.contract(), batch[0].entry
        if first.violated is not None:
            violation = self._violation(first, refs)
            return TRANSACTION_KIND.encode(build_violation(contract, place.cluster, place.enclave, violation))
        answers = [self._answer(leaving.entry, refs[bytes(leaving.entry.request_id)]) for leaving in batch]
        return TRANSACTION_KIND.encode(build_store(contract, place.cluster, place.enclave, answers))

    def _answer(self, entry: Entry, ref: SharedRef) -> Answer:
        if entry.answer is None or entry.signed is None:
            raise LocalProcessError("an answer is not signed yet; this is a fault of the executor")
        sealed = entry.answer.sealed
        return Answer(
            request=ref,
            sequence=entry.signed.sequence,
            status=entry.answer.status,
            body=sealed if len(sealed) <= self._inline_bytes() else None,
            body_hash=sealed_hash(sealed),
            body_length=len(sealed),
            executed_at=entry.answer.executed_at,
            signature=entry.signed.signature,
        )

    @staticmethod
    def _violation(entry: Entry, refs: dict[bytes, SharedRef]) -> Violation:
        if entry.violated is None or entry.signed is None:
            raise LocalProcessError("a violation is not signed yet; this is a fault of the executor")
        return Violation(
            request=refs[bytes(entry.request_id)],
            token=refs[bytes(entry.event.token)],
            sequence=entry.signed.sequence,
            found_at=entry.violated.found_at,
            signature=entry.signed.signature,
        )

    def _forget_versions(self, batch: list[Leaving]) -> None:
        for leaving in batch:
            self._refs.forget(leaving.entry.request_id)

    async def _gas_price(self) -> int:
        now = self._monotonic()
        if self._price is None or now - self._price[0] > self._limits.gas_price_fresh_s:
            price = await self._ledger.gas_price()
            self._price = (now, min(price, self._limits.gas_price_cap_mist))
        return self._price[1]


def _named(entry: Entry) -> tuple[Address, ...]:
    """The shared objects that a transaction must name for this request."""
    return (entry.request_id, entry.event.token) if entry.violated is not None else (entry.request_id,)
