"""The simulated NSM: request bytes in, response bytes out, as the device answers.

PCR 0 to 15 are locked from the start, 16 to 31 are the enclave's to extend and lock; a document lists locked PCRs
only, in a map of indefinite length, with null for what was not given. Pure: clock and randomness are parameters,
no socket is known here.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attestation import cbor, cose, nsm
from attestation.limits import DEFAULT_LIMITS
from attestation.sim.pki import Authority, Chain, make_chain

if TYPE_CHECKING:
    from collections.abc import Callable

_PCRS = 32
_BOOT_LOCKED = 16
_ZERO = bytes(48)
_RANDOM_BYTES = 256
_VERSION = (1, 0, 0)


@dataclass(frozen=True)
class Measured:
    """What the hypervisor measured before the guest ran."""

    pcr0: bytes
    pcr1: bytes
    pcr2: bytes
    instance: str = "i-simulated"

    def registers(self, *, debug: bool) -> list[bytes]:
        """The 32 PCRs at power-on; a debug enclave has zeros in 0, 1, 2 and, as on hardware, not in 4."""
        values = [_ZERO] * _PCRS
        if not debug:
            values[0:3] = [self.pcr0, self.pcr1, self.pcr2]
        values[4] = hashlib.sha384(_ZERO + self.instance.encode()).digest()
        return values


@dataclass
class SimulatedNsm:
    """One enclave's device, from power-on to power-off."""

    root: Authority
    measured: Measured
    clock_ms: Callable[[], int]
    random: Callable[[int], bytes]
    module_id: str = "i-simulated-enc0"
    debug: bool = False
    _values: list[bytes] = field(init=False)
    _locked: set[int] = field(init=False, default_factory=lambda: set(range(_BOOT_LOCKED)))
    _chain: Chain | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        """Load the registers."""
        self._values = self.measured.registers(debug=self.debug)

    def handle(self, request: bytes) -> bytes:
        """Answer one request; whatever is wrong with it becomes an error response."""
        if len(request) > nsm.REQUEST_BYTES:
            return _error("InputTooLarge")
        try:
            decoded = nsm.decode_request(request)
        except ValueError:
            return _error("InvalidOperation")
        answer = cbor.encode(self._answer(decoded))
        return answer if len(answer) <= nsm.RESPONSE_BYTES else _error("BufferTooSmall")

    def _answer(self, request: nsm.Request) -> object:
        match request:
            case nsm.DescribeNsm():
                return {"DescribeNSM": self._description()}
            case nsm.GetRandom():
                return {"GetRandom": {"random": self.random(_RANDOM_BYTES)}}
            case nsm.DescribePcr(index):
                return self._describe_pcr(index)
            case nsm.ExtendPcr(index, data):
                return self._extend(index, data)
            case nsm.LockPcr(index):
                return self._lock(index)
            case nsm.LockPcrs(count):
                return self._lock_range(count)
            case nsm.Attestation():
                return self._attest(request)

    def _description(self) -> dict[str, object]:
        major, minor, patch = _VERSION
        return {
            "version_major": major,
            "version_minor": minor,
            "version_patch": patch,
            "module_id": self.module_id,
            "max_pcrs": _PCRS,
            "locked_pcrs": sorted(self._locked),
            "digest": "SHA384",
        }

    def _describe_pcr(self, index: int) -> object:
        if not 0 <= index < _PCRS:
            return {"Error": "InvalidIndex"}
        return {"DescribePCR": {"lock": index in self._locked, "data": self._values[index]}}

    def _extend(self, index: int, data: bytes) -> object:
        if not 0 <= index < _PCRS:
            return {"Error": "InvalidIndex"}
        if index in self._locked:
            return {"Error": "ReadOnlyIndex"}
        self._values[index] = hashlib.sha384(self._values[index] + data).digest()
        return {"ExtendPCR": {"data": self._values[index]}}

    def _lock(self, index: int) -> object:
        if not 0 <= index < _PCRS:
            return {"Error": "InvalidIndex"}
        if index in self._locked:
            return {"Error": "ReadOnlyIndex"}
        self._locked.add(index)
        return "LockPCR"

    def _lock_range(self, count: int) -> object:
        if not 0 < count <= _PCRS:
            return {"Error": "InvalidIndex"}
        self._locked |= set(range(count))
        return "LockPCRs"

    def _attest(self, request: nsm.Attestation) -> object:
        limits = DEFAULT_LIMITS
        sizes = (
            (request.user_data, limits.user_data_bytes),
            (request.nonce, limits.nonce_bytes),
            (request.public_key, limits.public_key_bytes),
        )
        if any(value is not None and len(value) > most for value, most in sizes):
            return {"Error": "InputTooLarge"}
        now_ms = self.clock_ms()
        if self._chain is None or now_ms >= self._chain.renew_at_ms:
            self._chain = make_chain(self.root, self.module_id, now_ms)
        payload = cbor.IndefiniteMap(
            {
                "module_id": self.module_id,
                "digest": "SHA384",
                "timestamp": now_ms,
                "pcrs": {index: self._values[index] for index in sorted(self._locked)},
                "certificate": self._chain.leaf.der,
                "cabundle": list(self._chain.cabundle),
                "public_key": request.public_key,
                "user_data": request.user_data,
                "nonce": request.nonce,
            }
        )
        return {"Attestation": {"document": cose.sign(cbor.encode(payload), self._chain.leaf.key)}}


def _error(code: str) -> bytes:
    return cbor.encode({"Error": code})
