"""Hands each sealed checkpoint to those who wait for it.

Rules:
    * a subscriber that falls too far behind is cut off with an error, never slowed down by or slowing down others;
    * one who waits for a transaction wakes when a checkpoint holds it;
    * time is let pass from here: the ledger seals when it is ticked.
"""

from __future__ import annotations

import asyncio
import contextlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localnet.rpc.errors import NotSealedError, SlowReaderError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from localnet.ledger import CheckpointRecord, ExecutedTransaction, Ledger
    from localnet.rpc.limits import Limits
    from sui.types import Digest


class Subscription:
    """One reader's queue of checkpoints."""

    def __init__(self, backlog: int) -> None:
        """Hold at most `backlog` checkpoints that were not read yet."""
        self._queue: asyncio.Queue[CheckpointRecord] = asyncio.Queue(backlog)
        self._lost = False

    def put(self, record: CheckpointRecord) -> None:
        """Add a checkpoint, or note that the reader has lost one."""
        try:
            self._queue.put_nowait(record)
        except asyncio.QueueFull:
            self._lost = True

    async def records(self, idle_s: float) -> AsyncIterator[CheckpointRecord | None]:
        """Yield checkpoints as they come, and None when none came for a while.

        Raises:
            SlowReaderError: some were lost.
        """
        while True:
            if self._lost and self._queue.empty():
                raise SlowReaderError("the subscriber is too slow: list what it missed and subscribe again")
            try:
                async with asyncio.timeout(idle_s):
                    record = await self._queue.get()
            except TimeoutError:
                yield None
            else:
                yield record


class Feed:
    """The ledger's subscribers in this process."""

    def __init__(self, ledger: Ledger, limits: Limits, finality_ms: int) -> None:
        """Listen to the ledger; `run` lets its time pass."""
        self._ledger = ledger
        self._limits = limits
        fine = max(limits.min_tick_s, finality_ms / 1000 / limits.ticks_per_checkpoint)
        self._tick_s = min(limits.max_tick_s, fine) if finality_ms else limits.max_tick_s
        self._subscriptions: set[Subscription] = set()
        self._waiting: dict[Digest, asyncio.Event] = {}
        self._stop = ledger.subscribe(self._sealed)

    def _sealed(self, record: CheckpointRecord) -> None:
        for subscription in self._subscriptions:
            subscription.put(record)
        if self._waiting:
            for executed in record.transactions:
                event = self._waiting.pop(executed.digest, None)
                if event is not None:
                    event.set()

    @contextmanager
    def subscribed(self) -> Iterator[Subscription]:
        """Yield a subscription that begins with the next checkpoint."""
        subscription = Subscription(self._limits.subscription_backlog_checkpoints)
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    async def sealed(self, executed: ExecutedTransaction) -> ExecutedTransaction:
        """Return a transaction as it stands in its checkpoint, when one holds it.

        Raises:
            NotSealedError: that took too long.
        """
        if executed.checkpoint is not None:
            return executed
        event = self._waiting.setdefault(executed.digest, asyncio.Event())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.seal_wait_s):
                await event.wait()
        self._waiting.pop(executed.digest, None)
        found = self._ledger.get_transaction(executed.digest)
        if found is None or found.checkpoint is None:
            raise NotSealedError("Transaction timed out before finality could be reached")
        return found

    async def run(self) -> None:
        """Let the ledger's time pass until cancelled."""
        while True:
            await asyncio.sleep(self._tick_s)
            self._ledger.tick()

    def close(self) -> None:
        """Stop listening."""
        self._stop()
