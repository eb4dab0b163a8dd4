"""Instructions that the Move compiler does not write: put into a compiled function by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from localnet.vm import PackageMap, Session, TxContext, Vm, VmError
from localnet.vm.bytecode import Op
from tests.localnet.vm.conftest import CORPUS_ID, SENDER
from tests.localnet.vm.toolchain import STD, SUI

pytestmark = pytest.mark.toolchain


def run(framework, corpus, function, code, args):
    """Runs `integers::function` with another body."""
    vm = Vm(PackageMap(framework.get(STD), framework.get(SUI), corpus))
    loader = vm._loader
    module = loader.compiled(corpus, "integers")
    names = [module.identifiers[module.function_handles[entry.handle].name] for entry in module.function_defs]
    index = names.index(function)
    definition = module.function_defs[index]
    changed = replace(definition, code=replace(definition.code, instructions=tuple(code), jump_tables=()))
    functions = (*module.function_defs[:index], changed, *module.function_defs[index + 1 :])
    loader._compiled[CORPUS_ID, "integers"] = replace(module, function_defs=functions)
    session = Session(vm, tx_context=TxContext(SENDER, bytes(32)))
    return [item.value for item in session.execute(CORPUS_ID, "integers", function, args=args)]


@pytest.mark.parametrize(("op", "python"), [(Op.AND, all), (Op.OR, any)])
def test_boolean_instructions(framework, corpus, op, python):
    bools = next(
        index
        for index, tokens in enumerate(
            Vm(PackageMap(framework.get(STD), framework.get(SUI), corpus))
            ._loader.compiled(corpus, "integers")
            .signatures
        )
        if tokens == (("bool",),)
    )
    code = [(Op.MOVE_LOC, 0), (Op.MOVE_LOC, 1), (op,), (Op.NOP,), (Op.VEC_PACK, bools, 1), (Op.RET,)]
    for pair in product((False, True), repeat=2):
        assert run(framework, corpus, "booleans", code, list(pair)) == [[python(pair)]]


def test_branch_on_true_and_a_backward_jump(framework, corpus):
    code = [
        (Op.MOVE_LOC, 1),  # 0: while a < b, a += op
        (Op.ST_LOC, 1),
        (Op.COPY_LOC, 1),  # 2
        (Op.COPY_LOC, 2),
        (Op.LT,),
        (Op.BR_TRUE, 8),
        (Op.MOVE_LOC, 1),
        (Op.RET,),
        (Op.MOVE_LOC, 1),  # 8
        (Op.COPY_LOC, 0),
        (Op.ADD,),
        (Op.ST_LOC, 1),
        (Op.BRANCH, 2),
    ]
    assert run(framework, corpus, "arithmetic_u8", code, [7, 1, 30]) == [36]
    with pytest.raises(VmError, match="ARITHMETIC_ERROR"):
        run(framework, corpus, "arithmetic_u8", code, [100, 1, 254])


def test_code_that_breaks_the_stack_discipline_fails_safely(framework, corpus):
    with pytest.raises(VmError, match="EMPTY_VALUE_STACK"):
        run(framework, corpus, "arithmetic_u8", [(Op.ADD,), (Op.RET,)], [0, 1, 2])
