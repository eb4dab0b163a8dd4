"""Modules are decoded strictly: damaged ones are refused with a reason, never with another error."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localnet.vm import (
    MalformedBytecode,
    Meter,
    Package,
    PackageMap,
    Session,
    TxContext,
    VerificationError,
    Vm,
    VmFailure,
    rebase,
)
from localnet.vm.bytecode import GLOBAL_STORAGE, Op
from localnet.vm.deserialize import deserialize
from localnet.vm.machine import defined_types, dependencies
from localnet.vm.types import BITS
from sui.types import Address
from tests.localnet.vm.conftest import CORPUS_ID
from tests.localnet.vm.toolchain import STD, SUI

pytestmark = pytest.mark.toolchain
# The compiler writes other instructions for these; `test_instructions` runs them.
NEVER_WRITTEN = {Op.AND, Op.OR, Op.BR_TRUE, Op.NOP}


def test_every_module_of_framework_and_corpus_decodes(framework, corpus):
    used = set()
    for package in (framework.get(STD), framework.get(SUI), corpus):
        for name, code in package.modules.items():
            module = deserialize(code)
            assert module.name == name
            assert module.version == 7
            for definition in module.function_defs:
                used.update(instruction[0] for instruction in definition.code.instructions) if definition.code else None
    assert {op for op in Op if op not in used} == GLOBAL_STORAGE | NEVER_WRITTEN


def test_truncated_modules_are_refused(corpus):
    code = corpus.modules["enums"]
    for length in range(0, len(code), 7):
        with pytest.raises(MalformedBytecode):
            deserialize(code[:length])
    with pytest.raises(MalformedBytecode, match="bytes after the end"):
        deserialize(code + b"\0")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_changed_modules_are_refused_or_pass(corpus, framework, vm, data):
    name = data.draw(st.sampled_from(sorted(corpus.modules)))
    code = bytearray(corpus.modules[name])
    for _ in range(data.draw(st.integers(1, 3))):
        code[data.draw(st.integers(8, len(code) - 1))] = data.draw(st.integers(0, 255))
    changed = Package(CORPUS_ID, CORPUS_ID, {**corpus.modules, name: bytes(code)}, corpus.linkage)
    try:
        vm.publish_check(changed)
    except VerificationError:
        return
    packages = PackageMap(framework.get(STD), framework.get(SUI), changed)
    session = Session(Vm(packages), tx_context=TxContext(CORPUS_ID, bytes(32)), meter=Meter(10_000_000))
    for function, abi in session.vm.module_abi(CORPUS_ID, name).functions.items():
        args = [0 if kind.kind in BITS else False for kind in abi.parameters if kind.kind in {*BITS, "bool"}]
        with contextlib.suppress(VmFailure):
            session.execute(CORPUS_ID, name, function, [], args)


def test_header_and_version():
    with pytest.raises(MalformedBytecode, match="first four bytes"):
        deserialize(b"\x7fELF" + bytes(20))
    with pytest.raises(MalformedBytecode, match="version 9"):
        deserialize(b"\xa1\x1c\xeb\x0b\x09\x00\x00\x05\x00")
    with pytest.raises(MalformedBytecode, match="at most"):
        deserialize(bytes(200_000))


def test_rebase_gives_unpublished_modules_their_address(corpus):
    module = deserialize(corpus.modules["objects"])
    assert module.address == CORPUS_ID
    assert module.dependencies() == {STD, SUI}
    assert dependencies(corpus.modules) == {STD, SUI}
    assert ("objects", "Item") in defined_types(corpus.modules)
    with pytest.raises(MalformedBytecode, match="was compiled for 0xc0de"):
        rebase([corpus.modules["objects"]], Address.parse("0x9"))


def test_failures_have_one_root():
    assert issubclass(MalformedBytecode, VerificationError)
    assert issubclass(VerificationError, VmFailure)
