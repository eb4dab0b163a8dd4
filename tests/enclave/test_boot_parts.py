"""The parts of a boot without namespaces: parameters, control port, front, egress, steps and restarts."""

import asyncio
import contextlib
import datetime as dt
import os
import ssl

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from chain.configuration import make_configuration
from enclave import control as guest_control
from enclave.attestation_front import Front
from enclave.attestation_front import serve as serve_front
from enclave.boot import Boot, BootLimits, Stage
from enclave.egress import dialler, ledger_destination
from enclave.errors import BootFailed, BootRefused
from enclave.parameters import Activation, BootParameters, read_activation, read_parameters, write_public
from enclave.places import Places, Uid, allowed_uids, separate_uids, tell_ready
from enclave.processes import TABLE, Backoff, Children, Death, Process
from wire import control
from wire.errors import IpcError, IpcLost
from wire.frames import encode_frame
from wire.relay import Relay, RelayLimits
from wire.sockets import listen_unix
from wire.vsock import Loopback

CONFIGURATION = make_configuration("ledger:9000", plaintext=True)
PARAMETERS = {
    "chain_id": "11" * 32, "package": "0x" + "22" * 32, "cluster": "0x" + "33" * 32,
    "configuration": CONFIGURATION.encoded.hex(), "challenge": "44" * 32,
}  # fmt: skip


@pytest.fixture
def places(tmp_path):
    places = Places(tmp_path / "run", tmp_path / "state", "vsock:3", tmp_path / "k3s")
    places.run.mkdir()
    places.state.mkdir()
    return places


def test_parameters_survive_their_file(places):
    parameters = BootParameters.parse(PARAMETERS)
    write_public(places.parameters, parameters)
    assert read_parameters(places.parameters) == parameters
    assert places.parameters.stat().st_mode & 0o777 == 0o644
    assert read_activation(places.activation) is None
    activation = Activation.parse({"enclave": "0x5", "epoch": 2})
    write_public(places.activation, activation)
    assert read_activation(places.activation) == activation


@pytest.mark.parametrize(
    "change",
    [
        {"chain_id": "11" * 31}, {"chain_id": "zz"}, {"package": "22"}, {"cluster": 5}, {"configuration": "00"},
        {"configuration": ""}, {"challenge": ""}, {"challenge": "44" * 15}, {"challenge": "44" * 513}, {"more": "x"},
    ],
)  # fmt: skip
def test_malformed_parameters_are_refused(change):
    with pytest.raises(BootRefused):
        BootParameters.parse(PARAMETERS | change)


@pytest.mark.parametrize("params", [None, [], "x", {}, {"chain_id": "11"}])
def test_what_are_no_parameters_is_refused(params):
    with pytest.raises(BootRefused):
        BootParameters.parse(params)


@pytest.mark.parametrize(
    "params", [None, {}, {"enclave": "0x5"}, {"enclave": "x", "epoch": 1}, {"enclave": "0x5", "epoch": True},
               {"enclave": "0x5", "epoch": -1}, {"enclave": "0x5", "epoch": 2**64}, {"enclave": 5, "epoch": 1}]
)  # fmt: skip
def test_malformed_activations_are_refused(params):
    with pytest.raises(BootRefused):
        Activation.parse(params)


@pytest.fixture
async def port():
    network, taken = Loopback(), []

    async def boot(params):
        BootParameters.parse(params)
        if taken:
            raise BootRefused("the boot parameters came before")
        taken.append(params)
        return {}

    listener = network.listen(control.CONTROL_PORT)
    serving = asyncio.create_task(guest_control.serve(listener, {"boot": boot}, seconds=0.3))
    yield network
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    listener.close()


async def test_the_boot_parameters_are_taken_once(port):
    assert await control.call(port, "boot", PARAMETERS) == {}
    with pytest.raises(IpcError, match="before") as refused:
        await control.call(port, "boot", PARAMETERS)
    assert refused.value.code == "refused"


async def test_unknown_methods_and_malformed_parameters_change_nothing(port):
    for method, params, code in (("erase", {}, "unknown-method"), ("boot", {"chain_id": "x"}, "refused")):
        with pytest.raises(IpcError) as refused:
            await control.call(port, method, params)
        assert refused.value.code == code
    assert await control.call(port, "boot", PARAMETERS) == {}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff", encode_frame(b""), encode_frame(b"\xff"), encode_frame(b"\x81" * 60_000),
        b"\x00\x00\x00\x09a",
        encode_frame(cbor2.dumps([])), encode_frame(cbor2.dumps({"method": "boot"})), b"",
        encode_frame(cbor2.dumps({"id": 1, "method": ["boot"], "params": {}})), encode_frame(cbor2.dumps(1.5)),
    ],
)  # fmt: skip
async def test_hostile_bytes_on_the_control_port_end_in_time_and_hurt_nobody(port, data):
    reader, writer = await asyncio.open_connection(sock=await port.connect(control.CONTROL_PORT))
    writer.write(data)
    answer = await asyncio.wait_for(reader.read(), 3)
    assert not answer or "error" in cbor2.loads(answer[4:])
    writer.close()
    assert await control.call(port, "boot", PARAMETERS) == {}


async def test_a_silent_guest_is_lost():
    network = Loopback()
    listener = network.listen(control.CONTROL_PORT)
    with pytest.raises(IpcLost):
        await control.call(network, "status", timeout_s=0.1)
    listener.close()


class Broker:
    """The key broker's answers, without keys."""

    async def call(self, method, params):
        if method == "attest":
            if params["nonce"] == b"down" * 8:
                raise IpcLost("gone")
            if params["nonce"] == b"busy" * 8:
                raise IpcError("nsm", "the device is busy")
            return {"document": b"document of " + params["nonce"]}
        return {"manifest": b"manifest", "ca_der": b"ca", "public_key": b"key", "address": b"a", "hpke_key": b"h"}


@pytest.fixture
async def front():
    network = Loopback()
    listener = network.listen(control.ATTESTATION_PORT)
    serving = asyncio.create_task(serve_front(listener, Front(Broker().call)))

    async def get(path, method="GET"):
        reader, writer = await asyncio.open_connection(sock=await network.connect(control.ATTESTATION_PORT))
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: enclave\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
        writer.close()
        return int(head.split()[1]), body

    yield get
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving


async def test_the_front_serves_documents_under_the_callers_nonce(front):
    assert await front("/attestation?nonce=" + "ab" * 32) == (200, b"document of " + b"\xab" * 32)
    assert await front("/manifest") == (200, b"manifest")
    assert await front("/ca") == (200, b"ca")
    status, body = await front("/identity")
    assert (status, b'"public_key": "6b6579"' in body) == (200, True)


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/attestation", "GET", 400), ("/attestation?nonce=", "GET", 400), ("/attestation?nonce=zz", "GET", 400),
        ("/attestation?nonce=" + "ab" * 15, "GET", 400), ("/attestation?nonce=" + "ab" * 513, "GET", 400),
        ("/", "GET", 404), ("/manifest/../ca", "GET", 404), ("/manifest", "POST", 405),
        ("/attestation?nonce=" + (b"down" * 8).hex(), "GET", 503),
        ("/attestation?nonce=" + (b"busy" * 8).hex(), "GET", 503),
    ],
)  # fmt: skip
async def test_the_front_refuses(front, path, method, status):
    assert (await front(path, method))[0] == status


def certificate(folder, name):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
        .not_valid_after(dt.datetime(2090, 1, 1, tzinfo=dt.UTC))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = made.public_bytes(Encoding.PEM)
    (folder / "chain.pem").write_bytes(pem)
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem", folder / "key.pem")
    context.set_alpn_protocols(["h2"])
    return pem.decode(), context


class Egress:
    """Egress proxy, a parent's port and a ledger behind TLS, without processes."""

    def __init__(self, folder, configuration, serving_tls=None):
        self.network, self.folder, self.tls = Loopback(), folder, serving_tls
        self.listener = listen_unix(folder / "ledger.sock")
        dial = dialler(self.network, ledger_destination(configuration))
        self.relay = Relay(self.listener, dial, limits=RelayLimits())

    async def ledger(self):
        listener = self.network.listen(control.LEDGER_PORT)
        loop = asyncio.get_running_loop()
        while True:
            connection = await listener.accept()

            async def echo(reader, writer):
                while data := await reader.read(100):
                    writer.write(data.upper())
                writer.close()

            def protocol(echo=echo):
                reader = asyncio.StreamReader()
                return asyncio.StreamReaderProtocol(reader, echo)

            with contextlib.suppress(OSError, ssl.SSLError):
                await loop.connect_accepted_socket(protocol, connection, ssl=self.tls)

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self.ledger()), asyncio.create_task(self.relay.serve())]
        return self

    async def ask(self):
        reader, writer = await asyncio.open_unix_connection(str(self.folder / "ledger.sock"))
        writer.write(b"question")
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(8), 5), writer.close()
        writer.close()
        return b"", None

    async def __aexit__(self, *_):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.listener.close()
        await asyncio.sleep(0.05)


async def test_egress_in_plaintext_as_the_configuration_says(tmp_path):
    async with Egress(tmp_path, CONFIGURATION) as egress:
        assert (await egress.ask())[0] == b"QUESTION"


async def test_N6_egress_ends_tls_inside_under_the_configured_ca(tmp_path):  # noqa: N802
    pem, tls = certificate(tmp_path, "ledger")
    async with Egress(tmp_path, make_configuration("ledger:9000", rpc_ca=pem), tls) as egress:
        assert (await egress.ask())[0] == b"QUESTION"


@pytest.mark.parametrize("case", ["another CA", "another name", "plaintext"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_N6_a_lying_parent_gets_nothing(tmp_path, case):  # noqa: N802
    pem, tls = certificate(tmp_path, "elsewhere" if case == "another name" else "ledger")
    if case == "another CA":
        (tmp_path / "other").mkdir()
        _, tls = certificate(tmp_path / "other", "ledger")
    configuration = make_configuration("ledger:9000", rpc_ca=pem)
    async with Egress(tmp_path, configuration, None if case == "plaintext" else tls) as egress:
        assert (await egress.ask())[0] == b""
        assert egress.relay.counters.failed == 1


def test_system_roots_are_used_where_the_configuration_says_so():
    destination = ledger_destination(make_configuration("fullnode.example:443"))
    assert destination.host == "fullnode.example"
    assert destination.tls.verify_mode is ssl.CERT_REQUIRED
    assert destination.tls.check_hostname


def test_the_table_of_processes_says_who_reboots():
    assert {p.name for p in TABLE if p.death is Death.REBOOT} == {"signer", "broker"}
    assert {p.name for p in TABLE if p.death is Death.RESTART} == {
        "front",
        "egress",
        "kubernetes",
        "executor",
        "gateway",
    }
    assert len({p.uid for p in TABLE}) == len(TABLE)
    assert {p.name for p in TABLE if p.entropy} == {"signer"}


def test_waits_double_up_to_a_cap():
    backoff = Backoff(first_s=0.1, most_s=1.0)
    assert [round(backoff.after(n), 2) for n in (1, 2, 3, 4, 5, 9)] == [0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_uids_are_known_where_there_are_several(monkeypatch):
    assert allowed_uids(Uid.EXECUTOR) == frozenset({os.geteuid()})
    monkeypatch.setattr(os, "geteuid", lambda: 2001)
    assert allowed_uids(Uid.EXECUTOR, Uid.GATEWAY) == frozenset({2004, 2005})
    assert not separate_uids()


class Nursery:
    """Children whose processes are not confined, so that tests can run them as anybody."""

    def __init__(self, places, monkeypatch, folder):
        self.reboots = []
        monkeypatch.setenv("PYTHONPATH", f"{folder}:{os.environ.get('PYTHONPATH', '')}")
        (folder / "short_lived.py").write_text("import sys; sys.exit(3)")
        (folder / "patient.py").write_text(
            "import os,sys,time,pathlib\n"
            "pathlib.Path(os.environ['K3S_DAAS_RUN'], 'said').write_bytes(sys.stdin.buffer.read())\ntime.sleep(60)"
        )
        self.children = Children(
            places, separate_uids=False, reboot=self.reboots.append, entropy=lambda: b"e" * 64,
            backoff=Backoff(first_s=0.01, most_s=0.02),
        )  # fmt: skip
        self.children.watch()


@pytest.fixture
async def nursery(places, monkeypatch, tmp_path):
    nursery = Nursery(places, monkeypatch, tmp_path)
    yield nursery
    nursery.children.stop()
    while nursery.children.alive:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    asyncio.get_running_loop().remove_signal_handler(17)


async def until(condition, seconds=20):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_dead_worker_is_started_again_and_a_dead_holder_of_keys_reboots(nursery):
    nursery.children.start(Process("worker", "short_lived", Uid.FRONT, Death.RESTART))
    await until(lambda: nursery.children.status()["worker"]["restarts"] >= 2)
    assert nursery.reboots == []
    nursery.children.start(Process("holder", "short_lived", Uid.SIGNER, Death.REBOOT))
    await until(lambda: nursery.reboots)
    assert nursery.reboots == ["holder ended with 3"]


async def test_entropy_goes_by_standard_input_alone(nursery, places):
    nursery.children.start(Process("maker", "patient", Uid.SIGNER, Death.REBOOT, entropy=True))
    said = places.run / "said"
    await until(lambda: said.exists() and said.stat().st_size == 64)
    assert said.read_bytes() == b"e" * 64
    pid = nursery.children.status()["maker"]["pid"]
    for name in ("cmdline", "environ"):
        with contextlib.suppress(PermissionError), open(f"/proc/{pid}/{name}", "rb") as file:  # noqa: ASYNC230, PTH123
            assert b"eeee" not in file.read()


async def test_a_device_that_does_not_answer_fails_the_first_step(places, nursery):
    boot = Boot(places, places.run / "no-device", nursery.children)
    with pytest.raises(BootFailed, match="entropy"):
        await boot.run()
    assert boot.stage is Stage.FAILED
    assert "entropy" in boot.failed


async def test_an_activation_before_its_time_or_another_one_is_refused(places, nursery):
    boot = Boot(places, places.run / "no-device", nursery.children, BootLimits())
    with pytest.raises(BootRefused, match="nothing to activate"):
        boot.take_activation({"enclave": "0x5", "epoch": 1})
    boot.stage = Stage.REGISTRATION
    boot.take_activation({"enclave": "0x5", "epoch": 1})
    boot.take_activation({"enclave": "0x5", "epoch": 1})
    with pytest.raises(BootRefused, match="activated once"):
        boot.take_activation({"enclave": "0x6", "epoch": 1})


def test_the_steps_are_the_designs_in_order():
    assert [stage.value for stage in Stage][:8] == [
        "entropy", "parameters", "keys", "attestation", "registration", "kubernetes", "executor", "gateway",
    ]  # fmt: skip


def test_a_ready_process_says_so(places):
    tell_ready(places, "gateway")
    assert places.ready("gateway").exists()
