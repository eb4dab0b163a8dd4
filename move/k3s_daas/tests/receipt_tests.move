/// Receipts and their deposits: who brings one, who gets the receipt, and where the deposit goes in each case.
#[test_only]
module k3s_daas::receipt_tests;

use k3s_daas::asks::{Self, Ask};
use k3s_daas::blame;
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::Enclave;
use k3s_daas::events::K8sAPIRequest;
use k3s_daas::given;
use k3s_daas::receipt::{Self, Receipt};
use k3s_daas::request;
use k3s_daas::seal_token::SealToken;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const ASKED_AT: u64 = 1_002_000;
const ANSWER_UNTIL: u64 = 1_032_000;
const KEEPER_DELAY: u64 = 600_000;
const DEPOSIT: u64 = 300;

/// What a receipt is to hold; objects are compared by their bytes.
public struct Held has drop {
    id: ID,
    request_id: address,
    cluster: address,
    enclave: address,
    sequence: u64,
    status: u16,
    body_hash: vector<u8>,
    executed_at: u64,
    stored_at: u64,
    signature: vector<u8>,
}

fun submit(world: &mut World, ask: Ask, deposit: u64) {
    world.scenario().next_tx(ask.sender());
    let deposit = given::sui(deposit, &mut world.context(ask.sender()));
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let token = world.scenario().take_shared<SealToken>();
    request::submit_with_receipt(
        &cluster,
        &enclave,
        &token,
        given::text(ask.verb()),
        given::text(ask.group()),
        given::text(ask.resource()),
        given::text(ask.subresource()),
        given::text(ask.namespace()),
        ask.payload(),
        ask.payload_hash(),
        ask.payload_length(),
        ask.deadline(),
        ask.stream(),
        deposit,
        world.clock(),
        &mut given::context(ask.sender(), ask.transaction()),
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// A ready world in which the owner has asked for something and for a receipt.
fun asked(): World {
    let mut world = world::ready();
    submit(&mut world, asks::ask(), DEPOSIT);
    world
}

// The deposit

#[test]
fun a_request_with_the_deposit_is_shared_and_announced() {
    let mut world = asked();
    assert_eq!(event::events_by_type<K8sAPIRequest>().length(), 1);
    let effects = world.scenario().next_tx(given::stranger());
    assert!(effects.shared().contains(&signed::request_id().to_id()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeposit)]
fun a_smaller_deposit_is_refused() {
    let mut world = world::ready();
    submit(&mut world, asks::ask(), DEPOSIT - 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeposit)]
fun a_larger_deposit_is_refused() {
    let mut world = world::ready();
    submit(&mut world, asks::ask(), DEPOSIT + 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeposit)]
fun no_deposit_is_no_receipt() {
    let mut world = world::ready();
    submit(&mut world, asks::ask(), 0);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun a_stranger_pays_for_nothing() {
    let mut world = world::ready();
    submit(&mut world, asks::ask().ask_from(given::stranger()), DEPOSIT);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun a_deposit_allows_nothing_more() {
    let mut world = world::ready();
    submit(&mut world, asks::ask().ask_verb(b"delete"), DEPOSIT);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeposit)]
fun a_deposit_that_was_raised_holds_at_once() {
    let mut world = world::ready();
    world.change_setting(b"receipt_deposit", 400);
    submit(&mut world, asks::ask(), DEPOSIT);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeposit)]
fun a_deposit_that_was_lowered_is_not_lower_a_millisecond_before() {
    let mut world = world::ready();
    world.change_setting(b"receipt_deposit", 200);
    world.pass(1_499);
    submit(&mut world, asks::ask(), 200);
    world.end();
}

#[test]
fun a_deposit_that_was_lowered_is_lower_after_the_delay() {
    let mut world = world::ready();
    world.change_setting(b"receipt_deposit", 200);
    world.pass(1_500);
    submit(&mut world, asks::ask(), 200);
    world.end();
}

// Answered

#[test]
fun a_receipt_holds_the_answer_and_belongs_to_the_requester() {
    let mut world = asked();
    world.pass(3);
    world.store(asks::reply());
    world.scenario().next_tx(signed::owner_address());
    let receipt = world.scenario().take_from_sender<Receipt>();
    let held = Held {
        id: object::id(&receipt),
        request_id: signed::request_id(),
        cluster: signed::cluster_id(),
        enclave: signed::enclave_id(),
        sequence: 7,
        status: 200,
        body_hash: signed::body_hash(),
        executed_at: given::now() + 2_500,
        stored_at: ASKED_AT + 3,
        signature: signed::answer(),
    };
    assert_eq!(bcs::to_bytes(&receipt), bcs::to_bytes(&held));
    world.scenario().return_to_sender(receipt);
    world.end();
}

#[test]
fun the_deposit_goes_to_the_enclave_that_answers() {
    let mut world = asked();
    world.store(asks::reply());
    assert_eq!(blame::coins(&mut world, signed::enclave_address()), DEPOSIT);
    assert_eq!(blame::coins(&mut world, signed::owner_address()), 0);
    world.end();
}

#[test]
fun without_a_deposit_there_is_no_receipt() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply());
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.created(), vector[]);
    assert_eq!(blame::coins(&mut world, signed::enclave_address()), 0);
    world.end();
}

#[test]
fun its_owner_deletes_a_receipt() {
    let mut world = asked();
    world.store(asks::reply());
    world.scenario().next_tx(signed::owner_address());
    let receipt = world.scenario().take_from_sender<Receipt>();
    let id = object::id(&receipt);
    receipt::delete_receipt(receipt);
    let effects = world.scenario().next_tx(signed::owner_address());
    assert_eq!(effects.deleted(), vector[id]);
    world.end();
}

// Not answered

#[test]
fun the_deposit_comes_back_when_the_requester_expires_his_request() {
    let mut world = asked();
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    assert_eq!(blame::coins(&mut world, signed::owner_address()), DEPOSIT);
    world.end();
}

#[test]
fun the_deposit_goes_to_the_requester_whoever_expires_the_request() {
    let mut world = asked();
    world.pass(ANSWER_UNTIL - ASKED_AT + KEEPER_DELAY + 1);
    world.expire(given::stranger());
    assert_eq!(blame::coins(&mut world, signed::owner_address()), DEPOSIT);
    assert_eq!(blame::coins(&mut world, given::stranger()), 0);
    world.end();
}

#[test]
fun a_deposit_comes_back_as_it_was_paid_when_another_is_asked_for_now() {
    let mut world = asked();
    world.change_setting(b"receipt_deposit", 400);
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    assert_eq!(blame::coins(&mut world, signed::owner_address()), DEPOSIT);
    world.end();
}

#[test]
fun the_deposit_comes_back_on_a_violation_and_there_is_no_receipt() {
    let mut world = asked();
    blame::violation().store(&mut world);
    assert_eq!(blame::coins(&mut world, signed::owner_address()), DEPOSIT);
    assert_eq!(blame::coins(&mut world, signed::enclave_address()), 0);
    assert_eq!(blame::coins(&mut world, @0x0), 250);
    assert!(!test_scenario::has_most_recent_for_address<Receipt>(signed::owner_address()));
    world.end();
}
