"""The journal: what was appended survives, a torn tail does not matter, damage is refused."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enclave.execution_errors import JournalError
from enclave.execution_limits import ExecutionLimits
from enclave.journal import Journal, frame, parse
from enclave.records import (
    Answer,
    Cursor,
    Done,
    Ended,
    Event,
    Expected,
    Intent,
    Payload,
    Signed,
    decode_record,
    encode_record,
)

if TYPE_CHECKING:
    from pathlib import Path

binary = st.binary(max_size=40)
numbers = st.integers(min_value=0, max_value=2**64 - 1)
records = st.one_of(
    st.builds(Event, st.text(max_size=8), binary, binary, numbers, binary),
    st.builds(Expected, binary, binary, binary, numbers),
    st.builds(Payload, binary, binary, numbers, binary),
    st.builds(Intent, binary, st.text(max_size=8)),
    st.builds(Answer, binary, numbers, binary, numbers),
    st.builds(Signed, binary, numbers, binary),
    st.builds(Ended, binary, st.text(max_size=8)),
    st.builds(Done, binary, binary, binary, numbers, binary),
    st.builds(Cursor, binary),
)


@given(records)
def test_records_come_back_as_they_were(record):
    assert decode_record(encode_record(record)) == record


@given(st.binary(max_size=60))
def test_no_bytes_make_the_decoder_fail_otherwise(data):
    try:
        record = decode_record(data)
    except JournalError:
        return
    assert encode_record(record)


@pytest.mark.parametrize(
    "parts", [["unknown", 1], ["signed", b"", 1], ["signed", b"", "1", b""], [], 3, ["signed", b"", True, b""]]
)
def test_other_records_are_refused(parts):
    with pytest.raises(JournalError):
        decode_record(cbor2.dumps(parts))


def test_what_was_appended_is_found_again(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    journal.append(b"one", b"two")
    journal.append(b"three")
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.found == [b"one", b"two", b"three"]
    again.append(b"four")
    again.close()
    assert Journal(tmp_path / "j").found == [b"one", b"two", b"three", b"four"]


def test_every_cut_of_the_tail_loses_only_the_last_record(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    journal.append(b"first", b"second")
    journal.close()
    whole = (tmp_path / "j").read_bytes()
    last = len(frame(b"second"))
    for cut in range(1, last + 1):
        (tmp_path / "j").write_bytes(whole[:-cut])
        torn = Journal(tmp_path / "j")
        assert torn.found == [b"first"]
        torn.append(b"third")
        torn.close()
        mended = Journal(tmp_path / "j")
        assert mended.found == [b"first", b"third"]
        mended.close()


def test_every_cut_of_the_header_is_an_empty_journal(tmp_path: Path):
    Journal(tmp_path / "j").close()
    whole = (tmp_path / "j").read_bytes()
    for length in range(len(whole)):
        (tmp_path / "j").write_bytes(whole[:length])
        journal = Journal(tmp_path / "j")
        assert journal.found == []
        journal.close()


def test_damage_in_the_middle_is_refused_and_at_the_end_is_a_torn_tail(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    journal.append(b"first", b"second", b"third")
    journal.close()
    whole = bytearray((tmp_path / "j").read_bytes())
    for place, found in ((whole.index(b"second"), None), (whole.index(b"third"), [b"first", b"second"])):
        damaged = bytearray(whole)
        damaged[place] ^= 1
        (tmp_path / "j").write_bytes(damaged)
        if found is None:
            with pytest.raises(JournalError, match="middle"):
                Journal(tmp_path / "j")
        else:
            journal = Journal(tmp_path / "j")
            assert journal.found == found
            journal.close()


@pytest.mark.parametrize("content", [b"something else entirely", b"k3sdaasJ\x00\x00\x00\x02"])
def test_other_files_and_versions_are_refused(tmp_path: Path, content: bytes):
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(JournalError):
        Journal(tmp_path / "j")


def test_one_process_at_a_time(tmp_path: Path):
    journal = Journal(tmp_path / "j")
    with pytest.raises(JournalError, match="another executor"):
        Journal(tmp_path / "j")
    journal.rewrite([b"new"])
    with pytest.raises(JournalError, match="another executor"):
        Journal(tmp_path / "j")
    journal.close()
    again = Journal(tmp_path / "j")
    assert again.found == [b"new"]
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600
    again.close()


def test_a_record_has_a_cap(tmp_path: Path):
    journal = Journal(tmp_path / "j", ExecutionLimits(journal_record_bytes=8))
    with pytest.raises(JournalError, match="at most 8"):
        journal.append(b"123456789")
    journal.append(b"12345678")
    journal.close()


def test_a_full_disk_stops_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    journal = Journal(tmp_path / "j")

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(JournalError, match="No space"):
        journal.append(b"a")
    monkeypatch.undo()
    with pytest.raises(JournalError, match="given up"):
        journal.append(b"a")
    journal.close()


@given(st.binary(max_size=80))
def test_no_bytes_make_the_reader_fail_otherwise(data):
    try:
        found, whole = parse(data)
    except JournalError:
        return
    assert whole <= len(data)
    assert all(isinstance(each, bytes) for each in found)
