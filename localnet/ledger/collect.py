"""Reads what a finished run of commands left behind, and turns it into changes of objects.

Sources: objects that commands transferred, objects that Move code transferred, dynamic fields, inputs that were
borrowed mutably, inputs and received objects that were taken and are gone, and published packages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.ledger.arguments import CommandFailed
from localnet.ledger.changes import Changes, Draft
from localnet.vm.abilities import STORE
from sui.effects import Failure
from sui.object import MoveObject, object_type
from sui.type_tag import StructTag
from sui.types import Address, ObjectOwner, Owner, SharedOwner

if TYPE_CHECKING:
    from localnet.ledger.limits import ProtocolLimits
    from localnet.ledger.programmable import Programmable
    from localnet.vm import Session, Vm
    from localnet.vm.types import Type


def collect(run: Programmable, session: Session, changes: Changes, vm: Vm, limits: ProtocolLimits) -> None:
    """Write everything that a run changed into `changes`.

    Raises:
        CommandFailed: an object is too large, or a shared object was taken and neither shared again nor deleted.
    """
    created = set(session.created_ids)
    changes.created = created - session.deleted_ids
    changes.deleted |= session.deleted_ids - created
    _write_mutated(run, changes)
    for handed in run.handed:
        _write(changes, handed.type, handed.value, handed.owner)
    for moved in session.transfers:
        _write(changes, moved.runtime_type, moved.value, moved.owner)
    for child in session.dynamic_fields:
        if child.contents is not None and child.changed:
            kind = vm.type_of(child.type)
            owner = ObjectOwner(child.parent)
            changes.write(child.object_id, _draft(kind, child.contents, owner))
        elif child.contents is None and child.before is not None and child.object_id not in changes.written:
            changes.remove(child.object_id)
    for object_id in session.received:
        if object_id not in changes.written:
            changes.remove(object_id)
    _remove_taken(run, changes)
    for package in run.publisher.published:
        changes.write(package.id, package)
        changes.created.add(package.id)
    _check_sizes(changes, limits)


def _write_mutated(run: Programmable, changes: Changes) -> None:
    gas = run.arguments.gas
    for slot in (*run.arguments.inputs, gas):
        if slot is None or slot.source is None or slot.type is None or not slot.present or not slot.changed:
            continue
        record = slot.source.record
        contents = slot.type.serialize(slot.value)
        if isinstance(record.object.data, MoveObject) and (slot.is_gas or contents != record.object.data.contents):
            changes.rewrite(record, contents)


def _remove_taken(run: Programmable, changes: Changes) -> None:
    for slot in run.arguments.inputs:
        if slot is None or slot.source is None or slot.present:
            continue
        object_id = slot.source.record.ref.object_id
        written = changes.written.get(object_id)
        if slot.source.shared:
            stays = isinstance(written, Draft) and isinstance(written.owner, SharedOwner)
            if not stays and object_id not in changes.deleted:
                raise CommandFailed(Failure("SharedObjectOperationNotAllowed"))
        if written is None:
            changes.remove(object_id)


def _write(changes: Changes, kind: Type, value: Any, owner: Owner) -> None:
    changes.write(Address(bytes(value[0][0][0])), _draft(kind, kind.serialize(value), owner))


def _draft(kind: Type, contents: bytes, owner: Owner) -> Draft:
    tag = kind.tag
    if not isinstance(tag, StructTag):
        raise TypeError(f"{tag} is no object")
    return Draft(object_type(tag), STORE in kind.abilities, contents, owner)


def _check_sizes(changes: Changes, limits: ProtocolLimits) -> None:
    total = 0
    most = limits.max_move_object_size_bytes
    for value in changes.written.values():
        if isinstance(value, Draft):
            size = len(value.contents)
            total += size
            if size > most:
                raise CommandFailed(Failure("MoveObjectTooBig", (size, most)))
    most = limits.max_size_written_objects_bytes
    if total > most:
        raise CommandFailed(Failure("WrittenObjectsTooLarge", (total, most)))
