"""The real Kubernetes binary, run as the enclave runs it, in a network namespace of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = ROOT / "build" / "k3s"
INSIDE = Path(__file__).with_name("inside_network.py")

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.timeout(240),
    pytest.mark.skipif(not BINARY.exists(), reason="the Kubernetes binary is not built (make build)"),
    pytest.mark.skipif(shutil.which("unshare") is None, reason="no unshare on this machine"),
]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("k3s")
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "K3S_DAAS_RUN": str(folder / "run"),
        "K3S_DAAS_STATE": str(folder / "state"),
        "K3S_DAAS_KUBERNETES": str(BINARY),
    }
    command = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    log = folder / "log"
    with log.open("wb") as sink:
        done = subprocess.run(
            [*command, sys.executable, str(INSIDE), str(folder / "seen.json")],
            env=environment,
            stdout=sink,
            stderr=sink,
            timeout=200,
            check=False,
        )
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
    assert done.returncode == 0, tail
    found: dict[str, object] = json.loads((folder / "seen.json").read_text())
    return found


def test_k3s_is_ready_in_time_and_stops_in_order(seen: dict[str, object]):
    assert float(str(seen["ready_s"])) <= 20
    assert seen["kubeconfig_mode"] == "0o640"
    assert seen["exit"] == 0
    assert seen["after stop"] == "unreachable"


@pytest.mark.parametrize(
    ("what", "status"),
    [
        ("first", 200),
        ("second", 200),
        ("other verb", 403),
        ("other namespace", 403),
        ("other kind", 403),
        ("admin create", 201),
        ("admin url", 200),
        ("star without subresources", 403),
        ("star with subresources", 404),
        ("before namespace", 403),
        ("create namespace", 201),
        ("after namespace", 201),
        ("narrowed get", 200),
        ("narrowed list", 403),
        ("rules changed, new", 200),
        ("rules changed, old", 403),
        ("revoked", 403),
        ("namespace deleted", 200),
        ("second life", 200),
        ("big create", 201),
    ],
)
def test_the_apiserver_holds_what_the_rules_say(seen: dict[str, object], what: str, status: int):
    assert seen[what] == status


def test_roles_are_there_before_the_namespaces_creation_is_answered(seen: dict[str, object]):
    assert "k3s-daas:0x" + "04" * 32 in list(seen["roles in namespace"])  # type: ignore[call-overload]


def test_self_review_is_answered_for_the_mirrored_user(seen: dict[str, object]):
    assert seen["can-i"] is True


def test_a_watch_begins_and_bytes_stay_as_they_are(seen: dict[str, object]):
    assert seen["watch"] == [200, '{"type":"ADDED","']
    assert seen["encodings"] == ["gzip", "", "1f8b"]
