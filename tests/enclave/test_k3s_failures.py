"""A Kubernetes that does not start, ends early, never gets ready, or will not end."""

from __future__ import annotations

import asyncio
import stat
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from enclave import k3s
from enclave.execution_errors import K3sError
from enclave.places import Places

if TYPE_CHECKING:
    from pathlib import Path

QUICK = replace(k3s.LIMITS, ready_s=0.3, poll_s=0.01, stop_s=0.3)


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A boot's folders, on a machine that need not have a default route."""
    monkeypatch.setattr(k3s, "own_address", lambda: "10.77.0.1")
    made = Places(tmp_path, tmp_path / "state", "vsock:3", tmp_path / "k3s")
    made.private("kubernetes").mkdir(parents=True)
    return made


def program(places: Places, *lines: str) -> None:
    """Put a program in Kubernetes' place."""
    places.kubernetes.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    places.kubernetes.chmod(places.kubernetes.stat().st_mode | stat.S_IXUSR)


async def test_a_binary_that_is_not_there_is_named(places: Places):
    with pytest.raises(K3sError, match="does not start: No such file"):
        await k3s.run(places, QUICK)


async def test_one_that_ends_before_it_is_ready_is_told_with_its_code(places: Places):
    program(places, "exit 3")
    with pytest.raises(K3sError, match="ended with 3 before it was ready"):
        await k3s.run(places, replace(QUICK, ready_s=30.0))


async def test_one_that_never_gets_ready_is_ended(places: Places, monkeypatch: pytest.MonkeyPatch):
    program(places, "exec sleep 60")
    stopped, stop = [], k3s._stop

    async def remember(child, limits):
        stopped.append(child)
        await stop(child, limits)

    monkeypatch.setattr(k3s, "_stop", remember)
    with pytest.raises(K3sError, match="was not ready within"):
        await k3s.run(places, QUICK)
    assert [child.returncode for child in stopped] == [-15]


async def test_one_that_will_not_end_is_made_to(places: Places, tmp_path: Path):
    program(places, "trap '' TERM", f"echo $$ > {tmp_path}/pid", "while :; do sleep 0.05; done")
    child = await asyncio.create_subprocess_exec(str(places.kubernetes))
    async with asyncio.timeout(10):
        while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - its word that the trap is set
            await asyncio.sleep(0.01)
        await k3s._stop(child, QUICK)
    assert child.returncode == -9
    await k3s._stop(child, QUICK)


def test_no_default_route_is_told(monkeypatch: pytest.MonkeyPatch):
    class Unreachable:
        def __init__(self, *_args):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_args):
            return None

        def connect(self, _address):
            raise OSError("network is unreachable")

    monkeypatch.setattr(k3s.socket, "socket", Unreachable)
    with pytest.raises(K3sError, match="no default route"):
        k3s.own_address()


def test_a_failure_is_the_process_exit_code(places: Places, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(k3s.logs, "configure", lambda _name: None)
    monkeypatch.setattr(k3s.Places, "from_environment", lambda: places)
    assert k3s.main() == 1
