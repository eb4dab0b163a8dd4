"""The Nitro Security Module: its seven requests as values, their CBOR, and a client over a transport.

The messages are those of AWS's own library; whether a transport leads to /dev/nsm or to the simulated device is
below this module. One process owns the device; the device serialises everything.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from attestation import cbor
from attestation.errors import NsmRefused, NsmUnavailable

if TYPE_CHECKING:
    from pathlib import Path

REQUEST_BYTES = 0x1000
RESPONSE_BYTES = 0x3000
_RANDOM_ROUNDS = 64


@dataclass(frozen=True)
class DescribeNsm:
    """Ask for the device's version, module id and locked PCRs."""


@dataclass(frozen=True)
class GetRandom:
    """Ask for random bytes (the device chooses how many)."""


@dataclass(frozen=True)
class DescribePcr:
    """Ask for one PCR."""

    index: int


@dataclass(frozen=True)
class ExtendPcr:
    """Extend an unlocked PCR: new = SHA384(old || data)."""

    index: int
    data: bytes


@dataclass(frozen=True)
class LockPcr:
    """Lock one PCR."""

    index: int


@dataclass(frozen=True)
class LockPcrs:
    """Lock PCRs 0 to range - 1."""

    range: int


@dataclass(frozen=True)
class Attestation:
    """Ask for an attestation document over three optional fields."""

    user_data: bytes | None = None
    nonce: bytes | None = None
    public_key: bytes | None = None


Request = DescribeNsm | GetRandom | DescribePcr | ExtendPcr | LockPcr | LockPcrs | Attestation


@dataclass(frozen=True)
class Description:
    """What the device says of itself."""

    version: tuple[int, int, int]
    module_id: str
    max_pcrs: int
    locked_pcrs: tuple[int, ...]
    digest: str


@dataclass(frozen=True)
class PcrState:
    """One PCR's value and whether it is locked."""

    locked: bool
    data: bytes


def encode_request(request: Request) -> bytes:
    """The request's CBOR as the device reads it."""
    match request:
        case DescribeNsm():
            message: object = "DescribeNSM"
        case GetRandom():
            message = "GetRandom"
        case DescribePcr(index):
            message = {"DescribePCR": {"index": index}}
        case ExtendPcr(index, data):
            message = {"ExtendPCR": {"index": index, "data": data}}
        case LockPcr(index):
            message = {"LockPCR": {"index": index}}
        case LockPcrs(count):
            message = {"LockPCRs": {"range": count}}
        case Attestation(user_data, nonce, public_key):
            message = {"Attestation": {"user_data": user_data, "nonce": nonce, "public_key": public_key}}
    return cbor.encode(message)


def decode_request(data: bytes) -> Request:
    """Read a request (the device's side).

    Raises:
        ValueError: not one of the seven.
    """
    message = cbor.decode(data)
    if message == "DescribeNSM":
        return DescribeNsm()
    if message == "GetRandom":
        return GetRandom()
    if not isinstance(message, dict) or len(message) != 1:
        raise ValueError("not a request")
    name, fields = next(iter(message.items()))
    if not isinstance(fields, dict):
        fields = {}
    match name:
        case "DescribePCR":
            return DescribePcr(_only_int(fields, "index"))
        case "LockPCR":
            return LockPcr(_only_int(fields, "index"))
        case "LockPCRs":
            return LockPcrs(_only_int(fields, "range"))
        case "ExtendPCR" if set(fields) == {"index", "data"}:
            data_field = fields.pop("data")
            if isinstance(data_field, bytes):
                return ExtendPcr(_only_int(fields, "index"), data_field)
        case "Attestation" if set(fields) <= {"user_data", "nonce", "public_key"}:
            values = {str(key): value for key, value in fields.items() if isinstance(value, bytes)}
            if all(value is None or isinstance(value, bytes) for value in fields.values()):
                return Attestation(**values)
    raise ValueError("not a request that the device knows")


def _only_int(fields: dict[cbor.Key, cbor.Value], name: str) -> int:
    value = fields.get(name)
    if set(fields) != {name} or isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is not an integer, or not alone")
    return value


class NsmTransport(Protocol):
    """The way to a device: one request's bytes in, its response's bytes out."""

    def exchange(self, request: bytes) -> bytes:
        """Send one request and wait for its response.

        Raises:
            NsmUnavailable: no answer came.
        """
        ...


class NsmClient:
    """Calls the device's seven operations; one user at a time, as the device itself works."""

    def __init__(self, transport: NsmTransport) -> None:
        """Use `transport` for every call."""
        self._transport = transport

    def describe(self) -> Description:
        """Return the device's description."""
        fields = self._fields(DescribeNsm(), "DescribeNSM")
        try:
            locked = fields["locked_pcrs"]
            if not isinstance(locked, list):
                raise NsmUnavailable("the NSM's list of locked PCRs is not a list")
            return Description(
                version=(_int(fields["version_major"]), _int(fields["version_minor"]), _int(fields["version_patch"])),
                module_id=str(fields["module_id"]),
                max_pcrs=_int(fields["max_pcrs"]),
                locked_pcrs=tuple(_int(index) for index in locked),
                digest=str(fields["digest"]),
            )
        except KeyError as missing:
            raise NsmUnavailable(f"the NSM's description has no {missing}") from None

    def random(self, count: int) -> bytes:
        """Return exactly `count` random bytes of the device, asking as often as it takes."""
        gathered = b""
        for _ in range(_RANDOM_ROUNDS):
            if len(gathered) >= count:
                return gathered[:count]
            gathered += _bytes(self._fields(GetRandom(), "GetRandom").get("random"), "random")
        raise NsmUnavailable(f"the NSM gave {len(gathered)} random bytes where {count} were asked for")

    def describe_pcr(self, index: int) -> PcrState:
        """Return one PCR."""
        fields = self._fields(DescribePcr(index), "DescribePCR")
        locked = fields.get("lock")
        if not isinstance(locked, bool):
            raise NsmUnavailable("the NSM's answer on a PCR has no lock state")
        return PcrState(locked, _bytes(fields.get("data"), "data"))

    def extend_pcr(self, index: int, data: bytes) -> bytes:
        """Extend a PCR and return its new value."""
        return _bytes(self._fields(ExtendPcr(index, data), "ExtendPCR").get("data"), "data")

    def lock_pcr(self, index: int) -> None:
        """Lock one PCR."""
        self._bare(LockPcr(index), "LockPCR")

    def lock_pcrs(self, count: int) -> None:
        """Lock PCRs 0 to `count` - 1."""
        self._bare(LockPcrs(count), "LockPCRs")

    def attest(
        self, *, user_data: bytes | None = None, nonce: bytes | None = None, public_key: bytes | None = None
    ) -> bytes:
        """Return a signed attestation document."""
        fields = self._fields(Attestation(user_data, nonce, public_key), "Attestation")
        return _bytes(fields.get("document"), "document")

    def _bare(self, request: Request, name: str) -> None:
        if self._call(request) != name:
            raise NsmUnavailable(f"the NSM answered something else than {name}")

    def _fields(self, request: Request, name: str) -> dict[cbor.Key, cbor.Value]:
        answer = self._call(request)
        fields = answer.get(name) if isinstance(answer, dict) else None
        if not isinstance(fields, dict):
            raise NsmUnavailable(f"the NSM answered something else than {name}")
        return fields

    def _call(self, request: Request) -> cbor.Value:
        encoded = encode_request(request)
        if len(encoded) > REQUEST_BYTES:
            raise NsmRefused("InputTooLarge")
        try:
            answer = cbor.decode(self._transport.exchange(encoded))
        except cbor.CborError as error:
            raise NsmUnavailable(f"the NSM's answer is not CBOR: {error}") from None
        if isinstance(answer, dict) and "Error" in answer:
            raise NsmRefused(str(answer["Error"]))
        return answer


def _int(value: cbor.Value) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise NsmUnavailable("a number in the NSM's answer is not an integer")
    return value


def _bytes(value: cbor.Value, name: str) -> bytes:
    if not isinstance(value, bytes):
        raise NsmUnavailable(f"the NSM's answer has no {name}")
    return value


_LENGTH = struct.Struct(">I")


class UnixTransport:
    """A device behind a UNIX socket: u32 length and message, each way; the connection is kept.

    The simulated device is reached so; a guest under a real hypervisor has a device file instead.
    """

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        """Connect lazily to the socket at `path`."""
        self._path = path
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None

    def exchange(self, request: bytes) -> bytes:
        """Send one request and wait for its response."""
        try:
            connection = self._connected()
            connection.sendall(_LENGTH.pack(len(request)) + request)
            (length,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size))
            return _exactly(connection, length)
        except OSError as error:
            self.close()
            raise NsmUnavailable(f"the NSM at {self._path} cannot be reached: {error.strerror or error}") from None
        except NsmUnavailable:
            self.close()
            raise

    def close(self) -> None:
        """Drop the connection; the next exchange makes a new one."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self._timeout_s)
            try:
                connection.connect(str(self._path))
            except OSError:
                connection.close()
                raise
            self._socket = connection
        return self._socket


def _exactly(connection: socket.socket, count: int, *, most: int = RESPONSE_BYTES) -> bytes:
    if count > most:
        raise NsmUnavailable(f"the NSM announced an answer of {count} bytes; at most {most} fit")
    received = bytearray()
    while len(received) < count:
        chunk = connection.recv(count - len(received))
        if not chunk:
            raise NsmUnavailable("the NSM closed the connection in the middle of an answer")
        received += chunk
    return bytes(received)
