"""Adds compiled Python to a tree, made by the tree's own interpreter: eight processes start without compiling anything.

Rules: the interpreter, its libraries and its modules are those of the image, started beside the system and not in it;
hash seed and locale are fixed; a file that does not compile fails the build.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.errors import StepFailed

if TYPE_CHECKING:
    from images.eif.tree import Tree

PYTHON: Final = "usr/bin/python3.11"
"""The image's interpreter."""

_LOADER: Final = "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"
_LIBRARIES: Final = "usr/lib/x86_64-linux-gnu"
_SCRIPT: Final = Path(__file__).with_name("compile_inside.py")
_CACHE: Final = "__pycache__"


def lay_out(tree: Tree, folder: Path) -> None:
    """Write what the interpreter needs of a tree, and every Python source, into a folder."""
    for path, entry in tree.files():
        if path.endswith((".py", ".so")) or path.startswith(("usr/lib/", PYTHON)):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(entry.content())
            place.chmod(entry.mode)
    for path, entry in tree.entries.items():
        if entry.target and path.startswith(f"{_LIBRARIES}/") and not (folder / path).exists():
            (folder / path).symlink_to(entry.target)


def interpreter(folder: Path) -> tuple[list[str], dict[str, str]]:
    """The words and the environment that start the laid-out interpreter."""
    words = [str(folder / _LOADER), "--library-path", str(folder / _LIBRARIES), str(folder / PYTHON), "-S", "-s", "-B"]
    environment = {
        "PATH": os.defpath,
        "PYTHONHOME": str(folder / "usr"),
        "PYTHONHASHSEED": "0",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    return words, environment


def add_bytecode(tree: Tree, scratch: Path) -> int:
    """Compile every Python file of a tree and put the results in; gives how many.

    Raises:
        StepFailed: a file does not compile.
    """
    lay_out(tree, scratch)
    sources = [path for path, _ in tree.files() if path.endswith(".py")]
    words, environment = interpreter(scratch)
    listed = "".join(f"{scratch / path}\t/{path}\n" for path in sources)
    done = subprocess.run(
        [*words, str(_SCRIPT)], input=listed, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        tail = "\n".join(done.stderr.splitlines()[-10:])
        raise StepFailed(f"the image's Python did not compile what is in the image:\n{tail}")
    for path in sources:
        place = scratch / path
        compiled = place.parent / _CACHE / f"{place.stem}.cpython-311.pyc"
        tree.file(str(compiled.relative_to(scratch)), compiled.read_bytes())
    return len(sources)
