"""`make bench`: what a request costs through both transactions, beside the same call straight to the apiserver.

For ledger finality 0 and 400 ms it brings the whole system up in a home of its own and measures GET pods and POST
configmap, one after another and 32 at a time: p50 and p99, requests a second, the split of a latency from the gateway's
log, CPU and resident memory of each process. The direct calls are made from inside the enclave's network namespace with
the apiserver's own admin credentials, which only root can do, and only with a simulated enclave: elsewhere they are
left out, and it says so. It is not a test: nothing here fails for being slow.
"""

from __future__ import annotations

import argparse
import base64
import collections
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools import bench_processes  # noqa: E402 - the checkout is put on the path first

DAAS = ROOT / ".venv" / "bin" / "k3s-daas"
LOAD = ROOT / "tools" / "bench_load.py"
PODS = "/api/v1/namespaces/default/pods?limit=500"
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"
SPLIT = ("submit_ms", "finality_ms", "execute_ms", "store_ms", "total_ms")


@dataclass(frozen=True)
class Way:
    """One way to the apiserver: what to say there, and a command to say it from."""

    name: str
    plan: dict[str, Any]
    prefix: tuple[str, ...] = ()


class Stack:
    """A running system in a home of its own."""

    def __init__(self) -> None:
        """Make the home."""
        self.home = Path(tempfile.mkdtemp(prefix="bench-", dir=ROOT / "build"))
        self.environment = {**os.environ, "K3S_DAAS_HOME": str(self.home)}
        self.kubeconfig = self.home / "kubeconfig"
        self.status: dict[str, Any] = {}

    def start(self, finality_ms: int) -> None:
        """Bring it up; `up` makes a token that may do everything, and its kubeconfig."""
        self.daas("up", "--detach", "--finality-ms", str(finality_ms))
        self.status = self.json("status")
        self.kubeconfig = Path(self.status["kubeconfig"])

    def daas(self, *arguments: str) -> str:
        """Run one command of the system."""
        done = subprocess.run(
            [str(DAAS), *arguments], env=self.environment, text=True, capture_output=True, check=False, timeout=300
        )
        if done.returncode:
            message = f"k3s-daas {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
            raise SystemExit(message)
        return done.stdout

    def json(self, *arguments: str) -> Any:
        """Run one command and read what it printed."""
        return json.loads(self.daas(*arguments, "--json"))

    def down(self) -> None:
        """Stop it and remove its home."""
        subprocess.run([str(DAAS), "down"], env=self.environment, capture_output=True, check=False, timeout=120)
        shutil.rmtree(self.home, ignore_errors=True)

    def gateway(self) -> Way:
        """The way that kubectl takes, with the bearer of its plugin."""
        config = yaml.safe_load(self.kubeconfig.read_text())
        cluster = config["clusters"][0]["cluster"]
        plugin = config["users"][0]["user"]["exec"]
        extra = {item["name"]: item["value"] for item in plugin.get("env") or []}
        done = subprocess.run(
            [plugin["command"], *(plugin.get("args") or [])],
            env={**self.environment, "PATH": f"{DAAS.parent}:{os.environ['PATH']}", **extra},
            text=True,
            capture_output=True,
            check=True,
            timeout=30,
        )
        bearer = json.loads(done.stdout)["status"]["token"]
        plan = {
            "server": cluster["server"],
            "server_name": cluster.get("tls-server-name", ""),
            "ca": _text(cluster, "certificate-authority"),
            "headers": {"Authorization": f"Bearer {bearer}"},
            "certificate": "",
            "key": "",
        }
        return Way("gateway", plan)

    def direct(self) -> Way | None:
        """The apiserver alone, from inside the simulated enclave; None where this user may not look in there."""
        for pid, use in bench_processes.look(self.status["pids"]).items():
            inside = Path(f"/proc/{pid}/root/var/lib/k3s-daas/kubernetes/kubeconfig")
            if "apiserver" not in use.name and "server" not in use.name:
                continue
            try:
                config = yaml.safe_load(inside.read_text())
            except OSError:
                continue
            cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
            plan = {
                "server": cluster["server"],
                "server_name": cluster.get("tls-server-name", ""),
                "ca": _text(cluster, "certificate-authority"),
                "headers": {},
                "certificate": _text(user, "client-certificate"),
                "key": _text(user, "client-key"),
            }
            if user.get("token"):
                plan["headers"] = {"Authorization": f"Bearer {user['token']}"}
            return Way("direct", plan, ("nsenter", "--target", str(pid), "--net"))
        return None

    def log(self, since: int) -> tuple[list[dict[str, Any]], int]:
        """Read what the gateway logged after a position in the enclave's log, and the new position."""
        with (Path(self.status["logs"]) / "enclave.log").open() as file:
            file.seek(since)
            found = []
            for line in file.read().splitlines():
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict) and record.get("part") == "gateway":
                    found.append(record)
            return found, file.tell()


def _text(source: dict[str, Any], name: str) -> str:
    """Read PEM that stands in a kubeconfig, as data or as a file."""
    if source.get(f"{name}-data"):
        return base64.b64decode(source[f"{name}-data"]).decode()
    return Path(source[name]).read_text() if source.get(name) else ""


def requests_of(kind: str, count: int) -> list[list[str]]:
    """The calls of one load."""
    if kind == "GET pods":
        return [["GET", PODS, ""]] * count
    run = uuid.uuid4().hex[:8]
    made = []
    for number in range(count):
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"b-{run}-{number}"}, "data": {"n": "1"}}
        made.append(["POST", CONFIG_MAPS, json.dumps(body)])
    return made


def load(way: Way, requests: list[list[str]], concurrency: int) -> dict[str, Any]:
    """Run one load from a process of its own."""
    headers = {**way.plan["headers"], "Content-Type": "application/json", "Accept": "application/json"}
    plan = {**way.plan, "headers": headers, "requests": requests, "concurrency": concurrency}
    done = subprocess.run(
        [*way.prefix, sys.executable, str(LOAD)],
        input=json.dumps(plan),
        text=True,
        capture_output=True,
        check=False,
        timeout=900,
    )
    if done.returncode:
        message = f"the load over {way.name} failed: {done.stderr.strip().splitlines()[-1:]}"
        raise SystemExit(message)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def percentile(values: list[float], part: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")


def measure(stack: Stack, count: int, concurrency: int) -> dict[str, Any]:
    """Measure one running system."""
    ways = [way for way in (stack.direct(), stack.gateway()) if way is not None]
    if len(ways) == 1:
        print("  (no direct calls: they need root, nsenter and the simulated enclave)")
    results: list[dict[str, Any]] = []
    for kind in ("GET pods", "POST configmap"):
        for at_once in (1, concurrency):
            for way in ways:
                load(way, requests_of(kind, at_once), at_once)  # connections and caches
                _, since = stack.log(0)
                before = bench_processes.look(stack.status["pids"])
                result = load(way, requests_of(kind, count), at_once)
                used = bench_processes.difference(before, bench_processes.look(stack.status["pids"]))
                records, _ = stack.log(since) if way.name == "gateway" else ([], 0)
                row = summarise(kind, at_once, way.name, result, records)
                row["processes"] = {
                    name: {"cpu_ms_a_request": use.cpu_s * 1000 / count, "resident_mb": use.resident_bytes / 2**20}
                    for name, use in used.items()
                }
                print_row(row)
                results.append(row)
    print_processes(results)
    return {"rows": results}


def summarise(
    kind: str, at_once: int, way: str, result: dict[str, Any], records: list[dict[str, Any]]
) -> dict[str, Any]:
    """Make one row of a load's measurements."""
    latencies = result["latencies_ms"]
    answered = [record for record in records if record.get("event") == "answered"]
    return {
        "what": kind,
        "at_once": at_once,
        "way": way,
        "p50_ms": percentile(latencies, 0.5),
        "p99_ms": percentile(latencies, 0.99),
        "a_second": len(latencies) / result["took_s"],
        "statuses": result["statuses"],
        "split": {part: statistics.median(record[part] for record in answered) for part in SPLIT if answered},
        "failures": collections.Counter(
            str(record.get("error")) for record in records if record.get("status", 0) >= 500
        ),
    }


def print_row(row: dict[str, Any]) -> None:
    """Print one row."""
    split = " ".join(f"{part.removesuffix('_ms')} {value:.0f}" for part, value in row["split"].items())
    print(
        f"  {row['what']:<15} {row['at_once']:>3} at a time  {row['way']:<8} p50 {row['p50_ms']:7.1f} ms  "
        f"p99 {row['p99_ms']:7.1f} ms  {row['a_second']:7.1f}/s  {row['statuses']}  {split}",
        flush=True,
    )
    for why, count in row["failures"].most_common(3):
        print(f"    {count} failed: {why[:200]}")


def print_processes(rows: list[dict[str, Any]]) -> None:
    """Print what each process used in the busiest load through the gateway."""
    busiest = max((row for row in rows if row["way"] == "gateway"), key=lambda row: row["a_second"])
    print(f"  processes during {busiest['what']}, {busiest['at_once']} at a time:")
    for name, use in sorted(busiest["processes"].items(), key=lambda item: -item[1]["cpu_ms_a_request"]):
        print(f"    {name:<40} {use['cpu_ms_a_request']:6.2f} ms CPU a request  {use['resident_mb']:7.1f} MB")


def main() -> None:
    """Measure at each finality and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=200, help="requests of each load")
    parser.add_argument("--at-once", type=int, default=32, help="requests at a time in the concurrent loads")
    parser.add_argument("--finality-ms", type=int, nargs="+", default=[0, 400], help="ledger finalities to measure")
    parser.add_argument("--out", type=Path, help="write the figures as JSON too")
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {platform.release()}")
    figures = {}
    for finality in options.finality_ms:
        print(f"\nledger finality {finality} ms", flush=True)
        stack = Stack()
        try:
            stack.start(finality)
            figures[finality] = measure(stack, options.requests, options.at_once)
        finally:
            stack.down()
    if options.out:
        options.out.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
