/// `submit` and `expire_request`: each yes and each no.
#[test_only]
module k3s_daas::request_tests;

use k3s_daas::asks;
use k3s_daas::events::{K8sAPIRequest, K8sRequestProcessed};
use k3s_daas::given;
use k3s_daas::signed;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::event;

const ASKED_AT: u64 = 1_002_000;
const ANSWER_UNTIL: u64 = 1_032_000;
const KEEPER_DELAY: u64 = 600_000;

// submit

#[test]
fun a_request_is_shared_and_announced() {
    let mut world = world::ready();
    world.submit(asks::ask());
    assert_eq!(event::events_by_type<K8sAPIRequest>().length(), 1);
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.created(), vector[signed::request_id().to_id()]);
    assert!(effects.shared().contains(&signed::request_id().to_id()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun a_stranger_cannot_submit() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_from(given::stranger()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun the_enclave_cannot_submit_without_a_grant() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_from(signed::enclave_address()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun what_no_rule_allows_is_denied() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_verb(b"delete"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun another_namespace_is_denied() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_namespace(b"kube-system"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENoResource)]
fun an_envelope_without_resource_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_resource(b"", b"log"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun an_envelope_without_verb_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_verb(b""));
    world.end();
}

#[test]
fun a_change_with_stake_is_allowed() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test]
fun exec_with_stake_is_allowed() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_resource(b"pods", b"exec"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun a_change_needs_stake() {
    let mut world = world::registered();
    world.activate();
    world.issue(given::min_stake() - 1);
    world.pass(2_000);
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun exec_asked_as_get_needs_stake() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.submit(asks::ask().ask_resource(b"pods", b"exec"));
    world.end();
}

#[test]
fun reading_needs_no_stake() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.submit(asks::ask());
    world.submit(asks::ask().ask_verb(b"list").ask_in(0x06));
    world.end();
}

#[test]
fun stake_that_is_added_counts() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.add_stake(given::min_stake());
    world.pass(2_000);
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotYetUsable)]
fun a_token_waits_for_its_delay() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(1_999);
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EExpired)]
fun an_expired_token_is_denied() {
    let mut world = world::ready();
    world.pass(3_600_000 - 2_000);
    world.submit(asks::ask().ask_deadline(given::now() + 3_610_000, false));
    world.end();
}

#[test]
fun a_token_works_until_its_last_millisecond() {
    let mut world = world::ready();
    world.pass(3_600_000 - 2_001);
    world.submit(asks::ask().ask_deadline(given::now() + 3_610_000, false));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ERevoked)]
fun a_revoked_token_is_denied() {
    let mut world = world::ready();
    world.revoke_token(signed::owner_address());
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlinePassed)]
fun a_deadline_now_is_too_early() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_deadline(ASKED_AT, false));
    world.end();
}

#[test]
fun a_deadline_in_one_millisecond_is_accepted() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_deadline(ASKED_AT + 1, false));
    world.end();
}

#[test]
fun the_furthest_deadline_is_accepted() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_deadline(ASKED_AT + 30_000, false));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun a_deadline_beyond_the_maximum_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_deadline(ASKED_AT + 30_001, false));
    world.end();
}

#[test]
fun a_stream_has_a_maximum_of_its_own() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_deadline(ASKED_AT + 300_000, true));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun a_stream_beyond_its_maximum_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_deadline(ASKED_AT + 300_001, true));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENotActive)]
fun an_enclave_that_is_not_active_is_refused() {
    let mut world = world::registered();
    world.issue(0);
    world.pass(2_000);
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_is_refused() {
    let mut world = world::ready();
    world.revoke_enclave();
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun an_enclave_of_a_retired_image_is_refused() {
    let mut world = world::ready();
    world.retire_measurement(1);
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfigurationRetired)]
fun an_enclave_of_a_retired_configuration_is_refused() {
    let mut world = world::ready();
    world.retire_configuration(2);
    world.submit(asks::ask());
    world.end();
}

// payload

#[test, expected_failure(abort_code = ::k3s_daas::request::ENoPayload)]
fun a_payload_of_no_length_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_payload(vector[], signed::no_body_hash(), 0));
    world.end();
}

#[test]
fun a_payload_may_travel_beside_the_chain() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_payload(vector[], given::hash(1), 3_211_264));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EPayloadTooLong)]
fun a_payload_beside_the_chain_has_a_maximum() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_payload(vector[], given::hash(1), 3_211_265));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashLength)]
fun a_payload_beside_the_chain_has_a_hash_of_32_bytes() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_payload(vector[], b"short", 20_000));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun a_payload_with_another_hash_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_payload(vector[b"sealed"], given::hash(1), 6));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::ELengthMismatch)]
fun a_payload_with_another_length_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_payload(vector[b"sealed"], signed::payload_hash(), 7));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EPayloadTooLong)]
fun a_payload_above_the_inline_size_is_refused() {
    let mut world = world::ready();
    let payload = vector[vector::tabulate!(8_193, |_| 7)];
    let hash = std::hash::sha2_256(std::bcs::to_bytes(&payload));
    world.submit(asks::ask().ask_payload(payload, hash, 8_193));
    world.end();
}

#[test]
fun a_payload_of_the_inline_size_is_accepted() {
    let mut world = world::ready();
    let payload = vector[vector::tabulate!(8_192, |_| 7)];
    let hash = std::hash::sha2_256(std::bcs::to_bytes(&payload));
    world.submit(asks::ask().ask_payload(payload, hash, 8_192));
    world.end();
}

// expire_request

#[test]
fun the_requester_expires_after_answer_until() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.deleted(), vector[signed::request_id().to_id()]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotExpired)]
fun nothing_expires_while_it_can_be_answered() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT);
    world.expire(signed::owner_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotRequester)]
fun a_stranger_waits_ten_minutes() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + KEEPER_DELAY);
    world.expire(given::stranger());
    world.end();
}

#[test]
fun a_stranger_expires_after_ten_minutes() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + KEEPER_DELAY + 1);
    world.expire(given::stranger());
    world.end();
}

#[test]
fun a_request_of_a_revoked_token_and_enclave_still_expires() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.revoke_enclave();
    world.revoke_token(signed::owner_address());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    world.end();
}
