"""Payloads that token owners bring: kept over a restart, for a while, and not more than may wait."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.bindings.events import EVENTS
from chain.payload import sealed_hash
from enclave.book import Book
from enclave.door_limits import DoorLimits
from enclave.execution_errors import CrowdedError
from enclave.execution_limits import ExecutionLimits
from enclave.records import Expected, Payload
from sui.types import Address
from tests.enclave.executor_world import START_MS, TOKEN, Death, Life, MemoryLog, World

LIMITS = DoorLimits(token_puts=3, token_put_bytes=100, all_put_bytes=150)
OTHER = b"\x44" * 32


def book(records: list[bytes]) -> Book:
    return Book(MemoryLog(records, Death()), ExecutionLimits(payloads_kept_bytes=200))


def payload(fill: int, size: int, token: bytes = bytes(TOKEN), until: int = START_MS) -> Payload:
    sealed = bytes([fill]) * size
    return Payload(sealed_hash(sealed), sealed, until, token)


def test_they_survive_the_executor_and_are_forgotten_after_their_time():
    records: list[bytes] = []
    brought = payload(1, 50)
    book(records).put(brought, LIMITS)
    again = book(records)
    assert again.payload(brought.payload_hash) == brought.sealed
    again.forget(START_MS)
    assert again.payload(brought.payload_hash) == brought.sealed
    again.forget(START_MS + 1)
    assert again.payload(brought.payload_hash) is None


def test_what_is_known_is_written_once():
    records: list[bytes] = []
    kept = book(records)
    for _ in range(5):
        kept.put(payload(1, 50), LIMITS)
    assert len(records) == 1


@pytest.mark.parametrize(("sizes", "last"), [((1, 1, 1), 1), ((60, 40), 1), ((60,), 41)])
def test_one_token_brings_no_more_than_it_may(sizes, last):
    kept = book([])
    for number, size in enumerate(sizes):
        kept.put(payload(number, size), LIMITS)
    with pytest.raises(CrowdedError, match="this token"):
        kept.put(payload(99, last), LIMITS)
    kept.put(payload(99, last, OTHER), LIMITS)
    kept.forget(START_MS + 1)
    kept.put(payload(99, last), LIMITS)


def test_all_tokens_together_leave_room_for_our_own_gateway():
    kept = book([])
    kept.put(payload(1, 100), LIMITS)
    with pytest.raises(CrowdedError, match="too many payloads wait"):
        kept.put(payload(2, 51, OTHER), LIMITS)
    kept.put(payload(2, 50, OTHER), LIMITS)
    kept.expect(Expected(b"d" * 32, b"", b"", START_MS), [payload(3, 50, b"")])
    assert kept.payload(sealed_hash(b"\x03" * 50)) is not None


async def test_who_only_names_anothers_payload_takes_nothing_from_him():
    world = World()
    whole = world.ask("PUT", body=b"mine")
    sealed = b"".join(whole.event.payload)
    owners = beside(whole)
    strangers = beside(whole, token=Address(OTHER), request_id=Address(b"\x0c" * 32))
    # The stranger's event comes first.
    world.asked[:] = [strangers, owners]
    shared = world.ledger.objects[owners.event.request_id]
    ref = replace(shared.ref, object_id=strangers.event.request_id)
    world.ledger.objects[strangers.event.request_id] = replace(shared, ref=ref)
    life = Life(world)
    life.book.put(Payload(owners.event.payload_hash, sealed, START_MS + 60_000, bytes(TOKEN)))
    assert await life.live()
    assert world.stored[bytes(strangers.event.request_id)].status == 400
    assert world.opened(owners)[0] == 201
    assert life.book.payload(owners.event.payload_hash) is None


def beside(asked, **changes):
    """The same request with its payload beside the chain, and other changes."""
    event = replace(asked.event, payload=(), **changes)
    digest = bytes(event.request_id)
    record = replace(asked.record, contents=EVENTS["K8sAPIRequest"].encode(event), digest=digest)
    return replace(asked, event=event, record=record)
