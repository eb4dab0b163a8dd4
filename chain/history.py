"""Walk through what is already on chain: past events of our package, newest or oldest first.

Role: paging over ListEvents for reports and searches. What it yields is the node's word, decoded: whoever needs proof
checks it (`chain.verification`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.events import decode_event, event_type
from chain.errors import NotFoundError
from chain.limits import LIMITS, Limits

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from chain.bindings.events import ContractEvent
    from chain.ledger import Ledger, LedgerEvent
    from sui.types import Address


async def past_events(
    ledger: Ledger, package: Address, names: Sequence[str], *, newest_first: bool = True, limits: Limits = LIMITS
) -> AsyncIterator[tuple[LedgerEvent, ContractEvent]]:
    """Every past event of these struct names.

    Args:
        ledger: the node.
        package: our package's original id.
        names: keys of `chain.bindings.events.EVENTS`.
        newest_first: the order.
        limits: the page size.
    """
    types = [event_type(package, name) for name in names]
    cursor: bytes | None = None
    while True:
        moved = False
        ended = False
        async for frame in ledger.list_events(types, after=cursor, limit=limits.events_page, newest_first=newest_first):
            if frame.event is not None:
                yield frame.event, decode_event(package, frame.event.type, frame.event.contents)
            if frame.cursor is not None and frame.cursor != cursor:
                cursor = frame.cursor
                moved = True
            ended = ended or frame.exhausted
        if ended or not moved:
            return


async def find_event(
    ledger: Ledger, package: Address, name: str, wanted: Callable[[ContractEvent], bool]
) -> tuple[LedgerEvent, ContractEvent]:
    """The newest event of one name that is wanted.

    Raises:
        NotFoundError: the node has none.
    """
    async for raw, event in past_events(ledger, package, [name]):
        if wanted(event):
            return raw, event
    raise NotFoundError(f"the ledger has no such {name}; check the id, or the node may have pruned it")
