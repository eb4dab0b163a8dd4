"""The device file: what goes into its one system call, and what comes out of it."""

import ctypes
import errno
import os
import struct
from pathlib import Path

import pytest

from attestation.errors import NsmUnavailable
from attestation.nsm import REQUEST_BYTES, RESPONSE_BYTES, NsmClient, UnixTransport
from attestation.nsm_device import NSM_IOCTL, DeviceTransport, transport_to


class Driver:
    """The kernel's side: reads the request at its address and writes the answer into the room that was given."""

    def __init__(self, answer=b"", *, length=None, error=None):
        self.answer, self.length, self.error = answer, length, error
        self.asked = []

    def __call__(self, _file, number, message):
        assert number == NSM_IOCTL
        address, length, room, space = struct.unpack("=4Q", message)
        self.asked.append(ctypes.string_at(address, length))
        if self.error is not None:
            raise OSError(self.error, os.strerror(self.error))
        assert len(self.answer) <= space
        ctypes.memmove(room, self.answer, len(self.answer))
        told = len(self.answer) if self.length is None else self.length
        message[:] = struct.pack("=4Q", address, length, room, told)
        return 0


@pytest.fixture
def device(tmp_path):
    path = tmp_path / "nsm"
    path.write_bytes(b"")
    opened = []

    def connect(driver):
        transport = DeviceTransport(path, ioctl=driver)
        opened.append(transport)
        return transport

    yield connect
    for transport in opened:
        transport.close()


def test_a_request_and_its_answer_pass_through_one_call(device):
    driver = Driver(b"\x6aGetRandom!")
    assert device(driver).exchange(b"request") == b"\x6aGetRandom!"
    assert driver.asked == [b"request"]


def test_the_client_speaks_through_it(device):
    answer = bytes.fromhex("a16947657452616e646f6da16672616e646f6d") + b"\x44abcd"
    assert NsmClient(device(Driver(answer))).random(4) == b"abcd"


def test_a_request_that_is_too_long_never_reaches_the_device(device):
    driver = Driver(b"x")
    with pytest.raises(NsmUnavailable, match="longer than the NSM takes"):
        device(driver).exchange(bytes(REQUEST_BYTES + 1))
    assert driver.asked == []


@pytest.mark.parametrize("length", [0, RESPONSE_BYTES + 1, 2**63])
def test_a_length_that_cannot_be_is_refused(device, length):
    with pytest.raises(NsmUnavailable, match="bytes; 1 to"):
        device(Driver(b"x", length=length)).exchange(b"request")


@pytest.mark.parametrize(("error", "words"), [(errno.EMSGSIZE, "too long"), (errno.EIO, "does not answer")])
def test_an_error_of_the_driver_is_told(device, error, words):
    with pytest.raises(NsmUnavailable, match=words):
        device(Driver(error=error)).exchange(b"request")


def test_without_a_device_there_is_no_answer(tmp_path):
    with pytest.raises(NsmUnavailable, match="does not answer"):
        DeviceTransport(tmp_path / "nothing", ioctl=Driver(b"x")).exchange(b"request")
    with pytest.raises(NsmUnavailable, match="there is no NSM"):
        transport_to(tmp_path / "nothing")


def test_a_character_device_is_the_kernels_and_a_socket_the_simulated_ones(tmp_path):
    assert isinstance(transport_to(Path(os.devnull)), DeviceTransport)
    (tmp_path / "socket").write_bytes(b"")
    assert isinstance(transport_to(tmp_path / "socket"), UnixTransport)
