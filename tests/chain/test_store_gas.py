"""What the executor lets a store transaction cost suffices on the embedded ledger, with receipts and violations too."""

import pytest

from attestation.sim import pki
from chain.bindings import calls
from chain.bindings.abort import abort_table
from chain.statements import VIOLATION_DOMAIN, VIOLATION_STATEMENT, ViolationStatement
from chain.store import build_store, build_violation
from enclave.execution_limits import LIMITS
from localnet.ledger import Ledger
from sui.builder import ProgrammableBuilder, transaction_data
from sui.effects import Success
from sui.transaction import TRANSACTION_DATA
from sui.type_tag import GAS_COIN_TYPE
from sui.types import Address
from tests.chain.contract_world import GET_PODS, SETTINGS, START_MS, ContractWorld, created

INLINE = 8_192


@pytest.fixture(scope="module")
def world(compiled_contract, compiled_modules, framework_bundle):
    now = [START_MS]
    root = pki.make_root(START_MS)
    ledger = Ledger(
        ":memory:", seed=7, finality_ms=0, clock=lambda: now[0], trust_roots=[root.der], framework=framework_bundle
    )
    world = ContractWorld(ledger, abort_table(compiled_modules), root, now)
    world.publish(compiled_modules, [Address.parse(each) for each in compiled_contract["dependencies"]])
    world.create()
    world.bond()
    world.challenge()
    world.register()
    world.activate()
    yield world
    ledger.close()


def asked(world, number, *, receipt=False):
    """Open a request; gives its id."""
    builder = ProgrammableBuilder()
    place = {"cluster": world.cluster, "enclave": world.enclave, "token": world.token}
    what = world.ask(GET_PODS, b"sealed %d" % number)
    if receipt:
        calls.submit_with_receipt(builder, world.contract, **place, asked=what, deposit=SETTINGS.receipt_deposit)
    else:
        calls.submit(builder, world.contract, **place, asked=what)
    done = world.do(builder, world.owner)
    return world.find(done, "Request")


def within(world, program, answers):
    """Execute with the executor's budget."""
    key = world.enclave_key
    coins = world.ledger.owned_objects(key.address, object_type=GAS_COIN_TYPE, limit=50).items
    if not coins:
        world.ledger.faucet(key.address, [100_000_000_000])
        coins = world.ledger.owned_objects(key.address, object_type=GAS_COIN_TYPE, limit=50).items
    budget = LIMITS.store_budget_mist + LIMITS.answer_budget_mist * answers
    data = transaction_data(
        program, sender=key.address, payment=[coins[0].ref], price=world.ledger.epoch_info().reference_gas_price,
        budget=budget,
    )  # fmt: skip
    encoded = TRANSACTION_DATA.encode(data)
    done = world.ledger.execute(encoded, [key.sign_transaction(encoded)])
    assert isinstance(done.effects.status, Success), world.why(done)
    used = done.effects.gas_used
    # Figures may move a little with the contract: half of the budget stays free.
    assert used.computation_cost + used.storage_cost - used.storage_rebate < budget // 2
    return done


@pytest.mark.parametrize("receipt", [False, True])
@pytest.mark.parametrize(("count", "body"), [(1, 100), (1, 96_000), (LIMITS.batch_answers, 5_900)])
def test_answers_are_stored_within_their_budget(world, count, body, receipt):
    requests = [asked(world, number + 100 * body + receipt, receipt=receipt) for number in range(count)]
    answers = [world.answer(each, b"x" * body, sequence=n) for n, each in enumerate(requests, start=1)]
    done = within(world, build_store(world.contract, world.cluster, world.enclave, answers), count)
    # What a receipt costs the enclave comes back as a coin of its own, which the next look at its coins finds.
    coins = {str(coin) for coin in created(done) if world.type_name(coin) == "Coin"}
    held = world.ledger.owned_objects(world.enclave_key.address, object_type=GAS_COIN_TYPE, limit=100).items
    assert coins <= {str(each.ref.object_id) for each in held}
    assert len(coins) == (count if receipt else 0)


def test_a_violation_is_stored_within_the_budget_of_one_answer(world):
    for receipt in (False, True):
        request_id = asked(world, 7 + receipt, receipt=receipt)
        terms = world.read(request_id).terms
        statement = ViolationStatement(
            VIOLATION_DOMAIN, bytes(world.ledger.chain_id), world.contract.original, terms.cluster, terms.enclave,
            terms.epoch, 1, terms.config_version, request_id, terms.payload_hash, world.now[0], terms.answer_until,
        )  # fmt: skip
        signature = world.enclave_key.sign(VIOLATION_STATEMENT.encode(statement))
        violation = calls.Violation(world.shared(request_id), world.token, 1, world.now[0], signature)
        within(world, build_violation(world.contract, world.cluster, world.enclave, violation), 1)
