"""What executor and gateway ask a node before events tell it: the time, where to begin, where shared objects began.

Rules: all of it is a hint. A wrong time costs liveness only and is overtaken by events; a wrong place to begin shows
no activation; a wrong version fails on chain. A node that cannot be reached is asked again.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import structlog

from chain.bindings.arguments import SharedRef
from chain.errors import BadLedgerAnswerError, ChainError, LedgerError
from enclave.parameters import read_activation
from sui.types import SharedOwner

if TYPE_CHECKING:
    from chain.clock import LedgerClock
    from chain.ledger import Ledger
    from enclave.places import Places
    from sui.types import Address

_PAUSE_S: Final = 0.1
_log = structlog.get_logger()


async def learn_time(ledger: Ledger, clock: LedgerClock) -> None:
    """Begin with a node's word for the time; from then on events and the monotonic clock tell it."""
    while not clock.is_set:
        try:
            clock.observe((await ledger.service_info()).timestamp_ms)
        except LedgerError as error:
            await _again(error)


async def activation_checkpoint(ledger: Ledger, places: Places) -> int:
    """Find the checkpoint of our activation: what is found there is checked like every event."""
    while True:
        try:
            activation = read_activation(places.activation)
            if activation is None:
                return (await ledger.service_info()).checkpoint
            found = await ledger.get_object(activation.enclave)
            if found.previous_transaction is not None:
                done = await ledger.get_transaction(found.previous_transaction)
                if done.checkpoint is not None:
                    return done.checkpoint
            await asyncio.sleep(_PAUSE_S)
        except ChainError as error:
            await _again(error)


async def shared_refs(ledger: Ledger, *ids: Address) -> list[SharedRef]:
    """Name shared objects as transactions do."""
    while True:
        try:
            return [await _shared_ref(ledger, each) for each in ids]
        except LedgerError as error:
            await _again(error)


async def _shared_ref(ledger: Ledger, object_id: Address) -> SharedRef:
    found = await ledger.get_object(object_id)
    if not isinstance(found.owner, SharedOwner):
        raise BadLedgerAnswerError(f"object {object_id} is not shared; the node is broken")
    return SharedRef(object_id, found.owner.initial_shared_version)


async def _again(error: ChainError) -> None:
    _log.warning("ledger-unreachable", error=str(error))
    await asyncio.sleep(_PAUSE_S)
