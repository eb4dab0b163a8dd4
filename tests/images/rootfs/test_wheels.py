"""The lock of wheels: one for each requirement, one of the hashes that the requirement allows, nothing by the way."""

import zipfile

import pytest

from images.errors import ContentRefused, InputGone
from images.rootfs import wheels

REQUIREMENTS = wheels.REQUIREMENTS.read_text()


def test_each_requirement_has_its_one_wheel_and_its_hash_is_allowed():
    locked = wheels.read_lock()
    assert {wheel.name: wheel.version for wheel in locked} == wheels.required(REQUIREMENTS)
    assert all(f"--hash=sha256:{wheel.sha256}" in REQUIREMENTS for wheel in locked)
    assert all(wheel.file.endswith(("x86_64.whl", "none-any.whl")) for wheel in locked)


def test_a_lock_that_does_not_fit_the_requirements_is_refused(tmp_path):
    (tmp_path / "wheels.lock").write_text("# head\naiohttp 0.0.1 aiohttp-0.0.1-py3-none-any.whl " + "0" * 64 + "\n")
    with pytest.raises(InputGone, match="does not fit"):
        wheels.read_lock(tmp_path / "wheels.lock")
    (tmp_path / "wheels.lock").write_text("aiohttp 0.0.1\n")
    with pytest.raises(InputGone, match="is no wheel"):
        wheels.read_lock(tmp_path / "wheels.lock")


def packed(path, *names):
    with zipfile.ZipFile(path, "w") as sink:
        for name in names:
            sink.writestr(name, b"x")
    return path


def test_code_and_metadata_are_taken_and_tests_stubs_and_sources_are_not(tmp_path):
    names = ("a/b.py", "a/c.so", "a/roots.pem", "a-1.dist-info/METADATA")
    left = ("a/b.pyi", "a/c.pyx", "a/tests/t.py", "a/py.typed", "a-1.dist-info/RECORD", "a-1.data/scripts/x", "a/c.h")
    file = packed(tmp_path / "a.whl", *names, *left)
    assert [name for name, _ in wheels.taken(file)] == sorted(names)


@pytest.mark.parametrize("name", ["../a.py", "/etc/passwd", "a/../../b.py"])
def test_a_path_out_of_the_folder_is_refused(tmp_path, name):
    with pytest.raises(ContentRefused, match="leads out"):
        list(wheels.taken(packed(tmp_path / "a.whl", name)))
