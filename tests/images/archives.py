"""An independent reader of the ramdisks' archives."""

from __future__ import annotations

from dataclasses import dataclass

HEAD = 110


@dataclass(frozen=True)
class Archived:
    path: str
    mode: int
    uid: int
    gid: int
    mtime: int
    content: bytes


def read_archive(source):
    """Every entry of a newc archive; it must end with its trailer."""
    found = []
    while True:
        head = source.read(HEAD)
        assert head[:6] == b"070701"
        fields = [int(head[6 + 8 * n : 14 + 8 * n], 16) for n in range(13)]
        _, mode, uid, gid, _, mtime, size, *_, name_size, _ = fields
        name = source.read(name_size + -(HEAD + name_size) % 4)[: name_size - 1].decode()
        content = source.read(size + -size % 4)[:size]
        if name == "TRAILER!!!":
            assert not source.read()
            return found
        found.append(Archived(name, mode, uid, gid, mtime, content))
