/// Renewing an enclave with a fresh document of the same key: each yes and each no.
#[test_only]
module k3s_daas::renewal_tests;

use k3s_daas::cluster::{Cluster, OperatorCap};
use k3s_daas::enclave::{Self, Challenge, Enclave};
use k3s_daas::events::EnclaveRenewed;
use k3s_daas::given;
use k3s_daas::proofs::{Self, Proof};
use k3s_daas::world::{Self, World};
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

/// From the time when a ready world begins to the end of its enclave's registration.
const LEFT: u64 = 86_398_000;

/// Takes a challenge and renews with this document, whose time is now.
fun renew(world: &mut World, proof: Proof) {
    world.challenge();
    let proof = proof.proof_time(world.time());
    world.renew_over(proof);
}

use fun renew_over as World.renew_over;

/// Renews over the challenge that the operator has.
fun renew_over(world: &mut World, proof: Proof) {
    world.scenario().next_tx(given::operator());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    let cap = world.scenario().take_from_sender<OperatorCap>();
    let challenge = world.scenario().take_from_sender<Challenge>();
    let (attested, configuration) = (proof.attested(), proof.configuration());
    enclave::renew_attested(&cluster, &cap, &mut enclave, challenge, attested, configuration, world.clock());
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

fun assert_usable(world: &mut World) {
    world::with_enclave!(world, |cluster, enclave, clock| enclave::assert_active(cluster, enclave, clock));
}

#[test]
fun a_renewed_registration_lasts_a_lifetime_from_now() {
    let mut world = world::ready();
    world.pass(10_000);
    renew(&mut world, proofs::proof());
    assert_eq!(event::events_by_type<EnclaveRenewed>().length(), 1);
    let now = world.time();
    world::with_enclave!(&mut world, |_, enclave, _| {
        assert_eq!(enclave.expires_at(), now + given::lifetime());
        assert_eq!(enclave.epoch(), 1);
    });
    world.pass(given::lifetime() - 1);
    assert_usable(&mut world);
    world.end();
}

#[test]
fun a_registration_is_renewed_until_its_last_millisecond() {
    let mut world = world::ready();
    world.pass(LEFT - 1);
    renew(&mut world, proofs::proof());
    world.pass(1);
    assert_usable(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EExpired)]
fun a_registration_that_ended_is_not_renewed() {
    let mut world = world::ready();
    world.pass(LEFT);
    renew(&mut world, proofs::proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_is_not_renewed() {
    let mut world = world::ready();
    world.revoke_enclave();
    renew(&mut world, proofs::proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EOtherKey)]
fun a_document_of_another_key_renews_nothing() {
    let mut world = world::ready();
    renew(&mut world, proofs::other_proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_over_another_challenge_renews_nothing() {
    let mut world = world::ready();
    renew(&mut world, proofs::proof().proof_nonce(option::some(given::hash(9))));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EDocumentTime)]
fun the_document_of_the_registration_renews_nothing() {
    let mut world = world::ready();
    world.pass(LEFT - 1);
    world.challenge();
    world.renew_over(proofs::proof());
    world.end();
}

#[test]
fun an_enclave_goes_on_under_the_configuration_of_its_new_document() {
    let mut world = world::ready();
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.add_configuration(cap, given::hash(0xCE), clock));
    world.pass(1_000);
    renew(&mut world, proofs::proof_under(given::hash(0xCE)));
    world.retire_configuration(2);
    assert_usable(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfigurationRetired)]
fun an_enclave_that_was_not_renewed_ends_with_its_configuration() {
    let mut world = world::ready();
    world.retire_configuration(2);
    assert_usable(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EOtherOperator)]
fun a_successor_does_not_renew_the_enclave_of_another_operator() {
    let mut world = world::ready();
    world.replace_operator();
    world.pass(3_000);
    world::by_operator_at!(&mut world, given::successor(), |cluster, cap, clock, ctx| {
        enclave::new_challenge(cluster, cap, clock, ctx);
    });
    world.scenario().next_tx(given::successor());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    let cap = world.scenario().take_from_sender<OperatorCap>();
    let challenge = world.scenario().take_from_sender<Challenge>();
    let attested = proofs::proof().attested();
    enclave::renew_attested(&cluster, &cap, &mut enclave, challenge, attested, given::hash(0xCF), world.clock());
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun an_enclave_of_another_cluster_is_not_renewed() {
    let mut world = world::ready();
    world.challenge();
    let (other, admin, cap) = given::new_cluster(0x77);
    world.scenario().next_tx(given::operator());
    let mut enclave = world.scenario().take_shared<Enclave>();
    let challenge = world.scenario().take_from_sender<Challenge>();
    let attested = proofs::proof().attested();
    enclave::renew_attested(&other, &cap, &mut enclave, challenge, attested, given::hash(0xCF), world.clock());
    test_scenario::return_shared(enclave);
    given::drop_all(other, admin, cap);
    world.end();
}
