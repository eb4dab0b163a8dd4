"""A Secret is nowhere outside the enclave: not in what crosses the parent, not on chain, not in a file or log."""

import base64
import secrets

import pytest

from tests.e2e.conftest import start, stop

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A system whose parent records every byte that it relays."""
    folder = tmp_path_factory.mktemp("relayed")
    running = start("--record-relays", str(folder))
    yield running, folder
    stop(running)


def forms(marker):
    """The ways in which a marker could stand in bytes: plain, hex, and base64 at each offset."""
    plain = marker.encode()
    found = [plain, plain.hex().encode()]
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + plain)
        found.append(encoded[4 if shift else 0 : -4])
    return found


def files_with(folder, needles):
    """The files under a folder that contain one of these byte strings."""
    return [
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def test_marker_is_nowhere(recorded):
    stack, folder = recorded
    marker = "marker-" + secrets.token_hex(16)
    control = "control-" + secrets.token_hex(16)
    stack.kubectl("create", "namespace", control)
    stack.kubectl("create", "secret", "generic", "hidden", f"--from-literal=value={marker}", "-n", control)
    shown = stack.kubectl("get", "secret", "hidden", "-n", control, "-o", "jsonpath={.data.value}").stdout
    assert base64.b64decode(shown).decode() == marker

    relayed = list(folder.rglob("*"))
    assert sum(path.stat().st_size for path in relayed if path.is_file()) > 10_000
    assert files_with(folder, [control.encode()]), "the recording must show what stands in clear: the namespace"
    assert files_with(stack.home, [control.encode()]), "the ledger's files must show it too"

    assert files_with(folder, forms(marker)) == []
    assert files_with(stack.home, forms(marker)) == []


def test_kubeconfig_holds_no_secret(recorded):
    stack, _ = recorded
    text = (stack.home / "kubeconfig").read_text()
    assert "get-token" in text
    assert "interactiveMode: Never" in text
    assert "tls-server-name: enclave.k3s-daas" in text
    for word in ("token:", "client-key-data", "password", "suiprivkey"):
        assert word not in text.replace("--token", "")
