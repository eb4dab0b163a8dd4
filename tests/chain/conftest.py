"""The contract and the Sui framework as bytecode, compiled from what stands in the checkout."""

import base64
import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def _toolchain(script: str, *arguments: str) -> None:
    done = subprocess.run(
        ["node", str(ROOT / "move" / "toolchain" / script), *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def compiled_contract(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The contract as `build.mjs` writes it."""
    out = tmp_path_factory.mktemp("contract") / "k3s_daas.json"
    _toolchain("build.mjs", "--package", str(ROOT / "move" / "k3s_daas"), "--out", str(out))
    return json.loads(out.read_text())


@pytest.fixture(scope="session")
def compiled_modules(compiled_contract: dict[str, list[str]]) -> list[bytes]:
    """The contract's bytecode."""
    return [base64.b64decode(module) for module in compiled_contract["modules"]]


@pytest.fixture(scope="session")
def framework_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The framework as `framework.mjs` writes it."""
    out = tmp_path_factory.mktemp("framework") / "framework.json"
    _toolchain("framework.mjs", "--out", str(out))
    return out
