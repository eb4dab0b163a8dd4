/// What requests are held to: the settings that are in force when they are asked, and none that changes while they
/// are in flight.
#[test_only]
module k3s_daas::in_force_tests;

use k3s_daas::asks::{Self, Ask};
use k3s_daas::events::K8sResponseStored;
use k3s_daas::given;
use k3s_daas::proofs;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::hash;
use std::unit_test::assert_eq;
use sui::event;

const ASKED_AT: u64 = 1_002_000;
const ANSWER_UNTIL: u64 = 1_032_000;
/// The delay of settings in the world.
const DELAY: u64 = 1_500;

/// Changes a setting, waits, and asks.
fun ask_after(name: vector<u8>, value: u64, wait: u64, ask: Ask) {
    let mut world = world::ready();
    world.change_setting(name, value);
    world.pass(wait);
    world.submit(ask);
    world.end();
}

fun of_length(length: u64): Ask {
    let payload = vector[vector::tabulate!(length, |_| 7)];
    asks::ask().ask_payload(payload, hash::sha2_256(bcs::to_bytes(&payload)), length)
}

/// A ready world in which the owner has asked for something.
fun asked(): World {
    let mut world = world::ready();
    world.submit(asks::ask());
    world
}

fun announce_bond(world: &mut World, amount: u64) {
    world::by_operator!(world, |cluster, cap, clock, _| cluster.announce_bond_withdrawal(cap, amount, clock));
}

fun grow_delays(world: &mut World) {
    world::by_admin!(world, |cluster, cap, clock, _| cluster.grow_delays(cap, given::delay_maxima(), clock));
}

/// An answer of two chunks to `asks::ask()`: 20,000 bytes.
fun store_20_000(world: &mut World) {
    let body = vector[vector::tabulate!(16_000, |_| 0x2a), vector::tabulate!(4_000, |_| 0x2a)];
    let reply = asks::reply().reply_body(body, signed::two_chunks_hash(), 20_000);
    world.store(reply.reply_signature(signed::answer_of_two_chunks()));
}

// When it is asked

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun a_longer_deadline_is_refused_a_millisecond_before_it_is_due() {
    ask_after(b"max_deadline_ms", 40_000, DELAY - 1, asks::ask().ask_deadline(ASKED_AT + DELAY + 30_001, false));
}

#[test]
fun a_longer_deadline_is_accepted_when_it_is_due() {
    ask_after(b"max_deadline_ms", 40_000, DELAY, asks::ask().ask_deadline(ASKED_AT + DELAY + 40_000, false));
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun a_shorter_deadline_holds_at_once() {
    ask_after(b"max_deadline_ms", 9_999, 0, asks::ask());
}

#[test]
fun a_longer_stream_is_accepted_when_it_is_due() {
    ask_after(b"max_stream_ms", 400_000, DELAY, asks::ask().ask_deadline(ASKED_AT + DELAY + 400_000, true));
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun a_smaller_stake_is_not_enough_a_millisecond_before_it_is_due() {
    let mut world = world::registered();
    world.activate();
    world.issue(10);
    world.pass(2_000);
    world.change_setting(b"min_stake", 10);
    world.pass(DELAY - 1);
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test]
fun a_smaller_stake_is_enough_when_it_is_due() {
    let mut world = world::registered();
    world.activate();
    world.issue(10);
    world.pass(2_000);
    world.change_setting(b"min_stake", 10);
    world.pass(DELAY);
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun a_larger_stake_is_asked_for_at_once() {
    ask_after(b"min_stake", given::min_stake() + 1, 0, asks::ask().ask_verb(b"create"));
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EPayloadTooLong)]
fun a_longer_payload_is_refused_a_millisecond_before_it_is_due() {
    ask_after(b"request_inline_bytes", 9_000, DELAY - 1, of_length(9_000));
}

#[test]
fun a_longer_payload_is_accepted_when_it_is_due() {
    ask_after(b"request_inline_bytes", 9_000, DELAY, of_length(9_000));
}

#[test]
fun a_payload_may_have_seven_chunks_where_the_cluster_allows_them() {
    let payload = vector::tabulate!(7, |_| vector::tabulate!(16_000, |_| 7));
    let ask = asks::ask().ask_payload(payload, hash::sha2_256(bcs::to_bytes(&payload)), 112_000);
    ask_after(b"request_inline_bytes", 112_000, DELAY, ask);
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EPayloadTooLong)]
fun a_shorter_payload_holds_at_once() {
    ask_after(b"request_inline_bytes", 8_000, 0, of_length(8_001));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun a_larger_bond_is_asked_for_at_once() {
    ask_after(b"min_bond", given::min_bond() + 1, 0, asks::ask());
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun a_smaller_bond_is_not_enough_a_millisecond_before_it_is_due() {
    let mut world = world::ready();
    world.change_setting(b"min_bond", 4_000);
    announce_bond(&mut world, 1_000);
    world.pass(DELAY - 1);
    world.submit(asks::ask());
    world.end();
}

#[test]
fun a_smaller_bond_is_enough_when_it_is_due() {
    let mut world = world::ready();
    world.change_setting(b"min_bond", 4_000);
    announce_bond(&mut world, 1_000);
    world.pass(DELAY);
    world.submit(asks::ask());
    world.end();
}

#[test]
fun an_enclave_registers_for_the_lifetime_in_force() {
    let mut world = world::empty();
    world.change_setting(b"enclave_lifetime_ms", 90_000_000);
    world.pass(DELAY);
    world.add_bond(given::min_bond());
    world.challenge();
    world.register(proofs::proof());
    let expires_at = world.time() + 90_000_000;
    world::with_enclave!(&mut world, |_, enclave, _| assert_eq!(enclave.expires_at(), expires_at));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EChallengeExpired)]
fun a_challenge_lasts_as_long_as_is_in_force() {
    let mut world = world::empty();
    world.change_setting(b"challenge_lifetime_ms", 1_000);
    world.add_bond(given::min_bond());
    world.challenge();
    world.pass(1_000);
    world.register(proofs::proof());
    world.end();
}

// While it is in flight

#[test]
fun a_bond_that_is_raised_ends_nothing_in_flight() {
    let mut world = asked();
    world.change_setting(b"min_bond", given::min_bond() + 1);
    world.store(asks::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun a_bond_that_leaves_ends_what_is_in_flight() {
    let mut world = asked();
    announce_bond(&mut world, 1);
    world.store(asks::reply());
    world.end();
}

#[test]
fun a_bond_that_is_lowered_is_enough_for_what_is_in_flight() {
    let mut world = asked();
    world.change_setting(b"min_bond", 4_000);
    announce_bond(&mut world, 1_000);
    world.pass(DELAY);
    world.store(asks::reply());
    world.end();
}

#[test]
fun an_answer_may_be_as_long_as_when_it_was_asked_for() {
    let mut world = asked();
    world.change_setting(b"response_inline_bytes", 10_000);
    store_20_000(&mut world);
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBodyTooLong)]
fun an_answer_is_as_short_as_was_set_before_it_was_asked_for() {
    let mut world = world::ready();
    world.change_setting(b"response_inline_bytes", 10_000);
    world.submit(asks::ask());
    store_20_000(&mut world);
    world.end();
}

#[test]
fun an_answer_may_be_longer_when_that_has_become_due() {
    let mut world = world::registered();
    world.change_setting(b"response_inline_bytes", 10_000);
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.change_setting(b"response_inline_bytes", 20_000);
    world.submit(asks::ask());
    world.pass(DELAY);
    let body = vector[vector::tabulate!(16_000, |_| 0x2a), vector::tabulate!(4_000, |_| 0x2a)];
    let reply = asks::reply().reply_body(body, signed::two_chunks_hash(), 20_000);
    world.store(reply.reply_signature(signed::answer_at_config_version_4()));
    world.end();
}

#[test]
fun a_deadline_that_is_shortened_ends_nothing_in_flight() {
    let mut world = asked();
    world.change_setting(b"max_deadline_ms", 1);
    world.pass(ANSWER_UNTIL - ASKED_AT);
    world.store(asks::reply());
    world.end();
}

#[test]
fun a_revoked_token_ends_nothing_in_flight() {
    let mut world = asked();
    world.revoke_token(signed::owner_address());
    world.store(asks::reply());
    world.end();
}

// The answer window

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotExpired)]
fun a_grown_answer_window_holds_for_what_is_asked_later() {
    let mut world = world::ready();
    grow_delays(&mut world);
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL + 40_000 - ASKED_AT);
    world.expire(signed::owner_address());
    world.end();
}

#[test]
fun a_grown_answer_window_ends_with_its_last_millisecond() {
    let mut world = world::ready();
    grow_delays(&mut world);
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL + 40_000 - ASKED_AT + 1);
    world.expire(signed::owner_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EAnswerTooLate)]
fun what_was_asked_before_keeps_its_answer_window() {
    let mut world = asked();
    grow_delays(&mut world);
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.store(asks::reply());
    world.end();
}
