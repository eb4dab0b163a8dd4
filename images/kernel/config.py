"""The kernel's configuration fragment: read strictly, and held against the finished configuration."""

from __future__ import annotations

import re
from typing import Final

from images.errors import ContentRefused

_LINE: Final = re.compile(r"CONFIG_([A-Z0-9_]+)=(y|n)")
_UNSET: Final = re.compile(r"# CONFIG_([A-Za-z0-9_]+) is not set")
_SET: Final = re.compile(r"CONFIG_([A-Za-z0-9_]+)=(.*)")


def read_fragment(text: str) -> dict[str, bool]:
    """Read a fragment: each option once, on or off.

    Raises:
        ContentRefused: a line is something else.
    """
    wanted: dict[str, bool] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise ContentRefused(f"line {number} of the kernel's fragment is neither CONFIG_X=y nor CONFIG_X=n: {line}")
        if found[1] in wanted:
            raise ContentRefused(f"line {number} of the kernel's fragment says CONFIG_{found[1]} a second time")
        wanted[found[1]] = found[2] == "y"
    return wanted


def as_input(wanted: dict[str, bool]) -> str:
    """The fragment as kconfig reads it."""
    return "".join(f"CONFIG_{name}=y\n" if on else f"# CONFIG_{name} is not set\n" for name, on in wanted.items())


def read_finished(text: str) -> dict[str, str]:
    """Read a finished configuration: what is set, and to what."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if _UNSET.fullmatch(line):
            continue
        setting = _SET.fullmatch(line)
        if setting is not None:
            found[setting[1]] = setting[2]
    return found


def check(wanted: dict[str, bool], finished: dict[str, str], known: set[str]) -> None:
    """Hold the fragment against the finished configuration.

    Args:
        wanted: the fragment.
        finished: what kconfig made of it.
        known: every option that this kernel has for this architecture.

    Raises:
        ContentRefused: an option is gone from the kernel, was dropped, or is on though the fragment says off.
    """
    gone = sorted(set(wanted) - known)
    dropped = sorted(name for name, on in wanted.items() if on and name in known and finished.get(name) != "y")
    undesired = sorted(name for name, on in wanted.items() if not on and name in finished)
    modules = sorted(name for name, value in finished.items() if value == "m")
    told = [
        f"{what}: {', '.join(names)}"
        for what, names in (
            ("this kernel has no", gone),
            ("wanted, but dropped for an unmet dependency", dropped),
            ("not wanted, but something selects it", undesired),
            ("would be a module", modules),
        )
        if names
    ]
    if told:
        raise ContentRefused("the kernel's configuration is not the fragment's: " + "; ".join(told))
