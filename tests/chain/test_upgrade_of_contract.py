"""A real upgrade of the contract's package through its lock, and what goes on at every version.

Version 2 is the same sources with another number: what differs between the packages is what they say of themselves.
"""

import itertools

import pytest

from attestation.sim import pki
from chain.bindings import calls, events, objects
from chain.bindings.abort import abort_table
from chain.bindings.upgrade_events import UpgradeCommitted
from chain.rules import Rule
from chain.statements import ANSWER_DOMAIN, AnswerStatement
from localnet.ledger import Ledger
from sui.builder import ProgrammableBuilder
from sui.digests import upgrade_digest
from sui.effects import PackageWrite, Success
from sui.transaction import GAS_COIN
from sui.type_tag import MOVE_STDLIB, SUI_COIN_TYPE, SUI_FRAMEWORK
from tests.chain.stateful.actors import edited, second_version

from .contract_world import CREATE_PODS, DELAYS, GET_PODS, PCRS, SETTINGS, START_MS, ContractWorld, deleted, key

pytestmark = pytest.mark.toolchain

FRAMEWORK = (MOVE_STDLIB, SUI_FRAMEWORK)
UPGRADE_DELAY_MS = 2_000
NARROW = (Rule("", "pods", "", "default", ("get",)),)
WITHDRAWAL_MS = DELAYS.withdrawal_ms
_numbers = itertools.count()


class Line:
    """One ledger, the contract's package, its lock, and version 2 once it is there."""

    def __init__(self, framework):
        self.now = [START_MS]
        self.root = pki.make_root(START_MS)
        self.ledger = Ledger(
            ":memory:",
            seed=7,
            finality_ms=0,
            clock=lambda: self.now[0],
            trust_roots=[self.root.der],
            framework=framework,
        )
        self.modules = edited()
        self.second_modules = second_version()
        world = self.publisher = ContractWorld(self.ledger, abort_table(self.modules), self.root, self.now)
        done = world.publish(self.modules, list(FRAMEWORK))
        self.first = world.contract
        builder = ProgrammableBuilder()
        cap = world.ledger.get_object(world.find(done, "UpgradeCap")).ref
        calls.lock_upgrades(builder, self.first, cap, delay_ms=UPGRADE_DELAY_MS, right_to=world.admin.address)
        self.lock = world.shared(world.find(world.do(builder, world.admin), "UpgradeLock"))
        self.second = None

    @property
    def right(self):
        return self.publisher.owned(self.publisher.admin, "upgrade_lock", "UpgradeRight")

    def announcing(self, modules):
        builder = ProgrammableBuilder()
        digest = bytes(upgrade_digest(modules, FRAMEWORK))
        calls.announce_upgrade(builder, self.first, self.lock, self.right, digest)
        return builder

    def upgrading(self, modules):
        builder = ProgrammableBuilder()
        calls.upgrade(builder, self.first, self.lock, self.right, modules=modules, dependencies=FRAMEWORK)
        return builder

    def upgrade(self):
        """Announce version 2, wait, and make it; returns the transaction."""
        world = self.publisher
        world.do(self.announcing(self.second_modules), world.admin)
        world.pass_ms(UPGRADE_DELAY_MS)
        done = world.do(self.upgrading(self.second_modules), world.admin)
        changes = done.effects.changed_objects
        package = next(each.object_id for each in changes if isinstance(each.output_state, PackageWrite))
        self.second = calls.Contract(package, self.first.original)
        return done

    def world(self):
        """A cluster of its own people, with an active enclave."""
        number = next(_numbers)
        names = ("admin", "operator", "owner", "enclave_key")
        people = {name: key(f"{name} {number}") for name in names}
        world = ContractWorld(self.ledger, self.publisher.words, self.root, self.now, **people)
        world.contract = self.first
        world.create()
        world.bond()
        world.challenge()
        world.register()
        world.activate()
        return world

    def move(self, world, *, wait=True):
        """The cluster works with version 2 from now on, or after the delay."""
        builder = ProgrammableBuilder()
        calls.announce_version(builder, self.second, world.cluster, world.admin_cap, self.lock)
        done = world.do(builder, world.admin)
        if wait:
            world.pass_ms(DELAYS.upgrade_ms)
            world.contract = self.second
        return done


@pytest.fixture
def fresh(framework_bundle):
    """A line whose version 2 is not there yet."""
    line = Line(framework_bundle)
    yield line
    line.ledger.close()


@pytest.fixture(scope="module")
def line(framework_bundle):
    """A line with both versions, for many clusters."""
    line = Line(framework_bundle)
    line.upgrade()
    yield line
    line.ledger.close()


@pytest.fixture
def world(line):
    return line.world()


def call(function, *given, **named):
    builder = ProgrammableBuilder()
    function(builder, *given, **named)
    return builder


def request(world, *asked):
    done = world.do(world.submission(*(asked or (world.ask(GET_PODS),))), world.owner)
    return world.events(done)[0].request_id


def migrate(world, sender="stranger"):
    return world.do(call(calls.migrate_token, world.contract, world.cluster, world.token), key(sender))


def sui(world, who):
    return world.ledger.balance(who.address, SUI_COIN_TYPE).total


def net(done):
    used = done.effects.gas_used
    return used.computation_cost + used.storage_cost - used.storage_rebate


def test_a_version_is_made_only_of_what_was_announced_and_after_the_delay(fresh):
    world = fresh.publisher
    world.do(fresh.announcing(fresh.second_modules), world.admin)
    assert world.reason(fresh.upgrading(fresh.second_modules), world.admin) == "upgrade_lock::ENotDue"
    world.pass_ms(UPGRADE_DELAY_MS)
    refused = world.run(fresh.upgrading(fresh.modules), world.admin)
    assert not isinstance(refused.effects.status, Success)
    assert refused.effects.status.command == 1
    done = world.do(fresh.upgrading(fresh.second_modules), world.admin)
    committed = world.events(done)[0]
    assert isinstance(committed, UpgradeCommitted)
    lock = world.read(fresh.lock.object_id)
    assert isinstance(lock, objects.UpgradeLock)
    assert lock.packages == (fresh.first.package, committed.code)
    assert (committed.version, committed.package) == (2, fresh.first.original)
    assert world.reason(fresh.upgrading(fresh.second_modules), world.admin) == "upgrade_lock::ENotAnnounced"


def test_a_cluster_moves_after_its_delay_and_never_back(line, world):
    changed = world.events(line.move(world, wait=False))[0]
    assert isinstance(changed, events.ClusterChanged)
    due = world.now[0] + DELAYS.upgrade_ms
    assert changed.state.code_at(due - 1) == line.first.package
    assert changed.state.code_at(due) == line.second.package
    world.pass_ms(DELAYS.upgrade_ms - 1)
    request(world)
    world.pass_ms(1)
    assert world.reason(world.submission(world.ask(GET_PODS)), world.owner) == "cluster::EWrongVersion"
    back = call(calls.announce_version, line.first, world.cluster, world.admin_cap, line.lock)
    assert world.reason(back, world.admin) == "cluster::EVersionNotNewer"


def test_a_request_of_version_1_is_answered_through_version_2_by_the_same_enclave(line, world):
    asked = request(world)
    line.move(world, wait=False)
    answer = world.answer(asked)
    world.pass_ms(DELAYS.upgrade_ms)
    assert world.reason(world.storing(answer), world.enclave_key) == "cluster::EWrongVersion"
    world.contract = line.second
    stored, processed = world.events(world.do(world.storing(answer), world.enclave_key))
    assert isinstance(stored, events.K8sResponseStored)
    assert (stored.request_id, stored.signature) == (asked, answer.signature)
    assert processed.outcome == events.Outcome.ANSWERED
    cluster = world.read(world.cluster.object_id)
    assert (cluster.active_enclave, cluster.epoch) == (world.enclave.object_id, 1)


def test_tokens_are_denied_until_anybody_migrates_them(line, world):
    early = call(calls.migrate_token, line.second, world.cluster, world.token)
    assert world.reason(early, key("stranger")) == "cluster::EWrongVersion"
    idle = call(calls.migrate_token, line.first, world.cluster, world.token)
    assert world.reason(idle, key("stranger")) == "seal_token::ENotOlder"
    grant = world.grant()
    line.move(world)
    for builder, sender in (
        (world.submission(world.ask(GET_PODS)), world.owner),
        (world.granted(grant, world.ask(GET_PODS)), world.enclave_key),
    ):
        assert world.reason(builder, sender) == "seal_token::EWrongVersion"
    other = line.world()
    line.move(other)
    astray = call(calls.migrate_token, line.second, other.cluster, world.token)
    assert world.reason(astray, key("stranger")) == "seal_token::EWrongCluster"
    migrated = world.events(migrate(world))[0]
    assert isinstance(migrated, events.SealTokenChanged)
    assert (migrated.version, migrated.revision, migrated.stake) == (2, 2, SETTINGS.min_stake)
    again = call(calls.migrate_token, line.second, world.cluster, world.token)
    assert world.reason(again, key("stranger")) == "seal_token::ENotOlder"
    request(world, world.ask(CREATE_PODS))
    under_grant = world.events(world.do(world.granted(grant, world.ask(GET_PODS)), world.enclave_key))[0]
    world.do(world.storing(world.answer(under_grant.request_id)), world.enclave_key)


def old_entry_points(world, asked):
    """Every entry point that asks for the cluster's version, through the old package; (name, sender, call, given)."""
    cluster, enclave, token = world.cluster, world.enclave, world.token
    answer = world.answer(asked)
    ask = world.ask(GET_PODS)
    by_cap = {
        "add_measurement": (calls.add_measurement, tuple(pcr[::-1] for pcr in PCRS)),
        "add_configuration": (calls.add_configuration, b"\x01" * 32),
        "retire_measurement": (calls.retire_measurement, 1),
        "retire_configuration": (calls.retire_configuration, 2),
        "change_setting": (calls.change_setting, {"name": "min_stake", "value": 1}),
        "grow_delays": (calls.grow_delays, DELAYS),
        "replace_operator": (calls.replace_operator, world.owner.address),
        "cancel_operator": (calls.cancel_operator,),
        "cancel_version": (calls.cancel_version,),
        "hand_over_admin": (calls.hand_over_admin, world.owner.address),
        "burn_admin": (calls.burn_admin,),
        "revoke_by_admin": (calls.revoke_enclave, enclave, {"by_admin": True}),
        "rescope": (calls.rescope_token, {"token": token, "rules": NARROW}),
        "revoke_token": (calls.revoke_token_by_admin, token),
        "issue": (
            calls.issue_token,
            {
                "owner": world.owner.address,
                "public_key": world.owner.public,
                "rules": NARROW,
                "stake": 0,
                "expires_at": world.now[0] + 10**9,
            },
        ),
    }
    for name, (function, *given) in by_cap.items():
        yield name, world.admin, function, [cluster, lambda: world.admin_cap, *given]
    by_operator = {
        "add_bond": (calls.add_bond, one_mist),
        "new_challenge": (calls.new_challenge,),
        "activate": (calls.activate, enclave),
        "revoke": (calls.revoke_enclave, enclave),
    }
    for name, (function, *given) in by_operator.items():
        yield name, world.operator, function, [cluster, lambda: world.operator_cap, *given]
    evidence = [(statement(world, asked, status), b"\x00" * 64) for status in (200, 404)]
    violation = calls.Violation(answer.request, token, 1, world.now[0], b"\x00" * 64)
    named = {"cluster": cluster, "enclave": enclave, "token": token}
    granted = {**named, "grant": world.grant()}
    yield "submit", world.owner, calls.submit, [{**named, "asked": ask}]
    yield "submit_many", world.owner, calls.submit_many, [{**named, "asked": [ask]}]
    deposit = SETTINGS.receipt_deposit
    yield "submit_with_receipt", world.owner, calls.submit_with_receipt, [{**named, "asked": ask, "deposit": deposit}]
    yield "submit_with_grant", world.enclave_key, calls.submit_with_grant, [{**granted, "asked": ask}]
    yield "submit_many_with_grant", world.enclave_key, calls.submit_many_with_grant, [{**granted, "asked": [ask]}]
    yield "migrate", world.owner, calls.migrate_token, [cluster, token]
    told = {"request_id": asked, "answers": evidence}
    yield "report", world.owner, calls.report_equivocation, [cluster, enclave, told]
    yield "store", world.enclave_key, calls.store_k8s_response, [cluster, enclave, answer]
    yield "store_many", world.enclave_key, calls.store_k8s_responses, [cluster, enclave, [answer]]
    yield "violation", world.enclave_key, calls.store_k8s_violation, [cluster, enclave, violation]


def one_mist(builder):
    """A coin of 1 MIST."""
    return builder.split_coins(GAS_COIN, [builder.pure((1).to_bytes(8, "little"))])[0]


def built(contract, function, given):
    """One call: an owned object is looked up only now, and a coin is split here."""
    builder = ProgrammableBuilder()
    named = given[-1] if given and isinstance(given[-1], dict) else {}
    plain = [each(builder) if each is one_mist else each() if callable(each) else each for each in given]
    function(builder, contract, *(plain[:-1] if named else plain), **named)
    return builder


def statement(world, asked, status):
    """What an answer's statement would be; nobody signed it."""
    return AnswerStatement(
        domain=ANSWER_DOMAIN,
        chain_id=bytes(world.ledger.chain_id),
        package=world.contract.original,
        cluster=world.cluster.object_id,
        enclave=world.enclave.object_id,
        epoch=1,
        sequence=1,
        config_version=1,
        request_id=asked,
        payload_hash=bytes(32),
        status=status,
        body_hash=bytes(32),
        executed_at=world.now[0],
        answer_until=world.now[0] + 1,
    )


def test_the_old_package_refuses_once_the_cluster_has_moved(line, world):
    asked = request(world)
    world.challenge()
    line.move(world, wait=False)
    world.pass_ms(DELAYS.upgrade_ms)
    refused = {
        name: world.reason(built(line.first, function, given), sender)
        for name, sender, function, given in old_entry_points(world, asked)
    }
    refused["register"] = world.reason(world.registration(), world.operator)
    assert len(refused) == 30
    assert set(refused.values()) == {"cluster::EWrongVersion"}, refused


def test_the_new_package_refuses_before_the_cluster_has_moved(line, world):
    world.contract = line.second
    assert world.reason(world.submission(world.ask(GET_PODS)), world.owner) == "seal_token::EWrongVersion"
    wanted = call(calls.new_challenge, line.second, world.cluster, world.operator_cap)
    assert world.reason(wanted, world.operator) == "cluster::EWrongVersion"


@pytest.mark.parametrize("state", ["usable", "revoked", "expired"])
@pytest.mark.parametrize("moved", [False, True], ids=["cluster at 1", "cluster at 2"])
@pytest.mark.parametrize("code", [1, 2], ids=["through 1", "through 2"])
def test_what_is_put_up_comes_back_at_every_version_without_an_admin(line, world, code, moved, state):
    asked = call(
        calls.submit_with_receipt,
        line.first,
        cluster=world.cluster,
        enclave=world.enclave,
        token=world.token,
        asked=world.ask(CREATE_PODS),
        deposit=SETTINGS.receipt_deposit,
    )
    made = world.do(asked, world.owner)
    request_id = world.events(made)[0].request_id
    waiting = world.shared(request_id)
    if moved:
        line.move(world)
    world.do(call(calls.burn_admin, world.contract, world.cluster, world.admin_cap), world.admin)
    contract = line.first if code == 1 else line.second
    if state == "revoked":
        world.do(call(calls.revoke_token, contract, world.token), world.owner)
    elif state == "expired":
        world.pass_ms(3_600_000)

    # The stake: announced, not before its time, then all of it to the owner.
    stake = call(calls.announce_stake_withdrawal, contract, world.cluster, world.token, SETTINGS.min_stake)
    world.do(stake, world.owner)
    bond = call(calls.announce_bond_withdrawal, contract, world.cluster, world.operator_cap, SETTINGS.min_bond)
    world.do(bond, world.operator)
    world.pass_ms(WITHDRAWAL_MS - 1)
    paying = call(calls.withdraw_stake, contract, world.token)
    to = world.operator.address
    returning = call(calls.withdraw_bond, contract, world.cluster, world.operator_cap, to)
    assert world.reason(paying, world.owner) == "deposit::ENothingDue"
    assert world.reason(returning, world.operator) == "deposit::ENothingDue"
    world.pass_ms(1)
    before = sui(world, world.owner)
    done = world.do(paying, world.owner)
    assert sui(world, world.owner) - before == SETTINGS.min_stake - net(done)
    assert world.read(world.token.object_id).stake.balance == 0

    # The bond.
    before = sui(world, world.operator)
    returning = call(calls.withdraw_bond, contract, world.cluster, world.operator_cap, to)
    done = world.do(returning, world.operator)
    assert sui(world, world.operator) - before == SETTINGS.min_bond - net(done)
    assert world.read(world.cluster.object_id).operators.bonds == ()

    # The request: its deposit goes back to whoever asked, its storage to whoever ends it.
    world.pass_ms(30_001)
    before = sui(world, world.owner)
    done = world.do(call(calls.expire_request, contract, waiting), world.owner)
    assert deleted(done) == [request_id]
    assert net(done) < 0
    assert sui(world, world.owner) - before == SETTINGS.receipt_deposit - net(done)
