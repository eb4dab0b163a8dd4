"""Puts the root file system together as a tree: what is in it, and nothing else.

Role: Debian's files (`keep.toml`), the locked wheels, our packages, the Kubernetes binary, a few settings; compiled
Python beside its sources. The tree is then checked: every library that a program needs is there, and no forbidden
file is.
"""

from __future__ import annotations

import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.common import ROOT
from images.debian import archive, lock
from images.debian.contents import Selection, selected
from images.debian.toolchain import downloads
from images.eif.tree import Tree
from images.errors import ContentRefused, MachineLacks
from images.rootfs import bytecode, wheels
from images.rootfs.rules import PROGRAMS, check_tree

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE: Final = Path(__file__).resolve().parent
PACKAGES: Final = ("attestation", "chain", "enclave", "gateway", "sui", "wire")
"""Our packages that the enclave runs."""

CODE: Final = "opt/k3s-daas/code"
WHEELS: Final = "opt/k3s-daas/packages"
KUBERNETES: Final = "opt/k3s-daas/k3s"

_SIMULATION: Final = ("attestation/sim/", "enclave/sandbox.py", "enclave/namespaces.py")
"""What plays the hypervisor on a developer's machine."""

_TAKEN: Final = (".py", ".json")
_CERTIFICATES: Final = "usr/share/ca-certificates/mozilla/"
_BUNDLE: Final = "etc/ssl/certs/ca-certificates.crt"
_ACCOUNTS: Final = {
    "root": 0, "broker": 2001, "signer": 2002, "egress": 2003, "executor": 2004, "gateway": 2005, "front": 2006,
    "kubernetes": 2007, "nobody": 65534,
}  # fmt: skip
_SETTINGS: Final = {
    "etc/passwd": "".join(f"{name}:x:{uid}:{uid}::/:/bin/false\n" for name, uid in _ACCOUNTS.items()),
    "etc/group": "".join(f"{name}:x:{uid}:\n" for name, uid in _ACCOUNTS.items()),
    "etc/hosts": "127.0.0.1 localhost\n10.77.0.1 enclave\n",
    "etc/hostname": "enclave\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "etc/resolv.conf": "",
}
_FOLDERS: Final = {"dev": 0o755, "proc": 0o555, "sys": 0o555, "run": 0o755, "tmp": 0o1777, "var": 0o755}


def build(kubernetes: Path) -> Tree:
    """Give the root file system.

    Args:
        kubernetes: the binary that serves Kubernetes.

    Raises:
        ImageBuildError: an input cannot be had, or the result breaks a rule.
    """
    if not kubernetes.is_file():
        raise MachineLacks(f"{kubernetes.name} is not built yet: `python3 tools/build.py kubernetes`")
    tree = Tree()
    for name, target in (("bin", "usr/bin"), ("lib", "usr/lib"), ("lib64", "usr/lib64")):
        tree.link(name, target)
    for name, mode in _FOLDERS.items():
        tree.folder(name, mode)
    _add_debian(tree)
    for path, text in _SETTINGS.items():
        tree.file(path, text.encode())
    _add_wheels(tree)
    for name, file in our_files(ROOT):
        tree.file(f"{CODE}/{name}", file.read_bytes())
    with tempfile.TemporaryDirectory(prefix="k3s-daas-rootfs-") as scratch:
        bytecode.add_bytecode(tree, Path(scratch))
    tree.file(KUBERNETES, kubernetes, executable=True)
    check_tree(tree)
    return tree


def our_files(root: Path) -> Iterable[tuple[str, Path]]:
    """The files of our packages that the image holds, with their paths."""
    for package in PACKAGES:
        for file in sorted((root / package).rglob("*")):
            name = file.relative_to(root).as_posix()
            if (
                file.is_file()
                and file.suffix in _TAKEN
                and not name.startswith(_SIMULATION)
                and "__pycache__" not in name
            ):
                yield name, file


def _add_debian(tree: Tree) -> None:
    chosen = tomllib.loads((HERE / "keep.toml").read_text(encoding="utf-8"))
    packages = lock.group("rootfs")
    if set(chosen) != {package.name for package in packages}:
        raise ContentRefused("keep.toml and the lock's group rootfs do not name the same packages")
    files = archive.fetch(packages, downloads())
    certificates = []
    for package in packages:
        rules = chosen[package.name]
        selection = Selection(tuple(rules["keep"]), tuple(rules.get("leave", ())))
        for packed in selected(package.name, files[package.name], selection):
            if packed.path.startswith(_CERTIFICATES):
                certificates.append(packed)
                continue
            # Debian's folders of before the merge of / and /usr
            path = f"usr/{packed.path}" if packed.path.startswith(("lib/", "lib64/")) else packed.path
            if packed.target:
                tree.link(path, packed.target)
            else:
                tree.file(path, packed.data, executable=path in PROGRAMS)
    certificates.sort(key=lambda packed: packed.path)
    tree.file(_BUNDLE, b"".join(packed.data.rstrip(b"\n") + b"\n" for packed in certificates))
    # Where OpenSSL looks by itself
    tree.link("usr/lib/ssl/cert.pem", f"/{_BUNDLE}")
    tree.link("usr/lib/ssl/certs", "/etc/ssl/certs")


def _add_wheels(tree: Tree) -> None:
    locked = wheels.read_lock()
    files = wheels.fetch(locked)
    for wheel in locked:
        for name, data in wheels.taken(files[wheel.name]):
            tree.file(f"{WHEELS}/{name}", data)
