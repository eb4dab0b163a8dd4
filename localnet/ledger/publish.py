"""Publishing and upgrading packages inside a programmable transaction.

Steps of publishing, as Sui does them: take an id, give the modules that address, link the dependencies, check the
bytecode, call every module's `init` in the order given, then make the UpgradeCap.

Steps of an upgrade: the ticket names this package and this code; the modules get the package's original id as their
address, the new version an id of its own; types that were there keep the id of the version that first had them; the
same checks as for publishing; what the ticket's policy asks of the code; then `init` of modules that are new (an old
module must not gain one: `linkage` refuses that before anything runs). The result is a receipt for the UpgradeCap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.ledger.arguments import CommandFailed
from localnet.ledger.compatibility import UpgradePolicy, incompatibility
from localnet.ledger.failures import failure_of
from localnet.ledger.gas import package_size
from localnet.ledger.packages import original_id, vm_package
from localnet.vm import dependencies, rebase
from localnet.vm.deserialize import deserialize
from localnet.vm.errors import MalformedBytecode, VerificationError, VmFailure
from localnet.vm.machine import defined_types
from localnet.vm.types import DataType, Type
from sui.digests import upgrade_digest
from sui.effects import Failure, PackageUpgradeError
from sui.object import MovePackage, TypeOrigin, UpgradeInfo
from sui.type_tag import SUI_FRAMEWORK, StructTag
from sui.types import Address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localnet.ledger.limits import ProtocolLimits
    from localnet.ledger.packages import PackageShelf
    from localnet.vm import Package, Session, Vm
    from sui.transaction import Upgrade

_NO_ADDRESS = Address(bytes(32))
_UPGRADE_CAP = StructTag(SUI_FRAMEWORK, "package", "UpgradeCap")
_UPGRADE_RECEIPT = StructTag(SUI_FRAMEWORK, "package", "UpgradeReceipt")
_POLICIES = frozenset(UpgradePolicy)
INCOMPATIBLE = PackageUpgradeError("IncompatibleUpgrade")


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
        self._charge(modules)
        self._decode(modules)
        package_id = self._session.context.fresh_id()
        code = self._at(modules, package_id)
        origins = tuple(TypeOrigin(module, name, package_id) for module, name in defined_types(code))
        linkage = self._link(code, package_id, dependency_ids)
        package = self._sized(MovePackage(package_id, 1, code, origins, linkage))
        self._check(package)
        self._initialise(package, code)
        self.published.append(package)
        cap_id = self._session.context.fresh_id()
        self._session.record_new_id(cap_id)
        return self._vm.type_of(_UPGRADE_CAP), [[[cap_id]], [package_id], 1, UpgradePolicy.COMPATIBLE.value]

    def upgrade(self, command: Upgrade, ticket: Any) -> tuple[Type, Any]:
        """Make the next version of a package; returns type and value of the UpgradeReceipt.

        Args:
            command: names the package that is upgraded, and has the new code.
            ticket: value of the UpgradeTicket, which is used up.

        Raises:
            CommandFailed: the ticket is for something else, or the code may not follow the last version.
            VmFailure: an initialiser of a new module failed, or the gas did not suffice.
        """
        cap, package, policy, digest = ticket
        named = Address(bytes(package[0]))
        if named != command.package:
            raise CommandFailed(PackageUpgradeError("PackageIDDoesNotMatch", command.package, named))
        self._charge(command.modules)
        self._decode(command.modules)
        computed = upgrade_digest(command.modules, command.dependencies)
        if bytes(computed) != bytes(digest):
            raise CommandFailed(PackageUpgradeError("DigestDoesNotMatch", digest=bytes(computed)))
        following = self._following(command, int(policy))
        self.published.append(following)
        return self._vm.type_of(_UPGRADE_RECEIPT), [cap, [following.id]]

    def _following(self, command: Upgrade, policy: int) -> MovePackage:
        """Return the next version of the package, checked and initialised."""
        last = self._shelf.stored(command.package)
        if last is None:
            raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
        original = original_id(last)
        code = self._at(command.modules, original)
        version_id = self._session.context.fresh_id()
        origins = _following_origins(last, code, version_id)
        linkage = self._link(code, original, command.dependencies)
        package = self._sized(MovePackage(version_id, last.version + 1, code, origins, linkage))
        self._check(package)
        if policy not in _POLICIES:
            raise CommandFailed(PackageUpgradeError("UnknownUpgradePolicy", policy=policy))
        if incompatibility(UpgradePolicy(policy), last.module_map, code) is not None:
            raise CommandFailed(INCOMPATIBLE)
        self._initialise(package, [name for name in code if name not in last.module_map])
        return package

    def _charge(self, modules: tuple[bytes, ...]) -> None:
        per_byte = self._limits.package_publish_internal_units_per_byte
        self._session.meter.charge(sum(len(code) for code in modules) * per_byte)

    @staticmethod
    def _decode(modules: tuple[bytes, ...]) -> None:
        """Refuse what is no module, or has an address already."""
        try:
            decoded = [deserialize(code) for code in modules]
        except MalformedBytecode as error:
            raise CommandFailed(failure_of(error)) from error
        if any(module.address != _NO_ADDRESS for module in decoded):
            raise CommandFailed(Failure("PublishErrorNonZeroAddress"))

    @staticmethod
    def _at(modules: tuple[bytes, ...], address: Address) -> dict[str, bytes]:
        try:
            return rebase(modules, address)
        except MalformedBytecode as error:
            raise CommandFailed(failure_of(error)) from error

    def _sized(self, package: MovePackage) -> MovePackage:
        size, most = package_size(package), self._limits.max_move_package_size_bytes
        if size > most:
            raise CommandFailed(Failure("MovePackageTooBig", (size, most)))
        return package

    def _link(
        self, code: dict[str, bytes], own: Address, dependency_ids: tuple[Address, ...]
    ) -> dict[Address, UpgradeInfo]:
        """Return the linkage table: exactly the packages that are named, which must be all that are needed."""
        table: dict[Address, UpgradeInfo] = {}
        found: list[Package] = []
        for storage_id in dependency_ids:
            package = self._shelf.get(storage_id)
            if package is None:
                raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
            found.append(package)
            info = UpgradeInfo(storage_id, self._shelf.version(storage_id))
            if table.setdefault(package.original_id, info) != info:
                raise CommandFailed(Failure("InvalidLinkage"))
        direct = dependencies(code) - {own}
        if direct - table.keys():
            raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
        for package in found:
            if package.original_id not in direct:
                continue
            for original, storage_id in package.linkage.items():
                ours = table.get(original)
                if ours is None:
                    raise CommandFailed(Failure("PublishUpgradeMissingDependency"))
                if ours.upgraded_version < self._shelf.version(storage_id):
                    raise CommandFailed(Failure("PublishUpgradeDependencyDowngrade"))
        return table

    def _check(self, package: MovePackage) -> None:
        staged = vm_package(package)
        self._shelf.stage(staged)
        try:
            self._vm.publish_check(staged)
        except VerificationError as error:
            raise CommandFailed(failure_of(error)) from error

    def _initialise(self, package: MovePackage, modules: Iterable[str]) -> None:
        for module in modules:
            if "init" not in self._vm.module_abi(package.id, module).functions:
                continue
            try:
                entry = self._vm.entry_point(package.id, module, "init", ())
            except VmFailure as error:
                raise CommandFailed(Failure("VMVerificationOrDeserializationError")) from error
            wanted = entry.parameters[:-1] if entry.takes_context else entry.parameters
            witness: list[Any] = [[True] for kind in wanted if isinstance(kind, DataType)]
            self._session.execute(package.id, module, "init", (), witness)
            self._emitted(package.id, module)


def _following_origins(last: MovePackage, code: dict[str, bytes], version_id: Address) -> tuple[TypeOrigin, ...]:
    """Return where each type of the next version came from; every type of the last one must still be there."""
    known = {(origin.module_name, origin.datatype_name): origin.package for origin in last.type_origin_table}
    origins = [TypeOrigin(*name, known.pop(name, version_id)) for name in defined_types(code)]
    if known:
        raise CommandFailed(INCOMPATIBLE)
    return tuple(origins)
