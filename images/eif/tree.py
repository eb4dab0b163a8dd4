"""A tree of files in memory, as it will stand in a ramdisk: owners, modes and times come from here, never from a disk.

Rules: paths are relative, without `.` or `..`; everything belongs to root; a file is 0644 or 0755, a folder 0755 unless
said otherwise; nothing is put in twice; folders appear by themselves above what is put in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from images.errors import ContentRefused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER_MODE = 0o755
"""The mode of a folder that nobody said anything of."""


class Kind(Enum):
    """What an entry is."""

    FOLDER = "folder"
    FILE = "file"
    LINK = "link"


@dataclass(frozen=True)
class Entry:
    """One entry: a file's bytes, or where they are read from; or a link's target."""

    kind: Kind
    mode: int
    data: bytes = b""
    source: Path | None = None
    target: str = ""

    def content(self) -> bytes:
        """The bytes of the file, or the link's target."""
        if self.kind is Kind.LINK:
            return self.target.encode()
        return self.data if self.source is None else self.source.read_bytes()


@dataclass
class Tree:
    """Entries by path."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def file(self, path: str, data: bytes | Path, *, executable: bool = False) -> None:
        """Put in a file."""
        mode = 0o755 if executable else 0o644
        if isinstance(data, bytes):
            self._put(path, Entry(Kind.FILE, mode, data))
        else:
            self._put(path, Entry(Kind.FILE, mode, source=data))

    def link(self, path: str, target: str) -> None:
        """Put in a symbolic link."""
        self._put(path, Entry(Kind.LINK, 0o777, target=target))

    def folder(self, path: str, mode: int = FOLDER_MODE) -> None:
        """Put in a folder; it may be there already with the same mode."""
        found = self.entries.get(path)
        if found == Entry(Kind.FOLDER, mode):
            return
        self._put(path, Entry(Kind.FOLDER, mode))

    def files(self) -> Iterator[tuple[str, Entry]]:
        """The files, by path."""
        return ((path, entry) for path, entry in sorted(self.entries.items()) if entry.kind is Kind.FILE)

    def below(self, prefix: str) -> Tree:
        """The same tree, one folder deeper."""
        moved = Tree()
        moved.folder(prefix)
        for path, entry in self.entries.items():
            moved.entries[f"{prefix}/{path}"] = entry
        return moved

    def _put(self, path: str, entry: Entry) -> None:
        parts = path.split("/")
        if not path or any(part in {"", ".", ".."} or "\0" in part for part in parts):
            raise ContentRefused(f"{path!r} is no path inside an image")
        if path in self.entries:
            raise ContentRefused(f"{path} is put into the image twice")
        for depth in range(1, len(parts)):
            above = "/".join(parts[:depth])
            found = self.entries.setdefault(above, Entry(Kind.FOLDER, FOLDER_MODE))
            if found.kind is not Kind.FOLDER:
                raise ContentRefused(f"{above} is no folder, but {path} is put below it")
        self.entries[path] = entry
