"""init as it stands in its sources: one table, no parameters, the numbers that other rooms have too, the same bytes."""

import re

import pytest

from enclave.places import Uid
from images.debian import toolchain
from images.init import build
from images.rootfs import build as rootfs

MAIN = (build.HERE / "main.c").read_text()
ALL = {path.name: path.read_text() for path in build.sources()}


def rows():
    return re.findall(r"\{(\w+), \"(\w+)\", (\w+), (\w+), (\w+)\}", MAIN)


def test_the_table_has_one_row_for_each_state_in_their_order():
    states = re.search(r"enum state \{([^}]*)\}", MAIN)[1].replace(",", " ").split()
    assert [row[0] for row in rows()] == states[:-1]
    assert states[-1] == "RESTART"


def test_each_step_leads_to_the_next_and_every_failure_to_a_restart():
    table = rows()
    assert [row[3] for row in table[:-1]] == [row[0] for row in table[1:]]
    assert table[-1][3] == "RESTART"
    assert {row[4] for row in table} == {"RESTART"}


def test_the_parent_is_asked_before_anything_else_but_never_for_the_time():
    order = [row[0] for row in rows()]
    assert order.index("ENTROPY") < order.index("ENCLAVE")
    assert order.index("CLOCK") < order.index("ENCLAVE")
    assert "AF_VSOCK" in ALL["heartbeat.c"]
    assert not any("AF_VSOCK" in text for name, text in ALL.items() if name != "heartbeat.c")


def test_it_takes_neither_arguments_nor_environment():
    assert "int main(void)" in MAIN
    assert not any(re.search(r"\bgetenv\b|\bargv\b|/proc/cmdline", text) for text in ALL.values())


def test_its_numbers_and_paths_are_those_of_the_enclave_and_the_image():
    assert f"#define BROKER_UID {int(Uid.BROKER)}\n" in (build.HERE / "init.h").read_text()
    assert f'#define CODE "/{rootfs.CODE}"' in ALL["enclave.c"]
    assert f'#define PACKAGES "/{rootfs.WHEELS}"' in ALL["enclave.c"]
    assert f"K3S_DAAS_KUBERNETES=/{rootfs.KUBERNETES}" in ALL["enclave.c"]


@pytest.mark.slow
def test_the_same_bytes_wherever_it_is_built(tmp_path):
    tools = toolchain.unpacked()
    if tools is None:
        pytest.skip("the locked toolchain is not unpacked: `make eif` does it")
    (tmp_path / "a/longer/place").mkdir(parents=True)
    first = build.build(tools, tmp_path / "init")
    assert first == build.build(tools, tmp_path / "a/longer/place/init")
    assert b"INTERP" not in first
    assert str(tmp_path).encode() not in first
    assert len(first) < 1_500_000
