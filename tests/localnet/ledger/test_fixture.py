"""The compiled test package is what its source compiles to."""

import json
import subprocess
from pathlib import Path

import pytest

from localnet.ledger.framework import find_bundle, read_bundle
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK

ROOT = Path(__file__).parents[3]
THINGS = Path(__file__).parent / "things"


@pytest.mark.toolchain
def test_compiled_is_current(tmp_path):
    out = tmp_path / "things.json"
    command = ["node", "move/toolchain/build.mjs", "--package", str(THINGS), "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert json.loads(out.read_text())["modules"] == json.loads((THINGS / "compiled.json").read_text())["modules"]


def test_bundle_has_the_framework():
    assert set(read_bundle(find_bundle(None))) >= {MOVE_STDLIB, SUI_FRAMEWORK}
