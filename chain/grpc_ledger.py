"""The ledger port over gRPC, `sui.rpc.v2`.

Role: one connection to a node, or to the egress proxy's UNIX socket; each call with a deadline; each gRPC error mapped
to the tree of `chain.errors`.

Rules: a transaction is only sent over a connection that is up, so that "never sent" and "outcome unknown" are told
apart; nothing is retried here.

It believes nothing and decides nothing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Self, TypeVar

import grpc

from chain.errors import (
    BadLedgerAnswerError,
    CursorExpiredError,
    LedgerError,
    LedgerUnreachableError,
    NotFoundError,
    OutcomeUnknownError,
    TransactionRefusedError,
)
from chain.grpc_messages import (
    EVENT_FIELDS,
    MORE_FOLLOWS,
    OBJECT_FIELDS,
    TRANSACTION_FIELDS,
    event_filter,
    field_mask,
    milliseconds,
    query_options,
    read_event_frame,
    read_object,
    read_simulation,
    read_transaction,
    signature_text,
)
from chain.ledger import (
    Coin,
    EventFrame,
    ExecutedTransaction,
    FunctionSignature,
    Ledger,
    LedgerObject,
    ServiceInfo,
    Simulation,
    TransactionFrame,
)
from chain.limits import LIMITS, Limits
from sui.digests import transaction_digest
from sui.errors import ParseError
from sui.rpc.v2 import (
    common_pb2,
    ledger_service_pb2_grpc,
    move_package_service_pb2_grpc,
    object_pb2,
    query_pb2,
    state_service_pb2_grpc,
    subscription_service_pb2_grpc,
    transaction_execution_service_pb2_grpc,
    transaction_pb2,
)
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import move_package_service_pb2 as package_pb
from sui.rpc.v2 import state_service_pb2 as state_pb
from sui.rpc.v2 import subscription_service_pb2 as subscription_pb
from sui.rpc.v2 import transaction_execution_service_pb2 as execution_pb
from sui.type_tag import GAS_COIN_TYPE
from sui.types import Digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sui.types import Address

_Q = TypeVar("_Q")
_T = TypeVar("_T")

_NEVER_EXECUTED = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.OUT_OF_RANGE,
    }
)
_UNREACHABLE = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.INTERNAL,
        grpc.StatusCode.UNKNOWN,
    }
)


class GrpcLedger(Ledger):
    """A Sui node reached over gRPC."""

    def __init__(self, channel: grpc.aio.Channel, *, target: str, limits: Limits = LIMITS) -> None:
        """Use an open channel; `connect` makes one."""
        self._channel = channel
        self._target = target
        self._limits = limits
        self._ledger = ledger_service_pb2_grpc.LedgerServiceStub(channel)
        self._state = state_service_pb2_grpc.StateServiceStub(channel)
        self._execution = transaction_execution_service_pb2_grpc.TransactionExecutionServiceStub(channel)
        self._packages = move_package_service_pb2_grpc.MovePackageServiceStub(channel)
        self._subscriptions = subscription_service_pb2_grpc.SubscriptionServiceStub(channel)

    @classmethod
    def connect(cls, target: str, *, ca: str = "", server_name: str | None = None, limits: Limits = LIMITS) -> Self:
        """Open a connection; it is made when the first call needs it.

        Args:
            target: `host:port`, `http(s)://host:port` or `unix:PATH`.
            ca: empty for plaintext, `system` for the machine's trust store, or PEM of the only CA to trust.
            server_name: the name in the server's certificate where it differs from the host.
            limits: deadlines and sizes.
        """
        plain = target.removeprefix("http://").removeprefix("https://").rstrip("/")
        if target.startswith("https://") and not ca:
            ca = "system"
        options: list[tuple[str, int | str]] = [
            ("grpc.max_receive_message_length", limits.rpc_message_bytes),
            ("grpc.max_send_message_length", limits.rpc_message_bytes),
            ("grpc.enable_http_proxy", 0),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 1000),
            ("grpc.use_local_subchannel_pool", 1),
        ]
        if server_name:
            options.append(("grpc.ssl_target_name_override", server_name))
        if ca:
            roots = None if ca == "system" else ca.encode()
            credentials = grpc.ssl_channel_credentials(root_certificates=roots)
            channel = grpc.aio.secure_channel(plain, credentials, options=options)
        else:
            channel = grpc.aio.insecure_channel(plain, options=options)
        return cls(channel, target=target, limits=limits)

    async def close(self) -> None:
        """Close the connection."""
        await self._channel.close(None)

    async def service_info(self) -> ServiceInfo:
        """Which chain this is and how far it is."""
        answer = await self._read(self._ledger.GetServiceInfo, ledger_pb.GetServiceInfoRequest())
        try:
            chain_id = Digest.parse(answer.chain_id)
        except ParseError as error:
            raise BadLedgerAnswerError(f"the node's chain id cannot be read: {error}") from error
        return ServiceInfo(
            chain_id=chain_id,
            epoch=answer.epoch,
            checkpoint=answer.checkpoint_height,
            timestamp_ms=milliseconds(answer.timestamp),
            server=answer.server,
        )

    async def gas_price(self) -> int:
        """The reference gas price, in MIST a unit."""
        request = ledger_pb.GetEpochRequest(read_mask=field_mask(("epoch", "reference_gas_price")))
        answer = await self._read(self._ledger.GetEpoch, request)
        return int(answer.epoch.reference_gas_price)

    async def get_objects(self, object_ids: Sequence[Address]) -> list[LedgerObject | None]:
        """The current versions of objects, None where there is none."""
        if not object_ids:
            return []
        request = ledger_pb.BatchGetObjectsRequest(
            requests=[ledger_pb.GetObjectRequest(object_id=str(object_id)) for object_id in object_ids],
            read_mask=field_mask(OBJECT_FIELDS),
        )
        answer = await self._read(self._ledger.BatchGetObjects, request)
        if len(answer.objects) != len(object_ids):
            raise BadLedgerAnswerError("the node answered for another number of objects than was asked")
        found: list[LedgerObject | None] = []
        for wanted, result in zip(object_ids, answer.objects, strict=True):
            if not result.HasField("object"):
                found.append(None)
                continue
            read = read_object(result.object)
            if read.ref.object_id != wanted:
                raise BadLedgerAnswerError(f"the node answered with {read.ref.object_id} for {wanted}")
            found.append(read)
        return found

    async def owned_objects(self, owner: Address, type_text: str, *, limit: int = 50) -> list[LedgerObject]:
        """Objects of one type that an address owns."""
        return [read_object(found) for found in await self._owned(owner, type_text, limit, OBJECT_FIELDS)]

    async def owned_coins(self, owner: Address, *, limit: int = 50) -> list[Coin]:
        """SUI coins that an address owns, largest first."""
        fields = (*OBJECT_FIELDS, "balance")
        found = await self._owned(owner, str(GAS_COIN_TYPE), limit, fields)
        coins = [Coin(read_object(coin).ref, coin.balance) for coin in found]
        return sorted(coins, key=lambda coin: coin.balance, reverse=True)

    async def _owned(
        self, owner: Address, type_text: str, limit: int, fields: tuple[str, ...]
    ) -> list[object_pb2.Object]:
        found: list[object_pb2.Object] = []
        token: bytes | None = None
        while len(found) < limit:
            request = state_pb.ListOwnedObjectsRequest(
                owner=str(owner),
                object_type=type_text,
                page_size=min(limit - len(found), 1000),
                page_token=token,
                read_mask=field_mask(fields),
            )
            answer = await self._read(self._state.ListOwnedObjects, request)
            found.extend(answer.objects)
            token = answer.next_page_token
            if not token or not answer.objects:
                break
        return found[:limit]

    async def function(self, package: Address, module: str, name: str) -> FunctionSignature:
        """The signature of a Move function."""
        request = package_pb.GetFunctionRequest(package_id=str(package), module_name=module, name=name)
        answer = (await self._read(self._packages.GetFunction, request)).function
        return FunctionSignature(
            is_entry=answer.is_entry,
            is_public=answer.visibility == object_pb2.FunctionDescriptor.PUBLIC,
            parameters=tuple(signature_text(parameter) for parameter in answer.parameters),
        )

    async def package_modules(self, package: Address) -> tuple[bytes, ...]:
        """The bytecode of a package's modules."""
        request = package_pb.GetPackageRequest(package_id=str(package))
        answer = await self._read(self._packages.GetPackage, request)
        return tuple(module.contents for module in answer.package.modules)

    async def execute(self, transaction: bytes, signatures: Sequence[bytes]) -> ExecutedTransaction:
        """Execute a signed transaction; an aborted one is returned, not raised."""
        digest = transaction_digest(transaction)
        try:
            async with asyncio.timeout(self._limits.rpc_connect_s):
                await self._channel.channel_ready()
        except TimeoutError as error:
            raise self._unreachable("no connection") from error
        request = execution_pb.ExecuteTransactionRequest(
            transaction=transaction_pb2.Transaction(bcs=common_pb2.Bcs(value=transaction)),
            signatures=[common_pb2.UserSignature(bcs=common_pb2.Bcs(value=each)) for each in signatures],
            read_mask=field_mask(TRANSACTION_FIELDS),
        )
        try:
            answer = await self._execution.ExecuteTransaction(request, timeout=self._limits.rpc_execute_s)
        except grpc.aio.AioRpcError as error:
            if error.code() in _NEVER_EXECUTED:
                raise TransactionRefusedError(f"the node refused the transaction: {error.details()}") from error
            raise OutcomeUnknownError(
                f"transaction {digest} was sent, no outcome came back ({error.code().name}); look it up by its digest",
                digest,
            ) from error
        executed = read_transaction(answer.transaction)
        if executed.digest != digest:
            raise OutcomeUnknownError(f"the node answered for another transaction than {digest}", digest)
        return executed

    async def simulate(self, transaction: bytes) -> Simulation:
        """Run a transaction without committing it; it names its own coins and budget."""
        request = execution_pb.SimulateTransactionRequest(
            transaction=transaction_pb2.Transaction(bcs=common_pb2.Bcs(value=transaction)),
            read_mask=field_mask(("transaction.effects.bcs", "transaction.events.bcs", "command_outputs")),
        )
        try:
            answer = await self._execution.SimulateTransaction(request, timeout=self._limits.rpc_read_s)
        except grpc.aio.AioRpcError as error:
            if error.code() in _NEVER_EXECUTED:
                raise TransactionRefusedError(f"the node refused to simulate: {error.details()}") from error
            raise self._map(error) from error
        return read_simulation(answer)

    async def get_transaction(self, digest: Digest) -> ExecutedTransaction:
        """A transaction by its digest."""
        request = ledger_pb.GetTransactionRequest(digest=str(digest), read_mask=field_mask(TRANSACTION_FIELDS))
        answer = await self._read(self._ledger.GetTransaction, request)
        executed = read_transaction(answer.transaction)
        if executed.digest != digest:
            raise BadLedgerAnswerError(f"the node answered with another transaction than {digest}")
        return executed

    async def subscribe_events(self, types: Sequence[str]) -> AsyncIterator[EventFrame]:
        """Events of these types from now on; it starts at the tip and does not resume."""
        request = subscription_pb.SubscribeEventsRequest(read_mask=field_mask(EVENT_FIELDS), filter=event_filter(types))
        call = self._subscriptions.SubscribeEvents(request)
        try:
            async for frame in call:
                yield read_event_frame(frame)
        except grpc.aio.AioRpcError as error:
            raise self._map(error) from error
        finally:
            call.cancel()

    async def list_events(
        self,
        types: Sequence[str],
        *,
        after: bytes | None,
        limit: int,
        from_checkpoint: int | None = None,
        newest_first: bool = False,
    ) -> AsyncIterator[EventFrame]:
        """Past events of these types after a cursor, oldest first; the last frame has `end` set."""
        request = ledger_pb.ListEventsRequest(
            read_mask=field_mask(EVENT_FIELDS),
            start_checkpoint=from_checkpoint,
            filter=event_filter(types),
            options=query_options(after, limit, newest_first=newest_first),
        )
        call = self._ledger.ListEvents(request, timeout=self._limits.rpc_read_s)
        try:
            async for frame in call:
                yield read_event_frame(frame)
        except grpc.aio.AioRpcError as error:
            raise self._map_cursor(error, after) from error
        finally:
            call.cancel()

    async def list_transactions(
        self, functions: Sequence[str], *, after: bytes | None, limit: int, newest_first: bool = False
    ) -> AsyncIterator[TransactionFrame]:
        """Past transactions that call one of these functions (`package::module::name`)."""
        terms = [
            query_pb2.TransactionTerm(
                literals=[query_pb2.TransactionLiteral(move_call=query_pb2.MoveCallFilter(function=function))]
            )
            for function in functions
        ]
        request = ledger_pb.ListTransactionsRequest(
            read_mask=field_mask(TRANSACTION_FIELDS),
            filter=query_pb2.TransactionFilter(terms=terms),
            options=query_options(after, limit, newest_first=newest_first),
        )
        call = self._ledger.ListTransactions(request, timeout=self._limits.rpc_read_s)
        try:
            async for frame in call:
                executed = read_transaction(frame.transaction) if frame.HasField("transaction") else None
                cursor = frame.watermark.cursor if frame.HasField("watermark") else None
                ended = frame.HasField("end")
                exhausted = ended and frame.end.reason not in MORE_FOLLOWS
                yield TransactionFrame(executed, cursor, end=ended, exhausted=exhausted)
        except grpc.aio.AioRpcError as error:
            raise self._map_cursor(error, after) from error
        finally:
            call.cancel()

    async def _read(self, method: grpc.aio.UnaryUnaryMultiCallable[_Q, _T], request: _Q) -> _T:
        try:
            answer: _T = await method(request, timeout=self._limits.rpc_read_s)
        except grpc.aio.AioRpcError as error:
            raise self._map(error) from error
        return answer

    def _unreachable(self, why: str) -> LedgerUnreachableError:
        return LedgerUnreachableError(f"the ledger at {self._target} does not answer ({why}); check that it runs")

    def _map(self, error: grpc.aio.AioRpcError) -> LedgerError:
        code = error.code()
        if code == grpc.StatusCode.NOT_FOUND:
            return NotFoundError(f"the ledger does not have it: {error.details()}")
        if code in _UNREACHABLE:
            return self._unreachable(f"{code.name}: {error.details()}")
        return BadLedgerAnswerError(f"the ledger refused the call ({code.name}): {error.details()}")

    def _map_cursor(self, error: grpc.aio.AioRpcError, after: bytes | None) -> LedgerError:
        lost = {grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.FAILED_PRECONDITION}
        if after is not None and error.code() in lost:
            return CursorExpiredError(f"the node no longer holds what follows the cursor: {error.details()}")
        return self._map(error)
