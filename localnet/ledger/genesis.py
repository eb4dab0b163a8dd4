"""The first objects of a ledger: framework packages, system objects, and the faucet's SUI.

Rules:
    * everything follows from the seed and the framework bundle, so that equal ones give the same chain id;
    * the system objects are made by the framework's own `create` functions, run by the system's address;
    * the whole supply of SUI goes into one coin of the faucet's key, which is derived from the seed.

The system state object 0x5 is there as a shell: its package 0x3 is not part of this ledger.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localnet.ledger.errors import StateError
from localnet.vm import PackageMap, Ref, Session, TxContext, Value, Vm, rebase
from localnet.vm.abilities import STORE
from localnet.vm.deserialize import deserialize
from localnet.vm.errors import VmFailure
from localnet.vm.loader import Package
from sui.keys import Ed25519Key
from sui.object import GasCoinType, MoveObject, MovePackage, OtherType, TypeOrigin, UpgradeInfo, object_type
from sui.system import Genesis, GenesisObject
from sui.transaction import NO_EXPIRATION, GasData, TransactionData
from sui.type_tag import SUI_COIN_TYPE, SUI_FRAMEWORK, StructTag
from sui.types import IMMUTABLE, Address, AddressOwner, Digest, ObjectOwner, ObjectRef, Owner, SharedOwner

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sui.system import SystemTransaction

SYSTEM_ADDRESS = Address(bytes(32))
SYSTEM_SIGNATURE = bytes(97)
_NO_DIGEST = Digest(bytes(32))
_SYSTEM_GAS_PRICE = 1
_GENESIS_VERSION = 1
_SUPPLY_MIST = 10_000_000_000_000_000_000
_SYSTEM_STATE = Address.parse("0x5")
_SYSTEM_STATE_TYPE = StructTag(Address.parse("0x3"), "sui_system", "SuiSystemState")
_SYSTEM_STATE_VERSION = 2
_FIXED_IDS = tuple(Address.parse(text) for text in ("0x6", "0x8", "0x403"))
_CREATORS = ("clock", "random", "deny_list")


def faucet_key(seed: int) -> Ed25519Key:
    """Return the key that holds the supply of a ledger with this seed."""
    return Ed25519Key.generate(hashlib.blake2b(f"localnet faucet {seed}".encode(), digest_size=32).digest())


def system_transaction(kind: SystemTransaction) -> TransactionData:
    """Return the data of a transaction that the system itself sends."""
    gas = GasData((ObjectRef(SYSTEM_ADDRESS, 0, _NO_DIGEST),), SYSTEM_ADDRESS, _SYSTEM_GAS_PRICE, 0)
    return TransactionData(kind, SYSTEM_ADDRESS, gas, NO_EXPIRATION)


def genesis_transaction(seed: int, bundle: Mapping[Address, tuple[bytes, ...]]) -> TransactionData:
    """Return the transaction that makes the first objects.

    Raises:
        StateError: the bundle is incomplete, or its code does not run.
    """
    packages = {package_id: _package(package_id, modules) for package_id, modules in bundle.items()}
    if SUI_FRAMEWORK not in packages:
        raise StateError("the framework bundle lacks package 0x2: build it again")
    objects = [GenesisObject(package, IMMUTABLE) for _, package in sorted(packages.items())]
    try:
        objects += _system_objects(seed, packages)
    except VmFailure as error:
        raise StateError(f"the framework's own code does not run: {error}") from error
    return system_transaction(Genesis(tuple(objects)))


def _package(package_id: Address, modules: tuple[bytes, ...]) -> MovePackage:
    code: dict[str, bytes] = {}
    types: dict[str, list[str]] = {}
    linked: set[Address] = set()
    for given in modules:
        module = deserialize(given)
        # What was compiled for address 0x0 gets the package's id.
        code[module.name] = given if module.address == package_id else rebase([given], package_id)[module.name]
        handles = [struct.handle for struct in module.struct_defs] + [enum.handle for enum in module.enum_defs]
        types[module.name] = [module.identifiers[module.datatype_handles[handle].name] for handle in handles]
        linked |= module.dependencies()
    return MovePackage(
        package_id,
        _GENESIS_VERSION,
        {name: code[name] for name in sorted(code)},
        tuple(TypeOrigin(module, name, package_id) for module in sorted(types) for name in types[module]),
        {other: UpgradeInfo(other, _GENESIS_VERSION) for other in sorted(linked - {package_id, SYSTEM_ADDRESS})},
    )


def _system_objects(seed: int, packages: dict[Address, MovePackage]) -> list[GenesisObject]:
    vm = Vm(PackageMap(*[_loadable(package) for package in packages.values()]))
    digest = hashlib.blake2b(f"localnet genesis {seed}".encode(), digest_size=32).digest()
    shared = dict.fromkeys(_FIXED_IDS, SharedOwner(_GENESIS_VERSION))
    session = Session(vm, tx_context=TxContext(SYSTEM_ADDRESS, digest), input_objects=shared)
    for module in _CREATORS:
        session.execute(SUI_FRAMEWORK, module, "create")
    supply = _mint(session)
    result: list[GenesisObject] = []
    for moved in session.transfers:
        kind = moved.runtime_type
        owner: Owner = SharedOwner(_GENESIS_VERSION) if isinstance(moved.owner, SharedOwner) else moved.owner
        contents = kind.serialize(moved.value)
        result.append(_object(moved.type, contents, owner, public=STORE in kind.abilities))
    for child in session.dynamic_fields:
        if child.contents is not None:
            owner = ObjectOwner(child.parent)
            public = STORE in vm.type_of(child.type).abilities
            result.append(_object(child.type, child.contents, owner, public=public))
    coin_id = session.context.fresh_id()
    coin = MoveObject(GasCoinType(), True, _GENESIS_VERSION, coin_id + supply.to_bytes(8, "little"))
    result.append(GenesisObject(coin, AddressOwner(faucet_key(seed).address)))
    state = MoveObject(
        OtherType(_SYSTEM_STATE_TYPE),
        False,
        _GENESIS_VERSION,
        _SYSTEM_STATE + _SYSTEM_STATE_VERSION.to_bytes(8, "little"),
    )
    result.append(GenesisObject(state, SharedOwner(_GENESIS_VERSION)))
    return result


def _mint(session: Session) -> int:
    """Do what `0x2::sui::new` does, with a witness that the VM takes for one: register SUI, mint the supply."""
    texts = (bytearray(b"SUI"), bytearray(b"Sui"), bytearray())
    none: Value = [[]]
    sui = (SUI_COIN_TYPE,)
    treasury, metadata = session.execute(SUI_FRAMEWORK, "coin", "create_currency", sui, [[True], 9, *texts, none])
    session.execute(SUI_FRAMEWORK, "transfer", "public_freeze_object", (metadata.type,), [metadata.value])
    supply = Ref(session.execute(SUI_FRAMEWORK, "coin", "treasury_into_supply", sui, [treasury.value])[0].value)
    minted = session.execute(SUI_FRAMEWORK, "balance", "increase_supply", sui, [supply, _SUPPLY_MIST])
    return int(minted[0].value[0])


def _loadable(package: MovePackage) -> Package:
    linkage = {original: info.upgraded_id for original, info in package.linkage_table.items()}
    return Package(package.id, package.id, package.module_map, linkage)


def _object(tag: StructTag, contents: bytes, owner: Owner, *, public: bool) -> GenesisObject:
    return GenesisObject(MoveObject(object_type(tag), public, _GENESIS_VERSION, contents), owner)
