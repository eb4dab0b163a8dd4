"""TransactionExecutionService: execute and simulate.

A transaction that executes and fails is an answer with effects; one that is refused is a status code. An execution is
answered when a checkpoint holds the transaction: that is when its subscribers hear of it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.rpc.calls import unary
from localnet.rpc.errors import InvalidArgumentError
from localnet.rpc.listings import offset_of
from localnet.rpc.masks import Mask, read_mask
from localnet.rpc.render_common import bcs
from localnet.rpc.render_effects import Objects, add_objects, effects_message, events_message, executed_message
from localnet.rpc.render_json import json_value
from localnet.rpc.render_transaction import argument, transaction
from localnet.rpc.resolve import transaction_data
from sui.effects import TRANSACTION_EVENTS, TransactionEvents
from sui.rpc.v2 import common_pb2, effects_pb2, transaction_execution_service_pb2_grpc
from sui.rpc.v2 import transaction_execution_service_pb2 as pb
from sui.transaction import TRANSACTION_DATA

if TYPE_CHECKING:
    from grpc.aio import ServicerContext

    from localnet.ledger import Ledger, OutputValue, SimulatedTransaction
    from localnet.rpc.feed import Feed

EXECUTE_DEFAULT = ("effects.status", "checkpoint")


def _signature(value: common_pb2.UserSignature) -> bytes:
    if value.HasField("bcs"):
        return value.bcs.value
    simple = value.simple
    if value.WhichOneof("signature") == "simple" and simple.scheme in common_pb2.SignatureScheme.values():
        return bytes([simple.scheme]) + simple.signature + simple.public_key
    raise InvalidArgumentError("invalid signature: it has neither bcs nor parts")


class ExecutionService(transaction_execution_service_pb2_grpc.TransactionExecutionServiceServicer):
    """Runs transactions."""

    def __init__(self, ledger: Ledger, feed: Feed) -> None:
        """Serve this ledger."""
        self._ledger = ledger
        self._feed = feed

    @unary
    async def ExecuteTransaction(  # noqa: N802 - names of the protocol
        self, request: pb.ExecuteTransactionRequest, _context: ServicerContext[Any, Any]
    ) -> pb.ExecuteTransactionResponse:
        """Execute a signed transaction and wait for its effects."""
        mask = read_mask(effects_pb2.ExecutedTransaction.DESCRIPTOR, request.read_mask, EXECUTE_DEFAULT)
        message = request.transaction
        if message.HasField("bcs"):
            raw = message.bcs.value
        else:
            raw = TRANSACTION_DATA.encode(transaction_data(self._ledger, message))
        executed = self._ledger.execute(raw, [_signature(item) for item in request.signatures])
        executed = await self._feed.sealed(executed)
        offset = offset_of(self._ledger, executed, mask)
        return pb.ExecuteTransactionResponse(transaction=executed_message(self._ledger, executed, mask, offset=offset))

    @unary
    async def SimulateTransaction(  # noqa: N802
        self, request: pb.SimulateTransactionRequest, _context: ServicerContext[Any, Any]
    ) -> pb.SimulateTransactionResponse:
        """Run a transaction without storing anything."""
        mask = read_mask(pb.SimulateTransactionResponse.DESCRIPTOR, request.read_mask, ("*",))
        data = transaction_data(self._ledger, request.transaction)
        done = self._ledger.simulate(
            data,
            checks=request.checks != pb.SimulateTransactionRequest.DISABLED,
            gas_selection=request.do_gas_selection,
        )
        answer = pb.SimulateTransactionResponse()
        if "transaction" in mask:
            answer.transaction.CopyFrom(self._simulated(done, mask["transaction"]))
        if "command_outputs" in mask:
            for output in done.command_outputs:
                answer.command_outputs.add(
                    return_values=[self._output(item) for item in output.return_values],
                    mutated_by_ref=[self._output(item) for item in output.mutated_by_ref],
                )
        if "suggested_gas_price" in mask:
            answer.suggested_gas_price = done.suggested_gas_price
        return answer

    def _output(self, value: OutputValue) -> pb.CommandOutput:
        out = pb.CommandOutput(value=bcs(str(value.type), value.bcs))
        if value.argument is not None:
            out.argument.CopyFrom(argument(value.argument))
        shown = json_value(self._ledger.vm, value.type, value.bcs)
        if shown is not None:
            out.json.CopyFrom(shown)
        return out

    def _simulated(self, done: SimulatedTransaction, mask: Mask) -> effects_pb2.ExecutedTransaction:
        out = effects_pb2.ExecutedTransaction()
        objects = Objects(self._ledger, done.effects, (*done.input_objects, *done.output_objects))
        if "digest" in mask:
            out.digest = str(done.digest)
        if "transaction" in mask:
            below = mask["transaction"]
            out.transaction.CopyFrom(transaction(done.transaction, done.transaction_bcs, str(done.digest), below))
        if "effects" in mask:
            below = mask["effects"]
            out.effects.CopyFrom(effects_message(self._ledger, done.effects, done.effects_bcs, objects, below))
        if "events" in mask and done.events:
            raw = TRANSACTION_EVENTS.encode(TransactionEvents(done.events))
            out.events.CopyFrom(events_message(self._ledger, done.effects, done.events, raw, mask["events"]))
        add_objects(self._ledger, out, objects, mask)
        return out
