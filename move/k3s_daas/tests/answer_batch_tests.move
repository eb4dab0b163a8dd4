/// `store_k8s_responses`: one answer for each request, all or none, and each of the vectors as long as the others.
#[test_only]
module k3s_daas::answer_batch_tests;

use k3s_daas::answer;
use k3s_daas::asks::{Self, Reply};
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::Enclave;
use k3s_daas::given;
use k3s_daas::request::Request;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use sui::test_scenario;

/// Several answers, as the entry function takes them.
public struct Batch has drop {
    sender: address,
    sequences: vector<u64>,
    statuses: vector<u16>,
    bodies: vector<vector<vector<u8>>>,
    body_hashes: vector<vector<u8>>,
    body_lengths: vector<u64>,
    executed_at: vector<u64>,
    signatures: vector<vector<u8>>,
}

fun batch(replies: vector<Reply>): Batch {
    Batch {
        sender: signed::enclave_address(),
        sequences: replies.map_ref!(|reply| reply.sequence()),
        statuses: replies.map_ref!(|reply| reply.status()),
        bodies: replies.map_ref!(|reply| reply.body()),
        body_hashes: replies.map_ref!(|reply| reply.body_hash()),
        body_lengths: replies.map_ref!(|reply| reply.body_length()),
        executed_at: replies.map_ref!(|reply| reply.executed_at()),
        signatures: replies.map_ref!(|reply| reply.signature()),
    }
}

fun second(): Reply { asks::reply().reply_sequence(8).reply_signature(signed::second_answer()) }

/// Stores the batch for the requests of the transactions 0x05 and 0x06.
fun store(self: Batch, world: &mut World) {
    world.scenario().next_tx(self.sender);
    let ctx = &mut world.context(self.sender);
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let requests = vector[signed::request_id(), signed::second_request_id()].map!(|id| {
        world.scenario().take_shared_by_id<Request>(id.to_id())
    });
    answer::store_k8s_responses(
        &cluster,
        &enclave,
        requests,
        self.sequences,
        self.statuses,
        self.bodies,
        self.body_hashes,
        self.body_lengths,
        self.executed_at,
        self.signatures,
        world.clock(),
        ctx,
    );
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// A ready world in which two things were asked for.
fun asked(): World {
    let mut world = world::ready();
    world.submit(asks::ask());
    world.submit(asks::ask().ask_in(0x06));
    world
}

fun refuse(batch: Batch) {
    let mut world = asked();
    batch.store(&mut world);
    world.end();
}

/// Two good answers but for one of the seven vectors, by its place, that has one value less.
fun refuse_without(place: u64) {
    let mut batch = batch(vector[asks::reply(), second()]);
    if (place == 0) { batch.sequences.pop_back(); };
    if (place == 1) { batch.statuses.pop_back(); };
    if (place == 2) { batch.bodies.pop_back(); };
    if (place == 3) { batch.body_hashes.pop_back(); };
    if (place == 4) { batch.body_lengths.pop_back(); };
    if (place == 5) { batch.executed_at.pop_back(); };
    if (place == 6) { batch.signatures.pop_back(); };
    refuse(batch);
}

#[test]
fun each_request_gets_its_answer() {
    let mut world = asked();
    batch(vector[asks::reply(), second()]).store(&mut world);
    world.scenario().next_tx(given::stranger());
    assert!(!test_scenario::has_most_recent_shared<Request>());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::ESignature)]
fun answers_in_another_order_than_their_requests_are_refused() { refuse(batch(vector[second(), asks::reply()])); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::ENotEnclave)]
fun a_stranger_stores_no_batch() {
    let mut batch = batch(vector[asks::reply(), second()]);
    batch.sender = given::stranger();
    refuse(batch);
}

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun an_answer_too_few_is_refused() { refuse(batch(vector[asks::reply()])); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun an_answer_too_many_is_refused() { refuse(batch(vector[asks::reply(), second(), second()])); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_sequence_is_refused() { refuse_without(0); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_status_is_refused() { refuse_without(1); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_body_is_refused() { refuse_without(2); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_hash_is_refused() { refuse_without(3); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_length_is_refused() { refuse_without(4); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_time_is_refused() { refuse_without(5); }

#[test, expected_failure(abort_code = ::k3s_daas::answer::EBatchLength)]
fun a_missing_signature_is_refused() { refuse_without(6); }
