"""Errors after admission: which answer each becomes, and which frames are no stream."""

from __future__ import annotations

import pytest

from chain.errors import BadLedgerAnswerError, NotFoundError, PayloadError
from chain.payload import AnswerPlaintext, encode_answer
from chain.sealing import FrameSealer
from gateway.errors import AnswerError, GatewayError, LocalError, MissingBodyError, OverdueError, StreamError
from gateway.failures import explain
from gateway.limits import Limits
from gateway.request_info import parse_request
from gateway.streams import StreamReader, encode_head

READ = parse_request("GET", "/api/v1/pods")
CHANGE = parse_request("POST", "/api/v1/namespaces/a/pods")
KEY = b"k" * 32


@pytest.mark.parametrize(
    ("error", "request_id", "status", "read_hint"),
    [
        (BadLedgerAnswerError("odd"), "", 503, "1"),
        (NotFoundError("none"), "", 503, "1"),
        (LocalError("away"), "", 503, "1"),
        (LocalError("away"), "0x1", 504, None),
        (StreamError("cut"), "0x1", 504, None),
        (OverdueError("late"), "", 504, None),
        (OverdueError("late"), "0x1", 504, None),
        (MissingBodyError("gone"), "0x1", 504, None),
        (AnswerError("forged"), "0x1", 502, None),
        (PayloadError("long"), "", 413, None),
        (GatewayError("else"), "", 500, None),
    ],
)
def test_each_error_has_its_answer_and_no_change_a_hint(error, request_id, status, read_hint):
    for info, hint in ((READ, read_hint), (CHANGE, None)):
        response = explain(error, info, Limits(), request_id=request_id)
        assert (response.status, response.header("Retry-After")) == (status, hint)
        assert (response.header("Audit-ID") or "") == request_id


def head(status: int = 200, body: bytes = b"") -> bytes:
    return encode_answer(AnswerPlaintext(status, (), body))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00garbage" * 4,
        FrameSealer(b"x" * 32).seal(head()),
        FrameSealer(KEY).seal(b"no head"),
        FrameSealer(KEY).seal(head(status=42)),
        FrameSealer(KEY).seal(head(body=b"body")),
        FrameSealer(KEY).seal(head(), last=True),
    ],
    ids=["empty", "garbage", "other key", "no head", "status", "body", "last"],
)
def test_what_is_no_head_begins_no_stream(frame):
    with pytest.raises(StreamError):
        StreamReader(KEY).head(frame)


def test_frames_count_in_order_only_and_the_last_one_has_a_salt():
    sealer = FrameSealer(KEY)
    first, one, two, end = sealer.seal(head()), sealer.seal(b"1"), sealer.seal(b"2"), sealer.seal(b"s" * 32, last=True)
    reader = StreamReader(KEY)
    reader.head(first)
    with pytest.raises(StreamError):
        reader.content(two)
    assert [reader.content(one), reader.content(two), reader.ended] == [b"1", b"2", False]
    assert reader.content(end) == b""
    assert reader.ended
    short = FrameSealer(KEY)
    reader = StreamReader(KEY)
    reader.head(short.seal(head()))
    with pytest.raises(StreamError, match="salt"):
        reader.content(short.seal(b"short", last=True))


def test_a_head_has_no_body():
    with pytest.raises(StreamError):
        encode_head(AnswerPlaintext(200, (), b"x"))
