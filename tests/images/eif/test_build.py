"""What `make eif` says around the image: the time it tells, what changed since the last one, files at once."""

import json

import pytest

from images.eif import build
from images.eif.assemble import CMDLINE, Assembled
from images.errors import ImageBuildError

PCRS = {"PCR0": "aa", "PCR1": "bb", "PCR2": "cc"}


def test_the_time_that_is_told_comes_from_the_environment_alone():
    assert build.source_date({}) == 0
    assert build.source_date({"SOURCE_DATE_EPOCH": "1700000000"}) == 1_700_000_000
    with pytest.raises(ImageBuildError, match="seconds since 1970"):
        build.source_date({"SOURCE_DATE_EPOCH": "yesterday"})


def test_changed_measurements_are_told_with_what_they_were(tmp_path):
    known = tmp_path / "k3s-daas.pcrs.json"
    assert build.changed(known, PCRS) == []
    known.write_text(json.dumps(PCRS | {"PCR1": "00"}))
    assert build.changed(known, PCRS) == ["PCR1 has changed; it was 00"]


def test_results_replace_those_of_before_and_nothing_else_is_left(tmp_path):
    (tmp_path / "k3s-daas.eif").write_bytes(b"old")
    build.write(Assembled(b"image", PCRS, b"{}\n", {}), tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"k3s-daas.eif", "k3s-daas.pcrs.json", "k3s-daas.sbom.json"}
    assert (tmp_path / "k3s-daas.eif").read_bytes() == b"image"
    assert json.loads((tmp_path / "k3s-daas.pcrs.json").read_text()) == {"HashAlgorithm": "Sha384 { ... }"} | PCRS


def test_the_command_line_is_one_line_that_ends_an_enclave_which_panics():
    (line,) = CMDLINE.read_text().splitlines()
    assert {"reboot=k", "panic=1", "pci=off", "console=ttyS0"} <= set(line.split(" "))
