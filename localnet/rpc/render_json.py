"""Move values as JSON, the way a node shows contents.

Rules:
    * u8, u16 and u32 are numbers, larger integers are texts; `vector<u8>` is Base64;
    * ids, strings and balances are their value alone, an option is null or its value;
    * structs are objects by field name, enums have `@variant` beside their fields.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from google.protobuf import json_format
from google.protobuf.struct_pb2 import Value as JsonValue

from localnet.vm import CallRefused, LinkError
from localnet.vm.types import DataType, Type, VectorType
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK

if TYPE_CHECKING:
    from localnet.vm import Vm
    from sui.type_tag import TypeTag

_NUMBERS = frozenset({"u8", "u16", "u32"})
_TEXTS = frozenset({"u64", "u128", "u256"})
_STRINGS = frozenset({(MOVE_STDLIB, "string", "String"), (MOVE_STDLIB, "ascii", "String")})
_TRANSPARENT = frozenset(
    {
        (SUI_FRAMEWORK, "object", "ID"),
        (SUI_FRAMEWORK, "object", "UID"),
        (SUI_FRAMEWORK, "balance", "Balance"),
        (SUI_FRAMEWORK, "url", "Url"),
    }
)
_OPTION = (MOVE_STDLIB, "option", "Option")


def plain(kind: Type, value: Any) -> Any:
    """Return a Move value as plain JSON data."""
    name = kind.kind
    if name in _NUMBERS or name == "bool":
        return value
    if name in _TEXTS:
        return str(value)
    if name in {"address", "signer"}:
        return "0x" + bytes(value).hex()
    if isinstance(kind, VectorType):
        if kind.element.kind == "u8":
            return base64.b64encode(bytes(value)).decode()
        return [plain(kind.element, item) for item in value]
    if not isinstance(kind, DataType):
        raise TypeError(f"{name} is no type of a value")
    return _data(kind, value)


def _data(kind: DataType, value: Any) -> Any:
    decl = kind.decl
    key = (decl.original_id, decl.module, decl.name)
    if key in _STRINGS:
        return bytes(value[0]).decode(errors="replace")
    if key in _TRANSPARENT:
        return plain(kind.fields[0], value[0])
    if key == _OPTION:
        element = kind.fields[0]
        items = value[0]
        if not items or not isinstance(element, VectorType):
            return None
        return plain(element.element, items[0])
    if decl.is_enum:
        variant, fields = decl.layout[value[0]]
        shown: dict[str, Any] = {"@variant": variant}
        pairs = zip(fields, kind.variants[value[0]], value[1:], strict=True)
    else:
        fields = decl.layout[0][1]
        shown = {}
        pairs = zip(fields, kind.fields, value, strict=True)
    for (name, _), field, item in pairs:
        shown[name] = plain(field, item)
    return shown


def json_value(vm: Vm, tag: TypeTag, data: bytes) -> JsonValue | None:
    """Return BCS bytes of a type as a JSON value, None where they cannot be read."""
    try:
        kind = vm.type_of(tag)
        return json_format.ParseDict(plain(kind, kind.deserialize(data)), JsonValue())
    except (CallRefused, LinkError):
        return None
