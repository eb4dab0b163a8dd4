"""What was acknowledged survives: orderly stops, kill -9 at any moment, and refusals to open what is not ours."""

import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from localnet.ledger import StateError
from localnet.ledger.framework import find_bundle, read_bundle
from localnet.ledger.store import Store
from sui.effects import Success
from sui.types import Address, Digest

ROOT = Path(__file__).parents[3]
WORKER = Path(__file__).parent / "kill_worker.py"
PAID = Address(b"\x01" * 32)


def test_a_restarted_ledger_goes_on(opened, tmp_path, alice):
    world = opened(tmp_path)
    world.publish(alice)
    registry = world.registry(alice)
    tip, chain = world.ledger.get_checkpoint(), world.ledger.chain_id
    transactions = world.ledger.list_transactions(limit=1000)
    events = world.ledger.list_events()
    world.ledger.close()
    again = opened(tmp_path, now=world.now)
    assert again.ledger.chain_id == chain
    assert again.ledger.get_checkpoint() == tip
    assert again.ledger.list_transactions(limit=1000) == transactions
    assert again.ledger.list_events() == events
    assert again.ledger.get_object(registry.ref.object_id) == registry
    again.things, again.gas = world.things, world.gas
    again.thing(alice)
    assert again.ledger.get_checkpoint().summary.previous_digest == tip.digest


def test_pending_transactions_are_sealed_after_a_restart(tmp_path, opened, alice):
    world = opened(tmp_path / "first", finality_ms=10_000)
    world.fund(alice, 5)
    shutil.copytree(tmp_path / "first", tmp_path / "second")  # what a crash leaves: nothing is sealed
    again = opened(tmp_path / "second", now=world.now, finality_ms=10_000)
    pending = again.ledger.service_info().checkpoint_height
    assert again.ledger.balance(alice.address, again.coins(alice)[0].object.data.tag.type_params[0]).total == 5
    again.now[0] += 10_000
    again.ledger.tick()
    assert again.ledger.service_info().checkpoint_height == pending + 1
    record = again.ledger.get_checkpoint(transactions=True)
    assert len(record.transactions) == 2


def test_the_same_run_with_and_without_restarts_is_the_same_ledger(opened, tmp_path, alice):
    tips = []
    for restarts in (False, True):
        folder = tmp_path / str(restarts)
        now = [1_700_000_000_000]
        world = opened(folder, now=now)
        for amount in range(1, 6):
            now[0] += 10
            world.fund(alice, amount)
            if restarts:
                world.ledger.close()
                world = opened(folder, now=now)
        tips.append(world.ledger.get_checkpoint())
    assert tips[0] == tips[1]


@pytest.mark.slow
@pytest.mark.parametrize(("finality", "seed"), [(0, 1), (0, 2), (100, 3), (100, 4)])
def test_kill_9_loses_nothing_that_was_acknowledged(opened, tmp_path, finality, seed):
    acknowledged = []
    chance = random.Random(seed)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for _ in range(2):
        command = [sys.executable, str(WORKER), str(tmp_path), str(finality), str(find_bundle(None))]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as worker:
            acknowledged += [worker.stdout.readline().split() for _ in range(chance.randrange(1, 60))]
            worker.send_signal(signal.SIGKILL)
            acknowledged += [line.split() for line in worker.stdout.read().splitlines() if len(line.split()) == 2]
    world = opened(tmp_path, seed=3, finality_ms=finality)
    for digest, version in acknowledged:
        done = world.ledger.get_transaction(Digest.parse(digest))
        assert done is not None
        assert isinstance(done.effects.status, Success)
        assert done.effects.lamport_version == int(version)
    world.now[0] += 10**7
    world.ledger.tick()
    tip = world.ledger.get_checkpoint()
    listed = world.ledger.list_transactions(limit=1000)
    assert len(listed) == tip.summary.network_total_transactions
    assert [done.index for done in listed] == list(range(len(listed)))
    assert world.ledger.faucet(PAID, [1]).checkpoint is not None or finality


def test_state_of_another_seed_is_refused(opened, tmp_path):
    opened(tmp_path, seed=1).ledger.close()
    with pytest.raises(StateError, match="another seed"):
        opened(tmp_path, seed=2)


def test_state_of_another_format_is_refused(opened, tmp_path):
    opened(tmp_path).ledger.close()
    store = Store(tmp_path)
    store.set_meta("format", "0")
    store.close()
    with pytest.raises(StateError, match="has format 0"):
        opened(tmp_path)


def test_unusable_folder_is_named(opened, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be opened"):
        opened(tmp_path / "file")
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database, but long enough to be looked at" * 30)
    with pytest.raises(StateError, match="cannot be opened"):
        opened(tmp_path)


def test_two_ledgers_never_share_a_state(opened, tmp_path, alice):
    world = opened(tmp_path)
    with pytest.raises(StateError, match="end whoever uses it"):
        opened(tmp_path)
    world.fund(alice, 5)


def test_a_failed_tick_can_be_repeated(opened, alice, monkeypatch):
    world = opened(finality_ms=100)
    world.fund(alice, 5)
    height = world.ledger.service_info().checkpoint_height
    world.now[0] += 100

    def broken(*_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(world.ledger._store, "write_checkpoint", broken)
    with pytest.raises(OSError, match="disk full"):
        world.ledger.tick()
    monkeypatch.undo()
    assert world.ledger.service_info().checkpoint_height == height
    world.ledger.tick()
    assert world.ledger.service_info().checkpoint_height == height + 1
    assert len(world.ledger.get_checkpoint(transactions=True).transactions) == 2


def test_a_failed_commit_leaves_the_ledger_as_it_was(opened, alice, monkeypatch):
    world = opened(finality_ms=0)
    world.gas_coin(alice)
    tip, coins = world.ledger.service_info(), world.coins(alice)

    def broken(*_arguments):
        raise OSError("disk full")

    monkeypatch.setattr(world.ledger._store, "write_checkpoint", broken)
    with pytest.raises(OSError, match="disk full"):
        world.ledger.faucet(alice.address, [1])
    monkeypatch.undo()
    assert world.ledger.service_info() == tip
    assert world.coins(alice) == coins
    world.fund(alice, 1)
    assert world.ledger.service_info().checkpoint_height == tip.checkpoint_height + 1


def test_no_bundle_is_said_with_what_to_do(opened, tmp_path, monkeypatch):
    with pytest.raises(StateError, match="make contract"):
        find_bundle(tmp_path / "missing.json")
    broken = tmp_path / "broken.json"
    for content in ("{", '{"0x2": {"a": "%%"}}', "[]", '{"no address": {}}'):
        broken.write_text(content)
        with pytest.raises(StateError, match="no framework bundle"):
            read_bundle(broken)
    monkeypatch.setenv("LOCALNET_FRAMEWORK", str(broken))
    assert find_bundle(None) == broken
