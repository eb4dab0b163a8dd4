"""Where the simulation's root lives on the host: one folder per home, key readable by its owner alone."""

from __future__ import annotations

import os
import secrets
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from attestation.sim.pki import Authority, make_root

if TYPE_CHECKING:
    from pathlib import Path

ROOT_CERTIFICATE = "root.pem"
_ROOT_KEY = "root.key"


def load_or_create(folder: Path, *, at_ms: int) -> Authority:
    """Return the home's simulation root, making it on the first call.

    Raises:
        ValueError: the folder holds half of a root, or one that does not fit together.
    """
    certificate_path, key_path = folder / ROOT_CERTIFICATE, folder / _ROOT_KEY
    if not certificate_path.exists() and not key_path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = make_root(at_ms, name=f"k3s-daas simulation root {secrets.token_hex(4)}, not AWS")
        private = root.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(key_path, private, 0o600)
        _write(certificate_path, root.certificate.public_bytes(Encoding.PEM), 0o644)
        return root
    try:
        key = load_pem_private_key(key_path.read_bytes(), password=None)
        certificate = x509.load_pem_x509_certificate(certificate_path.read_bytes())
    except (OSError, ValueError):
        raise ValueError(f"the simulation root in {folder} is damaged: delete the folder and start again") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError(f"key and certificate in {folder} do not fit together: delete the folder and start again")
    return Authority(certificate, key)


def _write(path: Path, content: bytes, mode: int) -> None:
    temporary = path.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    temporary.replace(path)
