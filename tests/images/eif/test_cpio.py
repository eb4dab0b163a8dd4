"""The ramdisks' archives: read back by an independent reader, and the same bytes whatever the order of putting in."""

import io
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from images.eif import cpio
from images.eif.tree import Tree
from images.errors import ContentRefused
from tests.images.archives import read_archive

NAMES = st.text("abcdefgh-.", min_size=1, max_size=6).filter(lambda name: name not in {".", ".."})
FILES = st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=40), max_size=12)


def archive(tree):
    sink = io.BytesIO()
    cpio.write(tree, sink)
    return sink.getvalue()


def read(data):
    return [
        (entry.path, entry.mode, entry.uid, entry.gid, entry.mtime, entry.content)
        for entry in read_archive(io.BytesIO(data))
    ]


def filled(files):
    tree = Tree()
    for path, data in files.items():
        try:
            tree.file(path, data)
        except ContentRefused:  # a file where another needs a folder
            continue
    return tree


@given(FILES)
def test_what_is_put_in_is_read_back_as_roots_without_a_time(files):
    tree = filled(files)
    entries = read(archive(tree))
    assert {name: content for name, mode, *_, content in entries if mode & 0o170000 == 0o100000} == {
        path: entry.data for path, entry in tree.files()
    }
    assert all((uid, gid, mtime) == (0, 0, 0) for _, _, uid, gid, mtime, _ in entries)


@given(FILES, st.randoms())
def test_folders_come_before_what_is_in_them_and_the_order_of_putting_in_does_not_matter(files, random):
    tree = filled(files)
    names = [name for name, *_ in read(archive(tree))]
    for name in names:
        above = name.rpartition("/")[0]
        assert not above or names.index(above) < names.index(name)
    shuffled = list(tree.entries.items())
    random.shuffle(shuffled)
    assert archive(Tree(dict(shuffled))) == archive(tree)


def test_modes_and_links_are_those_of_the_tree():
    tree = Tree()
    tree.file("init", b"x", executable=True)
    tree.folder("tmp", 0o1777)
    tree.link("bin", "usr/bin")
    assert [(name, mode, content) for name, mode, *_, content in read(archive(tree))] == [
        ("bin", 0o120777, b"usr/bin"),
        ("init", 0o100755, b"x"),
        ("tmp", 0o041777, b""),
    ]


@pytest.mark.skipif(shutil.which("cpio") is None, reason="cpio is not installed")
def test_cpio_itself_lists_the_same(tmp_path):
    tree = Tree()
    tree.file("a/b", b"1")
    listed = subprocess.run(["cpio", "-t", "--quiet"], input=archive(tree), capture_output=True, check=True).stdout
    assert listed.split() == [b"a", b"a/b"]


@pytest.mark.parametrize("path", ["", "/a", "a/", "a//b", "../a", "a/..", ".", "a\0b"])
def test_a_path_that_leads_elsewhere_is_refused(path):
    with pytest.raises(ContentRefused, match="no path inside an image"):
        Tree().file(path, b"")


def test_nothing_is_put_in_twice_nor_below_a_file():
    tree = Tree()
    tree.file("a", b"")
    with pytest.raises(ContentRefused, match="twice"):
        tree.link("a", "b")
    with pytest.raises(ContentRefused, match="no folder"):
        tree.file("a/b", b"")
