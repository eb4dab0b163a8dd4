"""SubscriptionService: streams that begin at the tip.

Rules:
    * the first frame comes at once and carries only a watermark: where a listing of what came before has to stop;
    * every later frame has a watermark too; where nothing matches for a while one comes alone;
    * there is no resumption: who was cut off lists the gap from his last cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.ledger import EventCursor, LedgerEvent
from localnet.rpc import cursors
from localnet.rpc.calls import streaming
from localnet.rpc.filters import event_matches, event_terms, transaction_test
from localnet.rpc.ledger_service import CHECKPOINT_DEFAULT, TRANSACTION_DEFAULT
from localnet.rpc.listings import EVENT_DEFAULT
from localnet.rpc.masks import read_mask
from localnet.rpc.render_checkpoint import checkpoint_message
from localnet.rpc.render_effects import executed_message, placed_event
from sui.rpc.v2 import checkpoint_pb2, effects_pb2, query_pb2, subscription_service_pb2_grpc
from sui.rpc.v2 import subscription_service_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from grpc.aio import ServicerContext

    from localnet.ledger import CheckpointRecord, Ledger
    from localnet.rpc.feed import Feed
    from localnet.rpc.filters import EventTerms
    from localnet.rpc.limits import Limits


def _last_index(record: CheckpointRecord) -> int:
    return record.summary.network_total_transactions - 1


def _end_of_events(record: CheckpointRecord) -> query_pb2.Watermark:
    place = EventCursor(_last_index(record), cursors.END_OF_TRANSACTION)
    return query_pb2.Watermark(cursor=cursors.event_cursor(place), checkpoint=record.sequence_number)


def _end_of_transactions(record: CheckpointRecord) -> query_pb2.Watermark:
    cursor = cursors.number_cursor(b"t", _last_index(record))
    return query_pb2.Watermark(cursor=cursor, checkpoint=record.sequence_number)


def _events(record: CheckpointRecord, terms: EventTerms) -> Iterator[LedgerEvent]:
    for offset, executed in enumerate(record.transactions):
        for place, event in enumerate(executed.events):
            if event_matches(terms, event):
                yield LedgerEvent(
                    event=event,
                    cursor=EventCursor(executed.index, place),
                    transaction_digest=executed.digest,
                    checkpoint=record.sequence_number,
                    transaction_offset=offset,
                    timestamp_ms=record.summary.timestamp_ms,
                )


class SubscriptionService(subscription_service_pb2_grpc.SubscriptionServiceServicer):
    """Serves what happens from now on."""

    def __init__(self, ledger: Ledger, feed: Feed, limits: Limits) -> None:
        """Serve this ledger."""
        self._ledger = ledger
        self._feed = feed
        self._limits = limits

    async def _checkpoints(self) -> AsyncIterator[tuple[CheckpointRecord, bool, bool]]:
        """Yield (checkpoint, whether it is news, whether a watermark is due): the tip first, then each new one."""
        with self._feed.subscribed() as subscription:
            tip = self._ledger.get_checkpoint()
            if tip is not None:
                yield tip, False, True
            owed = False
            async for record in subscription.records(self._limits.idle_watermark_s):
                if record is not None:
                    tip, owed = record, True
                    yield record, True, False
                elif owed and tip is not None:
                    owed = False
                    yield tip, False, True

    @streaming
    async def SubscribeEvents(  # noqa: N802 - names of the protocol
        self, request: pb.SubscribeEventsRequest, _context: ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.SubscribeEventsResponse]:
        """Stream events."""
        mask = read_mask(effects_pb2.Event.DESCRIPTOR, request.read_mask, EVENT_DEFAULT)
        terms = event_terms(request.filter)
        async for record, is_news, is_due in self._checkpoints():
            if is_due:
                yield pb.SubscribeEventsResponse(watermark=_end_of_events(record))
            if not is_news:
                continue
            for item in _events(record, terms):
                mark = query_pb2.Watermark(cursor=cursors.event_cursor(item.cursor))
                if record.sequence_number:
                    mark.checkpoint = record.sequence_number - 1
                yield pb.SubscribeEventsResponse(event=placed_event(self._ledger, item, mask), watermark=mark)

    @streaming
    async def SubscribeTransactions(  # noqa: N802
        self, request: pb.SubscribeTransactionsRequest, _context: ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.SubscribeTransactionsResponse]:
        """Stream transactions."""
        mask = read_mask(effects_pb2.ExecutedTransaction.DESCRIPTOR, request.read_mask, TRANSACTION_DEFAULT)
        test = transaction_test(request.filter)
        async for record, is_news, is_due in self._checkpoints():
            if is_due:
                yield pb.SubscribeTransactionsResponse(watermark=_end_of_transactions(record))
            if not is_news:
                continue
            for offset, executed in enumerate(record.transactions):
                if test is not None and not test(executed):
                    continue
                mark = query_pb2.Watermark(cursor=cursors.number_cursor(b"t", executed.index))
                if record.sequence_number:
                    mark.checkpoint = record.sequence_number - 1
                shown = executed_message(self._ledger, executed, mask, offset=offset)
                yield pb.SubscribeTransactionsResponse(transaction=shown, watermark=mark)

    @streaming
    async def SubscribeCheckpoints(  # noqa: N802
        self, request: pb.SubscribeCheckpointsRequest, _context: ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.SubscribeCheckpointsResponse]:
        """Stream checkpoints; without a filter every frame holds one, and they come without a gap."""
        mask = read_mask(checkpoint_pb2.Checkpoint.DESCRIPTOR, request.read_mask, CHECKPOINT_DEFAULT)
        test = transaction_test(request.filter)
        async for record, is_news, is_due in self._checkpoints():
            if is_news and (test is None or any(test(item) for item in record.transactions)):
                shown = checkpoint_message(self._ledger, record, mask)
                yield pb.SubscribeCheckpointsResponse(cursor=record.sequence_number, checkpoint=shown)
            elif is_due and test is not None:
                yield pb.SubscribeCheckpointsResponse(cursor=record.sequence_number)
