"""An owner who seals something else than he tells the contract loses a part of his stake, and everybody sees it."""

import asyncio
import os
import time

import pytest

from chain.account import Account
from chain.bindings.arguments import Contract
from chain.bindings.calls import submission
from chain.bindings.events import EnclaveRegistered
from chain.cluster_file import read_cluster_file
from chain.grpc_ledger import GrpcLedger
from chain.history import find_event
from chain.payload import RequestContext, RequestPlaintext, encode_request
from chain.rules import Envelope
from chain.sealing import HpkePublicKey
from chain.submit import SubmitOrder, build_submit, request_ids
from cli.home import Home
from cli.keys import Keys
from sui.types import Address
from tests.cli.stand import Finished

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]
SAYS = Envelope("get", "", "configmaps", "", "default")
BPS = 10_000


async def ask(stack, token, owner, *, target, says=SAYS):
    """Have a token's owner submit by himself a request that says one thing, whatever it holds; gives its id."""
    file = read_cluster_file(stack.home / "cluster.json")
    ledger = GrpcLedger.connect(file.ledger, ca=file.ledger_ca)
    try:
        account = Account(ledger, Keys(Home(stack.home)).find(owner), words=lambda abort: abort.description)
        _, registered = await find_event(
            ledger,
            file.package,
            "EnclaveRegistered",
            lambda found: isinstance(found, EnclaveRegistered) and found.enclave == file.active_enclave,
        )
        deadline = int(time.time() * 1000) + 20_000
        context = RequestContext(
            chain_id=bytes(file.chain_id),
            package=file.package,
            cluster=file.cluster,
            enclave=file.active_enclave,
            token=Address.parse(token),
            sender=account.address,
            deadline=deadline,
            envelope=says,
        )
        inside = RequestPlaintext(os.urandom(32), "GET", target, (), b"")
        sealed = HpkePublicKey(registered.hpke_key).seal(encode_request(inside), context.info())
        order = SubmitOrder(
            await account.shared(Address.parse(token)),
            submission(says, sealed, deadline=deadline, inline_bytes=8192),
        )
        program = build_submit(
            Contract(file.call_package, file.package),
            await account.shared(file.cluster),
            await account.shared(file.active_enclave),
            [order],
        )
        done = await account.execute(Finished(program), budget=50_000_000)
        return str(request_ids(done.digest, 1)[0])
    finally:
        await ledger.close()


def row_of(stack, request_id):
    """The request's row, once it is over."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        rows = [row for row in stack.json("requests", "--limit", "50") if row["request_id"] == request_id]
        if rows and rows[0]["status"] != "pending":
            return rows[0]
        time.sleep(0.3)
    raise AssertionError("the request is not over")


def test_a_lie_costs_a_part_of_the_stake_and_is_proven(stack):
    token, _, owner = stack.new_token("liar", "/configmaps:default:get")
    before = stack.json("token", "show", token)["stake"]
    request_id = asyncio.run(ask(stack, token, owner, target="/api/v1/namespaces/kube-system/secrets"))
    row = row_of(stack, request_id)
    assert row["status"] == "violation"
    assert row["answer_digest"]
    penalties = stack.json("cluster", "show")["penalties"]
    after = stack.json("token", "show", token)["stake"]
    assert before - after == before * penalties["violation_bps"] // BPS > 0
    found = stack.json("verify", request_id)
    assert found["ok"], found
    [told] = [check for check in found["checks"] if check["name"] == "answer event"]
    assert told["detail"].startswith(f"violation: {before - after} MIST")


def test_an_honest_request_that_the_owner_sends_himself_costs_nothing(stack):
    token, _, owner = stack.new_token("honest", "/configmaps:default:get")
    before = stack.json("token", "show", token)["stake"]
    request_id = asyncio.run(ask(stack, token, owner, target="/api/v1/namespaces/default/configmaps/none"))
    assert row_of(stack, request_id)["status"] == 404
    assert stack.json("token", "show", token)["stake"] == before
