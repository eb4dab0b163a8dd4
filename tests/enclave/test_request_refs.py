"""Where requests began as shared objects: asked for together, remembered, asked for again where nothing was shown."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING

import pytest

from chain.bindings.arguments import SharedRef
from chain.errors import BadLedgerAnswerError, LedgerUnreachableError
from chain.ledger import LedgerObject
from chain.memory_ledger import MemoryLedger, Verdict
from enclave.request_refs import RequestRefs
from sui.types import Address, Digest, ObjectRef, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Sequence

IDS = [Address(bytes([n]) * 32) for n in range(1, 9)]


class Ledger(MemoryLedger):
    """Counts what it is asked."""

    def __init__(self) -> None:
        super().__init__(lambda _data, _digest: Verdict(), rng=Random(1))
        self.asked: list[int] = []
        for place, each in enumerate(IDS):
            self.objects[each] = LedgerObject(
                ObjectRef(each, 90, Digest(bytes(32))), SharedOwner(place + 10), None, b""
            )

    async def get_objects(self, object_ids: Sequence[Address]) -> list[LedgerObject | None]:
        self.asked.append(len(object_ids))
        return await super().get_objects(object_ids)


async def test_what_is_asked_for_within_a_moment_is_one_call():
    ledger = Ledger()
    refs = RequestRefs(ledger, asyncio.sleep, 0.01)
    found = await asyncio.gather(*(refs.of([each]) for each in IDS))
    assert [one[bytes(each)] for one, each in zip(found, IDS, strict=True)] == [
        SharedRef(each, place + 10) for place, each in enumerate(IDS)
    ]
    assert ledger.asked == [8]
    assert len(await refs.of(IDS)) == 8
    assert ledger.asked == [8]
    refs.forget(IDS[0])
    assert len(await refs.of(IDS)) == 8
    assert ledger.asked == [8, 1]


async def test_what_the_ledger_does_not_show_is_left_out_and_asked_for_again():
    ledger = Ledger()
    refs = RequestRefs(ledger, asyncio.sleep, 0)
    hidden = ledger.objects.pop(IDS[0])
    assert list(await refs.of(IDS[:2])) == [bytes(IDS[1])]
    ledger.objects[IDS[0]] = hidden
    assert len(await refs.of(IDS[:2])) == 2
    assert ledger.asked == [2, 1]


async def test_a_failure_is_told_to_all_who_asked_and_the_next_call_asks_anew():
    ledger = Ledger()
    refs = RequestRefs(ledger, asyncio.sleep, 0.01)
    ledger.faults.unreachable = True
    told = await asyncio.gather(*(refs.of([each]) for each in IDS), return_exceptions=True)
    assert [type(each) for each in told] == [LedgerUnreachableError] * 8
    ledger.faults.unreachable = False
    assert len(await refs.of(IDS)) == 8


async def test_one_who_gives_up_does_not_end_the_call_of_the_others():
    ledger = Ledger()
    refs = RequestRefs(ledger, asyncio.sleep, 0.02)
    first, second = asyncio.create_task(refs.of(IDS[:1])), asyncio.create_task(refs.of(IDS[1:2]))
    await asyncio.sleep(0)
    first.cancel()
    assert len(await second) == 1
    assert ledger.asked == [2]


async def test_a_request_that_is_not_shared_is_a_broken_node():
    ledger = Ledger()
    ledger.objects[IDS[0]] = LedgerObject(ObjectRef(IDS[0], 90, Digest(bytes(32))), None, None, b"")
    with pytest.raises(BadLedgerAnswerError, match="not a shared object"):
        await RequestRefs(ledger, asyncio.sleep, 0).of(IDS[:1])
