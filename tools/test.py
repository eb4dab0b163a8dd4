"""Every test: the Move tests in the real unit-test VM, then pytest with branch coverage; pytest closes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The whole system is one at a time: one process. The rest shares nothing, and has as many as this machine's cores.
WHOLE = "e2e or slow"
FAST = "not e2e and not slow"
WORKERS = "2"


def run(title: str, *command: str) -> int:
    """Run one part, print what it is, and return its exit code."""
    print(f"== {title}", flush=True)
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> None:
    """Run all parts even when an early one fails, and fail when any did."""
    pytest = (sys.executable, "-m", "pytest", "-q", "--cov", "--cov-branch")
    codes = [
        run("contract: Move tests", "node", "move/toolchain/test.mjs", "--package", "move/k3s_daas"),
        run(
            "whole system and long tests",
            *(*pytest, "--cov-report=", "--cov-fail-under=0", "--durations=10", "-m", WHOLE, "tests"),
        ),
        run(
            "fast tests, and coverage of everything",
            *(*pytest, "--cov-append", "--cov-report=term:skip-covered", "-n", WORKERS, "-m", FAST, "tests"),
        ),
    ]
    if any(codes):
        print(f"Failed: exit codes {codes} of the contract's, the whole system's and the fast tests", file=sys.stderr)
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()
