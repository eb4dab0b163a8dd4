"""A real boot in namespaces: closed off, each process its own uid, and a document that verifies."""

# ruff: noqa: ASYNC110, ASYNC240 - the kernel's files are looked at while waiting

import asyncio
import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from attestation import Measurement, Policy, TrustRoots, verify
from attestation.sim.measure import measure
from chain.configuration import make_configuration
from chain.statements import decode_manifest
from enclave.sandbox import NOT_ALLOWED
from wire import control
from wire.errors import ConnectFailed, IpcError
from wire.vsock import open_vsock

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
CODE = Path(__file__).resolve().parents[2]
CONFIGURATION = make_configuration("ledger:9000", plaintext=True)
PARAMETERS = {
    "chain_id": "11" * 32, "package": "0x" + "22" * 32, "cluster": "0x" + "33" * 32,
    "configuration": CONFIGURATION.encoded.hex(), "challenge": "44" * 32,
}  # fmt: skip
UIDS = {"enclave.signer": 2002, "enclave.broker": 2001, "enclave.attestation_front": 2006, "enclave.egress": 2003}


class Host:
    """The host's side: a simulated device and one sandbox."""

    def __init__(self, folder, *options):
        self.folder = folder
        (folder / "vsock").mkdir(parents=True)
        (folder / "nsm").mkdir()
        self.pki, self.device = folder / "pki", folder / "nsm" / "nsm.sock"
        self.log = (folder / "log").open("wb")
        self.nsm = self._run("attestation.sim", "nsm", "--pki", self.pki, "--socket", self.device)
        while not self.device.exists():
            assert self.nsm.poll() is None
            time.sleep(0.02)
        path = folder / "vsock" / "v.sock"
        self.box = self._run("enclave.sandbox", "--vsock", path, "--nsm", self.device, *options)
        line = self.box.stdout.readline()
        if not line and self.box.wait(10) == NOT_ALLOWED:
            reason = (folder / "log").read_text().strip().splitlines()[-1]
            self.close()
            pytest.skip(f"this machine does not allow namespaces: {reason}")
        self.started = json.loads(line)
        self.vsock = open_vsock(f"uds-host:{path}")

    def _run(self, module, *arguments):
        command = [sys.executable, "-m", module, *map(str, arguments)]
        return subprocess.Popen(command, cwd=CODE, stdout=subprocess.PIPE, stderr=self.log)

    async def boot_to(self, stage):
        await self.call("boot", PARAMETERS)
        return await self.until(lambda status: status["stage"] == stage)

    async def call(self, method, params=None):
        async with asyncio.timeout(20):
            while True:
                try:
                    return await control.call(self.vsock, method, params)
                except ConnectFailed:
                    await asyncio.sleep(0.05)

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition(status := await self.call("status")):
                await asyncio.sleep(0.05)
        return status

    async def get(self, path):
        reader, writer = await asyncio.open_connection(sock=await self.vsock.connect(control.ATTESTATION_PORT))
        writer.write(f"GET {path} HTTP/1.1\r\nHost: enclave\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
        writer.close()
        assert head.startswith(b"HTTP/1.1 200")
        return body

    @property
    def init(self):
        return _children(self.box.pid)[0]

    def processes(self):
        """All but k3s, which has no binary here and so comes and goes."""
        found = {}
        for pid in _children(self.init):
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
            found[next(word for word in words if word.startswith("enclave.") and word != "enclave.confine")] = pid
        found.pop("enclave.k3s", None)
        return found

    def inside(self, code):
        """Run Python in the enclave's namespaces, as root there."""
        command = ["nsenter", "-t", str(self.init), "-m", "-n", "-p", "--", sys.executable, "-c", code]
        # Coverage of this look would leave its data where the test looks.
        own = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True, cwd="/", env=own)
        return done.stdout.strip()

    def close(self):
        for process in (self.box, self.nsm):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(20)
            process.stdout.close()
        self.log.close()


def _children(pid):
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def field(pid, name):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split(":", 1)[1].split() for line in lines if line.startswith(name + ":"))


class Hosts:
    """Makes hosts in one short-named folder (paths of UNIX sockets are short) and ends them all."""

    def __init__(self, name):
        self.made, self.base = [], Path("/tmp") / f"k3s-daas-{name}-{os.getpid()}"  # noqa: S108

    def __call__(self, *options):
        self.made.append(Host(self.base / str(len(self.made)), *options))
        return self.made[-1]

    def close(self):
        for host in self.made:
            host.close()
        shutil.rmtree(self.base, ignore_errors=True)


@pytest.fixture
def hosts():
    made = Hosts("test")
    yield made
    made.close()


async def _boot_until_quiet(host):
    status = await host.boot_to("registration")
    while int(field(host.processes()["enclave.egress"], "NoNewPrivs")[0]) == 0:
        await asyncio.sleep(0.02)
    return status


@pytest.fixture(scope="module")
def booted():
    """One enclave for all tests that only look."""
    made = Hosts("look")
    host = made()
    host.status = asyncio.run(_boot_until_quiet(host))
    yield host
    made.close()


async def attested(host):
    nonce = os.urandom(32)
    document, manifest, authority = [
        await host.get(path) for path in (f"/attestation?nonce={nonce.hex()}", "/manifest", "/ca")
    ]
    fields = decode_manifest(manifest)
    code = measure(CODE)
    policy = Policy(
        roots=TrustRoots.from_pem((host.pki / "root.pem").read_bytes()), at_ms=time.time_ns() // 1_000_000,
        measurements=frozenset({Measurement(code.pcr0, code.pcr1, code.pcr2)}), nonce=nonce,
        user_data=fields.user_data, public_key=fields.public_key,
    )  # fmt: skip
    verify(document, policy)
    assert fields.tls_ca_hash == hashlib.sha256(authority).digest()
    return fields


async def test_it_boots_and_its_document_binds_the_parameters(booted):
    host = booted
    assert host.started["started"] is True
    assert host.status["processes"].keys() == {"signer", "broker", "front", "egress", "kubernetes"}
    fields = await attested(host)
    assert fields.configuration == CONFIGURATION.hash
    assert (fields.chain_id, fields.package, fields.cluster) == (b"\x11" * 32, b"\x22" * 32, b"\x33" * 32)
    with pytest.raises(IpcError, match="came before"):
        await host.call("boot", PARAMETERS)
    with pytest.raises(ConnectFailed):
        await host.vsock.connect(control.GATEWAY_PORT)


@pytest.mark.skipif(os.geteuid() != 0, reason="uids of their own need root")
def test_each_process_has_its_uid_and_no_power(booted):
    host = booted
    assert host.status["separate_uids"] is True
    processes = host.processes()
    assert {name: int(field(pid, "Uid")[0]) for name, pid in processes.items()} == UIDS
    for pid in processes.values():
        assert field(pid, "Uid") == field(pid, "Gid") == [field(pid, "Uid")[0]] * 4
        assert int(field(pid, "CapEff")[0], 16) == int(field(pid, "CapBnd")[0], 16) == 0
        assert field(pid, "NoNewPrivs") == ["1"]
        assert field(pid, "Groups") == []
        limits = Path(f"/proc/{pid}/limits").read_text()
        assert "Max core file size        0                    0" in limits
    powers = int(field(host.init, "CapEff")[0], 16)
    assert powers & (1 << 21 | 1 << 12 | 1 << 19 | 1 << 27) == 0  # SYS_ADMIN, NET_ADMIN, SYS_PTRACE, MKNOD


@pytest.mark.skipif(os.geteuid() != 0, reason="looking into the enclave needs root")
def test_there_is_no_way_out_and_nothing_of_the_host_to_write(booted):
    host = booted
    with socket.create_server(("0.0.0.0", 0)) as server:  # noqa: S104 - what the enclave must not reach
        port = server.getsockname()[1]
        for address in ("127.0.0.1", "169.254.169.254", "1.1.1.1", socket.gethostbyname(socket.gethostname())):
            told = host.inside(
                f"import socket\ntry: socket.create_connection(('{address}', {port}), 1); print('out')\n"
                "except OSError: print('no')"
            )
            assert told == "no"
    links = host.inside("import os; print(*sorted(name for _, name in __import__('socket').if_nameindex()))")
    assert links == "k3s0 k3s1 lo"
    writable = [
        words for words in map(str.split, Path(f"/proc/{host.init}/mounts").read_text().splitlines())
        if "ro" not in words[3].split(",") and words[2] not in {"tmpfs", "proc"}
    ]  # fmt: skip
    assert writable == []
    root = Path(f"/proc/{host.init}/root")
    names = {path.name for path in root.iterdir()}
    assert names <= {"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "opt", "proc", "run", "sbin", "tmp",
                     "usr", "var", *(Path(p).parts[1] for p in (str(CODE), sys.base_prefix, sys.prefix))}  # fmt: skip
    assert not (root / "home").exists()
    # Of the host's /tmp at most the way to this checkout and its Python, where they lie there.
    ways = {path.parts[2] for path in map(Path, (CODE, sys.base_prefix, sys.prefix)) if path.parts[1] == "tmp"}
    assert {path.name for path in (root / "tmp").iterdir()} <= ways
    code = root / CODE.relative_to("/")
    assert {path.name for path in code.iterdir()} <= {
        "attestation", "chain", "enclave", "gateway", "sui", "wire", Path(sys.prefix).name,
    }  # fmt: skip
    assert not (code / "attestation" / "sim").exists()
    assert host.inside("import os; print([p for p in os.listdir('/proc') if p.isdecimal() and int(p) > 400])") == "[]"


@pytest.mark.skipif(os.geteuid() != 0, reason="looking into the enclave needs root")
def test_B5_the_device_is_the_brokers_alone_and_the_root_key_nowhere(booted):  # noqa: N802
    host = booted
    root = Path(f"/proc/{host.init}/root")
    device = (root / "dev" / "nsm").stat()
    assert (device.st_uid, device.st_mode & 0o777) == (2001, 0o700)
    key = (host.pki / "root.key").read_bytes()
    places = [path for part in ("run", "var", "tmp", "dev/nsm") for path in (root / part).rglob("*")]
    assert all(path.name != "root.key" for path in places)
    assert all(key not in path.read_bytes() for path in places if path.is_file())


@pytest.mark.skipif(os.geteuid() != 0, reason="looking into the enclave needs root")
async def test_the_egress_proxy_leads_to_the_parents_relay_and_nowhere_else(booted):
    listener = booted.vsock.listen(control.LEDGER_PORT)
    asking = asyncio.create_task(
        asyncio.to_thread(
            booted.inside,
            "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/k3s-daas/ledger.sock')\n"
            "s.sendall(b'question'); print(s.recv(100).decode())",
        )
    )
    with await asyncio.wait_for(listener.accept(), 10) as connection:
        loop = asyncio.get_running_loop()
        assert await loop.sock_recv(connection, 100) == b"question"
        await loop.sock_sendall(connection, b"answer")
        assert await asking == "answer"
    listener.close()


async def test_a_dead_front_comes_back_and_a_dead_signer_ends_the_enclave(hosts):
    host = hosts()
    await host.boot_to("registration")
    os.kill(host.processes()["enclave.attestation_front"], signal.SIGKILL)
    await host.until(lambda status: status["processes"]["front"]["restarts"] == 1)
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(ConnectFailed, AssertionError, OSError):
                await attested(host)
                break
            await asyncio.sleep(0.1)
    os.kill(host.processes()["enclave.signer"], signal.SIGKILL)
    assert await asyncio.to_thread(host.box.wait, 20) == 70
    assert "signer ended" in (host.folder / "log").read_text()


async def test_another_boot_has_other_keys(hosts):
    keys = []
    for _ in range(2):
        host = hosts()
        await host.boot_to("registration")
        fields = await attested(host)
        keys += [fields.public_key, fields.hpke_key, fields.tls_ca_hash]
        host.close()
    assert len(set(keys)) == 6


async def test_a_killed_sandbox_takes_the_enclave_with_it(hosts):
    host = hosts()
    await host.boot_to("registration")
    init = host.init
    host.box.kill()
    host.box.wait(10)
    async with asyncio.timeout(10):
        while Path(f"/proc/{init}").exists():
            await asyncio.sleep(0.02)


async def test_without_root_one_uid_does_and_status_says_so(hosts):
    host = hosts("--one-uid")
    assert host.started["separate_uids"] is False
    assert (await _boot_until_quiet(host))["separate_uids"] is False
    await attested(host)
    for pid in host.processes().values():
        assert int(field(pid, "CapEff")[0], 16) == 0
        assert int(field(pid, "Uid")[0]) == os.geteuid()


async def test_it_stops_in_order(hosts):
    host = hosts()
    await host.boot_to("registration")
    await host.call("stop")
    assert await asyncio.to_thread(host.box.wait, 20) == 0
    assert list((host.folder / "vsock").iterdir()) == []
    assert not (host.folder / "vsock.root").exists()


def test_a_machine_that_does_not_allow_it_says_why(tmp_path):
    (tmp_path / "v").mkdir()
    command = [sys.executable, "-m", "enclave.sandbox", "--vsock", str(tmp_path / "v" / "s"), "--nsm", "/dev/null"]
    blocked = (
        "import sys, runpy; from enclave import kernel\n"
        "def no(flags): raise PermissionError(1, 'Operation not permitted')\n"
        f"kernel.unshare = no; sys.argv = {command[2:]!r}; runpy.run_module('enclave.sandbox', run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", blocked], cwd=CODE, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == NOT_ALLOWED
    assert "run as root, or allow user namespaces" in done.stderr
