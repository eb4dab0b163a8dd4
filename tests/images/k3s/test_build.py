"""The builder of the Kubernetes binary, driven as a program, with a stub instead of Go."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[3] / "images" / "k3s"

GO_STUB = """#!/bin/sh
echo "$@" >> "$STUB_LOG"
if [ "$1" = env ]; then printf '%s\\nlinux\\namd64\\n' "${STUB_VERSION:-go1.26.8}"; exit 0; fi
if [ -n "$STUB_FAIL" ]; then echo "main.go:1: it does not compile"; exit 1; fi
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then printf '#!/bin/sh\\necho built\\n' > "$2"; chmod 755 "$2"; fi; shift; done
"""


class Checkout:
    """A copy of images/k3s whose Go is a stub."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "images" / "k3s"
        shutil.copytree(SOURCE, self.folder)
        self.out = root / "build"
        self.cache = root / "cache"
        self.log = root / "go.log"
        self.log.touch()
        self.go = root / "go"
        self.go.write_text(GO_STUB)
        self.go.chmod(0o755)

    def run(self, **environment: str) -> subprocess.CompletedProcess[str]:
        keep = {"PATH": os.environ["PATH"], "HOME": str(self.cache), "XDG_CACHE_HOME": str(self.cache)}
        return subprocess.run(
            [sys.executable, str(self.folder / "build.py")],
            env={**keep, "GO": str(self.go), "STUB_LOG": str(self.log), **environment},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def builds(self) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith("build")]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_builds_once_and_links_both_names(checkout: Checkout):
    for _ in range(2):
        done = checkout.run()
        assert done.returncode == 0, done.stderr
    assert len(checkout.builds) == 1
    assert subprocess.check_output([checkout.out / "k3s"], text=True) == "built\n"
    assert (checkout.out / "kubectl").resolve() == (checkout.out / "k3s").resolve()


def test_the_build_is_stamped_and_reproducible_in_its_flags(checkout: Checkout):
    checkout.run()
    [build] = checkout.builds
    for part in ("-trimpath", "-buildvcs=false", "-mod=readonly", "version.gitVersion=v1.34.4+k3sdaas"):
        assert part in build


@pytest.mark.parametrize("name", ["server.go", "go.sum"])
def test_a_changed_input_builds_anew(checkout: Checkout, name: str):
    checkout.run()
    with (checkout.folder / name).open("a") as file:
        file.write("\n")
    assert checkout.run().returncode == 0
    assert len(checkout.builds) == 2


def test_another_toolchain_builds_anew(checkout: Checkout):
    checkout.run()
    checkout.run(STUB_VERSION="go1.27.0")
    assert len(checkout.builds) == 2


def test_a_failed_build_says_why_and_leaves_nothing(checkout: Checkout):
    done = checkout.run(STUB_FAIL="1")
    assert done.returncode == 1
    assert "it does not compile" in done.stderr
    assert not (checkout.out / "k3s").exists()
    assert checkout.run().returncode == 0


def test_an_old_go_is_refused(checkout: Checkout):
    done = checkout.run(STUB_VERSION="go1.22.1")
    assert done.returncode == 1
    assert "go1.22.1" in done.stderr
    assert "K3S_BINARY" in done.stderr


def test_no_go_at_all_is_named(checkout: Checkout):
    done = checkout.run(GO=str(checkout.folder / "absent"))
    assert done.returncode == 1
    assert "install Go" in done.stderr


def given(checkout: Checkout) -> Path:
    binary = checkout.folder / "official"
    binary.write_text("#!/bin/sh\necho official\n")
    binary.chmod(0o755)
    return binary


def test_a_given_binary_is_used_without_go(checkout: Checkout):
    binary = given(checkout)
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    done = checkout.run(K3S_BINARY=str(binary), K3S_SHA256=digest.upper())
    assert done.returncode == 0, done.stderr
    assert subprocess.check_output([checkout.out / "k3s"], text=True) == "official\n"
    assert checkout.log.read_text() == ""


def test_a_given_binary_with_another_hash_is_refused(checkout: Checkout):
    done = checkout.run(K3S_BINARY=str(given(checkout)), K3S_SHA256="0" * 64)
    assert done.returncode == 1
    assert "K3S_SHA256" in done.stderr
    assert not (checkout.out / "k3s").exists()


def test_a_given_file_that_cannot_run_is_refused(checkout: Checkout):
    binary = given(checkout)
    binary.chmod(stat.S_IRUSR)
    done = checkout.run(K3S_BINARY=str(binary))
    assert done.returncode == 1
    assert "not an executable file" in done.stderr
