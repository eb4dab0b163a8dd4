"""Base58 with Bitcoin's alphabet, the text form of Sui digests.

Only short inputs are accepted: the conversion is quadratic, and Sui uses it for 32 bytes.
"""

from sui.errors import ParseError

_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}
_MAX_CHARACTERS = 512


def encode(data: bytes) -> str:
    """Return the Base58 text of `data`."""
    number = int.from_bytes(data, "big")
    letters = []
    while number:
        number, rest = divmod(number, 58)
        letters.append(_ALPHABET[rest])
    zeros = len(data) - len(data.lstrip(b"\0"))
    return "1" * zeros + "".join(reversed(letters))


def decode(text: str) -> bytes:
    """Return the bytes of a Base58 text.

    Raises:
        ParseError: the text is too long or has a letter outside the alphabet.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ParseError(f"Base58 text of {len(text)} characters is too long (at most {_MAX_CHARACTERS})")
    number = 0
    for letter in text:
        value = _VALUES.get(letter)
        if value is None:
            raise ParseError(f"{letter!r} is not a Base58 letter: the digest was copied wrongly")
        number = number * 58 + value
    zeros = len(text) - len(text.lstrip("1"))
    return b"\0" * zeros + number.to_bytes((number.bit_length() + 7) // 8, "big")
