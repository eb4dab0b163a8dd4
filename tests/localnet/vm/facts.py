"""Calls into the corpus `basics`: every instruction family, native and abort."""

from __future__ import annotations

import hashlib
from itertools import product

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from localnet.vm.natives.keccak import keccak256
from localnet.vm.natives.weierstrass import SECP256K1, SECP256R1
from sui.types import Address
from tests.localnet.vm.oracle import Fact

WIDTHS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "u128": 128, "u256": 256}
BOTH = (False, True)


def integers() -> list[Fact]:
    facts = []
    for name, bits in WIDTHS.items():
        top = (1 << bits) - 1
        half = 1 << bits // 2
        pairs = [(0, 0), (1, 0), (7, 3), (top, 1), (top, top), (half, half), (half - 1, half + 1), (3, 200)]
        facts += [Fact("integers", f"arithmetic_{name}", (op, a, b)) for op in range(8) for a, b in pairs]
        facts += [Fact("integers", f"compare_{name}", pair) for pair in pairs[:6]]
        shifts = sorted({0, 1, bits // 2, bits - 1, min(bits, 255), 255})
        facts += [Fact("integers", f"shift_{name}", (left, top - 2, by)) for left in BOTH for by in shifts]
        facts += [Fact("integers", f"cast_{name}", (to, value)) for to in range(6) for value in (200, top, half)]
    facts += [Fact("integers", "booleans", pair) for pair in product(BOTH, BOTH)]
    return [*facts, Fact("integers", "literals")]


def control() -> list[Fact]:
    facts = [Fact("control", "sum_to", (n,)) for n in (0, 1, 100)]
    facts += [Fact("control", "primes_below", (n,)) for n in (0, 30, 100)]
    facts += [Fact("control", "collatz", pair) for pair in ((1, 5), (27, 200), (27, 10))]
    facts += [Fact("control", "fibonacci", (n,)) for n in (0, 1, 15)]
    facts += [Fact("control", "ackermann", pair) for pair in ((0, 3), (2, 3))]
    facts += [Fact("control", name, (n,)) for name in ("is_even", "is_odd") for n in (0, 1, 11)]
    facts += [Fact("control", "classify", (n,)) for n in (0, 1, 2, 3, 4, 7, 1000, 1001)]
    facts += [Fact("control", "nested", triple) for triple in product((1, 5, 9, 60), (5, 9), (0, 3, 7, 9))]
    facts += [Fact("control", "labelled", (n,)) for n in (0, 9, 10, 81, 200)]
    facts += [
        Fact("control", "short_circuit", pair) for pair in ((False, 0), (True, 0), (True, 3), (True, 5), (False, 1))
    ]
    facts += [Fact("control", "aborts_with", (code,)) for code in (0, 7, 2**64 - 1)]
    facts += [Fact("control", "asserts", pair) for pair in ((0, 1), (1, 0), (2, 1), (1, 2), (100, 200), (3, 9))]
    facts += [
        Fact("control", "depth", (n,), (), "depth_from_a_test")
        for n in (0, 500, 1_021, 1_022, 1_023, 1_024, 1_025, 1_100)
    ]
    facts += [Fact("control", "mixed_order", (3,))]
    return facts + [Fact("control", "three_way", (n,)) for n in (0, 1, 7, 40)]


def data() -> list[Fact]:
    facts = [Fact("references", "locals", (5,)), Fact("references", "locals", (2**64 - 1,))]
    facts += [
        Fact("references", name, pair)
        for name in ("choose", "choose_shared", "swap_through")
        for pair in ((1, 2), (9, 3))
    ]
    names = (
        "fields",
        "copies_do_not_alias",
        "write_whole",
        "compare_references",
        "replaced",
        "order_of_effects",
        "unpacked",
    )
    facts += [Fact("references", name) for name in names]
    facts += [Fact("references", "loop_references", (n,)) for n in (0, 1, 6)]
    facts += [Fact("generics", "nested", (n,)) for n in (1, 9)]
    facts += [Fact("generics", name) for name in ("counted", "mix", "names", "equals")]
    facts += [Fact("generics", name, (n,)) for name in ("through_references", "options") for n in (3, 8)]
    facts += [Fact("enums", name, (n,)) for name in ("make", "area", "grown", "replaced", "describe") for n in range(4)]
    facts += [Fact("enums", "must_be_circle", (n,)) for n in (1, 2)]
    return [*facts, Fact("enums", "trees"), Fact("enums", "equal_shapes")]


def vectors() -> list[Fact]:
    facts = [Fact("vectors", name) for name in ("constants", "constants_stay", "library", "kinds")]
    facts += [Fact("vectors", name, (i,)) for name in ("item", "item_mut", "list_item") for i in (0, 2, 3, 2**32 - 1)]
    facts += [Fact("vectors", "popped", (n,)) for n in (0, 2, 3)]
    facts += [Fact("vectors", "swapped", pair) for pair in ((0, 2), (1, 1), (0, 3), (5, 0))]
    facts += [Fact("vectors", "destroyed", (n,)) for n in (0, 1)]
    facts += [Fact("vectors", "bubble_sort", (seed, n)) for seed, n in ((1, 0), (42, 20), (7, 40))]
    facts += [Fact("vectors", "matrix", (n,)) for n in (0, 1, 5)]
    return facts + [Fact("vectors", "bytes_out_of_range", (i,)) for i in (2, 3)]


def natives() -> list[Fact]:
    texts = [b"", b"plain", "grüße €".encode(), b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"a" * 300]
    facts = [Fact("natives", "bcs_of", (n,)) for n in (0, 2**64 - 1)]
    facts += [Fact("natives", "long_bcs", (n,)) for n in (0, 127, 128, 300)]
    facts += [Fact("natives", "hashes", (text,)) for text in (*texts, bytes(135), bytes(136), bytes(137))]
    facts += [Fact("natives", name, (text,)) for name in ("strings", "must_be_utf8") for text in texts]
    word = "aéb€c".encode()
    facts += [
        Fact("natives", "substring", (word, *pair))
        for pair in ((0, 0), (0, 1), (1, 3), (1, 2), (3, 8), (0, 99), (3, 1))
    ]
    facts += [Fact("natives", "index_of", (word, part)) for part in (b"", b"b", b"zz", word, word + b"x")]
    facts += [Fact("natives", "addresses", (Address.parse(text),)) for text in ("0x0", "0x1234", "0x" + "f" * 64)]
    facts += [Fact("natives", "address_from", (bytes(range(n)),)) for n in (0, 31, 32, 33)]
    facts += [Fact("natives", "hex_round", (text,)) for text in (b"", b"\x00\xff\x7f")]
    facts += [Fact("natives", name, (n,)) for name in ("numbers", "fixed") for n in (0, 50, 255, 256, 4_000_000)]
    good = bytes.fromhex("0700000000000000" + "01" + "03616263" + "01" + "00" * 31 + "05" + "ff" * 16)
    facts += [
        Fact("natives", "peel", (text,))
        for text in (good, b"", good[:9], good + b"\x00", good[:8] + b"\x02" + good[9:])
    ]
    return facts + signatures()


def signatures() -> list[Fact]:
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    public, message = key.public_key().public_bytes_raw(), b"message"
    good = key.sign(message)
    small = b"\x01" + bytes(31)
    order = 2**252 + 27742317777372353535851937790883648493
    high = good[:32] + (int.from_bytes(good[32:], "little") + order).to_bytes(32, "little")
    cases = [
        (good, public, message),
        (good, public, b"other"),
        (good[:63], public, message),
        (good, public[:31], message),
        (bytes(64), public, message),
        (small + bytes(32), small, message),
        (high, public, message),
        (good, bytes(32), message),
        (b"\x01" + bytes(63), bytes(32), message),
        (good, b"\x02" + bytes(31), message),
    ]
    return [Fact("natives", "ed25519", case) for case in cases] + ecdsa()


def ecdsa() -> list[Fact]:
    facts = []
    for name, curve, private in (("k1", SECP256K1, ec.SECP256K1()), ("r1", SECP256R1, ec.SECP256R1())):
        key = ec.derive_private_key(0xC0FFEE, private)
        public = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        message = b"message"
        for kind, digest in ((1, hashlib.sha256(message).digest()), (0, keccak256(message))):
            # A fixed nonce: these tests must give the same facts each time.
            nonce = curve.multiply(12345, (curve.gx, curve.gy))
            r = nonce[0] % curve.order
            s = pow(12345, -1, curve.order) * (int.from_bytes(digest, "big") + r * 0xC0FFEE) % curve.order
            odd = nonce[1] & 1
            low, low_odd = (s, odd) if s <= curve.order // 2 else (curve.order - s, odd ^ 1)
            high, high_odd = curve.order - low, low_odd ^ 1

            def pair(number: int, first: int = r) -> bytes:
                return first.to_bytes(32, "big") + number.to_bytes(32, "big")

            signatures = [pair(low), pair(high), pair(low)[:63], pair(0), bytes(64), b"\xff" * 64]
            facts += [Fact("natives", name, (signature, public, message, kind)) for signature in signatures]
            facts += [Fact("natives", name, (pair(low), public, b"other", kind))]
            recoverable = [
                pair(low) + bytes([low_odd]),
                pair(high) + bytes([high_odd]),
                pair(low) + bytes([low_odd ^ 1]),
                pair(low) + bytes([low_odd | 2]),
                pair(low) + b"\x04",
                pair(low),
                bytes(65),
                pair(0) + b"\x00",
                b"\xff" * 64 + b"\x00",
            ]
            if name == "k1":  # The unit-test VM's WASM port refuses a high s here; nodes (libsecp256k1) do not.
                del recoverable[1]
            facts += [Fact("natives", f"{name}_recover", (signature, message, kind)) for signature in recoverable]
        facts += [Fact("natives", name, (pair(low), public, message, 2))]
        facts += [
            Fact("natives", name, (pair(low), key_bytes, message, 1))
            for key_bytes in (public[1:], b"\x05" + public[1:])
        ]
        facts += [Fact("natives", f"{name}_recover", (pair(low) + bytes([low_odd]), message, 7))]
        if name == "k1":
            facts += [
                Fact("natives", "k1_decompress", (data,))
                for data in (public, public[:32], b"\x04" + public[1:], bytes(33))
            ]
    return facts


def objects() -> list[Fact]:
    names = (
        "ids",
        "context",
        "field_twice",
        "field_missing",
        "field_type",
        "object_fields",
        "not_empty",
        "bags",
        "linked",
    )
    facts = [Fact("objects", name) for name in (*names, "maps", "map_twice", "sends")]
    facts += [Fact("objects", "fields", (n,)) for n in (0, 21)]
    facts += [Fact("objects", "tables", (n,)) for n in (1, 2, 5)]
    facts += [Fact("objects", "money", pair) for pair in ((100, 31), (5, 5), (5, 6), (0, 0))]
    return facts + [Fact("objects", "emits", (n,), ("Happened",)) for n in (0, 3)]


def all_facts() -> list[Fact]:
    return [*integers(), *control(), *data(), *vectors(), *natives(), *objects()]
