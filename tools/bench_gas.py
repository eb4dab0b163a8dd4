"""`make bench-gas`: what each entry point of the contract costs, and what a kubectl call does.

Every row is a real transaction on the embedded ledger, in a world of its own: units of computation, storage and rebate
in MIST, from the ledger's gas table (`localnet`). Where the Python package `sui-sandbox` is installed, the same bytes
run in Sui's own VM, and the row says what that gave (`tools/real_vm.py`: what of it can be compared, and what not).

    python tools/bench_gas.py [--json]      # 0: a get of 8 KB costs at most the goal; 1: it costs more
"""

from __future__ import annotations

import argparse
import base64
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from attestation.sim import pki  # noqa: E402 - the checkout is put on the path first
from chain.bindings.abort import abort_table  # noqa: E402
from localnet.ledger import Ledger  # noqa: E402
from sui.builder import ProgrammableBuilder, transaction_data  # noqa: E402
from sui.effects import Success  # noqa: E402
from sui.transaction import TRANSACTION_DATA  # noqa: E402
from sui.type_tag import GAS_COIN_TYPE  # noqa: E402
from sui.types import Address  # noqa: E402
from tools.bench_gas_entries import ENTRIES, KB, Entry  # noqa: E402
from tools.bench_gas_steps import World, world_module  # noqa: E402
from tools.real_vm import RealVm, verdict  # noqa: E402

if TYPE_CHECKING:
    from sui.keys import Ed25519Key

GAS_PRICE_MIST = 1_000
GOAL_MIST = 4_000_000
GOAL_BODY_BYTES = 8 * KB
MIST_PER_SUI = 1_000_000_000
SOURCE = "localnet"
NO_VM = "sui-sandbox is not installed: not checked"
CONTRACT = ROOT / "build" / "k3s_daas.json"
FRAMEWORK = ROOT / "build" / "framework.json"
HEAD = f"{'entry point':<40} {'body':>6} {'units':>9} {'storage MIST':>13} {'rebate MIST':>13} {'net MIST':>13}  source"
_FAUCET_MIST = 100_000_000_000


class BenchError(Exception):
    """What kept this tool from measuring."""


@dataclass(frozen=True)
class Row:
    """What one transaction cost."""

    entry: str
    body_bytes: int | None
    transaction_bytes: int
    computation_units: int
    storage_mist: int
    rebate_mist: int
    net_mist: int
    source: str
    vm: str


@dataclass(frozen=True)
class Call:
    """What a kubectl call costs: the entry points with their bodies that it takes, both payers together."""

    what: str
    steps: tuple[tuple[str, int], ...]

    def net_mist(self, rows: list[Row]) -> int:
        """Add up what its transactions cost, after rebates."""
        costs = {(row.entry, row.body_bytes): row.net_mist for row in rows}
        return sum(costs[step] for step in self.steps)


def _get(way: str, body: int) -> tuple[tuple[str, int], ...]:
    return ((f"request::{way}", 0), ("answer::store_k8s_response", body))


def _patch(way: str, body: int) -> tuple[tuple[str, int], ...]:
    return ((f"request::{way}", body), ("answer::store_k8s_response", body))


_WAYS = (("gateway", "submit_with_grant"), ("own proxy", "submit"))
CALLS = tuple(
    call
    for who, way in _WAYS
    for call in (
        Call(f"get, answer of 1 KB, through the {who}", _get(way, KB)),
        Call(f"get, answer of 8 KB, through the {who}", _get(way, 8 * KB)),
        Call(f"apply of 1 KB (a get and a patch), through the {who}", _get(way, KB) + _patch(way, KB)),
    )
)
GOAL_CALLS = tuple(call for call in CALLS if call.steps[1:] == (("answer::store_k8s_response", GOAL_BODY_BYTES),))


class Bench:
    """The compiled contract, and the VM that checks."""

    def __init__(self, vm: RealVm | None, contract: Path = CONTRACT, framework: Path = FRAMEWORK) -> None:
        """Read what `make contract` compiled; without a VM nothing is checked."""
        if not (contract.is_file() and framework.is_file()):
            raise BenchError("the contract is not compiled: run `make contract`")
        compiled = json.loads(contract.read_text())
        self._framework = framework
        self._modules = [base64.b64decode(module) for module in compiled["modules"]]
        self._dependencies = [Address.parse(each) for each in compiled["dependencies"]]
        self._words = abort_table(self._modules)
        self._vm = vm

    def measure(self, entry: Entry, body: int | None) -> Row:
        """Measure one entry point with one body in a new world."""
        now = [world_module.START_MS]
        root = pki.make_root(now[0])
        ledger = Ledger(
            ":memory:", seed=7, finality_ms=0, clock=lambda: now[0], trust_roots=[root.der], framework=self._framework
        )
        try:
            world = world_module.ContractWorld(ledger, self._words, root, now)
            world.modules, world.dependencies = self._modules, self._dependencies
            world.publish(self._modules, self._dependencies)
            if not entry.bare:
                for step in (world.create, world.bond, world.challenge, world.register, world.activate):
                    step()
            return self._run(world, entry, body)
        finally:
            ledger.close()

    def _run(self, world: World, entry: Entry, body: int | None) -> Row:
        builder: ProgrammableBuilder = entry.build(world, body or 0)
        sender: Ed25519Key = getattr(world, entry.sender, None) or world_module.key(entry.sender)
        ledger: Ledger = world.ledger
        coins = ledger.owned_objects(sender.address, object_type=GAS_COIN_TYPE, limit=1).items
        if not coins:
            ledger.faucet(sender.address, [_FAUCET_MIST])
            coins = ledger.owned_objects(sender.address, object_type=GAS_COIN_TYPE, limit=1).items
        data = transaction_data(
            builder.finish(),
            sender=sender.address,
            payment=[coins[0].ref],
            price=GAS_PRICE_MIST,
            budget=world_module.BUDGET,
        )
        encoded = TRANSACTION_DATA.encode(data)
        checked = self._vm.run(ledger, data, encoded, world.now[0]) if self._vm else None
        done = ledger.execute(encoded, [sender.sign_transaction(encoded)])
        if not isinstance(done.effects.status, Success):
            raise BenchError(f"{entry.name} with a body of {body} bytes failed: {world.why(done)}")
        gas = done.effects.gas_used
        units = gas.computation_cost // GAS_PRICE_MIST
        return Row(
            entry=entry.name,
            body_bytes=body,
            transaction_bytes=len(encoded),
            computation_units=units,
            storage_mist=gas.storage_cost,
            rebate_mist=gas.storage_rebate,
            net_mist=gas.computation_cost + gas.storage_cost - gas.storage_rebate,
            source=SOURCE,
            vm=f"sui-sandbox: {verdict(checked, done, units)}" if checked else NO_VM,
        )


def sui(mist: int) -> str:
    """An amount in SUI."""
    return f"{mist / MIST_PER_SUI:.6f}"


def print_row(row: Row) -> None:
    """Print one row of the table."""
    body = "-" if row.body_bytes is None else f"{row.body_bytes // KB} KB"
    print(
        f"{row.entry:<40} {body:>6} {row.computation_units:>9,} {row.storage_mist:>13,} {row.rebate_mist:>13,} "
        f"{row.net_mist:>13,}  {row.source}  {row.vm}",
        flush=True,
    )


def report(rows: list[Row]) -> dict[str, Any]:
    """All figures as one JSON object."""
    costs = max(call.net_mist(rows) for call in GOAL_CALLS)
    return {
        "gas_price_mist": GAS_PRICE_MIST,
        "source": SOURCE,
        "rows": [asdict(row) for row in rows],
        "calls": [{"what": call.what, "net_mist": call.net_mist(rows)} for call in CALLS],
        "goal": {"body_bytes": GOAL_BODY_BYTES, "mist": GOAL_MIST, "costs_mist": costs, "met": costs <= GOAL_MIST},
    }


def print_calls(found: dict[str, Any]) -> None:
    """Print what kubectl calls cost, and whether the goal is met."""
    if any(row["vm"] != NO_VM for row in found["rows"]):
        print("\nsui-sandbox runs with signature checks left out, and tells old buckets: tools/real_vm.py says more.")
    print(f"\nSUI per kubectl call at {GAS_PRICE_MIST:,} MIST, net after rebates, both payers together ({SOURCE}):")
    for call in found["calls"]:
        print(f"  {sui(call['net_mist'])}  {call['what']}")
    costs, word = found["goal"]["costs_mist"], "met" if found["goal"]["met"] else "MISSED"
    print(f"goal: a get of at most {GOAL_BODY_BYTES // KB} KB costs at most {sui(GOAL_MIST)}: {sui(costs)}, {word}")


def main() -> int:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of the table")
    options = parser.parse_args()
    rows: list[Row] = []
    try:
        bench = Bench(RealVm.find())
        if not options.json:
            print(HEAD)
        for entry in ENTRIES:
            for body in entry.bodies or (None,):
                rows.append(bench.measure(entry, body))
                if not options.json:
                    print_row(rows[-1])
    except BenchError as error:
        print(f"bench-gas: {error}", file=sys.stderr)
        return 2
    found = report(rows)
    if options.json:
        print(json.dumps(found, indent=1))
    else:
        print_calls(found)
    return int(not found["goal"]["met"])


if __name__ == "__main__":
    sys.exit(main())
