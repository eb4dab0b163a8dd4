"""Publish check 3: what a module names in other modules is there, as it says, and visible to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.abilities import PRIMITIVE, REFERENCE, Abilities
from localnet.vm.bytecode import CompiledModule, FunctionDef, Op, Visibility
from localnet.vm.deserialize import deserialize
from localnet.vm.errors import VerificationError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localnet.vm.bytecode import DatatypeHandle, FunctionHandle, Token
    from localnet.vm.limits import Limits
    from localnet.vm.loader import Package, PackageSource
    from sui.types import Address

_SIGNER = Abilities.DROP


class Links:
    """Follows the handles of modules of a package that is not published yet."""

    def __init__(
        self, package: Package, modules: Mapping[str, CompiledModule], source: PackageSource, limits: Limits
    ) -> None:
        """Look up the package's own modules in `modules`, others by its linkage in `source`."""
        self.package = package
        self._own = modules
        self._source = source
        self._limits = limits
        self._others: dict[tuple[Address, str], CompiledModule] = {}

    def module(self, address: Address, name: str) -> CompiledModule:
        """Return a module.

        Raises:
            VerificationError: there is none, or the linkage does not name its package.
        """
        if address == self.package.original_id:
            own = self._own.get(name)
            if own is None:
                raise VerificationError(f"the package has no module {name}, which its code uses")
            return own
        found = self._others.get((address, name))
        if found is None:
            storage_id = self.package.linkage.get(address)
            if storage_id is None:
                raise VerificationError(f"the linkage does not name {address.short}, whose module {name} is used")
            stored = self._source.get(storage_id)
            code = stored.modules.get(name) if stored else None
            if code is None:
                raise VerificationError(f"package {storage_id.short} has no module {name}")
            found = self._others[address, name] = deserialize(code, self._limits)
        return found

    def definition(
        self, module: CompiledModule, handle_index: int
    ) -> tuple[CompiledModule, FunctionDef, FunctionHandle]:
        """Return where a function handle leads.

        Raises:
            VerificationError: nowhere.
        """
        handle = module.function_handles[handle_index]
        home = self.module(*module.module_of(handle.module))
        name = module.identifiers[handle.name]
        for definition in home.function_defs:
            found = home.function_handles[definition.handle]
            if home.identifiers[found.name] == name:
                return home, definition, found
        raise VerificationError(f"{home.address.short}::{home.name} has no function {name}")

    def datatype(self, module: CompiledModule, handle_index: int) -> tuple[CompiledModule, DatatypeHandle]:
        """Return where a datatype handle leads.

        Raises:
            VerificationError: nowhere.
        """
        handle = module.datatype_handles[handle_index]
        home = self.module(*module.module_of(handle.module))
        name = module.identifiers[handle.name]
        for index in [definition.handle for definition in home.struct_defs] + [
            definition.handle for definition in home.enum_defs
        ]:
            found = home.datatype_handles[index]
            if home.identifiers[found.name] == name:
                return home, found
        raise VerificationError(f"{home.address.short}::{home.name} has no type {name}")


def abilities_of(module: CompiledModule, token: Token, parameters: Sequence[Abilities]) -> Abilities:
    """Return the abilities of a type in a signature, given those of the type parameters."""
    kind = token[0]
    if kind == "param":
        return parameters[token[1]] if token[1] < len(parameters) else Abilities.NONE
    if kind in {"ref", "mut"}:
        return REFERENCE
    if kind == "signer":
        return _SIGNER
    if kind == "vector":
        return abilities_of(module, token[1], parameters) & PRIMITIVE
    if kind == "data":
        handle = module.datatype_handles[token[1]]
        result = handle.abilities
        for parameter, argument in zip(handle.type_parameters, token[2], strict=True):
            if parameter.phantom:
                continue
            given = abilities_of(module, argument, parameters)
            for ability in Abilities:
                needed = Abilities.STORE if ability is Abilities.KEY else ability
                if ability in result and needed not in given:
                    result &= ~ability
        return result
    return PRIMITIVE


def named_token(module: CompiledModule, token: Token) -> tuple[object, ...]:
    """Return the token with names in place of handle indexes, so that two modules' tokens can be compared."""
    kind = token[0]
    if kind == "data":
        handle = module.datatype_handles[token[1]]
        arguments = tuple([named_token(module, argument) for argument in token[2]])
        return ("data", *module.module_of(handle.module), module.identifiers[handle.name], arguments)
    if kind in {"vector", "ref", "mut"}:
        return (kind, named_token(module, token[1]))
    return token


def verify_links(module: CompiledModule, links: Links) -> None:
    """Check all handles of a module, and that it may call what it calls.

    Raises:
        VerificationError: a rule is broken.
    """
    for friend in module.friends:
        if module.addresses[friend.address] != module.address:
            raise VerificationError(f"module {module.name} has a friend in another package")
    for index, datatype in enumerate(module.datatype_handles):
        home, declared = links.datatype(module, index)
        if declared.abilities != datatype.abilities or len(declared.type_parameters) != len(datatype.type_parameters):
            raise VerificationError(f"{module.name}: type {home.name}::{home.identifiers[declared.name]} has changed")
        for theirs, ours in zip(declared.type_parameters, datatype.type_parameters, strict=True):
            if theirs.constraints & ~ours.constraints or (ours.phantom and not theirs.phantom):
                raise VerificationError(f"{module.name}: type parameters of {home.identifiers[declared.name]} differ")
    for index, handle in enumerate(module.function_handles):
        home, _, declared_function = links.definition(module, index)
        name = f"{home.name}::{module.identifiers[handle.name]}"
        if _shape(home, declared_function) != _shape(module, handle):
            raise VerificationError(f"{module.name}: function {name} has another signature")
        for wanted, given in zip(declared_function.type_parameters, handle.type_parameters, strict=True):
            if wanted & ~given:
                raise VerificationError(f"{module.name}: type parameters of {name} differ")
    _visible(module, links)


def _shape(module: CompiledModule, handle: FunctionHandle) -> tuple[object, ...]:
    return (
        len(handle.type_parameters),
        tuple([named_token(module, token) for token in module.signatures[handle.parameters]]),
        tuple([named_token(module, token) for token in module.signatures[handle.returns]]),
    )


def _visible(module: CompiledModule, links: Links) -> None:
    for definition in module.function_defs:
        for instruction in definition.code.instructions if definition.code else ():
            if instruction[0] == Op.CALL:
                callee = instruction[1]
            elif instruction[0] == Op.CALL_GENERIC:
                callee = module.function_instantiations[instruction[1]].target
            else:
                continue
            home, target, handle = links.definition(module, callee)
            if home is module or target.visibility is Visibility.PUBLIC:
                continue
            friends = {(home.addresses[friend.address], home.identifiers[friend.name]) for friend in home.friends}
            if target.visibility is Visibility.PRIVATE or (module.address, module.name) not in friends:
                raise VerificationError(
                    f"{module.name} calls {home.name}::{home.identifiers[handle.name]}, which it may not see"
                )
