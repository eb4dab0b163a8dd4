"""The attestation front process: documents, manifest and CA in plain HTTP on a port of their own.

Nothing here is secret and nothing needs the channel to be trusted: the document proves itself under the caller's own
nonce, the manifest's hash stands in the document, and the CA's hash in the manifest.

`GET /attestation?nonce=HEX` the document; `/manifest` its BCS; `/ca` the CA's DER; `/identity` the same as JSON.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from enclave import logs
from enclave.custody_limits import LIMITS
from enclave.places import Places, tell_ready
from wire.control import ATTESTATION_PORT
from wire.errors import IpcError, WireError
from wire.ipc import Client
from wire.vsock import open_vsock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from wire.sockets import Listener

    Call = Callable[[str, dict[str, Any]], Awaitable[Any]]

_log = structlog.get_logger()
_CONNECTIONS = 32
_KEEPALIVE_S = 15.0


class Front:
    """Answers HTTP requests by calls to the key broker."""

    def __init__(self, call: Call) -> None:
        """Answer by `call`, the broker's."""
        self._call = call
        self._places = asyncio.Semaphore(LIMITS.documents_at_once)
        self._routes = {
            "/attestation": self._attestation,
            "/manifest": self._manifest,
            "/ca": self._ca,
            "/identity": self._identity,
        }

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        route = self._routes.get(request.path)
        if route is None:
            return _text(404, "known are /attestation?nonce=HEX, /manifest, /ca and /identity")
        if request.method != "GET":
            return _text(405, "only GET is answered here")
        try:
            return await route(request)
        except IpcError as error:
            return _text(400 if error.code == "bad-request" else 503, error.message)
        except WireError as error:
            _log.warning("broker-unreachable", reason=type(error).__name__)
            return _text(503, "the key broker does not answer; the enclave is about to restart")

    async def _attestation(self, request: web.BaseRequest) -> web.Response:
        try:
            nonce = bytes.fromhex(request.query.get("nonce", ""))
        except ValueError:
            nonce = b""
        least, most = LIMITS.nonce_bytes
        if not least <= len(nonce) <= most:
            return _text(400, f"say nonce=HEX, {least} to {most} bytes")
        async with self._places:
            answer = await self._call("attest", {"nonce": nonce})
        return _bytes(answer["document"], "application/cbor")

    async def _manifest(self, _: web.BaseRequest) -> web.Response:
        return _bytes((await self._call("identity", {}))["manifest"], "application/octet-stream")

    async def _ca(self, _: web.BaseRequest) -> web.Response:
        return _bytes((await self._call("identity", {}))["ca_der"], "application/pkix-cert")

    async def _identity(self, _: web.BaseRequest) -> web.Response:
        identity = await self._call("identity", {})
        return web.json_response({name: value.hex() for name, value in identity.items()})


async def serve(listener: Listener, front: Front) -> None:
    """Answer on `listener` until cancelled."""
    http = web.Server(front.handle, access_log=None, keepalive_timeout=_KEEPALIVE_S, tcp_keepalive=False)
    loop = asyncio.get_running_loop()
    try:
        while True:
            connection = await listener.accept()
            if len(http.connections) >= _CONNECTIONS:
                connection.close()
                continue
            await loop.connect_accepted_socket(http, connection)
    finally:
        await http.shutdown(1.0)


async def run(places: Places) -> None:
    """Serve the enclave's attestation port."""
    client = Client(places.broker)
    listener = open_vsock(places.vsock).listen(ATTESTATION_PORT)
    tell_ready(places, "front")
    _log.info("ready")
    try:
        await serve(listener, Front(client.call))
    finally:
        listener.close()
        await client.close()


def _text(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text + "\n")


def _bytes(body: bytes, kind: str) -> web.Response:
    return web.Response(body=body, content_type=kind)


def main() -> None:
    """Run the process."""
    logs.configure("front")
    asyncio.run(run(Places.from_environment()))


if __name__ == "__main__":
    main()
