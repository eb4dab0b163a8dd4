"""What is checked before a package is published.

Steps, in order:
    1. sizes and counts; every module decodes, and all its indexes are inside their tables (`deserialize`, `bounds`);
    2. modules carry the package's id and their own name; no module depends on itself through others;
    3. everything that they name in other modules exists there, looks as they say it does, and is visible to them
       (`verify_links`);
    4. datatypes: no reference or recursion in fields, abilities that the fields allow, unique names
       (`verify_datatypes`);
    5. code: no global storage, operands and locals as instructions need them (`verify_code`, `verify_types`);
    6. Sui's own rules: objects, `init`, entry functions, private generics (`verify_sui`).
It does not check borrows yet: code that the Move compiler did not write may still misuse references; the VM then
computes nonsense, but stays safe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.deserialize import deserialize
from localnet.vm.errors import VerificationError
from localnet.vm.verify_code import verify_code
from localnet.vm.verify_datatypes import verify_datatypes
from localnet.vm.verify_links import Links, verify_links
from localnet.vm.verify_sui import verify_sui

if TYPE_CHECKING:
    from localnet.vm.bytecode import CompiledModule
    from localnet.vm.limits import Limits
    from localnet.vm.loader import Package, PackageSource


def verify_package(package: Package, source: PackageSource, limits: Limits) -> None:
    """Check a package.

    Raises:
        VerificationError: it breaks a rule.
    """
    modules = _decoded(package, limits)
    _acyclic(modules)
    links = Links(package, modules, source, limits)
    for module in modules.values():
        verify_links(module, links)
        verify_datatypes(module, links)
        verify_code(module, links)
        verify_sui(module, links)


def _decoded(package: Package, limits: Limits) -> dict[str, CompiledModule]:
    if not package.modules:
        raise VerificationError("a package without modules")
    if len(package.modules) > limits.package_max_modules:
        raise VerificationError(f"{len(package.modules)} modules, at most {limits.package_max_modules} are allowed")
    size = sum(len(code) for code in package.modules.values())
    if size > limits.package_max_bytes:
        raise VerificationError(f"the modules have {size} bytes, at most {limits.package_max_bytes} are allowed")
    if len(package.linkage) > limits.package_max_dependencies:
        raise VerificationError(f"{len(package.linkage)} dependencies, at most {limits.package_max_dependencies}")
    modules = {}
    for name, code in package.modules.items():
        module = deserialize(code, limits)
        if module.name != name or module.address != package.original_id:
            raise VerificationError(
                f"module {name} of {package.original_id.short} calls itself {module.address.short}::{module.name}"
            )
        modules[name] = module
    return modules


def _acyclic(modules: dict[str, CompiledModule]) -> None:
    """Check that modules of the package use each other in one direction."""
    uses = {
        name: {other for address, other in _named(module) if address == module.address and other != name}
        for name, module in modules.items()
    }
    open_names = set(uses)
    while open_names:
        free = {name for name in open_names if not uses[name] & open_names}
        if not free:
            raise VerificationError(f"modules use each other in a circle: {', '.join(sorted(open_names))}")
        open_names -= free


def _named(module: CompiledModule) -> list[tuple[bytes, str]]:
    """Return the modules that functions or datatypes of this one come from (friends are the other direction)."""
    used = {handle.module for handle in module.function_handles}
    used |= {handle.module for handle in module.datatype_handles}
    return [module.module_of(index) for index in used]
