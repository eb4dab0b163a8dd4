/// `store_k8s_response` and `store_k8s_responses`: each yes and each no.
#[test_only]
module k3s_daas::answer_tests;

use k3s_daas::answer;
use k3s_daas::asks::{Self, Reply};
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::Enclave;
use k3s_daas::events::{K8sRequestProcessed, K8sResponseStored};
use k3s_daas::given;
use k3s_daas::proofs;
use k3s_daas::request::Request;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const ASKED_AT: u64 = 1_002_000;
const ANSWER_UNTIL: u64 = 1_032_000;

/// Answers the requests of the transactions 0x05 and 0x06 in one call.
fun store_two(world: &mut World, first: Reply, second: Reply) {
    world.scenario().next_tx(first.sender());
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let one = world.scenario().take_shared_by_id<Request>(signed::request_id().to_id());
    let two = world.scenario().take_shared_by_id<Request>(signed::second_request_id().to_id());
    let ctx = &mut world.context(first.sender());
    answer::store_k8s_responses(
        &cluster,
        &enclave,
        vector[one, two],
        vector[first.sequence(), second.sequence()],
        vector[first.status(), second.status()],
        vector[first.body(), second.body()],
        vector[first.body_hash(), second.body_hash()],
        vector[first.body_length(), second.body_length()],
        vector[first.executed_at(), second.executed_at()],
        vector[first.signature(), second.signature()],
        world.clock(),
        ctx,
    );
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

#[test]
fun an_answer_consumes_its_request() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.deleted(), vector[signed::request_id().to_id()]);
    assert!(!test_scenario::has_most_recent_shared<Request>());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ENotEnclave)]
fun only_the_enclave_answers() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_from(given::stranger()));
    world.end();
}

#[test]
fun an_answer_is_in_time_until_the_last_millisecond() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT);
    world.store(asks::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EAnswerTooLate)]
fun an_answer_can_be_too_late() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.pass(ANSWER_UNTIL - ASKED_AT + 1);
    world.store(asks::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_cannot_answer() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.revoke_enclave();
    world.store(asks::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun an_enclave_of_a_retired_image_cannot_answer() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.retire_measurement(1);
    world.store(asks::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfigurationRetired)]
fun an_enclave_of_a_retired_configuration_cannot_answer() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.retire_configuration(2);
    world.store(asks::reply());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EExpired)]
fun an_enclave_whose_registration_ended_cannot_answer() {
    let mut world = world::empty();
    world.change_setting(b"enclave_lifetime_ms", 10_000);
    world.add_bond(given::min_bond());
    world.challenge();
    world.register(proofs::proof());
    world.activate();
    world.issue(0);
    world.pass(2_000);
    world.submit(asks::ask());
    world.pass(8_000);
    world.store(asks::reply());
    world.end();
}

#[test]
fun a_change_of_the_cluster_alone_invalidates_no_answer() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.add_bond(1);
    world.store(asks::reply());
    world.end();
}

#[test]
fun execution_may_be_dated_a_minute_before_the_request() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let reply = asks::reply().reply_executed_at(ASKED_AT - 60_000);
    world.store(reply.reply_signature(signed::answer_executed_earliest()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EExecutedAt)]
fun execution_long_before_the_request_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_executed_at(ASKED_AT - 60_001));
    world.end();
}

#[test]
fun execution_may_be_dated_a_minute_ahead() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let reply = asks::reply().reply_executed_at(ASKED_AT + 60_000);
    world.store(reply.reply_signature(signed::answer_executed_latest()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EExecutedAt)]
fun execution_in_the_future_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_executed_at(ASKED_AT + 60_001));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EExecutedAt)]
fun execution_at_the_end_of_all_time_is_refused_like_any_other() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_executed_at(18_446_744_073_709_551_615));
    world.end();
}

#[test]
fun the_smallest_status_is_accepted() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_status(100).reply_signature(signed::answer_status_100()));
    world.end();
}

#[test]
fun the_largest_status_is_accepted() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_status(599).reply_signature(signed::answer_status_599()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EStatus)]
fun a_status_below_100_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_status(99));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EStatus)]
fun a_status_above_599_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_status(600));
    world.end();
}

#[test]
fun an_answer_may_have_no_body() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let reply = asks::reply().reply_status(400).reply_body(vector[], signed::no_body_hash(), 0);
    world.store(reply.reply_signature(signed::answer_without_body()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun an_answer_without_body_has_the_hash_of_none() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_body(vector[], given::hash(1), 0));
    world.end();
}

#[test]
fun a_long_body_is_named_by_its_hash() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let reply = asks::reply().reply_body(vector[], signed::long_body_hash(), 5_000_000);
    world.store(reply.reply_signature(signed::answer_by_hash()));
    world.end();
}

#[test]
fun a_body_may_have_several_chunks() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let body = vector[vector::tabulate!(16_000, |_| 0x2a), vector::tabulate!(4_000, |_| 0x2a)];
    let reply = asks::reply().reply_body(body, signed::two_chunks_hash(), 20_000);
    world.store(reply.reply_signature(signed::answer_of_two_chunks()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBodyTooLong)]
fun a_body_above_the_inline_size_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let body = vector[
        vector::tabulate!(16_000, |_| 1),
        vector::tabulate!(16_000, |_| 1),
        vector[1],
    ];
    let hash = std::hash::sha2_256(std::bcs::to_bytes(&body));
    world.store(asks::reply().reply_body(body, hash, 32_001));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun a_body_with_another_hash_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_body(vector[b"another"], signed::body_hash(), 7));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun an_answer_signed_for_another_status_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.store(asks::reply().reply_status(404));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun an_answer_to_another_request_is_refused() {
    let mut world = world::ready();
    world.submit(asks::ask().ask_in(0x06));
    world.store(asks::reply());
    world.end();
}

#[test]
fun a_superseded_enclave_answers_what_it_was_asked() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.supersede();
    world.store_by(signed::enclave_id().to_id(), asks::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EOtherEnclave)]
fun the_successor_does_not_answer_for_the_superseded() {
    let mut world = world::ready();
    world.submit(asks::ask());
    let other = world.supersede();
    world.store_by(other, asks::reply().reply_from(signed::other_address()));
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
    world.submit(asks::ask());
    world.submit(asks::ask().ask_in(0x06));
    let second = asks::reply().reply_sequence(8).reply_signature(signed::second_answer());
    store_two(&mut world, asks::reply(), second);
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 2);
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 2);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun one_wrong_answer_refuses_the_batch() {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.submit(asks::ask().ask_in(0x06));
    store_two(&mut world, asks::reply(), asks::reply().reply_sequence(8));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun an_empty_batch_is_refused() {
    let mut world = world::ready();
    world::with_enclave!(&mut world, |cluster, enclave, clock| {
        let ctx = &mut given::context(signed::enclave_address(), 0x07);
        answer::store_k8s_responses(
            cluster,
            enclave,
            vector[],
            vector[],
            vector[],
            vector[],
            vector[],
            vector[],
            vector[],
            vector[],
            clock,
            ctx,
        );
    });
    world.end();
}
