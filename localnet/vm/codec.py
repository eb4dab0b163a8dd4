"""Compiles, per type: BCS out, BCS in, deep copy, and the abstract memory size that gas counts.

Each becomes a small Python function built from source. Names in that source are numbers of ours; nothing of a
package's text gets into it.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, cast

from localnet.vm.errors import CallRefused
from sui.errors import BcsError
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.vm.types import DataType, Type, VectorType
    from localnet.vm.values import Value

WIDTH = {"bool": 1, "u8": 1, "u16": 2, "u32": 4, "u64": 8, "u128": 16, "u256": 32, "address": 32, "signer": 32}
REFERENCE_SIZE = 8
STRUCT_SIZE = 2
VECTOR_SIZE = 8
_LENGTH_MAX = 0xFFFF_FFFF


class _BadBytesError(Exception):
    """The bytes are not BCS of the type."""


def _uleb(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_uleb(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 28:
            raise _BadBytesError("a length of more than 32 bits")
    if (shift and byte == 0) or value > _LENGTH_MAX:
        raise _BadBytesError("a length that is not canonical ULEB128")
    return value, position


def _bad(why: str) -> None:
    raise _BadBytesError(why)


_numbers = itertools.count()
_NAMES: dict[str, Any] = {
    "__builtins__": {"len": len, "int": int, "bytes": bytes, "bytearray": bytearray, "range": range, "sum": sum},
    "BYTE": [bytes([n]) for n in range(256)],
    "SHORT": [_uleb(n) for n in range(128)],
    "ULEB": _uleb,
    "READ_ULEB": _read_uleb,
    "BAD": _bad,
    "ADDRESS": Address,
    "INT": int.from_bytes,
}


def _define(name: str, parameters: str, body: list[str]) -> Any:
    source = f"def {name}({parameters}):\n" + "".join(f" {line}\n" for line in body)
    exec(compile(source, f"<move codec {name}>", "exec"), _NAMES)  # noqa: S102 - see the module docstring
    return _NAMES[name]


def _named(prefix: str, function: Any) -> str:
    """Return the name under which generated code finds a function."""
    known = getattr(function, "__name__", "")
    if _NAMES.get(known) is function:
        return known
    name = f"{prefix}{next(_numbers)}"
    _NAMES[name] = function
    return name


def _data(kind: Type) -> DataType:
    return cast("DataType", kind)


def _element(kind: Type) -> Type:
    return cast("VectorType", kind).element


# BCS out.


def _encode_expression(kind: Type, x: str) -> str:
    name = kind.kind
    if name == "u8":
        return f"BYTE[{x}]"
    if name in {"u16", "u32", "u64", "u128", "u256"}:
        return f"{x}.to_bytes({WIDTH[name]}, 'little')"
    if name == "bool":
        return f"BYTE[{x}]"
    if name in {"address", "signer"}:
        return x
    return f"{_named('E', kind.encoder)}({x})"


def encoder(kind: Type) -> Callable[[Value], bytes]:
    """Compile the serialiser of a type."""
    name = f"E{next(_numbers)}"
    if kind.kind == "vector":
        element = _element(kind)
        head = ["n = len(v)", "h = SHORT[n] if n < 128 else ULEB(n)"]
        if element.kind == "u8":
            return cast("Callable[[Value], bytes]", _define(name, "v", [*head, "return h + v"]))
        if element.kind == "address":
            return cast("Callable[[Value], bytes]", _define(name, "v", [*head, "return h + b''.join(v)"]))
        items = f"[{_encode_expression(element, 'x')} for x in v]"
        return cast("Callable[[Value], bytes]", _define(name, "v", [*head, f"return h + b''.join({items})"]))
    if kind.kind != "data":
        return cast("Callable[[Value], bytes]", _define(name, "v", [f"return {_encode_expression(kind, 'v')}"]))
    data = _data(kind)
    if not data.decl.is_enum:
        parts = [_encode_expression(field, f"v[{index}]") for index, field in enumerate(data.fields)]
        return cast("Callable[[Value], bytes]", _define(name, "v", [f"return {_joined(parts)}"]))
    body = ["t = v[0]"]
    for tag, fields in enumerate(data.variants):
        parts = [f"BYTE[{tag}]", *(_encode_expression(field, f"v[{i + 1}]") for i, field in enumerate(fields))]
        body.append(f"if t == {tag}: return {_joined(parts)}")
    return cast("Callable[[Value], bytes]", _define(name, "v", body))


def _joined(parts: list[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"b''.join(({', '.join(parts)}))" if parts else "b''"


# BCS in.


def _decode_lines(kind: Type, target: str) -> list[str]:
    """Return lines that read `kind` at `p` of `b` into `target` and move `p` on."""
    name = kind.kind
    if name == "u8":
        return [f"{target} = b[p]", "p += 1"]
    if name == "bool":
        return [
            f"{target} = b[p]",
            f"if {target} > 1: BAD('a bool that is neither 0 nor 1')",
            f"{target} = {target} == 1",
            "p += 1",
        ]
    if name in {"address", "signer"}:
        return [f"{target} = ADDRESS(b[p:p + 32])", "p += 32"]
    if name in WIDTH:
        width = WIDTH[name]
        return [f"{target} = INT(b[p:p + {width}], 'little')", f"p += {width}"]
    return [f"{target}, p = {_named('D', kind.decoder)}(b, p)"]


def decoder(kind: Type) -> Callable[[bytes, int], tuple[Value, int]]:
    """Compile the deserialiser of a type. Bounds are checked at the end: a position past the end is never valid."""
    name = f"D{next(_numbers)}"
    if kind.kind == "vector":
        return cast("Callable[[bytes, int], tuple[Value, int]]", _define(name, "b, p", _decode_vector(_element(kind))))
    if kind.kind != "data":
        body = [*_decode_lines(kind, "x"), "return x, p"]
        return cast("Callable[[bytes, int], tuple[Value, int]]", _define(name, "b, p", body))
    data = _data(kind)
    body = []
    if not data.decl.is_enum:
        body.extend(_decode_fields(data.fields, []))
        return cast("Callable[[bytes, int], tuple[Value, int]]", _define(name, "b, p", body))
    body = ["t = b[p]", "p += 1"]
    for tag, fields in enumerate(data.variants):
        body.append(f"if t == {tag}:")
        body.extend(f" {line}" for line in _decode_fields(fields, [str(tag)]))
    body.append("BAD('a variant that does not exist')")
    return cast("Callable[[bytes, int], tuple[Value, int]]", _define(name, "b, p", body))


def _decode_fields(fields: tuple[Type, ...], first: list[str]) -> list[str]:
    lines = [line for index, field in enumerate(fields) for line in _decode_lines(field, f"f{index}")]
    return [*lines, f"return [{', '.join([*first, *(f'f{index}' for index in range(len(fields)))])}], p"]


def _decode_vector(element: Type) -> list[str]:
    head = [
        "n = b[p]",
        "p += 1",
        "if n > 127: n, p = READ_ULEB(b, p - 1)",
        "if n > len(b) - p: BAD('a vector that is longer than the bytes')",
    ]
    if element.kind == "u8":
        return [*head, "return bytearray(b[p:p + n]), p + n"]
    return [
        *head,
        "items = []",
        "for _ in range(n):",
        *(f" {line}" for line in _decode_lines(element, "x")),
        " items.append(x)",
        "return items, p",
    ]


def decode_whole(decode: Callable[[bytes, int], tuple[Value, int]], data: bytes, kind: Type) -> Value:
    """Decode exactly `data`.

    Raises:
        CallRefused: it is no BCS of `kind`.
    """
    try:
        value, position = decode(data, 0)
    except (IndexError, BcsError, _BadBytesError) as error:
        raise CallRefused(f"{len(data)} bytes are no BCS of {kind}: {error}") from error
    if position != len(data):
        raise CallRefused(f"{len(data)} bytes are no BCS of {kind}: it takes {position}")
    return value


# Copies.


def is_flat(kind: Type) -> bool:
    """Return whether a shallow copy of a container is a whole copy."""
    if kind.kind == "vector":
        return not _element(kind).container
    if kind.kind == "data":
        return not any(field.container for fields in _data(kind).variants for field in fields)
    return False


def copy_expression(kind: Type, x: str, name_of: Callable[[str, Any], str] = _named) -> str:
    """Return an expression that copies `x`; `name_of` makes a function reachable from where it is used."""
    if not kind.container:
        return x
    if is_flat(kind):
        return f"{x}[:]"
    return f"{name_of('C', kind.copier)}({x})"


def copier(kind: Type) -> Callable[[Value], Value]:
    """Compile the deep copy of a type."""
    name = f"C{next(_numbers)}"
    if not kind.container or is_flat(kind):
        return cast("Callable[[Value], Value]", _define(name, "v", [f"return {copy_expression(kind, 'v')}"]))
    if kind.kind == "vector":
        return cast(
            "Callable[[Value], Value]",
            _define(name, "v", [f"return [{copy_expression(_element(kind), 'x')} for x in v]"]),
        )
    data = _data(kind)
    if not data.decl.is_enum:
        parts = [copy_expression(field, f"v[{index}]") for index, field in enumerate(data.fields)]
        return cast("Callable[[Value], Value]", _define(name, "v", [f"return [{', '.join(parts)}]"]))
    body = ["t = v[0]"]
    for tag, fields in enumerate(data.variants):
        parts = [str(tag), *(copy_expression(field, f"v[{index + 1}]") for index, field in enumerate(fields))]
        body.append(f"if t == {tag}: return [{', '.join(parts)}]")
    return cast("Callable[[Value], Value]", _define(name, "v", body))


# Abstract sizes.


def fixed_size(kind: Type) -> int | None:
    """Return the abstract size of a type whose values all have the same, else None."""
    if kind.target is not None:
        return REFERENCE_SIZE
    if not kind.container:
        return WIDTH[kind.kind]
    if kind.kind == "vector" or _data(kind).decl.is_enum:
        return None
    total = STRUCT_SIZE
    for field in _data(kind).fields:
        size = fixed_size(field)
        if size is None:
            return None
        total += size
    return total


def size_expression(kind: Type, x: str, name_of: Callable[[str, Any], str] = _named) -> str:
    """Return an expression for the abstract size of `x`."""
    fixed = fixed_size(kind)
    if fixed is not None:
        return str(fixed)
    if kind.kind == "vector":
        item = fixed_size(_element(kind))
        if item is not None:
            return f"{VECTOR_SIZE} + {item} * len({x})"
    return f"{name_of('Z', kind.sizer)}({x})"


def sizer(kind: Type) -> Callable[[Value], int]:
    """Compile the abstract size of a type."""
    name = f"Z{next(_numbers)}"
    if kind.kind == "vector" and fixed_size(_element(kind)) is None:
        body = [f"return {VECTOR_SIZE} + sum([{size_expression(_element(kind), 'x')} for x in v])"]
    elif kind.kind == "data" and _data(kind).decl.is_enum:
        body = ["t = v[0]"]
        for tag, fields in enumerate(_data(kind).variants):
            parts = [
                str(STRUCT_SIZE),
                *(size_expression(field, f"v[{index + 1}]") for index, field in enumerate(fields)),
            ]
            body.append(f"if t == {tag}: return {' + '.join(parts)}")
    elif kind.kind == "data" and fixed_size(kind) is None:
        parts = [size_expression(field, f"v[{index}]") for index, field in enumerate(_data(kind).fields)]
        body = [f"return {' + '.join([str(STRUCT_SIZE), *parts])}"]
    else:
        body = [f"return {size_expression(kind, 'v')}"]
    return cast("Callable[[Value], int]", _define(name, "v", body))
