"""The rooms keep to themselves: who may import whom, and what the ledger must not know."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAY_IMPORT = {
    "sui": set(),
    "attestation": set(),
    "wire": set(),
    "chain": {"sui", "wire"},
    "localnet": {"sui", "attestation"},
    "gateway": {"chain", "sui", "wire", "attestation"},
    "enclave": {"gateway", "chain", "sui", "wire", "attestation"},
    "parent": {"chain", "sui", "wire", "attestation"},
    "cli": {"attestation", "chain", "gateway", "parent", "sui", "wire"},
}

PLAIN_WORDS = {"chain_id", "destroy_empty", "public_key"}


def imported(source: str) -> set[str]:
    """The top-level packages that a file imports, wherever in it the import stands."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_it_may(room):
    files = list((ROOT / room).rglob("*.py"))
    assert files
    rooms = set(MAY_IMPORT)
    wrong = {
        f"{path.relative_to(ROOT)} imports {other}"
        for path in files
        for other in imported(path.read_text()) & rooms - MAY_IMPORT[room] - {room}
    }
    assert wrong == set()


@pytest.mark.parametrize("room", ["enclave", "gateway", "chain"])
def test_the_enclave_holds_no_simulation(room):
    assert not [path for path in (ROOT / room).rglob("*.py") if "attestation.sim" in path.read_text()]


def test_the_ledger_knows_nothing_of_the_contract():
    """None of the contract's names stands under localnet/, but those that are plain words of any ledger."""
    sources = "\n".join(path.read_text() for path in (ROOT / "move" / "k3s_daas" / "sources").glob("*.move"))
    names = set(re.findall(r"\b(?:fun|struct)\s+(\w+)", sources))
    own = {name for name in names if "_" in name or re.search(r"[a-z0-9][A-Z]", name)} - PLAIN_WORDS
    assert {"K8sAPIRequest", "SealToken", "submit_with_grant", "store_k8s_response"} <= own
    text = "\n".join(path.read_text() for path in (ROOT / "localnet").rglob("*.py"))
    words = set(re.findall(r"\w+", text))
    assert words & (own | {"k3s_daas"}) == set()


def test_the_coverage_gate_stands():
    with (ROOT / "pyproject.toml").open("rb") as file:
        coverage = tomllib.load(file)["tool"]["coverage"]
    assert coverage["run"]["branch"] is True
    assert coverage["report"]["fail_under"] >= 90
    assert set(MAY_IMPORT) - {"cli"} <= set(coverage["run"]["source"])
