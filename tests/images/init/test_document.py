"""init's reader of an attestation document's time, as a library: real documents, built ones, and hostile bytes."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestation import cbor
from images.init import build

AT_MS = 1_750_000_000_000
SHARED = Path(__file__).resolve().parents[3].parent / "shared" / "vectors" / "nitro"


@pytest.fixture(scope="module")
def time_of(tmp_path_factory):
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not on this machine")
    library = tmp_path_factory.mktemp("init") / "document.so"
    flags = [flag for flag in build.FLAGS if flag != "-static"]
    command = ["gcc", *flags, "-fsanitize=undefined", "-fno-sanitize-recover", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, "document.c"], cwd=build.HERE, check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.document_time.restype = ctypes.c_uint64
    loaded.document_time.argtypes = [ctypes.c_char_p, ctypes.c_size_t]

    def read(answer):
        # A buffer of exactly this size: a byte too far would be somebody else's.
        return loaded.document_time(bytes(answer), len(answer))

    read.plausible = loaded.plausible_time
    loaded.plausible_time.argtypes = [ctypes.c_uint64]
    return read


def answer(payload, *, tagged=False, protected=b"\xa1\x01\x38\x22"):
    document = [protected, {}, payload, bytes(96)]
    encoded = (b"\xd2" if tagged else b"") + cbor.encode(document)
    return cbor.encode({"Attestation": {"document": encoded}})


def payload(**changes):
    fields = {"module_id": "i-1", "digest": "SHA384", "timestamp": AT_MS, "pcrs": {0: bytes(48)}, "nonce": None}
    return cbor.encode(fields | changes)


@pytest.mark.parametrize("tagged", [False, True])
def test_the_time_of_a_document_is_read_with_a_tag_and_without(time_of, tagged):
    assert time_of(answer(payload(), tagged=tagged)) == AT_MS


def test_the_time_of_a_map_without_a_length_is_read(time_of):
    indefinite = b"\xbf" + payload()[1:] + b"\xff"
    assert time_of(answer(indefinite)) == AT_MS


@pytest.mark.parametrize("name", ["evervault-prod-20221013.cbor", "nautilus-weather-20250415.cbor"])
def test_the_time_of_a_real_document_is_read(time_of, name):
    file = SHARED / name
    if not file.exists():
        pytest.skip("the real documents are not beside this checkout")
    document = file.read_bytes()
    told = cbor.decode(cbor.decode(document)[2])["timestamp"]
    assert time_of(cbor.encode({"Attestation": {"document": document}})) == told


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"\xff",
        cbor.encode({"Error": "InvalidOperation"}),
        cbor.encode({"Attestation": {"document": b""}}),
        cbor.encode({"Attestation": {"document": "text"}}),
        cbor.encode({"Attestation": {"document": cbor.encode([b"", {}, payload()])}}),
        answer(cbor.encode({"digest": "SHA384"})),
        answer(payload(timestamp="now")),
        answer(payload(timestamp=-1)),
        answer(payload())[:-120],
        b"\xa1" * 4000,
        b"\xbf" + b"\x60\xf6" * 2000,
        b"\xa1\x7b" + b"\xff" * 8,
    ],
    ids=range(13),
)
def test_what_has_no_time_gives_none(time_of, bad):
    assert time_of(bad) == 0


def test_a_time_in_another_field_is_not_taken(time_of):
    inside = cbor.encode({"timestamp": 1})
    assert time_of(answer(payload(module_id=inside.decode("latin-1")))) == AT_MS


@given(data=st.binary(max_size=300))
def test_any_bytes_are_read_to_an_end(time_of, data):
    time_of(data)


@given(at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_changed_byte_is_read_to_an_end(time_of, at, byte):
    whole = bytearray(answer(payload()))
    whole[at % len(whole)] = byte
    time_of(bytes(whole))


@given(length=st.integers(0, 200))
def test_a_cut_answer_is_read_to_an_end(time_of, length):
    time_of(answer(payload())[:length])


@pytest.mark.parametrize(("milliseconds", "can_be"), [(0, 0), (AT_MS, 1), (1 << 63, 0), (1_700_000_000_000, 0)])
def test_only_a_time_of_this_century_can_be_now(time_of, milliseconds, can_be):
    assert time_of.plausible(milliseconds) == can_be
