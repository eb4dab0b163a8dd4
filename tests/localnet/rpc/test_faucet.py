"""The faucet in this process: what it gives, and what it says when the ledger does not seal."""

import aiohttp

from localnet.faucet import Faucet, Limits
from localnet.rpc import LIMITS
from localnet.rpc import Limits as RpcLimits
from localnet.rpc.feed import Feed
from sui.type_tag import SUI_COIN_TYPE
from sui.types import Address

from .conftest import Clock, open_ledger

WHO = Address.parse("0xa11ce")
ASK = {"FixedAmountRequest": {"recipient": str(WHO)}}


async def answer_of(faucet, body):
    port = await faucet.start("127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{port}/v2/gas"
        async with aiohttp.ClientSession() as session, session.post(url, json=body) as answer:
            return answer.status, await answer.json()
    finally:
        await faucet.stop()


async def test_it_gives_what_its_limits_say(world):
    feed = Feed(world.ledger, LIMITS, 0)
    status, answer = await answer_of(Faucet(world.ledger, feed, Limits(coin_mist=70, coins=2)), ASK)
    assert (status, answer["status"]) == (200, "Success")
    assert [coin["amount"] for coin in answer["coins_sent"]] == [70, 70]
    for coin in answer["coins_sent"]:
        assert world.ledger.get_object(Address.parse(coin["id"])).ref.object_id == Address.parse(coin["id"])
        assert world.ledger.balance(WHO, SUI_COIN_TYPE).total == 140
    feed.close()


async def test_it_says_that_it_was_too_late():
    ledger = open_ledger(finality_ms=60_000, clock=Clock())
    feed = Feed(ledger, RpcLimits(seal_wait_s=0.05), 60_000)
    status, answer = await answer_of(Faucet(ledger, feed), ASK)
    assert status == 503
    assert "finality" in answer["status"]["Failure"]["internal"]
    feed.close()
    ledger.close()


async def test_a_request_without_a_recipient_is_refused(world):
    feed = Feed(world.ledger, LIMITS, 0)
    for body in ({}, [], {"FixedAmountRequest": {"recipient": "bob"}}):
        status, answer = await answer_of(Faucet(world.ledger, feed), body)
        assert status == 400
        assert answer["status"]["Failure"]["internal"]
    feed.close()
