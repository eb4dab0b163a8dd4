"""SPECIFICATION.md names tests that exist, and its checker notices where one does not."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools" / "check_specification.py"


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("check_specification", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_promise_names_tests_that_exist():
    done = subprocess.run([sys.executable, str(TOOL)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


HERE = "`tests/tools/test_specification.py::test_every_promise_names_tests_that_exist`"
MOVE = "`move/k3s_daas/tests/answer_tests.move::an_answer_consumes_its_request`"
CLASS = "`tests/localnet/ledger/test_refusals.py::TestForm::test_too_large`"
TABLE = ["| hole | rule | test |", "| --- | --- | --- |"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([f"- **P-1** It holds. {HERE}", f"- **P-2** This too. {MOVE}, {CLASS}"], []),
        ([f"- **P-1** It holds. {HERE[:-1]}s`"], ["P-1", "there is no test", "exists"]),
        (["- **P-1** It holds. `tests/tools/test_none.py::test_it`"], ["P-1", "tests/tools/test_none.py::test_it"]),
        (["- **P-1** It holds. `move/k3s_daas/tests/world.move::begin`"], ["P-1", "there is no test"]),
        (["- **P-1** It holds, says nobody."], ["P-1", "names no test"]),
        ([f"- **P-1** It holds. {HERE}", f"- **P-3** This too. {HERE}"], ["P-3", "should be P-2"]),
        ([f"- **P-1** It holds. {HERE}", f"Beside it: {HERE}"], ["outside a promise"]),
        ([f"- **P-1** It holds. {HERE}", *TABLE, f"| a hole | a rule | {MOVE}, {HERE} |"], []),
        (
            [f"- **P-1** It holds. {HERE}", *TABLE, f"| a hole | a rule | {MOVE[:-1]}s` |"],
            ["a hole", "there is no test"],
        ),
        ([f"- **P-1** It holds. {HERE}", *TABLE, "| a hole | a rule | |"], ["a hole", "names no test"]),
        ([f"- **P-1** It holds. {HERE}", *TABLE, "", f"| a hole | {MOVE} |"], ["outside a promise"]),
        ([f"- **P-1** It holds. {HERE}", "| word | means |", "| --- | --- |", "| a hole | a way in |"], []),
        (["## Not held by a test yet", "- **P-1** It will hold."], []),
        (["## Not held by a test yet", f"- **P-1** It does hold. {HERE}"], ["P-1", "does not belong"]),
        ([], ["no promise at all"]),
    ],
)
def test_what_is_wrong_is_said(tool, lines, said):
    found = tool.problems("\n".join(["# Specification", *lines]), ROOT)
    assert bool(found) == bool(said)
    assert all(part in " ".join(found) for part in said), found


def test_helpers_are_no_tests(tool):
    source = "#[test_only]\nfun helper() {}\n#[test, expected_failure(abort_code = m::E)]\nfun denied() {}\n"
    assert tool.move_tests(source) == {"denied"}
    assert tool.python_tests("def helper(): ...\nclass TestA:\n    async def test_b(self): ...\n") == {"TestA::test_b"}
