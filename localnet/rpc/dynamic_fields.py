"""Dynamic fields as messages: what hangs below an object under which name.

A field is an object of type `0x2::dynamic_field::Field<Name, Value>`; for a dynamic object field the name is wrapped
and the value is the id of the child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.rpc.render_common import bcs
from localnet.rpc.render_object import object_message
from sui.object import MoveObject
from sui.rpc.v2 import state_service_pb2 as pb
from sui.type_tag import SUI_FRAMEWORK, StructTag, TypeTag
from sui.types import Address

if TYPE_CHECKING:
    from localnet.ledger import Ledger, ObjectRecord
    from localnet.rpc.masks import Mask


def _is_wrapper(tag: TypeTag) -> bool:
    return isinstance(tag, StructTag) and (tag.address, tag.module, tag.name) == (
        SUI_FRAMEWORK,
        "dynamic_object_field",
        "Wrapper",
    )


def dynamic_field(ledger: Ledger, parent: Address, record: ObjectRecord, mask: Mask) -> pb.DynamicField:
    """Return one field, as much of it as is wanted."""
    out = pb.DynamicField()
    if "parent" in mask:
        out.parent = str(parent)
    if "field_id" in mask:
        out.field_id = str(record.ref.object_id)
    if "field_object" in mask:
        out.field_object.CopyFrom(object_message(ledger, record, mask["field_object"]))
    data = record.object.data
    if not isinstance(data, MoveObject) or len(data.tag.type_params) != 2:
        return out
    name_tag, value_tag = data.tag.type_params
    is_object = _is_wrapper(name_tag)
    if "kind" in mask:
        out.kind = pb.DynamicField.OBJECT if is_object else pb.DynamicField.FIELD
    if not mask.any("name", "value", "value_type", "child_id", "child_object"):
        return out
    _, name, value = ledger.vm.deserialize(data.tag, data.contents)
    if is_object and isinstance(name_tag, StructTag):
        name_tag, name = name_tag.type_params[0], name[0]
    if "name" in mask:
        out.name.CopyFrom(bcs(str(name_tag), ledger.vm.serialize(name_tag, name)))
    if not is_object:
        if "value" in mask:
            out.value.CopyFrom(bcs(str(value_tag), ledger.vm.serialize(value_tag, value)))
        if "value_type" in mask:
            out.value_type = str(value_tag)
        return out
    child_id = Address(ledger.vm.serialize(value_tag, value))
    child = ledger.get_object(child_id)
    if "child_id" in mask:
        out.child_id = str(child_id)
    if child is not None and isinstance(child.object.data, MoveObject):
        if "value_type" in mask:
            out.value_type = str(child.object.data.tag)
        if "value" in mask:
            out.value.CopyFrom(bcs(str(child.object.data.tag), child.object.data.contents))
        if "child_object" in mask:
            out.child_object.CopyFrom(object_message(ledger, child, mask["child_object"]))
    return out
