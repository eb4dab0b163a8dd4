"""Function bodies without table indexes, so that those of two versions of a module can be compared.

Two modules may hold the same code under different indexes, because one has more identifiers or types. Here every
operand that is an index is replaced by what it leads to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from localnet.vm.abi import abi_type
from localnet.vm.bytecode import Op

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.vm.bytecode import Code, CompiledModule, Instantiation

NormalCode: TypeAlias = tuple[Any, ...]
"""Compare with `==`; nothing else is promised."""


def normal_code(module: CompiledModule, code: Code | None) -> NormalCode | None:
    """Return a function's body in a form that does not depend on the module's tables; None for a native."""
    if code is None:
        return None
    instructions = tuple([(op, *_operands(module, code, op, rest)) for op, *rest in code.instructions])
    return _types(module, code.locals), instructions


def normal_constant(module: CompiledModule, index: int) -> tuple[Any, bytes]:
    """Return type and BCS of a constant."""
    constant = module.constants[index]
    return abi_type(module, constant.type), constant.data


def _operands(module: CompiledModule, code: Code, op: int, operands: list[int]) -> tuple[Any, ...]:
    if op == Op.VARIANT_SWITCH:
        table = code.jump_tables[operands[0]]
        return _enum(module, table.enum), table.targets
    resolve = _RESOLVE.get(op)
    return tuple(operands) if resolve is None else (resolve(module, operands[0]), *operands[1:])


def _types(module: CompiledModule, signature: int) -> tuple[Any, ...]:
    return tuple([abi_type(module, token) for token in module.signatures[signature]])


def _struct(module: CompiledModule, index: int) -> str:
    return module.identifiers[module.datatype_handles[module.struct_defs[index].handle].name]


def _enum(module: CompiledModule, index: int) -> str:
    return module.identifiers[module.datatype_handles[module.enum_defs[index].handle].name]


def _field(module: CompiledModule, index: int) -> tuple[str, int]:
    handle = module.field_handles[index]
    return _struct(module, handle.struct), handle.field


def _function(module: CompiledModule, index: int) -> tuple[Any, ...]:
    handle = module.function_handles[index]
    return *module.module_of(handle.module), module.identifiers[handle.name]


def _instance(
    table: Callable[[CompiledModule], tuple[Instantiation, ...]], target: Callable[[CompiledModule, int], Any]
) -> Callable[[CompiledModule, int], Any]:
    def resolve(module: CompiledModule, index: int) -> tuple[Any, ...]:
        entry = table(module)[index]
        return target(module, entry.target), _types(module, entry.type_args)

    return resolve


def _variant(module: CompiledModule, index: int) -> tuple[str, int]:
    handle = module.variant_handles[index]
    return _enum(module, handle.enum), handle.variant


def _variant_instance(module: CompiledModule, index: int) -> tuple[Any, ...]:
    handle = module.variant_instantiations[index]
    entry = module.enum_instantiations[handle.enum]
    return _enum(module, entry.target), handle.variant, _types(module, entry.type_args)


_STRUCT_INSTANCE = _instance(lambda module: module.struct_instantiations, _struct)
_FIELD_INSTANCE = _instance(lambda module: module.field_instantiations, _field)
_RESOLVE: dict[int, Callable[[CompiledModule, int], Any]] = {
    Op.LD_CONST: normal_constant,
    Op.MUT_BORROW_FIELD: _field,
    Op.IMM_BORROW_FIELD: _field,
    Op.MUT_BORROW_FIELD_GENERIC: _FIELD_INSTANCE,
    Op.IMM_BORROW_FIELD_GENERIC: _FIELD_INSTANCE,
    Op.CALL: _function,
    Op.CALL_GENERIC: _instance(lambda module: module.function_instantiations, _function),
    Op.PACK: _struct,
    Op.UNPACK: _struct,
    Op.PACK_GENERIC: _STRUCT_INSTANCE,
    Op.UNPACK_GENERIC: _STRUCT_INSTANCE,
    Op.PACK_VARIANT: _variant,
    Op.UNPACK_VARIANT: _variant,
    Op.UNPACK_VARIANT_IMM_REF: _variant,
    Op.UNPACK_VARIANT_MUT_REF: _variant,
    Op.PACK_VARIANT_GENERIC: _variant_instance,
    Op.UNPACK_VARIANT_GENERIC: _variant_instance,
    Op.UNPACK_VARIANT_GENERIC_IMM_REF: _variant_instance,
    Op.UNPACK_VARIANT_GENERIC_MUT_REF: _variant_instance,
    **dict.fromkeys(
        (
            Op.VEC_PACK,
            Op.VEC_LEN,
            Op.VEC_IMM_BORROW,
            Op.VEC_MUT_BORROW,
            Op.VEC_PUSH_BACK,
            Op.VEC_POP_BACK,
            Op.VEC_UNPACK,
            Op.VEC_SWAP,
        ),
        _types,
    ),
}
