"""Read masks: which fields of an answer are wanted.

Rules:
    * a path names a field, or a field of a field (through repeated fields too); `*` is everything;
    * a path that the message does not have is an error of the caller, as on a node;
    * masks are parsed once: clients send the same few again and again.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from localnet.rpc.errors import InvalidArgumentError
from localnet.rpc.limits import LIMITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.field_mask_pb2 import FieldMask


class Mask:
    """The wanted fields of one message; `"name" in mask` asks, `mask["name"]` is what is wanted below it."""

    __slots__ = ("_fields", "everything")

    def __init__(self, fields: dict[str, Mask] | None = None) -> None:
        """Want these fields, or everything when there are none given."""
        self._fields = fields or {}
        self.everything = fields is None

    def __contains__(self, name: str) -> bool:
        """Return whether a field is wanted, whole or in part."""
        return self.everything or name in self._fields

    def __getitem__(self, name: str) -> Mask:
        """Return what is wanted of a field."""
        return self if self.everything else self._fields.get(name, NOTHING)

    def any(self, *names: str) -> bool:
        """Return whether one of these fields is wanted."""
        return self.everything or any(name in self._fields for name in names)

    def add(self, path: list[str]) -> None:
        """Want one more path."""
        if self.everything:
            return
        head, *rest = path
        if not rest:
            self._fields[head] = EVERYTHING
            return
        below = self._fields.setdefault(head, Mask({}))
        below.add(rest)


EVERYTHING = Mask()
NOTHING = Mask({})


def _check(descriptor: Descriptor, path: str) -> list[str]:
    names = path.split(".")
    current: Descriptor | None = descriptor
    for name in names:
        field = None if current is None else current.fields_by_name.get(name)
        if field is None:
            raise InvalidArgumentError(f"invalid read_mask: {descriptor.name} has no field {path[:100]!r}")
        current = field.message_type
    return names


@lru_cache(maxsize=512)
def _parsed(descriptor: Descriptor, paths: tuple[str, ...]) -> Mask:
    if "*" in paths:
        return EVERYTHING
    mask = Mask({})
    for path in paths:
        mask.add(_check(descriptor, path))
    return mask


def read_mask(descriptor: Descriptor, mask: FieldMask, default: Sequence[str]) -> Mask:
    """Return the mask of a request; an absent or empty one is the method's default.

    Raises:
        InvalidArgumentError: a path does not exist, or there are too many.
    """
    paths = mask.paths
    if len(paths) > LIMITS.max_mask_paths:
        raise InvalidArgumentError(f"invalid read_mask: {len(paths)} paths, at most {LIMITS.max_mask_paths}")
    return _parsed(descriptor, tuple(paths) or tuple(default))
