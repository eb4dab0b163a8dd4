"""The Enclave Image Format: what an enclave boots from, read strictly and written canonically.

Format: aws-nitro-enclaves-image-format, `src/defs/mod.rs`; every integer is big-endian. A header of 548 bytes names up
to 32 sections by offset and size; each section begins with a header of its own. The CRC-32 covers all but itself.

Rules: QEMU follows the offsets, AWS's reader walks the file, and both must see the same image: so sections begin right
after the header, lie in order without gaps or overlaps, and end with the file. One kernel, one command line and at
least one ramdisk, in the builder's order: kernel, command line, metadata, ramdisks, signature.

It measures nothing (`attestation.eif_pcrs`) and checks no signature (`attestation.eif_signature`).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from attestation.errors import ImageRefused

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b".eif"
"""The first four bytes."""

VERSION = 4
"""The version that has CRC, signature and metadata; QEMU takes no older one."""

HEADER_BYTES = 548
"""Length of the file's header."""

MAX_SECTIONS = 32
"""Places for sections in the header."""

MAX_METADATA_BYTES = 1 << 20
"""Longest metadata section that is looked at."""

MAX_SIGNATURE_BYTES = 1 << 16
"""Longest signature section that is looked at."""

_HEADER = struct.Struct(f">4sHHQQHH{MAX_SECTIONS}Q{MAX_SECTIONS}QII")
_SECTION = struct.Struct(">HHQ")
_CRC_AT = HEADER_BYTES - 4


class SectionType(IntEnum):
    """What a section holds."""

    KERNEL = 1
    CMDLINE = 2
    RAMDISK = 3
    SIGNATURE = 4
    METADATA = 5


_ORDER = (
    SectionType.KERNEL,
    SectionType.CMDLINE,
    SectionType.METADATA,
    SectionType.RAMDISK,
    SectionType.SIGNATURE,
)
_LIMITS = {SectionType.METADATA: MAX_METADATA_BYTES, SectionType.SIGNATURE: MAX_SIGNATURE_BYTES}


@dataclass(frozen=True)
class Section:
    """One section without its header."""

    type: SectionType
    data: bytes


@dataclass(frozen=True)
class Image:
    """An enclave image. Default memory (bytes) and CPUs stand in the header and are not measured."""

    kernel: bytes
    cmdline: bytes
    ramdisks: tuple[bytes, ...]
    metadata: bytes = b""
    signature: bytes = b""
    default_mem: int = 1 << 30
    default_cpus: int = 2

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections in the order in which they stand in the file."""
        found = [Section(SectionType.KERNEL, self.kernel), Section(SectionType.CMDLINE, self.cmdline)]
        if self.metadata:
            found.append(Section(SectionType.METADATA, self.metadata))
        found += [Section(SectionType.RAMDISK, each) for each in self.ramdisks]
        if self.signature:
            found.append(Section(SectionType.SIGNATURE, self.signature))
        return tuple(found)


def encode(image: Image) -> bytes:
    """Write an image; the same image gives the same bytes.

    Raises:
        ImageRefused: it has no kernel, no command line or no ramdisk, or too many sections.
    """
    sections = image.sections
    _check_kinds([section.type for section in sections])
    if not all(section.data for section in sections):
        raise ImageRefused("sections", "a section is empty")
    offsets, sizes, body = [0] * MAX_SECTIONS, [0] * MAX_SECTIONS, bytearray()
    for at, section in enumerate(sections):
        offsets[at], sizes[at] = HEADER_BYTES + len(body), len(section.data)
        body += _SECTION.pack(section.type, 0, len(section.data)) + section.data
    fields = (MAGIC, VERSION, 0, image.default_mem, image.default_cpus, 0, len(sections), *offsets, *sizes, 0)
    head = _HEADER.pack(*fields, 0)[:_CRC_AT]
    return head + struct.pack(">I", zlib.crc32(body, zlib.crc32(head))) + bytes(body)


def decode(data: bytes) -> Image:
    """Read an image, strictly.

    Raises:
        ImageRefused: it is not one, or two readers could see different images in it; the error names the rule.
    """
    if len(data) < HEADER_BYTES:
        raise ImageRefused("header", f"{len(data)} bytes are too few for an enclave image")
    magic, version, flags, mem, cpus, reserved, count, *rest = _HEADER.unpack_from(data)
    offsets, sizes = rest[:MAX_SECTIONS], rest[MAX_SECTIONS : 2 * MAX_SECTIONS]
    unused, crc = rest[-2:]
    if magic != MAGIC:
        raise ImageRefused("header", "it does not begin with .eif: this is no enclave image")
    if version != VERSION:
        raise ImageRefused("header", f"version {version} instead of {VERSION}; build it anew")
    if flags or reserved or unused:
        raise ImageRefused("header", "flags or reserved fields are not zero: only x86_64 images are known here")
    if not 0 < count <= MAX_SECTIONS:
        raise ImageRefused("sections", f"{count} sections instead of 1 to {MAX_SECTIONS}")
    if any(offsets[count:]) or any(sizes[count:]):
        raise ImageRefused("sections", "the header names more sections than it counts")
    if zlib.crc32(data[HEADER_BYTES:], zlib.crc32(data[:_CRC_AT])) != crc:
        raise ImageRefused("crc", "the checksum does not hold; the file was damaged or changed")
    sections = _sections(data, offsets[:count], sizes[:count])
    _check_kinds([section.type for section in sections])
    by_type = {kind: [s.data for s in sections if s.type is kind] for kind in SectionType}
    return Image(
        kernel=by_type[SectionType.KERNEL][0],
        cmdline=by_type[SectionType.CMDLINE][0],
        ramdisks=tuple(by_type[SectionType.RAMDISK]),
        metadata=b"".join(by_type[SectionType.METADATA]),
        signature=b"".join(by_type[SectionType.SIGNATURE]),
        default_mem=mem,
        default_cpus=cpus,
    )


def _sections(data: bytes, offsets: Sequence[int], sizes: Sequence[int]) -> list[Section]:
    """Walk the file and hold it against the header: both ways of reading must see the same."""
    found = []
    at = HEADER_BYTES
    for number, (offset, size) in enumerate(zip(offsets, sizes, strict=True)):
        if offset != at:
            raise ImageRefused("sections", f"section {number} begins at {offset}, not at {at}: a gap or an overlap")
        end = at + _SECTION.size + size
        if end > len(data):
            raise ImageRefused("sections", f"section {number} ends behind the end of the file")
        kind, flags, length = _SECTION.unpack_from(data, at)
        if length != size:
            raise ImageRefused("sections", f"section {number} has {length} bytes by its header, {size} by the file's")
        if flags:
            raise ImageRefused("sections", f"section {number} has flags")
        try:
            known = SectionType(kind)
        except ValueError:
            raise ImageRefused("sections", f"section {number} is of the unknown type {kind}") from None
        if not 0 < size <= _LIMITS.get(known, len(data)):
            raise ImageRefused("sections", f"section {number} ({known.name.lower()}) has {size} bytes")
        found.append(Section(known, data[at + _SECTION.size : end]))
        at = end
    if at != len(data):
        raise ImageRefused("sections", f"{len(data) - at} bytes follow the last section")
    return found


def _check_kinds(kinds: Sequence[SectionType]) -> None:
    if list(kinds) != sorted(kinds, key=_ORDER.index):
        raise ImageRefused("sections", "they do not stand in the order kernel, cmdline, metadata, ramdisks, signature")
    for kind in (SectionType.KERNEL, SectionType.CMDLINE):
        if kinds.count(kind) != 1:
            raise ImageRefused("sections", f"{kinds.count(kind)} {kind.name.lower()} sections instead of one")
    for kind in (SectionType.METADATA, SectionType.SIGNATURE):
        if kinds.count(kind) > 1:
            raise ImageRefused("sections", f"{kinds.count(kind)} {kind.name.lower()} sections instead of at most one")
    if SectionType.RAMDISK not in kinds:
        raise ImageRefused("sections", "there is no ramdisk")
    if len(kinds) > MAX_SECTIONS:
        raise ImageRefused("sections", f"more than {MAX_SECTIONS} sections")
