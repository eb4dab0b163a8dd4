/// What the events of a request and of an activation say: an enclave and its clients act on these alone.
#[test_only]
module k3s_daas::told_tests;

use k3s_daas::asks;
use k3s_daas::blame;
use k3s_daas::cluster_state::ClusterState;
use k3s_daas::events::{EnclaveActivated, EnclaveRegistered, K8sAPIRequest, K8sRequestProcessed, K8sResponseStored};
use k3s_daas::given;
use k3s_daas::rules::Rule;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::string::String;
use std::unit_test::assert_eq;
use sui::event;

const ASKED_AT: u64 = 1_002_000;
const DEADLINE: u64 = 1_012_000;
const ANSWER_UNTIL: u64 = 1_032_000;

/// What K8sAPIRequest is to say; events are compared by their bytes.
public struct Asked has copy, drop {
    request_id: address,
    cluster: address,
    enclave: address,
    epoch: u64,
    config_version: u64,
    token: address,
    owner: address,
    sender: address,
    session: vector<u8>,
    grant_expires_at: u64,
    narrowed: vector<Rule>,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    asked_at: u64,
    deadline: u64,
    answer_until: u64,
    stream: bool,
}

/// What K8sResponseStored is to say.
public struct Stored has drop {
    request_id: address,
    cluster: address,
    enclave: address,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    payload_hash: vector<u8>,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    answer_until: u64,
    stored_at: u64,
    signature: vector<u8>,
}

/// What K8sRequestProcessed is to say.
public struct Processed has drop {
    request_id: address,
    cluster: address,
    outcome: u8,
    processed_at: u64,
}

/// What EnclaveRegistered is to say.
public struct Registered has drop {
    enclave: address,
    cluster: address,
    operator: ID,
    challenge: address,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    measurement: u64,
    configuration: u64,
    document_time: u64,
    registered_at: u64,
    expires_at: u64,
}

/// What EnclaveActivated is to say.
public struct Activated has drop {
    enclave: address,
    epoch: u64,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    expires_at: u64,
    activated_at: u64,
    state: ClusterState,
}

/// What is told of `asks::ask()`.
fun asked(): Asked {
    Asked {
        request_id: signed::request_id(),
        cluster: signed::cluster_id(),
        enclave: signed::enclave_id(),
        epoch: 1,
        config_version: 2,
        token: signed::token_id(),
        owner: signed::owner_address(),
        sender: signed::owner_address(),
        session: b"",
        grant_expires_at: 0,
        narrowed: vector[],
        verb: given::text(b"get"),
        group: given::text(b""),
        resource: given::text(b"pods"),
        subresource: given::text(b""),
        namespace: given::text(b"default"),
        payload: vector[b"sealed"],
        payload_hash: signed::payload_hash(),
        payload_length: 6,
        asked_at: ASKED_AT,
        deadline: DEADLINE,
        answer_until: ANSWER_UNTIL,
        stream: false,
    }
}

fun assert_asked(told: &Asked) {
    let events = event::events_by_type<K8sAPIRequest>();
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(told));
}

fun assert_processed(outcome: u8, processed_at: u64) {
    let told = Processed {
        request_id: signed::request_id(),
        cluster: signed::cluster_id(),
        outcome,
        processed_at,
    };
    let events = event::events_by_type<K8sRequestProcessed>();
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
}

fun operator_of(world: &mut World): ID {
    let operator;
    world::by_operator!(world, |_, cap, _, _| operator = object::id(cap));
    operator
}

#[test]
fun a_request_of_the_owner_is_told_in_full() {
    let mut world = world::ready();
    world.submit(asks::ask());
    assert_asked(&asked());
    world.end();
}

#[test]
fun a_request_under_a_grant_names_its_delegate_session_and_rules() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"pods", b"", b"default", b"get"]];
    let ask = asks::ask().ask_from(signed::enclave_address());
    world.submit_with_grant(ask, given::hash(0x5E), 1_000_000, 1_600_000, narrowed, signed::narrow_grant());
    let mut told = asked();
    told.sender = signed::enclave_address();
    told.session = given::hash(0x5E);
    told.grant_expires_at = 1_600_000;
    told.narrowed = vector[given::rule(b"", b"pods", b"", b"default", vector[b"get"])];
    assert_asked(&told);
    world.end();
}

#[test]
fun a_stream_whose_payload_travels_beside_the_chain_is_told_as_one() {
    let mut world = world::ready();
    let ask = asks::ask().ask_resource(b"pods", b"exec").ask_deadline(ASKED_AT + 200_000, true);
    world.submit(ask.ask_payload(vector[], given::hash(1), 20_000));
    let mut told = asked();
    told.subresource = given::text(b"exec");
    told.payload = vector[];
    told.payload_hash = given::hash(1);
    told.payload_length = 20_000;
    told.deadline = ASKED_AT + 200_000;
    told.answer_until = ASKED_AT + 220_000;
    told.stream = true;
    assert_asked(&told);
    world.end();
}

#[test]
fun an_answer_is_told_with_all_that_was_signed() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(3);
    world.store(asks::reply());
    let told = Stored {
        request_id: signed::request_id(),
        cluster: signed::cluster_id(),
        enclave: signed::enclave_id(),
        epoch: 1,
        sequence: 7,
        config_version: 2,
        payload_hash: signed::payload_hash(),
        status: 200,
        body: vector[b"answer"],
        body_hash: signed::body_hash(),
        body_length: 6,
        executed_at: given::now() + 2_500,
        answer_until: ANSWER_UNTIL,
        stored_at: ASKED_AT + 3,
        signature: signed::answer(),
    };
    let events = event::events_by_type<K8sResponseStored>();
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
    assert_processed(0, ASKED_AT + 3);
    world.end();
}

#[test]
fun an_expiry_is_told_as_one() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    assert_processed(1, ANSWER_UNTIL + 1);
    world.end();
}

#[test]
fun a_violation_is_told_as_one() {
    let mut world = world::ready();
    world.submit(asks::ask());
    blame::violation().store(&mut world);
    assert_processed(2, ASKED_AT);
    world.end();
}

#[test]
fun a_registration_is_told_with_what_it_proved() {
    let mut world = world::registered();
    let events = event::events_by_type<EnclaveRegistered>();
    let told = Registered {
        enclave: signed::enclave_id(),
        cluster: signed::cluster_id(),
        operator: operator_of(&mut world),
        challenge: signed::challenge_id(),
        address: signed::enclave_address(),
        public_key: signed::enclave_key(),
        hpke_key: b"hpke",
        tls_ca_hash: given::hash(0xCA),
        measurement: 1,
        configuration: 2,
        document_time: given::now(),
        registered_at: given::now(),
        expires_at: given::now() + given::lifetime(),
    };
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
    world.end();
}

#[test]
fun an_activation_is_told_with_the_full_state_of_the_cluster() {
    let mut world = world::registered();
    world.change_setting(b"min_stake", 1);
    world.pass(5);
    world.activate();
    let events = event::events_by_type<EnclaveActivated>();
    let state;
    world::with_cluster!(&mut world, |cluster, clock| state = cluster.state(clock));
    let told = Activated {
        enclave: signed::enclave_id(),
        epoch: 1,
        address: signed::enclave_address(),
        public_key: signed::enclave_key(),
        hpke_key: b"hpke",
        tls_ca_hash: given::hash(0xCA),
        expires_at: given::now() + given::lifetime(),
        activated_at: given::now() + 5,
        state,
    };
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
    world.end();
}
