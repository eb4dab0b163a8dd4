"""`sui::event`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.loader import as_datatype
from localnet.vm.natives.registry import Native, generic, plain

if TYPE_CHECKING:
    from localnet.vm.loader import Loader
    from localnet.vm.session import Session
    from localnet.vm.types import Type
    from localnet.vm.values import Value


@generic("0x2", "event", "emit")
def emit(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Append an event."""
    kind = as_datatype(types[0])

    def native(session: Session, event: Value) -> None:
        session.emit(kind, event)

    return native


@generic("0x2", "event", "emit_authenticated_impl")
def emit_authenticated(loader: Loader, types: tuple[Type, ...]) -> Native:
    """Append an event to an authenticated stream; the stream's own hashes are the ledger's part."""
    kind = as_datatype(types[1])

    def native(session: Session, _accumulator: bytes, _stream: bytes, event: Value) -> None:
        session.emit(kind, event, types[0])

    del loader
    return native


@plain("0x2", "event", "num_events")
def num_events(session: Session) -> int:
    """Return how many events this transaction emitted."""
    return len(session.events)


@generic("0x2", "event", "events_by_type")
def events_by_type(_loader: Loader, types: tuple[Type, ...]) -> Native:
    """Return the events of a type."""
    kind = as_datatype(types[0])

    def native(session: Session) -> Value:
        return [kind.deserialize(event.contents) for event in session.events if event.type == kind.struct_tag]

    return native
