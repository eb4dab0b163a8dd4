"""The few system calls of Linux that Python does not offer: namespaces, mounts, capabilities, process flags."""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_libc = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_LAST_CAPABILITY = 63
_CAPABILITY_VERSION_3 = 0x2008_0522


def unshare(flags: int) -> None:
    """Leave the namespaces named by `flags` for new ones."""
    _checked(_libc.unshare(ctypes.c_int(flags)), "unshare")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount `source` on `target`."""
    texts = (source.encode(), target.encode(), kind.encode() or None)
    result = _libc.mount(*texts, ctypes.c_ulong(flags), data.encode() or None)
    _checked(result, f"mount on {target}")


def unmount(target: str) -> None:
    """Detach what is mounted on `target`, with all below."""
    _checked(_libc.umount2(target.encode(), ctypes.c_int(_MNT_DETACH)), f"unmount {target}")


def pivot_root(new: str, old: str) -> None:
    """Make `new` the root and put the old one on `old`."""
    _checked(_libc.pivot_root(new.encode(), old.encode()), "pivot_root")


def die_with_parent(signal_number: int) -> None:
    """Have the kernel send this process a signal when its parent thread ends."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def forbid_new_privileges() -> None:
    """Let neither this process nor what it executes ever gain privileges."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def forbid_dumps() -> None:
    """Let no other process of the same uid look into this one's memory."""
    _prctl(_PR_SET_DUMPABLE, 0)


def drop_bounding_set(keep: Collection[int] = ()) -> None:
    """Give up every capability but these for what is executed later."""
    for number in range(_LAST_CAPABILITY + 1):
        if number not in keep and _libc.prctl(_PR_CAPBSET_DROP, ctypes.c_ulong(number), 0, 0, 0) != 0:
            break


def drop_capabilities() -> None:
    """Give up every capability that this process has."""
    _set_capabilities(0)


def keep_capabilities(numbers: Collection[int]) -> None:
    """Give up every capability but these, for this process and what it executes."""
    drop_bounding_set(numbers)
    _set_capabilities(sum(1 << number for number in numbers))


def _set_capabilities(mask: int) -> None:
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, struct.pack("=6I", mask, mask, 0, 0, 0, 0)), "capset")


@dataclass(frozen=True)
class IdMap:
    """Which ids a new user namespace has: one inside, the caller's outside."""

    uid: int
    gid: int

    def write(self) -> None:
        """Map the caller's ids to 0 inside."""
        for name, text in (("setgroups", "deny"), ("uid_map", f"0 {self.uid} 1"), ("gid_map", f"0 {self.gid} 1")):
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - a file of the kernel
                file.write(text)


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
