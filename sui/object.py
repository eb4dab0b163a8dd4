"""Objects: Move values with an owner, and packages, as they are stored and hashed.

Rules:
    * the contents of a Move object are BCS of its value and begin with its 32-byte id;
    * the type of a coin is written in a shorter form than other types: `MoveObjectType` keeps which was used, so
      that what was read is written back byte for byte, and `object_type` chooses as Sui does.
"""

from __future__ import annotations

from dataclasses import dataclass

from sui import bcs, digests
from sui.codecs import ADDRESS, DIGEST, OWNER
from sui.errors import BcsError
from sui.type_tag import GAS_COIN_TYPE, STRUCT_TAG, SUI_FRAMEWORK, TYPE_TAG, StructTag, TypeTag
from sui.types import Address, Digest, ObjectRef, Owner

_STAKED_SUI = StructTag(Address.parse("0x3"), "staking_pool", "StakedSui")


@dataclass(frozen=True, slots=True)
class OtherType:
    """Any type that has no shorter form."""

    tag: StructTag


@dataclass(frozen=True, slots=True)
class GasCoinType:
    """`0x2::coin::Coin<0x2::sui::SUI>`."""


@dataclass(frozen=True, slots=True)
class StakedSuiType:
    """`0x3::staking_pool::StakedSui`."""


@dataclass(frozen=True, slots=True)
class CoinType:
    """`0x2::coin::Coin` of another currency."""

    currency: TypeTag


MoveObjectType = OtherType | GasCoinType | StakedSuiType | CoinType


def object_type(tag: StructTag) -> MoveObjectType:
    """Return the form in which Sui writes the type of an object."""
    if tag == GAS_COIN_TYPE:
        return GasCoinType()
    if tag == _STAKED_SUI:
        return StakedSuiType()
    if tag.address == SUI_FRAMEWORK and (tag.module, tag.name) == ("coin", "Coin") and len(tag.type_params) == 1:
        return CoinType(tag.type_params[0])
    return OtherType(tag)


def struct_tag(kind: MoveObjectType) -> StructTag:
    """Return the full type that a form stands for."""
    if isinstance(kind, OtherType):
        return kind.tag
    if isinstance(kind, CoinType):
        return StructTag(SUI_FRAMEWORK, "coin", "Coin", (kind.currency,))
    return _STAKED_SUI if isinstance(kind, StakedSuiType) else GAS_COIN_TYPE


@dataclass(frozen=True, slots=True)
class MoveObject:
    """A Move value that has an id."""

    type: MoveObjectType
    has_public_transfer: bool
    version: int
    contents: bytes

    @property
    def object_id(self) -> Address:
        """The id with which the contents begin.

        Raises:
            BcsError: the contents are shorter than an id.
        """
        if len(self.contents) < 32:
            raise BcsError(f"contents of {len(self.contents)} bytes are too short for an object's id")
        return Address(self.contents[:32])

    @property
    def tag(self) -> StructTag:
        """The full type."""
        return struct_tag(self.type)


@dataclass(frozen=True, slots=True)
class TypeOrigin:
    """Which version of a package first defined a type."""

    module_name: str
    datatype_name: str
    package: Address


@dataclass(frozen=True, slots=True)
class UpgradeInfo:
    """The version of a dependency that a package is linked against."""

    upgraded_id: Address
    upgraded_version: int


@dataclass(frozen=True, slots=True)
class MovePackage:
    """A published package: compiled modules by name, origin of its types, linkage of its dependencies."""

    id: Address
    version: int
    module_map: dict[str, bytes]
    type_origin_table: tuple[TypeOrigin, ...]
    linkage_table: dict[Address, UpgradeInfo]

    @property
    def object_id(self) -> Address:
        """The storage id of this version."""
        return self.id


Data = MoveObject | MovePackage


@dataclass(frozen=True, slots=True)
class Object:
    """One version of an object, as it is stored."""

    data: Data
    owner: Owner
    previous_transaction: Digest
    storage_rebate: int

    @property
    def object_id(self) -> Address:
        """The object's id."""
        return self.data.object_id

    @property
    def version(self) -> int:
        """The object's version."""
        return self.data.version

    def digest(self) -> Digest:
        """Return the digest over the whole object."""
        return digests.object_digest(OBJECT.encode(self))

    def reference(self) -> ObjectRef:
        """Return id, version and digest."""
        return ObjectRef(self.object_id, self.version, self.digest())


MOVE_OBJECT_TYPE: bcs.Codec[MoveObjectType] = bcs.enum(
    "MoveObjectType",
    bcs.struct(OtherType, tag=STRUCT_TAG),
    bcs.struct(GasCoinType),
    bcs.struct(StakedSuiType),
    bcs.struct(CoinType, currency=TYPE_TAG),
)
MOVE_PACKAGE = bcs.struct(
    MovePackage,
    id=ADDRESS,
    version=bcs.U64,
    module_map=bcs.map_of(bcs.STRING, bcs.BYTES),
    type_origin_table=bcs.vector(
        bcs.struct(TypeOrigin, module_name=bcs.STRING, datatype_name=bcs.STRING, package=ADDRESS)
    ),
    linkage_table=bcs.map_of(ADDRESS, bcs.struct(UpgradeInfo, upgraded_id=ADDRESS, upgraded_version=bcs.U64)),
)
DATA: bcs.Codec[Data] = bcs.enum(
    "Data",
    bcs.struct(MoveObject, type=MOVE_OBJECT_TYPE, has_public_transfer=bcs.BOOL, version=bcs.U64, contents=bcs.BYTES),
    MOVE_PACKAGE,
)
OBJECT: bcs.Codec[Object] = bcs.struct(
    Object, data=DATA, owner=OWNER, previous_transaction=DIGEST, storage_rebate=bcs.U64
)
