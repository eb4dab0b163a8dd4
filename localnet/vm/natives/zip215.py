"""Ed25519 verification as ZIP 215 defines it: [8][S]B = [8]R + [8][k]A, any encoding of R and A, S canonical.

Slow (milliseconds) and not constant in time: everything that it sees is public.
"""

from __future__ import annotations

import hashlib
from typing import TypeAlias

_P = 2**255 - 19
_ORDER = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, _P) % _P
_ROOT = pow(2, (_P - 1) // 4, _P)

Point: TypeAlias = tuple[int, int, int, int]
_ZERO: Point = (0, 1, 1, 0)


def _add(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _multiply(scalar: int, point: Point) -> Point:
    result = _ZERO
    while scalar:
        if scalar & 1:
            result = _add(result, point)
        point = _add(point, point)
        scalar >>= 1
    return result


def _decompress(data: bytes) -> Point | None:
    encoded = int.from_bytes(data, "little")
    sign = encoded >> 255
    y = (encoded & (1 << 255) - 1) % _P
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * _ROOT % _P
    if (x * x - square) % _P:
        return None
    if x & 1 != sign:
        x = (_P - x) % _P
    return x, y, 1, x * y % _P


_BASE = _decompress((4 * pow(5, -1, _P) % _P).to_bytes(32, "little"))


def verify_zip215(signature: bytes, public_key: bytes, message: bytes) -> bool:
    """Return whether a 64-byte signature under a 32-byte key holds."""
    key, nonce = _decompress(public_key), _decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if key is None or nonce is None or _BASE is None or scalar >= _ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public_key + message).digest(), "little") % _ORDER
    right = _add(nonce, _multiply(challenge, key))
    left = _multiply(8 * scalar, _BASE)
    right = _multiply(8, right)
    return (left[0] * right[2] - right[0] * left[2]) % _P == 0 and (left[1] * right[2] - right[1] * left[2]) % _P == 0
