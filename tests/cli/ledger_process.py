"""The embedded ledger as a process, for tests of commands."""

import json
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port():
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Localnet:
    """The embedded ledger as a process."""

    def __init__(self, folder, trust_root):
        self.listen = f"127.0.0.1:{free_port()}"
        self.faucet = f"127.0.0.1:{free_port()}"
        pem = folder / "root.pem"
        pem.write_bytes(trust_root)
        self.log = folder / "localnet.log"
        sink = self.log.open("wb")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "localnet",
                "--listen",
                self.listen,
                "--faucet",
                self.faucet,
                "--state",
                ":memory:",
                "--finality-ms",
                "0",
                "--seed",
                "7",
                "--trust-root",
                str(pem),
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=sink,
        )
        sink.close()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(self.log.read_text())
        assert json.loads(line)["ready"]

    def stop(self):
        """End it."""
        self.process.terminate()
        self.process.wait(10)
        self.process.stdout.close()
