"""Cursors: opaque bytes that name a place in the ledger.

A cursor is one byte for what it counts and two big-endian numbers. One of events names an event or the end of a
transaction; of transactions the end of one; of checkpoints the end of one. Where another kind is given it is refused.
"""

from __future__ import annotations

import struct

from localnet.ledger import EventCursor
from localnet.rpc.errors import InvalidArgumentError

_EVENT = struct.Struct(">cQI")
_NUMBER = struct.Struct(">cQ")
END_OF_TRANSACTION = (1 << 32) - 1


def event_cursor(value: EventCursor) -> bytes:
    """Return the cursor of a place among events."""
    return _EVENT.pack(b"e", max(value.transaction_index, 0), min(max(value.event_index, 0), END_OF_TRANSACTION))


def read_event_cursor(data: bytes) -> EventCursor:
    """Read a cursor of events.

    Raises:
        InvalidArgumentError: it is none.
    """
    if len(data) != _EVENT.size or data[:1] != b"e":
        raise InvalidArgumentError("invalid cursor: it is not one of events of this ledger")
    _, transaction, event = _EVENT.unpack(data)
    return EventCursor(transaction, event)


def number_cursor(kind: bytes, value: int) -> bytes:
    """Return the cursor after a transaction (kind `t`) or checkpoint (kind `c`)."""
    return _NUMBER.pack(kind, max(value, 0))


def read_number_cursor(kind: bytes, data: bytes) -> int:
    """Read a cursor of transactions or checkpoints.

    Raises:
        InvalidArgumentError: it is none.
    """
    if len(data) != _NUMBER.size or data[:1] != kind:
        raise InvalidArgumentError("invalid cursor: it is not one of this listing")
    return int(_NUMBER.unpack(data)[1])
