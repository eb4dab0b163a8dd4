"""What is taken out of a package: by pattern, and no pattern for nothing."""

import shutil
import subprocess

import pytest

from images.debian.contents import Selection, matches, selected
from images.errors import ContentRefused


@pytest.mark.parametrize(
    ("pattern", "path", "is_of"),
    [
        ("usr/lib/**", "usr/lib/a/b.py", True),
        ("usr/lib/*", "usr/lib/a/b.py", False),
        ("usr/lib/*.py", "usr/lib/b.py", True),
        ("usr/lib/libz.so.1*", "usr/lib/libz.so.1.2.13", True),
        ("usr/lib/libz.so.1", "usr/lib/libz_so_1", False),
        ("lib/x", "usr/lib/x", False),
    ],
)
def test_one_star_stays_in_a_folder_and_two_cross_folders(pattern, path, is_of):
    assert matches(pattern, path) is is_of


@pytest.fixture
def package(tmp_path):
    if shutil.which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is not on this machine")
    root = tmp_path / "root"
    (root / "DEBIAN").mkdir(parents=True)
    (root / "DEBIAN/control").write_text(
        "Package: x\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\nDescription: x\n"
    )
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/tool").write_text("tool")
    (root / "usr/bin/sh").write_text("shell")
    (root / "usr/bin/link").symlink_to("tool")
    subprocess.run(
        ["dpkg-deb", "--build", "-Znone", str(root), str(tmp_path / "x.deb")], check=True, capture_output=True
    )
    return tmp_path / "x.deb"


def test_files_and_links_are_taken_unless_left(package):
    found = list(selected("x", package, Selection(("usr/bin/*",), ("usr/bin/sh",))))
    assert sorted((file.path, file.data, file.target) for file in found) == [
        ("usr/bin/link", b"", "tool"),
        ("usr/bin/tool", b"tool", ""),
    ]


def test_a_pattern_for_nothing_is_refused_by_name(package):
    with pytest.raises(ContentRefused, match=r"nothing under usr/bin/gone"):
        list(selected("x", package, Selection(("usr/bin/tool", "usr/bin/gone"))))
