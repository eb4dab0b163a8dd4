"""A relay of bytes: it joins an accepted connection with a dialled one and knows nothing of what flows.

Back-pressure goes through (a slow reader slows its sender), so does a half-close where both ends can; a connection on
which nothing moved for the idle time is cut, connections above the cap are closed at once. Everything is counted, and
a tap can see every byte (tests record what crossed the parent).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from wire.errors import WireError

if TYPE_CHECKING:
    import socket

    from wire.sockets import Listener


class Direction(Enum):
    """Which way bytes flow: away from or back to whoever connected."""

    FORTH = "forth"
    BACK = "back"


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Dial = Callable[[], Awaitable[Streams]]
Tap = Callable[[int, Direction, bytes], None]


@dataclass(frozen=True)
class RelayLimits:
    """Deadlines and caps of one relay."""

    connections: int = 256
    """Most connections at once; further ones are closed unheard."""
    connect_timeout_s: float = 10.0
    """Longest time for the far side to answer."""
    idle_timeout_s: float = 600.0
    """A connection on which nothing moved for so long is cut."""
    buffer_bytes: int = 65_536
    """Most bytes taken from one side before they are given to the other."""


@dataclass
class RelayCounters:
    """What a relay has done so far."""

    accepted: int = 0
    refused: int = 0
    failed: int = 0
    idle: int = 0
    active: int = 0
    bytes: dict[Direction, int] = field(default_factory=lambda: dict.fromkeys(Direction, 0))


class Relay:
    """Relays every connection of a listener to a freshly dialled one."""

    def __init__(
        self, listener: Listener, dial: Dial, *, limits: RelayLimits | None = None, tap: Tap | None = None
    ) -> None:
        """Join what `listener` accepts with what `dial` opens."""
        self.counters = RelayCounters()
        self._listener = listener
        self._dial = dial
        self._limits = limits or RelayLimits()
        self._tap = tap

    async def serve(self) -> None:
        """Relay until cancelled; connections under way are then cut."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                connection = await self._listener.accept()
                if self.counters.active >= self._limits.connections:
                    self.counters.refused += 1
                    connection.close()
                    continue
                self.counters.accepted += 1
                self.counters.active += 1
                tasks.create_task(self._carry(connection, self.counters.accepted)).add_done_callback(self._ended)

    def _ended(self, _: asyncio.Task[None]) -> None:
        self.counters.active -= 1

    async def _carry(self, connection: socket.socket, number: int) -> None:
        try:
            near = await asyncio.open_connection(sock=connection, limit=self._limits.buffer_bytes)
        except OSError:
            self.counters.failed += 1
            connection.close()
            return
        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                far = await self._dial()
            await splice(near, far, limits=self._limits, counters=self.counters, tap=self._tap, number=number)
        except (OSError, TimeoutError, WireError):
            self.counters.failed += 1
        finally:
            await _close(near[1])


async def splice(
    near: Streams,
    far: Streams,
    *,
    limits: RelayLimits,
    counters: RelayCounters,
    tap: Tap | None = None,
    number: int = 0,
) -> None:
    """Carry bytes both ways until both sides have ended, one has failed, or nothing moves any more."""
    loop = asyncio.get_running_loop()

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, direction: Direction) -> None:
        """Carry one direction to its end."""
        while data := await source.read(limits.buffer_bytes):
            deadline.reschedule(loop.time() + limits.idle_timeout_s)
            counters.bytes[direction] += len(data)
            if tap is not None:
                tap(number, direction, data)
            sink.write(data)
            await sink.drain()
            deadline.reschedule(loop.time() + limits.idle_timeout_s)
        if sink.can_write_eof():
            sink.write_eof()
        else:
            sink.close()

    try:
        async with asyncio.timeout(limits.idle_timeout_s) as deadline:
            forth = asyncio.create_task(pump(near[0], far[1], Direction.FORTH))
            back = asyncio.create_task(pump(far[0], near[1], Direction.BACK))
            await _both(forth, back)
    except TimeoutError:
        counters.idle += 1
    except OSError:
        counters.failed += 1
    finally:
        await asyncio.gather(_close(near[1]), _close(far[1]))


async def _both(*pumps: asyncio.Task[None]) -> None:
    """Wait for both pumps; the first failure ends both, and is raised as it is."""
    try:
        await asyncio.gather(*pumps)
    finally:
        for one in pumps:
            one.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
