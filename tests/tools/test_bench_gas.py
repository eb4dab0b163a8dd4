"""The gas figures: real transactions, a goal that can be missed, and an honest word about the other VM."""

from __future__ import annotations

import base64
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from localnet.vm.deserialize import deserialize
from tools import bench_gas
from tools.bench_gas_entries import ENTRIES, KB
from tools.bench_gas_steps import sealed_answer, sealed_request
from tools.real_vm import IDENTIFIERS_TABLE, RealVm, VmRun, edited, verdict

TOOLCHAIN = Path(bench_gas.ROOT) / "move" / "toolchain"
ENTRY = {each.name: each for each in ENTRIES}


def row(entry, body, net_mist):
    return bench_gas.Row(entry, body, 1_000, 1_000, 0, 0, net_mist, "localnet", bench_gas.NO_VM)


def rows(submit, store):
    bodies = (0, KB, 8 * KB)
    ways = [row(f"request::{way}", body, submit) for way in ("submit", "submit_with_grant") for body in bodies]
    return ways + [row("answer::store_k8s_response", body, store) for body in bodies]


@pytest.mark.parametrize(("store", "met"), [(-2_000_000, True), (-1_000_000, True), (-999_999, False)])
def test_the_goal_counts_both_payers(store, met, capsys):
    found = bench_gas.report(rows(5_000_000, store))
    assert found["goal"]["costs_mist"] == 5_000_000 + store
    assert found["goal"]["met"] is met
    costs = {each["what"]: each["net_mist"] for each in found["calls"]}
    assert costs["apply of 1 KB (a get and a patch), through the own proxy"] == 2 * (5_000_000 + store)
    bench_gas.print_calls(found)
    assert capsys.readouterr().out.rstrip().endswith("met" if met else "MISSED")


def test_the_dearer_way_decides():
    dear = [dataclasses.replace(each, net_mist=9_000_000) if "grant" in each.entry else each for each in rows(1, 1)]
    assert not bench_gas.report(dear)["goal"]["met"]


def test_bodies_are_measured_as_they_travel():
    assert len(sealed_request(KB)) - len(sealed_request(0)) == KB + 1  # its length takes a byte more
    assert len(sealed_request(0)) > 1_136
    assert len(sealed_answer(8 * KB)) > 8 * KB + 16


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compiled")
    contract, framework = folder / "k3s_daas.json", folder / "framework.json"
    package = TOOLCHAIN.parent / "k3s_daas"
    for script, *arguments in (
        ("build.mjs", "--package", package, "--out", contract),
        ("framework.mjs", "--out", framework),
    ):
        command = ["node", str(TOOLCHAIN / script), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stderr
    return contract, framework


@pytest.mark.toolchain
def test_a_request_and_its_answer_cost_what_the_ledger_says(compiled):
    bench = bench_gas.Bench(None, *compiled)
    small = bench.measure(ENTRY["request::submit"], 0)
    large = bench.measure(ENTRY["request::submit"], 100 * KB)
    stored = bench.measure(ENTRY["answer::store_k8s_response"], 0)
    assert small.vm == bench_gas.NO_VM
    assert 1_000 <= small.computation_units < large.computation_units
    assert large.transaction_bytes - small.transaction_bytes > 100 * KB
    assert large.storage_mist == small.storage_mist
    assert small.net_mist == small.computation_units * 1_000 + small.storage_mist - small.rebate_mist
    assert stored.rebate_mist > stored.storage_mist


@pytest.mark.toolchain
def test_the_other_vm_does_the_same(compiled):
    vm = RealVm.find()
    if vm is None:
        pytest.skip("sui-sandbox is not installed")
    bench = bench_gas.Bench(vm, *compiled)
    assert bench.measure(ENTRY["request::submit"], 0).vm == "sui-sandbox: success, bucket 1,000"
    assert bench.measure(ENTRY["request::submit"], 100 * KB).vm == "sui-sandbox: success, bucket 5,000"
    assert bench.measure(ENTRY["answer::store_k8s_response"], 0).vm == "sui-sandbox: success, bucket 1,000"
    assert bench.measure(ENTRY["request::expire_request"], None).vm == "sui-sandbox: success, bucket 1,000"


@pytest.mark.toolchain
def test_one_name_of_a_module_is_changed(compiled):
    framework = json.loads(compiled[1].read_text())
    code = base64.b64decode(framework["0x2"]["nitro_attestation"])
    old, new = b"load_nitro_attestation_internal", b"verify_nitro_attestation"
    before, after = (
        deserialize(code),
        deserialize(
            edited(
                code, IDENTIFIERS_TABLE, lambda table: table.replace(bytes([len(old)]) + old, bytes([len(new)]) + new)
            )
        ),
    )
    assert after == dataclasses.replace(
        before,
        identifiers=tuple(new.decode() if each == old.decode() else each for each in before.identifiers),
        addresses_offset=after.addresses_offset,
    )
    assert edited(code, IDENTIFIERS_TABLE, bytes) == code


def test_without_the_package_nothing_is_checked(monkeypatch):
    monkeypatch.setitem(sys.modules, "sui_sandbox", None)
    assert RealVm.find() is None


@dataclasses.dataclass
class Effects:
    status: object
    changed_objects: tuple = ()


@dataclasses.dataclass
class Done:
    effects: Effects
    events: tuple = ()


def done(*, success=True, events=0):
    status = bench_gas.Success() if success else object()
    return Done(Effects(status), (None,) * events)


@pytest.mark.parametrize(
    ("run", "executed", "units", "said"),
    [
        (VmRun("", 0, 1, 1_000), done(events=1), 1_000, "success, bucket 1,000"),
        (VmRun("", 0, 1, 5_000), done(events=1), 3_770, "success, bucket 5,000"),
        (VmRun("", 0, 1, 1_000), done(events=1), 3_770, "success, bucket 1,000, a lower bound"),
        (VmRun("", 0, 1, 20_000), done(events=1), 3_770, "success, but gas DISAGREES, bucket 20,000"),
        (VmRun("", 0, 1, None), done(events=1), 1_000, "success, gas not comparable"),
        (VmRun("", 0, 2, 1_000), done(events=1), 1_000, "DISAGREES: success, but 2 events, the ledger's are 1"),
        (VmRun("", 1, 1, 1_000), done(events=1), 1_000, "DISAGREES: success, but it made 1 objects, the ledger 0"),
        (VmRun("ABORTED in request"), done(), 1_000, "DISAGREES: ABORTED in request, the ledger succeeded"),
        (VmRun(""), done(success=False), 1_000, "DISAGREES: success, the ledger failed"),
        (VmRun("ABORTED in request"), done(success=False), 1_000, "fails too: ABORTED"),
        (VmRun("", None, 1, 1_000), done(events=1), 1_000, "success, bucket 1,000"),
        (VmRun("", left_out="no reason"), done(), 1_000, "not comparable: no reason"),
        (VmRun("All elements must have the same type"), done(), 1_000, "not comparable: its MakeMoveVec"),
        (VmRun("INTERNAL_TYPE_ERROR in hash"), done(), 1_000, "not comparable: a native of 0x2"),
    ],
)
def test_what_is_said_of_the_other_vm(run, executed, units, said):
    assert verdict(run, executed, units).startswith(said)


@pytest.mark.toolchain
def test_no_entry_function_of_the_contract_is_left_out(compiled):
    modules = [deserialize(base64.b64decode(code)) for code in json.loads(compiled[0].read_text())["modules"]]
    names = {
        f"{module.name}::{module.identifiers[module.function_handles[each.handle].name]}"
        for module in modules
        for each in module.function_defs
        if each.is_entry
    }
    assert "request::submit" in names
    measured = {each.name.split(",")[0].split(" ")[0] for each in ENTRIES}
    assert names <= measured
