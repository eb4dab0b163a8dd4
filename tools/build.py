"""Build everything that a session needs: environment, contract, framework, Kubernetes, measurements.

Standard library only. Each step has inputs; a step whose inputs did not change since it last succeeded is skipped.
A step's output goes to build/logs/STEP.log; the console has one progress line with the elapsed time.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.prerequisites import missing  # noqa: E402 - the checkout is put on the path first

BUILD = ROOT / "build"
PYTHON = ROOT / ".venv" / "bin" / "python"
NODE_PACKAGE = ROOT / "move" / "toolchain"
PROGRESS_SECONDS_TTY = 1.0
PROGRESS_SECONDS_PLAIN = 20.0


@dataclass(frozen=True)
class Step:
    """One thing to build: commands that run in order, and the files that decide whether they must run again."""

    name: str
    what: str
    commands: tuple[tuple[str, ...], ...]
    inputs: tuple[str, ...]
    outputs: tuple[Path, ...]
    variables: tuple[str, ...] = field(default=())


STEPS = (
    Step(
        "python",
        "Python environment (.venv)",
        (
            (sys.executable, "-m", "venv", str(ROOT / ".venv")),
            (
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "--require-hashes",
                "-r",
                "requirements/dev.lock",
            ),
            (
                str(PYTHON),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "--no-deps",
                "--no-build-isolation",
                "-e",
                ".",
            ),
        ),
        ("requirements/dev.lock", "pyproject.toml"),
        (PYTHON, ROOT / ".venv" / "bin" / "k3s-daas"),
    ),
    Step(
        "toolchain",
        "Move compiler",
        (("npm", "ci", "--prefix", str(NODE_PACKAGE), "--no-audit", "--no-fund", "--loglevel=error"),),
        ("move/toolchain/package-lock.json",),
        (NODE_PACKAGE / "node_modules",),
    ),
    Step(
        "framework",
        "Sui framework bytecode",
        (("node", "move/toolchain/framework.mjs", "--out", "build/framework.json"),),
        ("move/toolchain",),
        (BUILD / "framework.json",),
    ),
    Step(
        "contract",
        "contract bytecode",
        (("node", "move/toolchain/build.mjs", "--package", "move/k3s_daas", "--out", "build/k3s_daas.json"),),
        ("move/toolchain", "move/k3s_daas/sources", "move/k3s_daas/Move.toml"),
        (BUILD / "k3s_daas.json",),
    ),
    Step(
        "kubernetes",
        "Kubernetes binary (several minutes the first time)",
        ((sys.executable, "images/k3s/build.py"),),
        ("images/k3s",),
        (BUILD / "k3s",),
        ("K3S_BINARY", "K3S_SHA256"),
    ),
    Step(
        "measurements",
        "measurements of the simulated enclave",
        ((str(PYTHON), "-m", "attestation.sim", "measure", "--out", "build/sim.pcrs.json"),),
        ("enclave", "gateway", "chain", "sui", "wire", "attestation"),
        (BUILD / "sim.pcrs.json",),
    ),
)


def fingerprint(step: Step) -> str:
    """Hash a step's commands, inputs and the variables it reads."""
    digest = hashlib.sha256(repr((step.commands, [os.environ.get(name, "") for name in step.variables])).encode())
    for entry in step.inputs:
        path = ROOT / entry
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            relative = file.relative_to(ROOT)
            if {"node_modules", "__pycache__", "target", "build"} & set(relative.parts):
                continue
            digest.update(f"{relative}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def is_current(step: Step) -> bool:
    """Tell whether a step's outputs are there and its inputs are those of its last success."""
    stamp = BUILD / "stamps" / step.name
    return all(path.exists() for path in step.outputs) and stamp.exists() and stamp.read_text() == fingerprint(step)


def run(step: Step, started: float) -> None:
    """Run one step, show progress, and leave with its last lines when it fails."""
    log = BUILD / "logs" / f"{step.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    terminal = sys.stdout.isatty()
    began = time.monotonic()
    with log.open("wb") as sink:
        for command in step.commands:
            child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
            try:
                wait_with_progress(child, step, began, started, terminal=terminal)
            except BaseException:
                child.terminate()
                child.wait()
                raise
            if child.returncode != 0:
                tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
                sys.exit(
                    f"\nset-up stopped at “{step.what}”: {' '.join(command)} ended with exit code {child.returncode}.\n"
                    f"{tail}\nThe whole output is in {log.relative_to(ROOT)}. Mend the cause and run the same command "
                    "again: finished steps are kept."
                )
    stamp = BUILD / "stamps" / step.name
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(fingerprint(step))
    end = "\r" if terminal else ""
    print(
        f"{end}  built {step.what}: {time.monotonic() - began:.0f} s\033[K"
        if terminal
        else f"  built {step.what}: {time.monotonic() - began:.0f} s",
        flush=True,
    )


def wait_with_progress(
    child: subprocess.Popen[bytes], step: Step, began: float, started: float, *, terminal: bool
) -> None:
    """Wait for a command and say, again and again, what is being built and for how long."""
    pause = PROGRESS_SECONDS_TTY if terminal else PROGRESS_SECONDS_PLAIN
    while True:
        try:
            child.wait(timeout=pause)
        except subprocess.TimeoutExpired:
            now = time.monotonic()
            text = f"  building {step.what}: {now - began:.0f} s (set-up {now - started:.0f} s)"
            print(f"\r{text}\033[K" if terminal else text, end="" if terminal else "\n", flush=True)
        else:
            return


def main() -> None:
    """Check the machine, then run what is not current."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "steps", nargs="*", choices=[[], *[step.name for step in STEPS]], help="only these steps (default: all)"
    )
    wanted = parser.parse_args().steps or [step.name for step in STEPS]
    lacking = missing(with_kubernetes_binary=bool(os.environ.get("K3S_BINARY")))
    if lacking:
        sys.exit("This machine lacks what the set-up needs:\n" + "\n".join(f"  - {line}" for line in lacking))
    started = time.monotonic()
    due = [step for step in STEPS if step.name in wanted and not is_current(step)]
    if due:
        print(f"Setting up ({len(due)} of {len(wanted)} steps; the first time takes up to 15 minutes)", flush=True)
    for step in due:
        # An earlier step may have changed this one's inputs' outputs, never its inputs: checked once is enough.
        run(step, started)
    if due:
        print(f"Set-up done in {time.monotonic() - started:.0f} s", flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nset-up interrupted; finished steps are kept")
