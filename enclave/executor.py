"""The executor process: follows the contract's events and answers each request of this enclave once.

Role: put the executor together from its neighbours (broker opens, signer signs and pays, k3s executes, the egress
proxy leads to the ledger) and serve the gateway on `executor.sock` and `stream.sock`.

Methods (bytes raw, ids 32 bytes): `expect` (a transaction of our own gateway, and large payloads beside it), `local`
(discovery and self reviews as the mirrored user, without a transaction), `fetch` (a sealed answer by its hash) for the
gateway; `give_back` (the gas, to the operator) for the supervisor.

Rules:
- It acts on authenticated events only, of its own cluster, and only on requests that name this enclave; a request
  under a grant only if our own gateway built it.
- What is pending becomes due by the ledger's time: settings, wider rules, the version of the contract that is called.
  The signer is told of each version that a state of the cluster names, long before it is due.
- Its memory is its journal: killed at any moment, it goes on by the table of `enclave.execution`.
- It is ready once it has seen its own activation and has told the signer of its coins.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from typing import TYPE_CHECKING, Any, Final

import structlog

from chain.bindings.events import (
    EVENTS,
    EnclaveActivated,
    K8sAPIRequest,
    K8sResponseStored,
    K8sViolationStored,
)
from chain.checks import check_transaction
from chain.clock import LedgerClock
from chain.errors import ChainError, UnauthenticError
from chain.events import AuthenticatedEvents, Trust
from chain.grpc_ledger import GrpcLedger
from chain.tokens import TokenRegistry
from enclave import logs
from enclave.apiserver import HttpsApiserver
from enclave.book import Book
from enclave.coin_keeper import CoinKeeper
from enclave.execution_errors import ExecutionError, JournalError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.executor_calls import ExecutorCalls
from enclave.executor_ports import IpcBroker, IpcSigner, StreamSocket
from enclave.hints import activation_checkpoint, learn_time, shared_refs
from enclave.journal import Journal
from enclave.learning import Learner, cluster_of
from enclave.mirror import RoleMirror
from enclave.opening import Home
from enclave.order import KeyedOrder
from enclave.parameters import read_parameters
from enclave.places import Places, Uid, allowed_uids, tell_ready
from enclave.records import Event
from enclave.runner import Parts, Runner
from enclave.storing import StorePlace, Storer
from enclave.streaming import StreamRoom
from gateway.view import ClusterView
from sui.types import Address, Digest
from wire.ipc import Client, Server

if TYPE_CHECKING:
    from chain.events import AuthenticEvent
    from chain.ledger import Ledger, LedgerEvent
    from enclave.book import Entry
    from enclave.execution_ports import Apiserver
    from enclave.parameters import BootParameters

_NAME: Final = "executor"
_EVENTS: Final = (
    "K8sAPIRequest",
    "K8sResponseStored",
    "K8sViolationStored",
    "SealTokenChanged",
    "ClusterChanged",
    "EnclaveRegistered",
    "EnclaveActivated",
    "EnclaveRevoked",
)
_PAUSE_S: Final = 0.1
_COINS_S: Final = 2.0
_log = structlog.get_logger()


class ExecutorProcess:
    """One life of the executor."""

    def __init__(
        self,
        places: Places,
        parameters: BootParameters,
        ledger: Ledger,
        apiserver: Apiserver,
        limits: ExecutionLimits = LIMITS,
    ) -> None:
        """Open the journal and connect nothing yet.

        Args:
            places: where the neighbours' sockets lie.
            parameters: what the parent said of this boot.
            ledger: the node behind the egress proxy.
            apiserver: the apiserver of k3s.
            limits: sizes and times.

        Raises:
            JournalError: the journal cannot be used.
        """
        self._places = places
        self._parameters = parameters
        self._limits = limits
        self._rng = random.SystemRandom()
        private = places.private(_NAME)
        self._journal = Journal(private / "journal", limits)
        self._book = Book(self._journal, limits)
        self._clients = [Client(places.broker), Client(places.signer)]
        self._broker, self._signer = IpcBroker(self._clients[0]), IpcSigner(self._clients[1])
        self._ledger = ledger
        self._apiserver = apiserver
        self._mirror = RoleMirror(self._apiserver, monotonic=time.monotonic, limits=limits)
        self._clock = LedgerClock()
        self._stream_socket = StreamSocket(places.stream, allowed_uids(Uid.GATEWAY), limits)
        self._streams = StreamRoom(
            apiserver=self._apiserver,
            streams=self._stream_socket,
            now_ms=self._clock.now_ms,
            random_bytes=os.urandom,
            limits=limits,
        )
        self._caught_up = asyncio.Event()
        self._starved = asyncio.Event()
        self._runner: Runner | None = None
        self._storer: Storer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Serve until cancelled, or until the journal fails."""
        identity = await self._broker.identity()
        view = self._view(identity)
        await self._signer.begin()
        await learn_time(self._ledger, self._clock)
        events = self._events(view)
        learner = Learner(view, self._clock, self._signer, self._mirror, self._streams)
        self._recall(learner, events)
        keeper = CoinKeeper(self._ledger, self._signer, view.address)
        calls = ExecutorCalls(
            book=self._book,
            events=events,
            tokens=view.tokens,
            mirror=self._mirror,
            apiserver=self._apiserver,
            now_ms=self._clock.now_ms,
            give_back=lambda: self._give_back(view, keeper),
            limits=self._limits,
        )
        server = Server(self._places.executor, calls.handlers(), allowed=calls.allowed(), report=_report_call)
        await self._stream_socket.start()
        try:
            async with server, asyncio.TaskGroup() as tasks:
                tasks.create_task(self._until_failed())
                tasks.create_task(server.serve())
                tasks.create_task(self._follow(view, learner, events))
                tasks.create_task(self._keep(learner, keeper))
                await learner.activated.wait()
                await learner.approve()
                await self._begin(view)
                await self._caught_up.wait()
                tell_ready(self._places, _NAME)
                _log.info("ready", open_requests=len(self._book.open_entries()), tokens=len(view.tokens))
        finally:
            await self._close()

    # ---- start ---------------------------------------------------------------------------------------------------

    def _view(self, identity: dict[str, Any]) -> ClusterView:
        parameters = self._parameters
        return ClusterView(
            chain_id=parameters.chain_id,
            package=parameters.package,
            cluster=parameters.cluster,
            address=Address(bytes(identity["address"])),
            public_key=bytes(identity["public_key"]),
            hpke_key=bytes(identity["hpke_key"]),
            tokens=TokenRegistry(parameters.cluster),
        )

    def _events(self, view: ClusterView) -> AuthenticatedEvents:
        package = self._parameters.package
        trust = Trust(self._parameters.chain_id, package, view.packages, view.key_of)
        return AuthenticatedEvents(
            self._ledger,
            trust,
            rng=self._rng,
            refused=_report_refused,
            interrupted=lambda error: _log.warning("events-interrupted", error=str(error)),
            caught_up=self._caught_up.set,
        )

    def _recall(self, learner: Learner, events: AuthenticatedEvents) -> None:
        """Take up what the journal has of an earlier life."""
        for event in self._book.state_events():
            learner.recall(event)
        for expected in self._book.expected():
            with contextlib.suppress(UnauthenticError):
                events.expect(Digest(expected.digest), expected.transaction, expected.signature)

    async def _begin(self, view: ClusterView) -> None:
        """Make the parts that need the activation, and take up open requests."""
        enclave = view.own_enclave()
        cluster_ref, enclave_ref = await shared_refs(self._ledger, view.cluster, enclave)
        storer = Storer(
            book=self._book,
            ledger=self._ledger,
            signer=self._signer,
            place=StorePlace(lambda: view.contract_at(self._clock.now_ms()), cluster_ref, enclave_ref),
            now_ms=self._clock.now_ms,
            monotonic=time.monotonic,
            rng=self._rng,
            starved=self._starved.set,
            inline_bytes=lambda: self._inline_bytes(view),
            limits=self._limits,
        )
        self._storer = storer
        self._runner = Runner(
            Parts(
                home=Home(view.chain_id, view.package, view.cluster, enclave),
                book=self._book,
                broker=self._broker,
                signer=self._signer,
                apiserver=self._apiserver,
                mirror=self._mirror,
                tokens=view.tokens,
                storer=storer,
                streams=self._streams,
                order=KeyedOrder(),
                now_ms=self._clock.now_ms,
                rng=self._rng,
                limits=self._limits,
            )
        )
        for entry in self._book.open_entries():
            self._take(entry)

    # ---- events --------------------------------------------------------------------------------------------------

    async def _follow(self, view: ClusterView, learner: Learner, events: AuthenticatedEvents) -> None:
        start = None if self._book.cursor is not None else await activation_checkpoint(self._ledger, self._places)
        async for found in events.follow(_EVENTS, cursor=self._book.cursor, from_checkpoint=start):
            await self._handle(view, learner, found)

    async def _handle(self, view: ClusterView, learner: Learner, found: AuthenticEvent) -> None:
        event = found.event
        if cluster_of(event) != view.cluster:
            return
        if isinstance(event, K8sResponseStored | K8sViolationStored):
            entry = self._book.get(event.request_id)
            if entry is not None and self._storer is not None and event.enclave == view.enclave:
                self._clock.observe(event.stored_at)
                self._storer.witnessed(entry)
            return
        name = found.raw.type.name
        record = Event(name, found.raw.contents, bytes(found.raw.digest), found.raw.index, found.cursor or b"")
        if isinstance(event, K8sAPIRequest):
            if event.enclave != view.enclave:
                return
            self._clock.observe(event.asked_at)
            if event.answer_until < self._clock.now_ms():
                return
            entry = self._book.see(event, record)
            if entry is not None:
                _log.info("seen", request_id=str(event.request_id), verb=event.verb, resource=event.resource)
                self._take(entry)
            return
        self._book.see(event, record)
        await learner.learn(event)

    def _inline_bytes(self, view: ClusterView) -> int:
        """The longest sealed answer that travels in its event, by the settings that hold now."""
        settings = view.settings_at(self._clock.now_ms())
        return min(
            self._limits.inline_bytes, self._limits.inline_bytes if settings is None else settings.response_inline_bytes
        )

    def _take(self, entry: Entry) -> None:
        if self._runner is None:
            return
        task = asyncio.create_task(self._runner.run(entry))
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is None:
            return
        _log.error("request-task-failed", error=f"{type(error).__name__}: {error}")
        if isinstance(error, JournalError) and not self._failed.done():
            self._failed.set_exception(error)

    # ---- housekeeping --------------------------------------------------------------------------------------------

    async def _until_failed(self) -> None:
        await self._failed

    async def _keep(self, learner: Learner, keeper: CoinKeeper) -> None:
        """Look after coins, the signer's clock and packages, and the journal's length."""
        while True:
            await keeper.look()
            now_ms = self._clock.now_ms()
            self._book.forget(now_ms)
            try:
                await self._signer.clock(now_ms)
            except ExecutionError as error:
                _log.warning("signer-clock", error=str(error))
            await learner.approve()
            await asyncio.sleep(_PAUSE_S)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_COINS_S):
                    await self._starved.wait()
            self._starved.clear()

    async def _give_back(self, view: ClusterView, keeper: CoinKeeper) -> Digest | None:
        """Return the gas to the operator's account."""
        operator = await self._operator(view)
        if operator is None:
            return None
        await self._signer.begin()
        return await keeper.give_back(operator)

    async def _operator(self, view: ClusterView) -> Address | None:
        """The account that signed our own activation: the OperatorCap's holder, who paid for this enclave's gas.

        The cluster's state names the Cap, which is an object: what is sent there nobody can spend.
        """
        for record in self._book.state_records():
            event = EVENTS[record.name].decode(record.contents)
            if isinstance(event, EnclaveActivated) and event.address == view.address:
                digest = Digest(record.digest)
                done = await self._ledger.get_transaction(digest)
                return check_transaction(digest, done.transaction, done.signatures).sender
        return None

    async def _close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._storer is not None:
            await self._storer.close()
        await self._stream_socket.close()
        await self._apiserver.close()
        for client in self._clients:
            await client.close()
        await self._ledger.close()
        self._journal.close()


def _report_refused(raw: LedgerEvent, error: ChainError) -> None:
    _log.warning("event-refused", digest=str(raw.digest), index=raw.index, error=str(error))


def _report_call(method: str, error: BaseException) -> None:
    _log.error("call-failed", method=method, error=type(error).__name__)


async def serve() -> None:
    """Run until told to stop."""
    places = Places.from_environment()
    process = ExecutorProcess(
        places,
        read_parameters(places.parameters),
        GrpcLedger.connect(f"unix:{places.ledger}"),
        HttpsApiserver(places.kubeconfig, places.private(_NAME)),
    )
    task = asyncio.ensure_future(process.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    _log.info("stopped")


def main() -> None:
    """Run the process."""
    logs.configure(_NAME)
    asyncio.run(serve())


if __name__ == "__main__":
    main()
