"""The rules that a root file system keeps: libraries complete, nothing forbidden, no program that is not needed."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

from images.eif.tree import Kind
from images.errors import ContentRefused

if TYPE_CHECKING:
    from images.eif.tree import Tree

PROGRAMS: Final = frozenset({"usr/bin/python3.11", "opt/k3s-daas/k3s", "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"})
"""The only files that may be run by themselves."""

_FORBIDDEN: Final = {
    "simulation code": re.compile(r"(^|/)(sim|simulator|localnet|sandbox|namespaces)(/|\.|$)|(^|/)tests?/"),
    "a shell or a package manager": re.compile(
        r"(^|/)(sh|bash|dash|ash|busybox|zsh|apt|apt-get|dpkg|pip|pip3|ensurepip|easy_install|setuptools)(/|\.|$)"
    ),
    "a debugger": re.compile(r"(^|/)(gdb|strace|pdb)(/|\.|$)"),
    "what is not ours to ship": re.compile(r"(^|/)(\.git|\.venv|node_modules|requirements|Makefile)(/|$)"),
}
_ROOTS: Final = re.compile(rb"-----BEGIN CERTIFICATE-----\s+[A-Za-z0-9+/=\s]{200,}-----END")
_MAY_HOLD_ROOTS: Final = frozenset(
    {
        "etc/ssl/certs/ca-certificates.crt",
        "opt/k3s-daas/packages/grpc/_cython/_credentials/roots.pem",
    }
)
"""Files that hold certificates: Mozilla's, and gRPC's copy of them."""

_LIBRARIES: Final = "usr/lib/x86_64-linux-gnu"
_ELF: Final = b"\x7fELF\x02\x01"
_DYNAMIC, _STRINGS_AT, _NEEDED, _LOAD = 2, 5, 1, 1


def check_tree(tree: Tree) -> None:
    """Hold a tree against the rules.

    Raises:
        ContentRefused: it breaks one; all that do are named.
    """
    told = forbidden(tree) + undesired_programs(tree) + missing_libraries(tree) + foreign_roots(tree)
    if told:
        raise ContentRefused("the root file system breaks its rules:\n  " + "\n  ".join(told))


def forbidden(tree: Tree) -> list[str]:
    """Name what must not be in a release image."""
    return [
        f"{path} is {what}"
        for path in sorted(tree.entries)
        for what, pattern in _FORBIDDEN.items()
        if pattern.search(path) and not _standard(path)
    ]


def _standard(path: str) -> bool:
    """Parts of Python and its packages that have such a name by chance."""
    return path.startswith(("usr/lib/python3.11/", "opt/k3s-daas/packages/")) and not re.search(
        r"(^|/)(sim|pip)/", path
    )


def undesired_programs(tree: Tree) -> list[str]:
    """Name files that can be run and are not among the programs, and anything that changes its user."""
    return [
        f"{path} can be run, and is none of the image's programs"
        for path, entry in tree.files()
        if entry.mode & 0o7111 and path not in PROGRAMS
    ]


def foreign_roots(tree: Tree) -> list[str]:
    """Name files with certificates that are not the public roots."""
    return [
        f"{path} holds a certificate"
        for path, entry in tree.files()
        if path not in _MAY_HOLD_ROOTS and path not in PROGRAMS and _ROOTS.search(entry.content())
    ]


def missing_libraries(tree: Tree) -> list[str]:
    """Name libraries that a program or library of the tree needs and that are not where the loader looks."""
    told: list[str] = []
    # A wheel brings libraries of its own in a folder beside its package.
    brought = {path.rpartition("/")[2] for path in tree.entries if ".libs/" in path}
    for path, entry in tree.files():
        content = entry.content()
        if not content.startswith(_ELF):
            continue
        told += [
            f"{path} needs {name}"
            for name in needed(content)
            if name not in brought and not _is_there(tree, f"{_LIBRARIES}/{name}")
        ]
    return told


def _is_there(tree: Tree, path: str) -> bool:
    entry = tree.entries.get(path)
    if entry is not None and entry.kind is Kind.LINK:
        return f"{_LIBRARIES}/{entry.target.rpartition('/')[2]}" in tree.entries
    return entry is not None


def needed(content: bytes) -> list[str]:
    """The libraries that a 64-bit ELF file asks for."""
    offset, size, count = struct.unpack_from("<Q", content, 32)[0], *struct.unpack_from("<HH", content, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", content, offset + size * number) for number in range(count)]
    loads = [(at, start, length) for kind, _, start, at, _, length, _, _ in headers if kind == _LOAD]
    for kind, _, start, _, _, length, _, _ in headers:
        if kind == _DYNAMIC:
            entries = list(struct.iter_unpack("<qQ", content[start : start + length - length % 16]))
            strings = next(value for tag, value in entries if tag == _STRINGS_AT)
            base = next(where + strings - at for at, where, room in loads if at <= strings < at + room)
            return [_text(content, base + value) for tag, value in entries if tag == _NEEDED]
    return []


def _text(content: bytes, at: int) -> str:
    return content[at : content.index(b"\0", at)].decode()
