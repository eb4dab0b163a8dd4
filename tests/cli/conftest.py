"""The stand that the command line's tests share."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.cli import stand as s


@pytest.fixture(scope="session")
def stand():
    """A ledger with a cluster, an active enclave and two tokens."""
    if not s.COMPILED.exists() or not s.FRAMEWORK.exists():
        pytest.skip("the contract is not built: run `make contract`")
    folder = Path(tempfile.mkdtemp(prefix="k3sd-cli-"))
    made = s.make_stand(folder)
    yield made
    made.localnet.stop()
    shutil.rmtree(folder)
