"""What a machine must have before anything is built, asked for all at once.

Standard library only: it runs before the virtual environment exists. It reads versions, it installs nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass


@dataclass(frozen=True)
class Tool:
    """One program that must be on PATH, and how to get it."""

    name: str
    why: str
    how: str
    version_args: tuple[str, ...] = ()
    minimum: tuple[int, ...] = ()


TOOLS = (
    Tool(
        "node",
        "runs the Move compiler",
        "install Node.js 20 or later (nodejs.org, or your distribution's nodejs)",
        ("--version",),
        (20,),
    ),
    Tool("npm", "installs the Move compiler", "it comes with Node.js (Debian: apt-get install npm)"),
    Tool(
        "go",
        "builds the Kubernetes stand-in (not needed with K3S_BINARY)",
        "install Go 1.26 or later (go.dev/doc/install)",
        ("version",),
        (1, 26),
    ),
    Tool("cargo", "fetches the Sui framework sources", "install Rust (rustup.rs, or Debian: apt-get install cargo)"),
    Tool("gcc", "builds SQLite into the datastore", "Debian: apt-get install gcc"),
    Tool("ip", "sets up the enclave's network namespace", "Debian: apt-get install iproute2"),
    Tool("unshare", "makes the enclave's namespaces", "Debian: apt-get install util-linux"),
    Tool("kubectl", "talks to the cluster", "kubernetes.io/docs/tasks/tools"),
)


def parse_version(text: str) -> tuple[int, ...]:
    """Return the first dotted number in a tool's version text, or an empty tuple."""
    found = re.search(r"(\d+(?:\.\d+)+)", text)
    return tuple(int(part) for part in found.group(1).split(".")) if found else ()


def problem(tool: Tool) -> str | None:
    """Say what is wrong with one tool, or None when it will do."""
    path = shutil.which(tool.name)
    if path is None:
        return f"{tool.name} is missing: it {tool.why}. {tool.how}"
    if not tool.minimum:
        return None
    try:
        done = subprocess.run([path, *tool.version_args], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{tool.name} does not run ({error}). {tool.how}"
    version = parse_version(done.stdout + done.stderr)
    if version < tool.minimum:
        wanted = ".".join(map(str, tool.minimum))
        return f"{tool.name} is version {'.'.join(map(str, version)) or 'unknown'}, {wanted} is needed. {tool.how}"
    return None


def missing(*, with_kubernetes_binary: bool) -> list[str]:
    """Return one line for each thing that this machine lacks, in the order of `TOOLS`."""
    problems = []
    if sys.version_info < (3, 11):  # noqa: UP036 - this runs under whatever python3 is on PATH
        problems.append(f"python3 is version {sys.version.split()[0]}, 3.11 is needed. python.org/downloads")
    unneeded = {"go", "gcc"} if with_kubernetes_binary else set()
    problems += [text for tool in TOOLS if tool.name not in unneeded and (text := problem(tool))]
    return problems
