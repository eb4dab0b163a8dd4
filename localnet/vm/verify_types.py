"""Publish check 5b: operands have the types that instructions take, and locals are set when they are read.

Each basic block is followed once for each state in which its locals can be (unset, set, either way). What may not be
dropped is never lost: neither by `POP`, by a write, nor at a return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from localnet.vm.abilities import Abilities
from localnet.vm.bytecode import BRANCHES, Code, CompiledModule, FunctionDef, Op, Token
from localnet.vm.errors import VerificationError
from localnet.vm.types import BITS
from localnet.vm.verify_links import Links, abilities_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNSET, _SET, _EITHER = 0, 1, 2
_BOOL: Token = ("bool",)
_U8: Token = ("u8",)
_U64: Token = ("u64",)
_LOADS = {Op.LD_U8: "u8", Op.LD_U16: "u16", Op.LD_U32: "u32", Op.LD_U64: "u64", Op.LD_U128: "u128", Op.LD_U256: "u256"}
_CASTS = {
    Op.CAST_U8: "u8",
    Op.CAST_U16: "u16",
    Op.CAST_U32: "u32",
    Op.CAST_U64: "u64",
    Op.CAST_U128: "u128",
    Op.CAST_U256: "u256",
}
_ARITHMETIC = frozenset({Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.MOD, Op.BIT_AND, Op.BIT_OR, Op.XOR})
_ORDER = frozenset({Op.LT, Op.GT, Op.LE, Op.GE})


def verify_types(module: CompiledModule, links: Links, definition: FunctionDef) -> None:
    """Check one function's body.

    Raises:
        VerificationError: an operand or a local is not as it must be.
    """
    if definition.code is not None:
        _Checker(module, links, definition, definition.code).check()


def substituted(token: Token, args: Sequence[Token]) -> Token:
    """Return a token with type parameters replaced."""
    kind = token[0]
    if kind == "param":
        return args[token[1]]
    if kind in {"vector", "ref", "mut"}:
        return (kind, substituted(token[1], args))
    if kind == "data" and token[2]:
        return (kind, token[1], tuple([substituted(argument, args) for argument in token[2]]))
    return token


class _Checker:
    """Follows one function."""

    def __init__(self, module: CompiledModule, links: Links, definition: FunctionDef, code: Code) -> None:
        self._module = module
        self._links = links
        self._code = code
        handle = module.function_handles[definition.handle]
        self._name = f"{module.name}::{module.identifiers[handle.name]}"
        self._parameters = handle.type_parameters
        self._returns = module.signatures[handle.returns]
        given = module.signatures[handle.parameters]
        self._locals = (*given, *module.signatures[code.locals])
        self._start = tuple([_SET] * len(given) + [_UNSET] * (len(self._locals) - len(given)))
        self._stack: list[Token] = []
        self._state: list[int] = []
        self._at = 0

    def check(self) -> None:
        states: dict[int, tuple[int, ...]] = {0: self._start}
        waiting = [0]
        leaders = self._leaders()
        while waiting:
            block = waiting.pop()
            for target, state in self._block(block, states[block], leaders):
                known = states.get(target)
                merged = state if known is None else tuple(map(_merged, known, state))
                if merged != known:
                    states[target] = merged
                    waiting.append(target)

    def _leaders(self) -> set[int]:
        leaders = {0}
        for offset, instruction in enumerate(self._code.instructions):
            if instruction[0] in BRANCHES:
                leaders.update((instruction[1], offset + 1))
            elif instruction[0] == Op.VARIANT_SWITCH:
                leaders.update(self._code.jump_tables[instruction[1]].targets)
                leaders.add(offset + 1)
        return leaders

    def _fail(self, why: str) -> NoReturn:
        raise VerificationError(f"{self._name}, instruction {self._at}: {why}")

    def _block(self, start: int, state: tuple[int, ...], leaders: set[int]) -> list[tuple[int, tuple[int, ...]]]:
        self._state = list(state)
        self._stack = []
        for offset in range(start, len(self._code.instructions)):
            self._at = offset
            instruction = self._code.instructions[offset]
            op = Op(instruction[0])
            targets = self._step(op, instruction)
            if targets is None and offset + 1 in leaders:
                targets = [offset + 1]
            if targets is not None:
                if self._stack:
                    self._fail("operands are left at the end of a block")
                return [(target, tuple(self._state)) for target in targets]
        self._fail("the code runs past its end")
        return None

    # The stack.

    def _pop(self) -> Token:
        if not self._stack:
            self._fail("there is no operand")
        return self._stack.pop()

    def _expect(self, *wanted: Token) -> None:
        for token in reversed(wanted):
            found = self._pop()
            if found != token:
                self._fail(f"an operand is {found}, {token} is needed")

    def _integer(self) -> Token:
        found = self._pop()
        if found[0] not in BITS:
            self._fail(f"an operand is {found}, an integer is needed")
        return found

    def _reference(self, *, mutable: bool) -> Token:
        found = self._pop()
        if found[0] != "mut" and (mutable or found[0] != "ref"):
            self._fail(f"an operand is {found}, a {'mutable ' if mutable else ''}reference is needed")
        target: Token = found[1]
        return target

    def _needs(self, token: Token, ability: Abilities, what: str) -> None:
        if ability not in abilities_of(self._module, token, self._parameters):
            self._fail(f"{what} a value of type {token} that may not be")

    def _no_references(self, tokens: Sequence[Token]) -> Sequence[Token]:
        if any(token[0] in {"ref", "mut"} for token in tokens):
            self._fail("a reference as a type argument")
        return tokens

    # Instructions; `None` goes on to the next one.

    def _step(self, op: Op, instruction: tuple[int, ...]) -> list[int] | None:
        if op in BRANCHES:
            if op is Op.BRANCH:
                return [instruction[1]]
            self._expect(_BOOL)
            return [instruction[1], self._at + 1]
        if op is Op.VARIANT_SWITCH:
            table = self._code.jump_tables[instruction[1]]
            target = self._reference(mutable=False)
            if target[0] != "data" or target[1] != self._module.enum_defs[table.enum].handle:
                self._fail("the jump table is for another enum")
            return list(table.targets)
        if op is Op.RET:
            self._expect(*self._returns)
            for token, state in zip(self._locals, self._state, strict=True):
                if state != _UNSET:
                    self._needs(token, Abilities.DROP, "a return would drop")
            return []
        if op is Op.ABORT:
            self._expect(_U64)
            self._stack.clear()
            return []
        self._plain(op, instruction)
        return None

    def _plain(self, op: Op, instruction: tuple[int, ...]) -> None:
        push = self._stack.append
        if op in _LOADS:
            push((_LOADS[op],))
        elif op in _ARITHMETIC:
            right, left = self._integer(), self._integer()
            if left != right:
                self._fail(f"operands are {left} and {right}")
            push(left)
        elif op in _ORDER:
            if self._integer() != self._integer():
                self._fail("operands have different types")
            push(_BOOL)
        elif op in _CASTS:
            self._integer()
            push((_CASTS[op],))
        elif op in {Op.SHL, Op.SHR}:
            self._expect(_U8)
            push(self._integer())
        elif op in {Op.AND, Op.OR}:
            self._expect(_BOOL, _BOOL)
            push(_BOOL)
        elif op is Op.NOT:
            self._expect(_BOOL)
            push(_BOOL)
        elif op in {Op.EQ, Op.NEQ}:
            right, left = self._pop(), self._pop()
            if left != right:
                self._fail(f"{left} is compared with {right}")
            self._needs(left, Abilities.DROP, "comparing drops")
            push(_BOOL)
        elif op in {Op.LD_TRUE, Op.LD_FALSE}:
            push(_BOOL)
        elif op is Op.LD_CONST:
            push(self._module.constants[instruction[1]].type)
        elif op is Op.POP:
            self._needs(self._pop(), Abilities.DROP, "dropping")
        elif op in {Op.COPY_LOC, Op.MOVE_LOC, Op.ST_LOC, Op.MUT_BORROW_LOC, Op.IMM_BORROW_LOC}:
            self._local(op, instruction[1])
        elif op in {Op.READ_REF, Op.WRITE_REF, Op.FREEZE_REF}:
            self._through(op)
        elif op in {Op.CALL, Op.CALL_GENERIC}:
            self._call(op, instruction[1])
        elif op.name.startswith("VEC_"):
            self._vector(op, instruction)
        elif op is not Op.NOP:
            self._data(op, instruction[1])

    def _local(self, op: Op, index: int) -> None:
        token, state = self._locals[index], self._state[index]
        if op is Op.ST_LOC:
            self._expect(token)
            if state != _UNSET:
                self._needs(token, Abilities.DROP, "a store would drop")
            self._state[index] = _SET
            return
        if state != _SET:
            self._fail(f"local {index} may be unset")
        if op is Op.MOVE_LOC:
            self._state[index] = _UNSET
            self._stack.append(token)
        elif op is Op.COPY_LOC:
            self._needs(token, Abilities.COPY, "copying")
            self._stack.append(token)
        elif token[0] in {"ref", "mut"}:
            self._fail("a reference to a reference")
        else:
            self._stack.append(("mut" if op is Op.MUT_BORROW_LOC else "ref", token))

    def _through(self, op: Op) -> None:
        if op is Op.READ_REF:
            target = self._reference(mutable=False)
            self._needs(target, Abilities.COPY, "copying")
            self._stack.append(target)
        elif op is Op.WRITE_REF:
            target = self._reference(mutable=True)
            self._needs(target, Abilities.DROP, "a write would drop")
            self._expect(target)
        else:
            self._stack.append(("ref", self._reference(mutable=True)))

    def _call(self, op: Op, index: int) -> None:
        args: Sequence[Token] = ()
        if op is Op.CALL_GENERIC:
            instantiation = self._module.function_instantiations[index]
            index = instantiation.target
            args = self._no_references(self._module.signatures[instantiation.type_args])
        handle = self._module.function_handles[index]
        if len(handle.type_parameters) != len(args):
            self._fail("a generic function is called without type arguments")
        for wanted, argument in zip(handle.type_parameters, args, strict=True):
            if wanted & ~abilities_of(self._module, argument, self._parameters):
                self._fail(f"type argument {argument} lacks an ability")
        self._expect(*[substituted(token, args) for token in self._module.signatures[handle.parameters]])
        self._stack.extend(substituted(token, args) for token in self._module.signatures[handle.returns])

    def _vector(self, op: Op, instruction: tuple[int, ...]) -> None:
        element = self._no_references(self._module.signatures[instruction[1]])[0]
        vector: Token = ("vector", element)
        if op is Op.VEC_PACK:
            for _ in range(instruction[2]):
                self._expect(element)
            self._stack.append(vector)
            return
        if op is Op.VEC_UNPACK:
            self._expect(vector)
            self._stack.extend([element] * min(instruction[2], 65_536))
            return
        if op is Op.VEC_PUSH_BACK:
            self._expect(element)
        elif op in {Op.VEC_IMM_BORROW, Op.VEC_MUT_BORROW}:
            self._expect(_U64)
        elif op is Op.VEC_SWAP:
            self._expect(_U64, _U64)
        if self._reference(mutable=op not in {Op.VEC_LEN, Op.VEC_IMM_BORROW}) != vector:
            self._fail(f"an operand is no reference to {vector}")
        if op is Op.VEC_LEN:
            self._stack.append(_U64)
        elif op is Op.VEC_POP_BACK:
            self._stack.append(element)
        elif op in {Op.VEC_IMM_BORROW, Op.VEC_MUT_BORROW}:
            self._stack.append(("mut" if op is Op.VEC_MUT_BORROW else "ref", element))

    def _data(self, op: Op, index: int) -> None:
        module = self._module
        name = op.name
        if "BORROW_FIELD" in name:
            args: Sequence[Token] = ()
            if name.endswith("_GENERIC"):
                instantiation = module.field_instantiations[index]
                index, args = instantiation.target, module.signatures[instantiation.type_args]
            field = module.field_handles[index]
            struct = module.struct_defs[field.struct]
            mutable = op in {Op.MUT_BORROW_FIELD, Op.MUT_BORROW_FIELD_GENERIC}
            if self._reference(mutable=mutable) != ("data", struct.handle, tuple(args)):
                self._fail("an operand is no reference to the field's struct")
            token = substituted((struct.fields or ())[field.field].type, args)
            self._stack.append(("mut" if mutable else "ref", token))
            return
        owner, fields = self._shape(op, index)
        if name.startswith("PACK"):
            self._expect(*fields)
            self._stack.append(owner)
        elif name.endswith("_REF"):
            mutable = name.endswith("MUT_REF")
            if self._reference(mutable=mutable) != owner:
                self._fail("an operand is no reference to the enum")
            self._stack.extend(("mut" if mutable else "ref", field) for field in fields)
        else:
            self._expect(owner)
            self._stack.extend(fields)

    def _shape(self, op: Op, index: int) -> tuple[Token, list[Token]]:
        """Return the datatype and the field types that a pack or unpack is about."""
        module = self._module
        args: Sequence[Token] = ()
        if "VARIANT" not in op.name:
            if op.name.endswith("_GENERIC"):
                instantiation = module.struct_instantiations[index]
                index, args = instantiation.target, module.signatures[instantiation.type_args]
            struct = module.struct_defs[index]
            handle, declared = struct.handle, struct.fields or ()
        else:
            if "_GENERIC" in op.name:
                variant = module.variant_instantiations[index]
                instantiation = module.enum_instantiations[variant.enum]
                enum, args = module.enum_defs[instantiation.target], module.signatures[instantiation.type_args]
            else:
                variant = module.variant_handles[index]
                enum = module.enum_defs[variant.enum]
            handle, declared = enum.handle, enum.variants[variant.variant].fields
        if len(module.datatype_handles[handle].type_parameters) != len(args):
            self._fail("a generic type is used without type arguments")
        self._no_references(args)
        return ("data", handle, tuple(args)), [substituted(field.type, args) for field in declared]


def _merged(one: int, other: int) -> int:
    return one if one == other else _EITHER
