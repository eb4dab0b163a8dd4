"""Reads the tables of a compiled module, bytecode version 6 or 7 (flavour Sui).

Strict: tables are disjoint, cover the content, appear once; ULEB128 is canonical and bounded; nothing trails; every
count is checked before anything is allocated for it; every index is checked against its table (`bounds.py`).
Function bodies are read by `deserialize_code`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from localnet.vm.abilities import Abilities
from localnet.vm.bounds import check_bounds
from localnet.vm.bytecode import (
    CompiledModule,
    Constant,
    DatatypeHandle,
    EnumDef,
    Field,
    FieldHandle,
    FunctionDef,
    FunctionHandle,
    Instantiation,
    ModuleHandle,
    StructDef,
    Token,
    TypeParameter,
    VariantDef,
    VariantHandle,
    Visibility,
)
from localnet.vm.cursor import Cursor
from localnet.vm.deserialize_code import read_code
from localnet.vm.errors import MalformedBytecode
from localnet.vm.limits import DEFAULT_LIMITS, Limits
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

MAGIC = b"\xa1\x1c\xeb\x0b"
_FLAVOUR_SUI = 5
_VERSIONS = frozenset({6, 7})
_IDENTIFIER = re.compile(r"(?:[a-zA-Z][a-zA-Z0-9_$]*|_[a-zA-Z0-9_$]+|<SELF>)\Z")
_INDEX_MAX = 65_535
_VARIANT_INDEX_MAX = 1_024

(
    _MODULE_HANDLES,
    _DATATYPE_HANDLES,
    _FUNCTION_HANDLES,
    _FUNCTION_INSTANTIATIONS,
    _SIGNATURES,
    _CONSTANTS,
    _IDENTIFIERS,
    _ADDRESSES,
) = range(1, 9)
(
    _STRUCT_DEFS,
    _STRUCT_INSTANTIATIONS,
    _FUNCTION_DEFS,
    _FIELD_HANDLES,
    _FIELD_INSTANTIATIONS,
    _FRIENDS,
    _METADATA,
    _ENUM_DEFS,
    _ENUM_INSTANTIATIONS,
    _VARIANT_HANDLES,
    _VARIANT_INSTANTIATIONS,
) = range(0x0A, 0x15)
_KINDS = frozenset({*range(1, 9), *range(0x0A, 0x15)})
_SINCE_7 = frozenset({_ENUM_DEFS, _ENUM_INSTANTIATIONS, _VARIANT_HANDLES, _VARIANT_INSTANTIATIONS})

_SIMPLE_TOKENS: dict[int, Token] = {
    0x1: ("bool",),
    0x2: ("u8",),
    0x3: ("u64",),
    0x4: ("u128",),
    0x5: ("address",),
    0xC: ("signer",),
    0xD: ("u16",),
    0xE: ("u32",),
    0xF: ("u256",),
}
_REF, _MUT, _DATA, _PARAM, _VECTOR, _DATA_INST = 0x6, 0x7, 0x8, 0x9, 0xA, 0xB

_NATIVE_FLAG, _ENTRY_FLAG = 0x2, 0x4
_DECLARED = 0x2
_ALL_ABILITIES = 0xF


def deserialize(data: bytes, limits: Limits = DEFAULT_LIMITS) -> CompiledModule:
    """Decode a module and check all its indexes.

    Raises:
        MalformedBytecode: the bytes are no such module.
    """
    if len(data) > limits.module_max_bytes:
        raise MalformedBytecode(f"the module has {len(data)} bytes, at most {limits.module_max_bytes} are allowed")
    module = _Reader(bytes(data), limits).module()
    check_bounds(module)
    return module


class _Reader:
    """Decodes one module."""

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._version = 0

    def module(self) -> CompiledModule:
        head = Cursor(self._data, 0, len(self._data), "header")
        if head.take(4) != MAGIC:
            raise MalformedBytecode("the first four bytes are not those of a Move module")
        flavoured = int.from_bytes(head.take(4), "little")
        self._version, flavour = flavoured & 0xFFFFFF, flavoured >> 24
        if (
            self._version not in _VERSIONS
            or (self._version > 6 and flavour != _FLAVOUR_SUI)
            or (self._version == 6 and flavour != 0)
        ):
            raise MalformedBytecode(f"bytecode version {self._version} (flavour {flavour}); 6, and 7 of Sui, are known")
        tables = self._tables(head)
        start = head.position
        length = sum(size for _, size in tables.values())
        if start + length > len(self._data):
            raise MalformedBytecode("the tables are longer than the module")
        tail = Cursor(self._data, start + length, len(self._data), "end")
        self_handle = tail.uleb(_INDEX_MAX)
        tail.finish()
        read: dict[int, Cursor] = {
            kind: Cursor(self._data, start + offset, start + offset + size, f"table {kind:#x}")
            for kind, (offset, size) in tables.items()
        }
        module = CompiledModule(
            version=self._version,
            self_handle=self_handle,
            module_handles=self._all(read.get(_MODULE_HANDLES), self._module_handle),
            datatype_handles=self._all(read.get(_DATATYPE_HANDLES), self._datatype_handle),
            function_handles=self._all(read.get(_FUNCTION_HANDLES), self._function_handle),
            function_instantiations=self._all(read.get(_FUNCTION_INSTANTIATIONS), self._instantiation),
            signatures=self._all(read.get(_SIGNATURES), self._signature),
            constants=self._all(read.get(_CONSTANTS), self._constant),
            identifiers=self._all(read.get(_IDENTIFIERS), self._identifier),
            addresses=self._all(read.get(_ADDRESSES), lambda cursor: Address(cursor.take(32))),
            struct_defs=self._all(read.get(_STRUCT_DEFS), self._struct_def),
            struct_instantiations=self._all(read.get(_STRUCT_INSTANTIATIONS), self._instantiation),
            field_handles=self._all(
                read.get(_FIELD_HANDLES),
                lambda cursor: FieldHandle(cursor.uleb(_INDEX_MAX), cursor.uleb(self._limits.fields_max)),
            ),
            field_instantiations=self._all(read.get(_FIELD_INSTANTIATIONS), self._instantiation),
            friends=self._all(read.get(_FRIENDS), self._module_handle),
            metadata=self._all(read.get(_METADATA), self._metadata),
            enum_defs=self._all(read.get(_ENUM_DEFS), self._enum_def),
            enum_instantiations=self._all(read.get(_ENUM_INSTANTIATIONS), self._instantiation),
            variant_handles=self._all(read.get(_VARIANT_HANDLES), self._variant_handle),
            variant_instantiations=self._all(read.get(_VARIANT_INSTANTIATIONS), self._variant_handle),
        )
        return replace(
            module,
            function_defs=self._all(read.get(_FUNCTION_DEFS), self._function_def),
            addresses_offset=start + tables.get(_ADDRESSES, (0, 0))[0],
        )

    def _tables(self, head: Cursor) -> dict[int, tuple[int, int]]:
        tables: dict[int, tuple[int, int]] = {}
        for _ in range(head.uleb(255)):
            kind = head.byte()
            offset, size = head.uleb(0xFFFF_FFFF), head.uleb(0xFFFF_FFFF)
            if kind not in _KINDS or (kind in _SINCE_7 and self._version < 7):
                raise MalformedBytecode(f"table kind {kind:#x} is unknown in bytecode version {self._version}")
            if kind in tables:
                raise MalformedBytecode(f"table {kind:#x} appears twice")
            if size == 0:
                raise MalformedBytecode(f"table {kind:#x} is empty")
            tables[kind] = (offset, size)
        expected = 0
        for offset, size in sorted(tables.values()):
            if offset != expected:
                raise MalformedBytecode("the tables overlap or leave a gap")
            expected += size
        return tables

    def _all(self, cursor: Cursor | None, read: Callable[[Cursor], T]) -> tuple[T, ...]:
        if cursor is None:
            return ()
        entries: list[T] = []
        while not cursor.at_end:
            if len(entries) >= self._limits.table_max_entries:
                raise MalformedBytecode(f"{cursor.name} has more than {self._limits.table_max_entries} entries")
            entries.append(read(cursor))
        return tuple(entries)

    @staticmethod
    def _module_handle(cursor: Cursor) -> ModuleHandle:
        return ModuleHandle(cursor.uleb(_INDEX_MAX), cursor.uleb(_INDEX_MAX))

    @staticmethod
    def _abilities(cursor: Cursor) -> Abilities:
        return Abilities(cursor.uleb(_ALL_ABILITIES))

    def _datatype_handle(self, cursor: Cursor) -> DatatypeHandle:
        module, name = cursor.uleb(_INDEX_MAX), cursor.uleb(_INDEX_MAX)
        abilities = self._abilities(cursor)
        count = cursor.count(self._limits.type_parameters_max)
        parameters = tuple([TypeParameter(self._abilities(cursor), bool(cursor.uleb(1))) for _ in range(count)])
        return DatatypeHandle(module, name, abilities, parameters)

    def _function_handle(self, cursor: Cursor) -> FunctionHandle:
        module, name = cursor.uleb(_INDEX_MAX), cursor.uleb(_INDEX_MAX)
        parameters, returns = cursor.uleb(_INDEX_MAX), cursor.uleb(_INDEX_MAX)
        count = cursor.count(self._limits.type_parameters_max)
        return FunctionHandle(module, name, parameters, returns, tuple([self._abilities(cursor) for _ in range(count)]))

    @staticmethod
    def _instantiation(cursor: Cursor) -> Instantiation:
        return Instantiation(cursor.uleb(_INDEX_MAX), cursor.uleb(_INDEX_MAX))

    def _variant_handle(self, cursor: Cursor) -> VariantHandle:
        return VariantHandle(cursor.uleb(_INDEX_MAX), cursor.uleb(self._limits.variants_max))

    def _signature(self, cursor: Cursor) -> tuple[Token, ...]:
        count = cursor.count(self._limits.signature_max_tokens)
        return tuple([self._token(cursor, 1) for _ in range(count)])

    def _token(self, cursor: Cursor, depth: int) -> Token:
        if depth > self._limits.signature_max_depth:
            raise MalformedBytecode(f"{cursor.name}: a type is nested deeper than {self._limits.signature_max_depth}")
        kind = cursor.byte()
        simple = _SIMPLE_TOKENS.get(kind)
        if simple is not None:
            return simple
        if kind in {_REF, _MUT, _VECTOR}:
            name = {_REF: "ref", _MUT: "mut", _VECTOR: "vector"}[kind]
            return (name, self._token(cursor, depth + 1))
        if kind == _DATA:
            return ("data", cursor.uleb(_INDEX_MAX), ())
        if kind == _PARAM:
            return ("param", cursor.uleb(_INDEX_MAX))
        if kind == _DATA_INST:
            handle = cursor.uleb(_INDEX_MAX)
            count = cursor.count(self._limits.type_parameters_max)
            if count == 0:
                raise MalformedBytecode(f"{cursor.name}: a generic type without type arguments")
            return ("data", handle, tuple([self._token(cursor, depth + 1) for _ in range(count)]))
        raise MalformedBytecode(f"{cursor.name}: {kind:#x} is no kind of type")

    def _constant(self, cursor: Cursor) -> Constant:
        kind = self._token(cursor, 1)
        return Constant(kind, cursor.take(cursor.uleb(self._limits.constant_max_bytes)))

    def _identifier(self, cursor: Cursor) -> str:
        raw = cursor.take(cursor.uleb(self._limits.identifier_max_chars))
        try:
            text = raw.decode("ascii")
        except UnicodeDecodeError:
            text = ""
        if _IDENTIFIER.match(text) is None:
            raise MalformedBytecode(f"{raw[:64]!r} is no identifier")
        return text

    def _metadata(self, cursor: Cursor) -> tuple[bytes, bytes]:
        key = cursor.take(cursor.uleb(1_023))
        return key, cursor.take(cursor.uleb(self._limits.metadata_max_bytes))

    def _fields(self, cursor: Cursor) -> tuple[Field, ...]:
        count = cursor.count(self._limits.fields_max)
        return tuple([Field(cursor.uleb(_INDEX_MAX), self._token(cursor, 1)) for _ in range(count)])

    def _struct_def(self, cursor: Cursor) -> StructDef:
        handle = cursor.uleb(_INDEX_MAX)
        flag = cursor.byte()
        if flag != _DECLARED:
            raise MalformedBytecode(f"{cursor.name}: struct flag {flag:#x} (native structs do not exist any more)")
        return StructDef(handle, self._fields(cursor))

    def _enum_def(self, cursor: Cursor) -> EnumDef:
        handle = cursor.uleb(_INDEX_MAX)
        if cursor.byte() != _DECLARED:
            raise MalformedBytecode(f"{cursor.name}: unknown enum flag")
        count = cursor.count(self._limits.variants_max)
        variants = tuple([VariantDef(cursor.uleb(_INDEX_MAX), self._fields(cursor)) for _ in range(count)])
        return EnumDef(handle, variants)

    def _function_def(self, cursor: Cursor) -> FunctionDef:
        handle = cursor.uleb(_INDEX_MAX)
        visibility = cursor.byte()
        if visibility not in {0, 1, 3}:
            raise MalformedBytecode(f"{cursor.name}: visibility {visibility}")
        flags = cursor.byte()
        if flags & ~(_NATIVE_FLAG | _ENTRY_FLAG):
            raise MalformedBytecode(f"{cursor.name}: unknown function flags {flags:#x}")
        for _ in range(cursor.count(255)):
            cursor.uleb(_INDEX_MAX)  # acquired resources: nothing on Sui
        code = None if flags & _NATIVE_FLAG else read_code(cursor, self._version, self._limits)
        return FunctionDef(handle, Visibility(visibility), bool(flags & _ENTRY_FLAG), code)
