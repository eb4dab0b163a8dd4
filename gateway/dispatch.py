"""Waiting requests, gathered into transactions by the plan and sent by tasks.

Concurrency: one task for each transaction on its way, at most `transactions_in_flight`; whatever arrives while a
session's share of them is under way waits and is gathered. The order of one object's requests is the plan's.

Rules: a transaction of several that is denied, late, or too dear for any coin is taken apart and each request goes
alone; any other failure is the failure of all its requests. Nobody waits for a ticket whose caller has gone before it
was sent.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from gateway.batching import Batch, BatchPlan, Ticket
from gateway.errors import DeniedError, GasError, OverdueError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from gateway.limits import Limits
    from gateway.ports import Accepted, Submission

_Waiting = tuple["Submission", "asyncio.Future[Accepted]"]


class Dispatcher:
    """Gives each submission its place in a transaction."""

    def __init__(
        self,
        send: Callable[[Sequence[Submission]], Awaitable[Sequence[Accepted]]],
        size_of: Callable[[Submission], int],
        limits: Limits,
    ) -> None:
        """Begin empty.

        Args:
            send: Sends several submissions in one transaction, all or none.
            size_of: How many bytes a submission adds to a transaction.
            limits: The gateway's limits.
        """
        self._send = send
        self._size_of = size_of
        self._plan: BatchPlan[_Waiting] = BatchPlan(
            limits.batch_requests, limits.batch_bytes, limits.batches_per_session
        )
        self._linger_s = limits.batch_linger_s
        self._room = limits.transactions_in_flight
        self._tasks: set[asyncio.Task[None]] = set()
        self._woken = False

    async def submit(self, submission: Submission) -> Accepted:
        """Wait for the contract's decision on one submission."""
        future: asyncio.Future[Accepted] = asyncio.get_running_loop().create_future()
        ticket = Ticket(submission.identity.lane, submission.order_key, self._size_of(submission), (submission, future))
        self._plan.add(ticket)
        self._wake()
        try:
            return await future
        finally:
            if future.cancelled():
                self._plan.drop(ticket)

    def _wake(self) -> None:
        """Look at the plan soon: after this turn of the loop, or a little later while others are on their way.

        So what arrives together goes together, and a lone request waits for nobody.
        """
        if not self._woken:
            self._woken = True
            loop = asyncio.get_running_loop()
            loop.call_later(self._linger_s if self._tasks else 0, self._start)

    def _start(self) -> None:
        """Start as many transactions as there is room for."""
        self._woken = False
        while len(self._tasks) < self._room and (batch := self._plan.next_batch()) is not None:
            task = asyncio.ensure_future(self._run(batch))
            self._tasks.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        """Make room for the next."""
        self._tasks.discard(task)
        self._start()

    async def _run(self, batch: Batch[_Waiting]) -> None:
        """Send one transaction and tell those who wait."""
        futures = [future for _, future in (ticket.item for ticket in batch.tickets)]
        try:
            accepted = await self._send([ticket.item[0] for ticket in batch.tickets])
        except (DeniedError, GasError, OverdueError) as error:
            if len(batch.tickets) > 1:
                self._plan.split(batch)
                return
            self._plan.finish(batch)
            _fail(futures, error)
        except BaseException as error:
            self._plan.finish(batch)
            _fail(futures, error)
            if not isinstance(error, Exception):
                raise
        else:
            self._plan.finish(batch)
            for future, yes in zip(futures, accepted, strict=True):
                if not future.done():
                    future.set_result(yes)


def _fail(futures: Sequence[asyncio.Future[Accepted]], error: BaseException) -> None:
    """Tell all who still wait."""
    for future in futures:
        if not future.done():
            future.set_exception(error) if isinstance(error, Exception) else future.cancel()
