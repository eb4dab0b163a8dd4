"""What a Nitro hypervisor will measure of an enclave image.

Formula: X(m) = SHA384(48 zero bytes || SHA384(m)); PCR0 = X(kernel || cmdline || every ramdisk), PCR1 = X(kernel ||
cmdline || first ramdisk), PCR2 = X(the other ramdisks), PCR8 = X(DER of the signing certificate). Source:
aws-nitro-enclaves-image-format, `src/utils/eif_builder.rs`; QEMU, `hw/i386/nitro_enclave.c`, computes the same.

Rules: nothing frames the measured parts, so bytes can move between them under one PCR0: pin PCR0, 1 and 2 together.
Header, metadata and signature are not measured.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attestation.eif import Image

ALGORITHM = "Sha384 { ... }"
"""How nitro-cli names the algorithm."""


@dataclass(frozen=True)
class ImagePcrs:
    """The measurements of one image; PCR8 only where it is signed."""

    pcr0: bytes
    pcr1: bytes
    pcr2: bytes
    pcr8: bytes | None = None

    def as_nitro(self) -> dict[str, str]:
        """The values under nitro-cli's names."""
        told = {"PCR0": self.pcr0.hex(), "PCR1": self.pcr1.hex(), "PCR2": self.pcr2.hex()}
        return told if self.pcr8 is None else told | {"PCR8": self.pcr8.hex()}


def extended(*parts: bytes) -> bytes:
    """A fresh register, extended once by the SHA-384 of these parts."""
    digest = hashlib.sha384()
    for part in parts:
        digest.update(part)
    return hashlib.sha384(bytes(48) + digest.digest()).digest()


def measure_image(image: Image, *, certificate_der: bytes | None = None) -> ImagePcrs:
    """Measure an image.

    Args:
        image: what will boot.
        certificate_der: the signing certificate, where the image is signed.
    """
    return ImagePcrs(
        pcr0=extended(image.kernel, image.cmdline, *image.ramdisks),
        pcr1=extended(image.kernel, image.cmdline, image.ramdisks[0]),
        pcr2=extended(*image.ramdisks[1:]),
        pcr8=None if certificate_der is None else extended(certificate_der),
    )
