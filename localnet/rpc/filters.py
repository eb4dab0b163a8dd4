"""Filters of events and transactions: from messages to predicates, and to what the ledger can look up itself.

A filter is terms of which one must hold; a term is literals that must all hold; a literal may be negated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from localnet.ledger import EventFilter, ExecutedTransaction
from localnet.rpc.errors import InvalidArgumentError
from localnet.rpc.limits import LIMITS
from sui.effects import Event, ObjectWrite, PackageWrite
from sui.transaction import MoveCall, ProgrammableTransaction
from sui.type_tag import StructTag, is_identifier
from sui.types import Address, AddressOwner

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sui.rpc.v2 import query_pb2 as pb

EventTerms = tuple[tuple[EventFilter, ...], ...]
TransactionTest = Callable[[ExecutedTransaction], bool]


def _count(terms: int, literals: int) -> None:
    if terms > LIMITS.max_filter_terms or literals > LIMITS.max_filter_literals:
        raise InvalidArgumentError(
            f"invalid filter: at most {LIMITS.max_filter_terms} terms of {LIMITS.max_filter_literals} literals"
        )


def _path(text: str, what: str, most: int) -> tuple[Address, list[str]]:
    head, *names = text.split("::")
    if len(names) > most or not all(is_identifier(name) for name in names):
        raise InvalidArgumentError(f"invalid filter: {text[:200]!r} is no {what}")
    return Address.parse(head), names


def _emit_module(text: str) -> EventFilter:
    package, names = _path(text, "package[::module]", 1)
    return EventFilter(emit_package=package, emit_module=names[0] if names else None)


def _event_type(text: str) -> EventFilter:
    if "<" in text:
        tag = StructTag.parse(text)
        return EventFilter(
            type_package=tag.address, type_module=tag.module, type_name=tag.name, type_params=tag.type_params
        )
    package, names = _path(text, "package[::module[::Name[<T>]]]", 2)
    names += [""] * (2 - len(names))
    return EventFilter(type_package=package, type_module=names[0] or None, type_name=names[1] or None)


def _negated(value: EventFilter, negated: bool) -> EventFilter:  # noqa: FBT001 - the literal's own field
    if not negated:
        return value
    return EventFilter(
        value.sender,
        value.emit_package,
        value.emit_module,
        value.type_package,
        value.type_module,
        value.type_name,
        value.type_params,
        negated=True,
    )


def _event_literal(literal: pb.EventLiteral) -> EventFilter:
    match literal.WhichOneof("predicate"):
        case "sender":
            found = EventFilter(sender=Address.parse(literal.sender.address))
        case "emit_module":
            found = _emit_module(literal.emit_module.module)
        case "event_type":
            found = _event_type(literal.event_type.event_type)
        case _:
            raise InvalidArgumentError("invalid filter: a literal without a predicate that this ledger knows")
    return _negated(found, literal.negated)


def event_terms(message: pb.EventFilter) -> EventTerms:
    """Return the terms of an event filter; none at all matches everything.

    Raises:
        InvalidArgumentError: a literal cannot be understood.
        ParseError: an address or type cannot be read.
    """
    _count(len(message.terms), max((len(term.literals) for term in message.terms), default=0))
    return tuple(tuple(_event_literal(literal) for literal in term.literals) for term in message.terms)


def _literal_matches(literal: EventFilter, event: Event) -> bool:
    kind = event.type
    found = (
        (literal.sender is None or literal.sender == event.sender)
        and (literal.emit_package is None or literal.emit_package == event.package_id)
        and (literal.emit_module is None or literal.emit_module == event.module)
        and (literal.type_package is None or literal.type_package == kind.address)
        and (literal.type_module is None or literal.type_module == kind.module)
        and (literal.type_name is None or literal.type_name == kind.name)
        and (literal.type_params is None or literal.type_params == kind.type_params)
    )
    return found != literal.negated


def event_matches(terms: EventTerms, event: Event) -> bool:
    """Return whether an event passes a filter."""
    return not terms or any(all(_literal_matches(literal, event) for literal in term) for term in terms)


def _calls(value: ExecutedTransaction) -> Sequence[MoveCall]:
    kind = value.transaction.kind
    if not isinstance(kind, ProgrammableTransaction):
        return ()
    return [command for command in kind.commands if isinstance(command, MoveCall)]


def _affects_address(value: ExecutedTransaction, address: Address) -> bool:
    if address in {value.transaction.sender, value.transaction.gas_data.owner}:
        return True
    for change in value.effects.changed_objects:
        state = change.output_state
        if isinstance(state, ObjectWrite) and state.owner == AddressOwner(address):
            return True
    return False


def _move_call(text: str) -> TransactionTest:
    package, names = _path(text, "package[::module[::function]]", 2)

    def test(value: ExecutedTransaction) -> bool:
        return any(
            call.package == package and [call.module, call.function][: len(names)] == names for call in _calls(value)
        )

    return test


def _event_test(literal: EventFilter) -> TransactionTest:
    return lambda value: any(_literal_matches(literal, event) for event in value.events)


def _transaction_test(literal: pb.TransactionLiteral) -> TransactionTest:
    match literal.WhichOneof("predicate"):
        case "sender":
            sender = Address.parse(literal.sender.address)
            return lambda value: value.transaction.sender == sender
        case "affected_address":
            address = Address.parse(literal.affected_address.address)
            return lambda value: _affects_address(value, address)
        case "affected_object":
            object_id = Address.parse(literal.affected_object.object_id)
            return lambda value: any(change.object_id == object_id for change in value.effects.changed_objects)
        case "move_call":
            return _move_call(literal.move_call.function)
        case "emit_module":
            return _event_test(_emit_module(literal.emit_module.module))
        case "event_type":
            return _event_test(_event_type(literal.event_type.event_type))
        case "package_write":
            return lambda value: any(
                isinstance(change.output_state, PackageWrite) for change in value.effects.changed_objects
            )
        case _:
            raise InvalidArgumentError("invalid filter: a literal without a predicate that this ledger knows")


def _transaction_literal(literal: pb.TransactionLiteral) -> TransactionTest:
    test = _transaction_test(literal)
    return (lambda value: not test(value)) if literal.negated else test


def transaction_test(message: pb.TransactionFilter) -> TransactionTest | None:
    """Return the test of a transaction filter, None when it matches everything.

    Raises:
        InvalidArgumentError: a literal cannot be understood.
        ParseError: an address or type cannot be read.
    """
    _count(len(message.terms), max((len(term.literals) for term in message.terms), default=0))
    terms = [[_transaction_literal(literal) for literal in term.literals] for term in message.terms]
    if not terms:
        return None
    return lambda value: any(all(test(value) for test in term) for term in terms)
