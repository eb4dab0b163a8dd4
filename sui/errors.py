"""Errors of the `sui` package.

    SuiError                    anything below
    ├── BcsError                bytes (or a value) that are not valid BCS of the expected type
    ├── ParseError              a text that is no address, digest, type or identifier
    ├── KeyFormatError          a stored key or keystore that cannot be read
    │   └── UnsupportedSchemeError  a key or signature of a scheme that is not Ed25519
    ├── SignatureError          a signature that does not verify
    └── BuildError              a transaction that cannot be put together from these parts

Every one of them is the fault of whoever supplied the input; none is worth a retry with the same input.
"""


class SuiError(Exception):
    """Root of everything that this package raises on purpose."""


class BcsError(SuiError, ValueError):
    """The bytes are not canonical BCS of the type, or the value does not fit the type."""


class ParseError(SuiError, ValueError):
    """The text is not the canonical or short form of what was asked for."""


class KeyFormatError(SuiError, ValueError):
    """The text is not a key or keystore in one of Sui's formats."""


class UnsupportedSchemeError(KeyFormatError):
    """The key or signature is of a scheme other than Ed25519."""


class SignatureError(SuiError):
    """The signature does not verify for these bytes."""


class BuildError(SuiError, ValueError):
    """The parts of a transaction contradict each other or exceed what a transaction can hold."""
