"""The rules of the root file system, each broken once; and what of our packages is in it."""

import ast
import sys
from pathlib import Path

import pytest

from images.common import ROOT
from images.eif.tree import Tree
from images.errors import ContentRefused
from images.rootfs import build, rules

ELF = Path("/bin/true")


def tree(*paths):
    found = Tree()
    for path in paths:
        found.file(path, b"x")
    return found


@pytest.mark.parametrize(
    "path",
    [
        "opt/k3s-daas/code/attestation/sim/pki.py",
        "opt/k3s-daas/code/enclave/sandbox.py",
        "opt/k3s-daas/code/enclave/__pycache__/namespaces.cpython-311.pyc",
        "opt/k3s-daas/code/localnet/__init__.py",
        "opt/k3s-daas/code/tests/test_x.py",
        "usr/bin/sh",
        "usr/bin/busybox",
        "usr/bin/apt-get",
        "usr/bin/dpkg",
        "opt/k3s-daas/packages/pip/__init__.py",
        "usr/bin/gdb",
        "opt/k3s-daas/code/.git/config",
    ],
)
def test_what_must_not_be_in_a_release_is_refused_by_name(path):
    with pytest.raises(ContentRefused, match=path):
        rules.check_tree(tree(path))


def test_a_program_that_is_none_of_the_images_is_refused():
    found = Tree()
    found.file("usr/bin/tool", b"x", executable=True)
    with pytest.raises(ContentRefused, match=r"usr/bin/tool can be run"):
        rules.check_tree(found)


def test_a_certificate_outside_the_public_roots_is_refused():
    found = Tree()
    text = b"-----BEGIN CERTIFICATE-----\n" + b"MIIB" * 80 + b"\n-----END CERTIFICATE-----\n"
    found.file("etc/ssl/certs/ca-certificates.crt", text)
    rules.check_tree(found)
    found.file("opt/k3s-daas/code/attestation/root.pem", text)
    with pytest.raises(ContentRefused, match=r"root\.pem holds a certificate"):
        rules.check_tree(found)


@pytest.mark.skipif(not ELF.exists(), reason="this machine has no /bin/true")
def test_a_library_that_is_not_there_is_named():
    found = Tree()
    found.file("opt/k3s-daas/k3s", ELF, executable=True)
    with pytest.raises(ContentRefused, match=r"opt/k3s-daas/k3s needs libc\.so\.6"):
        rules.check_tree(found)
    found.link("usr/lib/x86_64-linux-gnu/libc.so.6", "libc-2.so")
    with pytest.raises(ContentRefused, match=r"needs libc\.so\.6"):
        rules.check_tree(found)
    found.file("usr/lib/x86_64-linux-gnu/libc-2.so", b"")
    rules.check_tree(found)


def ours():
    return dict(build.our_files(ROOT))


def test_no_simulation_test_or_stub_of_ours_is_in_the_image():
    assert not [name for name in ours() if "/sim/" in name or name.endswith((".pyi", ".proto", ".pyc"))]
    assert not {"enclave/sandbox.py", "enclave/namespaces.py"} & set(ours())
    assert {"enclave/__main__.py", "attestation/nsm.py", "wire/vsock.py"} <= set(ours())


def imported(source):
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_our_files_import_of_us_is_in_the_image():
    present = {name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in ours()}
    everything = {
        path.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__").replace("/", ".")
        for package in (*build.PACKAGES, "localnet", "parent", "cli")
        for path in (ROOT / package).rglob("*.py")
    }
    lacking = {
        f"{name} imports {module}"
        for name, path in ours().items()
        if name.endswith(".py")
        for module in imported(path.read_text())
        if module in everything - present
    }
    assert lacking == set()


def test_standard_modules_that_are_left_out_are_not_imported_by_us():
    left = {"curses", "dbm", "sqlite3", "unittest", "venv", "pdb", "pydoc", "smtplib", "ftplib", "turtle", "distutils"}
    assert left <= set(sys.stdlib_module_names) | {"distutils"}
    for name, path in ours().items():
        if name.endswith(".py"):
            assert not left & {module.partition(".")[0] for module in imported(path.read_text())}, name
