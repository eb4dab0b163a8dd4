"""Instructions on integers and booleans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localnet.vm.codec import WIDTH
from localnet.vm.errors import VmError
from localnet.vm.operand import Operand, SymbolicStack, joined
from localnet.vm.types import BITS, BOOL, PRIMITIVES, U8, U16, U32, U64, U128, U256, Type

if TYPE_CHECKING:
    from collections.abc import Callable

_WIDEST = 32


class IntegerOps:
    """The part of the translator for integers and booleans."""

    stack: SymbolicStack
    charge: Callable[..., None]
    charge_value: Callable[[Type, str], None]

    @staticmethod
    def _bits(kind: Type) -> int:
        bits = BITS.get(kind.kind)
        if bits is None:
            raise VmError("INTERNAL_TYPE_ERROR", detail=f"{kind} is no integer")
        return bits

    def _load(self, value: int, kind: Type) -> None:
        self.charge(1, WIDTH[kind.kind])
        self.stack.push(Operand(str(value), kind))

    def do_ld_u8(self, _offset: int, value: int) -> None:
        """Push a u8."""
        self._load(value, U8)

    def do_ld_u16(self, _offset: int, value: int) -> None:
        """Push a u16."""
        self._load(value, U16)

    def do_ld_u32(self, _offset: int, value: int) -> None:
        """Push a u32."""
        self._load(value, U32)

    def do_ld_u64(self, _offset: int, value: int) -> None:
        """Push a u64."""
        self._load(value, U64)

    def do_ld_u128(self, _offset: int, value: int) -> None:
        """Push a u128."""
        self._load(value, U128)

    def do_ld_u256(self, _offset: int, value: int) -> None:
        """Push a u256."""
        self._load(value, U256)

    def _checked(self, offset: int, sign: str) -> None:
        left, right = self.stack.pop_many(2)
        self.charge(1, _WIDEST)
        result = self.stack.temporary()
        wrong = f"{result} < 0" if sign == "-" else f"{result} > {(1 << self._bits(left.type)) - 1}"
        self.stack.lines += [
            f"{result} = {left.text} {sign} {right.text}",
            f"if {wrong}: raise PLACE.arithmetic({offset})",
        ]
        self.stack.push(Operand(result, left.type))

    def do_add(self, offset: int) -> None:
        """Add, or fail on overflow."""
        self._checked(offset, "+")

    def do_sub(self, offset: int) -> None:
        """Subtract, or fail below zero."""
        self._checked(offset, "-")

    def do_mul(self, offset: int) -> None:
        """Multiply, or fail on overflow."""
        self._checked(offset, "*")

    def _divided(self, offset: int, sign: str) -> None:
        left, right = self.stack.pop_many(2)
        self.charge(1, _WIDEST)
        right = self.stack.atom(right)
        if not right.text.isdigit() or right.text == "0":
            self.stack.lines.append(f"if {right.text} == 0: raise PLACE.arithmetic({offset})")
        read, memory = joined((left, right))
        self.stack.push(Operand(f"({left.text} {sign} {right.text})", left.type, read, memory))

    def do_div(self, offset: int) -> None:
        """Divide, or fail on zero."""
        self._divided(offset, "//")

    def do_mod(self, offset: int) -> None:
        """Take the remainder, or fail on zero."""
        self._divided(offset, "%")

    def _pure(self, sign: str, kind: Type | None, size: int) -> None:
        left, right = self.stack.pop_many(2)
        self.charge(1, size)
        read, memory = joined((left, right))
        self.stack.push(Operand(f"({left.text} {sign} {right.text})", kind or left.type, read, memory))

    def do_bit_or(self, _offset: int) -> None:
        """Bitwise or."""
        self._pure("|", None, _WIDEST)

    def do_bit_and(self, _offset: int) -> None:
        """Bitwise and."""
        self._pure("&", None, _WIDEST)

    def do_xor(self, _offset: int) -> None:
        """Bitwise exclusive or."""
        self._pure("^", None, _WIDEST)

    def do_or(self, _offset: int) -> None:
        """Boolean or; both sides were evaluated."""
        self._pure("or", BOOL, 1)

    def do_and(self, _offset: int) -> None:
        """Boolean and; both sides were evaluated."""
        self._pure("and", BOOL, 1)

    def do_lt(self, _offset: int) -> None:
        """Less than."""
        self._pure("<", BOOL, 1)

    def do_gt(self, _offset: int) -> None:
        """Greater than."""
        self._pure(">", BOOL, 1)

    def do_le(self, _offset: int) -> None:
        """At most."""
        self._pure("<=", BOOL, 1)

    def do_ge(self, _offset: int) -> None:
        """At least."""
        self._pure(">=", BOOL, 1)

    def do_not(self, _offset: int) -> None:
        """Boolean not."""
        value = self.stack.pop()
        self.charge(1, 1)
        self.stack.push(Operand(f"(not {value.text})", BOOL, value.locals, value.memory))

    def _shifted(self, offset: int, sign: str) -> None:
        left, right = self.stack.pop_many(2)
        self.charge(1, _WIDEST)
        bits = self._bits(left.type)
        right = self.stack.atom(right)
        if (not right.text.isdigit() or int(right.text) >= bits) and bits < 256:
            self.stack.lines.append(f"if {right.text} >= {bits}: raise PLACE.arithmetic({offset})")
        read, memory = joined((left, right))
        text = f"({left.text} {sign} {right.text})"
        if sign == "<<":
            text = f"({text} & {(1 << bits) - 1})"
        self.stack.push(Operand(text, left.type, read, memory))

    def do_shl(self, offset: int) -> None:
        """Shift left, or fail when all bits would go."""
        self._shifted(offset, "<<")

    def do_shr(self, offset: int) -> None:
        """Shift right, or fail when all bits would go."""
        self._shifted(offset, ">>")

    def _cast(self, offset: int, name: str) -> None:
        value = self.stack.pop()
        kind = PRIMITIVES[name]
        self.charge(1, WIDTH[name])
        if BITS[name] < self._bits(value.type):
            value = self.stack.atom(value)
            self.stack.lines.append(f"if {value.text} > {(1 << BITS[name]) - 1}: raise PLACE.arithmetic({offset})")
        self.stack.push(Operand(value.text, kind, value.locals, value.memory))

    def do_cast_u8(self, offset: int) -> None:
        """Cast to u8, or fail."""
        self._cast(offset, "u8")

    def do_cast_u16(self, offset: int) -> None:
        """Cast to u16, or fail."""
        self._cast(offset, "u16")

    def do_cast_u32(self, offset: int) -> None:
        """Cast to u32, or fail."""
        self._cast(offset, "u32")

    def do_cast_u64(self, offset: int) -> None:
        """Cast to u64, or fail."""
        self._cast(offset, "u64")

    def do_cast_u128(self, offset: int) -> None:
        """Cast to u128, or fail."""
        self._cast(offset, "u128")

    def do_cast_u256(self, offset: int) -> None:
        """Cast to u256."""
        self._cast(offset, "u256")

    def _compared(self, sign: str) -> None:
        left, right = self.stack.pop_many(2)
        self.charge(1, 1)
        texts = []
        for side in (left, right):
            target = side.type.target
            if side.cell is not None and target is not None:
                texts.append(f"{side.cell[0]}[{side.cell[1]}]")
            else:
                texts.append(side.text)
        read, memory = joined((left, right))
        memory = memory or left.type.container or left.type.target is not None
        self.stack.push(Operand(f"({texts[0]} {sign} {texts[1]})", BOOL, read, memory))

    def do_eq(self, _offset: int) -> None:
        """Compare values, or what references refer to."""
        for position in (-2, -1):
            side = self.stack.entries[position]
            if side.type.container:
                side = self.stack.entries[position] = self.stack.atom(side)
            self.charge_value(side.type, side.text)
        self._compared("==")

    def do_neq(self, _offset: int) -> None:
        """Compare values, or what references refer to."""
        self._compared("!=")
