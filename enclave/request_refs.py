"""Where requests began as shared objects: what a transaction must say of each request that it consumes.

Role: ask the ledger while a request is being executed, for many at a time, and remember the answer until it is stored.

Rules: a hint, and a wrong one fails on chain; what was asked for within a moment is asked in one call; what the ledger
does not have (any more) is left out, and asked for again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from chain.bindings.calls import SharedRef
from chain.errors import BadLedgerAnswerError
from sui.types import Address, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from chain.ledger import Ledger


class RequestRefs:
    """Requests by id, as transactions name them."""

    def __init__(self, ledger: Ledger, sleep: Callable[[float], Awaitable[None]], gather_s: float) -> None:
        """Know none yet; wait `gather_s` for company before asking."""
        self._ledger = ledger
        self._sleep = sleep
        self._gather_s = gather_s
        self._versions: dict[bytes, int] = {}
        self._wanted: dict[bytes, None] = {}
        self._asking: asyncio.Task[None] | None = None

    async def of(self, ids: Sequence[Address]) -> dict[bytes, SharedRef]:
        """Name requests; those that the ledger does not show are left out.

        Raises:
            LedgerError: the ledger does not say.
        """
        unknown = [bytes(each) for each in ids if bytes(each) not in self._versions]
        if unknown:
            self._wanted |= dict.fromkeys(unknown)
            if self._asking is None:
                self._asking = asyncio.create_task(self._ask())
                self._asking.add_done_callback(_heard)
            await asyncio.shield(self._asking)
        return {
            bytes(each): SharedRef(each, self._versions[bytes(each)]) for each in ids if bytes(each) in self._versions
        }

    def forget(self, request_id: Address) -> None:
        """Ask anew for a request when it is named again, or never."""
        self._versions.pop(bytes(request_id), None)

    async def _ask(self) -> None:
        try:
            await self._sleep(self._gather_s)
        finally:
            wanted, self._wanted, self._asking = [Address(each) for each in self._wanted], {}, None
        for each, found in zip(wanted, await self._ledger.get_objects(wanted), strict=True):
            if found is None:
                continue
            if not isinstance(found.owner, SharedOwner):
                raise BadLedgerAnswerError(f"the request {each} is not a shared object; the node is broken")
            self._versions[bytes(each)] = found.owner.initial_shared_version


def _heard(task: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waits for any more."""
    if not task.cancelled():
        task.exception()
