"""`debian.lock`: each Debian package that goes into an image or makes one, by version, place and SHA-256.

Format: a line a package: group, name, version, archive, path in the archive, size, SHA-256, apart by blanks; sorted by
group and name; lines that begin with # say something to readers. `wanted.toml` names the packages; `python3 -m
images.debian.lock` looks up what the archive has now and writes the file anew.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from images.common import cache_folder, say, scratch_beside
from images.debian.archive import PrivateApt, mirrors
from images.errors import ImageBuildError, InputGone

LOCK: Final = Path(__file__).with_name("debian.lock")
"""The lock file."""

WANTED: Final = Path(__file__).with_name("wanted.toml")
"""Which packages are wanted, and why."""

_HEAD: Final = "# Renewed by `make lock`: group, package, version, archive, path in it, bytes, SHA-256.\n"
_FIELDS: Final = 7


@dataclass(frozen=True, order=True)
class LockedPackage:
    """One package file."""

    group: str
    name: str
    version: str
    archive: str
    path: str
    size: int
    sha256: str


def read_lock(path: Path = LOCK) -> list[LockedPackage]:
    """Read the lock.

    Raises:
        InputGone: a line is not what it should be.
    """
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        words = line.split(" ")
        if len(words) != _FIELDS or not words[5].isdecimal() or not re.fullmatch(r"[0-9a-f]{64}", words[6]):
            raise InputGone(f"line {number} of {path.name} is no locked package; renew the file with `make lock`")
        name, package, version, archive, place, size, sha256 = words
        found.append(LockedPackage(name, package, version, archive, place, int(size), sha256))
    return found


def write_lock(packages: list[LockedPackage], path: Path = LOCK) -> None:
    """Write the lock."""
    lines = [" ".join(str(field) for field in astuple(package)) for package in sorted(packages)]
    path.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")


def group(name: str, path: Path = LOCK) -> list[LockedPackage]:
    """The locked packages of one group.

    Raises:
        InputGone: there is none.
    """
    found = [package for package in read_lock(path) if package.group == name]
    if not found:
        raise InputGone(f"{path.name} has no package of the group {name}; renew it with `make lock`")
    return found


def renew() -> list[LockedPackage]:
    """Look up every wanted package in the archive as it is now.

    Raises:
        InputGone: the archive has no such package.
        MachineLacks: this machine knows no Debian archive.
    """
    wanted = tomllib.loads(WANTED.read_text(encoding="utf-8"))
    known = mirrors()
    found: list[LockedPackage] = []
    with scratch_beside(cache_folder() / "apt") as scratch:
        apt = PrivateApt(scratch, known)
        apt.run("apt-get", "update", "-q")
        for name, entry in wanted.items():
            found += [_look_up(apt, name, package) for package in entry["packages"]]
    return found


def _look_up(apt: PrivateApt, name: str, package: str) -> LockedPackage:
    stanza = apt.run("apt-cache", "show", "--no-all-versions", package)
    fields = dict(re.findall(r"^([A-Z][\w-]*): (.+)$", stanza, re.MULTILINE))
    try:
        path = fields["Filename"]
        # Debian's two archives keep their files in pools of different names.
        archive = "debian-security" if path.startswith("pool/updates/") else "debian"
        return LockedPackage(name, package, fields["Version"], archive, path, int(fields["Size"]), fields["SHA256"])
    except KeyError as missing:
        raise InputGone(f"the archive says nothing of {package}'s {missing}; correct {WANTED.name}") from None


def main() -> int:
    """Renew the lock and say what changed."""
    before = {(package.group, package.name): package.version for package in read_lock()} if LOCK.is_file() else {}
    try:
        packages = renew()
    except ImageBuildError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    write_lock(packages)
    for package in packages:
        old = before.get((package.group, package.name), "new")
        if old != package.version:
            say(f"{package.name}: {old} -> {package.version}")
    say(f"{LOCK.name}: {len(packages)} packages; changed packages change the PCRs: build with `make eif`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
