"""The gateway as a process inside the enclave.

Role: put the gateway together from its neighbours: the broker certifies its TLS leaf, the signer pays and signs, the
executor executes, the egress proxy leads to the ledger, the vsock brings kubectl's connections.

Rules:
- It listens only once authenticated events have shown our own activation and everything else of the state that the
  ledger held when they were first followed.
- What it must know of tokens and cluster it reads from the activation's checkpoint on; answers from its start on.
- A ledger that is cut off is not a reason to stop: requests are answered 503 until events flow again.
- Signals to stop let running requests end.

It holds no key but its TLS leaf's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import structlog

from chain.bindings.abort import own_words
from chain.clock import LedgerClock
from chain.errors import ChainError
from chain.grpc_ledger import GrpcLedger
from chain.tokens import TokenRegistry
from enclave import logs
from enclave.door import Door
from enclave.door_server import DoorServer
from enclave.gateway_ports import IpcExecutor, IpcSigner
from enclave.hints import learn_time
from enclave.parameters import read_activation, read_parameters
from enclave.places import Places, tell_ready
from gateway.answers import AnswerDesk
from gateway.chain_submitter import ChainSubmitter, Parts
from gateway.following import Follower
from gateway.identity import GrantDoorkeeper
from gateway.leaf import obtain_leaf
from gateway.limits import Limits
from gateway.server import GatewayServer
from gateway.service import Gateway
from gateway.view import ClusterView
from sui.types import Address
from wire.control import GATEWAY_PORT
from wire.ipc import Client
from wire.vsock import open_vsock

if TYPE_CHECKING:
    import ssl

    from chain.ledger import Ledger
    from enclave.parameters import BootParameters

_NAME = "gateway"
_CALL_S = 10.0
_PAUSE_S = 0.2
_CLOSE_S = 5.0

_log = structlog.get_logger()


class GatewayProcess:
    """One life of the gateway process."""

    def __init__(self, places: Places, parameters: BootParameters, limits: Limits, ledger: Ledger) -> None:
        """Put nothing together yet.

        Args:
            places: Where the neighbours' sockets lie.
            parameters: What the parent said of this boot.
            limits: The gateway's limits.
            ledger: The node behind the egress proxy.
        """
        self._places = places
        self._parameters = parameters
        self._limits = limits
        self._broker = Client(places.broker)
        self._signer = Client(places.signer)
        self._executor = Client(places.executor)
        self._ledger = ledger
        self._clock = LedgerClock()
        self._desk = AnswerDesk(limits.answers_kept)

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self._run()
        finally:
            for client in (self._broker, self._signer, self._executor):
                await client.close()
            await self._ledger.close()

    async def _run(self) -> None:
        identity = await self._broker.call("identity", {}, timeout=_CALL_S)
        # A life that begins long after the activation must not take that event's time for now.
        await learn_time(self._ledger, self._clock)
        view = self._view(identity)
        leaf = await obtain_leaf(self._issue)
        executor = IpcExecutor(self._executor, self._places.stream, self._limits)
        parts = Parts(
            ledger=self._ledger,
            signer=IpcSigner(self._signer),
            expect=executor.expect,
            view=view,
            desk=self._desk,
            clock=self._clock,
            words=own_words(),
            monotonic=time.monotonic,
        )
        gateway = Gateway(
            submitter=ChainSubmitter(parts, self._limits),
            executor=executor,
            doorkeeper=GrantDoorkeeper(view.tokens),
            random_bytes=os.urandom,
            monotonic=time.monotonic,
            limits=self._limits,
        )
        follower = Follower(self._ledger, view, self._desk, self._clock)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_state(follower))
            tasks.create_task(follower.follow_answers())
            await self._catch_up(follower)
            door = Door(view, now_ms=self._clock.now_ms, monotonic=time.monotonic, rates=self._limits)
            await self._listen(gateway, leaf.context(), DoorServer(door, executor))

    async def _follow_state(self, follower: Follower) -> None:
        """Follow the state from where our activation lies."""
        await follower.follow_state(await self._start())

    async def _catch_up(self, follower: Follower) -> None:
        """Wait for the activation, and until the events have come to the ledger's tip."""
        await follower.activated.wait()
        await follower.caught_up.wait()
        _log.info("caught-up", enclave=str(follower.view.enclave), tokens=len(follower.view.tokens))

    async def _listen(self, gateway: Gateway, tls: ssl.SSLContext, door: DoorServer) -> None:
        """Take connections until cancelled, then let running requests end."""
        listener = open_vsock(self._places.vsock).listen(GATEWAY_PORT)
        server = GatewayServer(gateway, tls, door)
        tell_ready(self._places, _NAME)
        _log.info("listening", port=GATEWAY_PORT)
        try:
            await server.serve(listener)
        finally:
            listener.close()
            await server.close(_CLOSE_S)

    def _view(self, identity: Any) -> ClusterView:
        """Begin with what the broker says of this boot."""
        parameters = self._parameters
        return ClusterView(
            chain_id=parameters.chain_id,
            package=parameters.package,
            cluster=parameters.cluster,
            address=_address(identity["address"]),
            public_key=bytes(identity["public_key"]),
            hpke_key=bytes(identity["hpke_key"]),
            tokens=TokenRegistry(parameters.cluster),
        )

    async def _issue(self, request_der: bytes) -> bytes:
        """Have the key broker certify our leaf."""
        answer = await self._broker.call("issue_leaf", {"csr_der": request_der}, timeout=_CALL_S)
        chain = answer["chain_pem"]
        return chain.encode() if isinstance(chain, str) else bytes(chain)

    async def _start(self) -> int:
        """Find the checkpoint to read from: that of our activation, or now where it has not come yet.

        Where to look is the ledger's hint; what is found there is checked like every event.
        """
        while True:
            try:
                activation = read_activation(self._places.activation)
                if activation is None:
                    return (await self._ledger.service_info()).checkpoint
                found = await self._ledger.get_object(activation.enclave)
                if found.previous_transaction is not None:
                    done = await self._ledger.get_transaction(found.previous_transaction)
                    if done.checkpoint is not None:
                        return done.checkpoint
                _log.warning("activation-not-found", enclave=str(activation.enclave))
            except ChainError as error:
                _log.warning("ledger-unreachable", error=str(error))
            await asyncio.sleep(_PAUSE_S)


def _address(value: Any) -> Address:
    """Read an address as bytes or text."""
    return Address.parse(value) if isinstance(value, str) else Address(bytes(value))


async def serve(places: Places) -> None:
    """Serve until told to stop."""
    ledger = GrpcLedger.connect(f"unix:{places.ledger}")
    process = GatewayProcess(places, read_parameters(places.parameters), Limits(), ledger)
    task = asyncio.ensure_future(process.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        _log.info("stopped")


def main() -> None:
    """Run the process."""
    logs.configure(_NAME)
    asyncio.run(serve(Places.from_environment()))


if __name__ == "__main__":
    main()
