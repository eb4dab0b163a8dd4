"""One request's whole way over the ports: sealed, decided, answered, opened."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
import structlog.testing

from chain.clock import LedgerClock
from chain.errors import OutcomeUnknownError, TransactionRefusedError
from chain.rules import Envelope
from gateway.errors import DeniedError, GasError, OverdueError, StreamError
from gateway.limits import Limits
from gateway.messages import HttpRequest, HttpResponse
from gateway.service import StreamingResponse
from sui.types import Digest
from tests.gateway.conftest import Monotonic, ask, make_gateway, read
from tests.gateway.world import NOW_MS, Owner, address

PODS = "/api/v1/namespaces/default/pods"
DIGEST = str(Digest(bytes([9]) * 32))


async def test_an_answer_comes_back_with_its_request_id(world, gateway, alice):
    world.handler = lambda _: HttpResponse(
        201, (("Content-Type", "application/json"), ("Audit-ID", "k3s's own"), ("Connection", "close")), b'{"a":1}'
    )
    response = await gateway.handle(ask(world, alice, "POST", PODS, body=b"\x6b\x38\x73\x00bytes"))
    assert (response.status, response.body) == (201, b'{"a":1}')
    assert response.headers == (("Content-Type", "application/json"), ("Audit-ID", str(address(5001))))
    assert world.submissions[0].envelope == Envelope("create", "", "pods", "", "default")
    assert world.requests[0].body == b"\x6b\x38\x73\x00bytes"


async def test_only_known_headers_are_forwarded_and_no_secret(world, gateway, alice):
    kept = (("Accept", "application/json;as=Table"), ("User-Agent", "kubectl"), ("Kubectl-Command", "kubectl get"))
    dropped = (("X-Remote-User", "admin"), ("X-Forwarded-For", "1.2.3.4"), ("Connection", "upgrade"), ("Cookie", "a"))
    await gateway.handle(ask(world, alice, "GET", PODS, *kept, *dropped))
    assert world.requests[0].headers == kept
    assert alice.secret not in world.submissions[0].sealed
    assert "reply_secret" not in repr(world.submissions[0])


async def test_every_request_is_sealed_anew(world, gateway, alice):
    for _ in range(2):
        await gateway.handle(ask(world, alice, "GET", PODS))
    first, second = world.submissions
    assert first.payload_hash != second.payload_hash


async def test_a_large_answer_is_fetched_and_its_hash_checked(world, gateway, alice):
    world.handler = lambda _: HttpResponse(200, (), b"x" * 100_000)
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).body == b"x" * 100_000

    async def another(_identity, _body_hash, length):
        return b"y" * length

    world.fetch = another
    response = await gateway.handle(ask(world, alice, "GET", PODS))
    assert response.status == 502
    assert response.header("Audit-ID") == str(address(5002))
    assert response.header("Retry-After") is None


async def test_a_body_that_is_gone_is_a_504_without_a_hint(world, gateway, alice):
    world.handler = lambda _: HttpResponse(200, (), b"x" * 100_000)
    world.tamper = lambda answer: world.bodies.clear() or answer
    response = await gateway.handle(ask(world, alice, "GET", PODS))
    assert (response.status, response.header("Retry-After")) == (504, None)


@pytest.mark.parametrize(
    "tamper",
    [
        lambda a: replace(a, body=a.body[:-1] + bytes([a.body[-1] ^ 1])),
        lambda a: replace(a, body_length=a.body_length + 1),
        lambda a: replace(a, status=404),
    ],
    ids=["content", "length", "status"],
)
async def test_an_altered_answer_is_no_answer(world, gateway, alice, tamper):
    world.tamper = tamper
    response = await gateway.handle(ask(world, alice, "GET", PODS))
    assert response.status == 502
    assert b"hello" not in response.body


@pytest.mark.parametrize("status", [400, 410, 504, 200])
async def test_an_answer_without_content_is_put_into_words(world, gateway, alice, status):
    world.tamper = lambda a: replace(a, status=status, body=b"", body_length=0, body_hash=b"")
    response = await gateway.handle(ask(world, alice, "POST", PODS))
    assert response.status == (status if status >= 400 else 502)
    assert json.loads(response.body)["kind"] == "Status"
    assert response.header("Audit-ID") == str(address(5001))


async def test_a_denial_says_why_and_proves_it(world, gateway, alice):
    world.denied = DeniedError("the token's stake is below the cluster's minimum", DIGEST)
    response = await gateway.handle(ask(world, alice, "POST", PODS))
    message = json.loads(response.body)["message"]
    assert response.status == 403
    assert "stake is below" in message
    assert DIGEST in message


async def test_a_lasting_denial_is_repeated_until_the_token_changes(world, gateway, alice):
    world.denied = DeniedError("the token is revoked", DIGEST, lasting=True)
    for _ in range(3):
        response = await gateway.handle(ask(world, alice, "GET", PODS))
        assert response.status == 403
        assert DIGEST in json.loads(response.body)["message"]
    assert len(world.submissions) == 1
    # A read was denied; of changes nothing is known yet.
    await gateway.handle(ask(world, alice, "POST", PODS))
    assert len(world.submissions) == 2
    world.revoke(alice)
    await gateway.handle(ask(world, alice, "GET", PODS))
    assert len(world.submissions) == 3
    world.conditions += 1
    await gateway.handle(ask(world, alice, "GET", PODS))
    assert len(world.submissions) == 4
    world.denied = None
    world.conditions += 1
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).status == 200


async def test_a_passing_denial_is_not_kept(world, gateway, alice):
    world.denied = DeniedError("the deadline has passed", DIGEST)
    await gateway.handle(ask(world, alice, "GET", PODS))
    world.denied = None
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).status == 200


@pytest.mark.parametrize(("method", "retry"), [("GET", "1"), ("POST", None), ("DELETE", None)])
async def test_nothing_sent_is_503_and_only_reads_are_repeated(world, gateway, alice, method, retry):
    world.unreachable = True
    response = await gateway.handle(ask(world, alice, method, PODS))
    assert (response.status, response.header("Retry-After")) == (503, retry)
    assert json.loads(response.body)["details"].get("retryAfterSeconds") == (int(retry) if retry else None)
    world.unreachable = False
    world.denied = GasError("the purse is empty")
    response = await gateway.handle(ask(world, alice, method, PODS))
    assert (response.status, response.header("Retry-After")) == (503, retry)
    assert b"the purse is empty; nothing was sent" in response.body
    world.denied = TransactionRefusedError("an object is locked")
    response = await gateway.handle(ask(world, alice, method, PODS))
    assert (response.status, response.header("Retry-After")) == (503, retry)


async def test_what_came_too_late_is_504_and_nothing_was_done(world, gateway, alice):
    world.denied = OverdueError("late")
    response = await gateway.handle(ask(world, alice, "POST", PODS))
    assert (response.status, response.header("Retry-After")) == (504, None)
    assert b"nothing was done" in response.body


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_unknown_outcome_is_504_and_never_repeated(world, gateway, alice, method):
    world.denied = OutcomeUnknownError("lost", Digest(bytes([9]) * 32))
    response = await gateway.handle(ask(world, alice, method, PODS))
    assert (response.status, response.header("Retry-After")) == (504, None)
    assert DIGEST.encode() in response.body


async def test_a_passed_deadline_is_504_with_the_request_id(world, alice):
    gateway = make_gateway(world, Limits(answer_grace_ms=20, request_deadline_ms=10, deadline_margin_ms=0))
    world.stopped = True
    response = await gateway.handle(ask(world, alice, "POST", PODS))
    assert (response.status, response.header("Retry-After")) == (504, None)
    assert response.header("Audit-ID") == str(address(5001))


@pytest.mark.parametrize(
    ("target", "wanted_ms"),
    [
        (PODS, 58_000),
        (PODS + "?timeout=10s", 15_000),
        (PODS + "?timeout=1m30s", 58_000),
        (PODS + "?timeout=nonsense", 58_000),
        (PODS + "?timeout=0s", 58_000),
        (PODS + "?watch=1", 598_000),
        (PODS + "?watch=1&timeoutSeconds=60", 65_000),
        (PODS + "?watch=1&timeoutSeconds=100000", 598_000),
    ],
)
async def test_the_deadline_is_what_the_client_waits_within_the_contracts_limit(
    world, gateway, alice, target, wanted_ms
):
    response = await gateway.handle(ask(world, alice, "GET", target))
    await read(response)
    assert world.submissions[0].deadline_ms == NOW_MS + wanted_ms


async def test_a_change_carries_a_retry_hint_only_from_429(world, gateway, alice):
    for status, kept in [(429, "7"), (503, None), (500, None)]:
        world.handler = lambda _, status=status: HttpResponse(status, (("Retry-After", "7"),), b"{}")
        assert (await gateway.handle(ask(world, alice, "POST", PODS))).header("Retry-After") == kept
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).header("Retry-After") == "7"


async def test_limits_give_429_with_a_hint_and_end(world, alice):
    clock = Monotonic()
    gateway = make_gateway(world, Limits(token_burst=2, token_rate_per_s=1.0), clock)
    statuses = [(await gateway.handle(ask(world, alice, "GET", PODS))).status for _ in range(3)]
    assert statuses == [200, 200, 429]
    response = await gateway.handle(ask(world, alice, "POST", PODS))
    assert (response.status, response.header("Retry-After")) == (429, "1")
    bob = world.own(Owner(12))
    assert (await gateway.handle(ask(world, bob, "GET", PODS))).status == 200
    clock.now_s += 1.0
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).status == 200


async def test_so_many_requests_of_a_token_and_so_many_in_flight(world, alice):
    gateway = make_gateway(world, Limits(token_requests=6, requests_in_flight=3))
    world.hold.clear()
    tasks = [asyncio.create_task(gateway.handle(ask(world, alice, "GET", PODS))) for _ in range(8)]
    await asyncio.sleep(0.05)
    assert [task.result().status for task in tasks if task.done()] == [429, 429]
    assert len(world.submissions) == 3
    world.hold.set()
    assert sorted(response.status for response in await asyncio.gather(*tasks)) == [200] * 6 + [429] * 2
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).status == 200


async def test_a_cancelled_request_gives_its_place_back(world, alice):
    gateway = make_gateway(world, Limits(token_requests=1, requests_in_flight=1))
    world.hold.clear()
    task = asyncio.create_task(gateway.handle(ask(world, alice, "GET", PODS)))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    world.hold.set()
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).status == 200


async def test_a_watch_streams_what_the_enclave_sends(world, gateway, alice):
    world.frames = [b'{"type":"ADDED"}\n', b'{"type":"BOOKMARK"}\n']
    response = await gateway.handle(ask(world, alice, "GET", PODS + "?watch=1"))
    assert isinstance(response, StreamingResponse)
    assert response.head.status == 200
    assert response.head.headers == (("Content-Type", "application/json"), ("Audit-ID", str(address(5001))))
    assert await read(response) == b"".join(world.frames)
    assert world.submissions[0].stream
    assert response.ended
    assert world.streams_closed == 1


async def test_a_watch_that_may_not_begin_gets_its_answer(world, gateway, alice):
    world.refuse_stream = True
    world.handler = lambda _: HttpResponse(410, (), b'{"kind":"Status"}')
    response = await gateway.handle(ask(world, alice, "GET", PODS + "?watch=1"))
    assert (response.status, response.body) == (410, b'{"kind":"Status"}')


async def test_a_cut_stream_is_not_ended_as_if_it_were_whole(world, gateway, alice):
    world.cut_stream, world.frames = True, [b"a"]
    response = await gateway.handle(ask(world, alice, "GET", PODS + "?watch=1"))
    with pytest.raises(StreamError):
        await read(response)
    assert not response.ended


async def test_watches_have_a_place_of_their_own_and_give_it_back(world, alice):
    gateway = make_gateway(world, Limits(token_streams=1, requests_in_flight=1))
    world.hold.clear()
    first = await gateway.handle(ask(world, alice, "GET", PODS + "?watch=1"))
    assert (await gateway.handle(ask(world, alice, "GET", PODS + "?watch=1"))).status == 429
    world.hold.set()
    assert (await gateway.handle(ask(world, alice, "GET", PODS))).status == 200
    await first.close()
    await first.close()
    second = await gateway.handle(ask(world, alice, "GET", PODS + "?watch=1"))
    assert isinstance(second, StreamingResponse)
    await second.close()


async def test_before_the_ledger_was_seen_reads_are_asked_to_wait(alice, world):
    world.now_ms = LedgerClock().now_ms
    gateway = make_gateway(world)
    for method, retry in [("GET", "1"), ("POST", None)]:
        response = await gateway.handle(ask(world, alice, method, PODS))
        assert (response.status, response.header("Retry-After")) == (503, retry)


async def test_the_log_has_the_split_and_nothing_secret(world, gateway, alice):
    with structlog.testing.capture_logs() as lines:
        await gateway.handle(ask(world, alice, "POST", "/api/v1/namespaces/default/secrets", body=b"marker-7731"))
        await gateway.handle(HttpRequest("GET", PODS, (("Authorization", "Bearer marker-7731"),)))
    answered = next(line for line in lines if line["event"] == "answered")
    assert answered["request_id"] == str(address(5001))
    assert {"submit_ms", "finality_ms", "execute_ms", "store_ms", "total_ms"} <= answered.keys()
    text = repr(lines)
    assert "marker-7731" not in text
    assert alice.bearer(world) not in text


async def test_a_superseded_enclave_is_said_in_words_and_not_repeated(world, gateway, alice):
    request = ask(world, alice, "GET", PODS)
    world.superseded = True
    response = await gateway.handle(request)
    assert (response.status, response.header("Retry-After")) == (503, None)
    assert b"start `k3s-daas proxy` anew" in response.body
