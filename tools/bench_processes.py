"""What the system's processes use: CPU time and resident memory, read from /proc.

Role: name every process below the ones that `k3s-daas status` names, inside the enclave's namespaces too, and take two
looks at them. It needs nothing but the right to read /proc.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Use:
    """One look at one process."""

    name: str
    cpu_s: float
    resident_bytes: int


def look(roots: dict[str, int]) -> dict[int, Use]:
    """Look at these processes and all their descendants."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int(_after_name(entry / "stat")[1])
            except (OSError, IndexError):
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found: dict[int, Use] = {}
    waiting = [(pid, name) for name, pid in roots.items()]
    named = set(roots.values())
    while waiting:
        pid, name = waiting.pop()
        if pid in found:
            continue
        use = _use(pid, name)
        if use is not None:
            found[pid] = use
        waiting.extend((child, "") for child in children.get(pid, []) if child not in named)
    return found


def difference(before: dict[int, Use], after: dict[int, Use]) -> dict[str, Use]:
    """Sum up by name what was used between two looks; memory is that of the second."""
    summed: dict[str, Use] = {}
    for pid, now in after.items():
        used = now.cpu_s - (before[pid].cpu_s if pid in before else 0.0)
        known = summed.get(now.name, Use(now.name, 0.0, 0))
        summed[now.name] = Use(now.name, known.cpu_s + used, known.resident_bytes + now.resident_bytes)
    return summed


def _after_name(stat: Path) -> list[str]:
    return stat.read_text().rpartition(")")[2].split()


def _use(pid: int, name: str) -> Use | None:
    folder = Path("/proc") / str(pid)
    try:
        fields = _after_name(folder / "stat")
        words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    cpu_s = (int(fields[11]) + int(fields[12])) / _TICKS
    return Use(name or _name_of(words), cpu_s, int(fields[21]) * _PAGE)


def _name_of(words: list[str]) -> str:
    """Name a process by what it runs: a Python module, or a program and its first plain argument."""
    if "-m" in words:
        return " ".join(word for word in words[words.index("-m") + 1 :][:2] if word and not word.startswith("-"))
    plain = [word for word in words[1:] if word and not word.startswith("-") and "=" not in word]
    return " ".join([Path(words[0]).name, *plain[:1]]) or "?"
