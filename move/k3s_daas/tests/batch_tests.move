/// `submit_many` and `submit_many_with_grant`: several things are asked for in one call, all or none.
#[test_only]
module k3s_daas::batch_tests;

use k3s_daas::asks::{Self, Ask};
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::Enclave;
use k3s_daas::events::{K8sAPIRequest, K8sResponseStored};
use k3s_daas::given;
use k3s_daas::request;
use k3s_daas::seal_token::SealToken;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::string::String;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const ASKED_AT: u64 = 1_002_000;

/// Several things to ask for, as the entry functions take them.
public struct Batch has copy, drop {
    sender: address,
    verbs: vector<String>,
    groups: vector<String>,
    resources: vector<String>,
    subresources: vector<String>,
    namespaces: vector<String>,
    payloads: vector<vector<vector<u8>>>,
    payload_hashes: vector<vector<u8>>,
    payload_lengths: vector<u64>,
    deadlines: vector<u64>,
    streams: vector<bool>,
}

fun batch_by(sender: address, asks: vector<Ask>): Batch {
    Batch {
        sender,
        verbs: asks.map_ref!(|ask| given::text(ask.verb())),
        groups: asks.map_ref!(|ask| given::text(ask.group())),
        resources: asks.map_ref!(|ask| given::text(ask.resource())),
        subresources: asks.map_ref!(|ask| given::text(ask.subresource())),
        namespaces: asks.map_ref!(|ask| given::text(ask.namespace())),
        payloads: asks.map_ref!(|ask| ask.payload()),
        payload_hashes: asks.map_ref!(|ask| ask.payload_hash()),
        payload_lengths: asks.map_ref!(|ask| ask.payload_length()),
        deadlines: asks.map_ref!(|ask| ask.deadline()),
        streams: asks.map_ref!(|ask| ask.stream()),
    }
}

fun batch(asks: vector<Ask>): Batch { batch_by(signed::owner_address(), asks) }

fun granted(asks: vector<Ask>): Batch { batch_by(signed::enclave_address(), asks) }

/// A good batch of two in which one of the ten vectors, by its place, has one value less.
fun batch_without(place: u64): Batch {
    let mut batch = batch(vector[asks::ask(), asks::ask()]);
    if (place == 0) { batch.verbs.pop_back(); };
    if (place == 1) { batch.groups.pop_back(); };
    if (place == 2) { batch.resources.pop_back(); };
    if (place == 3) { batch.subresources.pop_back(); };
    if (place == 4) { batch.namespaces.pop_back(); };
    if (place == 5) { batch.payloads.pop_back(); };
    if (place == 6) { batch.payload_hashes.pop_back(); };
    if (place == 7) { batch.payload_lengths.pop_back(); };
    if (place == 8) { batch.deadlines.pop_back(); };
    if (place == 9) { batch.streams.pop_back(); };
    batch
}

fun submit(self: Batch, world: &mut World) {
    world.scenario().next_tx(self.sender);
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let token = world.scenario().take_shared<SealToken>();
    request::submit_many(
        &cluster,
        &enclave,
        &token,
        self.verbs,
        self.groups,
        self.resources,
        self.subresources,
        self.namespaces,
        self.payloads,
        self.payload_hashes,
        self.payload_lengths,
        self.deadlines,
        self.streams,
        world.clock(),
        &mut given::context(self.sender, 0x05),
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// Submits under a grant of these narrower rules, which this signature is over.
fun submit_under(self: Batch, world: &mut World, narrowed: vector<vector<vector<u8>>>, signature: vector<u8>) {
    world.scenario().next_tx(self.sender);
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let token = world.scenario().take_shared<SealToken>();
    request::submit_many_with_grant(
        &cluster,
        &enclave,
        &token,
        given::hash(0x5E),
        given::now(),
        given::now() + 600_000,
        narrowed.map!(|rule| rule.map!(|part| given::text(part))),
        signature,
        self.verbs,
        self.groups,
        self.resources,
        self.subresources,
        self.namespaces,
        self.payloads,
        self.payload_hashes,
        self.payload_lengths,
        self.deadlines,
        self.streams,
        world.clock(),
        &mut given::context(self.sender, 0x05),
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

fun get_pods(): vector<vector<vector<u8>>> { vector[vector[b"", b"pods", b"", b"default", b"get"]] }

fun refuse(batch: Batch) {
    let mut world = world::ready();
    batch.submit(&mut world);
    world.end();
}

fun refuse_under(batch: Batch, narrowed: vector<vector<vector<u8>>>, signature: vector<u8>) {
    let mut world = world::ready();
    batch.submit_under(&mut world, narrowed, signature);
    world.end();
}

// By the owner

#[test]
fun several_things_are_asked_for_in_one_call() {
    let mut world = world::ready();
    batch(vector[asks::ask(), asks::ask().ask_verb(b"list"), asks::ask().ask_verb(b"create")]).submit(&mut world);
    assert_eq!(event::events_by_type<K8sAPIRequest>().length(), 3);
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.created().length(), 3);
    world.end();
}

#[test]
fun each_of_a_batch_is_a_request_like_any_other() {
    let mut world = world::ready();
    batch(vector[asks::ask()]).submit(&mut world);
    world.store(asks::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun a_stranger_asks_for_nothing() { refuse(batch_by(given::stranger(), vector[asks::ask()])); }

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotOwner)]
fun the_enclave_asks_for_nothing_without_a_grant() { refuse(granted(vector[asks::ask()])); }

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun one_that_no_rule_allows_refuses_all() { refuse(batch(vector[asks::ask(), asks::ask().ask_verb(b"delete")])); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlinePassed)]
fun one_that_is_too_late_refuses_all() {
    refuse(batch(vector[asks::ask(), asks::ask().ask_deadline(ASKED_AT, false)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EDeadlineTooFar)]
fun one_stream_makes_no_streams_of_the_others() {
    let stream = asks::ask().ask_deadline(ASKED_AT + 300_000, true);
    refuse(batch(vector[stream, asks::ask().ask_deadline(ASKED_AT + 300_000, false)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashMismatch)]
fun one_payload_with_another_hash_refuses_all() {
    refuse(batch(vector[asks::ask(), asks::ask().ask_payload(vector[b"sealed"], given::hash(1), 6)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENoResource)]
fun one_envelope_without_resource_refuses_all() {
    refuse(batch(vector[asks::ask(), asks::ask().ask_resource(b"", b"")]));
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun one_change_without_stake_refuses_all() {
    let mut world = world::registered();
    world.activate();
    world.issue(0);
    world.pass(2_000);
    batch(vector[asks::ask(), asks::ask().ask_verb(b"create")]).submit(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun an_empty_batch_is_refused() { refuse(batch(vector[])); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_verb_is_refused() { refuse(batch_without(0)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_group_is_refused() { refuse(batch_without(1)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_resource_is_refused() { refuse(batch_without(2)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_subresource_is_refused() { refuse(batch_without(3)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_namespace_is_refused() { refuse(batch_without(4)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_payload_is_refused() { refuse(batch_without(5)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_hash_is_refused() { refuse(batch_without(6)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_length_is_refused() { refuse(batch_without(7)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_deadline_is_refused() { refuse(batch_without(8)); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_stream_flag_is_refused() { refuse(batch_without(9)); }

// Under a grant

#[test]
fun several_things_are_asked_for_under_one_grant() {
    let mut world = world::ready();
    let batch = granted(vector[asks::ask(), asks::ask().ask_verb(b"create")]);
    batch.submit_under(&mut world, vector[], signed::grant());
    assert_eq!(event::events_by_type<K8sAPIRequest>().length(), 2);
    world.end();
}

#[test]
fun a_narrowed_grant_holds_for_each_of_a_batch() {
    let mut world = world::ready();
    let batch = granted(vector[asks::ask(), asks::ask()]);
    batch.submit_under(&mut world, get_pods(), signed::narrow_grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ENotAllowed)]
fun one_that_a_narrowed_grant_does_not_name_refuses_all() {
    let batch = granted(vector[asks::ask(), asks::ask().ask_verb(b"list")]);
    refuse_under(batch, get_pods(), signed::narrow_grant());
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun a_grant_gives_no_more_than_the_token() {
    refuse_under(granted(vector[asks::ask(), asks::ask().ask_verb(b"delete")]), vector[], signed::grant());
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotDelegate)]
fun the_owner_uses_no_grant_himself() { refuse_under(batch(vector[asks::ask()]), vector[], signed::grant()); }

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun a_grant_that_is_not_signed_opens_no_batch() {
    refuse_under(granted(vector[asks::ask()]), vector[], signed::narrow_grant());
}

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun an_empty_batch_under_a_grant_is_refused() { refuse_under(granted(vector[]), vector[], signed::grant()); }

#[test, expected_failure(abort_code = ::k3s_daas::request::EBatchLength)]
fun a_missing_value_under_a_grant_is_refused() {
    let mut batch = granted(vector[asks::ask(), asks::ask()]);
    batch.deadlines.pop_back();
    refuse_under(batch, vector[], signed::grant());
}
