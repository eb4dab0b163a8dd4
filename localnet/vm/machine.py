"""The Move VM: what the ledger loads, asks and calls.

`Vm` keeps what it loaded and compiled for as long as it lives; packages never change, so nothing is ever stale.
Executing needs a `Session`.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from localnet.vm import abi
from localnet.vm.abilities import Abilities
from localnet.vm.compiler import Compiler
from localnet.vm.deserialize import deserialize
from localnet.vm.errors import CallRefused, LinkError, MalformedBytecode
from localnet.vm.limits import DEFAULT_LIMITS, Limits
from localnet.vm.loader import Loader, Package, PackageSource, as_datatype
from localnet.vm.natives import registry
from localnet.vm.types import DataType, Type
from localnet.vm.verify import verify_package
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localnet.vm.bytecode import CompiledModule
    from localnet.vm.values import Value
    from sui.type_tag import StructTag, TypeTag

_NO_ADDRESS = Address(bytes(32))
_PYTHON_FRAMES = 8_000

Linkage: TypeAlias = tuple[tuple[Address, Address], ...]
"""Original id and storage id of packages, in order."""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A function with its type arguments, ready to run."""

    name: str
    parameters: tuple[Type, ...]
    returns: tuple[Type, ...]
    run: Callable[..., Any]
    takes_context: bool


class Vm:
    """Loads packages from a source and runs their functions."""

    def __init__(self, packages: PackageSource, *, limits: Limits = DEFAULT_LIMITS) -> None:
        """Start with nothing loaded."""
        self.limits = limits
        self._packages = packages
        self._loader = Loader(packages, limits)
        self._compiler = Compiler(limits, registry())
        self._entry_points: dict[tuple[Address, str, str, tuple[TypeTag, ...], Linkage | None], EntryPoint] = {}
        if sys.getrecursionlimit() < _PYTHON_FRAMES:
            sys.setrecursionlimit(_PYTHON_FRAMES)

    def entry_point(
        self,
        package: Address,
        module: str,
        function: str,
        type_args: tuple[TypeTag, ...],
        linkage: Linkage | None = None,
    ) -> EntryPoint:
        """Find and compile a function.

        Args:
            package: id under which it is stored.
            module: its name.
            function: its name.
            type_args: types for its parameters.
            linkage: which versions of other packages it runs with; what the package itself is linked with by default.

        Raises:
            CallRefused: it is not there, or type arguments do not fit it.
        """
        key = (package, module, function, type_args, linkage)
        found = self._entry_points.get(key)
        if found is None:
            found = self._entry_points[key] = self._enter(*key)
        return found

    def _enter(
        self,
        package: Address,
        module: str,
        function: str,
        type_args: tuple[TypeTag, ...],
        linkage: Linkage | None,
    ) -> EntryPoint:
        name = f"{package.short}::{module}::{function}"
        try:
            linked = self._loader.root(package) if linkage is None else self._loader.linked(package, dict(linkage))
            home = linked.module(module)
            args = tuple([self._loader.type_of(tag) for tag in type_args])
        except LinkError as error:
            raise CallRefused(f"{name} cannot be called: {error}") from error
        index = home.functions.get(function)
        if index is None:
            raise CallRefused(f"{name} cannot be called: there is no such function")
        _, handle, _ = home.definition(index)
        if len(args) != len(handle.type_parameters):
            raise CallRefused(f"{name} takes {len(handle.type_parameters)} type arguments, {len(args)} were given")
        for position, (wanted, arg) in enumerate(zip(handle.type_parameters, args, strict=True)):
            if wanted & ~arg.abilities:
                lacking = ", ".join(Abilities(wanted & ~arg.abilities).names)
                raise CallRefused(f"type argument {position} of {name} is {arg}, which lacks {lacking}")
        parameters = home.signature(handle.parameters, args)
        if any(kind.target is not None for kind in home.signature(handle.returns, args)):
            raise CallRefused(f"{name} returns a reference, which a transaction cannot hold")
        return EntryPoint(
            name=name,
            parameters=parameters,
            returns=home.signature(handle.returns, args),
            run=self._compiler.callable(home, index, args),
            takes_context=bool(parameters) and _is_context(parameters[-1]),
        )

    def type_of(self, tag: TypeTag) -> Type:
        """Return the runtime type of a type tag.

        Raises:
            LinkError: it names something that is not there.
        """
        return self._loader.type_of(tag)

    def data_type(self, tag: StructTag) -> DataType:
        """Return the runtime type of a struct or enum.

        Raises:
            LinkError: it is not there.
        """
        return as_datatype(self._loader.type_of(tag))

    def abilities(self, tag: TypeTag) -> Abilities:
        """Return what may be done with values of a type."""
        return self.type_of(tag).abilities

    def serialize(self, tag: TypeTag, value: Value) -> bytes:
        """Return the BCS of a value."""
        return self.type_of(tag).serialize(value)

    def deserialize(self, tag: TypeTag, data: bytes) -> Value:
        """Read a value from exactly these bytes.

        Raises:
            CallRefused: they are no BCS of this type.
        """
        return self.type_of(tag).deserialize(data)

    def copy(self, tag: TypeTag, value: Value) -> Value:
        """Return a deep copy of a value."""
        return self.type_of(tag).copier(value)

    def module_abi(self, package: Address, module: str) -> abi.ModuleAbi:
        """Return a module's declarations.

        Raises:
            LinkError: there is no such module.
        """
        return abi.module_abi(self._loader.compiled(self._loader.package(package), module))

    def canonical(self, tag: TypeTag) -> TypeTag:
        """Return a type tag with defining ids, whichever version's ids it was written with.

        Raises:
            LinkError: it names something that is not there.
        """
        return self.type_of(tag).tag

    def publish_check(self, package: Package) -> None:
        """Check that a package may be published; its dependencies must be in the source.

        Raises:
            VerificationError: it breaks a rule; the message says which and where.
        """
        verify_package(package, self._packages, self.limits)


def rebase(modules: Iterable[bytes], package_id: Address, limits: Limits = DEFAULT_LIMITS) -> dict[str, bytes]:
    """Give modules compiled for address 0x0 their package's id, as publishing does; returns bytecode by name.

    Raises:
        MalformedBytecode: one is no module, has an address of its own already, or a name appears twice.
    """
    out: dict[str, bytes] = {}
    for code in modules:
        module = deserialize(code, limits)
        if module.address != _NO_ADDRESS:
            raise MalformedBytecode(f"module {module.name} was compiled for {module.address.short}, not for 0x0")
        if module.name in out:
            raise MalformedBytecode(f"two modules are called {module.name}")
        out[module.name] = _with_address(code, module, package_id)
    return out


def _with_address(code: bytes, module: CompiledModule, package_id: Address) -> bytes:
    index = module.module_handles[module.self_handle].address
    start = module.addresses_offset + 32 * index
    return code[:start] + package_id + code[start + 32 :]


def defined_types(modules: Mapping[str, bytes], limits: Limits = DEFAULT_LIMITS) -> list[tuple[str, str]]:
    """Return (module, datatype) of everything that modules define, for a package's table of type origins."""
    found: list[tuple[str, str]] = []
    for name, code in modules.items():
        module = deserialize(code, limits)
        handles = [struct.handle for struct in module.struct_defs] + [enum.handle for enum in module.enum_defs]
        found.extend((name, module.identifiers[module.datatype_handles[handle].name]) for handle in handles)
    return found


def dependencies(modules: Mapping[str, bytes], limits: Limits = DEFAULT_LIMITS) -> set[Address]:
    """Return the original ids of the packages that modules name directly."""
    return {address for code in modules.values() for address in deserialize(code, limits).dependencies()}


def with_linkage(package: Package, linkage: Mapping[Address, Address]) -> Package:
    """Return the package with another linkage table."""
    return replace(package, linkage=dict(linkage))


def _is_context(kind: Type) -> bool:
    target = kind.target
    return isinstance(target, DataType) and target.decl.is_at(_FRAMEWORK, "tx_context", "TxContext")


_FRAMEWORK = Address(bytes(31) + b"\x02")
