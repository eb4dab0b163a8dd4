"""The stand that the command line's tests share."""

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.cli import stand as s


@pytest.fixture
def published(stand, tmp_path):
    """A home of its own with a contract of its own, and nothing else."""
    return s.publish_in(tmp_path, stand.localnet, stand.enclave.authority)


@pytest.fixture(scope="module")
def own(stand, tmp_path_factory):
    """A system of a module's own on the shared ledger, which its tests may spoil; what leaves is paid soon."""
    delays = ("withdrawal=3s", "evidence=2900ms", "settings=2s", "operator=2s", "token=1s", "upgrade=2s")
    return s.set_up(tmp_path_factory.mktemp("own"), stand.localnet, stand.enclave.authority, delays=delays)


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
