"""Publish check 4: structs, enums, signatures and constants of a module make sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.abilities import Abilities, required_of_fields
from localnet.vm.codec import WIDTH
from localnet.vm.errors import VerificationError
from localnet.vm.verify_links import Links, abilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localnet.vm.bytecode import CompiledModule, Field, Token

_NOT_IN_CONSTANTS = frozenset({"ref", "mut", "data", "param", "signer"})


def verify_datatypes(module: CompiledModule, links: Links) -> None:
    """Check a module's declarations.

    Raises:
        VerificationError: a rule is broken.
    """
    del links
    names = [module.identifiers[module.function_handles[entry.handle].name] for entry in module.function_defs]
    _unique(module, names, "function")
    shapes = _shapes(module)
    _unique(module, [module.identifiers[module.datatype_handles[handle].name] for handle, _ in shapes], "datatype")
    for handle_index, fields in shapes:
        _fields(module, handle_index, fields)
    _not_recursive(module, shapes)
    for tokens in module.signatures:
        for token in tokens:
            _signature_token(module, token, top=True)
    for handle in module.function_handles:
        for index in (handle.parameters, handle.returns):
            for token in module.signatures[index]:
                _constraints(module, token, handle.type_parameters)
    for constant in module.constants:
        _constant(module, constant.type, constant.data)


def _shapes(module: CompiledModule) -> list[tuple[int, list[tuple[Field, ...]]]]:
    """Return datatype handle and the fields of each variant (one for structs)."""
    shapes: list[tuple[int, list[tuple[Field, ...]]]] = [
        (struct.handle, [struct.fields or ()]) for struct in module.struct_defs
    ]
    shapes += [(enum.handle, [variant.fields for variant in enum.variants]) for enum in module.enum_defs]
    for enum in module.enum_defs:
        if not enum.variants:
            raise VerificationError(f"{module.name}: an enum without variants")
        _unique(module, [module.identifiers[variant.name] for variant in enum.variants], "variant")
    for struct in module.struct_defs:
        if not struct.fields:
            raise VerificationError(f"{module.name}: a struct without fields")
    return shapes


def _unique(module: CompiledModule, names: Sequence[str], what: str) -> None:
    if len(set(names)) != len(names):
        raise VerificationError(f"{module.name}: two things are called the same ({what})")


def _fields(module: CompiledModule, handle_index: int, variants: list[tuple[Field, ...]]) -> None:
    handle = module.datatype_handles[handle_index]
    name = module.identifiers[handle.name]
    # Inside the declaration a type parameter has what the declaration asks for, and what the abilities imply.
    needed = required_of_fields(handle.abilities)
    parameters = [Abilities(parameter.constraints | needed) for parameter in handle.type_parameters]
    phantoms = {index for index, parameter in enumerate(handle.type_parameters) if parameter.phantom}
    for fields in variants:
        _unique(module, [module.identifiers[field.name] for field in fields], f"field of {name}")
        for field in fields:
            where = f"{module.name}::{name}.{module.identifiers[field.name]}"
            if _has_reference(field.type):
                raise VerificationError(f"{where} is a reference")
            if needed & ~abilities_of(module, field.type, parameters):
                raise VerificationError(f"{where} lacks an ability that {name} has")
            if _uses_phantom(module, field.type, phantoms):
                raise VerificationError(f"{where} uses a phantom type parameter")
            _constraints(module, field.type, [parameter.constraints for parameter in handle.type_parameters])


def _has_reference(token: Token) -> bool:
    kind = token[0]
    if kind in {"ref", "mut"}:
        return True
    if kind == "vector":
        return _has_reference(token[1])
    return kind == "data" and any(_has_reference(argument) for argument in token[2])


def _uses_phantom(module: CompiledModule, token: Token, phantoms: set[int]) -> bool:
    kind = token[0]
    if kind == "param":
        return token[1] in phantoms
    if kind == "vector":
        return _uses_phantom(module, token[1], phantoms)
    if kind == "data":
        handle = module.datatype_handles[token[1]]
        return any(
            _uses_phantom(module, argument, phantoms)
            for parameter, argument in zip(handle.type_parameters, token[2], strict=True)
            if not parameter.phantom
        )
    return False


def _not_recursive(module: CompiledModule, shapes: list[tuple[int, list[tuple[Field, ...]]]]) -> None:
    inside = {
        handle: {name for fields in variants for field in fields for name in _data_handles(field.type)}
        for handle, variants in shapes
    }
    waiting = set(inside)
    while waiting:
        free = {handle for handle in waiting if not inside[handle] & waiting}
        if not free:
            raise VerificationError(f"{module.name}: a datatype contains itself")
        waiting -= free


def _data_handles(token: Token) -> set[int]:
    if token[0] == "data":
        return {token[1]}.union(*(_data_handles(argument) for argument in token[2]))
    return _data_handles(token[1]) if token[0] == "vector" else set()


def _signature_token(module: CompiledModule, token: Token, *, top: bool) -> None:
    """Check that references are outermost."""
    kind = token[0]
    if kind in {"ref", "mut"}:
        if not top:
            raise VerificationError(f"{module.name}: a reference inside a type")
        _signature_token(module, token[1], top=False)
    elif kind == "vector":
        _signature_token(module, token[1], top=False)
    elif kind == "data":
        for argument in token[2]:
            _signature_token(module, argument, top=False)


def _constraints(module: CompiledModule, token: Token, parameters: Sequence[Abilities]) -> None:
    """Check that type arguments have what their parameters ask for."""
    kind = token[0]
    if kind in {"ref", "mut", "vector"}:
        _constraints(module, token[1], parameters)
    elif kind == "data":
        handle = module.datatype_handles[token[1]]
        for parameter, argument in zip(handle.type_parameters, token[2], strict=True):
            if parameter.constraints & ~abilities_of(module, argument, parameters):
                raise VerificationError(
                    f"{module.name}: a type argument of {module.identifiers[handle.name]} lacks an ability"
                )
            _constraints(module, argument, parameters)


def _constant(module: CompiledModule, token: Token, data: bytes) -> None:
    if _constant_end(module, token, data, 0) != len(data):
        raise VerificationError(f"{module.name}: a constant's bytes do not fit its type")


def _constant_end(module: CompiledModule, token: Token, data: bytes, position: int) -> int:
    kind = token[0]
    if kind in _NOT_IN_CONSTANTS:
        raise VerificationError(f"{module.name}: a constant of kind {kind}")
    if kind != "vector":
        if kind == "bool" and data[position : position + 1] not in {b"\0", b"\1"}:
            raise VerificationError(f"{module.name}: a bool constant that is neither 0 nor 1")
        return position + WIDTH[kind]
    count = shift = 0
    while True:
        if position >= len(data) or shift > 28:
            raise VerificationError(f"{module.name}: a constant's length is cut off")
        byte = data[position]
        position += 1
        count |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if count > len(data) - position:
        raise VerificationError(f"{module.name}: a constant is cut off")
    for _ in range(count):
        position = _constant_end(module, token[1], data, position)
    return position
