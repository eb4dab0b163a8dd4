"""What `make demo` shows, to its end: it exits 0, proves an answer, shows a denial, and leaves nothing running."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]


def test_demo():
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "demo.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    for shown in (
        "create apps/deployments in default → 201",
        "Pending",
        "no node yet",
        "denied by the contract: the token's stake is below",
        "every check holds",
        "make up",
    ):
        assert shown in done.stdout, shown
    assert "only-the-enclave-reads-this" not in done.stdout
    assert not list((ROOT / "build").glob("demo-*"))
