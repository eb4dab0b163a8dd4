"""One real session, from an empty machine to a proof: what `make demo` shows.

It drives only what a user has: the `k3s-daas` command and the machine's own kubectl. It leaves nothing running.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DAAS = ROOT / ".venv" / "bin" / "k3s-daas"
MANIFEST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "registry.example/web:1"}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: web, namespace: default}
data: {greeting: hello}
---
apiVersion: v1
kind: Secret
metadata: {name: web, namespace: default}
stringData: {password: only-the-enclave-reads-this}
"""
EVERYTHING = ("/*:*:*", "/*/*:*:*", "*/*:*:*", "*/*/*:*:*", "url:/*:get")
STAKE_MIST = 2_000_000_000


class Session:
    """The commands of one demonstration, run in a home folder of their own."""

    def __init__(self, home: Path) -> None:
        """Remember where the state of this demonstration lies."""
        self.home = home
        self.environment = {
            **os.environ,
            "K3S_DAAS_HOME": str(home),
            "KUBECACHEDIR": str(home / "kubectl-cache"),
            "PATH": f"{DAAS.parent}:{os.environ['PATH']}",
        }
        self.environment.pop("KUBECONFIG", None)
        self.shown: set[str] = set()

    def daas(self, *arguments: str, show: bool = True, expect: int | None = 0) -> str:
        """Run `k3s-daas`, print it and its output, and return the output."""
        return self.run([str(DAAS), *arguments], "k3s-daas", show=show, expect=expect)

    def daas_json(self, *arguments: str) -> Any:
        """Run `k3s-daas … --json` quietly and return what it printed, decoded."""
        return json.loads(self.daas(*arguments, "--json", show=False))

    def kubectl(
        self, *arguments: str, expect: int | None = 0, stdin: str | None = None, kubeconfig: str = "kubeconfig"
    ) -> str:
        """Run the machine's kubectl, then show what the chain holds of it."""
        flags = ["--kubeconfig", str(self.home / kubeconfig)]
        output = self.run(["kubectl", *flags, *arguments], "kubectl", expect=expect, stdin=stdin, hide=flags)
        self.on_chain()
        return output

    def run(
        self,
        command: list[str],
        name: str,
        *,
        show: bool = True,
        expect: int | None = 0,
        stdin: str | None = None,
        hide: list[str] | None = None,
    ) -> str:
        """Run one command; stop the demonstration when it did not end as expected."""
        if show:
            print(f"\n$ {name} {' '.join(part for part in command[1:] if part not in (hide or []))}", flush=True)
        done = subprocess.run(
            command, env=self.environment, input=stdin, text=True, capture_output=True, check=False, timeout=180
        )
        if show or done.returncode != expect:
            print(indent(done.stdout + done.stderr), flush=True)
        if expect is not None and done.returncode != expect:
            message = f"the demonstration stops: that command ended with {done.returncode}, {expect} was expected"
            raise SystemExit(message)
        return done.stdout

    def on_chain(self) -> None:
        """Print the requests and answers that the chain holds since the last time."""
        for row in self.daas_json("requests", "--limit", "40"):
            if row["request_id"] in self.shown:
                continue
            self.shown.add(row["request_id"])
            print(indent(describe(row), "  ⛓ "), flush=True)


def describe(row: dict[str, Any]) -> str:
    """Return one line for a request and its answer as the chain has them."""
    what = "/".join(filter(None, (row["group"], row["resource"], row["subresource"])))
    where = f" in {row['namespace']}" if row["namespace"] else ""
    if row["stored_at"] is None:
        return f"{row['request_id'][:14]}… {row['verb']} {what}{where}: asked, not yet answered"
    spent = row["stored_at"] - row["asked_at"]
    return (
        f"{row['request_id'][:14]}… {row['verb']} {what}{where} → {row['status']}"
        f"  asked {clock(row['asked_at'])}, answered after {spent} ms, gas {row['gas']} MIST,"
        f" answer {row['answer_digest'][:12]}…"
    )


def clock(at_ms: int) -> str:
    """Return a wall-clock time of day for Unix milliseconds."""
    return time.strftime("%H:%M:%S", time.localtime(at_ms / 1000)) + f".{at_ms % 1000:03d}"


def indent(text: str, mark: str = "  ") -> str:
    """Return text with each line moved to the right."""
    return "\n".join(mark + line for line in text.rstrip().splitlines())


def say(text: str) -> None:
    """Print a heading."""
    print(f"\n── {text}", flush=True)


def show_session(session: Session) -> None:
    """Go through the whole story once."""
    say("A seal token: who may do what, staked")
    rules = [part for rule in EVERYTHING for part in ("--rule", rule)]
    owner = session.daas_json("key", "create", "--alias", "demo-user")["address"]
    session.daas("ledger", "faucet", owner)
    token = session.daas_json("token", "create", "--owner", owner, *rules, "--note", "demo", "--wait")["token"]
    session.daas("token", "stake", token, str(STAKE_MIST), "--yes")
    session.daas("token", "list")
    session.daas("kubeconfig", "--token", token)

    say("kubectl, unmodified; every request is a transaction, every answer is signed by the enclave")
    session.kubectl("get", "ns")
    manifest = session.home / "web.yaml"
    manifest.write_text(MANIFEST)
    session.kubectl("apply", "-f", str(manifest))
    wait_for_pods(session)
    session.kubectl("get", "deploy,pods,cm,secret", "-A")
    session.kubectl("describe", "deploy", "web")
    print("\n  The Pods stay Pending: this cluster has no node yet, so the scheduler finds no place for them.")
    session.kubectl("delete", "-f", str(manifest))

    say("What the contract denies never reaches Kubernetes")
    poor = session.daas_json("key", "create", "--alias", "demo-no-stake")["address"]
    unstaked = session.daas_json("token", "create", "--owner", poor, *rules, "--note", "no stake", "--wait")["token"]
    session.daas("kubeconfig", "--token", unstaked, "--out", str(session.home / "kubeconfig-no-stake"), show=False)
    session.kubectl("create", "configmap", "never", expect=1, kubeconfig="kubeconfig-no-stake")
    session.daas("requests", "--denied")

    say("A proof from chain and attestation alone")
    rows = session.daas_json("requests", "--limit", "40")
    answered = [row for row in rows if row["stored_at"] is not None]
    session.daas("verify", answered[0]["request_id"])


def wait_for_pods(session: Session) -> None:
    """Give the controllers the moment they need to make the Pods."""
    for _ in range(20):
        listed = session.run(
            ["kubectl", "--kubeconfig", str(session.home / "kubeconfig"), "get", "pods", "-o", "name"],
            "kubectl",
            show=False,
        )
        if len(listed.split()) == 2:
            return
        time.sleep(0.5)


def main() -> None:
    """Bring the system up, show the session, take it down again."""
    (ROOT / "build").mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="demo-", dir=ROOT / "build"))
    session = Session(home)
    began = time.monotonic()
    ended_well = False
    try:
        say("The whole system, on this machine")
        session.daas("up", "--detach")
        print(f"  up after {time.monotonic() - began:.1f} s")
        show_session(session)
        ended_well = True
    finally:
        session.daas("down", show=False, expect=None)
        if ended_well:
            shutil.rmtree(home, ignore_errors=True)
        else:
            print(f"  logs and state of this attempt: {home.relative_to(ROOT)}", file=sys.stderr)
    say("Go on by hand")
    print(
        "  make up                              the same system, left running\n"
        "  export KUBECONFIG=.k3s-daas/kubeconfig PATH=$PWD/.venv/bin:$PATH\n"
        "  kubectl get ns\n"
        "  k3s-daas requests --follow           the on-chain log\n"
        "  k3s-daas verify REQUEST_ID           prove one answer\n"
        "  make down"
    )


if __name__ == "__main__":
    main()
