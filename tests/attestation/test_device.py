"""The simulated device through the client that the enclave uses, over bytes and over its socket."""

# ruff: noqa: N802 - V numbers are written as the list has them

import asyncio
import hashlib
import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attestation import Measurement, Policy, TrustRoots, cbor, nsm, verify, verify_for_ledger
from attestation.errors import DocumentRefused, NsmRefused, NsmUnavailable
from attestation.sim.device import Measured, SimulatedNsm
from attestation.sim.measure import installed_code, measure
from attestation.sim.pki import make_root
from attestation.sim.server import serve
from attestation.sim.store import load_or_create

AT_MS = 1_750_000_000_000
MEASURED = Measured(b"\x01" * 48, b"\x02" * 48, b"\x03" * 48)
ROOT = make_root(AT_MS)


class Direct:
    """The device without a socket: the transport's in-memory implementation."""

    def __init__(self, device):
        self.device = device

    def exchange(self, request):
        return self.device.handle(request)


class World:
    def __init__(self, **options):
        self.now_ms = AT_MS
        self.device = SimulatedNsm(ROOT, MEASURED, lambda: self.now_ms, lambda n: bytes(range(256))[:n], **options)
        self.client = nsm.NsmClient(Direct(self.device))

    def policy(self, **changes):
        approved = frozenset({Measurement(MEASURED.pcr0, MEASURED.pcr1, MEASURED.pcr2)})
        return Policy(
            **({"roots": TrustRoots.from_der(ROOT.der), "at_ms": self.now_ms, "measurements": approved} | changes)
        )


@pytest.fixture
def world():
    return World()


def test_document_of_the_device_is_accepted_by_the_one_verifier(world):
    raw = world.client.attest(nonce=b"n" * 32, user_data=b"u" * 32, public_key=b"k" * 32)
    fields = verify(raw, world.policy(nonce=b"n" * 32, user_data=b"u" * 32, public_key=b"k" * 32))
    assert sorted(fields.pcrs) == list(range(16))
    assert len(fields.cabundle) == 4
    assert 3_000 < len(raw) < 6_000


def test_document_looks_like_a_real_one(world):
    raw = world.client.attest()
    assert raw[:8].hex().startswith("8444a1013822a059")
    payload = cbor.decode(raw)[2]
    assert payload[0] == 0xBF
    names = ["module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle", "public_key", "user_data", "nonce"]
    assert list(cbor.decode(payload)) == names
    assert payload.endswith(b"\xf6\xff")


def test_pcr_extend_lock_and_listing(world):
    client = world.client
    assert client.describe_pcr(16) == nsm.PcrState(locked=False, data=bytes(48))
    value = client.extend_pcr(16, b"key hash")
    assert value == hashlib.sha384(bytes(48) + b"key hash").digest()
    assert client.extend_pcr(16, b"more") == hashlib.sha384(value + b"more").digest()
    assert 16 not in verify(client.attest(), world.policy()).pcrs
    client.lock_pcr(16)
    assert verify(client.attest(), world.policy()).pcrs[16] == client.describe_pcr(16).data
    client.lock_pcrs(32)
    assert client.describe().locked_pcrs == tuple(range(32))


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda c: c.extend_pcr(0, b"x"), "ReadOnlyIndex"),
        (lambda c: c.lock_pcr(3), "ReadOnlyIndex"),
        (lambda c: c.extend_pcr(32, b"x"), "InvalidIndex"),
        (lambda c: c.describe_pcr(99), "InvalidIndex"),
        (lambda c: c.lock_pcr(32), "InvalidIndex"),
        (lambda c: c.lock_pcrs(33), "InvalidIndex"),
        (lambda c: c.lock_pcrs(0), "InvalidIndex"),
        (lambda c: c.attest(nonce=b"x" * 513), "InputTooLarge"),
        (lambda c: c.attest(user_data=b"x" * 513), "InputTooLarge"),
        (lambda c: c.attest(public_key=b"x" * 1025), "InputTooLarge"),
        (lambda c: c.extend_pcr(16, bytes(5_000)), "InputTooLarge"),
    ],
)
def test_the_device_refuses(world, call, code):
    with pytest.raises(NsmRefused) as refused:
        call(world.client)
    assert refused.value.code == code


def test_random_and_description(world):
    assert len(world.client.random(300)) == 300
    description = world.client.describe()
    assert (description.max_pcrs, description.digest, description.module_id) == (32, "SHA384", "i-simulated-enc0")


def test_a_device_that_gives_too_little_randomness_is_an_error(world):
    world.device.random = lambda _: b"x"
    with pytest.raises(NsmUnavailable, match="64 random"):
        world.client.random(65)


def test_V3_debug_device_is_refused_although_pcr4_is_not_zero():
    world = World(debug=True)
    raw = world.client.attest()
    assert any(verify_for_ledger(raw, AT_MS, TrustRoots.from_der(ROOT.der)).pcrs[4])
    with pytest.raises(DocumentRefused, match="debug"):
        verify(raw, world.policy())


def test_the_chain_is_renewed_before_the_leaf_expires(world):
    first = verify(world.client.attest(), world.policy())
    world.now_ms += 60_000
    assert verify(world.client.attest(), world.policy()).certificate == first.certificate
    world.now_ms += 2 * 3_600_000
    assert verify(world.client.attest(), world.policy()).certificate != first.certificate


requests = st.one_of(
    st.just(nsm.DescribeNsm()),
    st.just(nsm.GetRandom()),
    st.builds(nsm.DescribePcr, st.integers(0, 2**32)),
    st.builds(nsm.ExtendPcr, st.integers(0, 2**16), st.binary(max_size=64)),
    st.builds(nsm.LockPcr, st.integers(0, 2**16)),
    st.builds(nsm.LockPcrs, st.integers(0, 2**16)),
    st.builds(nsm.Attestation, *[st.none() | st.binary(max_size=32)] * 3),
)


@given(requests)
def test_requests_round_trip(request):
    assert nsm.decode_request(nsm.encode_request(request)) == request


@given(st.binary(max_size=120))
def test_any_request_bytes_get_an_answer(data):
    cbor.decode(SimulatedNsm(ROOT, MEASURED, lambda: AT_MS, bytes).handle(data))


@pytest.mark.parametrize(
    "answer",
    [b"", b"\x00", cbor.encode({"Other": {}}), cbor.encode("LockPCR"), cbor.encode({"DescribePCR": {"lock": 1}})],
)
def test_answers_that_are_none_are_an_error_of_the_device(answer):
    client = nsm.NsmClient(type("Broken", (), {"exchange": lambda self, request: answer})())
    for call in (client.describe, client.attest, lambda: client.describe_pcr(0), lambda: client.lock_pcrs(3)):
        with pytest.raises(NsmUnavailable):
            call()


async def test_over_its_socket(tmp_path, world):
    ready = asyncio.Event()
    server = asyncio.create_task(serve(world.device, tmp_path / "nsm.sock", ready))
    await ready.wait()
    transport = nsm.UnixTransport(tmp_path / "nsm.sock")
    client = nsm.NsmClient(transport)
    raw = await asyncio.to_thread(client.attest, nonce=b"n" * 32)
    verify(raw, world.policy(nonce=b"n" * 32))
    assert len(await asyncio.to_thread(client.random, 64)) == 64
    transport.close()
    server.cancel()
    with pytest.raises(asyncio.CancelledError):
        await server


def test_a_missing_device_is_named(tmp_path):
    client = nsm.NsmClient(nsm.UnixTransport(tmp_path / "none"))
    with pytest.raises(NsmUnavailable, match="cannot be reached"):
        client.describe()


def test_the_root_is_made_once_and_kept_private(tmp_path):
    first = load_or_create(tmp_path / "pki", at_ms=AT_MS)
    again = load_or_create(tmp_path / "pki", at_ms=AT_MS + 1)
    assert first.der == again.der
    assert (tmp_path / "pki" / "root.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "pki" / "root.key").unlink()
    with pytest.raises(ValueError, match="delete the folder"):
        load_or_create(tmp_path / "pki", at_ms=AT_MS)


def code_tree(folder):
    for package in ("attestation", "enclave", "wire", "chain", "gateway", "sui"):
        (folder / package).mkdir(parents=True)
        (folder / package / "a.py").write_text(f"# {package}\n")
    return folder


def test_measurement_is_deterministic_and_moves_with_every_byte(tmp_path):
    one, two = code_tree(tmp_path / "one"), code_tree(tmp_path / "two")
    base = measure(one)
    assert measure(two) == base
    (two / "sui" / "__pycache__").mkdir()
    (two / "sui" / "__pycache__" / "a.pyc").write_bytes(b"x")
    (two / "sui" / "a.py").touch()
    assert measure(two) == base
    (two / "sui" / "a.py").write_text("# sui \n")
    changed = measure(two)
    assert changed.pcr0 != base.pcr0
    assert changed.pcr1 == base.pcr1
    assert changed.pcr2 != base.pcr2
    (one / "wire" / "b.py").touch()
    assert measure(one).pcr1 != base.pcr1
    assert len({base.pcr0, base.pcr1, base.pcr2}) == 3


def test_bytes_cannot_move_between_files(tmp_path):
    one, two = code_tree(tmp_path / "one"), code_tree(tmp_path / "two")
    (one / "sui" / "a").write_text("bc")
    (two / "sui" / "ab").write_text("c")
    assert measure(one).pcr0 != measure(two).pcr0


def test_nothing_to_measure_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        measure(tmp_path)


def test_the_commands_write_the_values_and_the_root(tmp_path):
    command = [sys.executable, "-m", "attestation.sim"]
    out, code = tmp_path / "build" / "pcrs.json", code_tree(tmp_path / "code")
    subprocess.run(
        [*command, "measure", "--code", str(code), "--out", str(out)], check=True, cwd=installed_code(), timeout=60
    )
    assert json.loads(out.read_text()) == measure(code).as_hex()
    making = [*command, "pki", "--pki", str(tmp_path / "pki")]
    made = subprocess.run(making, capture_output=True, check=True, cwd=installed_code(), timeout=60)
    stored = (tmp_path / "pki" / "root.pem").read_bytes()
    assert TrustRoots.from_pem(made.stdout) == TrustRoots.from_pem(stored)
