"""Mirrors out of apt's sources, and locked files out of a mirror: right, gone, or another file."""

import hashlib
from pathlib import Path

import pytest

from images.debian.archive import Mirror, fetch, mirrors
from images.debian.lock import LockedPackage
from images.errors import InputGone, MachineLacks

DEB822 = """Types: deb
# a comment
URIs: http://mirror.example/debian
Suites: bookworm
Signed-By: /keys/one.gpg

Types: deb
URIs: http://mirror.example/debian-security/
Suites: bookworm-security
Signed-By: -----BEGIN PGP PUBLIC KEY BLOCK-----
"""
ONE_LINE = """deb [arch=amd64 signed-by=/keys/one.gpg] http://mirror.example/debian bookworm main
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian-security bookworm-security main
deb http://other.example/debian bookworm-backports main
"""


@pytest.fixture
def apt(tmp_path):
    folder = tmp_path / "apt"
    (folder / "sources.list.d").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(("name", "text"), [("sources.list.d/d.sources", DEB822), ("sources.list", ONE_LINE)])
def test_mirrors_and_keyrings_are_read_in_both_forms_of_apt(apt, name, text):
    (apt / name).write_text(text)
    found = mirrors(apt)
    assert found["debian"] == Mirror("http://mirror.example/debian", "/keys/one.gpg")
    assert found["debian-security"].uri == "http://mirror.example/debian-security"
    assert found["debian-security"].keyring.startswith("/usr/share/keyrings/")


def test_a_machine_without_an_archive_is_told_which_one_is_missing(apt):
    (apt / "sources.list").write_text("deb http://mirror.example/debian bookworm main\n")
    with pytest.raises(MachineLacks, match="no archive debian-security;"):
        mirrors(apt)


@pytest.fixture
def mirror(tmp_path):
    folder = tmp_path / "mirror"
    (folder / "pool").mkdir(parents=True)
    return folder


def package(data, name="x", path="pool/x.deb"):
    return LockedPackage("g", name, "1.0-1", "debian", path, len(data), hashlib.sha256(data).hexdigest())


def known(folder):
    return {"debian": Mirror(f"copy:{folder}", "")}


needs_apt = pytest.mark.skipif(not Path("/usr/lib/apt/apt-helper").exists(), reason="apt is not on this machine")


@needs_apt
def test_a_locked_file_is_fetched_once_and_then_taken_from_the_store(tmp_path, mirror):
    (mirror / "pool/x.deb").write_bytes(b"right")
    wanted = package(b"right")
    assert fetch([wanted], tmp_path / "store", known=known(mirror))["x"].read_bytes() == b"right"
    (mirror / "pool/x.deb").unlink()
    assert fetch([wanted], tmp_path / "store", known={})["x"].read_bytes() == b"right"


@needs_apt
def test_files_that_are_gone_are_all_named_with_the_way_to_renew(tmp_path, mirror):
    (mirror / "pool/x.deb").write_bytes(b"right")
    gone = [package(b"1", "gone", "pool/gone.deb"), package(b"2", "lost", "pool/lost.deb")]
    with pytest.raises(InputGone) as told:
        fetch([package(b"right"), *gone], tmp_path / "store", known=known(mirror))
    text = str(told.value)
    assert "gone 1.0-1 (debian: pool/gone.deb)" in text
    assert "lost 1.0-1 (debian: pool/lost.deb)" in text
    assert "make lock" in text


@needs_apt
def test_another_file_under_the_same_name_is_refused_and_not_kept(tmp_path, mirror):
    (mirror / "pool/x.deb").write_bytes(b"wrong")
    with pytest.raises(InputGone, match="not the locked ones"):
        fetch([package(b"right")], tmp_path / "store", known=known(mirror))
    assert not any((tmp_path / "store").iterdir())
