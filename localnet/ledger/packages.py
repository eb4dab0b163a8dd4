"""The packages of the ledger, as the Move VM wants them.

Packages never change, so each is read once. What a transaction publishes lies beside the others while it runs
(`stage`), because its initialisers are called; the ledger stores it, or `unstage`s it when the transaction fails.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.deserialize import deserialize
from localnet.vm.loader import Package
from sui.object import MovePackage

if TYPE_CHECKING:
    from localnet.ledger.store import Store
    from sui.types import Address


def vm_package(package: MovePackage) -> Package:
    """Return a stored package in the VM's form."""
    return Package(
        storage_id=package.id,
        original_id=original_id(package),
        modules=package.module_map,
        linkage={original: info.upgraded_id for original, info in package.linkage_table.items()},
        type_origins={
            (origin.module_name, origin.datatype_name): origin.package for origin in package.type_origin_table
        },
    )


def original_id(package: MovePackage) -> Address:
    """Return the id of a package's first version: the address that its modules give themselves."""
    return deserialize(next(iter(package.module_map.values()))).address


class PackageShelf:
    """A `PackageSource` over the store."""

    def __init__(self, store: Store) -> None:
        """Start with nothing read."""
        self._store = store
        self._known: dict[Address, Package] = {}
        self._staged: dict[Address, Package] = {}
        self._versions: dict[Address, int] = {}

    def get(self, storage_id: Address) -> Package | None:
        """Return the package stored under this id."""
        found = self._known.get(storage_id) or self._staged.get(storage_id)
        if found is None:
            stored = self.stored(storage_id)
            if stored is None:
                return None
            found = self._known[storage_id] = vm_package(stored)
        return found

    def stored(self, storage_id: Address) -> MovePackage | None:
        """Return the package as it lies in the ledger, None when none of this id does."""
        record = self._store.latest(storage_id)
        data = None if record is None else record.object.data
        return data if isinstance(data, MovePackage) else None

    def version(self, storage_id: Address) -> int:
        """Return the version of a stored package (1 when it is not stored)."""
        found = self._versions.get(storage_id)
        if found is None:
            stored = self.stored(storage_id)
            if stored is None:
                return 1
            found = self._versions[storage_id] = stored.version
        return found

    def stage(self, package: Package) -> None:
        """Make a package usable before it is stored."""
        self._staged[package.storage_id] = package

    def unstage(self) -> None:
        """Forget what was staged."""
        self._staged.clear()
