"""ECDSA over secp256k1 and secp256r1: verification, and recovery of the public key. Nothing here is secret."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ + a·x + b over the field of `p`; `order` of the base point (gx, gy)."""

    p: int
    a: int
    b: int
    order: int
    gx: int
    gy: int

    def lift(self, x: int, *, odd: bool) -> tuple[int, int] | None:
        """Return the point with this x and parity of y, if there is one."""
        if x >= self.p:
            return None
        square = (x * x * x + self.a * x + self.b) % self.p
        y = pow(square, (self.p + 1) // 4, self.p)
        if y * y % self.p != square:
            return None
        return x, y if y & 1 == odd else (self.p - y) % self.p

    def add(self, one: tuple[int, int] | None, other: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return the sum; None is the point at infinity."""
        if one is None or other is None:
            return one or other
        (x1, y1), (x2, y2) = one, other
        if x1 == x2:
            if (y1 + y2) % self.p == 0:
                return None
            slope = (3 * x1 * x1 + self.a) * pow(2 * y1, -1, self.p) % self.p
        else:
            slope = (y2 - y1) * pow(x2 - x1, -1, self.p) % self.p
        x = (slope * slope - x1 - x2) % self.p
        return x, (slope * (x1 - x) - y1) % self.p

    def multiply(self, scalar: int, point: tuple[int, int] | None) -> tuple[int, int] | None:
        """Return scalar times point."""
        result = None
        while scalar:
            if scalar & 1:
                result = self.add(result, point)
            point = self.add(point, point)
            scalar >>= 1
        return result

    def decompress(self, key: bytes) -> tuple[int, int] | None:
        """Return the point of a 33-byte public key."""
        if len(key) != 33 or key[0] not in {2, 3}:
            return None
        return self.lift(int.from_bytes(key[1:], "big"), odd=key[0] == 3)

    def verify(self, digest: bytes, r: int, s: int, key: tuple[int, int]) -> bool:
        """Return whether (r, s) signs the digest."""
        if not (0 < r < self.order and 0 < s < self.order):
            return False
        inverse = pow(s, -1, self.order)
        number = int.from_bytes(digest, "big")
        base = self.multiply(number * inverse % self.order, (self.gx, self.gy))
        point = self.add(base, self.multiply(r * inverse % self.order, key))
        return point is not None and point[0] % self.order == r

    def recover(self, digest: bytes, r: int, s: int, recovery: int) -> tuple[int, int] | None:
        """Return the public key whose signature this is."""
        if not (0 < r < self.order and 0 < s < self.order):
            return None
        nonce = self.lift(r + (recovery >> 1) * self.order, odd=bool(recovery & 1))
        if nonce is None:
            return None
        inverse = pow(r, -1, self.order)
        number = int.from_bytes(digest, "big")
        base = self.multiply(-number * inverse % self.order, (self.gx, self.gy))
        return self.add(base, self.multiply(s * inverse % self.order, nonce))


SECP256K1 = Curve(
    p=2**256 - 2**32 - 977,
    a=0,
    b=7,
    order=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    gx=0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    gy=0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
SECP256R1 = Curve(
    p=2**256 - 2**224 + 2**192 + 2**96 - 1,
    a=-3,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    order=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    gx=0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    gy=0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def compressed(point: tuple[int, int]) -> bytes:
    """Return the 33-byte form of a public key."""
    return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")
