"""The compiled contract on the embedded ledger: from publishing to the signed answer, and what it denies."""

import dataclasses

import pytest

from attestation.sim import pki
from chain.bindings import calls, events, objects
from chain.bindings.abort import abort_table
from chain.bindings.cluster_object import Cluster
from chain.rules import Envelope, Rule
from localnet.ledger import Ledger
from sui.builder import ProgrammableBuilder
from sui.effects import CommandArgumentError, MoveAbort
from sui.transaction import GAS_COIN
from sui.types import Address

from .contract_world import (
    CREATE_PODS,
    GET_PODS,
    PCRS,
    SETTINGS,
    START_MS,
    ContractWorld,
    deleted,
    key,
)

pytestmark = pytest.mark.toolchain


@pytest.fixture
def published(compiled_contract, compiled_modules, framework_bundle):
    now = [START_MS]
    root = pki.make_root(START_MS)
    ledger = Ledger(
        ":memory:", seed=7, finality_ms=0, clock=lambda: now[0], trust_roots=[root.der], framework=framework_bundle
    )
    world = ContractWorld(ledger, abort_table(compiled_modules), root, now)
    world.publish(compiled_modules, [Address.parse(each) for each in compiled_contract["dependencies"]])
    yield world
    ledger.close()


@pytest.fixture
def world(published):
    published.create()
    published.bond()
    published.challenge()
    published.register()
    published.activate()
    return published


def test_a_cluster_is_created_in_one_transaction(published):
    done = published.create()
    cluster = published.read(published.cluster.object_id)
    assert isinstance(cluster, Cluster)
    assert cluster.settings == SETTINGS
    assert cluster.package == published.contract.original
    assert cluster.chain_id == bytes(published.ledger.chain_id)
    assert (cluster.approvals.measurements[0].pcr0, cluster.approvals.measurements[0].pcr2) == (PCRS[0], PCRS[2])
    changed = [each for each in published.events(done) if isinstance(each, events.ClusterChanged)]
    assert [each.change for each in changed] == ["created"]
    assert changed[0].state.cluster == published.cluster.object_id
    token = published.read(published.token.object_id)
    assert isinstance(token, objects.SealToken)
    assert (token.owner, token.usable_from) == (published.owner.address, START_MS)
    assert token.stake.counted == SETTINGS.min_stake


def test_an_enclave_is_registered_by_its_document_and_activated(published):
    published.create()
    published.bond()
    published.challenge()
    registered = published.events(published.register())[0]
    assert isinstance(registered, events.EnclaveRegistered)
    assert registered.address == published.enclave_key.address
    assert registered.document_time == START_MS
    activated = published.events(published.activate())[0]
    assert isinstance(activated, events.EnclaveActivated)
    assert (activated.epoch, activated.state.active_enclave) == (1, published.enclave.object_id)
    enclave = published.read(published.enclave.object_id)
    assert isinstance(enclave, objects.Enclave)
    assert enclave.public_key == published.enclave_key.public


@pytest.fixture
def challenged(published):
    published.create()
    published.bond()
    published.challenge()
    return published


def test_a_document_of_a_debug_enclave_is_refused(challenged):
    nonce = bytes(challenged.owned(challenged.operator, "enclave", "Challenge").object_id)
    builder = challenged.registration(challenged.document(nonce, debug=True))
    assert challenged.reason(builder, challenged.operator) == "approvals::EPcrZero"


def test_a_document_with_another_nonce_is_refused(challenged):
    builder = challenged.registration(challenged.document(bytes(32)))
    assert challenged.reason(builder, challenged.operator) == "enclave::ENonce"


def test_an_old_document_is_refused(challenged):
    builder = challenged.registration()
    challenged.pass_ms(301_000)
    assert challenged.reason(builder, challenged.operator) == "enclave::EDocumentTime"


def test_an_altered_document_is_refused_by_the_ledger(challenged):
    nonce = bytes(challenged.owned(challenged.operator, "enclave", "Challenge").object_id)
    document = bytearray(challenged.document(nonce))
    document[-1] ^= 1
    done = challenged.run(challenged.registration(bytes(document)), challenged.operator)
    error = challenged.why(done)
    assert isinstance(error, MoveAbort)
    assert (error.location.module.name, error.code) == ("nitro_attestation", 2)


def test_a_key_registers_once(world):
    world.challenge()
    assert world.reason(world.registration(), world.operator) == "cluster::EKeyRegistered"


def test_a_request_is_asked_and_answered(world):
    asked = world.do(world.submission(world.ask(GET_PODS, b"sealed")), world.owner)
    request = world.events(asked)[0]
    assert isinstance(request, events.K8sAPIRequest)
    assert (request.verb, request.resource, request.namespace, request.payload) == (
        "get",
        "pods",
        "default",
        (b"sealed",),
    )
    assert (request.owner, request.sender, request.session) == (world.owner.address, world.owner.address, b"")
    assert request.asked_at == START_MS
    world.pass_ms(500)
    stored = world.do(world.storing(world.answer(request.request_id)), world.enclave_key)
    response, processed = world.events(stored)
    assert isinstance(response, events.K8sResponseStored)
    assert (response.status, response.body, response.payload_hash) == (200, (b"sealed answer",), request.payload_hash)
    assert processed == events.K8sRequestProcessed(
        request.request_id, world.cluster.object_id, events.Outcome.ANSWERED, START_MS + 500
    )
    assert deleted(stored) == [request.request_id]
    assert stored.effects.gas_used.storage_rebate > stored.effects.gas_used.storage_cost


def test_a_request_changes_no_object_but_its_own(world):
    asked = world.do(world.submission(world.ask(GET_PODS)), world.owner)
    gas = {each.ref.object_id for each in world.ledger.owned_objects(world.owner.address).items}
    changed = {change.object_id for change in asked.effects.changed_objects} - gas
    request = world.events(asked)[0]
    assert isinstance(request, events.K8sAPIRequest)
    assert changed == {request.request_id}


def test_a_wrong_signature_aborts(world):
    request = world.events(world.do(world.submission(world.ask(GET_PODS)), world.owner))[0]
    forged = world.answer(request.request_id, signer=key("somebody"))
    assert world.reason(world.storing(forged), world.enclave_key) == "answer::ESignature"
    altered = dataclasses.replace(world.answer(request.request_id), status=404)
    assert world.reason(world.storing(altered), world.enclave_key) == "answer::ESignature"
    good = world.answer(request.request_id)
    assert world.reason(world.storing(good), world.owner) == "answer::ENotEnclave"
    world.do(world.storing(good), world.enclave_key)


def test_requests_under_a_grant(world):
    narrowed = (Rule("", "pods", "", "default", ("get",)),)
    for grant in (world.grant(), world.grant(narrowed)):
        request = world.events(world.do(world.granted(grant, world.ask(GET_PODS)), world.enclave_key))[0]
        assert isinstance(request, events.K8sAPIRequest)
        assert (request.owner, request.sender) == (world.owner.address, world.enclave_key.address)
        assert (request.session, request.grant_expires_at) == (grant.session, grant.expires_at)
        assert request.narrowed == grant.rules
        world.do(world.storing(world.answer(request.request_id)), world.enclave_key)


def test_a_grant_is_refused(world):
    ask = world.ask(GET_PODS)
    assert world.reason(world.granted(world.grant(), ask), world.owner) == "request::ENotDelegate"
    forged = world.grant(signer=key("somebody"))
    assert world.reason(world.granted(forged, ask), world.enclave_key) == "grant::ESignature"
    wide = world.grant((Rule("", "*", "", "*", ("*",)),))
    assert world.reason(world.granted(wide, ask), world.enclave_key) == "grant::EWiderThanToken"
    grant = world.grant()
    world.pass_ms(600_000)
    assert world.reason(world.granted(grant, world.ask(GET_PODS)), world.enclave_key) == "grant::EExpired"


def test_several_requests_in_one_transaction_and_their_answers_in_one_call(world):
    asked = world.do(world.submission(*(world.ask(GET_PODS, bytes([at]) * 9) for at in range(1, 6))), world.owner)
    requests = [each.request_id for each in world.events(asked)]
    assert len(set(requests)) == 5
    answers = [world.answer(each, bytes([at]), sequence=at) for at, each in enumerate(requests, 1)]
    stored = world.do(world.storing(*answers), world.enclave_key)
    assert sorted(deleted(stored)) == sorted(requests)
    assert [each.sequence for each in world.events(stored) if isinstance(each, events.K8sResponseStored)] == [
        1,
        2,
        3,
        4,
        5,
    ]


def test_two_single_answers_do_not_fit_one_transaction(world):
    asked = world.do(world.submission(world.ask(GET_PODS), world.ask(GET_PODS, b"other")), world.owner)
    builder = ProgrammableBuilder()
    for each in world.events(asked):
        calls.store_k8s_response(builder, world.contract, world.cluster, world.enclave, world.answer(each.request_id))
    done = world.run(builder, world.enclave_key)
    error = world.why(done)
    assert isinstance(error, CommandArgumentError)
    assert error.kind == "InvalidArgumentToPrivateEntryFunction"
    assert done.effects.status.command == 1


@pytest.mark.parametrize("size", [1, 16_000, 16_001, 100_000])
def test_payloads_and_bodies_of_many_sizes(world, size):
    sealed = bytes(at % 253 for at in range(size))
    request = world.events(world.do(world.submission(world.ask(GET_PODS, sealed)), world.owner))[0]
    assert isinstance(request, events.K8sAPIRequest)
    assert b"".join(request.payload) == sealed
    stored = world.events(world.do(world.storing(world.answer(request.request_id, sealed)), world.enclave_key))[0]
    assert isinstance(stored, events.K8sResponseStored)
    assert b"".join(stored.body) == sealed


def test_a_payload_beside_the_chain(world):
    asked = calls.submission(GET_PODS, bytes(2_000_000), deadline=START_MS + 5_000, inline_bytes=8_192)
    request = world.events(world.do(world.submission(asked), world.owner))[0]
    assert isinstance(request, events.K8sAPIRequest)
    assert (request.payload, request.payload_length) == ((), 2_000_000)


def test_what_the_contract_denies(world):
    denied = {
        "seal_token::ENotAllowed": world.ask(Envelope("delete", "", "pods", "", "default")),
        "request::EDeadlinePassed": world.ask(GET_PODS, wait_ms=0),
        "request::EDeadlineTooFar": world.ask(GET_PODS, wait_ms=30_001),
        "chunks::EHashMismatch": dataclasses.replace(world.ask(GET_PODS), payload=b"other!"),
        "rules::ENoResource": world.ask(Envelope("get", "", "", "", "")),
    }
    for reason, asked in denied.items():
        assert world.reason(world.submission(asked), world.owner) == reason
    assert world.reason(world.submission(world.ask(GET_PODS)), key("stranger")) == "request::ENotOwner"
    world.do(world.submission(world.ask(Envelope("get", "", "", "/metrics/x", ""))), world.owner)


def issue(world, stake):
    builder = ProgrammableBuilder()
    calls.issue_token(
        builder,
        world.contract,
        world.cluster,
        world.admin_cap,
        owner=world.owner.address,
        public_key=world.owner.public,
        rules=(Rule("", "pods", "", "default", ("get", "create")),),
        stake=stake,
        expires_at=world.now[0] + 3_600_000,
    )
    done = world.do(builder, world.admin)
    world.token = world.shared(world.find(done, "SealToken"))
    return done


def test_a_change_needs_stake_and_a_later_token_its_delay(world):
    issue(world, 0)
    assert world.reason(world.submission(world.ask(GET_PODS)), world.owner) == "seal_token::ENotYetUsable"
    world.pass_ms(1_000)
    world.do(world.submission(world.ask(GET_PODS)), world.owner)
    assert world.reason(world.submission(world.ask(CREATE_PODS)), world.owner) == "seal_token::EStake"
    builder = ProgrammableBuilder()
    coin = builder.split_coins(GAS_COIN, [builder.pure(SETTINGS.min_stake.to_bytes(8, "little"))])[0]
    calls.add_stake(builder, world.contract, world.token, coin)
    changed = world.events(world.do(builder, key("friend")))[0]
    assert isinstance(changed, events.SealTokenChanged)
    assert changed.stake == SETTINGS.min_stake
    world.do(world.submission(world.ask(CREATE_PODS)), world.owner)


def test_tokens_are_announced_and_revoked(world):
    builder = ProgrammableBuilder()
    calls.announce_token(builder, world.contract, world.token)
    announced = world.events(world.do(builder, key("anyone")))[0]
    assert isinstance(announced, events.SealTokenChanged)
    assert (announced.token, announced.revoked) == (world.token.object_id, False)
    builder = ProgrammableBuilder()
    calls.revoke_token(builder, world.contract, world.token)
    revoked = world.events(world.do(builder, world.owner))[0]
    assert isinstance(revoked, events.SealTokenChanged)
    assert revoked.revoked
    assert world.reason(world.submission(world.ask(GET_PODS)), world.owner) == "seal_token::ERevoked"


def test_an_enclave_that_is_revoked_neither_gets_nor_answers_requests(world):
    request = world.events(world.do(world.submission(world.ask(GET_PODS)), world.owner))[0]
    answer = world.answer(request.request_id)
    builder = ProgrammableBuilder()
    calls.revoke_enclave(builder, world.contract, world.cluster, world.admin_cap, world.enclave, by_admin=True)
    world.do(builder, world.admin)
    assert world.reason(world.submission(world.ask(GET_PODS)), world.owner) == "enclave::ERevoked"
    assert world.reason(world.storing(answer), world.enclave_key) == "enclave::ERevoked"


def test_retiring_an_image_ends_its_enclaves(world):
    builder = ProgrammableBuilder()
    calls.retire_measurement(builder, world.contract, world.cluster, world.admin_cap, 1)
    changed = world.events(world.do(builder, world.admin))[0]
    assert isinstance(changed, events.ClusterChanged)
    assert changed.state.measurements[0].retired_at == START_MS
    assert world.reason(world.submission(world.ask(GET_PODS)), world.owner) == "enclave::EMeasurementRetired"


def test_an_unanswered_request_expires(world):
    request = world.events(world.do(world.submission(world.ask(GET_PODS)), world.owner))[0]
    shared = world.shared(request.request_id)
    answer = world.answer(request.request_id)

    def expiry():
        builder = ProgrammableBuilder()
        calls.expire_request(builder, world.contract, shared)
        return builder

    world.pass_ms(30_000)
    assert world.reason(expiry(), world.owner) == "request::ENotExpired"
    world.pass_ms(1)
    assert world.reason(world.storing(answer), world.enclave_key) == "answer::EAnswerTooLate"
    assert world.reason(expiry(), key("keeper")) == "request::ENotRequester"
    done = world.do(expiry(), world.owner)
    processed = world.events(done)[0]
    assert isinstance(processed, events.K8sRequestProcessed)
    assert processed.outcome == events.Outcome.EXPIRED
    assert done.effects.gas_used.storage_rebate > 0
