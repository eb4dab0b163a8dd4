/// What a renewal proves anew: image, configuration, challenge and manifest; and what it leaves as it was.
#[test_only]
module k3s_daas::renewal_rules_tests;

use k3s_daas::asks;
use k3s_daas::cluster::{Cluster, OperatorCap};
use k3s_daas::enclave::{Self, Challenge, Enclave};
use k3s_daas::events::{EnclaveActivated, EnclaveRenewed, K8sResponseStored};
use k3s_daas::given;
use k3s_daas::proofs::{Self, Proof};
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

/// What EnclaveRenewed is to say; events are compared by their bytes.
public struct Told has drop {
    enclave: address,
    cluster: address,
    challenge: address,
    measurement: u64,
    configuration: u64,
    document_time: u64,
    renewed_at: u64,
    expires_at: u64,
}

/// Renews over the challenge that the operator has.
fun renew_over(world: &mut World, proof: Proof) {
    world.scenario().next_tx(given::operator());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared_by_id<Enclave>(signed::enclave_id().to_id());
    let cap = world.scenario().take_from_sender<OperatorCap>();
    let challenge = world.scenario().take_from_sender<Challenge>();
    let (attested, configuration) = (proof.attested(), proof.configuration());
    enclave::renew_attested(&cluster, &cap, &mut enclave, challenge, attested, configuration, world.clock());
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// Takes a challenge and renews with this document, whose time is now.
fun renew(world: &mut World, proof: Proof) {
    world.challenge();
    let now = world.time();
    renew_over(world, proof.proof_time(now));
}

/// A good document of the first enclave under another image, with the PCRs 4, 5 and 6.
fun other_image(): Proof {
    proofs::proof().proof_pcrs(vector[0, 1, 2], vector[given::pcr(4), given::pcr(5), given::pcr(6)])
}

/// Approves the image with the PCRs 4, 5 and 6, as version 3.
fun approve_other_image(world: &mut World) {
    world::by_admin!(world, |cluster, cap, clock, _| {
        cluster.add_measurement(cap, given::pcr(4), given::pcr(5), given::pcr(6), clock);
    });
}

fun assert_active(world: &mut World) {
    world::with_enclave!(world, |cluster, enclave, clock| enclave::assert_active(cluster, enclave, clock));
}

#[test]
fun a_renewal_is_told_with_what_it_proved() {
    let mut world = world::ready();
    approve_other_image(&mut world);
    world.pass(1_000);
    world.challenge();
    let now = world.time();
    renew_over(&mut world, other_image().proof_time(now - 40));
    let told = Told {
        enclave: signed::enclave_id(),
        cluster: signed::cluster_id(),
        challenge: signed::challenge_id(),
        measurement: 3,
        configuration: 2,
        document_time: now - 40,
        renewed_at: now,
        expires_at: now + given::lifetime(),
    };
    let events = event::events_by_type<EnclaveRenewed>();
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(&told));
    assert_eq!(event::events_by_type<EnclaveActivated>().length(), 0);
    world.end();
}

#[test]
fun a_renewal_uses_its_challenge_up() {
    let mut world = world::ready();
    renew(&mut world, proofs::proof());
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.deleted(), vector[signed::challenge_id().to_id()]);
    assert!(!test_scenario::has_most_recent_for_address<Challenge>(given::operator()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_over_a_used_challenge_renews_nothing_over_the_next() {
    let mut world = world::ready();
    renew(&mut world, proofs::proof());
    world::by_operator!(&mut world, |cluster, cap, clock, ctx| {
        enclave::new_challenge(cluster, cap, clock, ctx);
    });
    let now = world.time();
    renew_over(&mut world, proofs::proof().proof_time(now));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EChallengeExpired)]
fun an_expired_challenge_renews_nothing() {
    let mut world = world::ready();
    world.challenge();
    world.pass(600_000);
    let now = world.time();
    renew_over(&mut world, proofs::proof().proof_time(now));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun a_challenge_of_another_cluster_renews_nothing() {
    let mut world = world::ready();
    let (other, admin, operator) = given::new_cluster(0x77);
    let mut ctx = given::context(given::operator(), 0x03);
    enclave::new_challenge(&other, &operator, world.clock(), &mut ctx);
    given::drop_all(other, admin, operator);
    let now = world.time();
    renew_over(&mut world, proofs::proof().proof_time(now));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun the_operator_before_renews_nothing() {
    let mut world = world::ready();
    world.challenge();
    world.replace_operator();
    world.pass(3_000);
    let now = world.time();
    renew_over(&mut world, proofs::proof().proof_time(now));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun a_renewal_needs_the_version_of_the_cluster() {
    let mut world = world::ready();
    world.challenge();
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(2));
    let now = world.time();
    renew_over(&mut world, proofs::proof().proof_time(now));
    world.end();
}

// The image and the configuration are judged anew

#[test]
fun an_enclave_goes_on_under_the_image_of_its_new_document() {
    let mut world = world::ready();
    approve_other_image(&mut world);
    world.pass(1_000);
    renew(&mut world, other_image());
    world.retire_measurement(1);
    assert_active(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun a_renewed_enclave_ends_with_the_image_of_its_new_document() {
    let mut world = world::ready();
    approve_other_image(&mut world);
    world.pass(1_000);
    renew(&mut world, other_image());
    world.retire_measurement(3);
    assert_active(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun a_retired_image_is_not_renewed() {
    let mut world = world::ready();
    world.retire_measurement(1);
    renew(&mut world, proofs::proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun an_image_that_was_never_approved_renews_nothing() {
    let mut world = world::ready();
    renew(&mut world, other_image());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun an_image_renews_nothing_a_millisecond_before_its_approval_holds() {
    let mut world = world::ready();
    approve_other_image(&mut world);
    world.pass(999);
    renew(&mut world, other_image());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun a_debug_enclave_is_not_renewed() {
    let mut world = world::ready();
    let values = vector[given::pcr(0), given::pcr(0), given::pcr(0)];
    renew(&mut world, proofs::proof().proof_pcrs(vector[0, 1, 2], values));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfiguration)]
fun a_retired_configuration_is_not_renewed() {
    let mut world = world::ready();
    world.retire_configuration(2);
    renew(&mut world, proofs::proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun a_document_that_binds_something_else_renews_nothing() {
    let mut world = world::ready();
    renew(&mut world, proofs::proof().proof_user_data(option::some(given::hash(1))));
    world.end();
}

// What stays as it was

#[test]
fun a_renewal_changes_neither_keys_nor_epoch_and_ends_nothing_in_flight() {
    let mut world = world::ready();
    world.submit(asks::ask());
    renew(&mut world, proofs::proof());
    world::with_enclave!(&mut world, |cluster, enclave, clock| {
        assert_eq!(*enclave.public_key(), signed::enclave_key());
        assert_eq!(*enclave.hpke_key(), b"hpke");
        assert_eq!(enclave.epoch(), 1);
        enclave::assert_active(cluster, enclave, clock);
    });
    world.store(asks::reply());
    assert_eq!(event::events_by_type<K8sResponseStored>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EActivatedBefore)]
fun a_renewed_enclave_is_not_activated_again() {
    let mut world = world::ready();
    world.supersede();
    renew(&mut world, proofs::proof());
    world.activate();
    world.end();
}
