"""Which version of each package a transaction runs: one for all of its commands.

Rules (Sui's):
    * a package that is called runs in exactly the version that is called; of what it is linked with, a public function
      runs at least that version, any other function exactly that;
    * a type argument asks for at least the version that defines it, and what that is linked with;
    * a Publish that runs an `init` is linked exactly with what it names; an Upgrade that runs one likewise, as far as
      the other commands leave it open, and it must agree with them in the rest;
    * an Upgrade gives no `init` to a module that had none.
Wishes for the same package must agree: exactly one version, and at least every other that is asked for.

What it does not do: judge a call of something that is not there; the run says that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.ledger.arguments import CommandFailed
from localnet.ledger.publish import INCOMPATIBLE
from localnet.vm.deserialize import deserialize
from localnet.vm.errors import MalformedBytecode, VmFailure
from sui.effects import Failure
from sui.transaction import MakeMoveVec, MoveCall, Publish, Upgrade
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK, StructTag, TypeTag, VectorTag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from localnet.ledger.packages import PackageShelf
    from localnet.vm import Package, Vm
    from sui.transaction import Command
    from sui.types import Address

_ONE_VERSION = frozenset({MOVE_STDLIB, SUI_FRAMEWORK})


@dataclass(frozen=True, slots=True)
class _Wish:
    """A version of a package, or at least that version."""

    storage_id: Address
    version: int
    exact: bool

    def joined(self, other: _Wish) -> _Wish | None:
        """Return what fulfils both, None if nothing does."""
        if self.exact and other.exact:
            return self if self.storage_id == other.storage_id else None
        if self.exact or other.exact:
            exact, least = (self, other) if self.exact else (other, self)
            return exact if exact.version >= least.version else None
        return self if self.version > other.version else other


class Linker:
    """Works the versions out for one transaction; `command` is the one it is at."""

    def __init__(self, vm: Vm, shelf: PackageShelf, is_public: Callable[[MoveCall], bool]) -> None:
        """Prepare.

        Args:
            vm: knows the types.
            shelf: has the packages.
            is_public: whether a call starts at a public function.
        """
        self._vm = vm
        self._shelf = shelf
        self._is_public = is_public
        self._wishes: dict[Address, _Wish] = {}
        self.command: int | None = None

    def link(self, commands: Sequence[Command]) -> None:
        """Gather what all commands ask for.

        Raises:
            CommandFailed: they cannot be executed together; `command` says which one does not fit.
        """
        upgrades = [(index, each) for index, each in enumerate(commands) if isinstance(each, Upgrade)]
        for index, command in enumerate(commands):
            self.command = index
            match command:
                case MoveCall():
                    self._call(command)
                case MakeMoveVec(tag) if tag is not None:
                    self._types([tag])
                case Publish(modules, dependencies) if _with_init(modules):
                    for storage_id in dependencies:
                        self._wish(storage_id, exact=True)
                case _:
                    pass
        for index, upgrade in upgrades:
            self.command = index
            self._upgrade(upgrade)
        self.command = None

    def override(self, package: Address) -> tuple[tuple[Address, Address], ...] | None:
        """Return (original id, storage id) of every version, if a call must not run under its package's own linkage."""
        found = self._shelf.get(package)
        if found is None:
            return None
        chosen = self._wishes
        for original, storage_id in found.linkage.items():
            wish = chosen.get(original)
            if wish is not None and wish.storage_id != storage_id:
                return tuple(sorted((original, wish.storage_id) for original, wish in chosen.items()))
        return None

    def _wish(self, storage_id: Address, *, exact: bool) -> None:
        if storage_id in _ONE_VERSION:
            return
        package = self._shelf.get(storage_id)
        if package is None:
            return
        wish: _Wish | None = _Wish(storage_id, self._shelf.version(storage_id), exact)
        known = self._wishes.get(package.original_id)
        if known is not None and wish is not None:
            wish = known.joined(wish)
        if wish is None:
            raise CommandFailed(Failure("InvalidLinkage"))
        self._wishes[package.original_id] = wish

    def _with_dependencies(self, package: Package, *, exact: bool, dependencies_exact: bool) -> None:
        self._wish(package.storage_id, exact=exact)
        for dependency in package.linkage.values():
            self._wish(dependency, exact=dependencies_exact)

    def _call(self, call: MoveCall) -> None:
        package = self._shelf.get(call.package)
        if package is None:
            return
        alone = _ONE_VERSION.issuperset(package.linkage)
        self._with_dependencies(package, exact=True, dependencies_exact=not (alone or self._is_public(call)))
        self._types(call.type_arguments)

    def _types(self, tags: Iterable[TypeTag]) -> None:
        for tag in tags:
            try:
                canonical = self._vm.canonical(tag)
            except VmFailure:
                continue
            for storage_id in _packages_in(canonical):
                package = self._shelf.get(storage_id)
                if package is not None:
                    self._with_dependencies(package, exact=False, dependencies_exact=False)

    def _upgrade(self, upgrade: Upgrade) -> None:
        current = self._shelf.get(upgrade.package)
        if current is None:
            return
        before = _init_by_name(current.modules.values())
        after = _init_by_name(upgrade.modules)
        if any(has_init and before.get(name) is False for name, has_init in after.items()):
            raise CommandFailed(INCOMPATIBLE)
        if not any(has_init and name not in before for name, has_init in after.items()):
            return
        taken = dict(self._wishes) if current.original_id in self._wishes else {}
        for storage_id in upgrade.dependencies:
            package = self._shelf.get(storage_id)
            wish = None if package is None else taken.get(package.original_id)
            if wish is None:
                self._wish(storage_id, exact=True)
            elif wish.storage_id != storage_id:
                raise CommandFailed(Failure("InvalidLinkage"))


def _with_init(modules: Iterable[bytes]) -> bool:
    return any(_init_by_name(modules).values())


def _init_by_name(modules: Iterable[bytes]) -> Mapping[str, bool]:
    """Return of each module whether it has a function `init`; empty when something is no module."""
    found = {}
    try:
        for code in modules:
            module = deserialize(code)
            names, handles = module.identifiers, module.function_handles
            found[module.name] = any(names[handles[each.handle].name] == "init" for each in module.function_defs)
    except MalformedBytecode:
        return {}
    return found


def _packages_in(tag: TypeTag) -> Iterator[Address]:
    if isinstance(tag, VectorTag):
        yield from _packages_in(tag.element)
    elif isinstance(tag, StructTag):
        yield tag.address
        for parameter in tag.type_params:
            yield from _packages_in(parameter)
