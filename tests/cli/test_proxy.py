"""The proxy as a whole, before an enclave in memory whose side door is the real one."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
from dataclasses import replace

import aiohttp
import pytest
import yaml
from click.testing import CliRunner

from chain.bindings.abort import own_words
from chain.errors import NotFoundError
from cli import root
from cli.errors import CommandError
from cli.purse import PURSE_LIMITS
from sui.keys import Ed25519Key
from sui.transaction import TRANSACTION_DATA, MoveCall
from sui.types import Digest
from tests.cli.coin_ledger import GAS_MIST
from tests.cli.proxy_world import OWNER, TOKEN, ProxyWorld, token_changed

PODS = "/api/v1/namespaces/default/pods"
SUI = 1_000_000_000


@pytest.fixture
def world() -> ProxyWorld:
    made = ProxyWorld()
    made.ledger.give(OWNER.address, 5 * SUI)
    return made


@pytest.fixture
def out(tmp_path):
    return tmp_path / "kubeconfig-proxy"


@contextlib.asynccontextmanager
async def client(out, bearer=None):
    """Who reads the kubeconfig; another bearer if one is given."""
    config = yaml.safe_load(out.read_text())
    cluster = config["clusters"][0]["cluster"]
    tls = ssl.create_default_context(cadata=base64.b64decode(cluster["certificate-authority-data"]).decode())
    secret = bearer if bearer is not None else config["users"][0]["user"]["token"]
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {secret}"}) as session:

        def ask(method, target, **options):
            name = cluster["tls-server-name"]
            return session.request(method, cluster["server"] + target, ssl=tls, server_hostname=name, **options)

        yield ask


async def asked(out, method, target, bearer=None, **options):
    async with client(out, bearer) as ask, ask(method, target, **options) as response:
        return response.status, await response.read()


async def refused(out):
    """Wait until requests are refused."""
    async with asyncio.timeout(10):
        while (await asked(out, "GET", PODS))[0] == 200:  # noqa: ASYNC110 - what is waited for knows of no event
            await asyncio.sleep(0.01)


async def test_a_request_is_the_owners_own_transaction(world, out):
    await world.activate()
    async with world.running(out) as (told, _):
        assert told["address"] == str(OWNER.address)
        assert (told["token"], told["kubeconfig"]) == (str(TOKEN), str(out))
        assert await asked(out, "POST", PODS, data=b"abc") == (200, b"POSTabc")
    [(request, _)] = world.requests.values()
    assert (request.sender, request.session, request.token) == (OWNER.address, b"", TOKEN)
    [sent] = [
        done for done in world.ledger.transactions.values() if any(e.type.name == "K8sAPIRequest" for e in done.events)
    ]
    calls = [c.function for c in TRANSACTION_DATA.decode(sent.transaction).kind.commands if isinstance(c, MoveCall)]
    assert calls == ["submit"]


async def test_what_is_large_goes_through_the_side_door(world, out):
    await world.activate()
    body = bytes(range(256)) * 800
    async with world.running(out):
        assert await asked(out, "POST", PODS, data=body) == (200, b"POST" + body)
    assert [who for who, _, _ in world.door.executor.payloads.values()] == [TOKEN]
    assert len(world.door.executor.bodies) == 1


async def test_a_full_enclave_is_said_and_nothing_is_sent(world, out):
    await world.activate()
    world.door.executor.crowded = True
    async with world.running(out):
        status, body = await asked(out, "POST", PODS, data=bytes(100_000))
    assert (status, "nothing was sent" in json.loads(body)["message"]) == (429, True)
    assert not world.requests


async def test_a_watch_comes_through_the_side_door(world, out):
    await world.activate()
    world.frames = [b"one\n", b"two\n"]
    async with world.running(out):
        assert await asked(out, "GET", f"{PODS}?watch=1") == (200, b"one\ntwo\n")


async def test_discovery_goes_through_the_side_door(world, out):
    await world.activate()
    async with world.running(out):
        assert await asked(out, "GET", "/api") == (200, b"/api")
    assert not world.requests


async def test_many_at_a_time_share_transactions_and_no_coins(world, out):
    await world.activate()
    async with world.running(out):
        told = await asyncio.gather(*(asked(out, "POST", PODS, data=b"%d" % number) for number in range(30)))
    assert {body for _, body in told} == {b"POST%d" % number for number in range(30)}
    payments = []
    for done in world.ledger.transactions.values():
        data = TRANSACTION_DATA.decode(done.transaction)
        if data.sender == OWNER.address:
            payments += data.gas_data.payment
    assert len(set(payments)) == len(payments) < 31


async def test_another_bearer_is_401(world, out):
    await world.activate()
    async with world.running(out):
        secret = yaml.safe_load(out.read_text())["users"][0]["user"]["token"]
        for bearer in ("", "x", secret[:-1], secret + "x"):
            assert (await asked(out, "GET", PODS, bearer))[0] == 401
    assert not world.requests


async def test_the_kubeconfig_is_private_and_gone_at_the_end(world, out):
    await world.activate()
    async with world.running(out):
        assert out.stat().st_mode & 0o777 == 0o600
        first = yaml.safe_load(out.read_text())
    assert not out.exists()
    async with world.running(out):
        second = yaml.safe_load(out.read_text())
    assert first["users"] != second["users"]
    assert first["clusters"] != second["clusters"]


async def test_what_another_proxy_wrote_meanwhile_stays(world, out):
    await world.activate()
    async with world.running(out):
        out.write_text("k3s-daas-proxy of somebody else")
    assert out.exists()


async def test_nothing_that_no_proxy_wrote_is_replaced(world, out):
    await world.activate()
    out.write_text("my own clusters")
    with pytest.raises(CommandError, match="name another file"):
        async with world.running(out):
            pass
    assert out.read_text() == "my own clusters"


async def test_a_superseded_enclave_ends_it_in_words(world, out, capsys):
    await world.activate()
    async with world.running(out) as (_, task):
        assert (await asked(out, "GET", PODS))[0] == 200
        await world.supersede()
        await refused(out)
        for method in ("GET", "POST"):
            status, body = await asked(out, method, PODS)
            assert (status, "start `k3s-daas proxy` anew" in json.loads(body)["message"]) == (503, True)
        assert not task.done()
    assert capsys.readouterr().err.count("active enclave has changed") == 1


async def test_a_lasting_denial_is_repeated_from_memory(world, out):
    await world.activate()
    pool = own_words().constants["seal_token"]
    code = 1 << 63 | pool.index(b"ERevoked") << 16 | pool.index(b"ERevoked") + 1
    world.contract.aborts["pods"] = ("seal_token", code)
    async with world.running(out):
        (status, first), (again, second) = [await asked(out, "POST", PODS) for _ in range(2)]
    assert (status, again) == (403, 403)
    assert pool[pool.index(b"ERevoked") + 1].decode() in json.loads(first)["message"]
    assert "denied before and unchanged since" in json.loads(second)["message"]


async def test_an_account_without_sui_cannot_begin(out):
    world = ProxyWorld()
    await world.activate()
    with pytest.raises(CommandError, match="send it SUI"):
        async with world.running(out):
            pass
    assert not out.exists()


async def test_an_account_that_runs_dry_is_said_with_each_request(out):
    world = ProxyWorld()
    world.ledger.give(OWNER.address, PURSE_LIMITS.least_mist + GAS_MIST)
    await world.activate()
    async with world.running(out):
        told = [await asked(out, "GET", PODS) for _ in range(4)]
    assert [status for status, _ in told] == [200, 200, 503, 503]
    assert f"ledger faucet {OWNER.address}" in json.loads(told[-1][1])["message"]


async def test_a_token_that_no_event_tells_of_is_said(world, out):
    await world.activate(announce=False)
    with pytest.raises(CommandError, match="token announce"):
        async with world.running(out):
            pass


async def test_an_enclave_that_was_never_activated_is_said(world, out):
    with pytest.raises(NotFoundError):
        async with world.running(out):
            pass


async def test_another_chain_than_the_cluster_files_is_refused(world, out):
    await world.activate()
    plan = world.plan(out, 1)
    with pytest.raises(CommandError, match="serves chain"):
        async with world.running(out, file=replace(plan.file, chain_id=Digest(b"\x66" * 32))):
            pass


async def test_a_place_that_is_taken_is_said(world, out):
    await world.activate()
    async with world.running(out) as (told, _):
        port = int(told["listen"].rpartition(":")[2])
        with pytest.raises(CommandError, match="choose another address"):
            async with world.running(out.with_name("other"), port=port):
                pass


async def test_rules_that_events_narrow_hold_at_once(world, out):
    await world.activate()
    async with world.running(out):
        assert (await asked(out, "GET", PODS))[0] == 200
        narrowed = token_changed(rules=(), revision=2)
        await world.emit("SealTokenChanged", "seal_token", "announce_token", narrowed, TOKEN)
        await refused(out)
        assert (await asked(out, "GET", PODS))[0] == 403


async def test_tickets_of_another_key_open_nothing(world, out):
    await world.activate()
    stranger = Ed25519Key.generate(b"\x42" * 32)
    world.ledger.coins[stranger.address] = []
    world.ledger.give(stranger.address, 5 * SUI)
    async with world.running(out, key=stranger):
        status, body = await asked(out, "GET", "/api")
        assert (status, "opens nothing here" in json.loads(body)["message"]) == (503, True)
        assert (await asked(out, "POST", PODS, data=bytes(50_000)))[0] == 503
    assert not world.requests


def test_the_command_says_how_and_refuses_what_is_no_place(tmp_path):
    runner = CliRunner(env={"K3S_DAAS_HOME": str(tmp_path)})
    told = runner.invoke(root.root, ["proxy", "--help"])
    assert told.exit_code == 0
    assert "Ctrl-C" in told.output
    for place in ("nowhere", "127.0.0.1", "127.0.0.1:x", ":8443", "127.0.0.1:99999"):
        assert runner.invoke(root.root, ["proxy", "--listen", place]).exit_code == 2
