"""Ask a faucet for SUI, in the way of the Sui SDKs: `POST /v2/gas`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

from cli.errors import CommandError

if TYPE_CHECKING:
    from sui.types import Address

_TIMEOUT_S = 30.0


async def ask_faucet(faucet: str, address: Address) -> dict[str, Any]:
    """Ask for SUI; return the transaction's digest and the amount in MIST.

    Raises:
        CommandError: the faucet is not there, or gave nothing.
    """
    base = faucet if "://" in faucet else f"http://{faucet}"
    url = f"{base.rstrip('/')}/v2/gas"
    body = {"FixedAmountRequest": {"recipient": str(address)}}
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S)) as session,
            session.post(url, json=body) as answer,
        ):
            told = await answer.json(content_type=None)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise CommandError(f"the faucet at {url} does not answer ({error}); real networks have none") from error
    status = told.get("status") if isinstance(told, dict) else None
    coins = told.get("coins_sent") or [] if isinstance(told, dict) else []
    if status != "Success" or not coins:
        raise CommandError(f"the faucet at {url} gave nothing: {status or told}")
    return {
        "digest": coins[0]["transferTxDigest"],
        "amount": sum(int(coin["amount"]) for coin in coins),
        "address": str(address),
    }
