"""The lock of Debian packages: complete, strict, and no build without it."""

import tomllib

import pytest

from images.debian import lock
from images.errors import InputGone


def test_what_is_wanted_is_locked_and_nothing_else():
    wanted = tomllib.loads(lock.WANTED.read_text())
    named = {(group, package) for group, entry in wanted.items() for package in entry["packages"]}
    assert {(package.group, package.name) for package in lock.read_lock()} == named


def test_the_lock_is_written_as_it_is_read(tmp_path):
    lock.write_lock(lock.read_lock(), tmp_path / "lock")
    assert (tmp_path / "lock").read_text() == lock.LOCK.read_text()


@pytest.mark.parametrize(
    "line",
    [
        "rootfs libc6 1 debian pool/x.deb 10",
        "rootfs libc6 1 debian pool/x.deb ten " + "0" * 64,
        "rootfs libc6 1 debian pool/x.deb 10 " + "0" * 63,
        "rootfs libc6 1 debian pool/x.deb 10 " + "0" * 64 + " more",
    ],
)
def test_a_line_that_is_no_package_is_refused_with_its_number(tmp_path, line):
    (tmp_path / "lock").write_text(f"# head\n{line}\n")
    with pytest.raises(InputGone, match="line 2 of lock"):
        lock.read_lock(tmp_path / "lock")


def test_a_group_without_packages_is_refused(tmp_path):
    (tmp_path / "lock").write_text("# head\n")
    with pytest.raises(InputGone, match="renew it with `make lock`"):
        lock.group("kernel", tmp_path / "lock")
