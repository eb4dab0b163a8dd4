"""Which waiting requests go into which transaction, and in which order.

Role: a pure plan. Requests of one session (one token under one grant) that wait may share a programmable transaction;
requests for one object are submitted in the order they came.

Rules:
- An object's key is in one transaction at a time; a later request for it waits for that one's outcome, or joins it.
- A session has a few transactions on their way at a time; what arrives meanwhile is gathered into the next.
- After a transaction of several was denied each of them goes alone, so that one bad request spoils no other.

It sends nothing and knows no time.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, eq=False)
class Ticket(Generic[ItemT]):
    """One request that waits for its transaction.

    Attributes:
        lane: Requests of one lane may share a transaction.
        key: The object it concerns, or None if it concerns no single one.
        size_bytes: How much it adds to a transaction.
        item: What the caller wants back.
        alone: Whether it must not share.
    """

    lane: Hashable
    key: Hashable | None
    size_bytes: int
    item: ItemT
    alone: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Generic[ItemT]):
    """Tickets that share one transaction, in order."""

    lane: Hashable
    tickets: tuple[Ticket[ItemT], ...]


@dataclass(slots=True)
class BatchPlan(Generic[ItemT]):
    """The waiting tickets and the batches on their way."""

    batch_requests: int
    batch_bytes: int
    batches_per_lane: int
    _waiting: list[Ticket[ItemT]] = field(default_factory=list)
    _busy_keys: set[Hashable] = field(default_factory=set)
    _busy_lanes: Counter[Hashable] = field(default_factory=Counter)

    def __len__(self) -> int:
        """How many tickets wait."""
        return len(self._waiting)

    def add(self, ticket: Ticket[ItemT]) -> None:
        """Let a ticket wait, behind all that came before it."""
        self._waiting.append(ticket)

    def drop(self, ticket: Ticket[ItemT]) -> bool:
        """Take back a ticket that nobody waits for any more; false if it is already on its way."""
        if ticket in self._waiting:
            self._waiting.remove(ticket)
            return True
        return False

    def next_batch(self) -> Batch[ItemT] | None:
        """Take the next tickets that may go now, or None; `finish` or `split` must follow."""
        chosen: list[Ticket[ItemT]] = []
        held: set[Hashable] = set(self._busy_keys)
        size = 0
        for ticket in self._waiting:
            fits = len(chosen) < self.batch_requests and (not chosen or size + ticket.size_bytes <= self.batch_bytes)
            joins = not chosen or (ticket.lane == chosen[0].lane and not ticket.alone and not chosen[0].alone)
            has_room = self._busy_lanes[ticket.lane] < self.batches_per_lane
            if fits and joins and has_room and ticket.key not in held:
                chosen.append(ticket)
                size += ticket.size_bytes
            elif ticket.key is not None:
                held.add(ticket.key)
        if not chosen:
            return None
        batch = Batch(chosen[0].lane, tuple(chosen))
        self._waiting = [ticket for ticket in self._waiting if ticket not in chosen]
        self._busy_keys.update(ticket.key for ticket in chosen if ticket.key is not None)
        self._busy_lanes[batch.lane] += 1
        return batch

    def finish(self, batch: Batch[ItemT]) -> None:
        """Note that a batch's outcome is known, so that its objects and its lane are free again."""
        self._busy_keys.difference_update(ticket.key for ticket in batch.tickets)
        self._busy_lanes[batch.lane] -= 1
        if not self._busy_lanes[batch.lane]:
            del self._busy_lanes[batch.lane]

    def split(self, batch: Batch[ItemT]) -> None:
        """Let every ticket of a denied batch go again, each alone, before all that wait."""
        self.finish(batch)
        singles = [Ticket(t.lane, t.key, t.size_bytes, t.item, alone=True) for t in batch.tickets]
        self._waiting[:0] = singles
