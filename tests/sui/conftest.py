"""Where the public vectors lie, and values that several tests build on."""

from __future__ import annotations

from pathlib import Path

import pytest

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"


@pytest.fixture
def vector():
    """Return a function that reads a public vector, or skips the test where the vectors are not at hand."""

    def read(name: str) -> bytes:
        path = VECTORS / name
        if not path.is_file():
            pytest.skip(f"public vector {name} is not at ../shared/vectors")
        return path.read_bytes()

    return read
