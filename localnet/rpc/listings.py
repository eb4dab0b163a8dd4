"""Listings of checkpoints, transactions and events: bounded scans with cursors.

Rules:
    * `after` and `before` are bounds in ledger order, exclusive, whatever the direction; a checkpoint range narrows
      them further;
    * every frame has a watermark whose cursor resumes the listing; the last one says why it ended;
    * a scan gives way to other calls between its windows, and ends by itself when it has looked at enough.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger import EventCursor
from localnet.rpc import cursors
from localnet.rpc.errors import OutOfRangeError
from localnet.rpc.filters import event_terms, transaction_test
from localnet.rpc.render_checkpoint import checkpoint_message
from localnet.rpc.render_effects import executed_message, placed_event
from sui.rpc.v2 import ledger_service_pb2 as pb
from sui.rpc.v2 import query_pb2

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from localnet.ledger import ExecutedTransaction, Ledger
    from localnet.rpc.limits import Limits
    from localnet.rpc.masks import Mask

EVENT_DEFAULT = ("package_id", "module", "sender", "event_type", "contents", "transaction_digest", "event_index")

_ITEM_LIMIT = query_pb2.QUERY_END_REASON_ITEM_LIMIT
_SCAN_LIMIT = query_pb2.QUERY_END_REASON_SCAN_LIMIT
_CHECKPOINT_BOUND = query_pb2.QUERY_END_REASON_CHECKPOINT_BOUND
_CURSOR_BOUND = query_pb2.QUERY_END_REASON_CURSOR_BOUND
_LEDGER_TIP = query_pb2.QUERY_END_REASON_LEDGER_TIP


def first_index(ledger: Ledger, checkpoint: int) -> int | None:
    """Return the ledger-wide index of a checkpoint's first transaction, None where there is no such checkpoint."""
    record = ledger.get_checkpoint(checkpoint)
    if record is None:
        return None
    return record.summary.network_total_transactions - len(record.contents.transactions)


def offset_of(ledger: Ledger, executed: ExecutedTransaction, mask: Mask) -> int | None:
    """Return a transaction's place in its checkpoint where it is wanted and known."""
    if "transaction_index" not in mask or executed.checkpoint is None:
        return None
    first = first_index(ledger, executed.checkpoint)
    return None if first is None else executed.index - first


@dataclass(frozen=True, slots=True)
class _Range:
    """Transactions low ≤ index < high, and why a scan ends at each bound."""

    low: int
    high: int
    low_reason: query_pb2.QueryEndReason.ValueType
    high_reason: query_pb2.QueryEndReason.ValueType
    total: int
    last_checkpoint: int


def _checkpoint_range(ledger: Ledger, start: int | None, end: int | None) -> _Range:
    """Return the sealed transactions of checkpoints start ≤ n < end."""
    tip = ledger.get_checkpoint()
    total = 0 if tip is None else tip.summary.network_total_transactions
    low, high, high_reason = 0, total, _LEDGER_TIP
    last = 0 if tip is None else tip.sequence_number
    if start is not None:
        first = first_index(ledger, start)
        low = total if first is None else first
    if end is not None and tip is not None and end <= tip.sequence_number:
        first = first_index(ledger, end)
        if first is not None:
            high, high_reason, last = first, _CHECKPOINT_BOUND, max(end - 1, 0)
    return _Range(low, high, _CHECKPOINT_BOUND, high_reason, total, last)


def _limit(limits: Limits, options: query_pb2.QueryOptions) -> int:
    return min(options.limit or limits.default_list_items, limits.max_list_items)


def _known(place: int, total: int) -> int:
    """Return a cursor's place.

    Raises:
        OutOfRangeError: the ledger has not come that far.
    """
    if place >= total:
        raise OutOfRangeError("invalid cursor: it lies beyond the ledger's tip, so it is of another ledger")
    return place


def _descending(options: query_pb2.QueryOptions) -> bool:
    return options.ordering == query_pb2.ORDERING_DESCENDING


def _covered(
    mark: query_pb2.Watermark,
    bounds: _Range,
    reason: query_pb2.QueryEndReason.ValueType,
    descending: bool,  # noqa: FBT001 - the request's own field
) -> query_pb2.Watermark:
    """Say which checkpoint the whole of a listing has covered, where it ended at one."""
    if not descending and reason in {_LEDGER_TIP, _CHECKPOINT_BOUND}:
        mark.checkpoint = bounds.last_checkpoint
    return mark


def _end(reason: query_pb2.QueryEndReason.ValueType) -> query_pb2.QueryEnd:
    return query_pb2.QueryEnd(reason=reason)


async def transactions(
    ledger: Ledger, limits: Limits, request: pb.ListTransactionsRequest, mask: Mask
) -> AsyncIterator[pb.ListTransactionsResponse]:
    """List transactions that pass the filter.

    Raises:
        InvalidArgumentError: filter or cursor cannot be understood.
    """
    test = transaction_test(request.filter)
    options = request.options
    bounds = _checkpoint_range(
        ledger,
        request.start_checkpoint if request.HasField("start_checkpoint") else None,
        request.end_checkpoint if request.HasField("end_checkpoint") else None,
    )
    low, high, low_reason, high_reason = bounds.low, bounds.high, bounds.low_reason, bounds.high_reason
    if options.HasField("after"):
        after = _known(cursors.read_number_cursor(b"t", options.after), bounds.total) + 1
        if after > low:
            low, low_reason = after, _CURSOR_BOUND
    if options.HasField("before"):
        before = cursors.read_number_cursor(b"t", options.before)
        if before < high:
            high, high_reason = before, _CURSOR_BOUND
    wanted, found, scanned = _limit(limits, options), 0, 0
    descending = _descending(options)
    position = high if descending else low

    def watermark(index: int) -> query_pb2.Watermark:
        """Say that the scan has passed this transaction."""
        return query_pb2.Watermark(cursor=cursors.number_cursor(b"t", index))

    while low < high and position > low if descending else position < high:
        size = min(limits.scan_window_transactions, position - low if descending else high - position)
        start = position - size if descending else position
        window = ledger.list_transactions(after=start - 1, limit=size)
        for executed in reversed(window) if descending else window:
            if test is not None and not test(executed):
                continue
            found += 1
            mark = watermark(executed.index)
            if executed.checkpoint is not None:
                mark.checkpoint = executed.checkpoint + (1 if descending else -1) if executed.checkpoint else 0
            answer = pb.ListTransactionsResponse(
                transaction=executed_message(ledger, executed, mask, offset=offset_of(ledger, executed, mask)),
                watermark=mark,
            )
            if found >= wanted:
                answer.end.CopyFrom(_end(_ITEM_LIMIT))
                yield answer
                return
            yield answer
        scanned += size
        position = start if descending else position + size
        if scanned >= limits.max_scanned_transactions:
            yield pb.ListTransactionsResponse(
                watermark=watermark(position if descending else position - 1), end=_end(_SCAN_LIMIT)
            )
            return
        await asyncio.sleep(0)
    last = low if descending else max(high - 1, low - 1)
    reason = low_reason if descending else high_reason
    yield pb.ListTransactionsResponse(watermark=_covered(watermark(last), bounds, reason, descending), end=_end(reason))


async def events(
    ledger: Ledger, limits: Limits, request: pb.ListEventsRequest, mask: Mask
) -> AsyncIterator[pb.ListEventsResponse]:
    """List events that pass the filter.

    Raises:
        InvalidArgumentError: filter or cursor cannot be understood.
    """
    terms = event_terms(request.filter)
    options = request.options
    bounds = _checkpoint_range(
        ledger,
        request.start_checkpoint if request.HasField("start_checkpoint") else None,
        request.end_checkpoint if request.HasField("end_checkpoint") else None,
    )
    low = EventCursor(bounds.low - 1, cursors.END_OF_TRANSACTION)
    high = EventCursor(bounds.high, 0)
    low_reason, high_reason = bounds.low_reason, bounds.high_reason
    if options.HasField("after"):
        after = cursors.read_event_cursor(options.after)
        _known(after.transaction_index, bounds.total)
        if _key(after) > _key(low):
            low, low_reason = after, _CURSOR_BOUND
    if options.HasField("before"):
        before = cursors.read_event_cursor(options.before)
        if _key(before) < _key(high):
            high, high_reason = before, _CURSOR_BOUND
    wanted, found = _limit(limits, options), 0
    descending = _descending(options)

    def watermark(place: EventCursor) -> query_pb2.Watermark:
        """Say that the scan has passed this event."""
        return query_pb2.Watermark(cursor=cursors.event_cursor(place))

    for _ in range(limits.max_scanned_transactions // limits.scan_window_events):
        page = ledger.list_events(
            terms,
            after=low if bounds.low or options.HasField("after") else None,
            before=high,
            descending=descending,
            limit=min(limits.scan_window_events, wanted - found),
        )
        for item in page.events:
            found += 1
            mark = watermark(item.cursor)
            if item.checkpoint:
                mark.checkpoint = item.checkpoint + (1 if descending else -1)
            answer = pb.ListEventsResponse(event=placed_event(ledger, item, mask), watermark=mark)
            if found >= wanted:
                answer.end.CopyFrom(_end(_ITEM_LIMIT))
                yield answer
                return
            yield answer
        if page.at_tip or not page.events:
            reason = low_reason if descending else high_reason
            last = (
                low
                if descending
                else max(low, EventCursor(high.transaction_index - 1, cursors.END_OF_TRANSACTION), key=_key)
            )
            if high_reason == _CURSOR_BOUND and not descending:
                last = high
            yield pb.ListEventsResponse(
                watermark=_covered(watermark(last), bounds, reason, descending), end=_end(reason)
            )
            return
        if descending:
            high = page.scanned_to
        else:
            low = page.scanned_to
        await asyncio.sleep(0)
    yield pb.ListEventsResponse(watermark=watermark(high if descending else low), end=_end(_SCAN_LIMIT))


def _key(value: EventCursor) -> tuple[int, int]:
    return (value.transaction_index, value.event_index)


async def checkpoints(
    ledger: Ledger, limits: Limits, request: pb.ListCheckpointsRequest, mask: Mask
) -> AsyncIterator[pb.ListCheckpointsResponse]:
    """List checkpoints that have a transaction which passes the filter.

    Raises:
        InvalidArgumentError: filter or cursor cannot be understood.
    """
    test = transaction_test(request.filter)
    options = request.options
    tip = ledger.get_checkpoint()
    total = 0 if tip is None else tip.sequence_number + 1
    low, high = 0, total
    low_reason, high_reason = _CHECKPOINT_BOUND, _LEDGER_TIP
    if request.HasField("start_checkpoint"):
        low = max(low, request.start_checkpoint)
    if request.HasField("end_checkpoint") and request.end_checkpoint < high:
        high, high_reason = request.end_checkpoint, _CHECKPOINT_BOUND
    if options.HasField("after"):
        after = _known(cursors.read_number_cursor(b"c", options.after), total) + 1
        if after > low:
            low, low_reason = after, _CURSOR_BOUND
    if options.HasField("before"):
        before = cursors.read_number_cursor(b"c", options.before)
        if before < high:
            high, high_reason = before, _CURSOR_BOUND
    wanted, found = _limit(limits, options), 0
    descending = _descending(options)
    whole = test is not None or "transactions" in mask
    for scanned, number in enumerate(range(high - 1, low - 1, -1) if descending else range(low, high)):
        mark = query_pb2.Watermark(cursor=cursors.number_cursor(b"c", number), checkpoint=number)
        if scanned >= limits.max_scanned_transactions:
            yield pb.ListCheckpointsResponse(watermark=mark, end=_end(_SCAN_LIMIT))
            return
        record = ledger.get_checkpoint(number, transactions=whole)
        if record is None or (test is not None and not any(test(item) for item in record.transactions)):
            continue
        found += 1
        answer = pb.ListCheckpointsResponse(checkpoint=checkpoint_message(ledger, record, mask), watermark=mark)
        if found >= wanted:
            answer.end.CopyFrom(_end(_ITEM_LIMIT))
            yield answer
            return
        yield answer
        await asyncio.sleep(0)
    last = low if descending else max(high - 1, 0)
    yield pb.ListCheckpointsResponse(
        watermark=query_pb2.Watermark(cursor=cursors.number_cursor(b"c", last), checkpoint=last),
        end=_end(low_reason if descending else high_reason),
    )
