"""The contract's entry points as `tools/bench_gas.py` measures them: one row of a table for each.

A row says how the transaction comes about in a world (`tests.chain.contract_world`), and who sends it. What has to be
done before, a row does itself; every row begins in a new world.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chain.bindings import calls
from chain.payload import AnswerPlaintext, Header, RequestPlaintext, encode_answer, encode_request
from chain.sealing import HPKE_OVERHEAD_BYTES
from sui.builder import ProgrammableBuilder

if TYPE_CHECKING:
    from collections.abc import Callable

# The tests' world is untyped, like all tests.
world_module: Any = importlib.import_module("tests.chain.contract_world")
World = Any

KB = 1024
BODIES = (0, KB, 8 * KB, 16 * KB, 100 * KB)
BATCH = 4
BATCH_BODIES = (0, KB, 8 * KB, 16 * KB)
_TAG_BYTES = 16


@dataclass(frozen=True)
class Entry:
    """One entry point of the contract.

    Attributes:
        name: module and function, and the case where there are several.
        sender: whose transaction it is: a field of the world, or the name of a stranger.
        build: makes the transaction for a body of so many bytes, after doing what comes before it.
        bodies: the bodies to measure, in bytes; none where the entry point takes none.
        bare: whether it begins with nothing but the published package, instead of an active enclave and a token.
    """

    name: str
    sender: str
    build: Callable[[World, int], ProgrammableBuilder]
    bodies: tuple[int, ...] = ()
    bare: bool = False


def sealed_request(body: int) -> bytes:
    """Bytes as long as a sealed kubectl request with such a body."""
    headers = (
        Header("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"),
        Header("content-type", "application/json"),
        Header("user-agent", "kubectl/v1.34.0 (linux/amd64) kubernetes/0000000"),
    )
    target = "/api/v1/namespaces/default/pods?limit=500"
    plaintext = RequestPlaintext(bytes(32), "GET", target, headers, bytes(body))
    return encode_request(plaintext) + bytes(HPKE_OVERHEAD_BYTES)


def sealed_answer(body: int) -> bytes:
    """Bytes as long as a sealed answer with such a body."""
    headers = (Header("content-type", "application/json"), Header("cache-control", "no-cache, private"))
    return encode_answer(AnswerPlaintext(200, headers, bytes(body))) + bytes(_TAG_BYTES)


def one(call: Callable[..., object], *arguments: object, **options: object) -> ProgrammableBuilder:
    """A transaction of one call of the bindings."""
    builder = ProgrammableBuilder()
    call(builder, *arguments, **options)
    return builder


def _ask(world: World, body: int) -> calls.Submission:
    asked: calls.Submission = world.ask(world_module.GET_PODS, sealed_request(body))
    return asked


def _asked(world: World, *, granted: bool = False) -> Any:
    """Submit a small request and give its id."""
    builder = world.granted(world.grant(), _ask(world, 0)) if granted else world.submission(_ask(world, 0))
    return world.events(world.do(builder, world.enclave_key if granted else world.owner))[0].request_id


def _answers(world: World, count: int, body: int) -> ProgrammableBuilder:
    requests = [_asked(world) for _ in range(count)]
    answers = [world.answer(each, sealed_answer(body), sequence=at) for at, each in enumerate(requests, 1)]
    stored: ProgrammableBuilder = world.storing(*answers)
    return stored


def _expired(world: World, late_ms: int = 0) -> ProgrammableBuilder:
    request = _asked(world)
    until = world.read(request).answer_until
    world.pass_ms(until - world.now[0] + 1 + late_ms)
    return one(calls.expire_request, world.contract, world.shared(request))


ENTRIES: tuple[Entry, ...] = (
    Entry("request::submit", "owner", lambda w, body: w.submission(_ask(w, body)), BODIES),
    Entry("request::submit_with_grant", "enclave_key", lambda w, body: w.granted(w.grant(), _ask(w, body)), BODIES),
    Entry("request::store_k8s_response", "enclave_key", lambda w, body: _answers(w, 1, body), BODIES),
    Entry(
        f"request::store_k8s_responses x{BATCH}", "enclave_key", lambda w, body: _answers(w, BATCH, body), BATCH_BODIES
    ),
    Entry("request::expire_request", "owner", lambda w, _: _expired(w)),
    Entry("request::expire_request by a keeper", "keeper", lambda w, _: _expired(w, 600_000)),
    Entry("seal_token::announce", "anyone", lambda w, _: one(calls.announce_token, w.contract, w.token)),
    Entry("seal_token::revoke", "owner", lambda w, _: one(calls.revoke_token, w.contract, w.token)),
)
