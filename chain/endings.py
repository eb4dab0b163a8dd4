"""How an enclave ended a request: by an answer, or by a violation; what both have in common.

Role: find the one event of it, say when the enclave acted, and whether its key signed exactly that.

It judges no origin: who sent it, and that the contract emitted it, is `chain.checks`' concern.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chain.bindings.events import K8sResponseStored, K8sViolationStored
from chain.errors import NotFoundError
from chain.history import past_events
from chain.statements import ANSWER_STATEMENT, VIOLATION_STATEMENT, answer_of, signature_holds, violation_of

if TYPE_CHECKING:
    from chain.ledger import Ledger, LedgerEvent
    from sui.types import Address

Ending = K8sResponseStored | K8sViolationStored
"""Either of them."""

ENDINGS = ("K8sResponseStored", "K8sViolationStored")
"""The names of their events."""


async def find_ending(ledger: Ledger, package: Address, request_id: Address) -> tuple[LedgerEvent, Ending]:
    """The event that says how a request ended.

    Raises:
        NotFoundError: the node has none.
    """
    async for raw, event in past_events(ledger, package, ENDINGS):
        if isinstance(event, K8sResponseStored | K8sViolationStored) and event.request_id == request_id:
            return raw, event
    raise NotFoundError(f"the ledger has no answer to {request_id}; it waits, has expired, or the node has pruned it")


def acted_at(ending: Ending) -> int:
    """When the enclave executed the request, or found that it must not."""
    return ending.executed_at if isinstance(ending, K8sResponseStored) else ending.found_at


def is_signed(ending: Ending, key: bytes, *, chain_id: bytes, package: Address) -> bool:
    """Whether an enclave's key signed exactly this."""
    if isinstance(ending, K8sResponseStored):
        message = ANSWER_STATEMENT.encode(answer_of(ending, chain_id=chain_id, package=package))
    else:
        message = VIOLATION_STATEMENT.encode(violation_of(ending, chain_id=chain_id, package=package))
    return signature_holds(key, ending.signature, message)
