"""Questions over the store: listings with pages, balances, and the event index.

Rules:
    * a cursor is opaque to whoever pages; a broken one is refused, never guessed at;
    * objects are listed by type, coins of one type by falling balance, then by id;
    * events are listed in the order of the ledger, and only from sealed checkpoints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.ledger.errors import LookupFailed
from localnet.ledger.records import Balance, EventCursor, EventFilter, ObjectRecord, Page
from localnet.ledger.store import ADDRESS_OWNED, OBJECT_OWNED, record_of
from sui import bcs
from sui.errors import BcsError
from sui.type_tag import SUI_FRAMEWORK, StructTag, TypeTag
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localnet.ledger.store import Store

_MAX_PAGE = 1_000
_MAX_INTEGER = (1 << 63) - 1
_CURSOR = bcs.tuple_of(bcs.STRING, bcs.BYTES, bcs.BYTES)
_COIN = "coin"


def owned_objects(
    store: Store, owner: Address, *, by_object: bool, object_type: StructTag | None, limit: int, after: bytes | None
) -> Page[ObjectRecord]:
    """List what an address (or, for dynamic fields, an object) owns."""
    limit = max(1, min(limit, _MAX_PAGE))
    where = ["owner_kind = ?", "owner = ?"]
    values: list[Any] = [OBJECT_OWNED if by_object else ADDRESS_OWNED, bytes(owner)]
    if object_type is not None:
        condition, parts = _type_condition(object_type)
        where.append(condition)
        values += parts
    if after is not None:
        where.append("(type, rank, live.id) > (?, ?, ?)")
        values += _read_cursor(after)
    head = "SELECT type, rank, live.id, bcs FROM live JOIN objects ON objects.id = live.id"
    query = (
        f"{head} AND objects.version = live.version WHERE {' AND '.join(where)} ORDER BY type, rank, live.id LIMIT ?"
    )
    rows = store.db.execute(query, (*values, limit + 1)).fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(tuple(record_of(row[3]) for row in rows), _CURSOR.encode(tuple(rows[-1][:3])) if more else None)


def _read_cursor(cursor: bytes) -> tuple[Any, ...]:
    try:
        return _CURSOR.decode(cursor)
    except BcsError as error:
        raise LookupFailed("the page token is not one of this ledger's: start from the first page") from error


def _type_condition(tag: StructTag) -> tuple[str, list[str]]:
    """Return the condition on the `type` column; a type without parameters matches all its instances."""
    text = str(tag)
    if tag.type_params:
        return "type = ?", [text]
    return "(type = ? OR (type >= ? AND type < ?))", [text, text + "<", text + "="]


def balances(store: Store, owner: Address, coin_type: StructTag | None) -> tuple[Balance, ...]:
    """Return what an address holds in coins, of one currency or of each."""
    tag = StructTag(SUI_FRAMEWORK, _COIN, "Coin", () if coin_type is None else (coin_type,))
    condition, parts = _type_condition(tag)
    totals: dict[str, list[int]] = {}
    rows = store.db.execute(
        f"SELECT type, rank FROM live WHERE owner_kind = ? AND owner = ? AND {condition}",  # noqa: S608
        (ADDRESS_OWNED, bytes(owner), *parts),
    )
    for kind, rank in rows:
        total = totals.setdefault(kind, [0, 0])
        total[0] += ((1 << 64) - 1) - int.from_bytes(rank, "big")
        total[1] += 1
    result = []
    for kind, (amount, count) in sorted(totals.items()):
        currency = StructTag.parse(kind).type_params[0]
        if isinstance(currency, StructTag):
            result.append(Balance(currency, amount, count))
    return tuple(result)


def first_of_type(store: Store, tag: StructTag) -> Address | None:
    """Return the id of one live object of exactly this type."""
    row = store.db.execute("SELECT id FROM live WHERE type = ? ORDER BY id LIMIT 1", (str(tag),)).fetchone()
    return None if row is None else Address(row[0])


def event_rows(
    store: Store,
    terms: Sequence[Sequence[EventFilter]],
    *,
    after: EventCursor | None,
    before: EventCursor | None,
    sealed: int,
    descending: bool,
    limit: int,
) -> list[tuple[int, int]]:
    """Return (transaction, place) of matching events of the first `sealed` transactions."""
    where = ["idx < ?"]
    values: list[Any] = [sealed]
    if after is not None:
        where.append("(idx, place) > (?, ?)")
        values += _place(after)
    if before is not None:
        where.append("(idx, place) < (?, ?)")
        values += _place(before)
    if terms:
        alternatives = []
        for term in terms:
            literals = [_literal(literal) for literal in term]
            alternatives.append("(" + (" AND ".join(text for text, _ in literals) or "1") + ")")
            for _, parts in literals:
                values += parts
        where.append("(" + " OR ".join(alternatives) + ")")
    order = "DESC" if descending else "ASC"
    return store.db.execute(
        f"SELECT idx, place FROM events WHERE {' AND '.join(where)} ORDER BY idx {order}, place {order} LIMIT ?",  # noqa: S608
        (*values, limit),
    ).fetchall()


def _place(cursor: EventCursor) -> list[int]:
    return [min(cursor.transaction_index, _MAX_INTEGER), min(cursor.event_index, _MAX_INTEGER)]


def _literal(literal: EventFilter) -> tuple[str, list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if literal.sender is not None:
        conditions.append("sender = ?")
        values.append(bytes(literal.sender))
    if literal.emit_package is not None:
        conditions.append("package = ?")
        values.append(bytes(literal.emit_package))
    if literal.emit_module is not None:
        conditions.append("module = ?")
        values.append(literal.emit_module)
    if literal.type_package is not None:
        condition, parts = _event_type(
            literal.type_package, literal.type_module, literal.type_name, literal.type_params
        )
        conditions.append(condition)
        values += parts
    text = "(" + (" AND ".join(conditions) or "1") + ")"
    return (f"NOT {text}" if literal.negated else text), values


def _event_type(
    package: Address, module: str | None, name: str | None, params: tuple[TypeTag, ...] | None
) -> tuple[str, list[Any]]:
    if module is None:
        return "(type >= ? AND type < ?)", [f"{package}::", f"{package}:;"]
    if name is None:
        return "(type >= ? AND type < ?)", [f"{package}::{module}::", f"{package}::{module}:;"]
    condition, parts = _type_condition(StructTag(package, module, name, params or ()))
    return condition, list(parts)
