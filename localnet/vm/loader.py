"""Packages, and how the modules of one find those of another.

A package is stored under an id of its own (`storage_id`), but bytecode and its first version's types name the id of
its first version (`original_id`). Which version a dependency is run in is decided by the linkage table of the package
that was called, for the whole call. Two calls that see the same versions share everything that was loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from localnet.vm.deserialize import deserialize
from localnet.vm.errors import LinkError, VmError
from localnet.vm.types import PRIMITIVES, DataType, Datatype, Type, TypeTable
from sui.type_tag import StructTag, TypeTag, VectorTag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localnet.vm.bytecode import CompiledModule, FunctionDef, FunctionHandle, Token
    from localnet.vm.limits import Limits
    from sui.types import Address


@dataclass(frozen=True, slots=True)
class Package:
    """A published package.

    Attributes:
        storage_id: id under which this version is stored and called.
        original_id: id of its first version; the modules' own address.
        modules: bytecode by module name.
        linkage: original id of every direct and transitive dependency to the storage id of the version to use.
        type_origins: (module, datatype) to the id of the version that first had it; what is missing is `original_id`.
    """

    storage_id: Address
    original_id: Address
    modules: Mapping[str, bytes]
    linkage: Mapping[Address, Address] = field(default_factory=dict)
    type_origins: Mapping[tuple[str, str], Address] = field(default_factory=dict)


class PackageSource(Protocol):
    """Where the VM gets packages from; a package never changes."""

    def get(self, storage_id: Address) -> Package | None:
        """Return the package stored under this id."""
        ...


class PackageMap:
    """A `PackageSource` in memory."""

    def __init__(self, *packages: Package) -> None:
        """Hold these packages."""
        self._packages = {package.storage_id: package for package in packages}

    def add(self, package: Package) -> None:
        """Add or replace a package."""
        self._packages[package.storage_id] = package

    def get(self, storage_id: Address) -> Package | None:
        """Return the package stored under this id."""
        return self._packages.get(storage_id)


class LinkedPackage:
    """A package with its dependencies resolved."""

    def __init__(self, package: Package, loader: Loader, linkage: Mapping[Address, Address]) -> None:
        """Resolve by this linkage table."""
        self.package = package
        self.loader = loader
        self._linkage = linkage
        self._modules: dict[str, LinkedModule] = {}

    def module(self, name: str) -> LinkedModule:
        """Return a module of this package.

        Raises:
            LinkError: it has none of this name.
        """
        found = self._modules.get(name)
        if found is None:
            compiled = self.loader.compiled(self.package, name)
            found = self._modules[name] = LinkedModule(self, compiled)
        return found

    def dependency(self, original_id: Address) -> LinkedPackage:
        """Return the package that this original id means here.

        Raises:
            LinkError: the linkage table does not name it, or it is not there.
        """
        if original_id == self.package.original_id:
            return self
        storage_id = self._linkage.get(original_id)
        if storage_id is None:
            raise LinkError(f"package {self.package.storage_id.short} has no link to {original_id.short}")
        return self.loader.linked(storage_id, self._linkage)


class LinkedModule:
    """A module whose handles can be followed."""

    def __init__(self, home: LinkedPackage, compiled: CompiledModule) -> None:
        """Index the functions by name."""
        self.home = home
        self.compiled = compiled
        self.name = compiled.name
        self.loader = home.loader
        handles, names = compiled.function_handles, compiled.identifiers
        self.functions = {
            names[handles[definition.handle].name]: index for index, definition in enumerate(compiled.function_defs)
        }
        self._types: dict[tuple[Token, tuple[Type, ...]], Type] = {}

    def type_of(self, token: Token, args: tuple[Type, ...]) -> Type:
        """Return the concrete type of a signature's token.

        Raises:
            LinkError: it names something that is not there.
        """
        found = self._types.get((token, args))
        if found is None:
            found = self._types[token, args] = self._resolve(token, args)
        return found

    def signature(self, index: int, args: tuple[Type, ...]) -> tuple[Type, ...]:
        """Return the concrete types of a signature."""
        return tuple([self.type_of(token, args) for token in self.compiled.signatures[index]])

    def _resolve(self, token: Token, args: tuple[Type, ...]) -> Type:
        kind = token[0]
        types = self.loader.types
        if kind == "param":
            if token[1] >= len(args):
                raise LinkError(f"type parameter {token[1]} has no argument")
            return args[token[1]]
        if kind == "vector":
            return types.vector(self.type_of(token[1], args))
        if kind in {"ref", "mut"}:
            return types.reference(self.type_of(token[1], args), mutable=kind == "mut")
        if kind == "data":
            return types.data(self.datatype(token[1]), tuple([self.type_of(argument, args) for argument in token[2]]))
        return PRIMITIVES[kind]

    def datatype(self, handle: int) -> Datatype:
        """Return the declaration that a datatype handle means.

        Raises:
            LinkError: it is not there.
        """
        entry = self.compiled.datatype_handles[handle]
        address, module = self.compiled.module_of(entry.module)
        name = self.compiled.identifiers[entry.name]
        return self.loader.datatype(self.home.dependency(address), module, name)

    def function(self, handle: int) -> tuple[LinkedModule, int]:
        """Return module and definition index that a function handle means.

        Raises:
            LinkError: it is not there.
        """
        entry = self.compiled.function_handles[handle]
        address, module_name = self.compiled.module_of(entry.module)
        module = (
            self
            if (address, module_name) == (self.compiled.address, self.name)
            else (self.home.dependency(address).module(module_name))
        )
        name = self.compiled.identifiers[entry.name]
        index = module.functions.get(name)
        if index is None:
            raise LinkError(f"{address.short}::{module_name} has no function {name}")
        return module, index

    def definition(self, index: int) -> tuple[FunctionDef, FunctionHandle, str]:
        """Return a function's definition, handle and name."""
        definition = self.compiled.function_defs[index]
        handle = self.compiled.function_handles[definition.handle]
        return definition, handle, self.compiled.identifiers[handle.name]


class Loader:
    """Keeps what was loaded: modules, linked packages, datatypes and types."""

    def __init__(self, source: PackageSource, limits: Limits) -> None:
        """Start with nothing loaded."""
        self._source = source
        self._limits = limits
        self.types = TypeTable(limits)
        self._compiled: dict[tuple[Address, str], CompiledModule] = {}
        self._linked: dict[tuple[Address, tuple[tuple[Address, Address], ...]], LinkedPackage] = {}
        self._datatypes: dict[tuple[Address, str, str], Datatype] = {}
        self._tags: dict[TypeTag, Type] = {}

    def package(self, storage_id: Address) -> Package:
        """Return a package.

        Raises:
            LinkError: there is none.
        """
        package = self._source.get(storage_id)
        if package is None:
            raise LinkError(f"there is no package {storage_id.short}")
        return package

    def compiled(self, package: Package, name: str) -> CompiledModule:
        """Return a decoded module of a package.

        Raises:
            LinkError: it has none of this name.
        """
        key = (package.storage_id, name)
        found = self._compiled.get(key)
        if found is None:
            code = package.modules.get(name)
            if code is None:
                raise LinkError(f"package {package.storage_id.short} has no module {name}")
            found = deserialize(code, self._limits)
            if found.address != package.original_id or found.name != name:
                raise LinkError(
                    f"module {name} of {package.storage_id.short} calls itself {found.address.short}::{found.name}"
                )
            self._compiled[key] = found
        return found

    def root(self, storage_id: Address) -> LinkedPackage:
        """Return a package under its own linkage table."""
        return self.linked(storage_id, self.package(storage_id).linkage)

    def linked(self, storage_id: Address, linkage: Mapping[Address, Address]) -> LinkedPackage:
        """Return a package under the linkage of the package that was called.

        Raises:
            LinkError: it is not there.
        """
        package = self.package(storage_id)
        seen = {key: linkage.get(key, value) for key, value in package.linkage.items()}
        for original, chosen in tuple(seen.items()):
            if chosen != package.linkage[original]:
                # Another version may be linked with packages that this one knows nothing of.
                for deeper, own in self.package(chosen).linkage.items():
                    seen.setdefault(deeper, linkage.get(deeper, own))
        key = (storage_id, tuple(sorted(seen.items())))
        found = self._linked.get(key)
        if found is None:
            found = self._linked[key] = LinkedPackage(package, self, seen)
        return found

    def datatype(self, home: LinkedPackage, module: str, name: str) -> Datatype:
        """Return a declaration; the same one for every version of its package.

        Raises:
            LinkError: it is not there.
        """
        package = home.package
        defining = package.type_origins.get((module, name), package.original_id)
        key = (defining, module, name)
        found = self._datatypes.get(key)
        if found is None:
            found = self._datatypes[key] = _declare(home.module(module), defining, name)
        return found

    def type_of(self, tag: TypeTag) -> Type:
        """Return the runtime type of a type tag; an address in it may be that of any version that has the type.

        Raises:
            LinkError: it names something that is not there, or with the wrong number of type arguments.
        """
        found = self._tags.get(tag)
        if found is None:
            found = self._tags[tag] = self._type_of(tag)
        return found

    def _type_of(self, tag: TypeTag) -> Type:
        if isinstance(tag, VectorTag):
            return self.types.vector(self.type_of(tag.element))
        if isinstance(tag, StructTag):
            decl = self.datatype(self.root(tag.address), tag.module, tag.name)
            if len(decl.parameters) != len(tag.type_params):
                raise LinkError(f"{tag} takes {len(decl.parameters)} type arguments")
            args = tuple([self.type_of(argument) for argument in tag.type_params])
            for parameter, argument in zip(decl.parameters, args, strict=True):
                if parameter.constraints & ~argument.abilities:
                    raise LinkError(f"{argument} lacks an ability that {decl.module}::{decl.name} asks for")
            return self.types.data(decl, args)
        return PRIMITIVES[str(tag)]


def _declare(module: LinkedModule, defining: Address, name: str) -> Datatype:
    compiled = module.compiled
    names = compiled.identifiers
    for struct in compiled.struct_defs:
        handle = compiled.datatype_handles[struct.handle]
        if names[handle.name] == name:
            fields = tuple([(names[entry.name], entry.type) for entry in struct.fields or ()])
            return _datatype(module, defining, struct.handle, (("", fields),), is_enum=False)
    for enum in compiled.enum_defs:
        handle = compiled.datatype_handles[enum.handle]
        if names[handle.name] == name:
            layout = tuple(
                [
                    (names[variant.name], tuple([(names[entry.name], entry.type) for entry in variant.fields]))
                    for variant in enum.variants
                ]
            )
            return _datatype(module, defining, enum.handle, layout, is_enum=True)
    raise LinkError(f"{compiled.address.short}::{module.name} has no type {name}")


def _datatype(
    module: LinkedModule,
    defining: Address,
    handle_index: int,
    layout: tuple[tuple[str, tuple[tuple[str, Token], ...]], ...],
    *,
    is_enum: bool,
) -> Datatype:
    handle = module.compiled.datatype_handles[handle_index]

    def resolve(args: tuple[Type, ...]) -> tuple[tuple[Type, ...], ...]:
        return tuple([tuple([module.type_of(token, args) for _, token in fields]) for _, fields in layout])

    return Datatype(
        defining_id=defining,
        original_id=module.home.package.original_id,
        module=module.name,
        name=module.compiled.identifiers[handle.name],
        abilities=handle.abilities,
        parameters=handle.type_parameters,
        is_enum=is_enum,
        layout=layout,
        resolve=resolve,
    )


def as_datatype(kind: Type) -> DataType:
    """Return the type as a struct or enum.

    Raises:
        VmError: it is another kind of type; verified code cannot get here.
    """
    if not isinstance(kind, DataType):
        raise VmError("UNKNOWN_INVARIANT_VIOLATION_ERROR", detail=f"{kind} is no struct")
    return kind
