"""The kernel that lies in the cache, if there is one: nothing here builds it."""

import hashlib

import pytest

from images.debian import toolchain
from images.debian.lock import group
from images.kernel import build
from images.kernel.config import read_finished, read_fragment

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def kernel():
    found = build.built(toolchain.identity())
    if found is None:
        pytest.skip("the kernel is not built: `make eif` builds it")
    return found


def test_it_is_a_bzimage_and_names_neither_machine_nor_user(kernel):
    data = kernel.image.read_bytes()
    assert data[0x202:0x206] == b"HdrS"
    version_at = int.from_bytes(data[0x20E:0x210], "little") + 0x200
    told = data[version_at : data.index(b"\0", version_at)].decode()
    assert told.startswith("6.12.")
    assert "(k3s-daas@enclave) #1 " in told
    assert len(data) < 8_000_000


def test_its_configuration_is_the_fragment(kernel):
    finished = read_finished(kernel.config.read_text())
    wanted = read_fragment(build.FRAGMENT.read_text())
    assert all(finished.get(name) == "y" for name, on in wanted.items() if on)
    assert not any(name in finished for name, on in wanted.items() if not on)
    assert "m" not in finished.values()


def test_its_place_is_named_by_all_that_decides_it(kernel):
    (package,) = group("kernel")
    other = hashlib.sha256(b"another toolchain").hexdigest()
    assert build.place_of(other, package) != kernel.image.parent
