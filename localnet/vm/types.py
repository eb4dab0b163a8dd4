"""Runtime types: every concrete Move type is one object, so types compare by identity.

`TypeTable` makes them; `Datatype` is a struct or enum declaration, `DataType` one with its type arguments.
A struct's fields are resolved when first asked for. Serialising, copying and measuring values is compiled per type
on first use (`codec`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localnet.vm import codec
from localnet.vm.abilities import DROP, PRIMITIVE, REFERENCE, Abilities
from localnet.vm.errors import VmError
from sui.type_tag import PrimitiveTag, StructTag, TypeTag, VectorTag

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.vm.bytecode import Token, TypeParameter
    from localnet.vm.limits import Limits
    from localnet.vm.values import Value
    from sui.types import Address


class Type:
    """A concrete Move type.

    Attributes:
        kind: "u8" … "u256", "bool", "address", "signer", "vector", "data", "ref" or "mut".
        container: values are changed in place (vectors, structs, enums).
        target: what a reference refers to, None for all other types.
        mutable: whether it is `&mut`.
        abilities: what may be done with its values.
        nodes: how many types it is made of.
    """

    __slots__ = (
        "_copy",
        "_decode",
        "_encode",
        "_size",
        "_tag",
        "abilities",
        "container",
        "kind",
        "mutable",
        "nodes",
        "target",
    )

    def __init__(self, kind: str, abilities: Abilities, *, container: bool = False, nodes: int = 1) -> None:
        """Make a type; only this module does."""
        self.kind = kind
        self.abilities = abilities
        self.container = container
        self.target: Type | None = None
        self.mutable = False
        self.nodes = nodes
        self._tag: TypeTag | None = None
        self._encode: Callable[[Value], bytes] | None = None
        self._decode: Callable[[bytes, int], tuple[Value, int]] | None = None
        self._copy: Callable[[Value], Value] | None = None
        self._size: Callable[[Value], int] | None = None

    @property
    def tag(self) -> TypeTag:
        """The type as Sui writes it, with defining ids."""
        if self._tag is None:
            self._tag = self._make_tag()
        return self._tag

    def _make_tag(self) -> TypeTag:
        return PrimitiveTag(self.kind)

    def serialize(self, value: Value) -> bytes:
        """Return the BCS of a value."""
        return bytes(self.encoder(value))

    def deserialize(self, data: bytes) -> Value:
        """Read a value from exactly these bytes.

        Raises:
            CallRefused: they are no BCS of this type.
        """
        return codec.decode_whole(self.decoder, data, self)

    @property
    def encoder(self) -> Callable[[Value], bytes]:
        """The compiled serialiser."""
        if self._encode is None:
            self._encode = codec.encoder(self)
        return self._encode

    @property
    def decoder(self) -> Callable[[bytes, int], tuple[Value, int]]:
        """The compiled deserialiser: data and position to value and position."""
        if self._decode is None:
            self._decode = codec.decoder(self)
        return self._decode

    @property
    def copier(self) -> Callable[[Value], Value]:
        """The compiled deep copy."""
        if self._copy is None:
            self._copy = codec.copier(self)
        return self._copy

    @property
    def sizer(self) -> Callable[[Value], int]:
        """The compiled abstract memory size."""
        if self._size is None:
            self._size = codec.sizer(self)
        return self._size

    def __str__(self) -> str:
        """Return the canonical text."""
        return str(self.tag)

    def __repr__(self) -> str:
        """Return the canonical text."""
        return f"<{self}>"


class VectorType(Type):
    """`vector<element>`."""

    __slots__ = ("element",)

    def __init__(self, element: Type) -> None:
        """Make the vector type of an element."""
        super().__init__("vector", element.abilities & PRIMITIVE, container=True, nodes=element.nodes + 1)
        self.element = element

    def _make_tag(self) -> TypeTag:
        return VectorTag(self.element.tag)


class RefType(Type):
    """`&target` or `&mut target`."""

    __slots__ = ()

    def __init__(self, target: Type, *, mutable: bool) -> None:
        """Make a reference type."""
        super().__init__("mut" if mutable else "ref", REFERENCE, nodes=target.nodes + 1)
        self.target = target
        self.mutable = mutable

    def __str__(self) -> str:
        """Return it as Move writes it."""
        return f"{'&mut ' if self.mutable else '&'}{self.target}"


class DataType(Type):
    """A struct or enum with its type arguments."""

    __slots__ = ("_fields", "args", "decl")

    def __init__(self, decl: Datatype, args: tuple[Type, ...]) -> None:
        """Apply a declaration to type arguments."""
        super().__init__("data", _abilities(decl, args), container=True, nodes=1 + sum(arg.nodes for arg in args))
        self.decl = decl
        self.args = args
        self._fields: tuple[tuple[Type, ...], ...] | None = None

    def _make_tag(self) -> TypeTag:
        decl = self.decl
        return StructTag(decl.defining_id, decl.module, decl.name, tuple([arg.tag for arg in self.args]))

    @property
    def struct_tag(self) -> StructTag:
        """The type as Sui writes it."""
        tag = self.tag
        if not isinstance(tag, StructTag):
            raise TypeError("a datatype's tag is a StructTag")
        return tag

    @property
    def variants(self) -> tuple[tuple[Type, ...], ...]:
        """Field types of each variant; a struct has one."""
        if self._fields is None:
            self._fields = self.decl.resolve(self.args)
        return self._fields

    @property
    def fields(self) -> tuple[Type, ...]:
        """Field types of a struct."""
        return self.variants[0]


@dataclass(eq=False, slots=True)
class Datatype:
    """A declared struct or enum.

    Attributes:
        defining_id: package id of the version that first had it (what type tags hold).
        original_id: package id of the first version (what bytecode holds).
        layout: for each variant its name and its fields (name, type); a struct has one, named "".
        resolve: field types for type arguments.
    """

    defining_id: Address
    original_id: Address
    module: str
    name: str
    abilities: Abilities
    parameters: tuple[TypeParameter, ...]
    is_enum: bool
    layout: tuple[tuple[str, tuple[tuple[str, Token], ...]], ...]
    resolve: Callable[[tuple[Type, ...]], tuple[tuple[Type, ...], ...]]

    def is_at(self, address: Address, module: str, name: str) -> bool:
        """Return whether it is this type of this original package."""
        return self.name == name and self.module == module and self.original_id == address


def _abilities(decl: Datatype, args: tuple[Type, ...]) -> Abilities:
    """Return the declared abilities that the (non-phantom) type arguments leave; `key` needs `store` of them."""
    result = decl.abilities
    for parameter, arg in zip(decl.parameters, args, strict=True):
        if parameter.phantom:
            continue
        for ability in Abilities:
            if ability in result:
                needed = Abilities.STORE if ability is Abilities.KEY else ability
                if needed not in arg.abilities:
                    result &= ~ability
    return result


BOOL = Type("bool", PRIMITIVE)
U8 = Type("u8", PRIMITIVE)
U16 = Type("u16", PRIMITIVE)
U32 = Type("u32", PRIMITIVE)
U64 = Type("u64", PRIMITIVE)
U128 = Type("u128", PRIMITIVE)
U256 = Type("u256", PRIMITIVE)
ADDRESS = Type("address", PRIMITIVE)
SIGNER = Type("signer", DROP)
PRIMITIVES = {kind.kind: kind for kind in (BOOL, U8, U16, U32, U64, U128, U256, ADDRESS, SIGNER)}
BITS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "u128": 128, "u256": 256}


class TypeTable:
    """Makes each concrete type once."""

    def __init__(self, limits: Limits) -> None:
        """Start empty."""
        self._limits = limits
        self._vectors: dict[Type, VectorType] = {}
        self._refs: dict[tuple[Type, bool], RefType] = {}
        self._data: dict[tuple[Datatype, tuple[Type, ...]], DataType] = {}

    def vector(self, element: Type) -> VectorType:
        """Return `vector<element>`."""
        found = self._vectors.get(element)
        if found is None:
            found = self._vectors[element] = VectorType(element)
            self._check(found)
        return found

    def reference(self, target: Type, *, mutable: bool) -> RefType:
        """Return a reference type."""
        found = self._refs.get((target, mutable))
        if found is None:
            found = self._refs[target, mutable] = RefType(target, mutable=mutable)
        return found

    def data(self, decl: Datatype, args: tuple[Type, ...]) -> DataType:
        """Return a struct or enum with type arguments."""
        found = self._data.get((decl, args))
        if found is None:
            found = DataType(decl, args)
            self._check(found)
            self._data[decl, args] = found
        return found

    def _check(self, kind: Type) -> None:
        if kind.nodes > self._limits.type_max_nodes:
            raise VmError("TOO_MANY_TYPE_NODES", detail=f"at most {self._limits.type_max_nodes}")
