"""One transaction's executions: what Move code sees of the ledger, and what it leaves behind.

Rules:
    * one `Session` per transaction; its commands call `execute` one after another and share ids, events and objects;
    * nothing is written anywhere: the ledger reads `events`, `transfers`, `created_ids`, `deleted_ids` and
      `dynamic_fields` when all commands are done, and drops the session when one failed;
    * an `ExecutionFailure` leaves the session in an unspecified state.
It does not check visibility, ownership or the rules of programmable transactions: that is the ledger's part
(`Vm.module_abi` tells what it needs).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from localnet.vm.errors import CallRefused, LinkError, NativeAbort, VmError
from localnet.vm.meter import Meter
from localnet.vm.ports import NativesConfig, NoObjects, ObjectReader, StoredObject, TxContext
from localnet.vm.values import Ref, Value
from sui.types import Address, Owner, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localnet.vm.machine import Linkage, Vm
    from localnet.vm.types import DataType, Type
    from sui.type_tag import StructTag, TypeTag


# What Python raises when values are not of the types that compiled code relies on: arguments that do not fit, or
# bytecode that nobody verified.
_NOT_VERIFIED = (TypeError, IndexError, KeyError, ValueError, AttributeError, OverflowError)
_EVENT_COST = (52, 12)


class Returned(NamedTuple):
    """One value that a function returned."""

    type: TypeTag
    value: Value


class Event(NamedTuple):
    """An emitted event."""

    type: StructTag
    contents: bytes
    stream_head: TypeTag | None = None


@dataclass(slots=True)
class Transfer:
    """An object that got an owner: an address, shared, immutable or (party) an address by consensus."""

    object_id: Address
    type: StructTag
    value: Value
    owner: Owner
    runtime_type: DataType = field(repr=False)


@dataclass(slots=True)
class ChildChange:
    """A child object that was loaded, added or removed; `contents` is None when it is gone from this parent."""

    object_id: Address
    parent: Address
    type: StructTag
    before: StoredObject | None
    contents: bytes | None

    @property
    def changed(self) -> bool:
        """Whether it differs from what the ledger has."""
        if self.before is None:
            return self.contents is not None
        return self.contents != self.before.contents or self.type != self.before.type


@dataclass(slots=True)
class Child:
    """A slot of the child object store."""

    parent: Address
    type: DataType
    value: Value
    before: StoredObject | None
    exists: bool


class Session:
    """Executes functions for one transaction. `c` and `limit` are the meter's counters, kept here for speed."""

    __slots__ = (
        "_children",
        "_events_bytes",
        "_meter",
        "_new_ids",
        "_transfers",
        "c",
        "config",
        "context",
        "deleted_ids",
        "events",
        "input_objects",
        "limit",
        "native_units",
        "objects",
        "received",
        "vm",
    )

    def __init__(
        self,
        vm: Vm,
        *,
        tx_context: TxContext,
        objects: ObjectReader | None = None,
        natives: NativesConfig | None = None,
        meter: Meter | None = None,
        input_objects: Mapping[Address, Owner] | None = None,
    ) -> None:
        """Start a transaction.

        Args:
            vm: loads and compiles.
            tx_context: who sends, under which digest, when.
            objects: dynamic fields and receivable objects are read from here; nothing by default.
            natives: what natives need from outside.
            meter: counts and limits; unlimited but for `Limits` by default.
            input_objects: owner of each object that the transaction has as input (needed by `share_object`).
        """
        self.vm = vm
        self.context = tx_context
        self.objects: ObjectReader = objects or NoObjects()
        self.config = natives or NativesConfig()
        self.input_objects: Mapping[Address, Owner] = input_objects or {}
        self._meter = meter or Meter(limits=vm.limits)
        self.c = 0
        self.limit = 0
        self.native_units = 0
        self.events: list[Event] = []
        self.deleted_ids: set[Address] = set()
        self.received: list[Address] = []
        self._new_ids: dict[Address, None] = {}
        self._transfers: dict[Address, Transfer] = {}
        self._children: dict[Address, Child] = {}
        self._events_bytes = 0

    @property
    def meter(self) -> Meter:
        """Counters as of the last finished `execute`."""
        return self._meter

    @property
    def transfers(self) -> list[Transfer]:
        """Objects that got an owner, in order; of an object transferred twice the last one."""
        return list(self._transfers.values())

    @property
    def created_ids(self) -> list[Address]:
        """Ids made for objects in this transaction, in order, deleted ones included."""
        return list(self._new_ids)

    @property
    def dynamic_fields(self) -> list[ChildChange]:
        """Child objects touched, in order of first use, as they are now."""
        changes = []
        for object_id, child in self._children.items():
            contents = child.type.serialize(child.value) if child.exists else None
            changes.append(ChildChange(object_id, child.parent, child.type.struct_tag, child.before, contents))
        return changes

    def execute(
        self,
        package: Address,
        module: str,
        function: str,
        type_args: Sequence[TypeTag] = (),
        args: Sequence[Value | Ref] = (),
        *,
        linkage: Linkage | None = None,
    ) -> list[Returned]:
        """Run a function of the package stored at `package`.

        A last parameter `&TxContext` or `&mut TxContext` may be left out. References are passed as `Ref`. Arguments by
        value are used up: whoever needs one again passes a copy (`Vm.copy`). `linkage` is as for `Vm.entry_point`.

        Raises:
            CallRefused: it does not exist, it returns references, or arguments do not fit it.
            MoveAbort: the code aborted.
            VmError: the VM stopped it.
        """
        call = self.vm.entry_point(package, module, function, tuple(type_args), linkage)
        parameters = call.parameters
        given = list(args)
        if call.takes_context and len(given) == len(parameters) - 1:
            given.append(Ref(self.context_value()))
        if len(given) != len(parameters):
            raise CallRefused(f"{call.name} takes {len(parameters)} arguments, {len(given)} were given")
        values, boxes = _pass(given, parameters, call.name)
        meter = self._meter
        self.c, self.limit, self.native_units = meter.begin()
        try:
            result = call.run(self, 1, *values)
        except RecursionError as error:
            raise VmError("CALL_STACK_OVERFLOW", detail="deeper than the machine's own stack") from error
        except LinkError as error:
            raise VmError("LINKER_ERROR", detail=str(error)) from error
        except _NOT_VERIFIED as error:
            raise VmError("UNKNOWN_INVARIANT_VIOLATION_ERROR", detail=f"{type(error).__name__}: {error}") from error
        finally:
            meter.end(self.c, self.native_units)
        for ref, box in boxes:
            ref.value = box[0]
        types = call.returns
        if not types:
            return []
        results = (result,) if len(types) == 1 else result
        return [Returned(kind.tag, value) for kind, value in zip(types, results, strict=True)]

    def context_value(self) -> Value:
        """Return a Move `TxContext`; code asks natives for all but the digest."""
        return [Address(bytes(32)), bytearray(self.context.digest), 0, 0, 0]

    # What natives use.

    def over(self) -> None:
        """Called by compiled code when its counter passed `limit`: goes on with a new limit, or stops.

        Raises:
            VmError: out of gas, or too many instructions.
        """
        self.limit = self._meter.check(self.c, self.native_units)

    def charge(self, units: int) -> None:
        """Charge internal gas units for a native."""
        self.native_units += units

    def record_new_id(self, object_id: Address) -> None:
        """Note that an object's id was made.

        Raises:
            VmError: more than a transaction may make.
        """
        if len(self._new_ids) >= self.vm.limits.new_ids_max:
            raise VmError("MEMORY_LIMIT_EXCEEDED", detail=f"more than {self.vm.limits.new_ids_max} new objects")
        self._new_ids[object_id] = None

    def record_deleted_id(self, object_id: Address) -> None:
        """Note that a UID was deleted."""
        self.deleted_ids.add(object_id)

    def emit(self, kind: DataType, value: Value, stream_head: Type | None = None) -> None:
        """Append an event.

        Raises:
            VmError: too large, or too many.
        """
        limits = self.vm.limits
        contents = kind.serialize(value)
        if len(contents) > limits.event_max_bytes:
            raise VmError(
                "MEMORY_LIMIT_EXCEEDED", detail=f"an event of {len(contents)} bytes, at most {limits.event_max_bytes}"
            )
        if len(self.events) >= limits.events_max:
            raise VmError("MEMORY_LIMIT_EXCEEDED", detail=f"more than {limits.events_max} events")
        self._events_bytes += len(contents)
        self.native_units += _EVENT_COST[0] + _EVENT_COST[1] * len(contents)
        if self._events_bytes > limits.events_total_max_bytes:
            raise VmError("MEMORY_LIMIT_EXCEEDED", detail="all events together are too large")
        self.events.append(Event(kind.struct_tag, contents, stream_head.tag if stream_head else None))

    def transfer(self, kind: DataType, value: Value, owner: Owner) -> None:
        """Give an object its owner.

        Raises:
            NativeAbort: 0 when an existing object would become shared.
        """
        object_id = Address(value[0][0][0])
        if isinstance(owner, SharedOwner) and object_id not in self._new_ids:
            before = self.input_objects.get(object_id)
            if not isinstance(before, SharedOwner):
                raise NativeAbort(0)
        self._transfers.pop(object_id, None)
        self._transfers[object_id] = Transfer(object_id, kind.struct_tag, value, owner, kind)

    def child(self, parent: Address, object_id: Address, kind: DataType) -> Child | None:
        """Return the slot of a child, loaded on first use; None when there is no such child.

        Raises:
            NativeAbort: 2 when it has another type.
        """
        slot = self._children.get(object_id)
        if slot is None:
            stored = self.objects.get(object_id, parent)
            if stored is None:
                return None
            actual = self.vm.data_type(stored.type)
            slot = Child(parent, actual, actual.deserialize(stored.contents), stored, exists=True)
            self._children[object_id] = slot
        if not slot.exists or slot.parent != parent:
            return None
        if slot.type is not kind:
            raise NativeAbort(2)
        return slot

    def has_child(self, parent: Address, object_id: Address, kind: DataType | None = None) -> bool:
        """Return whether there is a child, of this type if one is given."""
        slot = self._children.get(object_id)
        if slot is not None:
            return slot.exists and slot.parent == parent and (kind is None or slot.type is kind)
        stored = self.objects.get(object_id, parent)
        return stored is not None and (kind is None or stored.type == kind.struct_tag)

    def add_child(self, parent: Address, kind: DataType, value: Value) -> None:
        """Make an object a child of `parent`."""
        object_id = Address(value[0][0][0])
        slot = self._children.get(object_id)
        if slot is None:
            before = self.objects.get(object_id, parent)
            self._children[object_id] = Child(parent, kind, value, before, exists=True)
            return
        slot.parent, slot.type, slot.value, slot.exists = parent, kind, value, True

    def receive(self, parent: Address, object_id: Address, version: int, kind: DataType) -> Value:
        """Take an object that was sent to `parent`.

        Raises:
            NativeAbort: 2 when it has another type, 3 when it cannot be received.
        """
        stored = None if object_id in self.received else self.objects.receive(object_id, parent, version)
        if stored is None:
            raise NativeAbort(3)
        if stored.type != kind.struct_tag:
            raise NativeAbort(2)
        self.received.append(object_id)
        return kind.deserialize(stored.contents)


def _pass(
    given: Sequence[Value | Ref], parameters: Sequence[Type], name: str
) -> tuple[list[Value], list[tuple[Ref, list[Value]]]]:
    """Turn arguments into what compiled code takes, and remember the cells to write back."""
    values: list[Value] = []
    boxes: list[tuple[Ref, list[Value]]] = []
    for position, (argument, kind) in enumerate(zip(given, parameters, strict=True)):
        if kind.target is None:
            if isinstance(argument, Ref):
                raise CallRefused(f"argument {position} of {name} is {kind}, a reference was given")
            values.append(argument)
        elif not isinstance(argument, Ref):
            raise CallRefused(f"argument {position} of {name} is {kind}, a reference must be given")
        elif kind.mutable and not kind.target.container:
            box = [argument.value]
            boxes.append((argument, box))
            values.append((box, 0))
        else:
            values.append(argument.value)
    return values, boxes
