"""Keys as text: the Sui CLI's keystore and `suiprivkey1…`.

Rules:
    * a keystore is a JSON list of Base64 strings, each flag byte and 32 secret bytes;
    * entries of other schemes are kept when a keystore is rewritten, and refused when one is to be used;
    * messages never contain key material.

What it does not do: read or write files, choose file modes.
"""

from __future__ import annotations

import base64
import binascii
import json

from sui.errors import KeyFormatError
from sui.keys import ED25519_FLAG, Ed25519Key, require_ed25519

_HRP = "suiprivkey"
_CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_GENERATOR = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_MAX_ENTRIES = 10_000


def _entry_key(entry: object) -> Ed25519Key:
    if not isinstance(entry, str):
        raise KeyFormatError("a keystore entry is not a string: the file is no Sui keystore")
    try:
        raw = base64.b64decode(entry, validate=True)
    except (binascii.Error, ValueError):
        raise KeyFormatError("a keystore entry is not Base64: the file is damaged or no Sui keystore") from None
    if not raw:
        raise KeyFormatError("a keystore entry is empty")
    require_ed25519(raw[0])
    if len(raw) != 33:
        raise KeyFormatError(f"a keystore entry has {len(raw)} bytes, a flag and 32 secret bytes are expected")
    return Ed25519Key.generate(raw[1:])


def _entries(text: str) -> list[object]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise KeyFormatError("the keystore is not JSON") from None
    if not isinstance(entries, list) or len(entries) > _MAX_ENTRIES:
        raise KeyFormatError("the keystore is not a JSON list of keys")
    return entries


def decode_entry(text: str) -> Ed25519Key:
    """Return the key of one keystore entry (Base64 of flag and secret).

    Raises:
        UnsupportedSchemeError: it is a key of another scheme than Ed25519.
        KeyFormatError: it is no keystore entry.
    """
    return _entry_key(text.strip())


def encode_entry(key: Ed25519Key) -> str:
    """Return a key as a keystore entry."""
    return base64.b64encode(bytes([ED25519_FLAG]) + key.seed).decode()


def read_keystore(text: str) -> list[Ed25519Key]:
    """Return the keys of a keystore in order.

    Raises:
        UnsupportedSchemeError: one of them is of another scheme than Ed25519.
        KeyFormatError: the text is no keystore.
    """
    return [_entry_key(entry) for entry in _entries(text)]


def read_supported(text: str) -> tuple[list[Ed25519Key], int]:
    """Return the Ed25519 keys of a keystore and how many keys of other schemes were passed over.

    Raises:
        KeyFormatError: the text is no keystore.
    """
    keys: list[Ed25519Key] = []
    skipped = 0
    for entry in _entries(text):
        if isinstance(entry, str) and _flag(entry) not in {None, ED25519_FLAG}:
            skipped += 1
        else:
            keys.append(_entry_key(entry))
    return keys, skipped


def _flag(entry: str) -> int | None:
    try:
        return base64.b64decode(entry[:4], validate=True)[0]
    except (binascii.Error, ValueError, IndexError):
        return None


def write_keystore(keys: list[Ed25519Key]) -> str:
    """Return a keystore with these keys."""
    return json.dumps([encode_entry(key) for key in keys], indent=2) + "\n"


def add_to_keystore(text: str, key: Ed25519Key) -> str:
    """Return the keystore with one more key; what stood in it stays, whatever its scheme.

    Raises:
        KeyFormatError: the text is no keystore.
    """
    entries = _entries(text)
    entry = encode_entry(key)
    if entry not in entries:
        entries.append(entry)
    return json.dumps(entries, indent=2) + "\n"


def _polymod(values: list[int]) -> int:
    checksum = 1
    for value in values:
        top = checksum >> 25
        checksum = (checksum & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_GENERATOR):
            if top >> bit & 1:
                checksum ^= generator
    return checksum


def _expanded_hrp() -> list[int]:
    return [ord(letter) >> 5 for letter in _HRP] + [0] + [ord(letter) & 31 for letter in _HRP]


def _regroup(values: bytes | list[int], width: int, target: int, *, pad: bool) -> list[int]:
    accumulator = bits = 0
    out = []
    for value in values:
        accumulator = accumulator << width | value
        bits += width
        while bits >= target:
            bits -= target
            out.append(accumulator >> bits & (1 << target) - 1)
    if pad and bits:
        out.append(accumulator << target - bits & (1 << target) - 1)
    elif not pad and (bits >= width or accumulator & (1 << bits) - 1):
        raise KeyFormatError("the private key's text has stray bits at its end")
    return out


def encode_private_key(key: Ed25519Key) -> str:
    """Return a key as `suiprivkey1…` (Bech32 of flag and secret)."""
    data = _regroup(bytes([ED25519_FLAG]) + key.seed, 8, 5, pad=True)
    checksum = _polymod([*_expanded_hrp(), *data, 0, 0, 0, 0, 0, 0]) ^ 1
    data += [checksum >> 5 * (5 - place) & 31 for place in range(6)]
    return f"{_HRP}1" + "".join(_CHARSET[value] for value in data)


def decode_private_key(text: str) -> Ed25519Key:
    """Return the key of a `suiprivkey1…` text.

    Raises:
        UnsupportedSchemeError: it is a key of another scheme than Ed25519.
        KeyFormatError: the text is no such key, or was mistyped.
    """
    folded = text.strip()
    if folded not in {folded.lower(), folded.upper()}:
        raise KeyFormatError("the private key's text mixes upper and lower case")
    prefix, separator, body = folded.lower().rpartition("1")
    if not separator or prefix != _HRP or len(body) > 128 or len(body) < 6:
        raise KeyFormatError(f"the private key's text does not begin with {_HRP}1")
    values = [_CHARSET.find(letter) for letter in body]
    if -1 in values or _polymod([*_expanded_hrp(), *values]) != 1:
        raise KeyFormatError("the checksum of the private key's text is wrong: it was mistyped or cut")
    raw = bytes(_regroup(values[:-6], 5, 8, pad=False))
    if not raw:
        raise KeyFormatError("the private key's text is empty")
    require_ed25519(raw[0])
    if len(raw) != 33:
        raise KeyFormatError(f"the private key's text holds {len(raw)} bytes, a flag and 32 secret bytes are expected")
    return Ed25519Key.generate(raw[1:])
