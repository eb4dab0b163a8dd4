"""The locked compiler, assembler, linker and compressor, unpacked beside the system and run from there.

Role: what makes measured bytes must not depend on the machine, so the kernel and the init are built, and the ramdisks
compressed, by programs of the lock. They lie in the cache folder under the hash of the lock's group; small wrappers
lead each to its own libraries, and the compiler to its own C library.

It installs nothing: no file outside its folder is written.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from images.common import cache_folder, run, say, scratch_beside
from images.debian.archive import fetch
from images.debian.lock import group
from images.errors import MachineLacks

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_FORM: Final = 3
"""Counted up whenever the folder's layout changes."""

_LIBRARY_FOLDERS: Final = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
_PLAIN: Final = ("ar", "as", "ld", "nm", "objcopy", "objdump", "ranlib", "readelf", "size", "strip", "zstd")
_COMPILERS: Final = ("gcc", "cpp")
_VERSION: Final = "12"
_LIBC: Final = (
    "libc", "libm", "libmvec", "libdl", "libpthread", "librt", "libresolv", "libutil", "libanl", "libnsl",
    "libnss_compat", "libnss_dns", "libnss_files", "libnss_hesiod", "libthread_db", "libBrokenLocale",
    "libc_malloc_debug", "libmemusage", "libpcprofile",
)  # fmt: skip


@dataclass(frozen=True)
class Toolchain:
    """The unpacked toolchain.

    Attributes:
        root: where its packages were unpacked.
        programs: the folder of wrappers, to be put first on PATH.
        libraries: the libraries that its programs, and programs linked against them, need to run.
        identity: the hash of the lock's group; part of the key of whatever is built.
    """

    root: Path
    programs: Path
    libraries: Path
    identity: str

    def environment(self) -> dict[str, str]:
        """A small environment in which only what decides nothing is the machine's."""
        return {
            "PATH": f"{self.programs}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": os.environ.get("HOME", "/"),
            "LC_ALL": "C",
            "TZ": "UTC",
        }


def downloads() -> Path:
    """Where fetched packages are kept, by their SHA-256."""
    return cache_folder() / "debian"


def unpack(archive: Path, target: Path) -> None:
    """Unpack a Debian package's files, without its scripts.

    Raises:
        MachineLacks: dpkg-deb is missing.
    """
    if shutil.which("dpkg-deb") is None:
        raise MachineLacks("dpkg-deb is missing, which takes Debian packages apart: apt-get install dpkg")
    run(["dpkg-deb", "--extract", str(archive), str(target)])


def identity() -> str:
    """The hash of the lock's group, under which the toolchain is kept."""
    listed = "".join(f"{package.name} {package.sha256}\n" for package in group("toolchain"))
    return hashlib.sha256(f"{_FORM}\n{listed}".encode()).hexdigest()[:24]


def unpacked() -> Toolchain | None:
    """The toolchain of the lock, if it lies in the cache."""
    found = _of(identity())
    return found if found.programs.is_dir() else None


def _of(name: str) -> Toolchain:
    place = cache_folder() / f"toolchain-{name}"
    return Toolchain(place, place / "programs", place / "libraries", name)


def provide() -> Toolchain:
    """Give the toolchain, unpacked once per lock.

    Raises:
        ImageBuildError: a package cannot be had.
    """
    packages = group("toolchain")
    found = _of(identity())
    place = found.root
    if not found.programs.is_dir():
        say(f"unpacking the toolchain ({len(packages)} packages)")
        files = fetch(packages, downloads())
        with scratch_beside(place) as scratch:
            root = scratch / "root"
            root.mkdir(mode=0o755)
            for file in files.values():
                unpack(file, root)
            _relative_links(root)
            _gather_libraries(root)
            _write_wrappers(root, found)
            root.rename(place)
    return found


def _relative_links(root: Path) -> None:
    """Links of a package name the installed system; here they have to stay inside the folder."""
    for path in root.rglob("*"):
        if path.is_symlink() and path.readlink().is_absolute():
            inside = root / path.readlink().relative_to("/")
            path.unlink()
            path.symlink_to(os.path.relpath(inside, path.parent))


def _gather_libraries(root: Path) -> None:
    """Link every shared library but libc's own, which has to fit the machine's loader."""
    target = root / "libraries"
    target.mkdir()
    own = {path.name for folder in _LIBRARY_FOLDERS for path in _of_libc(root / folder)}
    for folder in _LIBRARY_FOLDERS:
        for path in sorted((root / folder).glob("lib*.so.*")):
            if path.name not in own and not (target / path.name).exists():
                (target / path.name).symlink_to(os.path.relpath(path, target))


def _of_libc(folder: Path) -> list[Path]:
    return [path for name in _LIBC for path in folder.glob(f"{name}.so*")]


def _write_wrappers(root: Path, found: Toolchain) -> None:
    programs = root / "programs"
    programs.mkdir()
    for name in _PLAIN:
        _wrapper(programs / name, found, [f"{found.root}/usr/bin/{name}"])
    for name in _COMPILERS:
        # The version is part of the name, so that what a program says of its compiler is the same everywhere.
        command = [f"{found.root}/usr/bin/{name}-{_VERSION}", f"--sysroot={found.root}"]
        _wrapper(programs / f"{name}-{_VERSION}", found, command)
        (programs / name).symlink_to(f"{name}-{_VERSION}")


def _wrapper(path: Path, found: Toolchain, command: Sequence[str]) -> None:
    libraries = shlex.quote(str(found.libraries))
    path.write_text(
        f'#!/bin/sh\nLD_LIBRARY_PATH={libraries} PATH={shlex.quote(str(found.programs))}:"$PATH" '
        f'exec {shlex.join(command)} "$@"\n',
        encoding="utf-8",
    )
    path.chmod(0o755)
