"""The two ramdisks: init, which PCR1 covers with the kernel; and the root file system, which PCR2 covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from images.common import run
from images.eif import cpio
from images.eif.tree import Tree

if TYPE_CHECKING:
    from pathlib import Path

    from images.debian.toolchain import Toolchain

ROOT_FOLDER: Final = "rootfs"
"""Where init finds the root file system in the initramfs."""

LEVEL: Final = 12
"""zstd's level: three more cost a minute and save two percent."""


def init_tree(init: bytes) -> Tree:
    """The first ramdisk: init and the folder that it mounts devices on."""
    tree = Tree()
    tree.folder("dev")
    tree.file("init", init, executable=True)
    return tree


def pack(tree: Tree, toolchain: Toolchain, scratch: Path) -> bytes:
    """Give a tree as a compressed archive; the same tree gives the same bytes.

    Raises:
        StepFailed: the compressor stopped.
    """
    archive, packed = scratch / "ramdisk.cpio", scratch / "ramdisk.cpio.zst"
    with archive.open("wb") as sink:
        cpio.write(tree, sink)
    # The number of threads does not change the result, as long as there is one at least.
    words = [str(toolchain.programs / "zstd"), f"-{LEVEL}", "-T2", "-q", "-f", "-o", str(packed), str(archive)]
    run(words, environment=toolchain.environment())
    archive.unlink()
    try:
        return packed.read_bytes()
    finally:
        packed.unlink()
