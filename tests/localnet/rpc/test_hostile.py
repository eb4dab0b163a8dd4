"""Requests that are wrong on purpose: each is answered with a status that says so, none with INTERNAL."""

import asyncio

import grpc

from sui.rpc.v2 import common_pb2, query_pb2
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import move_package_service_pb2 as package_pb
from sui.rpc.v2 import signature_verification_service_pb2 as signature_pb
from sui.rpc.v2 import state_service_pb2 as state_pb
from sui.rpc.v2 import subscription_service_pb2 as subscription_pb
from sui.rpc.v2 import transaction_execution_service_pb2 as execution_pb

TOP = (1 << 64) - 1


async def outcome(call):
    """OK, or the status; a stream is read for a moment."""
    try:
        if hasattr(call, "read"):
            async with asyncio.timeout(1):
                while await call.read() is not grpc.aio.EOF:
                    pass
        else:
            await call
    except grpc.aio.AioRpcError as error:
        return error.code()
    except TimeoutError:
        call.cancel()
    return grpc.StatusCode.OK


def _requests():
    options = query_pb2.QueryOptions
    yield "ledger.GetObject", ledger_pb.GetObjectRequest(object_id="0x6", version=TOP)
    yield "ledger.GetObject", ledger_pb.GetObjectRequest(object_id="0x" + "f" * 10_000)
    yield "ledger.GetCheckpoint", ledger_pb.GetCheckpointRequest(sequence_number=TOP)
    yield "ledger.GetCheckpoint", ledger_pb.GetCheckpointRequest(digest="1" * 10_000)
    yield "ledger.GetEpoch", ledger_pb.GetEpochRequest(epoch=TOP)
    yield "ledger.GetTransaction", ledger_pb.GetTransactionRequest(digest="z" * 100_000)
    yield "ledger.BatchGetTransactions", ledger_pb.BatchGetTransactionsRequest(digests=["1" * 32] * 1_001)
    yield "ledger.BatchGetObjects", ledger_pb.BatchGetObjectsRequest(requests=[ledger_pb.GetObjectRequest()] * 1_001)
    for stream, request in (
        ("ListEvents", ledger_pb.ListEventsRequest),
        ("ListTransactions", ledger_pb.ListTransactionsRequest),
        ("ListCheckpoints", ledger_pb.ListCheckpointsRequest),
    ):
        kind = {"ListEvents": b"e" + b"\xff" * 12, "ListTransactions": b"t" + b"\xff" * 8}.get(
            stream, b"c" + b"\xff" * 8
        )
        for ordering in (query_pb2.ORDERING_ASCENDING, query_pb2.ORDERING_DESCENDING):
            yield f"ledger.{stream}", request(start_checkpoint=TOP, options=options(ordering=ordering))
            yield f"ledger.{stream}", request(end_checkpoint=TOP, options=options(ordering=ordering))
            yield f"ledger.{stream}", request(end_checkpoint=0, options=options(ordering=ordering))
            yield f"ledger.{stream}", request(start_checkpoint=3, end_checkpoint=1, options=options(ordering=ordering))
            yield f"ledger.{stream}", request(options=options(after=kind, ordering=ordering))
            yield f"ledger.{stream}", request(options=options(before=kind, limit=(1 << 32) - 1, ordering=ordering))
    yield "state.ListOwnedObjects", state_pb.ListOwnedObjectsRequest(owner="0x1", page_token=b"\xff" * 40)
    yield "state.ListOwnedObjects", state_pb.ListOwnedObjectsRequest(owner="0x1", page_size=(1 << 32) - 1)
    yield "state.ListOwnedObjects", state_pb.ListOwnedObjectsRequest(owner="0x1", object_type="vector<" * 5_000)
    yield "state.ListDynamicFields", state_pb.ListDynamicFieldsRequest(parent="0x6", page_token=b"\xff" * 40)
    yield "state.ListBalances", state_pb.ListBalancesRequest(owner="0x1", page_token=b"\xff")
    yield "state.GetBalance", state_pb.GetBalanceRequest(owner="0x1")
    yield "state.GetCoinInfo", state_pb.GetCoinInfoRequest(coin_type="u8")
    yield "packages.GetFunction", package_pb.GetFunctionRequest(package_id="0x2", module_name="x" * 9_999, name="y")
    yield "packages.GetPackage", package_pb.GetPackageRequest()
    versions = package_pb.ListPackageVersionsRequest
    yield "packages.ListPackageVersions", versions(package_id="0x2", page_token=b"9" * 10_000)
    yield "packages.ListPackageVersions", versions(package_id="0x2", page_token="²".encode())
    yield "signatures.VerifySignature", signature_pb.VerifySignatureRequest()
    yield "execution.ExecuteTransaction", execution_pb.ExecuteTransactionRequest()
    strange = execution_pb.ExecuteTransactionRequest(signatures=[common_pb2.UserSignature()])
    yield "execution.ExecuteTransaction", strange
    strange = execution_pb.ExecuteTransactionRequest()
    strange.transaction.bcs.value = b"\0"
    strange.signatures.add().simple.scheme = 1_000
    yield "execution.ExecuteTransaction", strange
    strange = execution_pb.SimulateTransactionRequest(do_gas_selection=True)
    command = strange.transaction.kind.programmable_transaction.commands.add()
    command.split_coins.coin.kind = 3
    command.split_coins.coin.result = (1 << 32) - 1
    yield "execution.SimulateTransaction", strange
    strange = execution_pb.SimulateTransactionRequest()
    strange.transaction.kind.programmable_transaction.inputs.add(object_id="0x6", version=TOP)
    yield "execution.SimulateTransaction", strange
    terms = query_pb2.EventFilter(terms=[query_pb2.EventTerm()] * 65)
    yield "subscriptions.SubscribeEvents", subscription_pb.SubscribeEventsRequest(filter=terms)
    mask = subscription_pb.SubscribeCheckpointsRequest()
    mask.read_mask.paths.append("x" * 100_000)
    yield "subscriptions.SubscribeCheckpoints", mask


async def test_nothing_is_an_internal_error(served, stubs):
    served.run(served.make())
    wrong = []
    for path, request in _requests():
        service, method = path.split(".")
        code = await outcome(getattr(getattr(stubs, service), method)(request))
        if code in {grpc.StatusCode.INTERNAL, grpc.StatusCode.UNKNOWN}:
            wrong.append((path, str(request)[:80], code))
    assert not wrong
