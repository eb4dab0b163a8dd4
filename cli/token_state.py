"""Seal tokens as they are on chain, and as programs get them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chain.bindings.events import SealTokenChanged
from chain.bindings.objects import SEAL_TOKEN, SealToken
from chain.history import past_events
from cli.errors import CommandError
from sui.errors import BcsError

if TYPE_CHECKING:
    from cli.context import Context
    from sui.types import Address

_OBJECTS_A_CALL = 100


def token_json(token: SealToken, now_ms: int) -> dict[str, Any]:
    """A token as programs get it; `rules` are those in force, `stake` is what counts of it."""
    pending = token.pending_rules if token.pending_rules and token.pending_rules.due > now_ms else None
    return {
        "token": str(token.id),
        "owner": str(token.owner),
        "rules": [str(rule) for rule in token.rules_at(now_ms)],
        "pending_rules": [str(rule) for rule in pending.rules] if pending else None,
        "pending_from": pending.due if pending else None,
        "stake": token.stake.counted,
        "leaving": [{"amount": entry.amount, "due": entry.due} for entry in token.stake.leaving],
        "usable_from": token.usable_from,
        "expires_at": token.expires_at,
        "revoked": token.revoked,
        "note": token.note,
        "revision": token.revision,
        "version": token.version,
        "public_key": token.public_key.hex(),
        "cluster": str(token.cluster),
    }


async def read_token(context: Context, token: Address) -> SealToken:
    """A token's object.

    Raises:
        CommandError: what has this id is no token.
    """
    found = await context.ledger.get_object(token)
    try:
        return SEAL_TOKEN.decode(found.contents)
    except BcsError as error:
        raise CommandError(f"{token} is no seal token; `k3s-daas token list` shows them") from error


async def tokens_of(context: Context) -> list[SealToken]:
    """Every token of the cluster, oldest first."""
    ids = [event.token for event in await live_tokens(context)]
    told: list[SealToken] = []
    for start in range(0, len(ids), _OBJECTS_A_CALL):
        found = await context.ledger.get_objects(ids[start : start + _OBJECTS_A_CALL])
        told += [SEAL_TOKEN.decode(each.contents) for each in found if each is not None]
    return told


async def live_tokens(context: Context) -> list[SealTokenChanged]:
    """Every token of the cluster as its newest event tells, oldest first."""
    newest: dict[Address, SealTokenChanged] = {}
    async for _, event in past_events(context.ledger, context.package, ["SealTokenChanged"]):
        if isinstance(event, SealTokenChanged) and event.cluster == context.cluster:
            newest.setdefault(event.token, event)
    return list(newest.values())[::-1]
