"""Declarations of Move code as messages: functions, datatypes, modules.

Types are named with the id of the package version that first defined them, whichever version is asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.rpc.errors import NotFoundError
from localnet.rpc.masks import EVERYTHING
from localnet.rpc.render_object import package_parts
from localnet.vm import Abilities, AbiType, DatatypeAbi, FunctionAbi, LinkError, ModuleAbi
from localnet.vm.bytecode import Visibility
from sui.object import MovePackage
from sui.rpc.v2 import common_pb2
from sui.rpc.v2 import object_pb2 as pb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localnet.ledger import Ledger
    from localnet.vm.abi import FieldAbi
    from sui.types import Address

_TYPES = pb.OpenSignatureBody.Type
_VISIBILITY = {
    Visibility.PRIVATE: pb.FunctionDescriptor.PRIVATE,
    Visibility.PUBLIC: pb.FunctionDescriptor.PUBLIC,
    Visibility.FRIEND: pb.FunctionDescriptor.FRIEND,
}
_ABILITIES = {
    Abilities.COPY: common_pb2.COPY,
    Abilities.DROP: common_pb2.DROP,
    Abilities.STORE: common_pb2.STORE,
    Abilities.KEY: common_pb2.KEY,
}


def abilities(value: Abilities) -> list[common_pb2.Ability.ValueType]:
    """Return a set of abilities."""
    return [message for ability, message in _ABILITIES.items() if ability in value]


class PackageView:
    """One package of the ledger, for clients that want to call it."""

    def __init__(self, ledger: Ledger, package_id: Address) -> None:
        """Find the package.

        Raises:
            NotFoundError: there is none with this id.
        """
        found = _package(ledger, package_id)
        if found is None:
            raise NotFoundError(f"Package {package_id} not found")
        self._ledger = ledger
        self._package = found
        loaded = ledger.package(package_id)
        self._original = package_id if loaded is None else loaded.original_id

    def _module(self, name: str) -> ModuleAbi:
        if name not in self._package.module_map:
            raise NotFoundError(f"module {name[:100]!r} not found in package {self._package.id}")
        try:
            return self._ledger.vm.module_abi(self._package.id, name)
        except LinkError as error:
            raise NotFoundError(str(error)) from error

    def _defining_id(self, original: Address, module: str, name: str) -> Address:
        """Return the id of the package version that first had a type."""
        home: MovePackage | None = self._package
        if original != self._original:
            info = self._package.linkage_table.get(original)
            home = _package(self._ledger, original if info is None else info.upgraded_id)
        if home is not None:
            for origin in home.type_origin_table:
                if (origin.module_name, origin.datatype_name) == (module, name):
                    return origin.package
        return original

    def _body(self, value: AbiType) -> pb.OpenSignatureBody:
        if value.kind == "param":
            return pb.OpenSignatureBody(type=_TYPES.TYPE_PARAMETER, type_parameter=value.index)
        if value.kind == "data" and value.address is not None:
            home = self._defining_id(value.address, value.module, value.name)
            return pb.OpenSignatureBody(
                type=_TYPES.DATATYPE,
                type_name=f"{home}::{value.module}::{value.name}",
                type_parameter_instantiation=[self._body(item) for item in value.args],
            )
        if value.kind == "vector":
            return pb.OpenSignatureBody(
                type=_TYPES.VECTOR, type_parameter_instantiation=[self._body(item) for item in value.args]
            )
        known = value.kind.upper()
        return pb.OpenSignatureBody(type=_TYPES.Value(known) if known in _TYPES.keys() else _TYPES.TYPE_UNKNOWN)  # noqa: SIM118

    def _signature(self, value: AbiType) -> pb.OpenSignature:
        if value.kind not in {"ref", "mut"}:
            return pb.OpenSignature(body=self._body(value))
        reference = pb.OpenSignature.MUTABLE if value.kind == "mut" else pb.OpenSignature.IMMUTABLE
        return pb.OpenSignature(reference=reference, body=self._body(value.args[0]))

    def _function(self, value: FunctionAbi) -> pb.FunctionDescriptor:
        return pb.FunctionDescriptor(
            name=value.name,
            visibility=_VISIBILITY[value.visibility],
            is_entry=value.is_entry,
            type_parameters=[pb.TypeParameter(constraints=abilities(item)) for item in value.type_parameters],
            parameters=[self._signature(item) for item in value.parameters],
            returns=[self._signature(item) for item in value.returns],
        )

    def _fields(self, values: Sequence[FieldAbi]) -> list[pb.FieldDescriptor]:
        return [
            pb.FieldDescriptor(name=item.name, position=place, type=self._body(item.type))
            for place, item in enumerate(values)
        ]

    def _datatype(self, module: str, value: DatatypeAbi) -> pb.DatatypeDescriptor:
        defining = self._defining_id(self._original, module, value.name)
        out = pb.DatatypeDescriptor(
            type_name=f"{defining}::{module}::{value.name}",
            defining_id=str(defining),
            module=module,
            name=value.name,
            abilities=abilities(value.abilities),
            type_parameters=[
                pb.TypeParameter(constraints=abilities(wanted), is_phantom=phantom)
                for wanted, phantom in value.type_parameters
            ],
            kind=pb.DatatypeDescriptor.ENUM if value.is_enum else pb.DatatypeDescriptor.STRUCT,
        )
        if value.is_enum:
            for place, variant in enumerate(value.variants):
                out.variants.add(name=variant.name, position=place, fields=self._fields(variant.fields))
        else:
            out.fields.extend(self._fields(value.fields))
        return out

    def function(self, module: str, name: str) -> pb.FunctionDescriptor:
        """Return a function's signature.

        Raises:
            NotFoundError: there is none of this name.
        """
        found = self._module(module).functions.get(name)
        if found is None:
            raise NotFoundError(f"function {name[:100]!r} not found in module {module}")
        return self._function(found)

    def function_abi(self, module: str, name: str) -> FunctionAbi | None:
        """Return a function's declaration, None when there is none of this name."""
        if module not in self._package.module_map:
            return None
        return self._module(module).functions.get(name)

    def datatype(self, module: str, name: str) -> pb.DatatypeDescriptor:
        """Return a struct or enum.

        Raises:
            NotFoundError: there is none of this name.
        """
        found = self._module(module).datatypes.get(name)
        if found is None:
            raise NotFoundError(f"datatype {name[:100]!r} not found in module {module}")
        return self._datatype(module, found)

    def message(self) -> pb.Package:
        """Return the whole package with its declarations."""
        out = package_parts(self._package, EVERYTHING)
        for module in out.modules:
            declared = self._module(module.name)
            module.datatypes.extend([self._datatype(module.name, item) for item in declared.datatypes.values()])
            module.functions.extend([self._function(item) for item in declared.functions.values()])
        return out


def _package(ledger: Ledger, package_id: Address) -> MovePackage | None:
    record = ledger.get_object(package_id)
    if record is None or not isinstance(record.object.data, MovePackage):
        return None
    return record.object.data
