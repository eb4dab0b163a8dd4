"""Gateway, executor, relays and ledger killed amid mixed requests: none is lost, no change runs twice."""

import json
import os
import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.test_denials import bearer_of, request

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

REQUESTS = 200
KILLS = 12
SEED = 20261123
VICTIMS = ("enclave/gateway", "enclave/executor", "relays", "localnet")
CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Killer(threading.Thread):
    """Kills one process after the other at seeded moments."""

    def __init__(self, stack, rng):
        super().__init__(daemon=True)
        self.stack, self.rng, self.done, self.killed = stack, rng, threading.Event(), []

    def run(self):
        while len(self.killed) < KILLS and not self.done.wait(self.rng.uniform(0.8, 2.0)):
            victim = self.rng.choice(VICTIMS)
            pid = self.stack.json("status")["pids"].get(victim)
            if pid:
                os.kill(pid, signal.SIGKILL)
                self.killed.append(victim)


def one(stack, number, *, change):
    """Send one request and return what came of it: a status, or `lost` where the connection broke."""
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": f"fault-{number}-"}}
    for attempt in range(60):
        try:
            status, headers, _ = request(
                stack,
                CONFIG_MAPS,
                bearer=bearer_of(stack),
                method="POST" if change else "GET",
                headers={"Content-Type": "application/json"} if change else {},
                body=json.dumps(body).encode() if change else None,
            )
        except OSError:
            if change:
                return "lost"
            time.sleep(0.5)
            continue
        retry = headers.get("Retry-After")
        if status in {429, 503} and (not change or retry or attempt < 30):
            # A 503 to a change says that nothing was done.
            time.sleep(0.5)
            continue
        return status
    return "never"


def patiently(stack, *arguments):
    """Run kubectl until what was killed last is back."""
    limit = time.monotonic() + 60
    while (done := stack.kubectl(*arguments, check=False)).returncode != 0 and time.monotonic() < limit:
        time.sleep(0.5)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_two_hundred_mixed_requests_under_kills(own_stack):
    rng = random.Random(SEED)
    plan = [rng.random() < 0.5 for _ in range(REQUESTS)]
    killer = Killer(own_stack, rng)
    killer.start()
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda i: one(own_stack, i, change=plan[i]), range(REQUESTS)))
    killer.done.set()
    killer.join(timeout=20)
    assert len(killer.killed) >= 4, killer.killed

    limit = time.monotonic() + 180
    while time.monotonic() < limit:
        listed = own_stack.daas("requests", "--limit", "5000", "--json", check=False)
        rows = json.loads(listed.stdout) if listed.returncode == 0 else []
        waiting = [row for row in rows if row["stored_at"] is None]
        if rows and not waiting:
            break
        time.sleep(1)
    assert rows
    assert not waiting, f"{len(waiting)} requests have no answer: {waiting[:3]}"
    assert len({row["request_id"] for row in rows}) == len(rows)

    made = json.loads(patiently(own_stack, "get", "cm", "-o", "json"))["items"]
    names = [item["metadata"]["name"] for item in made if item["metadata"]["name"].startswith("fault-")]
    count = {i: sum(name.startswith(f"fault-{i}-") for name in names) for i in range(REQUESTS)}
    for number, (change, outcome) in enumerate(zip(plan, outcomes, strict=True)):
        if not change:
            assert outcome == 200, (number, outcome)
            continue
        assert count[number] <= 1, f"change {number} ran {count[number]} times"
        if outcome == 201:
            assert count[number] == 1
        assert outcome in {201, 504, "lost"}, (number, outcome)


@pytest.mark.parametrize("victim", ["enclave/signer", "enclave/broker"])
def test_a_dead_holder_of_keys_is_a_reboot_that_everybody_sees(own_stack, victim):
    before = own_stack.json("status")
    os.kill(before["pids"][victim], signal.SIGKILL)
    limit = time.monotonic() + 90
    while time.monotonic() < limit:
        now = own_stack.json("status")
        if now["ready"] and now["epoch"] == before["epoch"] + 1:
            break
        time.sleep(0.5)
    assert now["epoch"] == before["epoch"] + 1
    assert now["enclave"] != before["enclave"]
    stale = own_stack.kubectl("get", "ns", check=False)
    assert stale.returncode == 1
    assert "certificate" in stale.stderr
    own_stack.daas("kubeconfig")
    assert "default" in own_stack.kubectl("get", "ns").stdout


def test_a_killed_parent_leaves_nothing_running(own_stack):
    pids = own_stack.json("status")["pids"]
    os.kill(pids["parent"], signal.SIGKILL)
    limit = time.monotonic() + 30
    while time.monotonic() < limit and (left := [name for name, pid in pids.items() if alive(pid)]):
        time.sleep(0.2)
    assert left == []


def alive(pid):
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
