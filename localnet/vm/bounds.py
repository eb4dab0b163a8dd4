"""Checks that every index of a decoded module points into its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.bytecode import BRANCHES, ENDS_BLOCK, Code, CompiledModule, Op, Token
from localnet.vm.errors import MalformedBytecode

if TYPE_CHECKING:
    from collections.abc import Iterable

_TABLE_OF = {
    Op.LD_CONST: "constants",
    Op.MUT_BORROW_FIELD: "field_handles",
    Op.IMM_BORROW_FIELD: "field_handles",
    Op.MUT_BORROW_FIELD_GENERIC: "field_instantiations",
    Op.IMM_BORROW_FIELD_GENERIC: "field_instantiations",
    Op.CALL: "function_handles",
    Op.CALL_GENERIC: "function_instantiations",
    Op.PACK: "struct_defs",
    Op.UNPACK: "struct_defs",
    Op.PACK_GENERIC: "struct_instantiations",
    Op.UNPACK_GENERIC: "struct_instantiations",
    Op.VEC_PACK: "signatures",
    Op.VEC_LEN: "signatures",
    Op.VEC_IMM_BORROW: "signatures",
    Op.VEC_MUT_BORROW: "signatures",
    Op.VEC_PUSH_BACK: "signatures",
    Op.VEC_POP_BACK: "signatures",
    Op.VEC_UNPACK: "signatures",
    Op.VEC_SWAP: "signatures",
    Op.PACK_VARIANT: "variant_handles",
    Op.UNPACK_VARIANT: "variant_handles",
    Op.UNPACK_VARIANT_IMM_REF: "variant_handles",
    Op.UNPACK_VARIANT_MUT_REF: "variant_handles",
    Op.PACK_VARIANT_GENERIC: "variant_instantiations",
    Op.UNPACK_VARIANT_GENERIC: "variant_instantiations",
    Op.UNPACK_VARIANT_GENERIC_IMM_REF: "variant_instantiations",
    Op.UNPACK_VARIANT_GENERIC_MUT_REF: "variant_instantiations",
}
_VECTOR_OPS = frozenset(op for op, table in _TABLE_OF.items() if table == "signatures")
_LOCAL_OPS = frozenset({Op.COPY_LOC, Op.MOVE_LOC, Op.ST_LOC, Op.MUT_BORROW_LOC, Op.IMM_BORROW_LOC})
_MANY = 1 << 16


def check_bounds(module: CompiledModule) -> None:
    """Check all tables against each other.

    Raises:
        MalformedBytecode: an index points outside.
    """
    _Bounds(module).check()


class _Bounds:
    def __init__(self, module: CompiledModule) -> None:
        self._module = module

    def _in(self, table: str, index: int, where: str) -> None:
        size = len(getattr(self._module, table))
        if index >= size:
            raise MalformedBytecode(f"{where}: index {index} into {table}, which has {size} entries")

    def _token(self, token: Token, parameters: int, where: str) -> None:
        kind = token[0]
        if kind in {"ref", "mut", "vector"}:
            self._token(token[1], parameters, where)
        elif kind == "param":
            if token[1] >= parameters:
                raise MalformedBytecode(f"{where}: type parameter {token[1]}, there are {parameters}")
        elif kind == "data":
            self._in("datatype_handles", token[1], where)
            wanted = len(self._module.datatype_handles[token[1]].type_parameters)
            if len(token[2]) != wanted:
                raise MalformedBytecode(f"{where}: a type takes {wanted} type arguments, {len(token[2])} are given")
            for argument in token[2]:
                self._token(argument, parameters, where)

    def _tokens(self, tokens: Iterable[Token], parameters: int, where: str) -> None:
        for token in tokens:
            self._token(token, parameters, where)

    def check(self) -> None:
        """Check the whole module."""
        module = self._module
        self._in("module_handles", module.self_handle, "self")
        for handle in (*module.module_handles, *module.friends):
            self._in("addresses", handle.address, "module handle")
            self._in("identifiers", handle.name, "module handle")
        for datatype in module.datatype_handles:
            self._in("module_handles", datatype.module, "datatype handle")
            self._in("identifiers", datatype.name, "datatype handle")
        for function in module.function_handles:
            self._in("module_handles", function.module, "function handle")
            self._in("identifiers", function.name, "function handle")
            for signature in (function.parameters, function.returns):
                self._in("signatures", signature, "function handle")
                self._tokens(module.signatures[signature], len(function.type_parameters), "function handle")
        for tokens in module.signatures:
            self._tokens(tokens, _MANY, "signature")
        for constant in module.constants:
            self._token(constant.type, 0, "constant")
        self._definitions()
        for definition in module.function_defs:
            self._in("function_handles", definition.handle, "function")
            if module.function_handles[definition.handle].module != module.self_handle:
                raise MalformedBytecode("a function is defined for another module")
            if definition.code is not None:
                self._code(definition.code, definition.handle)

    def _definitions(self) -> None:
        module = self._module
        owned: list[tuple[int, int]] = []
        for struct in module.struct_defs:
            self._in("datatype_handles", struct.handle, "struct")
            count = len(module.datatype_handles[struct.handle].type_parameters)
            for field in struct.fields or ():
                self._in("identifiers", field.name, "field")
                self._token(field.type, count, "field")
            owned.append((struct.handle, 0))
        for enum in module.enum_defs:
            self._in("datatype_handles", enum.handle, "enum")
            count = len(module.datatype_handles[enum.handle].type_parameters)
            for variant in enum.variants:
                self._in("identifiers", variant.name, "variant")
                for field in variant.fields:
                    self._in("identifiers", field.name, "field")
                    self._token(field.type, count, "field")
            owned.append((enum.handle, 0))
        if len(set(owned)) != len(owned):
            raise MalformedBytecode("a datatype is defined twice")
        for handle, _ in owned:
            if module.datatype_handles[handle].module != module.self_handle:
                raise MalformedBytecode("a datatype is defined for another module")
        for table, target in (
            ("function_instantiations", "function_handles"),
            ("struct_instantiations", "struct_defs"),
            ("field_instantiations", "field_handles"),
            ("enum_instantiations", "enum_defs"),
        ):
            for instantiation in getattr(module, table):
                self._in(target, instantiation.target, table)
                self._in("signatures", instantiation.type_args, table)
        for field_handle in module.field_handles:
            self._in("struct_defs", field_handle.struct, "field handle")
            if field_handle.field >= len(module.struct_defs[field_handle.struct].fields or ()):
                raise MalformedBytecode(f"field handle: field {field_handle.field} does not exist")
        for variant_handle in module.variant_handles:
            self._in("enum_defs", variant_handle.enum, "variant handle")
            self._variant(variant_handle.enum, variant_handle.variant)
        for variant_handle in module.variant_instantiations:
            self._in("enum_instantiations", variant_handle.enum, "variant instantiation")
            self._variant(module.enum_instantiations[variant_handle.enum].target, variant_handle.variant)
        self._arities()

    def _arities(self) -> None:
        module = self._module
        for instantiation in module.function_instantiations:
            wanted = len(module.function_handles[instantiation.target].type_parameters)
            self._arity(instantiation.type_args, wanted, "function instantiation")
        for instantiation in module.struct_instantiations:
            handle = module.struct_defs[instantiation.target].handle
            self._arity(instantiation.type_args, len(module.datatype_handles[handle].type_parameters), "struct")
        for instantiation in module.field_instantiations:
            handle = module.struct_defs[module.field_handles[instantiation.target].struct].handle
            self._arity(instantiation.type_args, len(module.datatype_handles[handle].type_parameters), "field")
        for instantiation in module.enum_instantiations:
            handle = module.enum_defs[instantiation.target].handle
            self._arity(instantiation.type_args, len(module.datatype_handles[handle].type_parameters), "enum")

    def _arity(self, signature: int, wanted: int, where: str) -> None:
        given = len(self._module.signatures[signature])
        if given != wanted:
            raise MalformedBytecode(f"{where}: {given} type arguments for {wanted} type parameters")

    def _variant(self, enum: int, variant: int) -> None:
        if variant >= len(self._module.enum_defs[enum].variants):
            raise MalformedBytecode(f"variant {variant} does not exist")

    def _code(self, code: Code, handle: int) -> None:
        module = self._module
        function = module.function_handles[handle]
        where = module.identifiers[function.name]
        parameters = len(function.type_parameters)
        self._in("signatures", code.locals, where)
        self._tokens(module.signatures[code.locals], parameters, where)
        count = len(module.signatures[function.parameters]) + len(module.signatures[code.locals])
        if not code.instructions or Op(code.instructions[-1][0]) not in ENDS_BLOCK - {Op.BR_TRUE, Op.BR_FALSE}:
            raise MalformedBytecode(f"{where}: the code does not end with a return, abort or jump")
        length = len(code.instructions)
        for table in code.jump_tables:
            self._in("enum_defs", table.enum, where)
            if len(table.targets) != len(module.enum_defs[table.enum].variants):
                raise MalformedBytecode(f"{where}: a jump table does not have one target for each variant")
            if any(target >= length for target in table.targets):
                raise MalformedBytecode(f"{where}: a jump leads outside the code")
        for instruction in code.instructions:
            op = Op(instruction[0])
            if op in BRANCHES:
                if instruction[1] >= length:
                    raise MalformedBytecode(f"{where}: a jump leads outside the code")
            elif op in _LOCAL_OPS:
                if instruction[1] >= count:
                    raise MalformedBytecode(f"{where}: local {instruction[1]}, there are {count}")
            elif op is Op.VARIANT_SWITCH:
                if instruction[1] >= len(code.jump_tables):
                    raise MalformedBytecode(f"{where}: jump table {instruction[1]} does not exist")
            elif op in _TABLE_OF:
                self._in(_TABLE_OF[op], instruction[1], where)
                if op in _VECTOR_OPS:
                    self._arity(instruction[1], 1, where)
