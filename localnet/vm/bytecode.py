"""The parts of a compiled Move module, as plain records.

A type in a signature is a `Token`: a tuple whose first item is its kind
(`("u64",)`, `("vector", t)`, `("ref", t)`, `("mut", t)`, `("param", index)`, `("data", handle index, (t, …))`).
An instruction is a tuple of its opcode and its operands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from localnet.vm.abilities import Abilities
    from sui.types import Address

Token: TypeAlias = tuple[Any, ...]
Instruction: TypeAlias = tuple[int, ...]


class Op(IntEnum):
    """Opcodes of bytecode version 7, by their bytes."""

    POP = 0x01
    RET = 0x02
    BR_TRUE = 0x03
    BR_FALSE = 0x04
    BRANCH = 0x05
    LD_U64 = 0x06
    LD_CONST = 0x07
    LD_TRUE = 0x08
    LD_FALSE = 0x09
    COPY_LOC = 0x0A
    MOVE_LOC = 0x0B
    ST_LOC = 0x0C
    MUT_BORROW_LOC = 0x0D
    IMM_BORROW_LOC = 0x0E
    MUT_BORROW_FIELD = 0x0F
    IMM_BORROW_FIELD = 0x10
    CALL = 0x11
    PACK = 0x12
    UNPACK = 0x13
    READ_REF = 0x14
    WRITE_REF = 0x15
    ADD = 0x16
    SUB = 0x17
    MUL = 0x18
    MOD = 0x19
    DIV = 0x1A
    BIT_OR = 0x1B
    BIT_AND = 0x1C
    XOR = 0x1D
    OR = 0x1E
    AND = 0x1F
    NOT = 0x20
    EQ = 0x21
    NEQ = 0x22
    LT = 0x23
    GT = 0x24
    LE = 0x25
    GE = 0x26
    ABORT = 0x27
    NOP = 0x28
    EXISTS = 0x29
    MUT_BORROW_GLOBAL = 0x2A
    IMM_BORROW_GLOBAL = 0x2B
    MOVE_FROM = 0x2C
    MOVE_TO = 0x2D
    FREEZE_REF = 0x2E
    SHL = 0x2F
    SHR = 0x30
    LD_U8 = 0x31
    LD_U128 = 0x32
    CAST_U8 = 0x33
    CAST_U64 = 0x34
    CAST_U128 = 0x35
    MUT_BORROW_FIELD_GENERIC = 0x36
    IMM_BORROW_FIELD_GENERIC = 0x37
    CALL_GENERIC = 0x38
    PACK_GENERIC = 0x39
    UNPACK_GENERIC = 0x3A
    EXISTS_GENERIC = 0x3B
    MUT_BORROW_GLOBAL_GENERIC = 0x3C
    IMM_BORROW_GLOBAL_GENERIC = 0x3D
    MOVE_FROM_GENERIC = 0x3E
    MOVE_TO_GENERIC = 0x3F
    VEC_PACK = 0x40
    VEC_LEN = 0x41
    VEC_IMM_BORROW = 0x42
    VEC_MUT_BORROW = 0x43
    VEC_PUSH_BACK = 0x44
    VEC_POP_BACK = 0x45
    VEC_UNPACK = 0x46
    VEC_SWAP = 0x47
    LD_U16 = 0x48
    LD_U32 = 0x49
    LD_U256 = 0x4A
    CAST_U16 = 0x4B
    CAST_U32 = 0x4C
    CAST_U256 = 0x4D
    PACK_VARIANT = 0x4E
    PACK_VARIANT_GENERIC = 0x4F
    UNPACK_VARIANT = 0x50
    UNPACK_VARIANT_IMM_REF = 0x51
    UNPACK_VARIANT_MUT_REF = 0x52
    UNPACK_VARIANT_GENERIC = 0x53
    UNPACK_VARIANT_GENERIC_IMM_REF = 0x54
    UNPACK_VARIANT_GENERIC_MUT_REF = 0x55
    VARIANT_SWITCH = 0x56


GLOBAL_STORAGE = frozenset(
    {
        Op.EXISTS,
        Op.MUT_BORROW_GLOBAL,
        Op.IMM_BORROW_GLOBAL,
        Op.MOVE_FROM,
        Op.MOVE_TO,
        Op.EXISTS_GENERIC,
        Op.MUT_BORROW_GLOBAL_GENERIC,
        Op.IMM_BORROW_GLOBAL_GENERIC,
        Op.MOVE_FROM_GENERIC,
        Op.MOVE_TO_GENERIC,
    }
)
"""Global storage does not exist on Sui: these are decoded, and refused at publish."""

BRANCHES = frozenset({Op.BR_TRUE, Op.BR_FALSE, Op.BRANCH})
ENDS_BLOCK = BRANCHES | {Op.RET, Op.ABORT, Op.VARIANT_SWITCH}


class Visibility(IntEnum):
    """Who may call a function."""

    PRIVATE = 0
    PUBLIC = 1
    FRIEND = 3


@dataclass(frozen=True, slots=True)
class ModuleHandle:
    """A module by its address and name."""

    address: int
    name: int


@dataclass(frozen=True, slots=True)
class TypeParameter:
    """A parameter of a datatype."""

    constraints: Abilities
    phantom: bool


@dataclass(frozen=True, slots=True)
class DatatypeHandle:
    """A struct or enum, of this module or another."""

    module: int
    name: int
    abilities: Abilities
    type_parameters: tuple[TypeParameter, ...]


@dataclass(frozen=True, slots=True)
class FunctionHandle:
    """A function, of this module or another."""

    module: int
    name: int
    parameters: int
    returns: int
    type_parameters: tuple[Abilities, ...]


@dataclass(frozen=True, slots=True)
class Instantiation:
    """An index (of a function handle, definition or field handle) with type arguments (a signature index)."""

    target: int
    type_args: int


@dataclass(frozen=True, slots=True)
class FieldHandle:
    """A field of a struct of this module."""

    struct: int
    field: int


@dataclass(frozen=True, slots=True)
class VariantHandle:
    """A variant of an enum of this module (or, for generic ones, of an enum instantiation)."""

    enum: int
    variant: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field's name (an identifier index) and type."""

    name: int
    type: Token


@dataclass(frozen=True, slots=True)
class StructDef:
    """A struct of this module; native ones have no fields and are refused."""

    handle: int
    fields: tuple[Field, ...] | None


@dataclass(frozen=True, slots=True)
class VariantDef:
    """A variant of an enum."""

    name: int
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class EnumDef:
    """An enum of this module."""

    handle: int
    variants: tuple[VariantDef, ...]


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant: its type and BCS."""

    type: Token
    data: bytes


@dataclass(frozen=True, slots=True)
class JumpTable:
    """Where `VARIANT_SWITCH` goes for each variant of an enum."""

    enum: int
    targets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Code:
    """A function's body."""

    locals: int
    instructions: tuple[Instruction, ...]
    jump_tables: tuple[JumpTable, ...]


@dataclass(frozen=True, slots=True)
class FunctionDef:
    """A function of this module; natives have no code."""

    handle: int
    visibility: Visibility
    is_entry: bool
    code: Code | None


@dataclass(frozen=True, slots=True)
class CompiledModule:
    """All tables of a module; indexes are as in the bytecode."""

    version: int
    self_handle: int
    module_handles: tuple[ModuleHandle, ...] = ()
    datatype_handles: tuple[DatatypeHandle, ...] = ()
    function_handles: tuple[FunctionHandle, ...] = ()
    function_instantiations: tuple[Instantiation, ...] = ()
    signatures: tuple[tuple[Token, ...], ...] = ()
    constants: tuple[Constant, ...] = ()
    identifiers: tuple[str, ...] = ()
    addresses: tuple[Address, ...] = ()
    struct_defs: tuple[StructDef, ...] = ()
    struct_instantiations: tuple[Instantiation, ...] = ()
    function_defs: tuple[FunctionDef, ...] = ()
    field_handles: tuple[FieldHandle, ...] = ()
    field_instantiations: tuple[Instantiation, ...] = ()
    friends: tuple[ModuleHandle, ...] = ()
    metadata: tuple[tuple[bytes, bytes], ...] = ()
    enum_defs: tuple[EnumDef, ...] = ()
    enum_instantiations: tuple[Instantiation, ...] = ()
    variant_handles: tuple[VariantHandle, ...] = ()
    variant_instantiations: tuple[VariantHandle, ...] = ()
    addresses_offset: int = 0

    @property
    def name(self) -> str:
        """The module's own name."""
        return self.identifiers[self.module_handles[self.self_handle].name]

    @property
    def address(self) -> Address:
        """The module's own address (0x0 before it is published)."""
        return self.addresses[self.module_handles[self.self_handle].address]

    def module_of(self, handle: int) -> tuple[Address, str]:
        """Return address and name of a module handle."""
        module = self.module_handles[handle]
        return self.addresses[module.address], self.identifiers[module.name]

    def dependencies(self) -> set[Address]:
        """Return the addresses of all other packages' modules that this one names."""
        return {self.addresses[handle.address] for handle in self.module_handles} - {self.address}
