"""Frames survive any cutting of the stream and nothing else does."""

# ruff: noqa: N802 - N numbers are written as the list has them

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wire.errors import FrameError
from wire.frames import FrameDecoder, FrameLimits, encode_frame
from wire.streams import read_frame

payloads = st.lists(st.binary(max_size=60), max_size=6)


@given(payloads, st.lists(st.integers(1, 20), max_size=40))
def test_frames_come_back_however_the_stream_is_cut(frames, cuts):
    stream = b"".join(encode_frame(frame) for frame in frames)
    decoder, got, position = FrameDecoder(), [], 0
    for cut in [*cuts, len(stream)]:
        got += decoder.feed(stream[position : position + cut])
        position += cut
    decoder.finish()
    assert got == frames


@given(payloads.filter(bool), st.data())
def test_a_stream_that_stops_inside_a_frame_is_an_error(frames, data):
    stream = b"".join(encode_frame(frame) for frame in frames)
    ends, position = {0}, 0
    for frame in frames:
        position += 4 + len(frame)
        ends.add(position)
    cut = data.draw(st.integers(0, len(stream)).filter(lambda n: n not in ends))
    decoder = FrameDecoder()
    decoder.feed(stream[:cut])
    with pytest.raises(FrameError, match="ended"):
        decoder.finish()


@given(st.binary(max_size=64))
def test_any_bytes_are_frames_or_an_error_of_ours(data):
    decoder = FrameDecoder(FrameLimits(frame_bytes=32))
    try:
        frames = decoder.feed(data)
    except FrameError:
        with pytest.raises(FrameError, match="given up"):
            decoder.feed(b"")
        return
    assert all(len(frame) <= 32 for frame in frames)


def test_N3_a_length_bomb_is_refused_before_its_body():
    with pytest.raises(FrameError, match="4294967295"):
        FrameDecoder().feed(b"\xff\xff\xff\xff")
    with pytest.raises(FrameError):
        encode_frame(b"123", limits=FrameLimits(frame_bytes=2))


async def test_reading_from_a_stream():
    reader = asyncio.StreamReader()
    reader.feed_data(encode_frame(b"one") + encode_frame(b"") + b"\x00\x00")
    reader.feed_eof()
    assert await read_frame(reader) == b"one"
    assert await read_frame(reader) == b""
    with pytest.raises(FrameError, match="length"):
        await read_frame(reader)


async def test_the_end_between_frames_is_none_and_inside_one_an_error():
    reader = asyncio.StreamReader()
    reader.feed_eof()
    assert await read_frame(reader) is None
    reader = asyncio.StreamReader()
    reader.feed_data(b"\x00\x00\x00\x05abc")
    reader.feed_eof()
    with pytest.raises(FrameError, match="3 bytes into"):
        await read_frame(reader)


async def test_N2_a_frame_that_never_ends_runs_out_of_time():
    reader = asyncio.StreamReader()
    reader.feed_data(b"\x00\x00\x00\x05abc")
    with pytest.raises(FrameError, match="did not arrive"):
        await read_frame(reader, timeout_s=0.05)


async def test_N3_a_length_bomb_on_a_stream_is_refused():
    reader = asyncio.StreamReader()
    reader.feed_data(b"\x7f\xff\xff\xff")
    with pytest.raises(FrameError):
        await read_frame(reader)
