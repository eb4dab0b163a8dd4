"""The gateway's ports inside the enclave: signer and executor as processes next door.

Role: calls over their UNIX sockets, errors of the transport turned into the gateway's own.

Rules: every call has a deadline; a lost call to the signer is never repeated here (it would take a second coin); frames
of a stream are read only as fast as the client takes them.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import cbor2
import structlog

from gateway.errors import CrowdedError, GasError, LocalError, MissingBodyError, StreamError, WrongLengthError
from gateway.messages import HttpResponse
from gateway.ports import Executor, SignedTransaction, TransactionSigner
from sui.types import Digest
from wire.errors import FrameError, IpcError, WireError
from wire.frames import FrameLimits
from wire.sockets import dial_unix
from wire.streams import read_frame, write_frame

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from chain.rules import Rule
    from gateway.identity import Identity
    from gateway.limits import Limits
    from gateway.messages import HttpRequest
    from sui.types import Address, ObjectRef
    from wire.ipc import Client

_log = structlog.get_logger()
_CALL_S = 10.0
_CONNECT_S = 5.0


class IpcSigner(TransactionSigner):
    """The enclave's signer: its key, its coins."""

    def __init__(self, client: Client) -> None:
        """Call the signer through `client`."""
        self._client = client

    async def sign(self, kind: bytes, *, gas_budget: int, gas_price: int) -> SignedTransaction:
        """Have a transaction paid for and signed."""
        params = {"kind": kind, "gas_budget": gas_budget, "gas_price": gas_price, "expiration_epoch": None}
        try:
            answer = await self._client.call("sign_transaction", params, timeout=_CALL_S)
        except IpcError as error:
            if error.code == "no-gas":
                raise GasError(
                    f"the enclave's gas pool is empty ({error.message}); its operator must top it up"
                ) from None
            raise LocalError(f"the signer refuses: {error.message}") from error
        except WireError as error:
            raise LocalError(f"the signer does not answer: {error}") from error
        return SignedTransaction(
            transaction=_bytes(answer, "transaction"),
            signature=_bytes(answer, "signature"),
            digest=Digest(_bytes(answer, "digest")),
            lease=_number(answer, "lease"),
            balance=_number(answer, "balance"),
        )

    async def settle(self, lease: int, coin: ObjectRef | None, balance: int | None = None) -> None:
        """Say what became of a coin."""
        told = None
        if coin is not None:
            told = {
                "object_id": bytes(coin.object_id),
                "version": coin.version,
                "digest": bytes(coin.digest),
                "balance": balance,
            }
        try:
            await self._client.call("settle", {"lease": lease, "coin": told}, timeout=_CALL_S)
        except WireError as error:
            # The signer counts the coin as taken until its pool is looked through again.
            _log.warning("settle-failed", lease=lease, error=str(error))


class IpcExecutor(Executor):
    """The enclave's executor."""

    def __init__(self, client: Client, stream_path: Path, limits: Limits) -> None:
        """Call the executor through `client`; streams connect to `stream_path`, one connection each."""
        self._client = client
        self._stream_path = stream_path
        self._limits = limits

    async def expect(self, signed: SignedTransaction, payloads: tuple[bytes, ...]) -> None:
        """Tell the executor of a transaction that is about to be sent, and hand over its large payloads.

        Raises:
            LocalError: It does not answer; nothing must be sent.
        """
        params = {
            "digest": bytes(signed.digest),
            "transaction": signed.transaction,
            "signature": signed.signature,
            "payloads": list(payloads),
        }
        await self._call("expect", params, _CALL_S)

    async def put(self, identity: Identity, sealed: bytes, until_ms: int) -> None:
        """Hand over a payload that a token's owner brought, to be kept until its request comes or that time.

        Raises:
            CrowdedError: as much of this token waits as may.
            LocalError: It does not answer.
        """
        await self._call("put", {"token": bytes(identity.token), "sealed": sealed, "until": until_ms}, _CALL_S)

    async def local(self, identity: Identity, request: HttpRequest) -> HttpResponse:
        """Have a request answered that needs no transaction."""
        params = {
            "token": bytes(identity.token),
            "owner": bytes(identity.owner),
            "grant_session": identity.session,
            "narrowed": [_plain(rule) for rule in identity.narrowed],
            "method": request.method,
            "target": request.target,
            "headers": [list(pair) for pair in request.headers],
            "body": request.body,
        }
        answer = await self._call("local", params, self._limits.local_timeout_s)
        try:
            headers = tuple((str(name), str(value)) for name, value in answer["headers"])
            return HttpResponse(int(answer["status"]), headers, _bytes(answer, "body"))
        except (KeyError, TypeError, ValueError) as error:
            raise LocalError("the executor's answer is malformed") from error

    async def fetch(self, identity: Identity, body_hash: bytes, length: int) -> bytes:
        """Fetch a sealed answer that is too large for the chain."""
        answer = await self._call(
            "fetch", {"token": bytes(identity.token), "body_hash": body_hash}, self._limits.fetch_timeout_s
        )
        sealed = _bytes(answer, "sealed")
        if len(sealed) != length:
            raise WrongLengthError("the answer with this hash has another length than was asked for")
        return sealed

    async def stream(self, identity: Identity, request_id: Address) -> AsyncGenerator[bytes, None]:
        """Read the sealed frames of a stream as they come."""
        frames = FrameLimits(frame_bytes=self._limits.frame_bytes)
        writer: asyncio.StreamWriter | None = None
        try:
            connection = await dial_unix(self._stream_path, timeout_s=_CONNECT_S)
            reader, writer = await asyncio.open_unix_connection(sock=connection)
            await write_frame(writer, cbor2.dumps({"request_id": bytes(request_id), "token": bytes(identity.token)}))
            while (frame := await read_frame(reader, limits=frames)) is not None:
                yield frame
        except (OSError, FrameError, WireError) as error:
            raise StreamError(f"the connection to the executor broke: {error}") from error
        finally:
            if writer is not None:
                writer.close()

    async def _call(self, method: str, params: dict[str, Any], timeout_s: float) -> Any:
        """Call the executor."""
        try:
            return await self._client.call(method, params, timeout=timeout_s)
        except IpcError as error:
            if error.code == "not-found":
                raise MissingBodyError(error.message) from None
            if error.code == "crowded":
                raise CrowdedError(error.message) from None
            raise LocalError(f"the executor refuses {method}: {error.message}") from error
        except WireError as error:
            raise LocalError(f"the executor does not answer {method}: {error}") from error


def _bytes(answer: Any, name: str) -> bytes:
    """Take one field of an answer that must be bytes.

    Raises:
        LocalError: It is not there.
    """
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, bytes):
        raise LocalError(f"an answer of a neighbour process lacks {name}")
    return value


def _number(answer: Any, name: str) -> int:
    """Take one field of an answer that must be a number.

    Raises:
        LocalError: It is not there.
    """
    value = answer.get(name) if isinstance(answer, dict) else None
    if type(value) is not int:
        raise LocalError(f"an answer of a neighbour process lacks {name}")
    return value


def _plain(rule: Rule) -> list[Any]:
    """Write a rule as plain values."""
    return [rule.group, rule.resource, rule.subresource, rule.namespace, list(rule.verbs)]
