"""The faucet: SUI for the asking, over HTTP, in the shape that the Sui SDKs speak.

    POST /v2/gas {"FixedAmountRequest": {"recipient": "0x…"}}
    200 {"status": "Success", "coins_sent": [{"amount": N, "id": "0x…", "transferTxDigest": "…"}]}
    4xx {"status": {"Failure": {"internal": "why"}}}

It gives away the genesis coins of its own ledger and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from localnet.ledger import LedgerError
from localnet.rpc.errors import RpcError
from sui.effects import IdCreated
from sui.errors import SuiError
from sui.types import Address

if TYPE_CHECKING:
    from localnet.ledger import Ledger
    from localnet.rpc.feed import Feed


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request gives and may hold."""

    coin_mist: int = 100_000_000_000
    coins: int = 5
    max_request_bytes: int = 4_096


LIMITS = Limits()


class FaucetListenError(Exception):
    """The faucet's address cannot be listened on."""


def _failure(why: str, status: int) -> web.Response:
    return web.json_response({"status": {"Failure": {"internal": why}}}, status=status)


def _recipient(body: Any) -> Address:
    request = body.get("FixedAmountRequest") if isinstance(body, dict) else None
    text = request.get("recipient") if isinstance(request, dict) else None
    if not isinstance(text, str):
        raise SuiError('the request has no {"FixedAmountRequest": {"recipient": "0x…"}}')
    return Address.parse(text)


class Faucet:
    """An HTTP server in front of the ledger's faucet."""

    def __init__(self, ledger: Ledger, feed: Feed, limits: Limits = LIMITS) -> None:
        """Prepare to serve; `start` binds the port."""
        self._ledger = ledger
        self._feed = feed
        self._limits = limits
        application = web.Application(client_max_size=limits.max_request_bytes)
        application.router.add_post("/v2/gas", self._gas)
        application.router.add_get("/", self._health)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)

    async def _health(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _gas(self, request: web.Request) -> web.Response:
        try:
            recipient = _recipient(await request.json())
        except (SuiError, ValueError, RecursionError) as error:
            return _failure(str(error), 400)
        try:
            executed = self._ledger.faucet(recipient, [self._limits.coin_mist] * self._limits.coins)
            executed = await self._feed.sealed(executed)
        except (LedgerError, RpcError) as error:
            return _failure(str(error), 503)
        created = [
            change.object_id
            for change in executed.effects.changed_objects
            if isinstance(change.id_operation, IdCreated)
        ]
        digest = str(executed.digest)
        coins = [
            {"amount": self._limits.coin_mist, "id": str(object_id), "transferTxDigest": digest}
            for object_id in created
        ]
        return web.json_response({"status": "Success", "coins_sent": coins})

    async def start(self, host: str, port: int) -> int:
        """Listen and serve; returns the port, which is chosen when it is 0.

        Raises:
            FaucetListenError: the address is taken or not usable.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise FaucetListenError(
                f"the faucet cannot listen on {host}:{port} ({error.strerror}); "
                "stop what uses it, or choose another with --faucet"
            ) from error
        return int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Stop serving."""
        await self._runner.cleanup()
