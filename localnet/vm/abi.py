"""What a module shows to the outside: its functions and datatypes, with types as clients are told them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localnet.vm.abilities import Abilities
    from localnet.vm.bytecode import CompiledModule, Field, Token, Visibility
    from sui.types import Address


@dataclass(frozen=True, slots=True)
class AbiType:
    """A type in a signature.

    Attributes:
        kind: "bool", "u8" … "u256", "address", "signer", "vector", "data", "param", "ref" or "mut".
        args: the element of a vector, the target of a reference, the type arguments of a datatype.
        address, module, name: of a datatype; `address` is the original id, as in the bytecode.
        index: of a type parameter.
    """

    kind: str
    args: tuple[AbiType, ...] = ()
    address: Address | None = None
    module: str = ""
    name: str = ""
    index: int = 0

    def is_data(self, address: Address, module: str, name: str) -> bool:
        """Return whether it is this datatype."""
        return self.kind == "data" and (self.address, self.module, self.name) == (address, module, name)


@dataclass(frozen=True, slots=True)
class FunctionAbi:
    """A function's declaration."""

    name: str
    visibility: Visibility
    is_entry: bool
    is_native: bool
    type_parameters: tuple[Abilities, ...]
    parameters: tuple[AbiType, ...]
    returns: tuple[AbiType, ...]


@dataclass(frozen=True, slots=True)
class FieldAbi:
    """A field's name and type."""

    name: str
    type: AbiType


@dataclass(frozen=True, slots=True)
class VariantAbi:
    """A variant of an enum, or the one unnamed shape of a struct."""

    name: str
    fields: tuple[FieldAbi, ...]


@dataclass(frozen=True, slots=True)
class DatatypeAbi:
    """A struct's or enum's declaration; `type_parameters` are (abilities asked for, phantom)."""

    name: str
    abilities: Abilities
    type_parameters: tuple[tuple[Abilities, bool], ...]
    is_enum: bool
    variants: tuple[VariantAbi, ...]

    @property
    def fields(self) -> tuple[FieldAbi, ...]:
        """The fields of a struct."""
        return self.variants[0].fields


@dataclass(frozen=True, slots=True)
class ModuleAbi:
    """Everything that a module declares."""

    address: Address
    name: str
    functions: dict[str, FunctionAbi]
    datatypes: dict[str, DatatypeAbi]
    friends: tuple[tuple[Address, str], ...]


def module_abi(module: CompiledModule) -> ModuleAbi:
    """Read the declarations of a decoded module."""
    names = module.identifiers
    functions = {}
    for definition in module.function_defs:
        handle = module.function_handles[definition.handle]
        functions[names[handle.name]] = FunctionAbi(
            name=names[handle.name],
            visibility=definition.visibility,
            is_entry=definition.is_entry,
            is_native=definition.code is None,
            type_parameters=handle.type_parameters,
            parameters=tuple([abi_type(module, token) for token in module.signatures[handle.parameters]]),
            returns=tuple([abi_type(module, token) for token in module.signatures[handle.returns]]),
        )
    datatypes = {}
    for struct in module.struct_defs:
        shape = VariantAbi("", _fields(module, struct.fields or ()))
        declared = _datatype(module, struct.handle, (shape,), is_enum=False)
        datatypes[declared.name] = declared
    for enum in module.enum_defs:
        shapes = tuple([VariantAbi(names[variant.name], _fields(module, variant.fields)) for variant in enum.variants])
        declared = _datatype(module, enum.handle, shapes, is_enum=True)
        datatypes[declared.name] = declared
    friends = tuple([(module.addresses[friend.address], names[friend.name]) for friend in module.friends])
    return ModuleAbi(module.address, module.name, functions, datatypes, friends)


def _fields(module: CompiledModule, fields: tuple[Field, ...]) -> tuple[FieldAbi, ...]:
    return tuple([FieldAbi(module.identifiers[field.name], abi_type(module, field.type)) for field in fields])


def _datatype(
    module: CompiledModule, handle_index: int, variants: tuple[VariantAbi, ...], *, is_enum: bool
) -> DatatypeAbi:
    handle = module.datatype_handles[handle_index]
    return DatatypeAbi(
        name=module.identifiers[handle.name],
        abilities=handle.abilities,
        type_parameters=tuple([(parameter.constraints, parameter.phantom) for parameter in handle.type_parameters]),
        is_enum=is_enum,
        variants=variants,
    )


def abi_type(module: CompiledModule, token: Token) -> AbiType:
    """Turn a signature's token into an `AbiType`."""
    kind = token[0]
    if kind in {"vector", "ref", "mut"}:
        return AbiType(kind, (abi_type(module, token[1]),))
    if kind == "param":
        return AbiType(kind, index=token[1])
    if kind == "data":
        handle = module.datatype_handles[token[1]]
        address, name = module.module_of(handle.module)
        args = tuple([abi_type(module, argument) for argument in token[2]])
        return AbiType(kind, args, address, name, module.identifiers[handle.name])
    return AbiType(kind)
