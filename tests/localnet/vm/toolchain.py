"""The real compiler and its unit-test VM, for tests; results are kept by the hash of what they depend on."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from localnet.vm import Package, PackageMap, rebase
from localnet.vm.deserialize import deserialize
from sui.types import Address

ROOT = Path(__file__).resolve().parents[3]
TOOLCHAIN = ROOT / "move" / "toolchain"
CORPUS = Path(__file__).parent / "corpus"
STD, SUI, SELF = Address.parse("0x1"), Address.parse("0x2"), Address.parse("0x0")


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "k3s-daas" / "vm-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _node(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", str(TOOLCHAIN / script), *arguments], capture_output=True, text=True, check=False, timeout=600
    )


def _inputs(files: dict[str, str]) -> str:
    lock = (TOOLCHAIN / "package-lock.json").read_text()
    return hashlib.sha256(json.dumps([lock, files], sort_keys=True).encode()).hexdigest()


def read_sources(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.suffix in {".move", ".toml"}
    }


def framework() -> PackageMap:
    """0x1 and 0x2, compiled."""
    target = cache_folder() / f"framework-{_inputs({})[:16]}.json"
    if not target.exists():
        done = _node("framework.mjs", "--out", str(target))
        assert done.returncode == 0, done.stderr
    packages = {
        Address.parse(address): {name: base64.b64decode(code) for name, code in modules.items()}
        for address, modules in json.loads(target.read_text()).items()
    }
    return PackageMap(
        Package(STD, STD, at_address(packages[STD], STD), {}),
        Package(SUI, SUI, at_address(packages[SUI], SUI), {STD: STD}),
    )


def at_address(modules: dict[str, bytes], address: Address) -> dict[str, bytes]:
    """Modules that the compiler left at 0x0 get their address."""
    zero = {name: code for name, code in modules.items() if deserialize(code).address == SELF}
    return {**modules, **rebase(zero.values(), address)}


def build(files: dict[str, str]) -> list[bytes]:
    """Compiles a package; its own address stays 0x0."""
    target = cache_folder() / f"build-{_inputs(files)}.json"
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            write(files, Path(folder))
            done = _node("build.mjs", "--package", folder, "--out", str(target))
            assert done.returncode == 0, done.stderr + done.stdout
    return [base64.b64decode(code) for code in json.loads(target.read_text())["modules"]]


def package(files: dict[str, str], address: Address = SELF) -> Package:
    """A compiled package on top of the framework."""
    codes = build(files)
    modules = {deserialize(code).name: code for code in codes} if address == SELF else rebase(codes, address)
    return Package(address, address, modules, {STD: STD, SUI: SUI})


def run_unit_tests(files: dict[str, str]) -> tuple[bool, str]:
    """Runs a package's Move tests in the real VM."""
    target = cache_folder() / f"test-{_inputs(files)}.json"
    if not target.exists():
        with tempfile.TemporaryDirectory() as folder:
            write(files, Path(folder))
            done = _node("test.mjs", "--package", folder)
        target.write_text(json.dumps([done.returncode == 0, done.stdout + done.stderr]))
    passed, output = json.loads(target.read_text())
    return passed, output


def write(files: dict[str, str], folder: Path) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def available() -> bool:
    return shutil.which("node") is not None and (TOOLCHAIN / "node_modules").is_dir()
