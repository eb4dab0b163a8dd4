"""The supervisor in this process, its children real: boot, control port, deaths; no namespaces, so it runs anywhere."""

import asyncio
import contextlib
import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

from attestation import Measurement, Policy, TrustRoots, verify
from attestation.errors import DocumentRefused
from attestation.sim.device import Measured, SimulatedNsm
from attestation.sim.pki import make_root
from attestation.sim.server import serve as serve_device
from chain.configuration import make_configuration
from enclave import __main__ as supervisor_module
from enclave.places import Places
from wire import control
from wire.errors import ConnectFailed, IpcError, WireError
from wire.ipc import Client
from wire.sockets import dial_unix, listen_unix
from wire.vsock import HybridHost, HybridSwitch

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]
CODE = Path(__file__).resolve().parents[2]
PARAMETERS = {
    "chain_id": "11" * 32, "package": "0x" + "22" * 32, "cluster": "0x" + "33" * 32,
    "configuration": make_configuration("ledger:9000", plaintext=True).encoded.hex(), "challenge": "44" * 32,
}  # fmt: skip


class Machine:
    """Device (in a thread), switch and supervisor of one enclave, in one folder."""

    def __init__(self, folder, now_ms):
        self.folder = folder
        (folder / "guest").mkdir(parents=True)
        self.root = make_root(now_ms)
        self.measured = Measured(b"\x01" * 48, b"\x02" * 48, b"\x03" * 48)
        self.device = SimulatedNsm(self.root, self.measured, lambda: time.time_ns() // 1_000_000, os.urandom)
        path = folder / "v.sock"
        self.places = Places(
            folder / "run", folder / "state", f"uds-guest:{path}:{folder / 'guest'}", folder / "no-kubernetes"
        )
        self.host = HybridHost(path)
        self.listening = listen_unix(path)
        # With a factory of its own it leaves the loop of the thread that makes it alone.
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.loop = self.runner.get_loop()
        self.thread = threading.Thread(target=self._serve_device)

    def _serve_device(self):
        # The runner lets connections that are still open end before it closes the loop.
        with self.runner, contextlib.suppress(asyncio.CancelledError):
            self.runner.run(serve_device(self.device, self.folder / "nsm.sock"))

    async def __aenter__(self):
        self.thread.start()
        # Its socket lies there before anybody listens on it.
        while True:
            try:
                (await dial_unix(self.folder / "nsm.sock", timeout_s=5)).close()
            except ConnectFailed:
                await asyncio.sleep(0.01)
            else:
                break
        self.switch = asyncio.create_task(HybridSwitch(self.listening, self.folder / "guest").serve())
        self.supervisor = supervisor_module.Supervisor(self.places, self.folder / "nsm.sock")
        self.running = asyncio.create_task(self.supervisor.run())
        return self

    async def __aexit__(self, *_):
        self.supervisor._end(0)
        await self.running
        self.switch.cancel()
        await asyncio.gather(self.switch, return_exceptions=True)
        self.listening.close()
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().remove_signal_handler(number)
        self.loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(self.loop)])
        await asyncio.to_thread(self.thread.join, 10)

    async def call(self, method, params=None):
        async with asyncio.timeout(20):
            while True:
                try:
                    return await control.call(self.host, method, params)
                except ConnectFailed:
                    await asyncio.sleep(0.02)

    async def until(self, condition):
        async with asyncio.timeout(30):
            while not condition(status := await self.call("status")):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        return status

    async def boot_to(self, stage):
        await self.call("boot", PARAMETERS)
        return await self.until(lambda status: status["stage"] == stage)


@pytest.fixture
async def machine(monkeypatch):
    monkeypatch.setattr(supervisor_module, "separate_uids", lambda: False)
    monkeypatch.setenv("PYTHONPATH", str(CODE))
    folder = Path("/tmp") / f"k3s-daas-super-{os.getpid()}-{time.monotonic_ns() % 10**6}"  # noqa: S108
    async with Machine(folder, time.time_ns() // 1_000_000) as machine:
        yield machine
    shutil.rmtree(folder, ignore_errors=True)


async def test_it_takes_every_step_up_to_kubernetes_and_keeps_trying_there(machine):
    with pytest.raises(IpcError, match="nothing to activate"):
        await machine.call("activate", {"enclave": "0x77", "epoch": 1})
    with pytest.raises(IpcError, match="no gas yet"):
        await machine.call("give_back", {"to": "0x5"})
    status = await machine.boot_to("registration")
    assert (status["ready"], status["separate_uids"], status["failed"]) == (False, False, "")
    client = Client(machine.places.broker)
    document = (await client.call("attest", {"nonce": b"x" * 32}))["document"]
    identity = await client.call("identity")
    await client.close()
    approved = frozenset({Measurement(b"\x01" * 48, b"\x02" * 48, b"\x03" * 48)})
    policy = Policy(
        roots=TrustRoots.from_der(machine.root.der), at_ms=time.time_ns() // 1_000_000, measurements=approved,
        nonce=b"x" * 32, public_key=identity["public_key"],
    )  # fmt: skip
    verify(document, policy)
    with pytest.raises(DocumentRefused, match="nonce"):
        verify(document, Policy(policy.roots, policy.at_ms, approved, nonce=b"y" * 32))
    await machine.call("activate", {"enclave": "0x77", "epoch": 1})
    status = await machine.until(lambda status: status["processes"].get("kubernetes", {}).get("restarts", 0) >= 1)
    assert status["waiting_for"] == "kubernetes"
    await machine.call("stop")
    assert await machine.running == 0


async def test_a_dead_holder_of_keys_is_a_reboot(machine):
    status = await machine.boot_to("registration")
    os.kill(status["processes"]["broker"]["pid"], signal.SIGKILL)
    assert await asyncio.wait_for(machine.running, 20) == supervisor_module.REBOOT


async def test_a_dead_worker_is_not(machine):
    status = await machine.boot_to("registration")
    os.kill(status["processes"]["front"]["pid"], signal.SIGKILL)
    await machine.until(lambda status: status["processes"]["front"]["restarts"] == 1)
    assert not machine.running.done()


async def test_a_device_without_randomness_is_a_reboot(machine):
    machine.device.random = bytes
    # It may end before the call, or during it.
    with contextlib.suppress(WireError, TimeoutError):
        await machine.call("boot", PARAMETERS)
    assert await asyncio.wait_for(machine.running, 20) == supervisor_module.REBOOT
