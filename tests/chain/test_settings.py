"""Configuration, cluster file and clock: strict where trust hangs on them."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.clock import ClockUnsetError, LedgerClock
from chain.cluster_file import (
    ApprovedConfiguration,
    ClusterFile,
    Measurement,
    parse_cluster_file,
    read_cluster_file,
    write_cluster_file,
)
from chain.configuration import CONFIGURATION, decode_configuration, make_configuration, parse_configuration
from chain.errors import SettingsError
from sui.types import Address, Digest

PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


def test_a_configuration_comes_back_as_json_and_bcs():
    for made in (
        make_configuration("ledger:9000", plaintext=True),
        make_configuration("rpc.example:443", egress=("a.example:443",)),
        make_configuration("rpc.example:443", rpc_ca=PEM),
    ):
        assert parse_configuration(made.to_json()) == made
        assert decode_configuration(made.encoded) == made
        assert made.hash == hashlib.sha256(CONFIGURATION.encode(made)).digest()


def test_each_field_changes_the_hash():
    base = make_configuration("rpc.example:443")
    others = [
        make_configuration("rpc.example:444"),
        make_configuration("rpc.example:443", plaintext=True),
        make_configuration("rpc.example:443", rpc_ca=PEM),
        make_configuration("rpc.example:443", egress=("a:1",)),
    ]
    assert len({base.hash, *(other.hash for other in others)}) == 5


@pytest.mark.parametrize("place", ["", "host", "host:", "host:0", "host:65536", ":1", "a b:1", "http://x:1", "-a:1"])
def test_places_must_be_host_and_port(place):
    with pytest.raises(SettingsError):
        make_configuration(place)
    with pytest.raises(SettingsError):
        make_configuration("ok:1", egress=(place,))


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": "1"},
        {"rpc": 1},
        {"plaintext": 1},
        {"egress": "a:1"},
        {"egress": [1]},
        {"rpc_ca": "nonsense"},
        {"plaintext": True},
        {"extra": 1},
        {"egress": ["a:1"] * 65},
    ],
)
def test_a_wrong_configuration_file_is_refused(change):
    good = json.loads(make_configuration("rpc.example:443").to_json())
    with pytest.raises(SettingsError):
        parse_configuration(json.dumps(good | change))


def test_what_is_no_configuration_is_refused():
    for text in ("", "[]", "{}"):
        with pytest.raises(SettingsError):
            parse_configuration(text)
    good = make_configuration("rpc.example:443")
    for data in (b"", good.encoded[:-1], good.encoded + b"\0", bytes(70_000)):
        with pytest.raises(SettingsError):
            decode_configuration(data)
    with pytest.raises(SettingsError):
        decode_configuration(CONFIGURATION.encode(replace(good, domain=b"other")))


FILE = ClusterFile(
    cluster=Address.parse("0x1"),
    package=Address.parse("0x2"),
    latest_package=Address.parse("0x3"),
    chain_id=Digest(bytes(32)),
    ledger="127.0.0.1:9000",
    ledger_ca="",
    gateway="127.0.0.1:6443",
    attestation="127.0.0.1:6444",
    attestation_root=PEM,
    measurements=(Measurement((b"\1" * 48, b"\2" * 48, b"\3" * 48), 5, None),),
    configurations=(ApprovedConfiguration(b"\4" * 32, 6, 7),),
    active_enclave=Address.parse("0x4"),
    epoch=8,
    config_version=9,
    pending=({"what": "x", "due": 1},),
)


def test_a_cluster_file_comes_back(tmp_path):
    write_cluster_file(tmp_path / "deep" / "cluster.json", FILE)
    assert read_cluster_file(tmp_path / "deep" / "cluster.json") == FILE
    assert FILE.call_package == FILE.latest_package
    without = replace(FILE, latest_package=None, attestation_root=None, active_enclave=None)
    assert without.call_package == without.package
    again = parse_cluster_file(json.dumps(without.as_json()))
    assert again == replace(without, latest_package=without.package)
    assert "attestation_root" not in without.as_json()


@pytest.mark.parametrize(
    "name", ["cluster", "package", "chain_id", "ledger", "measurements", "configurations", "gateway"]
)
def test_a_cluster_file_without_a_field_is_refused(name):
    told = FILE.as_json()
    del told[name]
    with pytest.raises(SettingsError):
        parse_cluster_file(json.dumps(told))


@pytest.mark.parametrize(
    "change",
    [
        {"cluster": "zz"},
        {"chain_id": "0"},
        {"ledger": 1},
        {"measurements": [{"pcr0": "00" * 48, "pcr1": "11" * 48, "pcr2": "11" * 48}]},
        {"measurements": [{"pcr0": "11" * 47, "pcr1": "11" * 48, "pcr2": "11" * 48}]},
        {"measurements": [{"pcr0": "11" * 48}]},
        {"measurements": 1},
        {"configurations": [{"hash": "11"}]},
    ],
)
def test_a_wrong_cluster_file_is_refused(change):
    with pytest.raises(SettingsError):
        parse_cluster_file(json.dumps(FILE.as_json() | change))


def test_what_is_no_cluster_file_is_refused(tmp_path):
    for text in ("", "[]"):
        with pytest.raises(SettingsError):
            parse_cluster_file(text)
    with pytest.raises(SettingsError, match="cluster show"):
        read_cluster_file(tmp_path / "none.json")


@given(st.lists(st.tuples(st.integers(0, 10_000), st.floats(0, 5)), min_size=1, max_size=20))
def test_the_clock_never_goes_back(observations):
    now = 0.0
    clock = LedgerClock(lambda: now)
    last = -1
    for seen, passed in observations:
        clock.observe(seen)
        told = clock.now_ms()
        assert told >= max(last, seen)
        now += passed
        last = told


def test_the_clock_goes_on_by_itself_and_begins_unset():
    now = 10.0
    clock = LedgerClock(lambda: now)
    assert not clock.is_set
    with pytest.raises(ClockUnsetError):
        clock.now_ms()
    clock.observe(1_000)
    now = 11.5
    assert clock.now_ms() == 2_500
    clock.observe(2_000)
    assert clock.now_ms() == 2_500
    assert clock.is_set


@pytest.mark.parametrize(("at_ms", "holds"), [(5, False), (6, True), (9, True), (10, False), (11, False)])
@pytest.mark.parametrize(
    "approved",
    [ApprovedConfiguration(b"\4" * 32, 6, 10), Measurement((b"\1" * 48, b"\2" * 48, b"\3" * 48), 6, 10)],
    ids=["configuration", "measurement"],
)
def test_an_approval_holds_from_its_time_until_it_is_retired(approved, at_ms, holds):
    assert approved.in_force(at_ms) is holds
