"""Small parts of the executor: order, the table, flags of k3s, coins, the apiserver's client over real TLS."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import ipaddress
import ssl
from pathlib import Path
from random import Random
from typing import Self

import pytest
import yaml
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from chain.ledger import Coin
from chain.memory_ledger import MemoryLedger, Verdict
from enclave.apiserver import HttpsApiserver, wait_for
from enclave.coin_keeper import COIN_LIMITS, CoinKeeper
from enclave.execution import FINAL, TRANSITIONS, Kind, Resume, State, Step, advance, after_restart
from enclave.execution_errors import (
    AnswerTooLargeError,
    ApiserverCutError,
    ApiserverUnreachableError,
    LocalProcessError,
    TransitionError,
)
from enclave.execution_limits import ExecutionLimits
from enclave.execution_ports import Call
from enclave.k3s import arguments
from enclave.order import KeyedOrder
from sui.transaction import TRANSACTION_DATA, MergeCoins, SplitCoins, TransferObjects
from sui.types import Address, Digest, ObjectRef
from tests.enclave.executor_world import WorldSigner

# ---- the table ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("step", Step)
def test_a_step_is_in_the_table_or_refused(state: State, step: Step):
    if (state, step) in TRANSITIONS:
        assert advance(state, step) is TRANSITIONS[state, step]
        assert state not in FINAL
    else:
        with pytest.raises(TransitionError):
            advance(state, step)


def test_every_state_but_the_first_is_reached_and_every_end_can_be_reached():
    reached = {State.SEEN}
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}
    assert reached == set(State)


@pytest.mark.parametrize(
    ("state", "kind", "resume"),
    [
        (State.SEEN, Kind.CHANGE, Resume.RUN),
        (State.SEEN, Kind.STREAM, Resume.RUN),
        (State.INTENDED, Kind.READ, Resume.RUN),
        (State.INTENDED, Kind.CHANGE, Resume.SAY_UNKNOWN),
        (State.INTENDED, Kind.STREAM, Resume.SAY_INTERRUPTED),
        (State.ANSWERED, Kind.CHANGE, Resume.SIGN),
        (State.SIGNED, Kind.CHANGE, Resume.STORE),
        (State.STORED, Kind.CHANGE, Resume.NOTHING),
        (State.LAPSED, Kind.READ, Resume.NOTHING),
    ],
)
def test_what_the_next_life_does(state: State, kind: Kind, resume: Resume):
    assert after_restart(state, kind) is resume


# ---- order --------------------------------------------------------------------------------------------------------


async def test_turns_come_in_order_per_key_and_a_cancelled_wait_does_not_block():
    order, seen = KeyedOrder(), []

    async def work(name: str, key: str | None) -> None:
        async with order.turn(key):
            seen.append(name)
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(work(f"a{n}", "a")) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    tasks += [asyncio.create_task(work(name, key)) for name, key in (("b", "b"), ("free", None))]
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [name for name in seen if name.startswith("a")] == ["a0", "a2", "a3"]
    assert seen.index("b") < seen.index("a2")
    assert seen.index("free") < seen.index("a2")
    assert len(order) == 0


async def test_a_failing_turn_hands_on():
    order = KeyedOrder()
    with pytest.raises(ValueError, match="x"):
        async with order.turn("a"):
            raise ValueError("x")
    async with asyncio.timeout(1), order.turn("a"):
        pass


# ---- k3s ----------------------------------------------------------------------------------------------------------


def test_k3s_is_a_control_plane_on_loopback_for_the_executor_alone():
    flags = arguments(Path("/state/data"), Path("/state/kubeconfig"), "10.0.0.2")
    assert flags[0] == "server"
    for flag in (
        "--disable-agent",
        "--bind-address=127.0.0.1",
        "--node-ip=10.0.0.2",
        "--write-kubeconfig-mode=0640",
        "--kube-apiserver-arg=anonymous-auth=false",
    ):
        assert flag in flags


# ---- coins --------------------------------------------------------------------------------------------------------


class KeeperSigner(WorldSigner):
    """The signer as the coin keeper sees it: the coin that is not named pays."""

    def __init__(self) -> None:
        super().__init__(Random(1), coins=0)
        self.told: list[tuple[ObjectRef, int]] = []
        self.named_operator: Address | None = None
        self.busy: list[bytes] = []

    async def add_coins(self, coins) -> None:
        self.told = list(coins)
        self.free = [max(self.told, key=lambda each: each[1])[0]] if self.told else []

    async def coins(self) -> dict[str, list[dict[str, bytes]]]:
        return {"leases": [{"object_id": each} for each in self.busy]}

    async def operator(self, address: Address) -> None:
        self.named_operator = address


def keeper(balances: list[int]) -> tuple[CoinKeeper, KeeperSigner, list[object]]:
    kinds: list[object] = []

    def decide(data, _digest):
        kinds.append(data.kind)
        return Verdict()

    ledger, signer = MemoryLedger(decide, rng=Random(1)), KeeperSigner()
    refs = [ObjectRef(Address(bytes([n + 1]) * 32), 1, Digest(bytes(32))) for n in range(len(balances))]
    ledger.coins[signer.key.address] = [Coin(ref, balance) for ref, balance in zip(refs, balances, strict=True)]
    return CoinKeeper(ledger, signer, signer.key.address), signer, kinds


async def test_one_large_coin_is_split_into_pieces():
    made, signer, kinds = keeper([12_000_000_000])
    await made.look()
    assert [balance for _, balance in signer.told] == [12_000_000_000]
    [kind] = kinds
    [split] = [each for each in kind.commands if isinstance(each, SplitCoins)]
    assert len(split.amounts) == COIN_LIMITS.split_at_once
    assert any(isinstance(each, TransferObjects) for each in kind.commands)


async def test_small_coins_are_collected_when_pieces_are_made():
    made, signer, kinds = keeper([2_000_000_000, *[10_000_000] * 5, *[60_000_000] * 3])
    signer.busy = [b"\x02" * 32]
    await made.look()
    [merge] = [each for each in kinds[0].commands if isinstance(each, MergeCoins)]
    assert len(merge.sources) == 4


async def test_small_coins_make_pieces_where_no_coin_is_large():
    made, _, kinds = keeper([90_000_000, *[40_000_000] * 6])
    await made.look()
    [split] = [each for each in kinds[0].commands if isinstance(each, SplitCoins)]
    assert len(split.amounts) == 240_000_000 // COIN_LIMITS.piece_mist


async def test_deposits_of_receipts_are_collected_before_they_crowd_the_pool():
    useful, deposits = [60_000_000] * COIN_LIMITS.pieces, COIN_LIMITS.merge_at_once
    made, signer, kinds = keeper([*useful, *[5_000_000] * (deposits - 1)])
    await made.look()
    assert not kinds
    assert len(signer.told) == COIN_LIMITS.pieces + deposits - 1
    made, _, kinds = keeper([*useful, *[5_000_000] * deposits])
    await made.look()
    [merge] = kinds[0].commands
    assert isinstance(merge, MergeCoins)
    assert len(merge.sources) == deposits


@pytest.mark.parametrize("balances", [[], [60_000_000] * COIN_LIMITS.pieces, [60_000_000] * 3, [250_000_000]])
async def test_a_pool_that_cannot_or_need_not_be_mended_is_left_alone(balances: list[int]):
    made, _, kinds = keeper(balances)
    await made.look()
    assert not kinds


async def test_everything_goes_back_to_the_operator_in_one_transaction():
    made, signer, kinds = keeper([300_000_000, 60_000_000, 5])
    operator = Address(b"\x99" * 32)
    assert await made.give_back(operator) is not None
    assert signer.named_operator == operator
    [kind] = kinds
    assert len(next(each for each in kind.commands if isinstance(each, MergeCoins)).sources) == 2
    assert TRANSACTION_DATA is not None
    nothing, _, _ = keeper([])
    assert await nothing.give_back(operator) is None


async def test_a_signer_that_does_not_answer_does_not_stop_the_keeper():
    made, signer, kinds = keeper([5_000_000_000])

    async def broken(*_args, **_kwargs):
        raise LocalProcessError("gone")

    signer.sign_transaction = broken  # type: ignore[method-assign]
    await made.look()
    assert not kinds


# ---- the apiserver's client ---------------------------------------------------------------------------------------


def pki(folder: Path) -> tuple[ssl.SSLContext, dict[str, str]]:
    """A CA, a serving certificate for 127.0.0.1 and a client certificate."""
    now = dt.datetime.now(dt.UTC)

    def certificate(name, key, issuer, signer, *, ca=False, address=False):
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if address:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(signer, hashes.SHA256())

    keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("ca", "server", "client")}
    made = {
        "ca": certificate("ca", keys["ca"], "ca", keys["ca"], ca=True),
        "server": certificate("server", keys["server"], "ca", keys["ca"], address=True),
        "client": certificate("client", keys["client"], "ca", keys["ca"]),
    }
    pem = {f"{name}.crt": each.public_bytes(Encoding.PEM) for name, each in made.items()}
    pem |= {
        f"{name}.key": each.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        for name, each in keys.items()
    }
    for name, content in pem.items():
        (folder / name).write_bytes(content)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context, {name: base64.b64encode(content).decode() for name, content in pem.items()}


class RealServer:
    """An HTTPS server that wants a client certificate, and the kubeconfig that leads to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.heard: list[tuple[str, str, dict[str, str], bytes]] = []
        self.context, self.pem = pki(folder)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.heard.append((request.method, request.raw_path, dict(request.headers), body))
        if request.path == "/big":
            return web.Response(body=b"x" * 5_000)
        if request.path == "/slow":
            await asyncio.sleep(5)
        if request.path == "/cut":
            request.transport.abort()
        if request.path == "/watch":
            stream = web.StreamResponse(headers={"Content-Type": "application/json"})
            await stream.prepare(request)
            await stream.write(b"one\n")
            await asyncio.sleep(5)
        return web.Response(status=201, body=b"\x1f\x8bbytes", headers={"Content-Encoding": "gzip", "ETag": "e"})

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self.handle)
        self.runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0, ssl_context=self.context)
        await site.start()
        self.port = self.runner.addresses[0][1]
        self.write()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.runner.cleanup()

    @property
    def kubeconfig(self) -> Path:
        return self.folder / "kubeconfig"

    def write(self) -> None:
        document = {
            "clusters": [
                {
                    "cluster": {
                        "server": f"https://127.0.0.1:{self.port}",
                        "certificate-authority-data": self.pem["ca.crt"],
                    }
                }
            ],
            "users": [
                {
                    "user": {
                        "client-certificate-data": self.pem["client.crt"],
                        "client-key-data": self.pem["client.key"],
                    }
                }
            ],
        }
        self.kubeconfig.write_text(yaml.safe_dump(document))


@pytest.fixture
async def server(tmp_path: Path):
    async with RealServer(tmp_path) as made:
        yield made


@pytest.fixture
async def apiserver(server: RealServer, tmp_path: Path):
    made = HttpsApiserver(server.kubeconfig, tmp_path, ExecutionLimits(answer_bytes=1_000, connect_s=1.0))
    yield made
    await made.close()


async def test_bytes_go_and_come_as_they_are(server: RealServer, apiserver: HttpsApiserver):
    target = "/api/v1/x?labelSelector=a%3Db&fieldSelector=a%2Cb"
    call = Call("PATCH", target, (("Content-Type", "application/x"),), b"\x00body", user="sui:a:b", audit_id="0x1")
    reply = await apiserver.call(call, timeout_s=5)
    [(method, path, headers, body)] = server.heard
    assert (method, path, body) == ("PATCH", target, b"\x00body")
    assert headers["Impersonate-User"] == "sui:a:b"
    assert headers["Audit-ID"] == "0x1"
    assert not {"Accept-Encoding", "User-Agent", "Impersonate-Group"} & set(headers)
    assert (reply.status, reply.body, reply.header("etag"), reply.header("none")) == (201, b"\x1f\x8bbytes", "e", "")


@pytest.mark.parametrize(
    ("target", "error"), [("/big", AnswerTooLargeError), ("/slow", ApiserverCutError), ("/cut", ApiserverCutError)]
)
async def test_what_does_not_come_whole_is_said_so(apiserver: HttpsApiserver, target: str, error: type[Exception]):
    with pytest.raises(error):
        await apiserver.call(Call("PUT", target), timeout_s=0.5)


async def test_nobody_there_is_not_reached_and_may_come_back(server: RealServer, apiserver: HttpsApiserver):
    right = server.kubeconfig.read_text()
    server.kubeconfig.write_text(right.replace(str(server.port), "1"))
    with pytest.raises(ApiserverUnreachableError):
        await apiserver.call(Call("PUT", "/"), timeout_s=5)
    server.kubeconfig.write_text(right)
    assert (await apiserver.call(Call("PUT", "/"), timeout_s=5)).status == 201


@pytest.mark.parametrize("content", [None, "nothing", "clusters: []", "a: [", "clusters: [{cluster: {}}]"])
async def test_no_kubeconfig_yet_is_not_reached(tmp_path: Path, content: str | None):
    path = tmp_path / "kc"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ApiserverUnreachableError):
        await HttpsApiserver(path, tmp_path).call(Call("GET", "/"), timeout_s=1)


async def test_a_watch_is_read_as_it_comes_and_dropped(apiserver: HttpsApiserver):
    async with asyncio.timeout(3), apiserver.watch(Call("GET", "/watch"), timeout_s=1) as watch:
        assert watch.status == 200
        assert await watch.read() == b"one\n"


async def test_a_watch_that_does_not_begin_is_cut(apiserver: HttpsApiserver):
    with pytest.raises(ApiserverCutError):
        async with apiserver.watch(Call("GET", "/slow"), timeout_s=0.2):
            pass


async def test_waiting_ends_with_an_answer_or_a_word(apiserver: HttpsApiserver):
    over = iter([False, False, True])
    with pytest.raises(ApiserverUnreachableError, match="in time"):
        await wait_for(apiserver, "/readyz", until=lambda: next(over), sleep=asyncio.sleep, pause_s=0)
