"""The QEMU that is used: one on PATH that has the machine, else our own; what is missing is named at once."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "images" / "qemu" / "build.py"
SPEC = importlib.util.spec_from_file_location("qemu_build", SCRIPT)
build = importlib.util.module_from_spec(SPEC)
sys.modules[SPEC.name] = build
SPEC.loader.exec_module(build)


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def qemu(folder, version, machines):
    answer = f'case "$1" in --version) echo "QEMU emulator version {version}";; -M) echo "{machines}";; esac'
    return program(folder, "qemu-system-x86_64", answer)


@pytest.mark.parametrize(
    ("version", "machines", "taken"),
    [
        ("9.2.0", "nitro-enclave  AWS Nitro Enclave", True),
        ("10.0.2 (Debian)", "microvm\nnitro-enclave", True),
        ("9.1.3", "nitro-enclave", False),
        ("10.0.2", "microvm", False),
        ("unknown", "nitro-enclave", False),
    ],
)
def test_only_a_qemu_with_the_machine_is_taken_from_path(tmp_path, monkeypatch, version, machines, taken):
    found = qemu(tmp_path, version, machines)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert build.on_path() == (found if taken else None)


def test_all_that_is_missing_is_named_with_its_package(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert {"gcc", "ninja-build", "libcbor-dev", "libgnutls28-dev"} <= set(build.missing())
    with pytest.raises(build.BuildError, match="apt-get install"):
        build.build(tmp_path)


def test_a_step_that_fails_is_told_with_its_last_lines(tmp_path):
    failing = program(tmp_path, "configure", "echo first; echo the reason; exit 3")
    with pytest.raises(build.BuildError, match=r"code 3:\nfirst\nthe reason"):
        build._run([str(failing)])
    with pytest.raises(build.BuildError, match="does not run"):
        build._run([str(tmp_path / "nothing")])


def test_the_private_apt_never_names_the_systems_folders(tmp_path, monkeypatch):
    told = tmp_path / "told"
    program(tmp_path, "apt-get", f'echo "$@" > {told}')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    build.PrivateApt(tmp_path / "apt", build.Archive("http://mirror.example/debian", "/keyring.gpg")).run(
        "apt-get", "update"
    )
    options = told.read_text()
    for name in ("Dir::Etc::sourcelist", "Dir::State::lists", "Dir::Cache"):
        assert f"{name}={tmp_path}/apt" in options
    assert "sourceparts=/dev/null" in options
    source = (tmp_path / "apt" / "etc" / "sources.sources").read_text()
    assert "http://mirror.example/debian" in source
    assert "Signed-By: /keyring.gpg" in source
