"""The executor's ports inside the enclave: signer and key broker next door, and the sockets on which it is called.

Role: calls over UNIX sockets; errors of the transport become the executor's own.

Rules: every call has a deadline. A lost call for a signature is repeated by its caller (the signer gives the same bytes
for the same request); a lost call for a transaction is not, because it would take a second coin. A reservation's name
is our own, so that one whose call was lost is the next one that is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from typing import TYPE_CHECKING, Any, Final

import cbor2
import structlog

from chain.errors import CannotOpenError
from enclave.execution_errors import LocalProcessError, NoGasError
from enclave.execution_limits import LIMITS, ExecutionLimits
from enclave.execution_ports import AnswerSignature, Broker, Inbox, SignedTransaction, Signer, Streams
from sui.types import Address, Digest
from wire.errors import FrameError, IpcError, WireError
from wire.frames import FrameLimits
from wire.ipc import peer_of
from wire.sockets import listen_unix
from wire.streams import read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sui.types import ObjectRef
    from wire.ipc import Client

_log = structlog.get_logger()
_CALL_S: Final = 10.0
_OPENING_BYTES: Final = 1_024
_OPENING_S: Final = 5.0


class IpcSigner(Signer):
    """The enclave's signer."""

    def __init__(self, client: Client) -> None:
        """Call the signer through `client`."""
        self._client = client
        self._names = itertools.count(1)
        self._unheard: list[int] = []

    async def begin(self) -> None:
        """Say that the executor has started anew and holds no reservation."""
        await self._call("release_all", {})

    async def clock(self, now_ms: int) -> None:
        """Tell the authenticated time."""
        await self._call("clock", {"now_ms": now_ms})

    async def approve_package(self, package: Address) -> None:
        """Name a version of the contract that the cluster's authenticated state has named; it may be called then."""
        await self._call("approve_package", {"package": bytes(package)})

    async def operator(self, address: Address) -> None:
        """Name the operator, to whom gas may be returned."""
        await self._call("operator", {"address": bytes(address)})

    async def add_coins(self, coins: Sequence[tuple[ObjectRef, int]]) -> None:
        """Tell of coins as the ledger shows them."""
        told = [{**_ref(ref), "balance": balance} for ref, balance in coins]
        await self._call("add_coins", {"coins": told})

    async def coins(self) -> dict[str, Any]:
        """The pool's state."""
        state = await self._call("coins", {})
        if not isinstance(state, dict):
            raise LocalProcessError("the signer's word about its coins is malformed")
        return state

    async def reserve(self) -> Any:
        """Set a coin aside for an answer."""
        name = self._unheard.pop() if self._unheard else next(self._names)
        try:
            await self._call("reserve", {"reservation": name})
        except BaseException:
            self._unheard.append(name)
            raise
        return name

    async def release(self, reservations: Sequence[Any]) -> None:
        """Give reservations back that are not needed."""
        for reservation in reservations:
            try:
                await self._call("release", {"reservation": reservation})
            except LocalProcessError as error:
                _log.warning("release-failed", error=str(error))
                self._unheard.append(reservation)

    async def sign_answer(self, statement: dict[str, Any]) -> AnswerSignature:
        """Sign an answer."""
        answer = await self._call("sign_answer", statement)
        return AnswerSignature(int(answer["sequence"]), bytes(answer["signature"]))

    async def sign_violation(self, statement: dict[str, Any]) -> AnswerSignature:
        """Sign a violation."""
        answer = await self._call("sign_violation", statement)
        return AnswerSignature(int(answer["sequence"]), bytes(answer["signature"]))

    async def sign_transaction(
        self, kind: bytes, *, budget: int, price: int, reservation: Any | None
    ) -> SignedTransaction:
        """Complete and sign a transaction."""
        params = {
            "kind": kind,
            "gas_budget": budget,
            "gas_price": price,
            "expiration_epoch": None,
            "reservation": reservation,
        }
        answer = await self._call("sign_transaction", params)
        return SignedTransaction(
            bytes(answer["transaction"]),
            bytes(answer["signature"]),
            Digest(bytes(answer["digest"])),
            answer["lease"],
            int(answer["balance"]),
        )

    async def settle(self, lease: Any, coin: ObjectRef | None, balance: int | None = None) -> None:
        """Say what became of a transaction's coin; the pool is looked through again if this is lost."""
        told = None if coin is None else {**_ref(coin), "balance": balance}
        try:
            await self._call("settle", {"lease": lease, "coin": told})
        except LocalProcessError as error:
            _log.warning("settle-failed", lease=str(lease), error=str(error))

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        try:
            return await self._client.call(method, params, timeout=_CALL_S)
        except IpcError as error:
            if error.code == "no-gas":
                raise NoGasError(error.message) from None
            raise LocalProcessError(f"the signer refuses {method}: {error.message}") from error
        except WireError as error:
            raise LocalProcessError(f"the signer does not answer {method}: {error}") from error


class IpcBroker(Broker):
    """The enclave's key broker."""

    def __init__(self, client: Client) -> None:
        """Call the broker through `client`."""
        self._client = client

    async def identity(self) -> dict[str, Any]:
        """What the broker says of this boot: keys and address."""
        answer = await self._call("identity", {})
        if not isinstance(answer, dict):
            raise LocalProcessError("the broker's identity is malformed")
        return answer

    async def open(self, sealed: bytes, info: bytes) -> bytes:
        """Open a sealed request."""
        return bytes((await self._call("open", {"sealed": sealed, "info": info}))["plaintext"])

    async def _call(self, method: str, params: dict[str, Any]) -> Any:
        try:
            return await self._client.call(method, params, timeout=_CALL_S)
        except IpcError as error:
            if error.code in {"cannot-open", "too-large"}:
                raise CannotOpenError(error.message) from None
            raise LocalProcessError(f"the key broker refuses {method}: {error.message}") from error
        except WireError as error:
            raise LocalProcessError(f"the key broker does not answer {method}: {error}") from error


class _SocketInbox(Inbox):
    """One client's connection on stream.sock."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, frames: FrameLimits) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = frames
        self.over = asyncio.Event()

    async def send(self, frame: bytes) -> None:
        try:
            await write_frame(self._writer, frame, limits=self._frames)
        except (OSError, FrameError) as error:
            raise ConnectionError("the client is gone") from error

    async def wait_closed(self) -> None:
        # The client has nothing to say: whatever ends the waiting is the end of the connection.
        with contextlib.suppress(OSError):
            await self._reader.read(1)

    async def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
        self.over.set()


class StreamSocket(Streams):
    """stream.sock: one connection per stream, which names its request and token and then only reads.

    Whoever comes for another token's request is never asked for, and let go after a time.
    """

    def __init__(self, path: Path, allowed: frozenset[int], limits: ExecutionLimits = LIMITS) -> None:
        """Prepare to listen at `path` for peers with an allowed uid."""
        self._path = path
        self._allowed = allowed
        self._limits = limits
        self._frames = FrameLimits()
        self._arrived: dict[bytes, _SocketInbox] = {}
        self._wanted: dict[bytes, asyncio.Future[_SocketInbox]] = {}
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        listener = listen_unix(self._path, mode=0o666)
        self._server = await asyncio.start_unix_server(self._accept, sock=listener.socket)

    async def close(self) -> None:
        """Stop listening and drop who waits."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def connection(self, request_id: Address, token: Address, timeout_s: float) -> Inbox | None:
        """The connection of this token's owner for a request, None if none comes in time."""
        key = bytes(request_id) + bytes(token)
        arrived = self._arrived.pop(key, None)
        if arrived is not None:
            return arrived
        wanted: asyncio.Future[_SocketInbox] = asyncio.get_running_loop().create_future()
        self._wanted[key] = wanted
        try:
            async with asyncio.timeout(timeout_s):
                return await wanted
        except TimeoutError:
            return None
        finally:
            self._wanted.pop(key, None)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        crowded = len(self._connections) >= self._limits.stream_waiting
        if task is None or crowded or peer_of(writer.get_extra_info("socket")).uid not in self._allowed:
            writer.close()
            return
        self._connections.add(task)
        try:
            await self._hold(reader, writer)
        except (OSError, FrameError, ValueError, TypeError, KeyError, TimeoutError, cbor2.CBORError):
            _log.info("stream-connection-refused")
        finally:
            self._connections.discard(task)
            writer.close()

    async def _hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with asyncio.timeout(_OPENING_S):
            opening = await read_frame(reader, limits=FrameLimits(frame_bytes=_OPENING_BYTES))
        if opening is None:
            return
        named = cbor2.loads(opening)
        key = bytes(Address(named["request_id"])) + bytes(Address(named["token"]))
        inbox = _SocketInbox(reader, writer, self._frames)
        wanted = self._wanted.get(key)
        if wanted is not None and not wanted.done():
            wanted.set_result(inbox)
        elif key in self._arrived:
            return
        else:
            self._arrived[key] = inbox
            try:
                async with asyncio.timeout(self._limits.stream_connect_s):
                    await inbox.over.wait()
            except TimeoutError:
                if self._arrived.get(key) is inbox:
                    del self._arrived[key]
                    return
        await inbox.over.wait()


def _ref(ref: ObjectRef) -> dict[str, Any]:
    return {"object_id": bytes(ref.object_id), "version": ref.version, "digest": bytes(ref.digest)}
