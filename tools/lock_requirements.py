"""Renew requirements/ROLE.lock, every package pinned by version and hash, one file a role."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROLES = ("client", "enclave", "parent", "localnet", "dev")


def main() -> None:
    """Resolve each role's extra of pyproject.toml anew."""
    for role in ROLES:
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            "-q",
            "--upgrade",
            "--generate-hashes",
            "--python-version",
            "3.11",
            "--no-annotate",
            "--no-header",
            "--extra",
            role,
            "pyproject.toml",
            "-o",
            f"requirements/{role}.lock",
        ]
        subprocess.run(command, cwd=ROOT, check=True)
        print(f"requirements/{role}.lock renewed")


if __name__ == "__main__":
    main()
