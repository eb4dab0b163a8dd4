"""`make eif-repro`: builds the image twice under different circumstances and compares every byte of the results.

The two builds differ in folder, cache, user, umask, locale, time zone and time of day; each has a toolchain unpacked
anew. With `--assemble-only` the kernel that is built already is used by both: the assembling step, in a minute or two.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from images.common import BUILD, cache_folder, say, sha256_of  # noqa: E402 - the checkout is put on the path first
from images.eif.build import NAME  # noqa: E402
from images.rootfs.build import PACKAGES  # noqa: E402

_INPUTS: Final = ("images", *PACKAGES, "requirements", "pyproject.toml")
_DOWNLOADS: Final = ("debian", "wheels")
_RESULTS: Final = (f"{NAME}.eif", f"{NAME}.pcrs.json", f"{NAME}.sbom.json")


@dataclass(frozen=True)
class Circumstances:
    """What differs between two builds and must not matter."""

    folder: str
    umask: int
    variables: dict[str, str]
    words: tuple[str, ...]
    """What is put before the command."""


FIRST: Final = Circumstances("a", 0o022, {"LC_ALL": "C", "TZ": "UTC", "USER": "root"}, ())
SECOND: Final = Circumstances(
    "second/with-a-longer-name",
    0o077,
    {"LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Tokyo", "USER": "somebody", "PYTHONHASHSEED": "7"},
    ("unshare", "--user", "--map-user=4242", "--map-group=4242", "--"),
)


def prepare(place: Path, *, kernels: bool) -> None:
    """Copy checkout, Kubernetes binary and downloads to a place; with the built kernels, if wanted."""
    checkout, cache = place / "checkout", place / "cache" / "k3s-daas"
    cache.mkdir(parents=True)
    for name in _INPUTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, checkout / name)
    (checkout / "build").mkdir()
    shutil.copy(BUILD / "k3s", checkout / "build" / "k3s")
    kept = cache_folder()
    for name in _DOWNLOADS:
        shutil.copytree(kept / name, cache / name)
    if kernels:
        for kernel in kept.glob("kernel-*"):
            if kernel.is_dir():
                shutil.copytree(kernel, cache / kernel.name)


def build(place: Path, circumstances: Circumstances) -> None:
    """Build the image of a prepared place."""
    keep = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    script = place / "checkout" / "images" / "eif" / "build.py"
    subprocess.run(
        [*circumstances.words, sys.executable, str(script)],
        cwd=place,
        env={**keep, **circumstances.variables, "XDG_CACHE_HOME": str(place / "cache")},
        umask=circumstances.umask,
        check=True,
    )


def main() -> int:
    """Build twice and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assemble-only", action="store_true", help="use the kernel that is built already")
    options = parser.parse_args()
    different = []
    with tempfile.TemporaryDirectory(prefix="k3s-daas-repro-") as scratch:
        folders = []
        for circumstances in (FIRST, SECOND):
            place = Path(scratch) / circumstances.folder
            place.mkdir(parents=True)
            say(f"building with umask {circumstances.umask:03o} and {circumstances.variables}")
            prepare(place, kernels=options.assemble_only)
            try:
                build(place, circumstances)
            except subprocess.CalledProcessError as error:
                sys.stderr.write(f"error: a build ended with code {error.returncode}\n")
                return 1
            folders.append(place / "checkout" / "build")
        for name in _RESULTS:
            one, other = (sha256_of(folder / name) for folder in folders)
            say(f"{name}: {one} {'=' if one == other else '!='} {other}")
            if one != other:
                different.append(name)
    if different:
        sys.stderr.write(f"error: the two builds differ in {', '.join(different)}\n")
        return 1
    say("the two builds are equal, byte for byte")
    return 0


if __name__ == "__main__":
    sys.exit(main())
