"""A Move VM: executes bytecode as the Sui compiler writes it (versions 6 and 7), and knows no particular package.

    vm = Vm(packages)                                     # packages: PackageSource
    session = Session(vm, tx_context=TxContext(sender, digest))
    [result] = session.execute(package_id, "module", "function", type_args=[...], args=[...])

Values are described in `values`, failures in `errors`. It does no I/O: packages and objects come through ports.
"""

from localnet.vm.abi import AbiType, DatatypeAbi, FunctionAbi, ModuleAbi
from localnet.vm.abilities import Abilities
from localnet.vm.errors import (
    CallRefused,
    ExecutionFailure,
    LinkError,
    Location,
    MalformedBytecode,
    MoveAbort,
    VerificationError,
    VmError,
    VmFailure,
)
from localnet.vm.limits import Limits
from localnet.vm.loader import Package, PackageMap, PackageSource
from localnet.vm.machine import Vm, defined_types, dependencies, rebase
from localnet.vm.meter import CostTable, Meter
from localnet.vm.ports import NativesConfig, NitroDocument, NitroRefused, ObjectReader, StoredObject, TxContext
from localnet.vm.session import ChildChange, Event, Returned, Session, Transfer
from localnet.vm.values import Ref, Value

__all__ = [
    "AbiType",
    "Abilities",
    "CallRefused",
    "ChildChange",
    "CostTable",
    "DatatypeAbi",
    "Event",
    "ExecutionFailure",
    "FunctionAbi",
    "Limits",
    "LinkError",
    "Location",
    "MalformedBytecode",
    "Meter",
    "ModuleAbi",
    "MoveAbort",
    "NativesConfig",
    "NitroDocument",
    "NitroRefused",
    "ObjectReader",
    "Package",
    "PackageMap",
    "PackageSource",
    "Ref",
    "Returned",
    "Session",
    "StoredObject",
    "Transfer",
    "TxContext",
    "Value",
    "VerificationError",
    "Vm",
    "VmError",
    "VmFailure",
    "defined_types",
    "dependencies",
    "rebase",
]
