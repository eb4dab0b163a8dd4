"""Build init with the locked compiler: one static program, the same bytes wherever it is built."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from images.common import run

if TYPE_CHECKING:
    from images.debian.toolchain import Toolchain

HERE: Final = Path(__file__).resolve().parent

FLAGS: Final = (
    "-std=c17", "-D_GNU_SOURCE", "-O2", "-static", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2", "-fno-ident",
    "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror", "-Wl,--build-id=none",
)  # fmt: skip
"""What the compiler is told."""


def sources() -> list[Path]:
    """The program's sources, in the order in which they are linked."""
    return sorted(HERE.glob("*.c"))


def build(toolchain: Toolchain, target: Path) -> bytes:
    """Compile init to `target` and give its bytes.

    Raises:
        StepFailed: the compiler refused it.
    """
    names = [source.name for source in sources()]
    compiler = str(toolchain.programs / "gcc-12")
    run([compiler, *FLAGS, "-o", str(target), *names], cwd=HERE, environment=toolchain.environment())
    run([str(toolchain.programs / "strip"), str(target)], environment=toolchain.environment())
    return target.read_bytes()
