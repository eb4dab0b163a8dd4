"""Order per object, parallel across objects.

Rules: whoever asks first for a key is first; a key that nobody waits for takes no memory; no key means no order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable


class KeyedOrder:
    """Turns, one queue per key."""

    def __init__(self) -> None:
        """Begin with no queues."""
        self._queues: dict[Hashable, deque[asyncio.Future[None]]] = {}

    @contextlib.asynccontextmanager
    async def turn(self, key: Hashable | None) -> AsyncIterator[None]:
        """Hold the key's turn; it comes in the order in which it was asked for."""
        if key is None:
            yield
            return
        queue = self._queues.setdefault(key, deque())
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(mine)
        if len(queue) == 1:
            mine.set_result(None)
        try:
            await mine
            yield
        finally:
            queue.remove(mine)
            if not queue:
                self._queues.pop(key, None)
            elif not queue[0].done():
                queue[0].set_result(None)

    def __len__(self) -> int:
        """How many keys somebody holds or waits for."""
        return len(self._queues)
