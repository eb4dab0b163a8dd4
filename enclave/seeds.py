"""Seeds of keys from two independent sources: the NSM's random numbers and the kernel's.

Either alone is enough for security; a source that gives less than asked for stops the boot.
"""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from enclave.errors import BootFailed

SOURCE_BYTES = 64
"""How much each source gives."""


def mixed_seed(purpose: str, length: int, *, nsm: bytes, kernel: bytes) -> bytes:
    """Return `length` bytes for one purpose, of both sources.

    Raises:
        BootFailed: a source gave too little, or nothing but one repeated byte.
    """
    for name, source in (("NSM", nsm), ("kernel", kernel)):
        if len(source) < SOURCE_BYTES or len(set(source)) == 1:
            raise BootFailed(f"the {name} gave no usable randomness; no key is made from it")
    info = b"k3s-daas::seed::v1::" + purpose.encode()
    return HKDF(algorithm=hashes.SHA512(), length=length, salt=None, info=info).derive(nsm + kernel)
