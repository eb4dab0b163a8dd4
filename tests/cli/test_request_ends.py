"""`request expire`, `request receipt`: who may end a request and when, what comes back, and to whom."""

import asyncio
import os
import time

import pytest

from chain.account import Account
from chain.bindings import calls
from chain.bindings.calls import Answer, submission
from chain.grpc_ledger import GrpcLedger
from chain.payload import sealed_hash
from chain.statements import ANSWER_DOMAIN, ANSWER_STATEMENT, AnswerStatement
from chain.store import build_store
from cli.home import Home
from cli.keys import Keys
from sui.builder import ProgrammableBuilder
from tests.cli import stand as s

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]

DEPOSIT = 5_000_000


@pytest.fixture(scope="module")
def quick(stand, tmp_path_factory):
    """A system whose requests can soon be answered no more."""
    folder = tmp_path_factory.mktemp("quick")
    return s.set_up(folder, stand.localnet, stand.enclave.authority, delays=("answer_window=1s",))


async def submit(stand, *, deadline_s, answered):
    """Ask as the owner himself, with a deposit for a receipt; let the enclave answer where that is wanted."""
    ledger = GrpcLedger.connect(stand.localnet.listen)
    try:
        owner = Account(ledger, Keys(Home(stand.home)).find("user"), words=lambda abort: abort.description)
        cluster, enclave = await owner.shared(stand.file.cluster), await owner.shared(stand.enclave.object_id)
        builder = ProgrammableBuilder()
        deadline = int(time.time() * 1000) + int(deadline_s * 1000)
        asked = submission(s.GET_PODS, os.urandom(64), deadline=deadline, inline_bytes=8192)
        token = await owner.shared(s.Address.parse(stand.tokens["user"]))
        calls.submit_with_receipt(
            builder, stand.contract, cluster=cluster, enclave=enclave, token=token, asked=asked, deposit=DEPOSIT
        )
        done = await owner.execute(builder)
        raw = next(event for event in done.events if event.type.name == "K8sAPIRequest")
        event = s.decode_event(stand.file.package, raw.type, raw.contents)
        if answered:
            await _answer(stand, ledger, event)
        return str(event.request_id)
    finally:
        await ledger.close()


async def _answer(stand, ledger, event):
    account = Account(ledger, stand.enclave.key, words=lambda abort: abort.description)
    body = b"sealed"
    statement = AnswerStatement(
        domain=ANSWER_DOMAIN,
        chain_id=bytes(stand.file.chain_id),
        package=stand.file.package,
        cluster=event.cluster,
        enclave=event.enclave,
        epoch=event.epoch,
        sequence=1,
        config_version=event.config_version,
        request_id=event.request_id,
        payload_hash=event.payload_hash,
        status=200,
        body_hash=sealed_hash(body),
        executed_at=event.asked_at,
        answer_until=event.answer_until,
    )
    answer = Answer(
        request=await account.shared(event.request_id),
        sequence=1,
        status=200,
        body=body,
        body_hash=sealed_hash(body),
        body_length=len(body),
        executed_at=event.asked_at,
        signature=stand.enclave.key.sign(ANSWER_STATEMENT.encode(statement)),
    )
    cluster, enclave = await account.shared(event.cluster), await account.shared(event.enclave)
    await account.execute(s.Finished(build_store(stand.contract, cluster, enclave, [answer])), budget=50_000_000)


def test_the_requester_expires_and_gets_his_deposit_back(quick):
    request_id = asyncio.run(submit(quick, deadline_s=2, answered=False))
    assert "can still be answered" in quick.run("request", "expire", request_id, code=1).stderr
    time.sleep(3.5)
    assert "only its requester" in quick.run("request", "expire", request_id, "--sender", "poor", code=1).stderr
    assert quick.json("request", "expire", request_id, "--dry-run")["dry_run"]
    told = quick.json("request", "expire", request_id)
    assert told["digest"]
    assert told["deposit"] == DEPOSIT
    assert "no request" in quick.run("request", "expire", request_id, code=1).stderr
    assert "no request" in quick.run("request", "expire", quick.tokens["user"], code=1).stderr


def test_a_receipt_is_listed_and_deleted_for_its_storage(quick):
    assert quick.json("request", "receipt", "list") == []
    request_id = asyncio.run(submit(quick, deadline_s=20, answered=True))
    [told] = quick.json("request", "receipt", "list")
    assert (told["request_id"], told["status"]) == (request_id, 200)
    receipt = told["receipt"]
    assert receipt in quick.run("request", "receipt", "list").stdout
    assert "--yes" in quick.run("request", "receipt", "delete", receipt, code=1).stderr
    assert quick.json("request", "receipt", "delete", receipt, "--dry-run")["dry_run"]
    assert "no receipt" in quick.run("request", "receipt", "delete", quick.tokens["user"], "--yes", code=1).stderr
    assert quick.json("request", "receipt", "delete", receipt, "--yes")["rebate"] > 0
    assert quick.json("request", "receipt", "list") == []
