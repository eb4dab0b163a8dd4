"""`sui::ecdsa_k1` and `sui::ecdsa_r1`."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from localnet.vm.errors import NativeAbort
from localnet.vm.natives.keccak import keccak256
from localnet.vm.natives.registry import Native, plain
from localnet.vm.natives.weierstrass import SECP256K1, SECP256R1, Curve, compressed

if TYPE_CHECKING:
    from localnet.vm.session import Session

_FAIL_TO_RECOVER = 0
_INVALID_SIGNATURE = 1
_INVALID_KEY = 2
_KECCAK, _SHA256 = 0, 1
_COST = 1_470


def _digest(message: bytearray, kind: int) -> bytes | None:
    if kind == _KECCAK:
        return keccak256(bytes(message))
    return hashlib.sha256(message).digest() if kind == _SHA256 else None


def _numbers(signature: bytearray) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")


def _verify(curve: Curve) -> Native:
    def native(session: Session, signature: bytearray, key: bytearray, message: bytearray, kind: int) -> bool:
        session.native_units += _COST + 2 * len(message)
        point = curve.decompress(bytes(key))
        digest = _digest(message, kind)
        if len(signature) != 64 or point is None or digest is None:
            return False
        r, s = _numbers(signature)
        if s > curve.order // 2:
            return False
        return curve.verify(digest, r, s, point)

    return native


def _recover(curve: Curve) -> Native:
    def native(session: Session, signature: bytearray, message: bytearray, kind: int) -> bytearray:
        session.native_units += _COST + 2 * len(message)
        if len(signature) != 65 or signature[64] > 3:
            raise NativeAbort(_INVALID_SIGNATURE)
        digest = _digest(message, kind)
        r, s = _numbers(signature)
        if not (0 < r < curve.order and 0 < s < curve.order):
            raise NativeAbort(_INVALID_SIGNATURE)
        point = curve.recover(digest, r, s, signature[64]) if digest is not None else None
        if point is None:
            raise NativeAbort(_FAIL_TO_RECOVER)
        return bytearray(compressed(point))

    return native


plain("0x2", "ecdsa_k1", "secp256k1_verify")(_verify(SECP256K1))
plain("0x2", "ecdsa_r1", "secp256r1_verify")(_verify(SECP256R1))
plain("0x2", "ecdsa_k1", "secp256k1_ecrecover")(_recover(SECP256K1))
plain("0x2", "ecdsa_r1", "secp256r1_ecrecover")(_recover(SECP256R1))


@plain("0x2", "ecdsa_k1", "decompress_pubkey")
def decompress_pubkey(session: Session, key: bytearray) -> bytearray:
    """Return the 65-byte form of a 33-byte public key."""
    session.native_units += 52
    point = SECP256K1.decompress(bytes(key))
    if point is None:
        raise NativeAbort(_INVALID_KEY)
    return bytearray(b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))
