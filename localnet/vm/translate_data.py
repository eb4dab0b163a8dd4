"""Instructions on references, structs, enums and vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localnet.vm.codec import REFERENCE_SIZE, STRUCT_SIZE, VECTOR_SIZE, copy_expression
from localnet.vm.errors import VmError
from localnet.vm.operand import Operand, SymbolicStack, joined
from localnet.vm.place import INDEX_OUT_OF_BOUNDS, POP_EMPTY_VECTOR, UNPACK_LENGTH
from localnet.vm.types import U64, DataType, Type, VectorType

if TYPE_CHECKING:
    from collections.abc import Callable

    from localnet.vm.bytecode import Code
    from localnet.vm.loader import LinkedModule


class DataOps:
    """The part of the translator for what is not a number."""

    stack: SymbolicStack
    module: LinkedModule
    args: tuple[Type, ...]
    code: Code
    charge: Callable[..., None]
    charge_value: Callable[[Type, str], None]
    bind: Callable[[str, Any], str]

    # References.

    def _reference(self, target: Type, *, mutable: bool) -> Type:
        return self.module.loader.types.reference(target, mutable=mutable)

    @staticmethod
    def _target(operand: Operand) -> Type:
        target = operand.type.target
        if target is None:
            raise VmError("INTERNAL_TYPE_ERROR", detail=f"{operand.type} is no reference")
        return target

    def do_read_ref(self, _offset: int) -> None:
        """Copy what a reference refers to."""
        reference = self.stack.pop()
        target = self._target(reference)
        self.charge(1)
        if target.container:
            reference = self.stack.atom(reference)
            self.charge_value(target, reference.text)
            text = copy_expression(target, reference.text, self.bind)
            self.stack.push(Operand(text, target, reference.locals, memory=True))
            return
        self.charge_value(target, reference.text)
        if reference.cell is not None:
            text = f"{reference.cell[0]}[{reference.cell[1]}]"
            self.stack.push(Operand(text, target, reference.locals, memory=True))
        else:
            self.stack.push(Operand(reference.text, target, reference.locals, reference.memory))

    def do_write_ref(self, _offset: int) -> None:
        """Change what a reference refers to."""
        value, reference = self.stack.pop_many(2)
        self.charge(1)
        self.stack.settle_memory()
        if value.type.container:
            value = self.stack.atom(value)
        self.charge_value(value.type, value.text)
        if reference.cell is not None:
            self.stack.lines.append(f"{reference.cell[0]}[{reference.cell[1]}] = {value.text}")
        else:
            self.stack.lines.append(f"{reference.text}[:] = {value.text}")

    def do_freeze_ref(self, _offset: int) -> None:
        """Turn `&mut` into `&`."""
        reference = self.stack.pop()
        self.charge(1, REFERENCE_SIZE)
        kind = self._reference(self._target(reference), mutable=False)
        if reference.cell is not None:
            text = f"{reference.cell[0]}[{reference.cell[1]}]"
            self.stack.push(Operand(text, kind, reference.locals, memory=True))
        else:
            self.stack.push(Operand(reference.text, kind, reference.locals, reference.memory))

    def _borrow(self, owner: Operand, position: int, kind: Type, *, mutable: bool) -> None:
        """Push a reference to an item of a container that stays where it is."""
        reference = self._reference(kind, mutable=mutable)
        if mutable and not kind.container:
            cell = (owner.text, str(position))
            self.stack.push(Operand(f"({owner.text}, {position})", reference, owner.locals, owner.memory, cell))
        else:
            self.stack.push(Operand(f"{owner.text}[{position}]", reference, owner.locals, memory=True))

    # Structs.

    def _struct(self, index: int, args: tuple[Type, ...]) -> DataType:
        decl = self.module.datatype(self.module.compiled.struct_defs[index].handle)
        return self.module.loader.types.data(decl, args)

    def _struct_instance(self, index: int) -> DataType:
        instantiation = self.module.compiled.struct_instantiations[index]
        return self._struct(instantiation.target, self.module.signature(instantiation.type_args, self.args))

    def _field(self, index: int, args: tuple[Type, ...], *, mutable: bool) -> None:
        handle = self.module.compiled.field_handles[index]
        kind = self._struct(handle.struct, args).fields[handle.field]
        self.charge(1, REFERENCE_SIZE)
        self._borrow(self.stack.pop(), handle.field, kind, mutable=mutable)

    def _field_instance(self, index: int, *, mutable: bool) -> None:
        instantiation = self.module.compiled.field_instantiations[index]
        self._field(instantiation.target, self.module.signature(instantiation.type_args, self.args), mutable=mutable)

    def do_mut_borrow_field(self, _offset: int, index: int) -> None:
        """Push `&mut owner.field`."""
        self._field(index, (), mutable=True)

    def do_imm_borrow_field(self, _offset: int, index: int) -> None:
        """Push `&owner.field`."""
        self._field(index, (), mutable=False)

    def do_mut_borrow_field_generic(self, _offset: int, index: int) -> None:
        """Push `&mut owner.field` of a generic struct."""
        self._field_instance(index, mutable=True)

    def do_imm_borrow_field_generic(self, _offset: int, index: int) -> None:
        """Push `&owner.field` of a generic struct."""
        self._field_instance(index, mutable=False)

    def _pack(self, kind: DataType, fields: tuple[Type, ...], first: list[str]) -> None:
        values = self.stack.pop_many(len(fields))
        self.charge(1, STRUCT_SIZE)
        read, memory = joined(values)
        text = ", ".join([*first, *(value.text for value in values)])
        self.stack.push(Operand(f"[{text}]", kind, read, memory))

    def do_pack(self, _offset: int, index: int) -> None:
        """Make a struct."""
        kind = self._struct(index, ())
        self._pack(kind, kind.fields, [])

    def do_pack_generic(self, _offset: int, index: int) -> None:
        """Make a generic struct."""
        kind = self._struct_instance(index)
        self._pack(kind, kind.fields, [])

    def _unpack(self, fields: tuple[Type, ...], value: Operand, first: int) -> None:
        self.charge(len(fields))
        if not fields:
            return
        value = self.stack.atom(value)
        for position, kind in enumerate(fields):
            name = self.stack.temporary()
            self.stack.lines.append(f"{name} = {value.text}[{position + first}]")
            self.stack.push(Operand(name, kind))

    def do_unpack(self, _offset: int, index: int) -> None:
        """Take a struct apart."""
        self._unpack(self._struct(index, ()).fields, self.stack.pop(), 0)

    def do_unpack_generic(self, _offset: int, index: int) -> None:
        """Take a generic struct apart."""
        self._unpack(self._struct_instance(index).fields, self.stack.pop(), 0)

    # Enums.

    def _variant(self, index: int) -> tuple[DataType, int]:
        handle = self.module.compiled.variant_handles[index]
        decl = self.module.datatype(self.module.compiled.enum_defs[handle.enum].handle)
        return self.module.loader.types.data(decl, ()), handle.variant

    def _variant_instance(self, index: int) -> tuple[DataType, int]:
        compiled = self.module.compiled
        handle = compiled.variant_instantiations[index]
        instantiation = compiled.enum_instantiations[handle.enum]
        decl = self.module.datatype(compiled.enum_defs[instantiation.target].handle)
        args = self.module.signature(instantiation.type_args, self.args)
        return self.module.loader.types.data(decl, args), handle.variant

    def do_pack_variant(self, _offset: int, index: int) -> None:
        """Make an enum."""
        kind, variant = self._variant(index)
        self._pack(kind, kind.variants[variant], [str(variant)])

    def do_pack_variant_generic(self, _offset: int, index: int) -> None:
        """Make a generic enum."""
        kind, variant = self._variant_instance(index)
        self._pack(kind, kind.variants[variant], [str(variant)])

    def _checked_variant(self, offset: int, variant: int) -> Operand:
        value = self.stack.atom(self.stack.pop())
        self.stack.lines.append(f"if {value.text}[0] != {variant}: raise PLACE.variant({offset})")
        return value

    def do_unpack_variant(self, offset: int, index: int) -> None:
        """Take an enum apart."""
        kind, variant = self._variant(index)
        self._unpack(kind.variants[variant], self._checked_variant(offset, variant), 1)

    def do_unpack_variant_generic(self, offset: int, index: int) -> None:
        """Take a generic enum apart."""
        kind, variant = self._variant_instance(index)
        self._unpack(kind.variants[variant], self._checked_variant(offset, variant), 1)

    def _variant_fields(self, offset: int, kind: DataType, variant: int, *, mutable: bool) -> None:
        value = self._checked_variant(offset, variant)
        fields = kind.variants[variant]
        self.charge(len(fields))
        for position, field in enumerate(fields):
            self._borrow(value, position + 1, field, mutable=mutable)

    def do_unpack_variant_imm_ref(self, offset: int, index: int) -> None:
        """Push references to a variant's fields."""
        self._variant_fields(offset, *self._variant(index), mutable=False)

    def do_unpack_variant_mut_ref(self, offset: int, index: int) -> None:
        """Push mutable references to a variant's fields."""
        self._variant_fields(offset, *self._variant(index), mutable=True)

    def do_unpack_variant_generic_imm_ref(self, offset: int, index: int) -> None:
        """Push references to a generic variant's fields."""
        self._variant_fields(offset, *self._variant_instance(index), mutable=False)

    def do_unpack_variant_generic_mut_ref(self, offset: int, index: int) -> None:
        """Push mutable references to a generic variant's fields."""
        self._variant_fields(offset, *self._variant_instance(index), mutable=True)

    # Vectors.

    def _element(self, signature: int) -> Type:
        return self.module.signature(signature, self.args)[0]

    def do_vec_pack(self, _offset: int, signature: int, count: int) -> None:
        """Make a vector of the top values."""
        kind: VectorType = self.module.loader.types.vector(self._element(signature))
        values = self.stack.pop_many(count)
        self.charge(1, VECTOR_SIZE)
        read, memory = joined(values)
        text = f"[{', '.join(value.text for value in values)}]"
        if kind.element.kind == "u8":
            text = f"bytearray({text})" if values else "bytearray()"
        self.stack.push(Operand(text, kind, read, memory))

    def do_vec_unpack(self, offset: int, signature: int, count: int) -> None:
        """Take a vector of known length apart."""
        element = self._element(signature)
        value = self.stack.atom(self.stack.pop())
        self.charge(count)
        self.stack.lines.append(f"if len({value.text}) != {count}: raise PLACE.vector({offset}, {UNPACK_LENGTH})")
        for position in range(count):
            name = self.stack.temporary()
            self.stack.lines.append(f"{name} = {value.text}[{position}]")
            self.stack.push(Operand(name, element))

    def do_vec_len(self, _offset: int, _signature: int) -> None:
        """Push a vector's length."""
        vector = self.stack.pop()
        self.charge(1, 8)
        self.stack.push(Operand(f"len({vector.text})", U64, vector.locals, memory=True))

    def do_vec_imm_borrow(self, offset: int, signature: int) -> None:
        """Push a reference to an item."""
        self._item(offset, signature, mutable=False)

    def do_vec_mut_borrow(self, offset: int, signature: int) -> None:
        """Push a mutable reference to an item."""
        self._item(offset, signature, mutable=True)

    def _item(self, offset: int, signature: int, *, mutable: bool) -> None:
        element = self._element(signature)
        vector, index = self.stack.pop_many(2)
        self.charge(1, REFERENCE_SIZE)
        kind = self._reference(element, mutable=mutable)
        if mutable and not element.container:
            vector, index = self.stack.atom(vector), self.stack.atom(index)
            self.stack.lines.append(
                f"if {index.text} >= len({vector.text}): raise PLACE.vector({offset}, {INDEX_OUT_OF_BOUNDS})"
            )
            read, memory = joined((vector, index))
            cell = (vector.text, index.text)
            self.stack.push(Operand(f"({vector.text}, {index.text})", kind, read, memory, cell))
            return
        name = self.stack.temporary()
        self._guarded(f"{name} = {vector.text}[{index.text}]", offset, INDEX_OUT_OF_BOUNDS)
        self.stack.push(Operand(name, kind))

    def _guarded(self, line: str, offset: int, sub_status: int) -> None:
        self.stack.lines += [
            f"try: {line}",
            f"except IndexError: raise PLACE.vector({offset}, {sub_status}) from None",
        ]

    def do_vec_push_back(self, _offset: int, _signature: int) -> None:
        """Append."""
        vector, value = self.stack.pop_many(2)
        self.stack.settle_memory()
        self.stack.lines.append(f"{vector.text}.append({value.text})")

    def do_vec_pop_back(self, offset: int, signature: int) -> None:
        """Take the last item."""
        element = self._element(signature)
        vector = self.stack.pop()
        self.charge(1)
        self.stack.settle_memory()
        name = self.stack.temporary()
        self._guarded(f"{name} = {vector.text}.pop()", offset, POP_EMPTY_VECTOR)
        self.stack.push(Operand(name, element))

    def do_vec_swap(self, offset: int, _signature: int) -> None:
        """Swap two items."""
        vector, one, other = (self.stack.atom(operand) for operand in self.stack.pop_many(3))
        self.charge(1)
        self.stack.settle_memory()
        v, i, j = vector.text, one.text, other.text
        self._guarded(f"{v}[{i}], {v}[{j}] = {v}[{j}], {v}[{i}]", offset, INDEX_OUT_OF_BOUNDS)
