"""Publish check 6: what Sui asks of modules beyond Move.

* a struct with `key` begins with `id: sui::object::UID`; enums never have `key`;
* `init` is private, not generic, returns nothing, and takes `&TxContext` or `&mut TxContext` last, after at most
  the module's one-time witness;
* what an entry function returns has `drop`, and it takes no reference to a reference or signer;
* `transfer`, `share_object`, `freeze_object`, `receive`, `emit` and their kin are called with types of the calling
  module only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.abilities import Abilities
from localnet.vm.bytecode import CompiledModule, Op, Visibility
from localnet.vm.errors import VerificationError
from localnet.vm.verify_links import Links, abilities_of
from sui.types import Address

if TYPE_CHECKING:
    from localnet.vm.bytecode import FunctionDef, Token

_FRAMEWORK = Address(bytes(31) + b"\x02")
_PRIVATE_GENERICS = frozenset(
    {
        ("transfer", "transfer"),
        ("transfer", "party_transfer"),
        ("transfer", "freeze_object"),
        ("transfer", "share_object"),
        ("transfer", "receive"),
        ("event", "emit"),
        ("event", "emit_authenticated"),
    }
)


def verify_sui(module: CompiledModule, links: Links) -> None:
    """Check a module by Sui's rules; the framework itself is exempt from the rule on generics.

    Raises:
        VerificationError: a rule is broken.
    """
    del links
    for struct in module.struct_defs:
        handle = module.datatype_handles[struct.handle]
        if Abilities.KEY not in handle.abilities:
            continue
        first = (struct.fields or ())[0]
        if module.identifiers[first.name] != "id" or not _is(module, first.type, "object", "UID"):
            name = module.identifiers[handle.name]
            raise VerificationError(f"{module.name}::{name} has key, but its first field is not `id: UID`")
    for enum in module.enum_defs:
        if Abilities.KEY in module.datatype_handles[enum.handle].abilities:
            raise VerificationError(f"{module.name}: an enum has key")
    for definition in module.function_defs:
        _function(module, definition)
        if module.address != _FRAMEWORK:
            _generics(module, definition)


def _is(module: CompiledModule, token: Token, module_name: str, name: str) -> bool:
    if token[0] != "data":
        return False
    handle = module.datatype_handles[token[1]]
    return module.module_of(handle.module) == (_FRAMEWORK, module_name) and module.identifiers[handle.name] == name


def _function(module: CompiledModule, definition: FunctionDef) -> None:
    handle = module.function_handles[definition.handle]
    name = module.identifiers[handle.name]
    parameters, returns = module.signatures[handle.parameters], module.signatures[handle.returns]
    if name == "init" and module.address != _FRAMEWORK:
        if definition.visibility is not Visibility.PRIVATE or definition.is_entry:
            raise VerificationError(f"{module.name}::init must be private, and no entry function")
        if handle.type_parameters or returns:
            raise VerificationError(f"{module.name}::init has type parameters or returns something")
        last = parameters[-1] if parameters else ("none",)
        if last[0] not in {"ref", "mut"} or not _is(module, last[1], "tx_context", "TxContext") or len(parameters) > 2:
            raise VerificationError(f"{module.name}::init must take the transaction's context last")
        if len(parameters) == 2 and not _is_witness(module, parameters[0]):
            raise VerificationError(f"{module.name}::init takes something that is no one-time witness")
    if definition.is_entry:
        for token in returns:
            if token[0] in {"ref", "mut"} or Abilities.DROP not in abilities_of(module, token, handle.type_parameters):
                raise VerificationError(f"entry function {module.name}::{name} returns what cannot be dropped")


def _is_witness(module: CompiledModule, token: Token) -> bool:
    if token[0] != "data" or token[2]:
        return False
    handle = module.datatype_handles[token[1]]
    return (
        handle.module == module.self_handle
        and module.identifiers[handle.name] == module.name.upper()
        and handle.abilities == Abilities.DROP
    )


def _generics(module: CompiledModule, definition: FunctionDef) -> None:
    for instruction in definition.code.instructions if definition.code else ():
        if instruction[0] != Op.CALL_GENERIC:
            continue
        instantiation = module.function_instantiations[instruction[1]]
        handle = module.function_handles[instantiation.target]
        address, home = module.module_of(handle.module)
        name = module.identifiers[handle.name]
        if address != _FRAMEWORK or (home, name) not in _PRIVATE_GENERICS:
            continue
        token = module.signatures[instantiation.type_args][0]
        own = token[0] == "data" and module.datatype_handles[token[1]].module == module.self_handle
        if not own:
            raise VerificationError(f"{module.name} calls {home}::{name} with a type that it does not define")
