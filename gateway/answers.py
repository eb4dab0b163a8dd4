"""Stored answers, handed to whoever waits for them.

Role: between the authenticated events, which come in any order, and requests, which wait for exactly one of them.

Rules:
- Fed with checked events only: the enclave's signature over the answer was verified by the events port.
- A violation ends the waiting as an answer does, with an error that says what it cost.
- An answer that names another payload than the request's own is not its answer.
- An answer may come before anybody waits for it (the event overtakes the submitter's own answer): a few are kept.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chain.bindings.events import K8sViolationStored
from chain.payload import join
from gateway.errors import AnswerError, ViolationError
from gateway.ports import StoredAnswer

if TYPE_CHECKING:
    from chain.endings import Ending
    from sui.types import Address


@dataclass(slots=True)
class AnswerDesk:
    """The answers that came lately, and those who wait."""

    kept: int
    _recent: OrderedDict[Address, Ending] = field(default_factory=OrderedDict)
    _waiting: dict[Address, asyncio.Future[Ending]] = field(default_factory=dict)

    def deliver(self, event: Ending) -> None:
        """Take in a checked answer, or a violation."""
        waiting = self._waiting.get(event.request_id)
        if waiting is not None and not waiting.done():
            waiting.set_result(event)
            return
        self._recent[event.request_id] = event
        while len(self._recent) > self.kept:
            self._recent.popitem(last=False)

    async def wait(self, request_id: Address, payload_hash: bytes) -> StoredAnswer:
        """Wait for one request's answer; the caller sets the time.

        Raises:
            AnswerError: The answer is to another payload.
            ViolationError: There is none: what was sealed is not what its envelope says.
        """
        event = self._recent.pop(request_id, None)
        if event is None:
            future: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
            self._waiting[request_id] = future
            try:
                event = await future
            finally:
                self._waiting.pop(request_id, None)
        if event.payload_hash != payload_hash:
            raise AnswerError("the answer is to another payload than this request's own")
        if isinstance(event, K8sViolationStored):
            raise ViolationError(event.lost)
        return StoredAnswer(
            request_id=event.request_id,
            status=event.status,
            body=join(event.body),
            body_hash=event.body_hash,
            body_length=event.body_length,
            executed_at_ms=event.executed_at,
            stored_at_ms=event.stored_at,
        )
