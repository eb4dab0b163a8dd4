"""Puts an enclave image together from its parts and measures it.

Rules: what is measured depends on the inputs alone; SOURCE_DATE_EPOCH decides only the times that are told in the
metadata and the bill of materials, which no PCR covers.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attestation import eif, eif_pcrs
from images.common import ROOT, sha256_of
from images.debian import lock
from images.eif import ramdisks, sbom
from images.init import build as init
from images.rootfs import build as rootfs
from images.rootfs import wheels

if TYPE_CHECKING:
    from images.debian.toolchain import Toolchain
    from images.kernel.build import Kernel

CMDLINE: Final = Path(__file__).with_name("cmdline.txt")
"""The kernel's command line."""

MEMORY_BYTES: Final = 2 << 30
PROCESSORS: Final = 2
"""What the header proposes; whoever starts the enclave decides."""


@dataclass(frozen=True)
class Assembled:
    """An image and what is told of it.

    Attributes:
        image: the file's bytes.
        pcrs: its measurements, in nitro-cli's words.
        bill: the bill of materials.
        sizes: bytes of each measured part, by name.
    """

    image: bytes
    pcrs: dict[str, str]
    bill: bytes
    sizes: dict[str, int]


def our_version() -> str:
    """The version that pyproject.toml names."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])


def assemble(
    kernel: Kernel, toolchain: Toolchain, kubernetes: Path, scratch: Path, *, built_at: int, stand_in: bool
) -> Assembled:
    """Build init and root file system, pack them, and write the image.

    Args:
        kernel: the built kernel.
        toolchain: the locked compiler and compressor.
        kubernetes: the binary that serves Kubernetes.
        scratch: an empty folder for work in progress.
        built_at: seconds since 1970, told in what is not measured.
        stand_in: whether the binary is our stand-in, whose modules are known.

    Raises:
        ImageBuildError: a part cannot be had, or breaks a rule.
    """
    first = ramdisks.pack(ramdisks.init_tree(init.build(toolchain, scratch / "init")), toolchain, scratch)
    tree = rootfs.build(kubernetes)
    second = ramdisks.pack(tree.below(ramdisks.ROOT_FOLDER), toolchain, scratch)
    version = our_version()
    image = eif.Image(
        kernel=kernel.image.read_bytes(),
        cmdline=CMDLINE.read_text(encoding="ascii").strip().encode(),
        ramdisks=(first, second),
        metadata=_metadata(version, kernel.version, built_at),
        default_mem=MEMORY_BYTES,
        default_cpus=PROCESSORS,
    )
    encoded = eif.encode(image)
    pcrs = eif_pcrs.measure_image(image).as_nitro()
    parts = sbom.Parts(
        version=version,
        pcr0=pcrs["PCR0"],
        packages=tuple(lock.read_lock()),
        wheels=tuple(wheels.read_lock()),
        kubernetes_sha256=sha256_of(kubernetes),
        go_modules=sbom.go_modules(sbom.GO_MODULES.read_text(encoding="utf-8")) if stand_in else (),
        built_at=built_at,
    )
    sizes = {
        "kernel": len(image.kernel),
        "init ramdisk": len(first),
        "root ramdisk": len(second),
        "image": len(encoded),
    }
    return Assembled(encoded, pcrs, sbom.bill(parts), sizes)


def _metadata(version: str, kernel_version: str, built_at: int) -> bytes:
    """What nitro-cli tells of an image; nothing of it is measured."""
    told = {
        "ImageName": "k3s-daas",
        "ImageVersion": version,
        "BuildMetadata": {
            "BuildTime": datetime.fromtimestamp(built_at, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"),
            "BuildTool": "k3s-daas",
            "BuildToolVersion": version,
            "OperatingSystem": "Debian GNU/Linux 12 (bookworm)",
            "KernelVersion": kernel_version,
        },
        "DockerInfo": {},
    }
    return json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
