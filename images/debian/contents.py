"""Reads the files of a Debian package without writing any: what lies in it, chosen by patterns."""

from __future__ import annotations

import io
import re
import subprocess
import tarfile
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from images.errors import ContentRefused, StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True)
class PackedFile:
    """A file of a package, or a link if `target` is not empty."""

    path: str
    data: bytes
    target: str


@dataclass(frozen=True)
class Selection:
    """Which paths of a package are taken: those that a `keep` pattern names and no `leave` pattern does."""

    keep: tuple[str, ...]
    leave: tuple[str, ...] = ()
    _used: set[str] = field(default_factory=set, compare=False, repr=False)

    def takes(self, path: str) -> bool:
        """Whether a path is taken."""
        kept = [pattern for pattern in self.keep if matches(pattern, path)]
        left = [pattern for pattern in self.leave if kept and matches(pattern, path)]
        self._used.update(kept, left)
        return bool(kept) and not left

    def unused(self) -> list[str]:
        """Patterns that matched nothing so far."""
        return sorted({*self.keep, *self.leave} - self._used)


def matches(pattern: str, path: str) -> bool:
    """Whether a path is of a pattern: `*` stays inside a folder, `**` crosses folders."""
    parts = re.split(r"(\*\*|\*)", pattern)
    words = {"**": ".*", "*": "[^/]*"}
    return re.fullmatch("".join(words.get(part, re.escape(part)) for part in parts), path) is not None


def selected(package: str, archive: Path, selection: Selection) -> Iterator[PackedFile]:
    """Give the taken files of a package.

    Raises:
        ContentRefused: a pattern matches nothing, or a taken entry is neither file nor link.
        StepFailed: the package cannot be read.
    """
    try:
        unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(archive)], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise StepFailed(f"the package {package} cannot be taken apart: {error}") from error
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as packed:
        for member in packed:
            path = member.name.removeprefix("./")
            if member.isdir() or not selection.takes(path):
                continue
            if member.issym():
                yield PackedFile(path, b"", member.linkname)
                continue
            source = packed.extractfile(member)
            if source is None:
                raise ContentRefused(f"{path} of {package} is neither a file nor a link")
            yield PackedFile(path, source.read(), "")
    if selection.unused():
        raise ContentRefused(
            f"the package {package} has nothing under {', '.join(selection.unused())}; correct images/rootfs/keep.toml"
        )
