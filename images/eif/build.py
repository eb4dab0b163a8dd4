"""`make eif`: build/k3s-daas.eif, its measurements (k3s-daas.pcrs.json) and its bill of materials (k3s-daas.sbom.json).

Role: get the locked toolchain and the kernel (both cached outside the tree), put init and root file system together,
write and measure the image. A file of the result is never seen half-written.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from images.common import BUILD, say, scratch_beside  # noqa: E402 - the checkout is put on the path first
from images.debian import lock, toolchain  # noqa: E402
from images.eif.assemble import Assembled, assemble  # noqa: E402
from images.errors import ImageBuildError, InputGone  # noqa: E402
from images.kernel import build as kernel  # noqa: E402
from images.rootfs import wheels  # noqa: E402

NAME: Final = "k3s-daas"
"""Results are called this, with .eif, .pcrs.json and .sbom.json."""

GOAL_BYTES: Final = 120_000_000
"""The size that an image should not pass."""


def source_date(environment: dict[str, str]) -> int:
    """The time that is told in what is not measured.

    Raises:
        ImageBuildError: SOURCE_DATE_EPOCH is no number.
    """
    text = environment.get("SOURCE_DATE_EPOCH", "0")
    if not text.isdecimal():
        raise ImageBuildError(f"SOURCE_DATE_EPOCH is {text!r}; it has to be seconds since 1970")
    return int(text)


def write(result: Assembled, folder: Path) -> None:
    """Write image, measurements and bill, each at once."""
    told = {"HashAlgorithm": "Sha384 { ... }", **result.pcrs}
    files = {
        f"{NAME}.eif": result.image,
        f"{NAME}.pcrs.json": json.dumps(told, indent=2).encode() + b"\n",
        f"{NAME}.sbom.json": result.bill,
    }
    for name, data in files.items():
        fresh = folder / f".{name}-{os.getpid()}"
        fresh.write_bytes(data)
        fresh.replace(folder / name)


def build(options: argparse.Namespace) -> Assembled:
    """Build and write the image.

    Raises:
        ImageBuildError: an input cannot be had, or a part does not come about.
    """
    tools = toolchain.provide()
    built = kernel.build(tools)
    options.out.mkdir(parents=True, exist_ok=True)
    with scratch_beside(options.out / NAME) as scratch:
        result = assemble(
            built,
            tools,
            options.kubernetes,
            scratch,
            built_at=source_date(dict(os.environ)),
            stand_in=not os.environ.get("K3S_BINARY"),
        )
    for line in changed(options.out / f"{NAME}.pcrs.json", result.pcrs):
        say(line)
    write(result, options.out)
    return result


def changed(before: Path, pcrs: dict[str, str]) -> list[str]:
    """Say of each measurement that differs from the last build's what it was."""
    try:
        known = json.loads(before.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [f"{name} has changed; it was {known.get(name)}" for name, value in pcrs.items() if known.get(name) != value]


def renew(reason: InputGone) -> None:
    """Write the locks anew after an input was found gone, and say so.

    Raises:
        ImageBuildError: they cannot be renewed.
    """
    say(str(reason))
    say("renewing the locks: the measurements change, and the new ones have to be approved on chain")
    if lock.main() != 0 or wheels.main() != 0:
        raise ImageBuildError("the locks could not be renewed; the lines above say why")


def main() -> int:
    """Build the image and say what it is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=BUILD, help="folder for the results")
    parser.add_argument("--kubernetes", type=Path, default=BUILD / "k3s", help="the binary that serves Kubernetes")
    parser.add_argument("--renew-gone", action="store_true", help="renew the locks if a locked file is gone")
    options = parser.parse_args()
    began = time.monotonic()
    try:
        try:
            result = build(options)
        except InputGone as error:
            if not options.renew_gone:
                raise
            renew(error)
            result = build(options)
    except ImageBuildError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    say(", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in result.sizes.items()))
    for name, value in result.pcrs.items():
        say(f"{name} {value}")
    say(f"{options.out / NAME}.eif in {time.monotonic() - began:.0f} s")
    if len(result.image) > GOAL_BYTES:
        say(f"the image is larger than {GOAL_BYTES / 1e6:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
