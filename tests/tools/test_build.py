"""The set-up: what is missing is named at once, and only what changed is built again."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tools import build, prerequisites  # noqa: E402


@pytest.mark.parametrize(
    ("text", "version"),
    [("v20.20.2", (20, 20, 2)), ("go version go1.26.8 linux/amd64", (1, 26, 8)), ("no number", ())],
)
def test_versions_are_read(text, version):
    assert prerequisites.parse_version(text) == version


def test_everything_missing_is_named_in_one_message(tmp_path):
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "build.py")], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    for tool in prerequisites.TOOLS:
        assert f"- {tool.name} is missing" in done.stderr


def test_old_version_is_named_with_what_is_needed(tmp_path, monkeypatch):
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v18.1.0\n")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    node = next(tool for tool in prerequisites.TOOLS if tool.name == "node")
    assert "version 18.1.0, 20 is needed" in prerequisites.problem(node)


def test_a_kubernetes_binary_makes_go_unneeded(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    named = {line.split()[0] for line in prerequisites.missing(with_kubernetes_binary=True)}
    assert "go" not in named
    assert "node" in named


@pytest.fixture
def small_step(tmp_path, monkeypatch):
    """A step over one input file, in a project of its own."""
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    (tmp_path / "input").write_text("one")
    command = ("sh", "-c", "cat input > output; echo done")
    return build.Step("small", "a small thing", (command,), ("input",), (tmp_path / "output",))


def test_a_step_runs_again_only_when_its_input_changed(small_step, tmp_path):
    assert not build.is_current(small_step)
    build.run(small_step, 0.0)
    assert build.is_current(small_step)
    (tmp_path / "input").write_text("two")
    assert not build.is_current(small_step)
    build.run(small_step, 0.0)
    (tmp_path / "output").unlink()
    assert not build.is_current(small_step)


def test_a_failed_step_names_itself_and_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    broken = build.Step("broken", "something", (("sh", "-c", "echo the reason; exit 3"),), (), ())
    with pytest.raises(SystemExit) as stopped:
        build.run(broken, 0.0)
    text = str(stopped.value)
    assert "something" in text
    assert "the reason" in text
    assert "build/logs/broken.log" in text
    assert not build.is_current(broken)
