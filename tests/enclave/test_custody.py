"""Signer and key broker over their sockets, with a real simulated device behind the broker."""

import hashlib
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from attestation import Measurement, Policy, TrustRoots, verify
from attestation.nsm import NsmClient
from attestation.sim.device import Measured, SimulatedNsm
from attestation.sim.pki import make_root
from chain.configuration import make_configuration
from chain.sealing import HpkePublicKey
from chain.statements import decode_manifest
from enclave.authority import CertificateAuthority
from enclave.broker import KeyBroker
from enclave.custody_limits import LIMITS
from enclave.errors import BootFailed, KeyRefused
from enclave.parameters import BootParameters
from enclave.places import Uid, allowed_uids
from enclave.seeds import mixed_seed
from enclave.signer import Journal, Signer
from sui.bcs import ADDRESS
from sui.builder import ProgrammableBuilder
from sui.digests import transaction_digest
from sui.keys import Ed25519Key, verify_ed25519, verify_user_signature
from sui.transaction import TRANSACTION_DATA, TRANSACTION_KIND, EpochExpiration, GasCoin
from sui.types import Address, Digest, ObjectRef
from wire.errors import IpcError
from wire.ipc import Client, Server

AT_MS = 1_750_000_000_000
KEY = Ed25519Key.generate(b"s" * 32)
PARAMETERS = BootParameters(
    b"c" * 32, Address(b"p" * 32), Address(b"k" * 32), make_configuration("ledger:9000", plaintext=True), b"n" * 32
)
ROOT = make_root(AT_MS)


class Device:
    def __init__(self):
        measured = Measured(b"\x01" * 48, b"\x02" * 48, b"\x03" * 48)
        self.nsm = SimulatedNsm(ROOT, measured, lambda: AT_MS, lambda n: bytes(range(n)))

    def exchange(self, request):
        return self.nsm.handle(request)


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


@pytest.fixture
async def signer(tmp_path):
    journal = Journal(tmp_path / "statements")
    clock = Clock()
    signer = Signer(KEY, PARAMETERS, journal, monotonic=clock)
    async with Server(tmp_path / "signer.sock", signer.handlers(), allowed=signer.allowed()):
        client = Client(tmp_path / "signer.sock")
        client.journal, client.clock = tmp_path / "statements", clock
        yield client
        await client.close()
    journal.close()


@pytest.fixture
async def broker(tmp_path):
    broker = KeyBroker(
        NsmClient(Device()), PARAMETERS, public_key=KEY.public, address=KEY.address,
        kernel_random=lambda n: bytes(range(1, n + 1)),
    )  # fmt: skip
    async with Server(tmp_path / "broker.sock", broker.handlers(), allowed=broker.allowed()):
        client = Client(tmp_path / "broker.sock")
        yield client
        await client.close()


async def refused(code, client, method, params=None):
    with pytest.raises(IpcError) as caught:
        await client.call(method, params)
    assert caught.value.code == code


def answer(**changes):
    return {
        "enclave": b"e" * 32, "epoch": 1, "config_version": 1, "request_id": b"r" * 32, "payload_hash": b"h" * 32,
        "status": 200, "body_hash": b"b" * 32, "executed_at": 10, "answer_until": 1_000,
    } | changes  # fmt: skip


def coin(number, version=1, balance=10**9):
    return {"object_id": bytes([number]) * 32, "version": version, "digest": bytes([version]) * 32, "balance": balance}


def kind():
    builder = ProgrammableBuilder()
    builder.move_call(PARAMETERS.package, "answer", "store_k8s_response", [builder.pure(b"x")])
    return TRANSACTION_KIND.encode(builder.finish())


def transaction(**changes):
    return {"kind": kind(), "gas_budget": 10**7, "gas_price": 1_000, "expiration_epoch": None} | changes


async def test_an_answer_is_journalled_before_it_is_released_and_the_same_twice(signer):
    first = await signer.call("sign_answer", answer())
    verify_ed25519(KEY.public, first["signature"], first["statement"])
    journalled = signer.journal.read_bytes()
    assert journalled.endswith(first["signature"] + first["statement"])
    assert await signer.call("sign_answer", answer()) == first
    assert signer.journal.read_bytes() == journalled
    await refused("equivocation", signer, "sign_answer", answer(status=500))
    assert first["sequence"] == 1


async def test_the_clock_drops_what_is_over_and_in_time_the_journal_too(signer):
    for number in range(300):
        late = 5_000 if number % 150 == 0 else 1_000
        await signer.call("sign_answer", answer(request_id=number.to_bytes(32, "big"), answer_until=late))
    record = signer.journal.stat().st_size // 300
    assert await signer.call("clock", {"now_ms": 1_001}) == {"dropped": 298}
    assert signer.journal.stat().st_size == 2 * record
    await refused("too-late", signer, "sign_answer", answer(request_id=(7).to_bytes(32, "big")))
    kept = answer(request_id=(150).to_bytes(32, "big"), answer_until=5_000)
    assert (await signer.call("sign_answer", kept))["sequence"] == 151
    assert (await signer.call("sign_answer", answer(answer_until=5_000)))["sequence"] == 301
    assert signer.journal.stat().st_size == 3 * record


def test_a_signer_never_runs_twice_in_one_boot(tmp_path):
    Journal(tmp_path / "statements").close()
    with pytest.raises(BootFailed, match="reboot"):
        Journal(tmp_path / "statements")


@pytest.mark.parametrize(
    "change",
    [{"epoch": -1}, {"epoch": "1"}, {"status": 70_000}, {"request_id": b"x"}, {"payload_hash": "text"},
     {"executed_at": True}, {"chain_id": b"x" * 32}, {"enclave": None}, {"answer_until": 2**64}],
)  # fmt: skip
async def test_malformed_or_foreign_answers_are_refused(signer, change):
    await refused("bad-request", signer, "sign_answer", answer(**change))


async def test_a_violation_is_journalled_before_it_is_released_and_excludes_an_answer(signer):
    wanted = {k: v for k, v in answer().items() if k not in {"status", "body_hash", "executed_at"}} | {"found_at": 10}
    first = await signer.call("sign_violation", wanted)
    verify_ed25519(KEY.public, first["signature"], first["statement"])
    assert first["signature"] + first["statement"] in signer.journal.read_bytes()
    assert await signer.call("sign_violation", wanted) == first
    await refused("equivocation", signer, "sign_answer", answer())
    await refused("bad-request", signer, "sign_violation", wanted | {"found_at": None})


async def test_another_version_of_the_package_is_called_once_it_was_approved(signer):
    def call_of(package):
        builder = ProgrammableBuilder()
        builder.move_call(package, "answer", "store_k8s_response", [builder.pure(b"x")])
        return transaction(kind=TRANSACTION_KIND.encode(builder.finish()))

    await signer.call("add_coins", {"coins": [coin(1), coin(2), coin(3)]})
    newer = Address(b"n" * 32)
    await refused("forbidden", signer, "sign_transaction", call_of(newer))
    for _ in range(2):
        assert await signer.call("approve_package", {"package": bytes(newer)}) == {}
    await signer.call("sign_transaction", call_of(newer))
    await signer.call("sign_transaction", call_of(PARAMETERS.package))
    await refused("forbidden", signer, "sign_transaction", call_of(Address(b"m" * 32)))


async def test_versions_are_approved_up_to_a_cap_and_only_what_can_be_one(signer):
    for wrong in (b"", b"n" * 31, "text", None, bytes(31) + b"\x02", bytes(32)):
        await refused("bad-request", signer, "approve_package", {"package": wrong})
    for number in range(8):
        await signer.call("approve_package", {"package": bytes([200 + number]) * 32})
    await refused("too-many", signer, "approve_package", {"package": b"z" * 32})
    await signer.call("approve_package", {"package": bytes(PARAMETERS.package)})


def test_answers_violations_and_packages_are_the_executors_alone():
    both = Signer.allowed()["sign_transaction"]
    for method in ("sign_answer", "sign_violation", "approve_package", "reserve", "operator"):
        assert Signer.allowed()[method] <= both
        assert Signer.allowed()[method] == allowed_uids(Uid.EXECUTOR)


@pytest.mark.parametrize("method", ["sign_answer", "clock", "sign_transaction", "settle", "add_coins", "reserve"])
@pytest.mark.parametrize("params", [None, [], 5, {}, {"coins": 5}, {"lease": "x", "coin": 5}])
async def test_malformed_parameters_are_refused(signer, method, params):
    await refused("bad-request", signer, method, params)


async def test_a_transaction_is_paid_by_a_leased_coin_and_signed(signer):
    await refused("no-gas", signer, "sign_transaction", transaction())
    assert await signer.call("add_coins", {"coins": [coin(1), coin(2)]}) == {"added": 2}
    signed = await signer.call("sign_transaction", transaction(expiration_epoch=9))
    assert verify_user_signature(signed["signature"], signed["transaction"]) == KEY.address
    data = TRANSACTION_DATA.decode(signed["transaction"])
    assert data.sender == KEY.address
    assert data.gas_data.payment == (ObjectRef(Address(b"\x01" * 32), 1, Digest(b"\x01" * 32)),)
    assert data.expiration == EpochExpiration(9)
    assert signed["digest"] == transaction_digest(signed["transaction"])
    state = await signer.call("coins")
    assert (state["free"], state["leased"], state["unknown"]) == (1, 1, [])
    assert state["leases"][0]["digest"] == signed["digest"]
    await signer.call("settle", {"lease": signed["lease"], "coin": coin(1, 2, 5 * 10**7)})
    assert (await signer.call("coins"))["free"] == 2


async def test_a_reserved_coin_pays_for_an_answer_when_nothing_else_is_left(signer):
    await signer.call("add_coins", {"coins": [coin(1)]})
    reservation = 7
    for _ in range(2):
        assert await signer.call("reserve", {"reservation": reservation}) == {}
    await refused("no-gas", signer, "sign_transaction", transaction())
    await signer.call("sign_transaction", transaction(reservation=reservation))
    await refused("unknown-reservation", signer, "sign_transaction", transaction(reservation=reservation))


async def test_an_unknown_outcome_keeps_the_coin_out(signer):
    await signer.call("add_coins", {"coins": [coin(1)]})
    signed = await signer.call("sign_transaction", transaction())
    await signer.call("settle", {"lease": signed["lease"], "coin": None})
    assert (await signer.call("coins"))["unknown"] == [b"\x01" * 32]
    await refused("no-gas", signer, "sign_transaction", transaction())
    await signer.call("add_coins", {"coins": [coin(1, 4)]})
    await signer.call("sign_transaction", transaction())


async def test_a_coin_whose_holder_never_heard_of_it_comes_back(signer):
    await signer.call("add_coins", {"coins": [coin(1)]})
    await signer.call("sign_transaction", transaction())  # the answer is lost
    signer.clock.now_s += LIMITS.lease_s
    await signer.call("add_coins", {"coins": [coin(1)]})
    assert (await signer.call("coins"))["unknown"] == [b"\x01" * 32]
    await refused("no-gas", signer, "sign_transaction", transaction())
    signer.clock.now_s += LIMITS.unknown_s
    await signer.call("add_coins", {"coins": [coin(1)]})
    state = await signer.call("coins")
    assert (state["free"], state["unknown"], state["leases"]) == (1, [], [])
    await signer.call("sign_transaction", transaction())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"gas_budget": 10**12}, "forbidden"),
        ({"gas_price": 10**9}, "forbidden"),
        ({"gas_budget": 0}, "forbidden"),
        ({"kind": b"\xff"}, "bad-request"),
        ({"kind": bytes(200_000)}, "too-large"),
        ({"kind": b"\x00\x01"}, "bad-request"),
    ],
)
async def test_transactions_that_are_not_signed_cost_no_coin(signer, change, code):
    await signer.call("add_coins", {"coins": [coin(1)]})
    await refused(code, signer, "sign_transaction", transaction(**change))
    assert (await signer.call("coins"))["free"] == 1


async def test_a_transaction_above_the_ledgers_size_gives_its_coin_back(signer):
    await signer.call("add_coins", {"coins": [coin(1)]})
    builder = ProgrammableBuilder()
    chunks = [builder.pure(bytes([n]) * 16_000) for n in range(8)] + [builder.pure(bytes(2_900))]
    builder.move_call(PARAMETERS.package, "answer", "store_k8s_response", chunks)
    encoded = TRANSACTION_KIND.encode(builder.finish())
    await refused("bad-request", signer, "sign_transaction", transaction(kind=encoded))
    assert (await signer.call("coins"))["free"] == 1


async def test_the_operator_may_receive_once_he_is_named(signer):
    operator = Address(b"o" * 32)
    builder = ProgrammableBuilder()
    builder.transfer_objects([GasCoin()], builder.pure_value(ADDRESS, operator))
    give = transaction(kind=TRANSACTION_KIND.encode(builder.finish()))
    await signer.call("add_coins", {"coins": [coin(1)]})
    await refused("forbidden", signer, "sign_transaction", give)
    await signer.call("operator", {"address": bytes(operator)})
    signed = await signer.call("sign_transaction", give)
    await signer.call("settle", {"lease": signed["lease"], "coin": coin(1, 1, 0)})
    assert (await signer.call("coins"))["free"] == 0


async def test_the_document_binds_keys_manifest_and_nonce(broker):
    identity = await broker.call("identity")
    manifest = decode_manifest(identity["manifest"])
    document = (await broker.call("attest", {"nonce": b"x" * 32}))["document"]
    policy = Policy(
        roots=TrustRoots.from_der(ROOT.der), at_ms=AT_MS, nonce=b"x" * 32, user_data=manifest.user_data,
        public_key=KEY.public, measurements=frozenset({Measurement(b"\x01" * 48, b"\x02" * 48, b"\x03" * 48)}),
    )  # fmt: skip
    verify(document, policy)
    assert manifest.public_key == identity["public_key"] == KEY.public
    assert manifest.address == identity["address"] == KEY.address
    assert manifest.tls_ca_hash == hashlib.sha256(identity["ca_der"]).digest()
    assert manifest.hpke_key == identity["hpke_key"]
    assert manifest.configuration == PARAMETERS.configuration.hash
    assert (manifest.chain_id, manifest.package, manifest.cluster) == (
        PARAMETERS.chain_id, PARAMETERS.package, PARAMETERS.cluster,
    )  # fmt: skip


@pytest.mark.parametrize("nonce", [b"", b"x" * 15, b"x" * 513, "text", None])
async def test_bad_nonces_are_refused(broker, nonce):
    await refused("bad-request", broker, "attest", {"nonce": nonce})


async def test_sealed_requests_open_under_their_own_context_only(broker):
    key = HpkePublicKey((await broker.call("identity"))["hpke_key"])
    sealed = key.seal(b"secret", b"context")
    assert await broker.call("open", {"sealed": sealed, "info": b"context"}) == {"plaintext": b"secret"}
    await refused("cannot-open", broker, "open", {"sealed": sealed, "info": b"other"})
    await refused("cannot-open", broker, "open", {"sealed": sealed[:-1], "info": b"context"})
    await refused("cannot-open", broker, "open", {"sealed": b"", "info": b""})
    await refused("too-large", broker, "open", {"sealed": sealed, "info": bytes(5_000)})


def signing_request(key, name="anything"):
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    return x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())


async def test_a_leaf_is_for_the_one_name_and_tls_accepts_it(broker, tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    der = signing_request(key, "www.example.com").public_bytes(Encoding.DER)
    pem = (await broker.call("issue_leaf", {"csr_der": der}))["chain_pem"]
    leaf, authority = x509.load_pem_x509_certificates(pem)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["enclave.k3s-daas"]
    assert "example" not in leaf.subject.rfc4514_string()
    assert authority.public_bytes(Encoding.DER) == (await broker.call("identity"))["ca_der"]
    (tmp_path / "chain.pem").write_bytes(pem)
    (tmp_path / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _handshake(tmp_path, authority.public_bytes(Encoding.PEM).decode(), "enclave.k3s-daas")
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(tmp_path, authority.public_bytes(Encoding.PEM).decode(), "www.example.com")


def _handshake(folder, authority, name):
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    asking = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    asking.load_verify_locations(cadata=authority)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = asking.wrap_bio(down, up, server_hostname=name)
    server = serving.wrap_bio(up, down, server_side=True)
    for _ in range(4):
        for end in (client, server):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
    assert client.version() == "TLSv1.3"


async def test_bad_signing_requests_are_refused(broker):
    genuine = signing_request(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.DER)
    altered = genuine[:-1] + bytes([genuine[-1] ^ 1])
    other = signing_request(rsa.generate_private_key(65537, 2048)).public_bytes(Encoding.DER)
    curve = signing_request(ec.generate_private_key(ec.SECP384R1())).public_bytes(Encoding.DER)
    for der in (altered, other, curve, b"", bytes(5_000), genuine[:50]):
        await refused("bad-request", broker, "issue_leaf", {"csr_der": der})
    with pytest.raises(KeyRefused):
        CertificateAuthority(b"x" * 48).issue(b"no request")


def test_seeds_depend_on_both_sources_and_on_the_purpose():
    one, two = bytes(range(64)), bytes(range(1, 65))
    seeds = {
        mixed_seed("a", 32, nsm=one, kernel=two), mixed_seed("b", 32, nsm=one, kernel=two),
        mixed_seed("a", 32, nsm=two, kernel=two), mixed_seed("a", 32, nsm=one, kernel=one),
    }  # fmt: skip
    assert len(seeds) == 4
    assert mixed_seed("a", 32, nsm=one, kernel=two) in seeds


@pytest.mark.parametrize("bad", [b"", bytes(range(63)), bytes(64), b"\xff" * 64])
def test_a_source_that_gives_too_little_stops_the_boot(bad):
    with pytest.raises(BootFailed, match="NSM"):
        mixed_seed("a", 32, nsm=bad, kernel=bytes(range(64)))
    with pytest.raises(BootFailed, match="kernel"):
        mixed_seed("a", 32, nsm=bytes(range(64)), kernel=bad)
