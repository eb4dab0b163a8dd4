"""Publish check 5: function bodies (`verify_types` follows the operands)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.bytecode import GLOBAL_STORAGE, CompiledModule, Op
from localnet.vm.errors import VerificationError
from localnet.vm.verify_types import verify_types

if TYPE_CHECKING:
    from localnet.vm.verify_links import Links

_FRAMEWORK_MAX = 2


def verify_code(module: CompiledModule, links: Links) -> None:
    """Check the bodies of a module's functions.

    Raises:
        VerificationError: a rule is broken.
    """
    system = int.from_bytes(module.address, "big") <= _FRAMEWORK_MAX
    for definition in module.function_defs:
        name = module.identifiers[module.function_handles[definition.handle].name]
        if definition.code is None:
            if not system:
                raise VerificationError(f"{module.name}::{name} is native; only 0x1 and 0x2 have natives")
            continue
        for instruction in definition.code.instructions:
            if Op(instruction[0]) in GLOBAL_STORAGE:
                raise VerificationError(f"{module.name}::{name} uses global storage, which Sui does not have")
        verify_types(module, links, definition)
