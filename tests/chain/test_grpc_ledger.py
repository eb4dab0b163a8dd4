# ruff: noqa: N802 - the names of the service's methods
"""The port over gRPC: what a node's errors become, and what it may not answer."""

import asyncio
from contextlib import asynccontextmanager

import grpc
import pytest

from chain.errors import (
    BadLedgerAnswerError,
    CursorExpiredError,
    LedgerUnreachableError,
    NotFoundError,
    OutcomeUnknownError,
    TransactionRefusedError,
)
from chain.grpc_ledger import GrpcLedger
from chain.grpc_messages import read_owner, signature_text
from chain.limits import LIMITS, Limits
from sui.digests import transaction_digest
from sui.rpc.v2 import (
    common_pb2,
    ledger_service_pb2,
    ledger_service_pb2_grpc,
    move_package_service_pb2_grpc,
    object_pb2,
    query_pb2,
    state_service_pb2_grpc,
    subscription_service_pb2,
    subscription_service_pb2_grpc,
    transaction_execution_service_pb2,
    transaction_execution_service_pb2_grpc,
)
from sui.types import IMMUTABLE, Address, AddressOwner, ConsensusAddressOwner, Digest, ObjectOwner, SharedOwner
from tests.chain import world as w

TYPES = [f"{w.PACKAGE}::events::K8sAPIRequest"]
QUICK = Limits(rpc_read_s=0.5, rpc_execute_s=0.5, rpc_connect_s=0.3)


class Node(
    ledger_service_pb2_grpc.LedgerServiceServicer,
    state_service_pb2_grpc.StateServiceServicer,
    move_package_service_pb2_grpc.MovePackageServiceServicer,
    subscription_service_pb2_grpc.SubscriptionServiceServicer,
    transaction_execution_service_pb2_grpc.TransactionExecutionServiceServicer,
):
    """A node that answers what it is told to; whatever it is not told is UNIMPLEMENTED."""

    def __init__(self, **answers):
        self.answers = answers
        self.asked = []

    async def _unary(self, name, request, context):
        self.asked.append(request)
        answer = self.answers.get(name, grpc.StatusCode.UNIMPLEMENTED)
        if answer is None:
            await asyncio.sleep(5)
        if isinstance(answer, grpc.StatusCode):
            await context.abort(answer, "told so")
        return answer

    async def GetServiceInfo(self, request, context):
        return await self._unary("info", request, context)

    async def GetTransaction(self, request, context):
        return await self._unary("transaction", request, context)

    async def BatchGetObjects(self, request, context):
        return await self._unary("objects", request, context)

    async def ExecuteTransaction(self, request, context):
        return await self._unary("execute", request, context)

    async def SimulateTransaction(self, request, context):
        return await self._unary("simulate", request, context)

    async def GetFunction(self, request, context):
        return await self._unary("function", request, context)

    async def _stream(self, name, request, context):
        self.asked.append(request)
        for answer in self.answers.get(name, [grpc.StatusCode.UNIMPLEMENTED]):
            if isinstance(answer, grpc.StatusCode):
                await context.abort(answer, "told so")
            yield answer

    async def ListEvents(self, request, context):
        async for frame in self._stream("events", request, context):
            yield frame

    async def SubscribeEvents(self, request, context):
        async for frame in self._stream("subscribe", request, context):
            yield frame


@asynccontextmanager
async def node(tmp_path, limits=QUICK, **answers):
    server = grpc.aio.server()
    served = Node(**answers)
    ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(served, server)
    move_package_service_pb2_grpc.add_MovePackageServiceServicer_to_server(served, server)
    subscription_service_pb2_grpc.add_SubscriptionServiceServicer_to_server(served, server)
    transaction_execution_service_pb2_grpc.add_TransactionExecutionServiceServicer_to_server(served, server)
    target = f"unix:{tmp_path}/node.sock"
    server.add_insecure_port(target)
    await server.start()
    ledger = GrpcLedger.connect(target, limits=limits)
    try:
        yield ledger, served
    finally:
        await ledger.close()
        await server.stop(None)


TRANSACTION, SIGNATURE = w.submit_transaction([w.Asked()])
DIGEST = transaction_digest(TRANSACTION)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.UNAVAILABLE, LedgerUnreachableError),
        (grpc.StatusCode.INTERNAL, LedgerUnreachableError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, LedgerUnreachableError),
        (grpc.StatusCode.INVALID_ARGUMENT, BadLedgerAnswerError),
        (grpc.StatusCode.UNIMPLEMENTED, BadLedgerAnswerError),
        (None, LedgerUnreachableError),
    ],
)
async def test_errors_of_a_read(tmp_path, code, error):
    async with node(tmp_path, transaction=code) as (ledger, _):
        with pytest.raises(error):
            await ledger.get_transaction(DIGEST)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, TransactionRefusedError),
        (grpc.StatusCode.FAILED_PRECONDITION, TransactionRefusedError),
        (grpc.StatusCode.UNAVAILABLE, OutcomeUnknownError),
        (grpc.StatusCode.INTERNAL, OutcomeUnknownError),
        (grpc.StatusCode.ABORTED, OutcomeUnknownError),
        (None, OutcomeUnknownError),
    ],
)
async def test_errors_of_an_execution(tmp_path, code, error):
    async with node(tmp_path, execute=code) as (ledger, _):
        with pytest.raises(error) as caught:
            await ledger.execute(TRANSACTION, [SIGNATURE])
    assert getattr(caught.value, "digest", DIGEST) == DIGEST


async def test_nothing_is_sent_where_nobody_listens(tmp_path):
    ledger = GrpcLedger.connect(f"unix:{tmp_path}/nobody.sock", limits=QUICK)
    with pytest.raises(LedgerUnreachableError):
        await ledger.execute(TRANSACTION, [SIGNATURE])
    with pytest.raises(LedgerUnreachableError):
        await ledger.service_info()
    await ledger.close()


async def answer_of(transaction, **changes):
    """What a true node would answer for an executed transaction."""
    memory = w.new_ledger()
    done = await memory.execute(transaction, [SIGNATURE])
    message = ledger_service_pb2.GetTransactionResponse().transaction
    message.digest = str(changes.get("digest", done.digest))
    message.transaction.bcs.value = done.transaction
    message.signatures.add().bcs.value = SIGNATURE
    message.effects.bcs.value = changes.get("effects", done.effects_bytes)
    message.events.bcs.value = changes.get("events", done.events_bytes)
    message.checkpoint = 7
    message.timestamp.seconds = 3
    return done, message


async def test_an_executed_transaction_is_read_from_its_bcs(tmp_path):
    done, message = await answer_of(TRANSACTION)
    response = transaction_execution_service_pb2.ExecuteTransactionResponse(transaction=message)
    async with node(tmp_path, execute=response) as (ledger, served):
        read = await ledger.execute(TRANSACTION, [SIGNATURE])
    assert (read.digest, read.events[0].contents, read.checkpoint) == (done.digest, done.events[0].contents, 7)
    assert (read.timestamp_ms, read.success, read.gas.net) == (3_000, True, 1_000_000)
    assert served.asked[0].transaction.bcs.value == TRANSACTION


@pytest.mark.parametrize("changes", [{"effects": b""}, {"effects": b"\1\2"}, {"events": b"\5"}, {"digest": "0OIl"}])
async def test_an_unreadable_transaction_is_the_nodes_fault(tmp_path, changes):
    _, message = await answer_of(TRANSACTION, **changes)
    response = ledger_service_pb2.GetTransactionResponse(transaction=message)
    async with node(tmp_path, transaction=response) as (ledger, _):
        with pytest.raises(BadLedgerAnswerError):
            await ledger.get_transaction(DIGEST)


async def test_another_transaction_than_was_asked_for_is_refused(tmp_path):
    _, message = await answer_of(TRANSACTION, digest=Digest(bytes(32)))
    async with node(
        tmp_path,
        transaction=ledger_service_pb2.GetTransactionResponse(transaction=message),
        execute=transaction_execution_service_pb2.ExecuteTransactionResponse(transaction=message),
    ) as (ledger, _):
        with pytest.raises(BadLedgerAnswerError):
            await ledger.get_transaction(DIGEST)
        with pytest.raises(OutcomeUnknownError):
            await ledger.execute(TRANSACTION, [SIGNATURE])


async def test_simulations_are_read_and_refusals_told(tmp_path):
    done, message = await answer_of(TRANSACTION)
    response = transaction_execution_service_pb2.SimulateTransactionResponse(transaction=message)
    response.command_outputs.add().return_values.add().value.value = b"\x01"
    async with node(tmp_path, simulate=response) as (ledger, served):
        read = await ledger.simulate(TRANSACTION)
        assert (read.success, read.gas.net, read.returns) == (True, 1_000_000, ((b"\x01",),))
        assert read.events[0].contents == done.events[0].contents
        served.answers["simulate"] = grpc.StatusCode.INVALID_ARGUMENT
        with pytest.raises(TransactionRefusedError):
            await ledger.simulate(TRANSACTION)
        served.answers["simulate"] = grpc.StatusCode.UNAVAILABLE
        with pytest.raises(LedgerUnreachableError):
            await ledger.simulate(TRANSACTION)
        served.answers["simulate"] = transaction_execution_service_pb2.SimulateTransactionResponse()
        with pytest.raises(BadLedgerAnswerError):
            await ledger.simulate(TRANSACTION)


def object_answer(object_id, **changes):
    found = object_pb2.Object(
        object_id=str(object_id), version=3, digest=str(Digest(bytes(32))), object_type="0x2::a::B", **changes
    )
    found.owner.kind = common_pb2.Owner.SHARED
    found.owner.version = 2
    return ledger_service_pb2.BatchGetObjectsResponse(
        objects=[ledger_service_pb2.GetObjectResult(object=found), ledger_service_pb2.GetObjectResult()]
    )


async def test_objects_are_read_and_checked_against_what_was_asked(tmp_path):
    one, two = Address.parse("0x1"), Address.parse("0x2")
    async with node(tmp_path, objects=object_answer(one)) as (ledger, _):
        found = await ledger.get_objects([one, two])
        assert (found[0].ref.version, found[0].owner, found[0].type.name) == (3, SharedOwner(2), "B")
        assert found[1] is None
        assert await ledger.get_objects([]) == []
        with pytest.raises(BadLedgerAnswerError):
            await ledger.get_objects([two, one])
        with pytest.raises(BadLedgerAnswerError):
            await ledger.get_objects([one])
        with pytest.raises(BadLedgerAnswerError):
            await ledger.get_object(one)


def frame(reason=None, *, subscribed=False, cursor=b"c"):
    kind = subscription_service_pb2.SubscribeEventsResponse if subscribed else ledger_service_pb2.ListEventsResponse
    made = kind(watermark=query_pb2.Watermark(cursor=cursor, checkpoint=5))
    if reason is not None:
        made.end.reason = reason
    return made


async def test_frames_say_where_the_stream_stands(tmp_path):
    frames = [frame(), frame(query_pb2.QUERY_END_REASON_ITEM_LIMIT), frame(query_pb2.QUERY_END_REASON_LEDGER_TIP)]
    frames[0].event.transaction_digest = str(DIGEST)
    frames[0].event.event_index = 2
    frames[0].event.package_id = str(w.PACKAGE)
    frames[0].event.sender = str(w.CLUSTER)
    frames[0].event.event_type = TYPES[0]
    async with node(tmp_path, events=frames) as (ledger, served):
        read = [each async for each in ledger.list_events(TYPES, after=b"a", limit=3)]
    assert [(each.end, each.exhausted, each.cursor) for each in read] == [
        (False, False, b"c"),
        (True, False, b"c"),
        (True, True, b"c"),
    ]
    assert read[0].event.key == (DIGEST, 2)
    assert served.asked[0].options.after == b"a"
    assert served.asked[0].filter.terms[0].literals[0].event_type.event_type == TYPES[0]


async def test_an_expired_cursor_and_a_cut_are_told_apart(tmp_path):
    async with node(tmp_path, events=[grpc.StatusCode.OUT_OF_RANGE], subscribe=[grpc.StatusCode.UNAVAILABLE]) as (
        ledger,
        _,
    ):
        with pytest.raises(CursorExpiredError):
            _ = [each async for each in ledger.list_events(TYPES, after=b"old", limit=1)]
        with pytest.raises(BadLedgerAnswerError):
            _ = [each async for each in ledger.list_events(TYPES, after=None, limit=1)]
        with pytest.raises(LedgerUnreachableError):
            _ = [each async for each in ledger.subscribe_events(TYPES)]


async def test_subscriptions_begin_with_a_watermark(tmp_path):
    async with node(tmp_path, subscribe=[frame(subscribed=True)]) as (ledger, _):
        [read] = [each async for each in ledger.subscribe_events(TYPES)]
    assert (read.event, read.checkpoint, read.end) == (None, 5, False)


async def test_an_unreadable_event_is_the_nodes_fault(tmp_path):
    broken = frame()
    broken.event.transaction_digest = "not base58: 0"
    async with node(tmp_path, events=[broken]) as (ledger, _):
        with pytest.raises(BadLedgerAnswerError):
            _ = [each async for each in ledger.list_events(TYPES, after=None, limit=1)]


async def test_a_chain_id_must_be_a_digest(tmp_path):
    answer = ledger_service_pb2.GetServiceInfoResponse(chain_id="zzz0")
    async with node(tmp_path, info=answer) as (ledger, _):
        with pytest.raises(BadLedgerAnswerError):
            await ledger.service_info()


def test_owners_of_every_kind():
    kinds = common_pb2.Owner.OwnerKind
    one = str(Address.parse("0x1"))
    assert read_owner(common_pb2.Owner(kind=kinds.ADDRESS, address=one)) == AddressOwner(Address.parse("0x1"))
    assert read_owner(common_pb2.Owner(kind=kinds.OBJECT, address=one)) == ObjectOwner(Address.parse("0x1"))
    assert read_owner(common_pb2.Owner(kind=kinds.IMMUTABLE)) == IMMUTABLE
    party = common_pb2.Owner(kind=kinds.CONSENSUS_ADDRESS, address=one, version=4)
    assert read_owner(party) == ConsensusAddressOwner(4, Address.parse("0x1"))
    with pytest.raises(BadLedgerAnswerError):
        read_owner(common_pb2.Owner(kind=99, address=one))


def test_types_of_parameters_as_text():
    body = object_pb2.OpenSignatureBody
    inner = body(type=body.VECTOR, type_parameter_instantiation=[body(type=body.U8)])
    coin = body(type=body.DATATYPE, type_name="0x2::coin::Coin", type_parameter_instantiation=[inner])
    signature = object_pb2.OpenSignature
    assert signature_text(signature(reference=signature.MUTABLE, body=coin)) == "&mut 0x2::coin::Coin<vector<u8>>"
    plain = signature(reference=signature.IMMUTABLE, body=body(type=body.DATATYPE, type_name="0x2::a::B"))
    assert signature_text(plain) == "&0x2::a::B"
    assert signature_text(signature(body=body(type=body.TYPE_PARAMETER, type_parameter=1))) == "T1"


async def test_targets_may_be_urls():
    assert LIMITS.rpc_read_s > 0
    for target in ("http://127.0.0.1:1", "https://127.0.0.1:1", "127.0.0.1:1"):
        ledger = GrpcLedger.connect(target, server_name="node", limits=QUICK)
        with pytest.raises(LedgerUnreachableError):
            await ledger.gas_price()
        await ledger.close()
