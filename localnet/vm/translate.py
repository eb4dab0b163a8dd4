"""Translates one Move function, with its type arguments, into Python source.

Each basic block becomes straight Python (`operand.SymbolicStack`), `structure` joins the blocks. The function is
`f(S, d, l0, l1, …)`: session, call depth, arguments. Numbers of locals, instructions and bound objects are all that
gets into the source: no text of a package does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.vm.bytecode import BRANCHES, ENDS_BLOCK, Code, Op
from localnet.vm.codec import copy_expression, fixed_size, size_expression
from localnet.vm.errors import NativeAbort
from localnet.vm.meter import packed
from localnet.vm.operand import Operand, SymbolicStack
from localnet.vm.place import Place
from localnet.vm.structure import Block, flatten, structured
from localnet.vm.translate_data import DataOps
from localnet.vm.translate_integers import IntegerOps
from localnet.vm.types import BOOL, Type

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.vm.loader import LinkedModule

_CALLS = frozenset({Op.CALL, Op.CALL_GENERIC})


class Translator(IntegerOps, DataOps):
    """Translates one function; `names` become the globals of the generated code."""

    def __init__(
        self,
        module: LinkedModule,
        index: int,
        args: tuple[Type, ...],
        *,
        names: dict[str, Any],
        bind_call: Callable[[LinkedModule, int, tuple[Type, ...]], tuple[str, Place | None]],
        max_depth: int,
    ) -> None:
        """Prepare the translation; `bind_call` names a callee and says where it is if it is native."""
        definition, handle, name = module.definition(index)
        if definition.code is None:
            raise TypeError("natives have no code to translate")
        self.module = module
        self.args = args
        self.names = names
        self.code: Code = definition.code
        self.stack = SymbolicStack()
        self.place = Place(module.home.package.storage_id, module.home.package.original_id, module.name, name, index)
        self._bind_call = bind_call
        self._max_depth = max_depth
        self._parameters = module.signature(handle.parameters, args)
        self._returns = module.signature(handle.returns, args)
        self.locals = (*self._parameters, *module.signature(self.code.locals, args))
        self.boxed = frozenset(
            instruction[1]
            for instruction in self.code.instructions
            if instruction[0] == Op.MUT_BORROW_LOC and not self.locals[instruction[1]].container
        )
        self.charged = [0, 0, 0]
        names["PLACE"] = self.place

    def bind(self, prefix: str, thing: Any) -> str:
        """Make an object reachable from the generated code and return its name."""
        name = f"{prefix}{len(self.names)}"
        self.names[name] = thing
        return name

    def source(self) -> str:
        """Return the function's source; it defines `f`."""
        starts = self._starts()
        ends = [*starts[1:], len(self.code.instructions)]
        blocks = {start: self._block(start, end) for start, end in zip(starts, ends, strict=True)}
        calls = any(instruction[0] in _CALLS for instruction in self.code.instructions)
        parameters = "".join(f", l{index}" for index in range(len(self._parameters)))
        head = [f"def f(S, d{parameters}):"]
        if calls:
            head.append(f" if d > {self._max_depth}: raise PLACE.too_deep()")
            head.append(" if S.c > S.limit: S.over()")
        else:
            head.append(f" if d > {self._max_depth}: raise PLACE.too_deep()")
        head.extend(f" l{index} = [l{index}]" for index in range(len(self._parameters)) if index in self.boxed)
        return "\n".join([*head, *flatten(structured(blocks))]) + "\n"

    def _starts(self) -> list[int]:
        starts = {0}
        for offset, instruction in enumerate(self.code.instructions):
            op = instruction[0]
            if op in BRANCHES:
                starts.add(instruction[1])
            elif op == Op.VARIANT_SWITCH:
                starts.update(self.code.jump_tables[instruction[1]].targets)
            if op in ENDS_BLOCK and offset + 1 < len(self.code.instructions):
                starts.add(offset + 1)
        self._loops_to = {
            instruction[1]
            for offset, instruction in enumerate(self.code.instructions)
            if instruction[0] in BRANCHES and instruction[1] <= offset
        }
        return sorted(starts)

    def _block(self, start: int, end: int) -> Block:
        self.stack.next_block()
        self.charged = [end - start, 0, 0]
        block: Block | None = None
        for offset in range(start, end):
            instruction = self.code.instructions[offset]
            if instruction[0] in ENDS_BLOCK:
                block = self._end(offset, Op(instruction[0]), instruction)
            else:
                getattr(self, "do_" + Op(instruction[0]).name.lower())(offset, *instruction[1:])
        if block is None:
            block = Block([], [end])
        head = [f"S.c += {packed(*self.charged)}"]
        if start in self._loops_to:
            head.append("if S.c > S.limit: S.over()")
        block.lines = [*head, *self.stack.lines]
        if block.targets and self.stack.entries:
            self.stack.next_block()
        self.stack.entries.clear()
        return block

    def _end(self, offset: int, op: Op, instruction: tuple[int, ...]) -> Block:
        stack = self.stack
        if op is Op.RET:
            values = stack.pop_many(len(self._returns))
            texts = ", ".join(value.text for value in values)
            stack.lines.append(f"return ({texts})" if len(values) > 1 else f"return {texts}".rstrip())
            return Block([])
        if op is Op.ABORT:
            stack.lines.append(f"raise PLACE.abort({offset}, {stack.pop().text})")
            return Block([])
        if op is Op.BRANCH:
            return Block([], [instruction[1]])
        if op is Op.VARIANT_SWITCH:
            return Block([], list(self.code.jump_tables[instruction[1]].targets), switch=f"{stack.pop().text}[0]")
        condition = stack.pop().text
        targets = [instruction[1], offset + 1] if op is Op.BR_TRUE else [offset + 1, instruction[1]]
        return Block([], targets, condition=condition)

    # Gas.

    def charge(self, pushes: int, size: int = 0) -> None:
        """Count pushes and bytes for the block."""
        self.charged[1] += pushes
        self.charged[2] += size

    def charge_value(self, kind: Type, text: str) -> None:
        """Count the abstract size of a value, now if it is fixed, else when the code runs."""
        size = fixed_size(kind)
        if size is not None:
            self.charged[2] += size
        else:
            self.stack.lines.append(f"S.c += {size_expression(kind, text, self.bind)}")

    # Locals and constants.

    def _local(self, index: int) -> Operand:
        kind = self.locals[index]
        name = f"l{index}"
        if index in self.boxed:
            return Operand(f"{name}[0]", kind, frozenset({index}), memory=True)
        if kind.mutable and kind.target is not None and not kind.target.container:
            return Operand(name, kind, frozenset({index}), cell=(f"{name}[0]", f"{name}[1]"))
        return Operand(name, kind, frozenset({index}))

    def do_move_loc(self, _offset: int, index: int) -> None:
        """Push a local."""
        local = self._local(index)
        self.charge(1)
        self.charge_value(local.type, local.text)
        self.stack.push(local)

    def do_copy_loc(self, _offset: int, index: int) -> None:
        """Push a copy of a local."""
        local = self._local(index)
        self.charge(1)
        self.charge_value(local.type, local.text)
        if local.type.container:
            text = copy_expression(local.type, local.text, self.bind)
            local = Operand(text, local.type, local.locals, memory=True)
        self.stack.push(local)

    def do_st_loc(self, _offset: int, index: int) -> None:
        """Pop into a local."""
        value = self.stack.pop()
        self.stack.settle_local(index)
        lines = self.stack.lines
        if index in self.boxed:
            lines.append(f"l{index} = [{value.text}]")
        elif lines and value.text[0] == "t" and value.simple and lines[-1].startswith(f"{value.text} = "):
            lines[-1] = f"l{index} = " + lines[-1].split(" = ", 1)[1]
        else:
            lines.append(f"l{index} = {value.text}")

    def do_imm_borrow_loc(self, _offset: int, index: int) -> None:
        """Push `&local`."""
        self.charge(1, 8)
        local = self._local(index)
        kind = self.module.loader.types.reference(local.type, mutable=False)
        self.stack.push(Operand(local.text, kind, local.locals, memory=local.memory))

    def do_mut_borrow_loc(self, _offset: int, index: int) -> None:
        """Push `&mut local`."""
        self.charge(1, 8)
        local = self._local(index)
        kind = self.module.loader.types.reference(local.type, mutable=True)
        if local.type.container:
            self.stack.push(Operand(local.text, kind, local.locals))
        else:
            self.stack.push(Operand(f"(l{index}, 0)", kind, local.locals, cell=(f"l{index}", "0")))

    def do_ld_const(self, _offset: int, index: int) -> None:
        """Push a constant."""
        constant = self.module.compiled.constants[index]
        kind = self.module.type_of(constant.type, ())
        value = kind.deserialize(constant.data)
        self.charge(1, len(constant.data))
        if isinstance(value, (bool, int)):
            self.stack.push(Operand(repr(value), kind))
        else:
            self.stack.push(Operand(copy_expression(kind, self.bind("K", value), self.bind), kind))

    def do_ld_true(self, _offset: int) -> None:
        """Push true."""
        self.charge(1, 1)
        self.stack.push(Operand("True", BOOL))

    def do_ld_false(self, _offset: int) -> None:
        """Push false."""
        self.charge(1, 1)
        self.stack.push(Operand("False", BOOL))

    def do_pop(self, _offset: int) -> None:
        """Drop a value."""
        self.stack.pop()

    def do_nop(self, _offset: int) -> None:
        """Do nothing."""

    # Calls.

    def do_call(self, offset: int, handle: int) -> None:
        """Call a function."""
        self._call(offset, handle, ())

    def do_call_generic(self, offset: int, index: int) -> None:
        """Call a function with type arguments."""
        instantiation = self.module.compiled.function_instantiations[index]
        self._call(offset, instantiation.target, self.module.signature(instantiation.type_args, self.args))

    def _call(self, _offset: int, handle_index: int, args: tuple[Type, ...]) -> None:
        handle = self.module.compiled.function_handles[handle_index]
        callee, index = self.module.function(handle_index)
        name, native = self._bind_call(callee, index, args)
        stack = self.stack
        given = ", ".join(
            value.text for value in stack.pop_many(len(self.module.compiled.signatures[handle.parameters]))
        )
        stack.settle_memory()
        returns = self.module.signature(handle.returns, args)
        results = [stack.temporary() for _ in returns]
        assign = f"{', '.join(results)} = " if results else ""
        if native is None:
            stack.lines.append(f"{assign}{name}(S, d + 1{', ' if given else ''}{given})")
        else:
            self.charge(len(returns))
            place = self.bind("P", native)
            stack.lines.extend(
                [
                    f"try: {assign}{name}(S{', ' if given else ''}{given})",
                    f"except NATIVE_ABORT as e: raise {place}.abort(0, e.code) from None",
                ]
            )
            for text, kind in zip(results, returns, strict=True):
                self.charge_value(kind, text)
        for text, kind in zip(results, returns, strict=True):
            mutable_cell = kind.mutable and kind.target is not None and not kind.target.container
            cell = (f"{text}[0]", f"{text}[1]") if mutable_cell else None
            stack.push(Operand(text, kind, cell=cell))


BASE_NAMES: dict[str, Any] = {
    "__builtins__": {"len": len, "bytearray": bytearray, "IndexError": IndexError, "list": list},
    "NATIVE_ABORT": NativeAbort,
}
