"""`python -m localnet` as others start it: ready line, faucet, TLS, restart, signals, clear errors."""

import asyncio
import datetime as dt
import json
import signal
import socket
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from localnet.__main__ import main
from localnet.ledger import StateError
from localnet.ledger.framework import find_bundle
from sui.rpc.v2 import ledger_service_pb2 as ledger_pb
from sui.rpc.v2 import state_service_pb2 as state_pb

from .conftest import Stubs

ROOT = Path(__file__).resolve().parents[3]
WHO = "0x" + "0" * 59 + "a11ce"
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def framework():
    try:
        find_bundle(None)
    except StateError as error:
        pytest.skip(str(error))


async def start(*arguments):
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "localnet", *arguments, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@asynccontextmanager
async def running(state, *arguments):
    process = await start("--listen", "127.0.0.1:0", "--state", str(state), "--finality-ms", "0", *arguments)
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 20)
        assert line, (await process.stderr.read()).decode()
        yield process, json.loads(line)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ask(url, body):
    async with aiohttp.ClientSession() as session, session.post(f"{url}/v2/gas", data=body) as answer:
        return answer.status, await answer.json()


async def info_of(channel):
    return await Stubs(channel).ledger.GetServiceInfo(ledger_pb.GetServiceInfoRequest(), timeout=5)


async def test_it_serves_and_keeps_its_state_over_a_kill(tmp_path):
    wanted = json.dumps({"FixedAmountRequest": {"recipient": WHO}})
    async with running(tmp_path, "--faucet", "127.0.0.1:0", "--seed", "3") as (process, ready):
        assert ready["ready"] is True
        status, answer = await ask(ready["faucet"], wanted)
        assert (status, answer["status"]) == (200, "Success")
        coins = answer["coins_sent"]
        assert all(coin["amount"] > 0 and coin["id"].startswith("0x") for coin in coins)
        assert len({coin["transferTxDigest"] for coin in coins}) == 1
        process.kill()
        await process.wait()
    async with running(tmp_path, "--seed", "3") as (_, again):
        assert again["chain_id"] == ready["chain_id"]
        assert again["faucet"] is None
        async with grpc.aio.insecure_channel(again["listen"]) as channel:
            assert (await info_of(channel)).chain_id == ready["chain_id"]
            balance = await Stubs(channel).state.GetBalance(
                state_pb.GetBalanceRequest(owner=WHO, coin_type="0x2::sui::SUI")
            )
        assert balance.balance.balance == sum(coin["amount"] for coin in coins)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_stop_it_cleanly(tmp_path, number):
    async with running(tmp_path) as (process, ready):
        async with grpc.aio.insecure_channel(ready["listen"]) as channel:
            await info_of(channel)
            process.send_signal(number)
            assert await asyncio.wait_for(process.wait(), 10) == 0
        assert b"Traceback" not in await process.stderr.read()


@pytest.mark.parametrize("option", ["--listen", "--faucet"])
async def test_a_taken_port_is_said_and_what_to_do(tmp_path, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        arguments = ["--state", str(tmp_path), option, f"127.0.0.1:{taken.getsockname()[1]}"]
        if option == "--faucet":
            arguments += ["--listen", "127.0.0.1:0"]
        process = await start(*arguments)
        out, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert out == b""
    assert f"choose another with {option}" in err.decode()
    assert "Traceback" not in err.decode()


async def test_another_seed_is_not_mixed_into_old_state(tmp_path):
    async with running(tmp_path, "--seed", "1"):
        pass
    process = await start("--listen", "127.0.0.1:0", "--state", str(tmp_path), "--seed", "2")
    _, err = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode == 1
    assert err.startswith(b"localnet: ")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--listen", "nowhere", "--state", "x"],
        ["--listen", "127.0.0.1:99999", "--state", "x"],
        ["--listen", "127.0.0.1:0", "--state", "x", "--finality-ms", "-1"],
        ["--listen", "127.0.0.1:0", "--state", "x", "--tls-cert", "only-this"],
    ],
)
def test_wrong_usage(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert "usage:" in capsys.readouterr().err


async def test_the_faucet_says_what_is_wrong(tmp_path):
    bodies = [
        "",
        "[]",
        "{}",
        '{"FixedAmountRequest": {"recipient": 5}}',
        '{"FixedAmountRequest": {"recipient": "bob"}}',
        "[" * 4_000,
        "x" * 5_000,
    ]
    async with running(tmp_path, "--faucet", "127.0.0.1:0") as (_, ready), aiohttp.ClientSession() as session:
        for body in bodies:
            async with session.post(f"{ready['faucet']}/v2/gas", data=body) as answer:
                assert answer.status == (413 if len(body) > 4_096 else 400)
                if answer.status == 400:
                    assert (await answer.json())["status"]["Failure"]["internal"]
        async with session.get(ready["faucet"]) as answer:
            assert await answer.text() == "OK"


def _certificate(folder):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ledger")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("ledger")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "cert.pem", folder / "key.pem"


async def test_tls(tmp_path):
    certificate, key = _certificate(tmp_path)
    arguments = ["--tls-cert", str(certificate), "--tls-key", str(key)]
    async with running(tmp_path / "state", *arguments) as (_, ready):
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        options = [("grpc.ssl_target_name_override", "ledger")]
        async with grpc.aio.secure_channel(ready["listen"], credentials, options=options) as channel:
            assert (await info_of(channel)).chain_id == ready["chain_id"]
        async with grpc.aio.insecure_channel(ready["listen"]) as channel:
            with pytest.raises(grpc.aio.AioRpcError):
                await info_of(channel)
