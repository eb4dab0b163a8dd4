"""Listings and subscriptions: order, filters, cursors, watermarks, and a gap that is filled without loss."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from localnet.ledger import EventCursor
from localnet.rpc import Limits, cursors
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import query_pb2
from sui.rpc.v2 import subscription_service_pb2 as subscription_pb

from .conftest import Clock, Stubs, World, open_ledger, request_of, serving

EVENT_MASK = ["package_id", "module", "sender", "event_type", "contents", "checkpoint", "transaction_digest",
              "transaction_index", "event_index", "json"]  # fmt: skip


def made_type(world):
    return f"{world.package}::things::Made"


def by_type(*types):
    return query_pb2.EventFilter(
        terms=[
            query_pb2.EventTerm(
                literals=[query_pb2.EventLiteral(event_type=query_pb2.EventTypeFilter(event_type=item))]
            )
            for item in types
        ]
    )


async def listed(stubs, **fields):
    request = ledger_pb.ListEventsRequest(**fields)
    request.read_mask.paths.extend(EVENT_MASK)
    return [frame async for frame in stubs.ledger.ListEvents(request)]


def names(frames):
    return [(frame.event.transaction_digest, frame.event.event_index) for frame in frames if frame.HasField("event")]


@asynccontextmanager
async def subscribed(stubs, event_filter):
    request = subscription_pb.SubscribeEventsRequest(filter=event_filter)
    request.read_mask.paths.extend(EVENT_MASK)
    call = stubs.subscriptions.SubscribeEvents(request)
    try:
        first = await asyncio.wait_for(call.read(), 5)
        yield call, first
    finally:
        call.cancel()


async def next_events(call, count):
    found = []
    while len(found) < count:
        frame = await asyncio.wait_for(call.read(), 5)
        if frame.HasField("event"):
            found.append(frame)
    return found


@pytest.fixture
def twelve(served):
    return [served.run(served.make()) for _ in range(12)]


async def test_events_are_listed_in_order_with_their_place(served, stubs, twelve):
    frames = await listed(stubs, filter=by_type(made_type(served)))
    assert names(frames) == [(str(item.digest), 0) for item in twelve]
    first = frames[0].event
    assert first.package_id == str(served.package)
    assert (first.module, first.event_type) == ("things", made_type(served))
    assert first.sender == str(served.address)
    assert first.contents.value == twelve[0].events[0].contents
    assert (first.checkpoint, first.transaction_index) == (twelve[0].checkpoint, 1)
    assert first.json.struct_value["length"] == "4"
    assert frames[-1].end.reason == query_pb2.QUERY_END_REASON_LEDGER_TIP
    assert all(frame.HasField("watermark") for frame in frames)
    assert frames[-1].watermark.checkpoint == served.ledger.get_checkpoint().sequence_number
    assert [frame.HasField("end") for frame in frames] == [False] * 12 + [True]


async def test_pages_of_events_join_without_loss_or_repetition(served, stubs, twelve):
    seen, cursor = [], None
    for _ in range(10):
        options = query_pb2.QueryOptions(limit=5, after=cursor)
        frames = await listed(stubs, filter=by_type(made_type(served)), options=options)
        seen += names(frames)
        cursor = frames[-1].watermark.cursor
        if frames[-1].end.reason == query_pb2.QUERY_END_REASON_LEDGER_TIP:
            break
    assert seen == [(str(item.digest), 0) for item in twelve]
    later = served.run(served.make())
    frames = await listed(stubs, options=query_pb2.QueryOptions(after=cursor))
    assert names(frames) == [(str(later.digest), 0)]


async def test_events_newest_first(served, stubs, twelve):
    options = query_pb2.QueryOptions(limit=4, ordering=query_pb2.ORDERING_DESCENDING)
    frames = await listed(stubs, filter=by_type(made_type(served)), options=options)
    assert names(frames) == [(str(item.digest), 0) for item in reversed(twelve[-4:])]
    options.before = frames[-1].watermark.cursor
    options.limit = 100
    frames = await listed(stubs, filter=by_type(made_type(served)), options=options)
    assert names(frames) == [(str(item.digest), 0) for item in reversed(twelve[:-4])]


async def test_events_of_a_range_of_checkpoints(served, stubs, twelve):
    frames = await listed(stubs, start_checkpoint=twelve[3].checkpoint, end_checkpoint=twelve[6].checkpoint)
    assert names(frames) == [(str(item.digest), 0) for item in twelve[3:6]]
    assert frames[-1].end.reason == query_pb2.QUERY_END_REASON_CHECKPOINT_BOUND


@pytest.mark.parametrize("text", ["{}", "{}::things", "{}::things::Made"])
async def test_filters_by_parts_of_a_type(served, stubs, twelve, text):
    frames = await listed(stubs, filter=by_type(text.format(served.package)), options=query_pb2.QueryOptions(limit=99))
    assert len(names(frames)) == len(twelve) + (0 if text.endswith("Made") else 1)  # Started, at publishing


async def test_filters_by_sender_module_and_negation(served, stubs, twelve):
    def literal(**predicate):
        return query_pb2.EventLiteral(**predicate)

    def terms(*literals):
        return query_pb2.EventFilter(terms=[query_pb2.EventTerm(literals=literals)])

    sender = literal(sender=query_pb2.SenderFilter(address=str(served.address)))
    stranger = literal(sender=query_pb2.SenderFilter(address="0x1"))
    module = literal(emit_module=query_pb2.EmitModuleFilter(module=f"{served.package}::things"))
    other = literal(emit_module=query_pb2.EmitModuleFilter(module="0x2::coin"))
    not_made = literal(negated=True, event_type=query_pb2.EventTypeFilter(event_type=made_type(served)))
    for literals, count in (((sender, module), 13), ((stranger,), 0), ((other,), 0), ((sender, not_made), 1)):
        assert len(names(await listed(stubs, filter=terms(*literals)))) == count
    assert len(twelve) == 12


@pytest.mark.parametrize(
    "literal",
    [
        query_pb2.EventLiteral(),
        query_pb2.EventLiteral(sender=query_pb2.SenderFilter(address="nobody")),
        query_pb2.EventLiteral(event_type=query_pb2.EventTypeFilter(event_type="0x2::a::B::C")),
        query_pb2.EventLiteral(emit_module=query_pb2.EmitModuleFilter(module="0x2::a::b")),
    ],
)
async def test_filters_that_make_no_sense_are_refused(stubs, literal):
    bad = query_pb2.EventFilter(terms=[query_pb2.EventTerm(literals=[literal])])
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await listed(stubs, filter=bad)
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("cursor", [b"x", b"t" + bytes(8), b"e" * 40])
async def test_foreign_cursors_are_refused(stubs, cursor):
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await listed(stubs, options=query_pb2.QueryOptions(after=cursor))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


async def test_cursors_of_a_longer_ledger_are_out_of_range(served, stubs):
    tip = served.ledger.get_checkpoint().summary.network_total_transactions
    at_tip = await listed(stubs, options=query_pb2.QueryOptions(after=cursors.event_cursor(EventCursor(tip - 1, 0))))
    assert at_tip[-1].HasField("end")
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await listed(stubs, options=query_pb2.QueryOptions(after=cursors.event_cursor(EventCursor(tip, 0))))
    assert caught.value.code() == grpc.StatusCode.OUT_OF_RANGE


async def test_transactions_by_called_function_in_both_directions(served, stubs, twelve):
    def request(**options):
        call = query_pb2.MoveCallFilter(function=f"{served.package}::things::make")
        literal = query_pb2.TransactionLiteral(move_call=call)
        return ledger_pb.ListTransactionsRequest(
            filter=query_pb2.TransactionFilter(terms=[query_pb2.TransactionTerm(literals=[literal])]),
            options=query_pb2.QueryOptions(**options),
        )

    async def run(**options):
        return [frame async for frame in stubs.ledger.ListTransactions(request(**options))]

    digests = [str(item.digest) for item in twelve]
    frames = await run(limit=7)
    assert [frame.transaction.digest for frame in frames] == digests[:7]
    frames = await run(after=frames[-1].watermark.cursor)
    assert [frame.transaction.digest for frame in frames if frame.HasField("transaction")] == digests[7:]
    frames = await run(limit=3, ordering=query_pb2.ORDERING_DESCENDING)
    assert [frame.transaction.digest for frame in frames] == digests[:-4:-1]
    frames = await run(before=frames[-1].watermark.cursor, ordering=query_pb2.ORDERING_DESCENDING)
    assert [frame.transaction.digest for frame in frames if frame.HasField("transaction")] == digests[-4::-1]
    assert frames[-1].HasField("end")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("sender", lambda world: query_pb2.SenderFilter(address=str(world.address)), 13),
        ("affected_address", lambda world: query_pb2.AffectedAddressFilter(address=str(world.address)), 14),
        ("affected_object", lambda world: query_pb2.AffectedObjectFilter(object_id=str(world.registry)), 1),
        ("emit_module", lambda world: query_pb2.EmitModuleFilter(module=str(world.package)), 13),
        ("event_type", lambda world: query_pb2.EventTypeFilter(event_type=made_type(world)), 12),
        ("move_call", lambda world: query_pb2.MoveCallFilter(function=str(world.package)), 12),
    ],
)
async def test_filters_of_transactions(served, stubs, twelve, name, value, expected):  # noqa: PLR0917
    literal = query_pb2.TransactionLiteral(**{name: value(served)})
    request = ledger_pb.ListTransactionsRequest(
        filter=query_pb2.TransactionFilter(terms=[query_pb2.TransactionTerm(literals=[literal])])
    )
    frames = [frame async for frame in stubs.ledger.ListTransactions(request)]
    assert sum(frame.HasField("transaction") for frame in frames) == expected
    assert len(twelve) == 12


async def test_checkpoints_are_listed(served, stubs, twelve):
    start = twelve[0].checkpoint
    request = ledger_pb.ListCheckpointsRequest(start_checkpoint=start, options=query_pb2.QueryOptions(limit=5))
    frames = [frame async for frame in stubs.ledger.ListCheckpoints(request)]
    assert [frame.checkpoint.sequence_number for frame in frames] == list(range(start, start + 5))
    assert frames[-1].end.reason == query_pb2.QUERY_END_REASON_ITEM_LIMIT
    request.options.after = frames[-1].watermark.cursor
    request.options.limit = 100
    frames = [frame async for frame in stubs.ledger.ListCheckpoints(request)]
    assert frames[0].checkpoint.sequence_number == start + 5
    assert frames[-1].end.reason == query_pb2.QUERY_END_REASON_LEDGER_TIP


async def test_a_subscription_begins_at_the_tip_and_passes_what_matches(served, stubs):
    served.run(served.make())
    async with subscribed(stubs, by_type(made_type(served))) as (call, first):
        assert not first.HasField("event")
        assert first.watermark.checkpoint == served.ledger.get_checkpoint().sequence_number
        executed = []
        for _ in range(5):
            executed.append(served.run(served.make()))
            served.run(served.split())
        frames = await next_events(call, 5)
    assert names(frames) == [(str(item.digest), 0) for item in executed]
    assert [frame.event.checkpoint for frame in frames] == [item.checkpoint for item in executed]


async def test_a_cut_subscription_is_continued_from_its_cursor(served, stubs):
    kind = by_type(made_type(served))
    async with subscribed(stubs, kind) as (call, _):
        before = [served.run(served.make()) for _ in range(3)]
        frames = await next_events(call, 2)
    gap = [served.run(served.make()) for _ in range(3)]
    async with subscribed(stubs, kind) as (call, first):
        after = [served.run(served.make()) for _ in range(2)]
        options = query_pb2.QueryOptions(after=frames[-1].watermark.cursor, before=first.watermark.cursor)
        missed = await listed(stubs, filter=kind, options=options)
        live = await next_events(call, 2)
    found = names(frames) + names(missed) + names(live)
    assert found == [(str(item.digest), 0) for item in (*before, *gap, *after)]
    assert missed[-1].end.reason == query_pb2.QUERY_END_REASON_CURSOR_BOUND


async def test_idle_subscriptions_get_watermarks(served):
    async with (
        serving(served.ledger, limits=Limits(idle_watermark_s=0.05)) as (_, port),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        subscribed(Stubs(channel), by_type("0x2::nothing")) as (call, first),
    ):
        executed = served.run(served.make())
        frame = await asyncio.wait_for(call.read(), 5)
        assert not frame.HasField("event")
        assert frame.watermark.checkpoint == executed.checkpoint > first.watermark.checkpoint


async def test_checkpoints_and_transactions_are_streamed(served, stubs):
    request = subscription_pb.SubscribeCheckpointsRequest()
    request.read_mask.paths.extend(["sequence_number", "summary.timestamp", "transactions.digest"])
    checkpoints = stubs.subscriptions.SubscribeCheckpoints(request)
    literal = query_pb2.TransactionLiteral(sender=query_pb2.SenderFilter(address=str(served.address)))
    transactions = stubs.subscriptions.SubscribeTransactions(
        subscription_pb.SubscribeTransactionsRequest(
            filter=query_pb2.TransactionFilter(terms=[query_pb2.TransactionTerm(literals=[literal])])
        )
    )
    assert (await asyncio.wait_for(transactions.read(), 5)).HasField("watermark")
    executed = [served.run(served.make()) for _ in range(3)]
    frames = [await asyncio.wait_for(checkpoints.read(), 5) for _ in executed]
    assert [frame.cursor for frame in frames] == [item.checkpoint for item in executed]
    assert str(executed[0].digest) in {item.digest for item in frames[0].checkpoint.transactions}
    frames = [await asyncio.wait_for(transactions.read(), 5) for _ in executed]
    assert [frame.transaction.digest for frame in frames] == [str(item.digest) for item in executed]


async def test_a_reader_that_is_too_slow_is_told_so_and_holds_nobody_up(served):
    async with (
        serving(served.ledger, limits=Limits(subscription_backlog_checkpoints=3)) as (server, port),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
        subscribed(Stubs(channel), by_type(made_type(served))) as (call, _),
    ):
        with server.feed.subscribed():
            for _ in range(8):
                served.run(served.make())  # no turn of the loop: the reader cannot keep up
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await next_events(call, 8)
        assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def funded(**options):
    world = World(open_ledger(**options))
    world.ledger.faucet(world.address, [10_000_000_000])
    return world


async def test_execution_waits_for_its_checkpoint():
    clock = Clock()
    world = funded(finality_ms=200, clock=clock)
    async with (
        serving(world.ledger, finality_ms=200) as (_, port),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        raw, signature = world.sign(world.split())
        execution = asyncio.ensure_future(Stubs(channel).execution.ExecuteTransaction(request_of(raw, signature)))
        await asyncio.sleep(0.2)
        assert not execution.done()
        clock.now += 1_000
        answer = await asyncio.wait_for(execution, 5)
        assert answer.transaction.checkpoint == world.ledger.get_checkpoint().sequence_number
    world.ledger.close()


async def test_execution_whose_checkpoint_does_not_come_is_unavailable():
    world = funded(finality_ms=60_000, clock=Clock())
    async with (
        serving(world.ledger, finality_ms=60_000, limits=Limits(seal_wait_s=0.1)) as (_, port),
        grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        raw, signature = world.sign(world.split())
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await Stubs(channel).execution.ExecuteTransaction(request_of(raw, signature))
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
    world.ledger.close()
