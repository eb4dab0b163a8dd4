"""The compiled test packages are what their sources compile to."""

import json
import subprocess
from pathlib import Path

import pytest

from localnet.ledger.framework import find_bundle, read_bundle
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK

ROOT = Path(__file__).parents[3]
HERE = Path(__file__).parent


@pytest.mark.toolchain
@pytest.mark.parametrize("name", ["entries", "things"])
def test_compiled_is_current(tmp_path, name):
    out = tmp_path / f"{name}.json"
    command = ["node", "move/toolchain/build.mjs", "--package", str(HERE / name), "--out", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert json.loads(out.read_text())["modules"] == json.loads((HERE / name / "compiled.json").read_text())["modules"]


def test_bundle_has_the_framework():
    assert set(read_bundle(find_bundle(None))) >= {MOVE_STDLIB, SUI_FRAMEWORK}
