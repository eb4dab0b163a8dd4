/// Challenge, registration, activation, revocation and the rule of use: each yes and each no.
#[test_only]
module k3s_daas::enclave_tests;

use k3s_daas::cluster::{Self, AdminCap, Cluster, OperatorCap};
use k3s_daas::enclave::{Self, Challenge, Enclave};
use k3s_daas::events::{EnclaveActivated, EnclaveRegistered, EnclaveRevoked};
use k3s_daas::signed;
use k3s_daas::world::{Self, Proof, World};
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const SKEW: u64 = 300_000;

fun challenged(): World {
    let mut world = world::empty();
    world.add_bond(world::min_bond());
    world.challenge();
    world
}

fun register(proof: Proof) {
    let mut world = challenged();
    world.register(proof);
    world.end();
}

/// An operator's Cap of another cluster, with which nothing here may be done.
fun other_operator(): (Cluster, AdminCap, OperatorCap) {
    let mut ctx = world::context(world::stranger(), 0x77);
    cluster::create(signed::chain_id(), world::settings(), world::delays(), world::delay_maxima(), &mut ctx)
}

// Registration

#[test]
fun a_good_document_registers_an_enclave() {
    let mut world = challenged();
    world.register(world::proof());
    assert_eq!(event::events_by_type<EnclaveRegistered>().length(), 1);
    world.scenario().next_tx(world::stranger());
    let enclave = world.scenario().take_shared<Enclave>();
    assert_eq!(object::id(&enclave).to_address(), signed::enclave_id());
    assert_eq!(enclave.sui_address(), signed::enclave_address());
    assert_eq!(*enclave.public_key(), signed::enclave_key());
    assert_eq!(*enclave.hpke_key(), b"hpke");
    assert_eq!(*enclave.tls_ca_hash(), world::hash(0xCA));
    assert_eq!(enclave.epoch(), 0);
    assert_eq!(enclave.expires_at(), world::now() + world::lifetime());
    test_scenario::return_shared(enclave);
    assert!(!test_scenario::has_most_recent_for_address<Challenge>(world::operator()));
    world.end();
}

#[test]
fun the_nonce_is_the_id_of_the_challenge() {
    let mut world = challenged();
    world.scenario().next_tx(world::operator());
    let id = test_scenario::most_recent_id_for_address<Challenge>(world::operator());
    assert_eq!(id, option::some(signed::challenge_id().to_id()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_with_another_nonce_is_refused() {
    register(world::proof().proof_nonce(option::some(world::hash(1))));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_without_nonce_is_refused() {
    register(world::proof().proof_nonce(option::none()));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENonce)]
fun a_document_with_an_empty_nonce_is_refused() {
    register(world::proof().proof_nonce(option::some(b"")));
}

#[test]
fun a_document_may_be_five_minutes_old() {
    register(world::proof().proof_time(world::now() - SKEW));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EDocumentTime)]
fun an_old_document_is_refused() {
    register(world::proof().proof_time(world::now() - SKEW - 1));
}

#[test]
fun a_document_may_be_five_minutes_ahead() {
    register(world::proof().proof_time(world::now() + SKEW));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EDocumentTime)]
fun a_document_from_the_future_is_refused() {
    register(world::proof().proof_time(world::now() + SKEW + 1));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPublicKey)]
fun a_document_without_key_is_refused() {
    register(world::proof().proof_public_key(option::none()));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPublicKey)]
fun a_key_of_another_length_is_refused() {
    register(world::proof().proof_public_key(option::some(world::pcr(1))));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_key_than_the_manifest_says_is_refused() {
    register(world::proof().proof_public_key(option::some(signed::other_key())));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun a_document_without_user_data_is_refused() {
    register(world::proof().proof_user_data(option::none()));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun a_document_with_other_user_data_is_refused() {
    register(world::proof().proof_user_data(option::some(world::hash(1))));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_hpke_key_than_the_manifest_says_is_refused() {
    register(world::proof().proof_hpke_key(b"other"));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_tls_ca_than_the_manifest_says_is_refused() {
    register(world::proof().proof_tls_ca_hash(world::hash(1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EManifest)]
fun another_configuration_than_the_manifest_says_is_refused() {
    register(world::proof().proof_configuration(world::hash(1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EHpkeKey)]
fun an_empty_hpke_key_is_refused() {
    register(world::proof().proof_hpke_key(b""));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EHpkeKey)]
fun a_very_long_hpke_key_is_refused() {
    register(world::proof().proof_hpke_key(vector::tabulate!(2_049, |_| 1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ETlsCaHash)]
fun a_tls_ca_hash_of_another_length_is_refused() {
    register(world::proof().proof_tls_ca_hash(world::pcr(1)));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPcrAbsent)]
fun a_document_without_pcr0_is_refused() {
    register(world::proof().proof_pcrs(vector[1, 2], vector[world::pcr(2), world::pcr(3)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPcrAbsent)]
fun a_document_without_pcr1_is_refused() {
    register(world::proof().proof_pcrs(vector[0, 2], vector[world::pcr(1), world::pcr(3)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EPcrAbsent)]
fun a_document_without_pcr2_is_refused() {
    register(world::proof().proof_pcrs(vector[0, 1], vector[world::pcr(1), world::pcr(2)]));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun pcrs_at_the_right_places_under_wrong_indexes_are_refused() {
    let values = vector[world::pcr(1), world::pcr(2), world::pcr(3)];
    register(world::proof().proof_pcrs(vector[1, 0, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun a_debug_enclave_is_refused() {
    let values = vector[world::pcr(0), world::pcr(0), world::pcr(0)];
    register(world::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun one_zero_pcr_is_refused() {
    let values = vector[world::pcr(1), world::pcr(2), world::pcr(0)];
    register(world::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrLength)]
fun a_short_pcr_is_refused() {
    let values = vector[world::hash(1), world::pcr(2), world::pcr(3)];
    register(world::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun another_pcr0_is_refused() {
    let values = vector[world::pcr(9), world::pcr(2), world::pcr(3)];
    register(world::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun another_pcr1_is_refused() {
    let values = vector[world::pcr(1), world::pcr(9), world::pcr(3)];
    register(world::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun another_pcr2_is_refused() {
    let values = vector[world::pcr(1), world::pcr(2), world::pcr(9)];
    register(world::proof().proof_pcrs(vector[0, 1, 2], values));
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurement)]
fun a_retired_image_cannot_register() {
    let mut world = challenged();
    world.retire_measurement(1);
    world.register(world::proof());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfiguration)]
fun a_retired_configuration_cannot_register() {
    let mut world = challenged();
    world.retire_configuration(2);
    world.register(world::proof());
    world.end();
}

#[test]
fun a_challenge_holds_until_its_last_millisecond() {
    let mut world = challenged();
    world.pass(599_999);
    world.register(world::proof().proof_time(world::now() + 599_999));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EChallengeExpired)]
fun an_expired_challenge_is_refused() {
    let mut world = challenged();
    world.pass(600_000);
    world.register(world::proof().proof_time(world::now() + 600_000));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EKeyRegistered)]
fun the_same_key_registers_once() {
    let mut world = challenged();
    world.register(world::proof());
    // The challenge is made at the same id again, so that everything but the key is as it was.
    world.challenge();
    world.register_at(world::proof(), 0x08);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_stranger_makes_no_challenge() {
    let mut world = world::empty();
    let (other, admin, operator) = other_operator();
    world.scenario().next_tx(world::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut ctx = world::context(world::stranger(), 0x78);
    enclave::new_challenge(&cluster, &operator, world.clock(), &mut ctx);
    test_scenario::return_shared(cluster);
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun a_challenge_of_another_cluster_is_refused() {
    let mut world = world::empty();
    let (mut other, admin, operator) = other_operator();
    other.add_measurement(&admin, world::pcr(1), world::pcr(2), world::pcr(3), world.clock());
    world.challenge();
    world.scenario().next_tx(world::operator());
    let challenge = world.scenario().take_from_sender<Challenge>();
    let mut ctx = world::context(world::operator(), 0x78);
    let attested = enclave::attested_for_testing(0, vector[], vector[], option::none(), option::none(), option::none());
    enclave::register_attested(
        &mut other,
        &operator,
        challenge,
        attested,
        b"hpke",
        world::hash(0xCA),
        world::hash(0xCF),
        world.clock(),
        &mut ctx,
    );
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

#[test]
fun a_challenge_can_be_thrown_away() {
    let mut world = challenged();
    world.scenario().next_tx(world::operator());
    let challenge = world.scenario().take_from_sender<Challenge>();
    enclave::discard_challenge(challenge);
    let effects = world.scenario().next_tx(world::operator());
    assert_eq!(effects.deleted(), vector[signed::challenge_id().to_id()]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EChallengeOperator)]
fun a_challenge_of_the_operator_before_is_refused() {
    let mut world = challenged();
    world.scenario().next_tx(world::operator());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let challenge = world.scenario().take_from_sender<Challenge>();
    let mut ctx = world::context(world::operator(), 0x78);
    let successor = cluster.appoint_for_testing(&mut ctx);
    let attested = enclave::attested_for_testing(0, vector[], vector[], option::none(), option::none(), option::none());
    enclave::register_attested(
        &mut cluster,
        &successor,
        challenge,
        attested,
        b"hpke",
        world::hash(0xCA),
        world::hash(0xCF),
        world.clock(),
        &mut ctx,
    );
    world::drop_object(successor);
    test_scenario::return_shared(cluster);
    world.end();
}

// Activation

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun an_enclave_of_the_operator_before_is_not_usable() {
    let mut world = world::registered();
    world.scenario().next_tx(world::operator());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    let mut ctx = world::context(world::operator(), 0x78);
    let successor = cluster.appoint_for_testing(&mut ctx);
    enclave::assert_usable(&cluster, &enclave, world.clock());
    world::drop_object(successor);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun the_operator_before_activates_nothing() {
    let mut world = world::registered();
    world.scenario().next_tx(world::stranger());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let mut ctx = world::context(world::operator(), 0x78);
    let successor = cluster.appoint_for_testing(&mut ctx);
    world::drop_object(successor);
    test_scenario::return_shared(cluster);
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun an_enclave_is_used_at_the_version_of_the_cluster_only() {
    let mut world = world::registered();
    world.scenario().next_tx(world::stranger());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    cluster.set_version_for_testing(2);
    enclave::assert_usable(&cluster, &enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test]
fun an_activation_begins_an_epoch() {
    let mut world = world::registered();
    world.activate();
    assert_eq!(event::events_by_type<EnclaveActivated>().length(), 1);
    world.scenario().next_tx(world::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let enclave = world.scenario().take_shared<Enclave>();
    assert_eq!(cluster.epoch(), 1);
    assert_eq!(cluster.active_enclave(), option::some(object::id(&enclave)));
    assert_eq!(enclave.epoch(), 1);
    enclave::assert_active(&cluster, &enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EActivatedBefore)]
fun an_enclave_is_activated_once() {
    let mut world = world::registered();
    world.activate();
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun without_a_full_bond_nothing_is_activated() {
    let mut world = world::empty();
    world.add_bond(world::min_bond() - 1);
    world.challenge();
    world.register(world::proof());
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ERevoked)]
fun a_revoked_enclave_is_not_activated() {
    let mut world = world::registered();
    world.revoke_enclave();
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EExpired)]
fun an_expired_enclave_is_not_activated() {
    let mut world = world::registered();
    world.pass(world::lifetime());
    world.activate();
    world.end();
}

#[test]
fun a_registration_lasts_until_its_last_millisecond() {
    let mut world = world::registered();
    world.pass(world::lifetime() - 1);
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EMeasurementRetired)]
fun an_enclave_of_a_retired_image_is_not_activated() {
    let mut world = world::registered();
    world.retire_measurement(1);
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EConfigurationRetired)]
fun an_enclave_of_a_retired_configuration_is_not_activated() {
    let mut world = world::registered();
    world.retire_configuration(2);
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_stranger_activates_nothing() {
    let mut world = world::registered();
    let (other, admin, operator) = other_operator();
    world.scenario().next_tx(world::stranger());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    enclave::activate(&mut cluster, &operator, &mut enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun an_enclave_of_another_cluster_is_not_usable() {
    let mut world = world::registered();
    let (other, admin, operator) = other_operator();
    world.scenario().next_tx(world::stranger());
    let enclave = world.scenario().take_shared<Enclave>();
    enclave::assert_usable(&other, &enclave, world.clock());
    test_scenario::return_shared(enclave);
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

// Revocation

#[test]
fun the_operator_revokes() {
    let mut world = world::registered();
    world.revoke_enclave();
    assert_eq!(event::events_by_type<EnclaveRevoked>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EAlreadyRevoked)]
fun an_enclave_is_revoked_once() {
    let mut world = world::registered();
    world.revoke_enclave();
    world.revoke_enclave();
    world.end();
}

#[test]
fun the_admin_revokes() {
    let mut world = world::registered();
    world.scenario().next_tx(world::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    enclave::revoke_by_admin(&cluster, &cap, &mut enclave, world.clock());
    assert_eq!(event::events_by_type<EnclaveRevoked>().length(), 1);
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_revokes_nothing() {
    let mut world = world::registered();
    let (other, admin, operator) = other_operator();
    world.scenario().next_tx(world::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    enclave::revoke_by_admin(&cluster, &admin, &mut enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_revokes_nothing() {
    let mut world = world::registered();
    let (other, admin, operator) = other_operator();
    world.scenario().next_tx(world::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    enclave::revoke(&cluster, &operator, &mut enclave, world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun an_admin_revokes_no_enclave_of_another_cluster() {
    let mut world = world::registered();
    let (other, admin, operator) = other_operator();
    world.scenario().next_tx(world::stranger());
    let mut enclave = world.scenario().take_shared<Enclave>();
    enclave::revoke_by_admin(&other, &admin, &mut enclave, world.clock());
    test_scenario::return_shared(enclave);
    world::drop_object(other);
    world::drop_object(admin);
    world::drop_object(operator);
    world.end();
}

#[test]
fun an_address_is_that_of_sui() {
    assert_eq!(enclave::address_of(&signed::owner_key()), signed::owner_address());
}
