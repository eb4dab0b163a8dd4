"""Provide a QEMU with the Nitro Enclave machine, its firmware, and vhost-device-vsock; `build/qemu.json` names them.

Role: a `qemu-system-x86_64` on PATH that is new enough and has the machine is used as it is. Otherwise QEMU is built
from the Debian source package, with only what this machine needs, and kept in the cache folder by the hash of its
inputs. Debian's own build lacks libcbor and gnutls, and with them the machine.

Rules: standard library only; the system's apt configuration is read, never changed: the source is fetched through a
private one, from the mirror and with the keyring that the machine already uses; apt checks the signatures. A half-built
file is never seen under its final name. What is missing to build is named at once, with the command that gets it.

It installs nothing into the system, and it boots nothing.
"""

# ruff: noqa: INP001, T201 -- a script that is run by its path and speaks to people
from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import venv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parent.parent
MINIMUM: Final = (9, 2)
MACHINE: Final = "nitro-enclave"
SUITES: Final = ("bookworm-backports", "trixie")
FEATURES: Final = (
    "--without-default-features",
    "--enable-kvm",
    "--enable-tcg",
    "--enable-gnutls",
    "--enable-libcbor",
    "--enable-vhost-user",
    "--enable-vhost-net",
    "--enable-pixman",
    "--enable-slirp",
    "--enable-fdt=system",
    "--target-list=x86_64-softmmu",
)
TOOLS: Final = ("meson==1.5.0", "pycotap==1.3.1", "distlib==0.4.0", "tomli==2.2.1")
FIRMWARE: Final = frozenset({"bios-microvm.bin", "qboot.rom", "linuxboot_dma.bin", "pvh.bin"})
VSOCK_VERSION: Final = "0.3.0"
LIBRARIES: Final = {
    "glib-2.0": "libglib2.0-dev",
    "gnutls": "libgnutls28-dev",
    "libcbor": "libcbor-dev",
    "pixman-1": "libpixman-1-dev",
    "slirp": "libslirp-dev",
    "zlib": "zlib1g-dev",
    "libfdt": "libfdt-dev",
}
PROGRAMS: Final = {
    "gcc": "gcc",
    "ninja": "ninja-build",
    "pkg-config": "pkg-config",
    "flex": "flex",
    "bison": "bison",
    "xz": "xz-utils",
    "dpkg-deb": "dpkg",
}


class BuildError(Exception):
    """QEMU cannot be provided; the message says why and what to do."""


@dataclass(frozen=True)
class Archive:
    """A Debian mirror that this machine already trusts."""

    uri: str
    keyring: str


def on_path() -> Path | None:
    """Give a QEMU on PATH that has the machine, or None."""
    found = shutil.which("qemu-system-x86_64")
    if found is None:
        return None
    version = _output([found, "--version"])
    numbers = re.search(r"version (\d+)\.(\d+)", version)
    if numbers is None or (int(numbers[1]), int(numbers[2])) < MINIMUM:
        return None
    return Path(found) if MACHINE in _output([found, "-M", "help"]) else None


def missing() -> list[str]:
    """Name the Debian packages that the build needs and this machine lacks."""
    lacking = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if shutil.which("pkg-config") is None:
        return [*lacking, *LIBRARIES.values()]
    for library, package in LIBRARIES.items():
        if library == "libfdt":
            header = _output(["gcc", "-E", "-include", "libfdt.h", "-x", "c", os.devnull])
            lacking += [] if "fdt_open_into" in header else [package]
        elif subprocess.run(["pkg-config", "--exists", library], check=False).returncode != 0:
            lacking.append(package)
    return lacking


def archive() -> Archive:
    """Read mirror and keyring out of the machine's own apt sources.

    Raises:
        BuildError: there is no Debian source.
    """
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for stanza in path.read_text(encoding="utf-8").split("\n\n"):
            fields = dict(re.findall(r"^(\w[\w-]*): *(.+)$", stanza, re.MULTILINE))
            uri = fields.get("URIs", "").split()
            if uri and re.search(r"/debian/?$", uri[0]):
                return Archive(uri[0], fields.get("Signed-By", "/usr/share/keyrings/debian-archive-keyring.gpg"))
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*.list"))]:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        found = re.search(r"^deb (?:\[[^]]*\] )?(\S+/debian/?) ", text, re.MULTILINE)
        if found:
            return Archive(found[1], "/usr/share/keyrings/debian-archive-keyring.gpg")
    raise BuildError("no Debian archive stands in this machine's apt sources; put a QEMU >= 9.2 on PATH instead")


class PrivateApt:
    """An apt configuration of our own, in a folder of our own."""

    def __init__(self, folder: Path, source: Archive) -> None:
        """Prepare the folder."""
        self._folder = folder
        for name in ("lists/partial", "archives/partial", "etc"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "etc" / "sources.sources").write_text(
            f"Types: deb deb-src\nURIs: {source.uri}\nSuites: {' '.join(SUITES)}\nComponents: main\n"
            f"Signed-By: {source.keyring}\n",
            encoding="utf-8",
        )

    def run(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run apt-get or apt-cache.

        Raises:
            BuildError: it failed.
        """
        folder = self._folder
        options = {
            "Dir::Etc::sourcelist": f"{folder}/etc/sources.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::lists": f"{folder}/lists",
            "Dir::Cache": str(folder),
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return _run([arguments[0], *flags, *arguments[1:]], cwd=cwd)

    def source_version(self) -> tuple[str, str]:
        """Give version and suite of the newest source package of the first suite that has one."""
        for suite in SUITES:
            shown = self.run("apt-cache", "madison", "qemu")
            for line in shown.splitlines():
                parts = [part.strip() for part in line.split("|")]
                if len(parts) == 3 and f" {suite}/" in f" {parts[2]}" and parts[2].endswith("Sources"):
                    return parts[1], suite
        raise BuildError(f"the archive has no source of qemu in {' or '.join(SUITES)}; put a QEMU >= 9.2 on PATH")


def build(cache: Path) -> Path:
    """Build QEMU unless the cache has it; give the program.

    Raises:
        BuildError: something is missing, or a step failed.
    """
    lacking = missing()
    if lacking:
        raise BuildError(f"to build QEMU this machine lacks: apt-get install {' '.join(lacking)}")
    inputs = _hash_of(FEATURES, TOOLS, SUITES)
    known = sorted(cache.glob(f"qemu-*-{inputs}/qemu-system-x86_64"))
    if known:
        return known[-1]
    with tempfile.TemporaryDirectory(dir=cache, prefix=".qemu-") as scratch:
        work = Path(scratch)
        apt = _private_apt(work)
        version, suite = apt.source_version()
        _say(f"fetching the source of qemu {version} ({suite})")
        command = ["apt-get", "source", "-q", "--download-only", "--tar-only", "--only-source", f"qemu={version}"]
        apt.run(*command, cwd=work)
        result = work / "result"
        result.mkdir()
        _compile(work, result)
        place = cache / f"qemu-{version.split(':')[-1].split('+')[0]}-{inputs}"
        shutil.rmtree(place, ignore_errors=True)
        result.rename(place)
    return place / "qemu-system-x86_64"


def _private_apt(work: Path) -> PrivateApt:
    _say("reading the Debian archive")
    apt = PrivateApt(work / "apt", archive())
    apt.run("apt-get", "update", "-q")
    return apt


def _compile(work: Path, result: Path) -> None:
    source = work / "source"
    source.mkdir()
    (tarball,) = work.glob("qemu_*.orig.tar.xz")
    with tarfile.open(tarball) as packed:
        packed.extractall(source, filter="data")
    (tree,) = source.iterdir()
    # Debian strips the firmware from the source; the machine's comes from Debian's binary packages.
    (tree / "pc-bios" / "meson.build").write_text("roms = []\n", encoding="utf-8")
    tools = work / "tools"
    venv.create(tools, with_pip=True)
    _run([str(tools / "bin" / "python"), "-m", "pip", "install", "-q", *TOOLS])
    output = work / "output"
    output.mkdir()
    environment = {**os.environ, "PATH": f"{tools / 'bin'}:{os.environ['PATH']}"}
    _say("configuring QEMU")
    _run(
        [str(tree / "configure"), *FEATURES, f"--python={tools / 'bin' / 'python'}"],
        cwd=output,
        environment=environment,
    )
    _say("compiling QEMU (about 4 minutes on two cores)")
    started = time.monotonic()
    _run(["nice", "-n", "10", "ninja", "qemu-system-x86_64"], cwd=output, environment=environment)
    _say(f"compiled in {time.monotonic() - started:.0f} s")
    _run(["strip", "-o", str(result / "qemu-system-x86_64"), str(output / "qemu-system-x86_64")])
    if MACHINE not in _output([str(result / "qemu-system-x86_64"), "-M", "help"]):
        raise BuildError(f"the QEMU that was built has no machine {MACHINE}; the source or its libraries changed")


def firmware(cache: Path) -> Path:
    """Give the folder with the machine's firmware, out of Debian's packages unless the cache has it.

    Raises:
        BuildError: the packages cannot be had, or lack a file.
    """
    place = cache / f"qemu-firmware-{_hash_of(sorted(FIRMWARE), SUITES)}"
    if place.is_dir():
        return place
    with tempfile.TemporaryDirectory(dir=cache, prefix=".firmware-") as scratch:
        work = Path(scratch)
        apt = _private_apt(work)
        for package in ("seabios", "qemu-system-data"):
            apt.run("apt-get", "download", "-q", f"{package}/{SUITES[-1]}", cwd=work)
        target = work / "firmware"
        target.mkdir()
        for packed in work.glob("*.deb"):
            _run(["dpkg-deb", "-x", str(packed), str(work / "out")])
        for shared in ("seabios", "qemu"):
            for file in (work / "out" / "usr" / "share" / shared).iterdir():
                if file.name in FIRMWARE and not file.is_symlink():
                    shutil.copy(file, target / file.name)
        lacking = FIRMWARE - {file.name for file in target.iterdir()}
        if lacking:
            raise BuildError(f"Debian's packages have no {', '.join(sorted(lacking))} any more; use a QEMU on PATH")
        target.rename(place)
    return place


def vsock_device(cache: Path) -> Path:
    """Give vhost-device-vsock, built by cargo unless PATH or the cache has it."""
    found = shutil.which("vhost-device-vsock")
    if found:
        return Path(found)
    place = cache / f"vhost-device-vsock-{VSOCK_VERSION}"
    program = place / "bin" / "vhost-device-vsock"
    if not program.is_file():
        _say("building vhost-device-vsock (about a minute)")
        command = ["cargo", "install", "-q", "--locked", "--root", str(place), "--version", VSOCK_VERSION]
        _run(["nice", "-n", "10", *command, "vhost-device-vsock"])
    return program


def _hash_of(*inputs: object) -> str:
    return hashlib.sha256(repr(inputs).encode()).hexdigest()[:16]


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def _run(command: list[str], *, cwd: Path | None = None, environment: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except OSError as error:
        raise BuildError(f"{command[0]} does not run: {error}") from error
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-25:])
        raise BuildError(f"{' '.join(command[:6])} failed with code {done.returncode}:\n{tail}")
    return done.stdout


def _say(text: str) -> None:
    print(f"  {text}", flush=True)


def main() -> int:
    """Provide both programs and write where they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "qemu.json", help="where to write their places")
    arguments = parser.parse_args()
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "k3s-daas"
    cache.mkdir(parents=True, exist_ok=True)
    try:
        own = on_path()
        program = own or build(cache)
        bios = None if own else firmware(cache)
        device = vsock_device(cache)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    told = {"qemu": str(program), "firmware": str(bios) if bios else None, "vsock": str(device)}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    print(f"QEMU with the machine {MACHINE}: {program}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
