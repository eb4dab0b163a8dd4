"""Measures the installed enclave code, in the shape of an image's PCR 0, 1 and 2.

PCR0 covers every package that the enclave runs, PCR1 those that boot it and hold its keys, PCR2 the rest; each is
SHA384(48 zero bytes || SHA384(listing)), as a device extends a fresh register. The listing has, per file and sorted
by name, the lengths and bytes of name and content, so nothing can move from one file to another. Compiled caches are
left out, and so is this simulation, which the enclave does not run; times, owners and modes do not count.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

BOOT_PACKAGES = ("attestation", "enclave", "wire")
WORK_PACKAGES = ("chain", "gateway", "sui")
_LENGTHS = struct.Struct(">IQ")


@dataclass(frozen=True)
class Measurements:
    """The three values, 48 bytes each."""

    pcr0: bytes
    pcr1: bytes
    pcr2: bytes

    def as_hex(self) -> dict[str, str]:
        """The values as nitro-cli names and prints them."""
        return {"PCR0": self.pcr0.hex(), "PCR1": self.pcr1.hex(), "PCR2": self.pcr2.hex()}


def measure(code: Path) -> Measurements:
    """Measure the packages that lie in `code` (the folder that holds them).

    Raises:
        FileNotFoundError: none of the packages is there, so there is nothing to measure.
    """
    boot, work = _listing(code, BOOT_PACKAGES), _listing(code, WORK_PACKAGES)
    if not boot or not work:
        raise FileNotFoundError(f"no enclave code in {code}")
    return Measurements(_extend(boot + work), _extend(boot), _extend(work))


def installed_code() -> Path:
    """The folder that holds the running packages."""
    return Path(__file__).resolve().parent.parent.parent


def _listing(code: Path, packages: tuple[str, ...]) -> bytes:
    listing = bytearray()
    files = [path for package in packages for path in (code / package).rglob("*")]
    for path in sorted(files, key=lambda p: p.relative_to(code).as_posix().encode()):
        inside = path.relative_to(code)
        if "__pycache__" in inside.parts or path.suffix == ".pyc" or inside.parts[:2] == ("attestation", "sim"):
            continue
        if path.is_symlink() or not path.is_file():
            continue
        name, content = inside.as_posix().encode(), path.read_bytes()
        listing += _LENGTHS.pack(len(name), len(content)) + name + content
    return bytes(listing)


def _extend(listing: bytes) -> bytes:
    return hashlib.sha384(bytes(48) + hashlib.sha384(listing).digest()).digest()
