"""Upgrades: which version of a dependency runs, and which ids its types have."""

from __future__ import annotations

import pytest

from localnet.vm import CallRefused, LinkError, Package, PackageMap, Ref, Session, TxContext, Vm, rebase
from localnet.vm.deserialize import deserialize
from sui.type_tag import TypeTag
from sui.types import Address
from tests.localnet.vm.toolchain import STD, SUI, build

pytestmark = pytest.mark.toolchain

LIBRARY, LIBRARY_2, APP, APP_2 = (Address.parse(text) for text in ("0x11", "0x22", "0x33", "0x44"))
TOML = """[package]
name = "app"
edition = "2024"

[addresses]
app = "0x0"
lib = "0x11"
"""
LIB = """module lib::lib;
public struct Box has copy, drop, store { n: u64 }
public fun make(n: u64): Box { Box { n } }
public fun version(): u64 { 1 }
public fun open(b: &Box): u64 { b.n }
public fun name(): std::ascii::String { std::type_name::with_defining_ids<Box>().into_string() }
"""
LIB_2 = """
public struct Late has copy, drop, store { b: Box }
public fun late(): Late { Late { b: make(7) } }
public fun late_names(): (std::ascii::String, std::ascii::String) {
    (std::type_name::with_defining_ids<Late>().into_string(), std::type_name::with_original_ids<Late>().into_string())
}
"""
CODE = """module app::app;
public fun version(): u64 { lib::lib::version() }
public fun boxed(): lib::lib::Box { lib::lib::make(lib::lib::version() * 10) }
"""


def modules(library, address):
    codes = build({"Move.toml": TOML, "sources/lib.move": library, "sources/app.move": CODE})
    by_name = {deserialize(code).name: code for code in codes}
    return {"lib": by_name["lib"]}, rebase([by_name["app"]], address)


@pytest.fixture(scope="module")
def machine(framework):
    first, app = modules(LIB, APP)
    upgraded = LIB.replace("{ 1 }", "{ 2 }") + LIB_2
    second, _ = modules(upgraded, APP)
    base = {STD: STD, SUI: SUI}
    return Vm(
        PackageMap(
            framework.get(STD),
            framework.get(SUI),
            Package(LIBRARY, LIBRARY, first, base),
            Package(LIBRARY_2, LIBRARY, second, base, {("lib", "Box"): LIBRARY, ("lib", "Late"): LIBRARY_2}),
            Package(APP, APP, app, {**base, LIBRARY: LIBRARY}),
            Package(APP_2, APP, app, {**base, LIBRARY: LIBRARY_2}),
        )
    )


def call(vm, package, module, function, args=()):
    session = Session(vm, tx_context=TxContext(Address(bytes(32)), bytes(32)))
    return session.execute(package, module, function, args=list(args))


def test_the_called_packages_linkage_decides(machine):
    assert call(machine, APP, "app", "version")[0].value == 1
    assert call(machine, APP_2, "app", "version")[0].value == 2
    assert call(machine, LIBRARY, "lib", "version")[0].value == 1
    assert call(machine, LIBRARY_2, "lib", "version")[0].value == 2


def test_a_type_keeps_the_id_of_the_version_that_first_had_it(machine):
    for app, n in ((APP, 10), (APP_2, 20)):
        [box] = call(machine, app, "app", "boxed")
        assert box.type == TypeTag.parse("0x11::lib::Box")
        assert call(machine, LIBRARY_2, "lib", "open", [Ref(box.value)])[0].value == n
    [late] = call(machine, LIBRARY_2, "lib", "late")
    assert late.type == TypeTag.parse("0x22::lib::Late")
    assert machine.serialize(late.type, late.value) == (7).to_bytes(8, "little")
    defining, original = call(machine, LIBRARY_2, "lib", "late_names")
    assert bytes(defining.value[0]).decode() == f"{LIBRARY_2.hex()}::lib::Late"
    assert bytes(original.value[0]).decode() == f"{LIBRARY.hex()}::lib::Late"
    assert machine.canonical(TypeTag.parse("vector<0x22::lib::Box>")) == TypeTag.parse("vector<0x11::lib::Box>")


def test_what_a_version_does_not_have(machine):
    with pytest.raises(CallRefused, match="no such function"):
        call(machine, LIBRARY, "lib", "late")
    with pytest.raises(LinkError, match="has no type Late"):
        machine.type_of(TypeTag.parse("0x11::lib::Late"))
    with pytest.raises(LinkError, match="no package 0x99"):
        machine.type_of(TypeTag.parse("0x99::lib::Box"))


def test_upgraded_packages_pass_the_publish_check(machine):
    for package in (LIBRARY, LIBRARY_2, APP, APP_2):
        machine.publish_check(machine._packages.get(package))


def test_declarations(machine):
    abi = machine.module_abi(LIBRARY_2, "lib")
    assert list(abi.datatypes) == ["Box", "Late"]
    assert abi.datatypes["Late"].fields[0].type.is_data(LIBRARY, "lib", "Box")
    assert abi.datatypes["Box"].abilities.names == ("copy", "drop", "store")
    assert abi.functions["open"].parameters[0].kind == "ref"
    assert abi.functions["version"].returns[0].kind == "u64"
