"""The four abilities of Move types, as the bit set that bytecode holds."""

from __future__ import annotations

from enum import IntFlag


class Abilities(IntFlag):
    """What may be done with values of a type."""

    NONE = 0
    COPY = 1
    DROP = 2
    STORE = 4
    KEY = 8

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order in which Move prints them."""
        return tuple(member.name.lower() for member in (COPY, DROP, STORE, KEY) if member in self and member.name)


COPY, DROP, STORE, KEY = Abilities.COPY, Abilities.DROP, Abilities.STORE, Abilities.KEY
PRIMITIVE = COPY | DROP | STORE
REFERENCE = COPY | DROP
SIGNER = DROP


def required_of_fields(abilities: int) -> Abilities:
    """Return what every field of a type with these abilities must have (`key` needs `store` inside)."""
    needed = Abilities(abilities & (COPY | DROP | STORE))
    return needed | STORE if abilities & KEY else needed
