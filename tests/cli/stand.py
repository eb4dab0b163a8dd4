"""A ledger process, a home, and an enclave that is only its keys, its documents and its signature."""

import asyncio
import base64
import contextlib
import hashlib
import http.server
import json
import os
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlparse

from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from attestation.nsm import NsmClient
from attestation.sim.device import Measured, SimulatedNsm
from attestation.sim.pki import make_root
from chain.account import Account
from chain.bindings.arguments import Contract
from chain.bindings.calls import Answer, submission
from chain.bindings.events import decode_event
from chain.cluster_file import read_cluster_file
from chain.configuration import make_configuration
from chain.grants import parse_bearer
from chain.grpc_ledger import GrpcLedger
from chain.payload import (
    AnswerPlaintext,
    Purpose,
    RequestContext,
    RequestPlaintext,
    encode_answer,
    encode_request,
    reply_info,
    sealed_hash,
)
from chain.rules import Envelope
from chain.sealing import HPKE_SEED_BYTES, HpkePrivateKey, derive_key, seal_answer
from chain.statements import ANSWER_DOMAIN, ANSWER_STATEMENT, MANIFEST, MANIFEST_DOMAIN, AnswerStatement, Manifest
from chain.store import build_store
from chain.submit import SubmitOrder, build_submit, request_ids, signed_grant
from cli import root as module
from sui.digests import upgrade_digest
from sui.keys import Ed25519Key
from sui.types import Address
from tests.cli.ledger_process import ROOT, Localnet

COMPILED = ROOT / "build" / "k3s_daas.json"
FRAMEWORK = ROOT / "build" / "framework.json"
PCRS = (b"\x11" * 48, b"\x22" * 48, b"\x33" * 48)


class Transport:
    """Asks a simulated device in this process."""

    def __init__(self, device):
        self._device = device

    def exchange(self, request):
        """One request."""
        return self._device.handle(request)


@dataclass
class Enclave:
    """Keys, documents and an attestation port."""

    authority: object
    key: Ed25519Key = field(default_factory=lambda: Ed25519Key.generate(os.urandom(32)))
    hpke: HpkePrivateKey = field(default_factory=lambda: HpkePrivateKey(os.urandom(HPKE_SEED_BYTES)))
    pcrs: tuple = PCRS
    manifest: Manifest = None
    ca: bytes = b""
    port: int = 0
    object_id: Address = None
    sequence: int = 0

    def __post_init__(self):
        key = Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test ca")])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .sign(key, None)
        )
        self.ca = certificate.public_bytes(Encoding.DER)

    def boot(self, cluster, package, chain_id, configuration):
        """Make the manifest, as a boot does."""
        self.manifest = Manifest(
            domain=MANIFEST_DOMAIN,
            address=self.key.address,
            public_key=self.key.public,
            hpke_key=self.hpke.public.raw,
            tls_ca_hash=hashlib.sha256(self.ca).digest(),
            cluster=cluster,
            package=package,
            chain_id=chain_id,
            configuration=configuration,
        )

    def document(self, nonce):
        """A signed document."""
        device = SimulatedNsm(
            root=self.authority,
            measured=Measured(*self.pcrs),
            clock_ms=lambda: int(time.time() * 1000),
            random=os.urandom,
        )
        return NsmClient(Transport(device)).attest(
            user_data=self.manifest.user_data, nonce=nonce, public_key=self.key.public
        )

    @contextlib.contextmanager
    def serve(self):
        """Answer on an attestation port."""
        enclave = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                parsed = urlparse(self.path)
                if parsed.path == "/attestation":
                    body = enclave.document(bytes.fromhex(parse_qs(parsed.query)["nonce"][0]))
                elif parsed.path == "/manifest":
                    body = MANIFEST.encode(enclave.manifest)
                else:
                    body = enclave.ca
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{self.port}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@dataclass
class Stand:
    """A ledger, a home with its profile, and how to run commands in it."""

    home: Path
    localnet: Localnet
    enclave: Enclave
    tokens: dict = field(default_factory=dict)

    def run(self, *arguments, code=0, stdin=None):
        """Run a command in this process and return what it printed."""
        runner = CliRunner(env={"K3S_DAAS_HOME": str(self.home)})
        result = run_root(runner, [str(a) for a in arguments], stdin)
        assert result.code == code, f"{arguments}: {result.code}\n{result.stdout}\n{result.stderr}"
        return result

    def json(self, *arguments):
        """Run a command with --json and decode it."""
        return json.loads(self.run(*arguments, "--json").stdout)

    @property
    def file(self):
        """The home's cluster file."""
        return read_cluster_file(self.home / "cluster.json")

    @property
    def contract(self):
        """The package."""
        return Contract.first(self.file.package)

    async def ask(self, bearer, envelope, **options):
        """Submit under a grant as the enclave's gateway does, and store the answer as its executor does."""
        ledger = GrpcLedger.connect(self.localnet.listen)
        try:
            return await self._ask(ledger, bearer, envelope, **options)
        finally:
            await ledger.close()

    async def _ask(self, ledger, bearer, envelope, *, wait_answer=True, status=200, body=b"hello", tamper=None):
        account = Account(ledger, self.enclave.key, words=lambda abort: abort.description)
        grant = parse_bearer(bearer)
        token = grant.grant.token
        cluster = await account.shared(self.file.cluster)
        enclave = await account.shared(self.enclave.object_id)
        deadline = int(time.time() * 1000) + 30_000
        secret = os.urandom(32)
        context = RequestContext(
            chain_id=bytes(self.file.chain_id),
            package=self.file.package,
            cluster=self.file.cluster,
            enclave=self.enclave.object_id,
            token=token,
            sender=self.enclave.key.address,
            deadline=deadline,
            envelope=envelope,
        )
        plaintext = encode_request(RequestPlaintext(secret, "GET", "/api/v1/pods", (), b""))
        sealed = self.enclave.hpke.public.seal(plaintext, context.info())
        asked = submission(envelope, sealed, deadline=deadline, inline_bytes=8192)
        order = SubmitOrder(await account.shared(token), asked, signed_grant(grant))
        done = await account.execute(
            Finished(build_submit(self.contract, cluster, enclave, [order])), budget=50_000_000
        )
        [request_id] = request_ids(done.digest, 1)
        if not wait_answer:
            return request_id
        assert self.enclave.hpke.open(sealed, context.info()) == plaintext
        key = derive_key(secret, reply_info(request_id, self.enclave.object_id, Purpose.ANSWER))
        answer = seal_answer(key, encode_answer(AnswerPlaintext(status, (), body)))
        event = self._request_event(done, request_id)
        self.enclave.sequence += 1
        statement = AnswerStatement(
            domain=ANSWER_DOMAIN,
            chain_id=bytes(self.file.chain_id),
            package=self.file.package,
            cluster=self.file.cluster,
            enclave=self.enclave.object_id,
            epoch=event.epoch,
            sequence=self.enclave.sequence,
            config_version=event.config_version,
            request_id=request_id,
            payload_hash=event.payload_hash,
            status=status,
            body_hash=sealed_hash(answer),
            executed_at=event.asked_at,
            answer_until=event.answer_until,
        )
        signature = self.enclave.key.sign(ANSWER_STATEMENT.encode(statement))
        stored = Answer(
            request=await account.shared(request_id),
            sequence=self.enclave.sequence,
            status=status,
            body=answer,
            body_hash=sealed_hash(answer),
            body_length=len(answer),
            executed_at=event.asked_at,
            signature=tamper(signature) if tamper else signature,
        )
        await account.execute(Finished(build_store(self.contract, cluster, enclave, [stored])), budget=50_000_000)
        return request_id

    def _request_event(self, done, request_id):
        for raw in done.events:
            event = decode_event(self.file.package, raw.type, raw.contents)
            if getattr(event, "request_id", None) == request_id:
                return event
        raise AssertionError("no event")


@dataclass
class Result:
    """What a command did."""

    code: int
    stdout: str
    stderr: str


def run_root(runner, arguments, stdin):
    """Run the command tree the way the entry point does."""
    with runner.isolation(input=stdin) as (out, err, _):
        code = module.run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        return Result(code, out.getvalue().decode(), err.getvalue().decode())


class Finished:
    """A finished program where a builder is wanted."""

    def __init__(self, program):
        self._program = program

    def finish(self):
        """The program."""
        return self._program


def make_stand(folder):
    """Everything up to an active enclave and a staked token, by commands alone."""
    authority = make_root(int(time.time() * 1000))
    localnet = Localnet(folder, authority.certificate.public_bytes(Encoding.PEM))
    try:
        return set_up(folder, localnet, authority)
    except BaseException:
        localnet.stop()
        raise


def publish_in(folder, localnet, authority, *, no_lock=False):
    """A home of its own on a ledger, with three keys and a contract."""
    stand = Stand(folder / "home", localnet, Enclave(authority))
    stand.home.mkdir(parents=True)
    (folder / "pcrs.json").write_text(json.dumps({f"PCR{n}": pcr.hex() for n, pcr in enumerate(PCRS)}))
    for alias in ("admin", "user", "poor"):
        address = stand.json("key", "create", "--alias", alias)["address"]
        stand.run("ledger", "faucet", address, "--faucet", localnet.faucet)
    lock = ["--no-lock"] if no_lock else ["--upgrade-delay", "2s"]
    stand.json("contract", "publish", "--ledger", localnet.listen, "--yes", *lock)
    return stand


def set_up(folder, localnet, authority, *, delays=()):
    """A home of its own on a ledger, with a contract, a cluster, an active enclave and two tokens."""
    stand = publish_in(folder, localnet, authority)
    made = stand.json(
        *("cluster", "create", "--measurements", folder / "pcrs.json", "--demo-delays", "--yes", "--sender", "admin"),
        *(word for delay in delays for word in ("--delay", delay)),
    )
    stand.run("ledger", "faucet", made["operator_address"], "--faucet", localnet.faucet)
    root = authority.certificate.public_bytes(Encoding.PEM).decode()
    state = json.loads((stand.home / "state.json").read_text())
    state |= {"faucet": localnet.faucet, "attestation_root": root, "gateway": "127.0.0.1:6443"}
    (stand.home / "state.json").write_text(json.dumps(state))
    file = stand.file
    configuration = make_configuration("ledger:9000", plaintext=True)
    stand.enclave.boot(file.cluster, file.package, bytes(file.chain_id), configuration.hash)
    challenge = stand.json("enclave", "challenge")["challenge"]
    with stand.enclave.serve() as place:
        registered = stand.json("enclave", "register", "--challenge", challenge, "--attestation", place)
    stand.enclave.object_id = Address.parse(registered["enclave"])
    stand.run("ledger", "faucet", registered["address"], "--faucet", localnet.faucet)
    stand.json("enclave", "activate", registered["enclave"], "--yes")
    rules = ("--rule", "/pods:*:get,list,delete", "--rule", "url:/metrics:get")
    for alias in ("user", "poor"):
        stand.tokens[alias] = stand.json("token", "create", "--owner", alias, *rules, "--wait")["token"]
    stand.run("token", "stake", stand.tokens["user"], "2000000000", "--yes")
    return stand


def ask(stand, bearer, envelope, **options):
    """Run `Stand.ask`."""
    return asyncio.run(stand.ask(bearer, envelope, **options))


def next_version(path, version=2):
    """The compiled contract as a version that takes itself for the next one; written to a file."""
    compiled = json.loads(COMPILED.read_text())
    one, next_one = (b"\x03\x08" + number.to_bytes(8, "little") for number in (1, version))
    modules = [base64.b64decode(text) for text in compiled["modules"]]
    [code] = [
        module for module in modules if b"\x07version" in module and b"\x07current" in module and len(module) < 200
    ]
    assert code.count(one) == 1
    modules[modules.index(code)] = code.replace(one, next_one)
    digest = bytes(upgrade_digest(modules, [Address.parse(text) for text in compiled["dependencies"]])).hex()
    texts = [base64.b64encode(module).decode() for module in modules]
    path.write_text(json.dumps(compiled | {"modules": texts, "digest": digest}))
    return path, digest


GET_PODS = Envelope("get", "", "pods", "", "default")
DELETE_PODS = Envelope("delete", "", "pods", "", "default")
