"""Reads function bodies: instructions and jump tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.bytecode import Code, Instruction, JumpTable, Op
from localnet.vm.errors import MalformedBytecode

if TYPE_CHECKING:
    from localnet.vm.cursor import Cursor
    from localnet.vm.limits import Limits

_INDEX_MAX = 65_535
_LOCAL_MAX = 255

_FIXED = {Op.LD_U8: 1, Op.LD_U16: 2, Op.LD_U32: 4, Op.LD_U64: 8, Op.LD_U128: 16, Op.LD_U256: 32}
_LOCALS = frozenset({Op.COPY_LOC, Op.MOVE_LOC, Op.ST_LOC, Op.MUT_BORROW_LOC, Op.IMM_BORROW_LOC})
_WITH_COUNT = frozenset({Op.VEC_PACK, Op.VEC_UNPACK})
_WITH_INDEX = frozenset(
    {
        Op.BR_TRUE,
        Op.BR_FALSE,
        Op.BRANCH,
        Op.LD_CONST,
        Op.MUT_BORROW_FIELD,
        Op.IMM_BORROW_FIELD,
        Op.MUT_BORROW_FIELD_GENERIC,
        Op.IMM_BORROW_FIELD_GENERIC,
        Op.CALL,
        Op.CALL_GENERIC,
        Op.PACK,
        Op.PACK_GENERIC,
        Op.UNPACK,
        Op.UNPACK_GENERIC,
        Op.VEC_LEN,
        Op.VEC_IMM_BORROW,
        Op.VEC_MUT_BORROW,
        Op.VEC_PUSH_BACK,
        Op.VEC_POP_BACK,
        Op.VEC_SWAP,
        Op.PACK_VARIANT,
        Op.PACK_VARIANT_GENERIC,
        Op.UNPACK_VARIANT,
        Op.UNPACK_VARIANT_IMM_REF,
        Op.UNPACK_VARIANT_MUT_REF,
        Op.UNPACK_VARIANT_GENERIC,
        Op.UNPACK_VARIANT_GENERIC_IMM_REF,
        Op.UNPACK_VARIANT_GENERIC_MUT_REF,
        Op.VARIANT_SWITCH,
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
_OPCODES = frozenset(int(op) for op in Op)
_FIRST_OF_7 = Op.PACK_VARIANT
_JUMP_TABLES_MAX = 127
_FULL_TABLE = 1


def read_code(cursor: Cursor, version: int, limits: Limits) -> Code:
    """Decode one function's body.

    Raises:
        MalformedBytecode: an opcode is unknown, or an operand out of range.
    """
    locals_signature = cursor.uleb(_INDEX_MAX)
    count = cursor.count(limits.code_max_instructions)
    instructions = tuple([_instruction(cursor, version) for _ in range(count)])
    tables: list[JumpTable] = []
    if version >= 7:
        for _ in range(cursor.count(_JUMP_TABLES_MAX)):
            enum = cursor.uleb(_INDEX_MAX)
            branches = cursor.count(limits.variants_max)
            if cursor.byte() != _FULL_TABLE:
                raise MalformedBytecode(f"{cursor.name}: unknown kind of jump table")
            tables.append(JumpTable(enum, tuple([cursor.uleb(_INDEX_MAX) for _ in range(branches)])))
    return Code(locals_signature, instructions, tuple(tables))


def _instruction(cursor: Cursor, version: int) -> Instruction:
    opcode = cursor.byte()
    if opcode not in _OPCODES or (opcode >= _FIRST_OF_7 and version < 7):
        raise MalformedBytecode(f"{cursor.name}: {opcode:#x} is no instruction of bytecode version {version}")
    op = Op(opcode)
    if op in _LOCALS:
        return (opcode, cursor.uleb(_LOCAL_MAX))
    if op in _WITH_INDEX:
        return (opcode, cursor.uleb(_INDEX_MAX))
    width = _FIXED.get(op)
    if width is not None:
        return (opcode, int.from_bytes(cursor.take(width), "little"))
    if op in _WITH_COUNT:
        return (opcode, cursor.uleb(_INDEX_MAX), int.from_bytes(cursor.take(8), "little"))
    return (opcode,)
