"""Provide build/k3s and build/kubectl: the official k3s where one is given, else the stand-in from upstream modules.

Role: `K3S_BINARY=FILE` is used as it is, after its SHA-256 was compared with `K3S_SHA256` where that is set. Otherwise
the Go module in this folder is built once per content and toolchain and kept in the user's cache folder.

Rules: standard library only; the same inputs give the same file name in the cache; a half-built file is never seen
under its final name; a progress line with the elapsed time while Go is busy.

It does not install Go, and it does not download a k3s.
"""

# ruff: noqa: INP001, T201 -- a script that is run by its path and speaks to people
from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
VERSION: Final = "v1.34.4+k3sdaas"
"""What the stand-in reports; the official binary of that version says +k3s1."""

GO_WANTED: Final = (1, 26)
_STAMPS: Final = (
    ("k8s.io/component-base/version.gitVersion", VERSION),
    ("k8s.io/component-base/version.gitMajor", "1"),
    ("k8s.io/component-base/version.gitMinor", "34"),
    ("k8s.io/component-base/version.gitCommit", "upstream"),
    ("k8s.io/component-base/version.gitTreeState", "clean"),
    ("k8s.io/client-go/pkg/version.gitVersion", VERSION),
)
_FLAGS: Final = (
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    "-ldflags",
    "-s -w " + " ".join(f"-X {name}={value}" for name, value in _STAMPS),
)
_PROGRESS_SECONDS_TTY: Final = 1.0
_PROGRESS_SECONDS_PLAIN: Final = 20.0
_HASH_BLOCK_BYTES: Final = 1 << 20


class BuildError(Exception):
    """The binary cannot be provided; the message says why and what to do."""


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def given_binary(environment: dict[str, str]) -> Path | None:
    """Give the k3s that the user names, checked, or None.

    Raises:
        BuildError: If it is not there, cannot be run, or is not the one whose hash was given.
    """
    name, wanted = environment.get("K3S_BINARY", ""), environment.get("K3S_SHA256", "").strip().lower()
    if not name:
        return None
    path = Path(name).expanduser().resolve()
    if not path.is_file() or not os.access(path, os.X_OK):
        raise BuildError(f"K3S_BINARY={name} is not an executable file; correct it, or unset it to build the stand-in")
    if wanted and (found := sha256_of(path)) != wanted:
        raise BuildError(f"K3S_BINARY={name} has SHA-256 {found}, K3S_SHA256 says {wanted}; use the right file")
    return path


def input_hash(folder: Path, toolchain: str) -> str:
    """Hash what decides the binary: Go sources, module files, flags and toolchain."""
    digest = hashlib.sha256(repr((_FLAGS, toolchain)).encode())
    for file in sorted([*folder.glob("*.go"), folder / "go.mod", folder / "go.sum"]):
        if not file.name.endswith("_test.go"):
            digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:24]


def go_toolchain(go: str) -> str:
    """Give Go's version and target.

    Raises:
        BuildError: If there is no Go, or one that is too old.
    """
    try:
        text = subprocess.run(
            [go, "env", "GOVERSION", "GOOS", "GOARCH"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BuildError(f"{go} does not run ({error}); install Go 1.26 (go.dev/dl), or set K3S_BINARY") from error
    version = text.split()[0] if text.split() else ""
    numbers = version.removeprefix("go").split(".")
    if len(numbers) < 2 or not numbers[0].isdigit() or not numbers[1].isdigit():
        raise BuildError(f"{go} reports the version {version!r}, which is none; install Go 1.26 (go.dev/dl)")
    if (int(numbers[0]), int(numbers[1])) < GO_WANTED:
        raise BuildError(f"{go} is {version}; Kubernetes 1.34.4 here needs Go 1.26 (go.dev/dl), or set K3S_BINARY")
    return " ".join(text.split())


def build_stand_in(go: str, folder: Path, cache: Path) -> Path:
    """Build the Go module unless the cache has it, and give the binary.

    Raises:
        BuildError: If Go fails; its last lines are in the message.
    """
    place = cache / f"k3s-{input_hash(folder, go_toolchain(go))}" / "k3s"
    if place.is_file():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".build-") as scratch:
        target = Path(scratch) / "k3s"
        environment = {**os.environ, "CGO_ENABLED": "1", "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local"}
        child = subprocess.Popen(
            [go, "build", *_FLAGS, "-o", str(target), "."],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            lines = _drain_with_progress(child)
        except BaseException:
            child.kill()
            child.wait()
            raise
        if child.returncode != 0:
            raise BuildError("go build failed; its last lines:\n" + "\n".join(lines[-15:]))
        target.replace(place)
    return place


def _drain_with_progress(child: subprocess.Popen[str]) -> list[str]:
    """Collect a child's lines and say, until it ends, for how long it has been building."""
    lines: list[str] = []

    def drain() -> None:
        for line in child.stdout or ():
            lines.append(line.rstrip())
            del lines[:-200]

    reader = threading.Thread(target=drain, daemon=True)
    reader.start()
    terminal, began = sys.stdout.isatty(), time.monotonic()
    while True:
        try:
            child.wait(_PROGRESS_SECONDS_TTY if terminal else _PROGRESS_SECONDS_PLAIN)
        except subprocess.TimeoutExpired:
            text = f"  building Kubernetes {VERSION}: {time.monotonic() - began:.0f} s (3 to 10 minutes)"
            print(f"\r{text}\033[K" if terminal else text, end="" if terminal else "\n", flush=True)
        else:
            break
    reader.join()
    if terminal:
        print()
    return lines


def install(binary: Path, output: Path) -> None:
    """Make OUTPUT/k3s and OUTPUT/kubectl lead to the binary (hard link where the file system allows, else a copy)."""
    output.mkdir(parents=True, exist_ok=True)
    fresh = output / f".k3s-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    try:
        fresh.hardlink_to(binary)
    except OSError:
        shutil.copy2(binary, fresh)
    fresh.replace(output / "k3s")
    link = output / f".kubectl-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to("k3s")
    link.replace(output / "kubectl")


def cache_folder(environment: dict[str, str]) -> Path:
    """Where built binaries are kept between checkouts."""
    root = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "k3s-daas"


def main() -> None:
    """Provide the binary and say which one it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=HERE.parent.parent / "build", help="folder for k3s and kubectl")
    output = parser.parse_args().out
    environment = dict(os.environ)
    began = time.monotonic()
    try:
        binary = given_binary(environment)
        kind = "given by K3S_BINARY"
        if binary is None:
            binary = build_stand_in(environment.get("GO", "go"), HERE, cache_folder(environment))
            kind = f"stand-in {VERSION}, from upstream modules"
    except BuildError as error:
        sys.exit(f"k3s: {error}")
    install(binary, output)
    print(f"  k3s: {kind}, SHA-256 {sha256_of(output / 'k3s')[:16]}…, {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
