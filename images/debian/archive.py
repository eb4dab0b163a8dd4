"""The Debian archive as this machine knows it: its mirrors, a private apt to look into them, and files by their hash.

Rules: the machine's apt configuration is read, never changed; apt's own downloader fetches (so its proxies hold); what
was fetched is compared with the lock's SHA-256, whatever the mirror says. A build needs no package lists: a locked
file is asked for by its path in the archive. Only renewing the lock reads lists, in a folder of its own.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.common import run, scratch_beside, sha256_of
from images.errors import InputGone, MachineLacks, StepFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from images.debian.lock import LockedPackage

SUITES: Final = {
    "debian": ("bookworm", "bookworm-updates"),
    "debian-security": ("bookworm-security",),
}
"""The suites of each archive that a lock is renewed from."""

_APT: Final = Path("/etc/apt")
_HELPER: Final = Path("/usr/lib/apt/apt-helper")
_KEYRING: Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
_HOW_TO_RENEW: Final = "`make lock` renews images/debian/debian.lock; the image's PCRs change with it"


@dataclass(frozen=True)
class Mirror:
    """One archive as this machine reaches it."""

    uri: str
    keyring: str


def mirrors(configuration: Path = _APT) -> dict[str, Mirror]:
    """Read out of the machine's apt sources where `debian` and `debian-security` are.

    Raises:
        MachineLacks: one of them is not there.
    """
    found: dict[str, Mirror] = {}
    for uri, keyring in _sources(configuration):
        name = uri.rstrip("/").rpartition("/")[2]
        if name in SUITES:
            found.setdefault(name, Mirror(uri.rstrip("/"), keyring or _KEYRING))
    lacking = sorted(set(SUITES) - set(found))
    if lacking:
        raise MachineLacks(
            f"the apt sources of this machine name no archive {' and no '.join(lacking)}; the image is made of "
            "Debian's packages: build on a Debian, or add the archive to apt's sources"
        )
    return found


def _sources(configuration: Path) -> Iterable[tuple[str, str]]:
    parts = configuration / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
            fields = dict(re.findall(r"^([\w-]+): *(.+)$", stanza, re.MULTILINE))
            signed = fields.get("Signed-By", "").strip()
            for uri in fields.get("URIs", "").split():
                yield uri, signed if signed.startswith("/") else ""
    for path in [configuration / "sources.list", *sorted(parts.glob("*.list"))]:
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        for options, uri in re.findall(r"^deb +(?:\[([^]]*)\] +)?(\S+)", text, re.MULTILINE):
            signed = re.search(r"signed-by=(/\S+)", options)
            yield uri, signed[1] if signed else ""


def fetch(
    packages: Iterable[LockedPackage], store: Path, *, known: Mapping[str, Mirror] | None = None
) -> dict[str, Path]:
    """Give the locked packages' files by package name, from the store or from the archive.

    Args:
        packages: which.
        store: the folder that keeps them, by their SHA-256.
        known: where the archives are; by default what the machine's apt sources say.

    Raises:
        InputGone: a file is gone from the archive, or is not the locked one; all that are missing are named.
        MachineLacks: apt, or the archive in its sources, is missing.
    """
    packages = list(packages)
    store.mkdir(parents=True, exist_ok=True)
    places = {package.name: store / package.sha256 for package in packages}
    missing = [package for package in packages if not places[package.name].is_file()]
    if missing:
        _download(missing, store, mirrors() if known is None else known)
    return places


def _download(packages: list[LockedPackage], store: Path, known: Mapping[str, Mirror]) -> None:
    if not _HELPER.is_file():
        raise MachineLacks("apt is missing; the image is made of Debian's packages: build on a Debian")
    with scratch_beside(store / "download") as scratch:
        words = [str(_HELPER), "download-file"]
        for package in packages:
            uri = f"{known[package.archive].uri}/{package.path}"
            words += [uri, str(scratch / package.sha256), f"SHA256:{package.sha256}"]
        try:
            run(words)
            why = ""
        except StepFailed as error:
            why = str(error)
        gone = []
        for package in packages:
            file = scratch / package.sha256
            if file.is_file() and file.stat().st_size == package.size and sha256_of(file) == package.sha256:
                file.chmod(0o644)
                file.replace(store / package.sha256)
            else:
                gone.append(f"{package.name} {package.version} ({package.archive}: {package.path})")
    if gone:
        raise InputGone(
            "these locked Debian files are not to be had, or are not the locked ones:\n  "
            + "\n  ".join(gone)
            + f"\n{_HOW_TO_RENEW}.\n{why}"
        )


class PrivateApt:
    """An apt with lists and sources of its own, in a folder of its own."""

    def __init__(self, folder: Path, known: dict[str, Mirror]) -> None:
        """Prepare the folder; nothing is fetched yet."""
        self._folder = folder
        for name in ("lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / "status").touch()
        stanzas = [
            f"Types: deb\nURIs: {known[name].uri}\nSuites: {' '.join(suites)}\nComponents: main\n"
            f"Architectures: amd64\nSigned-By: {known[name].keyring}\n"
            for name, suites in SUITES.items()
        ]
        (folder / "our.sources").write_text("\n".join(stanzas), encoding="utf-8")

    def run(self, *words: str) -> str:
        """Run apt-get or apt-cache.

        Raises:
            StepFailed: it failed.
        """
        folder = self._folder
        options = {
            "Dir::Etc::sourcelist": f"{folder}/our.sources",
            "Dir::Etc::sourceparts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Dir::State::status": f"{folder}/status",
            "Dir::State::lists": f"{folder}/lists",
            "Dir::Cache": str(folder),
            "APT::Architecture": "amd64",
            "APT::Architectures": "amd64",
            "APT::Sandbox::User": "root" if os.geteuid() == 0 else "",
            "Acquire::Languages": "none",
        }
        flags = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return run([words[0], *flags, *words[1:]])
