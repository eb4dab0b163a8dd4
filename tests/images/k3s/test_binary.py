"""The built Kubernetes binary: it takes the flags of `k3s server`, and refuses what it cannot honour."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

BUILD = Path(__file__).resolve().parents[3] / "build"

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(not (BUILD / "k3s").exists(), reason="the Kubernetes binary is not built (make build)"),
]


def run(*arguments: str, program: str = "k3s") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [BUILD / program, *arguments], capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
    )


def stand_in() -> bool:
    return "upstream modules" in run("--version").stdout


def test_it_says_its_version():
    done = run("--version")
    assert done.returncode == 0
    assert done.stdout.startswith("k3s version v1.34.")


def test_kubectl_is_inside_under_both_names():
    for done in (run("kubectl", "version", "--client"), run("version", "--client", program="kubectl")):
        assert done.returncode == 0
        assert "Client Version: v1.34." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--disable-agent"),
        (("--disable-agent", "--no-such-flag"), "unknown flag"),
        (("--disable-agent", "--disable", "traefik,nothing"), "nothing"),
        (("--disable-agent", "--datastore-endpoint", "postgres://x"), "datastore-endpoint"),
        (("--disable-agent", "--node-ip", "here"), "not an IP address"),
        (("--disable-agent", "--https-listen-port", "0"), "https-listen-port"),
        (("--disable-agent", "--write-kubeconfig-mode", "999"), "octal"),
        (("--disable-agent", "--service-cidr", "10.0.0.0"), "service-cidr"),
        (("--disable-agent", "extra"), "unexpected argument"),
    ],
)
def test_what_it_cannot_honour_is_refused(arguments: tuple[str, ...], words: str):
    if not stand_in():
        pytest.skip("the official k3s says it in its own words")
    done = run("server", *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_an_unknown_command_is_refused():
    done = run("agent")
    assert done.returncode != 0
