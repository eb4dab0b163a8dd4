"""What leaves in logs: one JSON object a line, no local variable of an exception, no name that travelled sealed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import pytest

from enclave.k3s_lines import Lines, read_lines

LOG_A_FAILURE = """
import structlog
from enclave import logs

def open_it(sealed):
    secret = sealed[::-1]
    raise ValueError("it does not open")

logs.configure("executor")
try:
    open_it("moorhsum")
except ValueError:
    structlog.get_logger().exception("failed", request_id="0x1")
"""


def test_an_exception_is_told_without_its_local_variables():
    done = subprocess.run([sys.executable, "-c", LOG_A_FAILURE], capture_output=True, text=True, check=True)
    [line] = done.stderr.splitlines()
    told = json.loads(line)
    assert (told["part"], told["event"], told["request_id"]) == ("executor", "failed", "0x1")
    assert told["exception"][0]["exc_value"] == "it does not open"
    assert [frame["name"] for frame in told["exception"][0]["frames"]] == ["<module>", "open_it"]
    assert "mushroom" not in line
    assert "locals" not in line


def told_of(*pieces: bytes, serving: bool = True) -> list[tuple[str, dict[str, str]]]:
    told: list[tuple[str, dict[str, str]]] = []
    lines = Lines(lambda level, fields: told.append((level, fields)), serving=serving, line_characters=120)
    for piece in pieces:
        lines.feed(piece)
    lines.end()
    return told


KLOG = b"1123 02:52:45.138711      32 controller.go:148] "


@pytest.mark.parametrize(
    ("line", "level"),
    [
        (b"I" + KLOG + b"starting", "info"),
        (b"W" + KLOG + b"skipping", "warning"),
        (b"E" + KLOG + b'"Unhandled Error" err="x"', "error"),
        (b'time="2026-11-23T02:52:45Z" level=fatal msg="no"', "error"),
        (b"k3s is up and running", "info"),
    ],
)
def test_before_users_are_served_lines_are_told_whole_with_their_level(line: bytes, level: str):
    assert told_of(line, serving=False) == [(level, {"line": line.decode()})]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'"Unhandled Error" err="secrets \\"db-password\\" not found"', "Unhandled Error"),
        (b'"Failed to sync \\"db-password\\""', ""),
        (b'"Stopped"', "Stopped"),
        (b'"db-password" is not there', ""),
        (b"secret db-password is not there", ""),
    ],
)
def test_once_users_are_served_no_name_is_told(line: bytes, message: str):
    expected = [("error", {"source": "controller.go:148", "message": message})]
    assert told_of(b"E" + KLOG + line) == expected
    assert told_of(b"I" + KLOG + line) == []


def test_what_has_no_known_form_is_not_told_once_users_are_served():
    assert told_of(b"db-password\n", b'time="t" level=error msg="db-password"\n') == [("error", {})]


def test_lines_are_put_together_from_pieces_and_capped():
    assert told_of(b"a", b"b\nc", b"\r\n\n", b"d" * 200 + b"\n", b"\xff", serving=False) == [
        ("info", {"line": "ab"}),
        ("info", {"line": "c"}),
        ("info", {"line": "d" * 120}),
        ("info", {"line": "\ufffd"}),
    ]


async def test_all_is_read_to_the_end():
    reader = asyncio.StreamReader()
    reader.feed_data(b"one\ntwo")
    reader.feed_eof()
    told: list[str] = []
    await read_lines(reader, Lines(lambda _level, fields: told.append(fields["line"])))
    assert told == ["one", "two"]
