"""How Move values look in Python.

| Move | Python |
| --- | --- |
| u8 … u256 | `int` |
| bool | `bool` |
| address | `Address` or any 32 `bytes` |
| vector<u8> | `bytearray` (never `bytes`: it can be changed in place) |
| other vectors | `list` |
| struct | `list` of its fields, in order |
| enum | `list`: the variant's number, then its fields |

A value does not know its type: the type travels beside it, as it does in BCS.
References never leave the VM; a caller passes a `Ref` instead.
Inside the VM a reference to a container is the container itself, an immutable reference to anything else is the
value, and a mutable one is a pair of container and index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

Value: TypeAlias = Any
Types: TypeAlias = Sequence[Any]


class Ref:
    """A cell that a caller passes where a function takes `&T` or `&mut T`; afterwards it holds the changed value."""

    __slots__ = ("value",)

    def __init__(self, value: Value) -> None:
        """Hold a value."""
        self.value = value

    def __repr__(self) -> str:
        """Return what it holds."""
        return f"Ref({self.value!r})"
