"""Transactions of a real Sui network, executed again here: effects and objects must be the same bytes.

The checkpoint file is public data that this project does not carry; without it these tests are skipped.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from localnet.ledger.executor import Epoch, Executor
from localnet.ledger.gas import object_size
from localnet.ledger.limits import LIMITS
from localnet.ledger.packages import PackageShelf
from localnet.ledger.programmable import CallableFunctions, Machinery
from localnet.ledger.store import Store, record_of
from localnet.ledger.validate import check_gas, check_inputs
from localnet.vm import NativesConfig, Vm
from sui.checkpoint import CHECKPOINT_DATA
from sui.digests import transaction_digest
from sui.effects import TRANSACTION_EFFECTS
from sui.object import OBJECT, MoveObject
from sui.transaction import TRANSACTION_DATA, ProgrammableTransaction
from sui.type_tag import MOVE_STDLIB, SUI_FRAMEWORK

FILE = Path(__file__).parents[4] / "shared" / "vectors" / "sui" / "1137.chk"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="../shared/vectors/sui/1137.chk is not there")


@pytest.fixture(scope="module")
def checkpoint():
    return CHECKPOINT_DATA.decode(FILE.read_bytes())


def test_effects_and_objects_are_those_of_the_network(checkpoint, world):
    executed = 0
    for real in checkpoint.transactions:
        data = real.transaction.data
        if not isinstance(data.kind, ProgrammableTransaction):
            continue
        store = Store(":memory:")
        store.write_objects([record_of(OBJECT.encode(given)) for given in real.input_objects], ())
        # The framework came with their genesis, as the coins did.
        genesis = real.input_objects[0].previous_transaction
        for package_id in (MOVE_STDLIB, SUI_FRAMEWORK):
            package = replace(world.ledger.get_object(package_id).object, previous_transaction=genesis)
            store.write_objects([record_of(OBJECT.encode(package))], ())
        shelf = PackageShelf(store)
        vm = Vm(shelf)
        executor = Executor(store, Machinery(vm, shelf, CallableFunctions(vm), LIMITS), NativesConfig())
        checked = check_inputs(data, data.kind, store, LIMITS)
        check_gas(checked, LIMITS)
        digest = transaction_digest(TRANSACTION_DATA.encode(data))
        done = executor.run(checked, digest, Epoch(0, 0))
        assert done.effects == real.effects
        assert done.effects_bcs == TRANSACTION_EFFECTS.encode(real.effects)
        assert {r.bcs for r in done.written.values()} == {OBJECT.encode(o) for o in real.output_objects}
        executed += 1
        store.close()
    assert executed == 5


def test_storage_deposits_are_those_of_the_network(checkpoint):
    checked = 0
    for real in checkpoint.transactions:
        for value in real.output_objects:
            if isinstance(real.transaction.data.kind, ProgrammableTransaction) and isinstance(value.data, MoveObject):
                assert value.storage_rebate == object_size(value, LIMITS.owner_size_bytes) * 7_600
                checked += 1
    assert checked > 100
