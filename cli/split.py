"""The fine split of a latency, from the structured logs of gateway and proxy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_FIELDS = ("submit_ms", "finality_ms", "execute_ms", "store_ms", "total_ms")


def read_splits(logs: Path) -> dict[str, dict[str, Any]]:
    """Latency splits by request id, from every log line that has them; the last line of an id counts."""
    found: dict[str, dict[str, Any]] = {}
    inside = sorted(logs.glob("*gateway*")) or sorted(logs.glob("*enclave*"))
    for path in (*inside, *sorted(logs.glob("proxy*"))):
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            if "_ms" not in line:
                continue
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict) and entry.get("request_id"):
                split = {name: entry[name] for name in _FIELDS if name in entry}
                if split:
                    found[str(entry["request_id"])] = split
    return found
