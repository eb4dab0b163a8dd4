"""The image that `make eif` built, if it is there: its files one by one, its measurements, its command line."""

import io
import json
import subprocess

import pytest

from attestation import eif
from attestation.eif_pcrs import measure_image
from images.common import BUILD
from images.debian import toolchain
from images.eif.build import GOAL_BYTES, NAME
from images.rootfs import build as rootfs
from images.rootfs.rules import PROGRAMS
from tests.images.archives import read_archive

pytestmark = pytest.mark.slow
BUILT = BUILD / f"{NAME}.eif"


@pytest.fixture(scope="module")
def image():
    if not BUILT.exists():
        pytest.skip("there is no image: `make eif` builds it")
    return eif.decode(BUILT.read_bytes())


@pytest.fixture(scope="module")
def ramdisks(image):
    tools = toolchain.unpacked()
    if tools is None:
        pytest.skip("the locked toolchain is not unpacked: `make eif` does it")
    command = [str(tools.programs / "zstd"), "-d", "-q", "-c"]
    return [
        read_archive(io.BytesIO(subprocess.run(command, input=packed, capture_output=True, check=True).stdout))
        for packed in image.ramdisks
    ]


def test_it_is_measured_as_it_is_told_and_within_the_goal(image):
    told = json.loads((BUILD / f"{NAME}.pcrs.json").read_text())
    assert told == {"HashAlgorithm": "Sha384 { ... }"} | measure_image(image).as_nitro()
    assert BUILT.stat().st_size <= GOAL_BYTES
    assert json.loads((BUILD / f"{NAME}.sbom.json").read_text())["metadata"]["component"]["properties"] == [
        {"name": "k3s-daas:pcr0", "value": told["PCR0"]}
    ]


def test_init_is_alone_in_the_first_ramdisk_and_the_root_in_the_second(ramdisks):
    first, second = ramdisks
    assert sorted(entry.path for entry in first) == ["dev", "init"]
    assert all(entry.path == "rootfs" or entry.path.startswith("rootfs/") for entry in second)


def test_its_files_are_no_simulation_shell_package_manager_or_debugging_aid(ramdisks):
    paths = {entry.path.removeprefix("rootfs/") for entry in ramdisks[1]}
    ours = {path for path in paths if path.startswith(f"{rootfs.CODE}/")}
    names = {path.rpartition("/")[2].partition(".")[0] for path in paths}
    assert not [path for path in ours if "sim" in path.split("/") or "sandbox" in path or "namespaces" in path]
    assert not [
        path for path in ours if path.removeprefix(f"{rootfs.CODE}/").startswith(("localnet", "tests", "parent"))
    ]
    assert not names & {"sh", "bash", "dash", "busybox", "apt", "apt-get", "dpkg", "gdb", "strace", "pip", "mount"}


def test_only_the_three_programs_can_be_run_and_nothing_changes_its_user(ramdisks):
    can_be_run = {
        entry.path.removeprefix("rootfs/")
        for entry in ramdisks[1]
        if entry.mode & 0o170000 == 0o100000 and entry.mode & 0o111
    }
    assert can_be_run == PROGRAMS
    assert not [entry.path for entry in ramdisks[1] if entry.mode & 0o6000]
    assert not [entry.path for entry in ramdisks[1] if entry.mode & 0o022 and entry.mode & 0o170000 == 0o100000]


def test_everything_is_roots_and_has_no_time(ramdisks):
    assert all((entry.uid, entry.gid, entry.mtime) == (0, 0, 0) for ramdisk in ramdisks for entry in ramdisk)


def test_the_command_line_opens_no_door(image):
    words = image.cmdline.decode().split()
    assert not [word for word in words if word.startswith(("init=", "rdinit=", "debug", "nokaslr", "mitigations="))]
    assert "single" not in words
