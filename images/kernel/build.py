"""Build the kernel, once per content: `build/kernel/bzImage` and the configuration that it was made of.

Role: unpack Debian's source, apply our patches, configure (`fragment.config` on tinyconfig, checked line by line) and
compile with the locked toolchain. The result lies in the user's cache folder by the hash of all that decides it.

Rules: what the kernel says of its build (user, host, time, number) is fixed; nothing of the machine's compiler gets in.
make, flex, bison, bc, perl and xz of the machine are used; they decide no byte.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.common import cache_folder, run, say, scratch_beside
from images.debian.archive import fetch
from images.debian.lock import LockedPackage, group
from images.debian.toolchain import Toolchain, downloads, provide, unpack
from images.errors import MachineLacks, StepFailed
from images.kernel.config import as_input, check, read_finished, read_fragment

if TYPE_CHECKING:
    from collections.abc import Mapping

HERE: Final = Path(__file__).resolve().parent
FRAGMENT: Final = HERE / "fragment.config"
PATCHES: Final = HERE / "patches"

_PROGRAMS: Final = {
    "make": "make", "flex": "flex", "bison": "bison", "bc": "bc", "perl": "perl", "xz": "xz-utils", "tar": "tar",
    "patch": "patch", "gzip": "gzip",
}  # fmt: skip
_PROGRESS_SECONDS: Final = 20.0
_STAMPS: Final = {
    "KBUILD_BUILD_USER": "k3s-daas",
    "KBUILD_BUILD_HOST": "enclave",
    "KBUILD_BUILD_VERSION": "1",
}


@dataclass(frozen=True)
class Kernel:
    """A built kernel.

    Attributes:
        image: the bzImage.
        config: its finished configuration.
        version: of the Debian package that it was made from.
    """

    image: Path
    config: Path
    version: str


def missing() -> list[str]:
    """The Debian packages that this machine needs to build a kernel and lacks."""
    return [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]


def place_of(toolchain_identity: str, package: LockedPackage) -> Path:
    """Where the kernel of these inputs lies, built or not."""
    digest = hashlib.sha256(f"1\n{package.sha256}\n{toolchain_identity}\n{sorted(_STAMPS.items())}\n".encode())
    for file in [FRAGMENT, *sorted(PATCHES.glob("*.patch"))]:
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return cache_folder() / f"kernel-{digest.hexdigest()[:24]}"


def built(toolchain_identity: str) -> Kernel | None:
    """The kernel of the present inputs, if it lies in the cache."""
    (package,) = group("kernel")
    place = place_of(toolchain_identity, package)
    kernel = Kernel(place / "bzImage", place / "config", package.version)
    return kernel if kernel.image.is_file() and kernel.config.is_file() else None


def build(toolchain: Toolchain, *, cores: int | None = None) -> Kernel:
    """Give the kernel of the present inputs, built unless the cache has it.

    Raises:
        ImageBuildError: a program is missing, the fragment does not hold, or the compiler stopped.
    """
    ready = built(toolchain.identity)
    if ready is not None:
        return ready
    lacking = missing()
    if lacking:
        raise MachineLacks(f"to build the kernel this machine lacks: apt-get install {' '.join(lacking)}")
    (package,) = group("kernel")
    place = place_of(toolchain.identity, package)
    began = time.monotonic()
    with scratch_beside(place) as scratch:
        source = _source(package, scratch)
        make = _make_command(toolchain, source)
        environment = toolchain.environment() | _STAMPS | {"KBUILD_BUILD_TIMESTAMP": _time_of(source)}
        _configure(make, source, environment)
        say(f"compiling the kernel {package.version} (6 to 10 minutes on two cores)")
        jobs = cores or os.cpu_count() or 1
        _compile([*make, f"-j{jobs}", "bzImage"], source, environment, place.with_suffix(".log"))
        result = scratch / "result"
        result.mkdir(mode=0o755)
        shutil.copy(source / "arch/x86/boot/bzImage", result / "bzImage")
        shutil.copy(source / ".config", result / "config")
        shutil.rmtree(place, ignore_errors=True)
        result.rename(place)
    say(f"compiled the kernel in {time.monotonic() - began:.0f} s")
    return Kernel(place / "bzImage", place / "config", package.version)


def _source(package: LockedPackage, scratch: Path) -> Path:
    say(f"unpacking {package.name} {package.version}")
    unpack(fetch([package], downloads())[package.name], scratch / "package")
    (archive,) = (scratch / "package/usr/src").glob("linux-source-*.tar.xz")
    run(["tar", "-xf", str(archive), "-C", str(scratch)])
    (source,) = scratch.glob("linux-source-*")
    for patch in sorted(PATCHES.glob("*.patch")):
        run(["patch", "--fuzz=0", "-p1", "-i", str(patch)], cwd=source)
    return source


def _make_command(toolchain: Toolchain, source: Path) -> list[str]:
    """Words for make: the locked compiler for the kernel and for what its build runs on this machine."""
    own = toolchain.programs
    libraries = f"-Wl,-rpath,{toolchain.libraries}"
    return [
        "make", "-C", str(source), "ARCH=x86_64",
        f"CC={own}/gcc-12", f"HOSTCC={own}/gcc-12", f"HOSTLDFLAGS={libraries}",
        f"LD={own}/ld", f"AR={own}/ar", f"NM={own}/nm", f"OBJCOPY={own}/objcopy", f"OBJDUMP={own}/objdump",
        f"READELF={own}/readelf", f"STRIP={own}/strip", "LIBELF_FLAGS=", f"LIBELF_LIBS=-lelf {libraries}",
    ]  # fmt: skip


def _time_of(source: Path) -> str:
    """The time of the source package, which the kernel tells as its own."""
    changed = run(["stat", "--format=%Y", str(source / "Makefile")]).strip()
    return time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime(int(changed)))


def _configure(make: list[str], source: Path, environment: Mapping[str, str]) -> None:
    wanted = read_fragment(FRAGMENT.read_text(encoding="utf-8"))
    run([*make, "tinyconfig"], environment=environment)
    with (source / ".config").open("a", encoding="utf-8") as config:
        config.write(as_input(wanted))
    run([*make, "olddefconfig"], environment=environment)
    finished = read_finished((source / ".config").read_text(encoding="utf-8"))
    check(wanted, finished, _known(source))


def _known(source: Path) -> set[str]:
    """Every option of this kernel that x86 can have."""
    names: set[str] = set()
    for path in source.rglob("Kconfig*"):
        inside = path.relative_to(source).parts
        if inside[0] == "arch" and len(inside) > 2 and inside[1] != "x86":
            continue
        names |= set(re.findall(r"^\s*(?:menu)?config +(\w+)$", path.read_text(encoding="utf-8"), re.MULTILINE))
    return names


def _compile(command: list[str], source: Path, environment: Mapping[str, str], log: Path) -> None:
    """Compile, with a line of progress now and then."""
    began = time.monotonic()
    with log.open("wb") as sink:
        child = subprocess.Popen(
            ["nice", "-n", "10", *command],
            cwd=source,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
        try:
            while True:
                try:
                    child.wait(_PROGRESS_SECONDS)
                except subprocess.TimeoutExpired:
                    say(f"compiling the kernel: {time.monotonic() - began:.0f} s")
                else:
                    break
        except BaseException:
            child.kill()
            child.wait()
            raise
    if child.returncode != 0:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-25:])
        raise StepFailed(f"the kernel does not compile; the end of {log}:\n{tail}")
    log.unlink()


def main() -> int:
    """Build the kernel and say where it is."""
    kernel = build(provide())
    say(f"kernel {kernel.version}: {kernel.image.stat().st_size / 1e6:.1f} MB, {kernel.image}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
