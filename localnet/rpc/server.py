"""The gRPC server: binds a port, serves the ledger, lets its time pass, and stops cleanly."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from localnet.rpc.execution_service import ExecutionService
from localnet.rpc.feed import Feed
from localnet.rpc.ledger_service import LedgerService
from localnet.rpc.limits import LIMITS, Limits
from localnet.rpc.package_service import PackageService
from localnet.rpc.signature_service import SignatureService
from localnet.rpc.state_service import StateService
from localnet.rpc.subscription_service import SubscriptionService
from sui.rpc.v2 import (
    ledger_service_pb2_grpc,
    move_package_service_pb2_grpc,
    signature_verification_service_pb2_grpc,
    state_service_pb2_grpc,
    subscription_service_pb2_grpc,
    transaction_execution_service_pb2_grpc,
)

if TYPE_CHECKING:
    from localnet.ledger import Ledger


class ListenError(Exception):
    """The address cannot be listened on."""


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """A server's certificate chain and key, PEM."""

    certificate: bytes
    key: bytes


class RpcServer:
    """One gRPC server in front of one ledger."""

    def __init__(
        self, ledger: Ledger, *, finality_ms: int, tls: TlsIdentity | None = None, limits: Limits = LIMITS
    ) -> None:
        """Prepare to serve; `start` binds the port."""
        self._ledger = ledger
        self._tls = tls
        self._limits = limits
        self.feed = Feed(ledger, limits, finality_ms)
        self._server: grpc.aio.Server | None = None
        self._clock: asyncio.Task[None] | None = None

    def _build(self) -> grpc.aio.Server:
        limits, ledger, feed = self._limits, self._ledger, self.feed
        server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", limits.max_request_bytes),
                ("grpc.max_send_message_length", limits.max_response_bytes),
                ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        ledger_service_pb2_grpc.add_LedgerServiceServicer_to_server(LedgerService(ledger, limits), server)
        state_service_pb2_grpc.add_StateServiceServicer_to_server(StateService(ledger, limits), server)
        move_package_service_pb2_grpc.add_MovePackageServiceServicer_to_server(PackageService(ledger, limits), server)
        transaction_execution_service_pb2_grpc.add_TransactionExecutionServiceServicer_to_server(
            ExecutionService(ledger, feed), server
        )
        subscription_service_pb2_grpc.add_SubscriptionServiceServicer_to_server(
            SubscriptionService(ledger, feed, limits), server
        )
        signature_verification_service_pb2_grpc.add_SignatureVerificationServiceServicer_to_server(
            SignatureService(), server
        )
        return server

    async def start(self, listen: str) -> int:
        """Listen on `HOST:PORT` (or `unix:PATH`) and serve; returns the port, which is chosen when it is 0.

        Raises:
            ListenError: the address is taken or not usable.
        """
        server = self._build()
        try:
            if self._tls is None:
                port = server.add_insecure_port(listen)
            else:
                credentials = grpc.ssl_server_credentials([(self._tls.key, self._tls.certificate)])
                port = server.add_secure_port(listen, credentials)
        except RuntimeError as error:
            raise ListenError(
                f"cannot listen on {listen}: the port is taken or the address is not of this machine; "
                "stop what uses it, or choose another with --listen"
            ) from error
        await server.start()
        self._server = server
        self._clock = asyncio.create_task(self.feed.run(), name="ledger-clock")
        return port

    async def stop(self) -> None:
        """Stop serving: calls in flight get a moment, streams are cut."""
        if self._clock is not None:
            self._clock.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._clock
        if self._server is not None:
            await self._server.stop(self._limits.shutdown_grace_s)
        self.feed.close()

    async def failed(self) -> None:
        """Wait until the ledger's clock stops by an error, and raise it."""
        if self._clock is not None:
            await asyncio.shield(self._clock)
