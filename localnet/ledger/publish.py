"""Publishing a package inside a programmable transaction: checks, linkage, initialisers, the UpgradeCap.

Steps, as Sui does them: take an id, give the modules that address, link the dependencies, check the bytecode, call
every module's `init` in the order given, then make the UpgradeCap. Upgrades will stand beside `publish`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.ledger.arguments import CommandFailed
from localnet.ledger.failures import failure_of
from localnet.ledger.gas import package_size
from localnet.vm import dependencies, rebase
from localnet.vm.deserialize import deserialize
from localnet.vm.errors import MalformedBytecode, VerificationError, VmFailure
from localnet.vm.loader import Package
from localnet.vm.machine import defined_types
from localnet.vm.types import DataType, Type
from sui.effects import Failure
from sui.object import MovePackage, TypeOrigin, UpgradeInfo
from sui.type_tag import SUI_FRAMEWORK, StructTag
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.ledger.limits import ProtocolLimits
    from localnet.ledger.packages import PackageShelf
    from localnet.vm import Session, Vm

_NO_ADDRESS = Address(bytes(32))
_UPGRADE_CAP = StructTag(SUI_FRAMEWORK, "package", "UpgradeCap")
_COMPATIBLE = 0


class Publisher:
    """Publishes for one transaction; `published` is what has to be stored if it succeeds."""

    def __init__(
        self,
        vm: Vm,
        session: Session,
        shelf: PackageShelf,
        limits: ProtocolLimits,
        emitted: Callable[[Address, str], None],
    ) -> None:
        """Prepare; `emitted` is called with package and module after each initialiser, to collect its events."""
        self._vm = vm
        self._session = session
        self._shelf = shelf
        self._limits = limits
        self._emitted = emitted
        self.published: list[MovePackage] = []

    def publish(self, modules: tuple[bytes, ...], dependency_ids: tuple[Address, ...]) -> tuple[Type, Any]:
        """Publish modules that were compiled for address 0x0; returns type and value of the UpgradeCap.

        Raises:
            CommandFailed: a rule of publishing is broken.
            VmFailure: an initialiser failed, or the gas did not suffice.
        """
        limits = self._limits
        self._session.meter.charge(sum(len(code) for code in modules) * limits.package_publish_internal_units_per_byte)
        try:
            if any(deserialize(code).address != _NO_ADDRESS for code in modules):
                raise CommandFailed(Failure("PublishErrorNonZeroAddress"))
            package_id = self._session.context.fresh_id()
            code = rebase(modules, package_id)
        except MalformedBytecode as error:
            raise CommandFailed(failure_of(error)) from error
        linkage = self._link(code, package_id, dependency_ids)
        origins = tuple(TypeOrigin(module, name, package_id) for module, name in defined_types(code))
        package = MovePackage(package_id, 1, code, origins, linkage)
        size = package_size(package)
        if size > limits.max_move_package_size_bytes:
            raise CommandFailed(Failure("MovePackageTooBig", (size, limits.max_move_package_size_bytes)))
        self._check(package)
        self._initialise(package_id, code)
        self.published.append(package)
        cap_id = self._session.context.fresh_id()
        self._session.record_new_id(cap_id)
        return self._vm.type_of(_UPGRADE_CAP), [[[cap_id]], [package_id], 1, _COMPATIBLE]

    def _link(
        self, code: dict[str, bytes], package_id: Address, dependency_ids: tuple[Address, ...]
    ) -> dict[Address, UpgradeInfo]:
        """Return the linkage table: exactly the packages that are named, which must be all that are needed."""
        table: dict[Address, UpgradeInfo] = {}
        found: list[Package] = []
        for storage_id in dependency_ids:
            package = self._shelf.get(storage_id)
            if package is None:
                raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
            found.append(package)
            table[package.original_id] = UpgradeInfo(storage_id, self._shelf.version(storage_id))
        for package in found:
            for original, storage_id in package.linkage.items():
                ours = table.get(original)
                if ours is None:
                    raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
                if ours.upgraded_version < self._shelf.version(storage_id):
                    raise CommandFailed(Failure("PublishUpgradeDependencyDowngrade"))
        if dependencies(code) - {package_id} - table.keys():
            raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
        return table

    def _check(self, package: MovePackage) -> None:
        staged = Package(
            storage_id=package.id,
            original_id=package.id,
            modules=package.module_map,
            linkage={original: info.upgraded_id for original, info in package.linkage_table.items()},
            type_origins={(o.module_name, o.datatype_name): o.package for o in package.type_origin_table},
        )
        self._shelf.stage(staged)
        try:
            self._vm.publish_check(staged)
        except VerificationError as error:
            raise CommandFailed(failure_of(error)) from error

    def _initialise(self, package_id: Address, code: dict[str, bytes]) -> None:
        for module in code:
            if "init" not in self._vm.module_abi(package_id, module).functions:
                continue
            try:
                entry = self._vm.entry_point(package_id, module, "init", ())
            except VmFailure as error:
                raise CommandFailed(Failure("VMVerificationOrDeserializationError")) from error
            wanted = entry.parameters[:-1] if entry.takes_context else entry.parameters
            witness: list[Any] = [[True] for kind in wanted if isinstance(kind, DataType)]
            self._session.execute(package_id, module, "init", (), witness)
            self._emitted(package_id, module)
