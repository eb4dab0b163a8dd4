/// `store_k8s_violation`: each yes and each no that is not a matter of the signature alone (see
/// `violation_signature_tests`).
#[test_only]
module k3s_daas::violation_tests;

use k3s_daas::asks;
use k3s_daas::blame;
use k3s_daas::events::{K8sRequestProcessed, K8sViolationStored, SealTokenChanged};
use k3s_daas::given;
use k3s_daas::request::Request;
use k3s_daas::seal_token;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const ASKED_AT: u64 = 1_002_000;
const ANSWER_UNTIL: u64 = 1_032_000;

/// What K8sViolationStored is to say; events are compared by their bytes.
public struct Told has drop {
    request_id: address,
    cluster: address,
    enclave: address,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    token: address,
    payload_hash: vector<u8>,
    found_at: u64,
    answer_until: u64,
    stored_at: u64,
    lost: u64,
    signature: vector<u8>,
}

/// A ready world in which the owner has asked for something.
fun asked(): World {
    let mut world = world::ready();
    world.submit(asks::ask());
    world
}

fun assert_stake(world: &mut World, counted: u64) {
    world::with_token!(world, given::stranger(), |_, token, _, _| assert_eq!(token.counted_stake(), counted));
}

fun announce(world: &mut World, amount: u64) {
    world::with_token!(world, signed::owner_address(), |cluster, token, clock, ctx| {
        seal_token::announce_stake_withdrawal(cluster, token, amount, clock, ctx);
    });
}

#[test]
fun a_violation_costs_its_part_of_the_stake_and_nobody_gets_it() {
    let mut world = asked();
    blame::violation().store(&mut world);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    assert_stake(&mut world, 750);
    assert_eq!(blame::coins(&mut world, @0x0), 250);
    assert_eq!(blame::coins(&mut world, signed::enclave_address()), 0);
    world.end();
}

#[test]
fun a_violation_is_told_with_all_that_was_signed_and_lost() {
    let mut world = asked();
    world.pass(9);
    blame::violation().store(&mut world);
    let told = Told {
        request_id: signed::request_id(),
        cluster: signed::cluster_id(),
        enclave: signed::enclave_id(),
        epoch: 1,
        sequence: 7,
        config_version: 2,
        token: signed::token_id(),
        payload_hash: signed::payload_hash(),
        found_at: given::now() + 2_500,
        answer_until: ANSWER_UNTIL,
        stored_at: ASKED_AT + 9,
        lost: 250,
        signature: signed::violation(),
    };
    let events = event::events_by_type<K8sViolationStored>();
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
    world.end();
}

#[test]
fun a_violation_consumes_its_request() {
    let mut world = asked();
    blame::violation().store(&mut world);
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.deleted(), vector[signed::request_id().to_id()]);
    assert!(!test_scenario::has_most_recent_shared<Request>());
    world.end();
}

#[test]
fun a_second_violation_costs_its_part_of_the_rest() {
    let mut world = asked();
    world.submit(asks::ask().ask_in(0x06));
    blame::violation().store(&mut world);
    blame::second_violation().store(&mut world);
    assert_stake(&mut world, 563);
    assert_eq!(blame::coins(&mut world, @0x0), 437);
    world.end();
}

#[test]
fun a_penalty_is_a_part_of_what_is_leaving_too() {
    let mut world = asked();
    announce(&mut world, 600);
    blame::violation().store(&mut world);
    assert_stake(&mut world, 150);
    assert_eq!(blame::coins(&mut world, @0x0), 250);
    world.end();
}

#[test]
fun what_leaves_is_lost_where_nothing_else_is_left() {
    let mut world = asked();
    announce(&mut world, 1_000);
    blame::violation().store(&mut world);
    assert_eq!(blame::coins(&mut world, @0x0), 250);
    world.pass(5_000);
    world::with_token!(&mut world, signed::owner_address(), |_, token, clock, ctx| {
        seal_token::withdraw_stake(token, clock, ctx);
    });
    assert_eq!(blame::coins(&mut world, signed::owner_address()), 750);
    world.end();
}

#[test]
fun a_violation_without_stake_costs_nothing() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.submit(asks::ask());
    blame::violation().store(&mut world);
    assert_eq!(event::events_by_type<K8sViolationStored>().length(), 1);
    assert_eq!(blame::coins(&mut world, @0x0), 0);
    world.end();
}

#[test]
fun a_violation_of_a_revoked_token_costs_too() {
    let mut world = asked();
    world.revoke_token(signed::owner_address());
    blame::violation().store(&mut world);
    assert_eq!(blame::coins(&mut world, @0x0), 250);
    world.end();
}

// Refused

#[test, expected_failure(abort_code = ::k3s_daas::answer::EUnderGrant)]
fun what_a_gateway_built_is_not_the_owners_violation() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(signed::enclave_address());
    world.submit_with_grant(ask, given::hash(0x5E), 1_000_000, 1_600_000, vector[], signed::grant());
    blame::violation().store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EOtherToken)]
fun another_token_does_not_pay() {
    let mut world = asked();
    let other;
    world::by_admin!(&mut world, |cluster, cap, clock, ctx| {
        let stake = sui::coin::mint_for_testing(1_000, ctx);
        other = seal_token::issue(
            cluster,
            cap,
            signed::owner_address(),
            signed::owner_key(),
            given::token_rules(),
            stake,
            9_000_000,
            given::text(b""),
            clock,
            ctx,
        );
    });
    blame::violation().violation_of(other).store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ENotEnclave)]
fun only_the_enclave_reports_a_violation() {
    let mut world = asked();
    blame::violation().violation_from(given::stranger()).store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EOtherEnclave)]
fun the_successor_reports_no_violation_of_a_request_before_it() {
    let mut world = asked();
    let other = world.supersede();
    blame::violation().violation_by(other).violation_from(signed::other_address()).store(&mut world);
    world.end();
}

#[test]
fun a_violation_is_in_time_until_the_last_millisecond() {
    let mut world = asked();
    world.pass(ANSWER_UNTIL - ASKED_AT);
    blame::violation().store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EAnswerTooLate)]
fun a_violation_can_be_too_late() {
    let mut world = asked();
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    blame::violation().store(&mut world);
    world.end();
}

#[test]
fun a_violation_may_be_dated_a_minute_before_the_request() {
    let mut world = asked();
    let violation = blame::violation().violation_found_at(ASKED_AT - 60_000);
    violation.violation_signature(signed::violation_found_earliest()).store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EExecutedAt)]
fun a_violation_long_before_the_request_is_refused() {
    let mut world = asked();
    blame::violation().violation_found_at(ASKED_AT - 60_001).store(&mut world);
    world.end();
}

#[test]
fun a_violation_may_be_dated_a_minute_ahead() {
    let mut world = asked();
    let violation = blame::violation().violation_found_at(ASKED_AT + 60_000);
    violation.violation_signature(signed::violation_found_latest()).store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EExecutedAt)]
fun a_violation_in_the_future_is_refused() {
    let mut world = asked();
    blame::violation().violation_found_at(ASKED_AT + 60_001).store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_reports_no_violation() {
    let mut world = asked();
    world.revoke_enclave();
    blame::violation().store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun an_enclave_of_a_retired_image_reports_no_violation() {
    let mut world = asked();
    world.retire_measurement(1);
    blame::violation().store(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun an_enclave_whose_operators_bond_leaves_reports_no_violation() {
    let mut world = asked();
    world::by_operator!(&mut world, |cluster, cap, clock, _| cluster.announce_bond_withdrawal(cap, 1, clock));
    blame::violation().store(&mut world);
    world.end();
}
