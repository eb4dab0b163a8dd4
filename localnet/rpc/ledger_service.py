"""LedgerService: reads of transactions, objects, checkpoints and epochs, and listings (in `listings`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.rpc import listings
from localnet.rpc.calls import streaming, unary
from localnet.rpc.errors import InvalidArgumentError, NotFoundError, RpcError, from_sui
from localnet.rpc.masks import Mask, read_mask
from localnet.rpc.render_checkpoint import checkpoint_message, epoch_message
from localnet.rpc.render_common import timestamp
from localnet.rpc.render_effects import executed_message
from localnet.rpc.render_object import object_message
from sui.errors import SuiError
from sui.rpc.v2 import checkpoint_pb2, common_pb2, effects_pb2, ledger_service_pb2_grpc, object_pb2
from sui.rpc.v2 import ledger_service_pb2 as pb
from sui.types import Address, Digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from grpc.aio import ServicerContext

    from localnet.ledger import Ledger
    from localnet.rpc.limits import Limits

SERVER = "k3s-daas-localnet/0.1.0"
OBJECT_DEFAULT = ("object_id", "version", "digest")
TRANSACTION_DEFAULT = ("digest",)
CHECKPOINT_DEFAULT = ("sequence_number", "digest")
EPOCH_DEFAULT = ("epoch", "first_checkpoint", "last_checkpoint", "start", "end", "reference_gas_price")


def _failure(error: RpcError) -> common_pb2.RpcStatus:
    return common_pb2.RpcStatus(code=error.code.value[0], message=str(error))


class LedgerService(ledger_service_pb2_grpc.LedgerServiceServicer):
    """Serves the ledger's history."""

    def __init__(self, ledger: Ledger, limits: Limits) -> None:
        """Serve this ledger."""
        self._ledger = ledger
        self._limits = limits

    @unary
    async def GetServiceInfo(  # noqa: N802 - names of the protocol
        self, _request: pb.GetServiceInfoRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetServiceInfoResponse:
        """Which network this is and how far it has come."""
        info = self._ledger.service_info()
        return pb.GetServiceInfoResponse(
            chain_id=str(info.chain_id),
            chain="localnet",
            epoch=info.epoch,
            checkpoint_height=info.checkpoint_height,
            timestamp=timestamp(info.timestamp_ms),
            lowest_available_checkpoint=info.lowest_available_checkpoint,
            lowest_available_checkpoint_objects=info.lowest_available_checkpoint,
            server=SERVER,
        )

    def _object(self, request: pb.GetObjectRequest, mask: Mask) -> object_pb2.Object:
        object_id = Address.parse(request.object_id)
        version = request.version if request.HasField("version") else None
        record = self._ledger.get_object(object_id, version)
        if record is None:
            where = "" if version is None else f" with version {version}"
            raise NotFoundError(f"Object {object_id}{where} not found")
        return object_message(self._ledger, record, mask)

    @unary
    async def GetObject(  # noqa: N802
        self, request: pb.GetObjectRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetObjectResponse:
        """Read one object."""
        mask = read_mask(object_pb2.Object.DESCRIPTOR, request.read_mask, OBJECT_DEFAULT)
        return pb.GetObjectResponse(object=self._object(request, mask))

    @unary
    async def BatchGetObjects(  # noqa: N802
        self, request: pb.BatchGetObjectsRequest, _context: ServicerContext[Any, Any]
    ) -> pb.BatchGetObjectsResponse:
        """Read several objects; one that does not exist has an error in its place."""
        mask = read_mask(object_pb2.Object.DESCRIPTOR, request.read_mask, OBJECT_DEFAULT)
        self._check_batch(len(request.requests))
        answer = pb.BatchGetObjectsResponse()
        for item in request.requests:
            try:
                answer.objects.add(object=self._object(item, mask))
            except RpcError as error:
                answer.objects.add(error=_failure(error))
            except SuiError as error:
                answer.objects.add(error=_failure(from_sui(error)))
        return answer

    def _check_batch(self, count: int) -> None:
        if count > self._limits.max_batch:
            raise InvalidArgumentError(f"{count} items in one batch, at most {self._limits.max_batch}")

    def _transaction(self, digest: str, mask: Mask) -> effects_pb2.ExecutedTransaction:
        found = self._ledger.get_transaction(Digest.parse(digest))
        if found is None:
            raise NotFoundError(f"Transaction {digest} not found")
        return executed_message(self._ledger, found, mask, offset=listings.offset_of(self._ledger, found, mask))

    @unary
    async def GetTransaction(  # noqa: N802
        self, request: pb.GetTransactionRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetTransactionResponse:
        """Read one transaction."""
        mask = read_mask(effects_pb2.ExecutedTransaction.DESCRIPTOR, request.read_mask, TRANSACTION_DEFAULT)
        return pb.GetTransactionResponse(transaction=self._transaction(request.digest, mask))

    @unary
    async def BatchGetTransactions(  # noqa: N802
        self, request: pb.BatchGetTransactionsRequest, _context: ServicerContext[Any, Any]
    ) -> pb.BatchGetTransactionsResponse:
        """Read several transactions; one that does not exist has an error in its place."""
        mask = read_mask(effects_pb2.ExecutedTransaction.DESCRIPTOR, request.read_mask, TRANSACTION_DEFAULT)
        self._check_batch(len(request.digests))
        answer = pb.BatchGetTransactionsResponse()
        for digest in request.digests:
            try:
                answer.transactions.add(transaction=self._transaction(digest, mask))
            except RpcError as error:
                answer.transactions.add(error=_failure(error))
            except SuiError as error:
                answer.transactions.add(error=_failure(from_sui(error)))
        return answer

    @unary
    async def GetCheckpoint(  # noqa: N802
        self, request: pb.GetCheckpointRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetCheckpointResponse:
        """Read one checkpoint, the newest by default."""
        mask = read_mask(checkpoint_pb2.Checkpoint.DESCRIPTOR, request.read_mask, CHECKPOINT_DEFAULT)
        which: int | Digest | None = None
        match request.WhichOneof("checkpoint_id"):
            case "sequence_number":
                which = request.sequence_number
            case "digest":
                which = Digest.parse(request.digest)
        record = self._ledger.get_checkpoint(which, transactions="transactions" in mask)
        if record is None:
            raise NotFoundError(f"Checkpoint {which} not found")
        return pb.GetCheckpointResponse(checkpoint=checkpoint_message(self._ledger, record, mask))

    @unary
    async def GetEpoch(  # noqa: N802
        self, request: pb.GetEpochRequest, _context: ServicerContext[Any, Any]
    ) -> pb.GetEpochResponse:
        """Read one epoch, the current one by default."""
        mask = read_mask(checkpoint_pb2.Epoch.DESCRIPTOR, request.read_mask, EPOCH_DEFAULT)
        info = self._ledger.epoch_info()
        if request.HasField("epoch") and request.epoch != info.epoch:
            raise NotFoundError(f"Epoch {request.epoch} not found")
        return pb.GetEpochResponse(epoch=epoch_message(info, mask))

    @streaming
    async def ListCheckpoints(  # noqa: N802
        self, request: pb.ListCheckpointsRequest, _context: ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.ListCheckpointsResponse]:
        """List checkpoints in order."""
        mask = read_mask(checkpoint_pb2.Checkpoint.DESCRIPTOR, request.read_mask, CHECKPOINT_DEFAULT)
        async for answer in listings.checkpoints(self._ledger, self._limits, request, mask):
            yield answer

    @streaming
    async def ListTransactions(  # noqa: N802
        self, request: pb.ListTransactionsRequest, _context: ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.ListTransactionsResponse]:
        """List transactions in order."""
        mask = read_mask(effects_pb2.ExecutedTransaction.DESCRIPTOR, request.read_mask, TRANSACTION_DEFAULT)
        async for answer in listings.transactions(self._ledger, self._limits, request, mask):
            yield answer

    @streaming
    async def ListEvents(  # noqa: N802
        self, request: pb.ListEventsRequest, _context: ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.ListEventsResponse]:
        """List events in order."""
        mask = read_mask(effects_pb2.Event.DESCRIPTOR, request.read_mask, listings.EVENT_DEFAULT)
        async for answer in listings.events(self._ledger, self._limits, request, mask):
            yield answer
