"""The mutation check kills what a test holds, reports what none holds, and never takes a broken build for a kill."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tools import mutate

TOOL = Path(mutate.__file__)
GATE = """module hello::gate;

const ESmall: u64 = 1;
const EOdd: u64 = 2;

public fun pass(n: u64): u64 {
    assert!(n > 9, ESmall);
    assert!(
        (n / 2) * 2 == n, // even, (that is
        EOdd,
    );
    n
}
"""
LOOSE = """module hello::loose;

const EBig: u64 = 1;

public fun pass(n: u64): u64 {
    assert!(n < 100, EBig);
    n
}
"""
TESTS = """#[test_only]
module hello::hello_tests;

use hello::{gate, loose};

#[test]
fun passes() { assert!(loose::pass(gate::pass(10)) == 10); }

#[test, expected_failure(abort_code = hello::gate::ESmall)]
fun small() { gate::pass(8); }

#[test]
#[expected_failure]
fun odd() { gate::pass(11); }
"""


@pytest.fixture
def package(tmp_path):
    (tmp_path / "sources").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "Move.toml").write_text('[package]\nname = "hello"\nedition = "2024"\n\n[addresses]\nhello = "0x0"\n')
    (tmp_path / "sources" / "gate.move").write_text(GATE)
    (tmp_path / "sources" / "loose.move").write_text(LOOSE)
    (tmp_path / "tests" / "hello_tests.move").write_text(TESTS)
    return tmp_path


def run(package, *options):
    return subprocess.run(
        [sys.executable, str(TOOL), "--package", str(package), *options],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.toolchain
@pytest.mark.slow
def test_an_untested_assertion_survives(package):
    done = run(package)
    assert done.returncode == 1, done.stderr
    *survivors, last = done.stdout.splitlines()
    assert survivors == ["survived: sources/loose.move:6  assert!(n < 100, EBig)"]
    assert last.startswith("killed 2/3 ")


@pytest.mark.toolchain
@pytest.mark.slow
def test_tested_assertions_are_killed(package):
    done = run(package, "--only", "gate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("killed 2/2 ")


@pytest.mark.toolchain
@pytest.mark.slow
def test_tests_that_fail_without_a_mutant_decide_nothing(package):
    (package / "tests" / "hello_tests.move").write_text(TESTS.replace("== 10", "== 11"))
    done = run(package)
    assert done.returncode == 2
    assert "hello::hello_tests::passes" in done.stderr
    assert "killed" not in done.stdout


@pytest.mark.toolchain
@pytest.mark.slow
def test_what_does_not_compile_is_no_kill(package, capsys):
    files = mutate.read_package(package)
    broken = mutate.Mutant("sources/gate.move", 1, "assert!(module)", "", 0, len("module"))
    sound = next(each for each in mutate.mutants(files) if each.code == "ESmall")
    outcome = asyncio.run(mutate.run(files, [broken, sound], jobs=1))
    assert (outcome.total, outcome.survived) == (2, [])
    [(which, why)] = outcome.undecided
    assert which is broken
    assert "sources/gate.move" in why
    assert "undecided: sources/gate.move:1" in capsys.readouterr().err


@pytest.mark.toolchain
@pytest.mark.slow
def test_tests_that_call_each_other_decide_together(package):
    calling = "\n#[test, expected_failure(abort_code = hello::gate::ESmall)]\nfun small_again() { passes(); small() }\n"
    (package / "tests" / "hello_tests.move").write_text(TESTS + calling)
    done = run(package, "--only", "gate")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("killed 2/2 ")


@pytest.mark.parametrize(
    ("text", "code", "changed"),
    [
        ("assert!(a, E)", "E", "assert!((a) || true, E)"),
        ("assert!(a)", "", "assert!((a) || true)"),
        ("assert!(\n  f(a, b) && (c || d),\n  m::E,\n)", "E", "assert!((f(a, b) && (c || d)) || true,\n  m::E,\n)"),
        ("assert!(f<A, B>(x))", "", "assert!((f<A, B>(x)) || true)"),
        ("assert!(x.all!(|a, b| { a == b }), E)", "E", "assert!((x.all!(|a, b| { a == b })) || true, E)"),
        ('assert!(x == b")," && y, E)', "E", 'assert!((x == b")," && y) || true, E)'),
        ("assert!(x /* ), */ == y, 7)", "7", "assert!((x /* ), */ == y) || true, 7)"),
    ],
)
def test_the_condition_alone_is_changed(text, code, changed):
    files = {"sources/m.move": f'// assert!(no, E)\nlet s = b"assert!(no, E)";\n{text};\nnext(a, b);'}
    [found] = mutate.mutants(files)
    assert (found.line, found.code, found.path) == (3, code, "sources/m.move")
    assert found.apply(files)["sources/m.move"] == files["sources/m.move"].replace(text, changed)


def test_assertions_of_tests_are_left():
    assert mutate.mutants({"tests/m.move": "assert!(a, E);", "Move.toml": "assert!(a, E)"}) == []
    with pytest.raises(mutate.MutationError, match=r"sources/m.move:1: the parentheses"):
        mutate.mutants({"sources/m.move": "assert!(a, (E"})


def test_a_sample_follows_its_seed():
    found = [mutate.Mutant("sources/m.move", at, "", "", 0, 0) for at in range(50)]
    chosen = mutate.choose(found, only="", sample=15, seed="word")
    assert len(set(chosen)) == 15
    assert chosen == sorted(chosen, key=lambda each: each.line)
    assert chosen == mutate.choose(found, only="m", sample=15, seed="word")
    assert chosen != mutate.choose(found, only="", sample=15, seed="other")
    assert mutate.choose(found, only="", sample=0, seed="") == found
    with pytest.raises(mutate.MutationError, match="module other"):
        mutate.choose(found, only="other", sample=0, seed="")
