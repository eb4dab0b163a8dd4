"""The real VM passes a Move test that asserts everything which ours answered."""

from __future__ import annotations

import sys

import pytest

from localnet.vm import Vm
from tests.localnet.vm import programs
from tests.localnet.vm.facts import all_facts
from tests.localnet.vm.oracle import Fact, Oracle
from tests.localnet.vm.toolchain import CORPUS, available, framework, package, read_sources, run_unit_tests

pytestmark = [pytest.mark.toolchain, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.skipif(not available(), reason="the Move toolchain is not installed (make setup)")
def test_the_real_vm_agrees(capsys):
    files = read_sources(CORPUS / "basics")
    packages = framework()
    compiled = package(files)
    packages.add(compiled)
    facts = all_facts()
    source, outcomes = Oracle(Vm(packages), compiled).move_test(facts)
    passed, output = run_unit_tests({**files, "tests/oracle_tests.move": source})
    with capsys.disabled():
        failures = sum(1 for outcome in outcomes if outcome.failure)
        sys.stdout.write(f"\nMove VM: {len(facts)} facts checked by the real VM ({failures} of them aborts)\n")
    assert passed, output[-20_000:]
    assert len(facts) >= 300


@pytest.mark.skipif(not available(), reason="the Move toolchain is not installed (make setup)")
@pytest.mark.parametrize("seed", [1, 2])
def test_the_real_vm_agrees_on_random_programs(capsys, seed):
    manifest = read_sources(CORPUS / "basics")["Move.toml"]
    files = {"Move.toml": manifest, "sources/programs.move": programs.module(seed, 60)}
    packages = framework()
    compiled = package(files)
    packages.add(compiled)
    facts = [
        Fact("programs", f"p{number}", row)
        for number in range(60)
        for row in programs.arguments(seed * 1_000 + number, 4)
    ]
    source, outcomes = Oracle(Vm(packages), compiled).move_test(facts)
    passed, output = run_unit_tests({**files, "tests/oracle_tests.move": source})
    with capsys.disabled():
        failures = sum(1 for outcome in outcomes if outcome.failure)
        sys.stdout.write(f"\nMove VM: {len(facts)} runs of random programs checked ({failures} of them aborts)\n")
    assert passed, output[-20_000:]
    assert len(facts) - failures >= 30
