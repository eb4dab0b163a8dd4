"""The on-chain log as rows, and the transactions that ask and store."""

import itertools
from dataclasses import replace

import pytest

from chain.account import Account
from chain.bindings.arguments import Contract, SharedRef
from chain.bindings.calls import Answer, Submission, Violation
from chain.bindings.events import K8sAPIRequest, K8sRequestProcessed, Outcome
from chain.calldata import read_submits
from chain.errors import NotFoundError
from chain.grants import GrantScope, make_bearer
from chain.history import find_event, past_events
from chain.ledger import LedgerEvent
from chain.limits import LIMITS
from chain.payload import sealed_hash
from chain.requests import RequestLog, denied_rows, request_rows
from chain.store import build_store, build_violation
from chain.submit import SubmitOrder, build_submit, request_ids, signed_grant
from chain.tokens import TokenRegistry
from sui.transaction import TRANSACTION_DATA, MakeMoveVec, MoveCall
from sui.type_tag import StructTag
from sui.types import Address
from tests.chain import world as w

CONTRACT = Contract.first(w.PACKAGE)
SHARED = {name: SharedRef(i, 1) for name, i in (("cluster", w.CLUSTER), ("enclave", w.ENCLAVE), ("token", w.TOKEN))}


async def asked(ledger, count):
    for number in range(count):
        transaction, signature = w.submit_transaction([w.Asked(b"%d" % number)])
        await ledger.execute(transaction, [signature])


async def answered(ledger):
    for raw in list(ledger.events):
        if raw.type.name == "K8sAPIRequest":
            request = w.ev.EVENTS["K8sAPIRequest"].decode(raw.contents)
            transaction, signature = w.answer_transaction(w.stored_answer(request, status=201))
            await ledger.execute(transaction, [signature])


async def test_rows_join_requests_and_answers():
    ledger = w.new_ledger()
    await asked(ledger, 5)
    await answered(ledger)
    await asked(ledger, 6)
    rows = await request_rows(ledger, w.PACKAGE, w.CLUSTER, limit=100)
    assert [row.status for row in rows].count(201) == 5
    assert [row.status for row in rows].count("pending") == 1
    assert all(row.gas for row in rows)
    told = rows[0].as_json()
    assert {"request_id", "time", "who", "token", "verb", "status", "digest", "answer_digest", "gas"} <= set(told)
    assert (told["verb"], told["resource"], str(rows[0].envelope)) == ("get", "pods", "get pods in default")


def test_a_violation_is_a_row_of_its_own_kind_whatever_comes_first():
    asked_for = w.submit_transaction([w.Asked()])[0]
    raw = w.event("K8sAPIRequest", read_one(asked_for), sender=w.OWNER.address)
    request = w.ev.EVENTS["K8sAPIRequest"].decode(raw.contents)
    violation = w.stored_violation(request)
    processed = K8sRequestProcessed(request.request_id, w.CLUSTER, Outcome.VIOLATION, w.NOW + 20)
    for order in itertools.permutations([(1, request), (2, violation), (2, processed)]):
        log, completed = RequestLog(w.CLUSTER), []
        for digest, each in order:
            completed.append(log.apply(of_transaction(digest), each))
        assert [row is not None for row in completed] == [False, False, True]
        told = completed[-1].as_json()
        assert (told["status"], told["executed_at"], told["stored_at"]) == ("violation", w.NOW + 10, w.NOW + 20)
        assert told["answer_digest"] == str(w.Digest(bytes([2]) * 32))


def read_one(transaction):
    """What the contract would emit for the one request of a transaction."""
    [emitted] = w.decide(TRANSACTION_DATA.decode(transaction), w.Digest(bytes(32))).events
    return w.ev.EVENTS["K8sAPIRequest"].decode(emitted.contents)


def of_transaction(number):
    """An event's frame, as far as a row needs it."""
    digest = w.Digest(bytes([number]) * 32)
    kind = StructTag(w.PACKAGE, "events", "Any")
    return LedgerEvent(digest, 0, w.PACKAGE, "answer", w.OWNER.address, kind, b"", 1)


async def test_other_clusters_are_left_out():
    ledger = w.new_ledger()
    await asked(ledger, 2)
    assert await request_rows(ledger, w.PACKAGE, Address.parse("0x99"), limit=10) == []


async def test_denied_submissions_carry_their_reason():
    ledger = w.new_ledger()
    await asked(ledger, 3)
    denied = replace(w.GET_PODS, verb="deny")
    transaction, signature = w.submit_transaction([w.Asked(envelope=denied)])
    done = await ledger.execute(transaction, [signature])
    [row] = await denied_rows(ledger, [w.PACKAGE], w.CLUSTER, limit=5, words=lambda abort: f"code {abort.code}")
    assert (row.digest, row.reason, row.sender, row.token) == (done.digest, "code 7", w.OWNER.address, w.TOKEN)
    assert row.as_json()["verb"] == "deny"
    assert await denied_rows(ledger, [w.PACKAGE], Address.parse("0x99"), limit=5, words=str) == []


async def test_history_pages_both_ways():
    ledger = w.new_ledger()
    await asked(ledger, 25)
    limits = replace(LIMITS, events_page=4)
    for newest_first in (True, False):
        found = [
            event.payload[0]
            async for _, event in past_events(
                ledger, w.PACKAGE, ["K8sAPIRequest"], newest_first=newest_first, limits=limits
            )
        ]
        expected = [b"%d" % number for number in range(25)]
        assert found == (expected[::-1] if newest_first else expected)


async def test_one_event_is_found_or_not():
    ledger = w.new_ledger()
    await asked(ledger, 3)
    _, event = await find_event(ledger, w.PACKAGE, "K8sAPIRequest", lambda e: e.payload == (b"1",))
    assert isinstance(event, K8sAPIRequest)
    with pytest.raises(NotFoundError):
        await find_event(ledger, w.PACKAGE, "K8sAPIRequest", lambda _: False)


def test_a_revocation_is_never_taken_back():
    registry = TokenRegistry(w.CLUSTER)
    assert registry.apply(w.token_state()).allows(w.GET_PODS)
    assert registry.apply(w.token_state(revoked=True)).revoked
    assert registry.apply(w.token_state(stake=9)).revoked
    assert registry.get(w.TOKEN).stake == 9
    assert registry.apply(w.token_state(cluster=Address.parse("0x9"))) is None
    assert (len(registry), [token.token for token in registry]) == (1, [w.TOKEN])
    token = registry.get(w.TOKEN)
    assert not token.allows(w.GET_PODS, narrowed=(replace(w.RULES[0], verbs=("list",)),))


def submission(number):
    sealed = b"%d" % number * 20_000
    return Submission(w.GET_PODS, sealed, sealed_hash(sealed), len(sealed), w.NOW + 1)


def test_a_built_submission_reads_back():
    scope = GrantScope(w.CHAIN_ID, w.PACKAGE, w.CLUSTER, w.GATEWAY.address)
    bearer = make_bearer(scope, w.TOKEN, secret=b"s" * 32, not_before=1, expires_at=2, sign=w.OWNER.sign, rules=w.RULES)
    orders = [
        SubmitOrder(SHARED["token"], submission(1), signed_grant(bearer)),
        SubmitOrder(SHARED["token"], submission(2)),
    ]
    program = build_submit(CONTRACT, SHARED["cluster"], SHARED["enclave"], orders)
    calls = [c for c in program.commands if isinstance(c, MoveCall) and c.module == "request"]
    (first,), (second,) = (read_submits(program, call) for call in calls)
    assert (first.token, first.session, first.narrowed) == (w.TOKEN, bearer.grant.session, w.RULES)
    assert (first.not_before, first.grant_expires_at, first.grant_signature) == (1, 2, bearer.signature)
    assert b"".join(second.payload) == b"2" * 20_000
    assert second.session == b""
    assert bearer.secret not in b"".join(each.value for each in program.inputs if hasattr(each, "value"))
    assert len(set(request_ids(w.Digest(bytes(32)), 3))) == 3


def answer(number, size=100):
    body = bytes([number]) * size
    return Answer(
        SharedRef(Address.parse(hex(number + 1)), 5), number, 200, body, sealed_hash(body), size, 1, b"s" * 64
    )


def test_one_answer_and_several_are_built_as_the_contract_takes_them():
    one = build_store(CONTRACT, SHARED["cluster"], SHARED["enclave"], [answer(1)])
    many = build_store(CONTRACT, SHARED["cluster"], SHARED["enclave"], [answer(1), answer(2)])
    assert one.commands[-1].function == "store_k8s_response"
    assert many.commands[-1].function == "store_k8s_responses"
    assert any(isinstance(command, MakeMoveVec) for command in many.commands)


def test_a_violation_is_built_with_its_token_to_write():
    token, request = SharedRef(w.TOKEN, 4), SharedRef(Address.parse("0x55"), 5)
    program = build_violation(
        CONTRACT, SHARED["cluster"], SHARED["enclave"], Violation(request, token, 7, w.NOW, b"s" * 64)
    )
    assert [command.function for command in program.commands] == ["store_k8s_violation"]
    written = {each.arg.object_id for each in program.inputs if getattr(getattr(each, "arg", None), "mutable", False)}
    assert written == {w.TOKEN, request.object_id}


def test_an_account_says_its_address():
    assert Account(w.new_ledger(), w.OWNER, words=str).address == w.OWNER.address
