/// `submit`, `store_k8s_response` and `expire_request`: each yes and each no.
#[test_only]
module k3s_daas::request_tests;

use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::Enclave;
use k3s_daas::events::{K8sAPIRequest, K8sRequestProcessed, K8sResponseStored};
use k3s_daas::request::Request;
use k3s_daas::signed;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const ASKED_AT: u64 = 1_002_000;
const ANSWER_UNTIL: u64 = 1_032_000;
const KEEPER_DELAY: u64 = 600_000;

// submit

#[test]
fun a_request_is_shared_and_announced() {
    let mut world = world::ready();
    world.submit(world::ask());
    assert_eq!(event::events_by_type<K8sAPIRequest>().length(), 1);
    let effects = world.scenario().next_tx(world::stranger());
    assert_eq!(effects.created(), vector[signed::request_id().to_id()]);
    assert!(effects.shared().contains(&signed::request_id().to_id()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun a_stranger_cannot_submit() {
    let mut world = world::ready();
    world.submit(world::ask().ask_from(world::stranger()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun the_enclave_cannot_submit_without_a_grant() {
    let mut world = world::ready();
    world.submit(world::ask().ask_from(signed::enclave_address()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun what_no_rule_allows_is_denied() {
    let mut world = world::ready();
    world.submit(world::ask().ask_verb(b"delete"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun another_namespace_is_denied() {
    let mut world = world::ready();
    world.submit(world::ask().ask_namespace(b"kube-system"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENoResource)]
fun an_envelope_without_resource_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_resource(b"", b"log"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun an_envelope_without_verb_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_verb(b""));
    world.end();
}

#[test]
fun a_change_with_stake_is_allowed() {
    let mut world = world::ready();
    world.submit(world::ask().ask_verb(b"create"));
    world.end();
}

#[test]
fun exec_with_stake_is_allowed() {
    let mut world = world::ready();
    world.submit(world::ask().ask_resource(b"pods", b"exec"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun a_change_needs_stake() {
    let mut world = world::registered();
    world.activate();
    world.issue(world::min_stake() - 1);
    world.pass(2_000);
    world.submit(world::ask().ask_verb(b"create"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun exec_asked_as_get_needs_stake() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.submit(world::ask().ask_resource(b"pods", b"exec"));
    world.end();
}

#[test]
fun reading_needs_no_stake() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.submit(world::ask());
    world.submit(world::ask().ask_verb(b"list").ask_in(0x06));
    world.end();
}

#[test]
fun stake_that_is_added_counts() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.add_stake(world::min_stake());
    world.pass(2_000);
    world.submit(world::ask().ask_verb(b"create"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotYetUsable)]
fun a_token_waits_for_its_delay() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(1_999);
    world.submit(world::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EExpired)]
fun an_expired_token_is_denied() {
    let mut world = world::ready();
    world.pass(3_600_000 - 2_000);
    world.submit(world::ask().ask_deadline(world::now() + 3_610_000, false));
    world.end();
}

#[test]
fun a_token_works_until_its_last_millisecond() {
    let mut world = world::ready();
    world.pass(3_600_000 - 2_001);
    world.submit(world::ask().ask_deadline(world::now() + 3_610_000, false));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ERevoked)]
fun a_revoked_token_is_denied() {
    let mut world = world::ready();
    world.revoke_token(signed::owner_address());
    world.submit(world::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlinePassed)]
fun a_deadline_now_is_too_early() {
    let mut world = world::ready();
    world.submit(world::ask().ask_deadline(ASKED_AT, false));
    world.end();
}

#[test]
fun a_deadline_in_one_millisecond_is_accepted() {
    let mut world = world::ready();
    world.submit(world::ask().ask_deadline(ASKED_AT + 1, false));
    world.end();
}

#[test]
fun the_furthest_deadline_is_accepted() {
    let mut world = world::ready();
    world.submit(world::ask().ask_deadline(ASKED_AT + 30_000, false));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun a_deadline_beyond_the_maximum_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_deadline(ASKED_AT + 30_001, false));
    world.end();
}

#[test]
fun a_stream_has_a_maximum_of_its_own() {
    let mut world = world::ready();
    world.submit(world::ask().ask_deadline(ASKED_AT + 300_000, true));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun a_stream_beyond_its_maximum_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_deadline(ASKED_AT + 300_001, true));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENotActive)]
fun an_enclave_that_is_not_active_is_refused() {
    let mut world = world::registered();
    world.issue(0);
    world.pass(2_000);
    world.submit(world::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_is_refused() {
    let mut world = world::ready();
    world.revoke_enclave();
    world.submit(world::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun an_enclave_of_a_retired_image_is_refused() {
    let mut world = world::ready();
    world.retire_measurement(1);
    world.submit(world::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfigurationRetired)]
fun an_enclave_of_a_retired_configuration_is_refused() {
    let mut world = world::ready();
    world.retire_configuration(2);
    world.submit(world::ask());
    world.end();
}

// payload

#[test, expected_failure(abort_code = ::k3s_daas::request::ENoPayload)]
fun a_payload_of_no_length_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_payload(vector[], signed::no_body_hash(), 0));
    world.end();
}

#[test]
fun a_payload_may_travel_beside_the_chain() {
    let mut world = world::ready();
    world.submit(world::ask().ask_payload(vector[], world::hash(1), 3_211_264));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EPayloadTooLong)]
fun a_payload_beside_the_chain_has_a_maximum() {
    let mut world = world::ready();
    world.submit(world::ask().ask_payload(vector[], world::hash(1), 3_211_265));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashLength)]
fun a_payload_beside_the_chain_has_a_hash_of_32_bytes() {
    let mut world = world::ready();
    world.submit(world::ask().ask_payload(vector[], b"short", 20_000));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun a_payload_with_another_hash_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_payload(vector[b"sealed"], world::hash(1), 6));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::ELengthMismatch)]
fun a_payload_with_another_length_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_payload(vector[b"sealed"], signed::payload_hash(), 7));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EPayloadTooLong)]
fun a_payload_above_the_inline_size_is_refused() {
    let mut world = world::ready();
    let payload = vector[vector::tabulate!(8_193, |_| 7)];
    let hash = std::hash::sha2_256(std::bcs::to_bytes(&payload));
    world.submit(world::ask().ask_payload(payload, hash, 8_193));
    world.end();
}

#[test]
fun a_payload_of_the_inline_size_is_accepted() {
    let mut world = world::ready();
    let payload = vector[vector::tabulate!(8_192, |_| 7)];
    let hash = std::hash::sha2_256(std::bcs::to_bytes(&payload));
    world.submit(world::ask().ask_payload(payload, hash, 8_192));
    world.end();
}

// store_k8s_response

#[test]
fun an_answer_consumes_its_request() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    let effects = world.scenario().next_tx(world::stranger());
    assert_eq!(effects.deleted(), vector[signed::request_id().to_id()]);
    assert!(!test_scenario::has_most_recent_shared<Request>());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotEnclave)]
fun only_the_enclave_answers() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_from(world::stranger()));
    world.end();
}

#[test]
fun an_answer_is_in_time_until_the_last_millisecond() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT);
    world.store(world::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EAnswerTooLate)]
fun an_answer_can_be_too_late() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.store(world::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_cannot_answer() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.revoke_enclave();
    world.store(world::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun an_enclave_of_a_retired_image_cannot_answer() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.retire_measurement(1);
    world.store(world::reply());
    world.end();
}

#[test]
fun a_change_of_the_cluster_alone_invalidates_no_answer() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.add_bond(1);
    world.store(world::reply());
    world.end();
}

#[test]
fun execution_may_be_dated_a_minute_before_the_request() {
    let mut world = world::ready();
    world.submit(world::ask());
    let reply = world::reply().reply_executed_at(ASKED_AT - 60_000);
    world.store(reply.reply_signature(signed::answer_executed_earliest()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EExecutedAt)]
fun execution_long_before_the_request_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_executed_at(ASKED_AT - 60_001));
    world.end();
}

#[test]
fun execution_may_be_dated_a_minute_ahead() {
    let mut world = world::ready();
    world.submit(world::ask());
    let reply = world::reply().reply_executed_at(ASKED_AT + 60_000);
    world.store(reply.reply_signature(signed::answer_executed_latest()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EExecutedAt)]
fun execution_in_the_future_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_executed_at(ASKED_AT + 60_001));
    world.end();
}

#[test]
fun the_smallest_status_is_accepted() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_status(100).reply_signature(signed::answer_status_100()));
    world.end();
}

#[test]
fun the_largest_status_is_accepted() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_status(599).reply_signature(signed::answer_status_599()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EStatus)]
fun a_status_below_100_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_status(99));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EStatus)]
fun a_status_above_599_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_status(600));
    world.end();
}

#[test]
fun an_answer_may_have_no_body() {
    let mut world = world::ready();
    world.submit(world::ask());
    let reply = world::reply().reply_status(400).reply_body(vector[], signed::no_body_hash(), 0);
    world.store(reply.reply_signature(signed::answer_without_body()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun an_answer_without_body_has_the_hash_of_none() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_body(vector[], world::hash(1), 0));
    world.end();
}

#[test]
fun a_long_body_is_named_by_its_hash() {
    let mut world = world::ready();
    world.submit(world::ask());
    let reply = world::reply().reply_body(vector[], signed::long_body_hash(), 5_000_000);
    world.store(reply.reply_signature(signed::answer_by_hash()));
    world.end();
}

#[test]
fun a_body_may_have_several_chunks() {
    let mut world = world::ready();
    world.submit(world::ask());
    let body = vector[vector::tabulate!(16_000, |_| 0x2a), vector::tabulate!(4_000, |_| 0x2a)];
    let reply = world::reply().reply_body(body, signed::two_chunks_hash(), 20_000);
    world.store(reply.reply_signature(signed::answer_of_two_chunks()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EBodyTooLong)]
fun a_body_above_the_inline_size_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    let body = vector[
        vector::tabulate!(16_000, |_| 1),
        vector::tabulate!(16_000, |_| 1),
        vector[1],
    ];
    let hash = std::hash::sha2_256(std::bcs::to_bytes(&body));
    world.store(world::reply().reply_body(body, hash, 32_001));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun a_body_with_another_hash_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_body(vector[b"another"], signed::body_hash(), 7));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ESignature)]
fun an_answer_signed_for_another_status_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.store(world::reply().reply_status(404));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ESignature)]
fun an_answer_to_another_request_is_refused() {
    let mut world = world::ready();
    world.submit(world::ask().ask_in(0x06));
    world.store(world::reply());
    world.end();
}

#[test]
fun a_superseded_enclave_answers_what_it_was_asked() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.supersede();
    world.store_by(signed::enclave_id().to_id(), world::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EOtherEnclave)]
fun the_successor_does_not_answer_for_the_superseded() {
    let mut world = world::ready();
    world.submit(world::ask());
    let other = world.supersede();
    world.store_by(other, world::reply().reply_from(signed::other_address()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENotActive)]
fun a_superseded_enclave_gets_no_new_requests() {
    let mut world = world::ready();
    world.supersede();
    world.scenario().next_tx(signed::owner_address());
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared_by_id<Enclave>(signed::enclave_id().to_id());
    k3s_daas::enclave::assert_active(&cluster, &enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

// store_k8s_responses

#[test]
fun two_answers_are_stored_in_one_call() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.submit(world::ask().ask_in(0x06));
    let second = world::reply().reply_sequence(8).reply_signature(signed::second_answer());
    world.store_two(world::reply(), second);
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 2);
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 2);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ESignature)]
fun one_wrong_answer_refuses_the_batch() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.submit(world::ask().ask_in(0x06));
    world.store_two(world::reply(), world::reply().reply_sequence(8));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun an_empty_batch_is_refused() {
    let mut world = world::ready();
    world.scenario().next_tx(signed::enclave_address());
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let ctx = world::context(signed::enclave_address(), 0x07);
    k3s_daas::request::store_k8s_responses(
        &cluster,
        &enclave,
        vector[],
        vector[],
        vector[],
        vector[],
        vector[],
        vector[],
        vector[],
        vector[],
        world.clock(),
        &ctx,
    );
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

// expire_request

#[test]
fun the_requester_expires_after_answer_until() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    let effects = world.scenario().next_tx(world::stranger());
    assert_eq!(effects.deleted(), vector[signed::request_id().to_id()]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotExpired)]
fun nothing_expires_while_it_can_be_answered() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT);
    world.expire(signed::owner_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotRequester)]
fun a_stranger_waits_ten_minutes() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + KEEPER_DELAY);
    world.expire(world::stranger());
    world.end();
}

#[test]
fun a_stranger_expires_after_ten_minutes() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + KEEPER_DELAY + 1);
    world.expire(world::stranger());
    world.end();
}

#[test]
fun a_request_of_a_revoked_token_and_enclave_still_expires() {
    let mut world = world::ready();
    world.submit(world::ask());
    world.revoke_enclave();
    world.revoke_token(signed::owner_address());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.expire(signed::owner_address());
    world.end();
}
