"""Writes the `newc` form of cpio that the kernel unpacks, so that the same tree gives the same bytes.

Entries stand sorted by path with folders before what is in them; inode numbers count up; owner, device and time are
zero. Source of the format: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from images.eif.tree import Entry, Kind, Tree

if TYPE_CHECKING:
    from typing import BinaryIO

_TYPES: Final = {Kind.FOLDER: 0o040000, Kind.FILE: 0o100000, Kind.LINK: 0o120000}
_ALIGNMENT: Final = 4
_END: Final = "TRAILER!!!"


def write(tree: Tree, sink: BinaryIO) -> None:
    """Write a tree as one archive."""
    for number, path in enumerate(sorted(tree.entries, key=lambda path: path.split("/")), 1):
        entry = tree.entries[path]
        content = b"" if entry.kind is Kind.FOLDER else entry.content()
        sink.write(_header(number, _TYPES[entry.kind] | entry.mode, _links(entry), len(content), path))
        sink.write(_padded(content))
    sink.write(_header(0, 0, 1, 0, _END))


def _links(entry: Entry) -> int:
    return 2 if entry.kind is Kind.FOLDER else 1


def _header(inode: int, mode: int, links: int, size: int, path: str) -> bytes:
    name = path.encode() + b"\0"
    fields = (inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(name), 0)
    return _padded(b"070701" + b"".join(b"%08X" % field for field in fields) + name)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % _ALIGNMENT)
