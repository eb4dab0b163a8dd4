"""Whether modules may follow those of a package's last version, by the policy of the upgrade.

Rules (Sui's):
    * compatible: every module, datatype and public function is still there; datatypes keep abilities, type parameters
      and fields (or variants) as they are; public functions stay public, keep parameters and results, and ask no more
      of type parameters. Bodies, and everything that is not public, may change; anything may be added;
    * additive: every declaration and every body is as it was; anything may be added;
    * only dependencies: additive, and nothing is added at all.

Types are compared by the ids that bytecode names (original ids), names of fields included.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from localnet.vm.abi import ModuleAbi, module_abi
from localnet.vm.bytecode import CompiledModule, Visibility
from localnet.vm.deserialize import deserialize
from localnet.vm.normal import NormalCode, normal_code

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localnet.vm.abi import DatatypeAbi, FunctionAbi


class UpgradePolicy(IntEnum):
    """What an UpgradeTicket allows."""

    COMPATIBLE = 0
    ADDITIVE = 128
    DEPENDENCIES_ONLY = 192


@dataclass(frozen=True, slots=True)
class _Version:
    """A module of one version."""

    abi: ModuleAbi
    bodies: Mapping[str, NormalCode | None]
    bytecode_version: int


def _version(code: bytes) -> _Version:
    module = deserialize(code)
    return _Version(module_abi(module), _bodies(module), module.version)


def _bodies(module: CompiledModule) -> dict[str, NormalCode | None]:
    names, handles = module.identifiers, module.function_handles
    return {
        names[handles[definition.handle].name]: normal_code(module, definition.code)
        for definition in module.function_defs
    }


def incompatibility(policy: UpgradePolicy, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> str | None:
    """Say why the modules `after` may not follow those `before`, None when they may.

    Args:
        policy: of the ticket.
        before: bytecode of the last version by module name.
        after: bytecode of the next one, with the same own address.
    """
    if policy is UpgradePolicy.DEPENDENCIES_ONLY and len(before) != len(after):
        return f"the package has {len(before)} modules, its next version {len(after)}"
    for name, code in before.items():
        if name not in after:
            return f"module {name} is gone"
        old, new = _version(code), _version(after[name])
        if policy is UpgradePolicy.COMPATIBLE:
            why = _compatible(old.abi, new.abi)
        else:
            why = _included(old, new, equal=policy is UpgradePolicy.DEPENDENCIES_ONLY)
        if why is not None:
            return f"module {name}: {why}"
    return None


def _compatible(old: ModuleAbi, new: ModuleAbi) -> str | None:
    for name, datatype in old.datatypes.items():
        following = new.datatypes.get(name)
        if following is None or following.is_enum != datatype.is_enum:
            return f"type {name} is gone"
        why = _datatype(datatype, following)
        if why is not None:
            return f"type {name} has {why}"
    for name, function in old.functions.items():
        if function.visibility is not Visibility.PUBLIC:
            continue
        successor = new.functions.get(name)
        if successor is None or successor.visibility is not Visibility.PUBLIC:
            return f"public function {name} is gone"
        if not _same_signature(function, successor):
            return f"public function {name} has another signature"
    return None


def _datatype(old: DatatypeAbi, new: DatatypeAbi) -> str | None:
    if old.abilities != new.abilities:
        return "other abilities"
    if old.type_parameters != new.type_parameters:
        return "other type parameters"
    return "other fields" if old.variants != new.variants else None


def _same_signature(old: FunctionAbi, new: FunctionAbi) -> bool:
    if (old.parameters, old.returns, len(old.type_parameters)) != (
        new.parameters,
        new.returns,
        len(new.type_parameters),
    ):
        return False
    return all(not wanted & ~before for before, wanted in zip(old.type_parameters, new.type_parameters, strict=True))


def _included(old: _Version, new: _Version, *, equal: bool) -> str | None:
    if old.bytecode_version > new.bytecode_version:
        return "older bytecode"
    for name, datatype in old.abi.datatypes.items():
        if new.abi.datatypes.get(name) != datatype:
            return f"type {name} has changed"
    for name, function in old.abi.functions.items():
        successor = new.abi.functions.get(name)
        if successor is None or successor != function or old.bodies[name] != new.bodies[name]:
            return f"function {name} has changed"
    if equal and (
        len(old.abi.datatypes) != len(new.abi.datatypes)
        or len(old.abi.functions) != len(new.abi.functions)
        or len(old.abi.friends) != len(new.abi.friends)
    ):
        return "something was added"
    return None
