"""The software bill of materials of an image, as CycloneDX 1.5 JSON: what is in it, and what it was made with.

Rules: it is a function of the locks and of the image's PCR0; no time but the one that is given, no random number.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from images.common import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from images.debian.lock import LockedPackage
    from images.rootfs.wheels import Wheel

GO_MODULES: Final = ROOT / "images" / "k3s" / "go.mod"
_NAMESPACE: Final = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")


@dataclass(frozen=True)
class Parts:
    """What a bill is made of.

    Attributes:
        version: ours.
        pcr0: of the image.
        packages: the locked Debian packages, of all groups.
        wheels: the locked wheels.
        kubernetes_sha256: of the Kubernetes binary.
        go_modules: names and versions of what the stand-in binary is made of; none for a binary that was given.
        built_at: seconds since 1970.
    """

    version: str
    pcr0: str
    packages: tuple[LockedPackage, ...]
    wheels: tuple[Wheel, ...]
    kubernetes_sha256: str
    go_modules: tuple[tuple[str, str], ...]
    built_at: int


def go_modules(text: str) -> tuple[tuple[str, str], ...]:
    """The modules that a go.mod requires, after its replacements."""
    required = dict(
        re.findall(r"^\s*(?:require )?([\w./~-]+\.[\w./~-]+) (v[\w.+-]+)(?: // indirect)?$", text, re.MULTILINE)
    )
    for old, new, version in re.findall(r"^\s*(?:replace )?(\S+)(?: \S+)? => (\S+) (v\S+)$", text, re.MULTILINE):
        required.pop(old, None)
        required[new] = version
    return tuple(sorted(required.items()))


def bill(parts: Parts) -> bytes:
    """The bill as JSON."""
    told: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, parts.pcr0)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(parts.built_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "operating-system",
                "bom-ref": "image",
                "name": "k3s-daas.eif",
                "version": parts.version,
                "properties": [{"name": "k3s-daas:pcr0", "value": parts.pcr0}],
            },
        },
        "components": list(_components(parts)),
    }
    return json.dumps(told, indent=1, sort_keys=True).encode() + b"\n"


def _components(parts: Parts) -> Iterable[dict[str, Any]]:
    seen: set[str] = set()
    # A package that is in the image and in the toolchain stands once, as what is in the image.
    for package in sorted(parts.packages, key=lambda package: (package.group == "toolchain", package.name)):
        purl = f"pkg:deb/debian/{quote(package.name)}@{quote(package.version)}?arch=amd64&distro=bookworm"
        if purl in seen:
            continue
        seen.add(purl)
        scope = "excluded" if package.group == "toolchain" else "required"
        yield _component(package.name, package.version, purl, sha256=package.sha256, scope=scope)
    for wheel in parts.wheels:
        purl = f"pkg:pypi/{quote(wheel.name)}@{quote(wheel.version)}?file_name={quote(wheel.file)}"
        yield _component(wheel.name, wheel.version, purl, sha256=wheel.sha256)
    purl = f"pkg:generic/k3s?checksum=sha256:{parts.kubernetes_sha256}"
    yield _component("k3s", "", purl, sha256=parts.kubernetes_sha256)
    for name, version in parts.go_modules:
        yield _component(name, version, f"pkg:golang/{quote(name)}@{quote(version)}")
    for name in ("init", "packages"):
        yield _component(f"k3s-daas {name}", parts.version, f"pkg:generic/k3s-daas-{name}@{quote(parts.version)}")


def _component(name: str, version: str, purl: str, *, sha256: str = "", scope: str = "required") -> dict[str, Any]:
    told: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "purl": purl, "scope": scope}
    if version:
        told["version"] = version
    if sha256:
        told["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    return told
