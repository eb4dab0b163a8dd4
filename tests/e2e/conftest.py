"""The whole system, brought up once for all tests that only use it."""

import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DAAS = ROOT / ".venv" / "bin" / "k3s-daas"
ALL_RULES = ("/*:*:*", "/*/*:*:*", "*/*:*:*", "*/*/*:*:*", "url:/*:get")
STAKE_MIST = 2_000_000_000


@dataclass
class Stack:
    """One running system and how a user talks to it."""

    home: Path
    kubectl_path: str = "kubectl"
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self):
        self.environment = {
            **os.environ,
            "K3S_DAAS_HOME": str(self.home),
            "KUBECACHEDIR": str(self.home / "kubectl-cache"),
            "PATH": f"{DAAS.parent}:{os.environ['PATH']}",
        }
        self.environment.pop("KUBECONFIG", None)

    def daas(self, *arguments, check=True, timeout=120):
        """Run `k3s-daas`."""
        done = subprocess.run(
            [str(DAAS), *arguments], env=self.environment, text=True, capture_output=True, timeout=timeout, check=False
        )
        assert not check or done.returncode == 0, f"k3s-daas {arguments}: {done.stdout}\n{done.stderr}"
        return done

    def json(self, *arguments, **options):
        """Run `k3s-daas … --json` and decode what it printed."""
        return json.loads(self.daas(*arguments, "--json", **options).stdout)

    def kubectl(self, *arguments, check=True, stdin=None, timeout=90, kubeconfig=None, binary=None):
        """Run kubectl with this system's kubeconfig."""
        config = kubeconfig or self.home / "kubeconfig"
        done = subprocess.run(
            [binary or self.kubectl_path, "--kubeconfig", str(config), *arguments],
            env=self.environment,
            input=stdin,
            text=True,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"kubectl {arguments}: {done.stdout}\n{done.stderr}"
        return done

    @property
    def token(self):
        """The token that was made when the system was brought up: other tests issue more."""
        user = yaml.safe_load((self.home / "kubeconfig").read_text())["users"][0]["user"]
        given = user["exec"]["args"]
        return given[given.index("--token") + 1]

    def new_token(self, alias, *rules, stake=STAKE_MIST, kubeconfig=True):
        """Make a key, a token for it and its kubeconfig; return (token id, kubeconfig path, owner)."""
        owner = self.json("key", "create", "--alias", alias)["address"]
        self.daas("ledger", "faucet", owner)
        flags = [part for rule in rules or ALL_RULES for part in ("--rule", rule)]
        token = self.json("token", "create", "--owner", owner, *flags, "--note", alias, "--wait")["token"]
        if stake:
            self.daas("token", "stake", token, str(stake), "--yes")
        path = self.home / f"kubeconfig-{alias}"
        if kubeconfig:
            self.daas("kubeconfig", "--token", token, "--out", str(path))
        return token, path, owner


def start(*flags):
    """Bring a system up in a fresh home."""
    for need in ("unshare", "ip", "kubectl"):
        if shutil.which(need) is None:
            pytest.skip(f"{need} is not on this machine")
    home = Path(tempfile.mkdtemp(prefix="k3sd-"))
    stack = Stack(home)
    done = stack.daas("up", "--detach", *flags, check=False, timeout=180)
    if done.returncode != 0:
        logs = "\n".join(f"== {p.name}\n{p.read_text()[-3000:]}" for p in (home / "logs").glob("*"))
        stop(stack)
        pytest.fail(f"the system did not come up: {done.stdout}\n{done.stderr}\n{logs}")
    return stack


def stop(stack):
    """Take a system down; its home goes with it."""
    stack.daas("down", check=False)
    shutil.rmtree(stack.home, ignore_errors=True)


@pytest.fixture(scope="session")
def stack():
    """A system that all tests of this session share: they clean up what they make."""
    running = start()
    yield running
    stop(running)


@pytest.fixture
def own_stack():
    """A system that one test may break."""
    running = start()
    yield running
    stop(running)


@pytest.fixture
def namespace(stack, request):
    """A namespace of this test alone."""
    name = "t-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[:40].strip("-")
    stack.kubectl("create", "namespace", name)
    yield name
    stack.kubectl("delete", "namespace", name, "--wait=false", check=False)
