"""Packages that must not be published are refused, with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from localnet.vm import Package, PackageMap, VerificationError
from localnet.vm.abilities import Abilities
from localnet.vm.bytecode import Field, Op, StructDef, Visibility
from localnet.vm.deserialize import deserialize
from localnet.vm.limits import Limits
from localnet.vm.verify import verify_package
from localnet.vm.verify_code import verify_code
from localnet.vm.verify_datatypes import verify_datatypes
from localnet.vm.verify_links import Links, verify_links
from localnet.vm.verify_sui import verify_sui
from sui.types import Address
from tests.localnet.vm.conftest import CORPUS_ID
from tests.localnet.vm.toolchain import STD, SUI

pytestmark = pytest.mark.toolchain


@pytest.fixture
def checked(framework, corpus):
    """Checks one changed module in the place of the corpus's own."""

    def check(module):
        modules = {name: deserialize(code) for name, code in corpus.modules.items()}
        modules[module.name] = module
        links = Links(corpus, modules, framework, Limits())
        verify_links(module, links)
        verify_datatypes(module, links)
        verify_code(module, links)
        verify_sui(module, links)

    return check


def load(corpus, name):
    return deserialize(corpus.modules[name])


def function(module, name):
    names = [module.identifiers[module.function_handles[entry.handle].name] for entry in module.function_defs]
    return names.index(name)


def with_code(module, name, code):
    index = function(module, name)
    definition = module.function_defs[index]
    changed = replace(definition, code=replace(definition.code, instructions=tuple(code), jump_tables=()))
    return replace(module, function_defs=(*module.function_defs[:index], changed, *module.function_defs[index + 1 :]))


def test_real_packages_pass(framework, corpus, checked):
    limits = Limits(package_max_bytes=1_000_000)
    for package in (framework.get(STD), framework.get(SUI), corpus):
        verify_package(package, framework, limits)
    checked(load(corpus, "integers"))


BODIES = [
    ([(Op.RET,)], "no operand"),
    ([(Op.LD_TRUE,), (Op.RET,)], "is needed"),
    ([(Op.LD_U8, 1), (Op.LD_U16, 1), (Op.ADD,), (Op.RET,)], "operands are"),
    ([(Op.LD_U8, 1), (Op.LD_U8, 2), (Op.RET,)], "left at the end"),
    ([(Op.MOVE_LOC, 1), (Op.POP,), (Op.MOVE_LOC, 1), (Op.RET,)], "may be unset"),
    ([(Op.LD_U8, 1), (Op.NOT,), (Op.RET,)], "is needed"),
    ([(Op.MUT_BORROW_LOC, 1), (Op.RET,)], "is needed"),
    ([(Op.LD_U8, 1), (Op.READ_REF,), (Op.RET,)], "reference is needed"),
    ([(Op.IMM_BORROW_LOC, 1), (Op.LD_U8, 1), (Op.WRITE_REF,), (Op.BRANCH, 0)], "mutable reference is needed"),
    ([(Op.LD_U8, 1), (Op.BR_TRUE, 0), (Op.BRANCH, 0)], "is needed"),
    ([(Op.LD_U64, 1), (Op.BRANCH, 0)], "left at the end"),
    ([(Op.LD_U8, 1), (Op.ABORT,)], "is needed"),
    ([(Op.MOVE_TO, 0), (Op.RET,)], "global storage"),
]


@pytest.mark.parametrize(("body", "words"), BODIES)
def test_bodies_with_wrong_operands(corpus, checked, body, words):
    with pytest.raises(VerificationError, match=words):
        checked(with_code(load(corpus, "integers"), "arithmetic_u8", body))


def test_values_that_may_not_be_dropped_or_copied(corpus, checked):
    module = load(corpus, "objects")
    index = function(module, "ids")
    code = module.function_defs[index].code.instructions
    unpopped = [(Op.POP,) if step[0] == Op.ST_LOC else step for step in code]
    with pytest.raises(VerificationError, match=r"dropping|unset"):
        checked(with_code(module, "ids", unpopped))
    copied = [(Op.COPY_LOC, *step[1:]) if step[0] == Op.MOVE_LOC else step for step in code]
    with pytest.raises(VerificationError, match=r"copying|would drop"):
        checked(with_code(module, "ids", copied))


def test_abilities_of_fields(corpus, checked):
    module = load(corpus, "objects")
    handles = [
        replace(handle, abilities=Abilities.COPY | Abilities.DROP | Abilities.STORE)
        if module.identifiers[handle.name] == "Item"
        else handle
        for handle in module.datatype_handles
    ]
    with pytest.raises(VerificationError, match="lacks an ability"):
        checked(replace(module, datatype_handles=tuple(handles)))


def test_datatypes_that_contain_themselves_or_references(corpus, checked):
    module = load(corpus, "references")
    point = module.struct_defs[0]
    own = ("data", point.handle, ())
    for kind, words in (
        (own, "contains itself"),
        (("vector", own), "contains itself"),
        (("ref", ("u8",)), "is a reference"),
    ):
        changed = StructDef(point.handle, (Field(point.fields[0].name, kind), *point.fields[1:]))
        with pytest.raises(VerificationError, match=words):
            checked(replace(module, struct_defs=(changed, *module.struct_defs[1:])))


def test_objects_begin_with_their_id(corpus, checked):
    module = load(corpus, "objects")
    names = [module.identifiers[module.datatype_handles[entry.handle].name] for entry in module.struct_defs]
    index = names.index("Item")
    item = module.struct_defs[index]
    first, second, third = item.fields
    changed = replace(item, fields=(replace(first, name=second.name), replace(second, name=first.name), third))
    others = (*module.struct_defs[:index], changed, *module.struct_defs[index + 1 :])
    with pytest.raises(VerificationError, match="id: UID"):
        checked(replace(module, struct_defs=others))


def test_private_functions_of_other_modules(framework, corpus):
    module = load(corpus, "objects")
    private = deserialize(framework.get(SUI).modules["table"])
    hidden = replace(
        private, function_defs=tuple(replace(entry, visibility=Visibility.PRIVATE) for entry in private.function_defs)
    )
    links = Links(corpus, {"objects": module}, framework, Limits())
    links._others[SUI, "table"] = hidden
    with pytest.raises(VerificationError, match="may not see"):
        verify_links(module, links)


def test_packages(framework, corpus):
    limits = Limits()
    cases = [
        (replace(corpus, modules={}), "without modules"),
        (replace(corpus, linkage={SUI: SUI}), "linkage does not name 0x1"),
        (replace(corpus, linkage={STD: STD, SUI: STD}), "has no module"),
        (replace(corpus, original_id=Address.parse("0x5")), "calls itself"),
        (replace(corpus, modules={"other": corpus.modules["enums"]}), "calls itself"),
    ]
    for package, words in cases:
        with pytest.raises(VerificationError, match=words):
            verify_package(package, framework, limits)
    with pytest.raises(VerificationError, match="modules, at most 3"):
        verify_package(corpus, framework, Limits(package_max_modules=3))
    with pytest.raises(VerificationError, match="bytes, at most 999"):
        verify_package(corpus, framework, Limits(package_max_bytes=999))
    without = PackageMap(Package(STD, STD, {}, {}), framework.get(SUI))
    with pytest.raises(VerificationError, match="has no module"):
        verify_package(corpus, without, limits)
    assert corpus.storage_id == CORPUS_ID
