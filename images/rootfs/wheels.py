"""The Python packages of the image: which wheel each is, by name and SHA-256, and what of it is taken.

`requirements/enclave.lock` pins versions with the hashes of all their files; `wheels.lock` pins the one wheel of each
that the image's Python on x86_64 takes. `python3 -m images.rootfs.wheels` writes it anew.
"""

from __future__ import annotations

import re
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.common import ROOT, cache_folder, run, say, scratch_beside, sha256_of
from images.errors import ContentRefused, ImageBuildError, InputGone, StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

REQUIREMENTS: Final = ROOT / "requirements" / "enclave.lock"
LOCK: Final = Path(__file__).with_name("wheels.lock")

_HEAD: Final = "# Renewed by `make lock`: name, version, wheel, SHA-256.\n"
_PLATFORMS: Final = tuple(f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1))
_LEFT: Final = re.compile(
    r"(^|/)(tests?|testing)/|\.(pyi|pyx|pxd|pxi|c|h|hash|proto)$|/py\.typed$|\.dist-info/(?!METADATA$)|\.data/"
)
"""What of a wheel is not taken: tests, sources and stubs, and all of its description but the metadata."""


@dataclass(frozen=True, order=True)
class Wheel:
    """One wheel."""

    name: str
    version: str
    file: str
    sha256: str


def required(text: str) -> dict[str, str]:
    """The names and versions of a requirements lock."""
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, re.MULTILINE))


def read_lock(path: Path = LOCK, requirements: Path = REQUIREMENTS) -> list[Wheel]:
    """Read the lock.

    Raises:
        InputGone: it does not fit the requirements.
    """
    lines = [line.split(" ") for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    if any(len(words) != 4 for words in lines):
        raise InputGone(f"a line of {path.name} is no wheel; renew the file with `make lock`")
    wheels = [Wheel(*words) for words in lines]
    if {wheel.name: wheel.version for wheel in wheels} != required(requirements.read_text(encoding="utf-8")):
        raise InputGone(f"{path.name} does not fit {requirements.name}; renew it with `make lock`")
    return wheels


def fetch(wheels: list[Wheel]) -> dict[str, Path]:
    """Give the wheels' files by package name, from the cache or from the package index.

    Raises:
        InputGone: one cannot be had, or is not the locked one.
    """
    store = cache_folder() / "wheels"
    store.mkdir(parents=True, exist_ok=True)
    places = {wheel.name: store / wheel.sha256 / wheel.file for wheel in wheels}
    missing = [wheel for wheel in wheels if not places[wheel.name].is_file()]
    if missing:
        with scratch_beside(store / "download") as scratch:
            lines = [f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}" for wheel in missing]
            _download(lines, scratch)
            for wheel in missing:
                file = scratch / wheel.file
                if not file.is_file() or sha256_of(file) != wheel.sha256:
                    raise InputGone(f"{wheel.file} is not the locked one; renew {LOCK.name} with `make lock`")
                places[wheel.name].parent.mkdir(exist_ok=True)
                file.replace(places[wheel.name])
    return places


def _download(requirements: list[str], target: Path) -> None:
    listed = target / "requirements.txt"
    listed.write_text("\n".join(requirements) + "\n", encoding="utf-8")
    words = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "-q",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
    ]
    words += ["--only-binary", ":all:", "--implementation", "cp", "--python-version", "3.11"]
    words += [part for platform in (*_PLATFORMS, "manylinux2014_x86_64") for part in ("--platform", platform)]
    try:
        run([*words, "-r", str(listed), "-d", str(target)])
    except StepFailed as error:
        raise InputGone(f"a locked wheel cannot be had; renew {LOCK.name} with `make lock`.\n{error}") from error


def taken(file: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a wheel that the image holds.

    Raises:
        ContentRefused: a path leads out of the folder.
    """
    with zipfile.ZipFile(file) as packed:
        for name in sorted(packed.namelist()):
            if name.endswith("/") or _LEFT.search(name):
                continue
            if name.startswith("/") or ".." in name.split("/"):
                raise ContentRefused(f"{file.name} holds {name!r}, which leads out of its folder")
            yield name, packed.read(name)


def main() -> int:
    """Renew the lock."""
    wanted = REQUIREMENTS.read_text(encoding="utf-8")
    try:
        with scratch_beside(cache_folder() / "wheels-lock") as scratch:
            _download(wanted.splitlines(), scratch)
            names = {re.sub(r"[-_.]+", "_", name).lower(): name for name in required(wanted)}
            wheels = []
            for file in sorted(scratch.glob("*.whl")):
                name, version = file.name.split("-")[:2]
                wheels.append(Wheel(names[re.sub(r"[-_.]+", "_", name).lower()], version, file.name, sha256_of(file)))
    except ImageBuildError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    lines = [f"{wheel.name} {wheel.version} {wheel.file} {wheel.sha256}" for wheel in sorted(wheels)]
    LOCK.write_text(_HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    say(f"{LOCK.name}: {len(wheels)} wheels")
    return 0


if __name__ == "__main__":
    sys.exit(main())
