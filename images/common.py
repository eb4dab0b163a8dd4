"""What every part of the image build does alike: run programs, hash files, find the cache, say what goes on."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.errors import StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT: Final = Path(__file__).resolve().parent.parent
"""The checkout."""

BUILD: Final = ROOT / "build"
"""Where results go."""

_BLOCK_BYTES: Final = 1 << 20
_LINES_TOLD: Final = 25


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Where downloads and built parts are kept between checkouts."""
    environment = os.environ if environment is None else environment
    root = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "k3s-daas"


def sha256_of(path: Path) -> str:
    """Hash a file without holding it in memory."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def run(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    environment: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a program and give what it printed; its output goes to `log` as well, where one is named.

    Raises:
        StepFailed: it does not run, or ended with an error.
    """
    try:
        done = subprocess.run(
            list(command),
            cwd=cwd,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise StepFailed(f"{command[0]} does not run: {error}") from error
    if log is not None:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text(done.stdout, encoding="utf-8")
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-_LINES_TOLD:])
        raise StepFailed(f"{' '.join(command[:6])} ended with code {done.returncode}; its last lines:\n{tail}")
    return done.stdout


@contextmanager
def scratch_beside(place: Path) -> Iterator[Path]:
    """A folder for work in progress on the same file system as `place`, gone afterwards."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{place.name}-") as name:
        yield Path(name)


def say(text: str) -> None:
    """Tell the person at the console."""
    print(f"  {text}", flush=True)  # noqa: T201 - the build speaks to people
