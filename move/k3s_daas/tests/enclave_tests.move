/// Activation, revocation and the rule of use: each yes and each no.
#[test_only]
module k3s_daas::enclave_tests;

use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::enclave::{Self, Enclave};
use k3s_daas::events::{EnclaveActivated, EnclaveRevoked};
use k3s_daas::given;
use k3s_daas::proofs;
use k3s_daas::signed;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

// Activation

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun an_enclave_of_the_operator_before_is_not_usable() {
    let mut world = world::registered();
    world.replace_operator();
    world.pass(3_000);
    world::with_enclave!(&mut world, |cluster, enclave, clock| enclave::assert_usable(cluster, enclave, clock));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun the_operator_before_activates_nothing() {
    let mut world = world::registered();
    world.replace_operator();
    world.pass(3_000);
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun an_enclave_is_used_at_the_version_of_the_cluster_only() {
    let mut world = world::registered();
    world::with_enclave!(&mut world, |cluster, enclave, clock| {
        cluster.set_version_for_testing(2);
        enclave::assert_usable(cluster, enclave, clock);
    });
    world.end();
}

#[test]
fun an_activation_begins_an_epoch() {
    let mut world = world::registered();
    world.activate();
    assert_eq!(event::events_by_type<EnclaveActivated>().length(), 1);
    world.scenario().next_tx(given::stranger());
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
    world.add_bond(given::min_bond() - 1);
    world.challenge();
    world.register(proofs::proof());
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
    world.pass(given::lifetime());
    world.activate();
    world.end();
}

#[test]
fun a_registration_lasts_until_its_last_millisecond() {
    let mut world = world::registered();
    world.pass(given::lifetime() - 1);
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
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_enclave!(&mut world, |cluster, enclave, clock| {
        enclave::activate(cluster, &operator, enclave, clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun an_enclave_of_another_cluster_is_not_usable() {
    let mut world = world::registered();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_enclave!(&mut world, |_, enclave, clock| enclave::assert_usable(&other, enclave, clock));
    given::drop_all(other, admin, operator);
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
    world.scenario().next_tx(given::admin());
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
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_enclave!(&mut world, |cluster, enclave, clock| {
        enclave::revoke_by_admin(cluster, &admin, enclave, clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun another_operator_revokes_nothing() {
    let mut world = world::registered();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_enclave!(&mut world, |cluster, enclave, clock| {
        enclave::revoke(cluster, &operator, enclave, clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EWrongCluster)]
fun an_admin_revokes_no_enclave_of_another_cluster() {
    let mut world = world::registered();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_enclave!(&mut world, |_, enclave, clock| enclave::revoke_by_admin(&other, &admin, enclave, clock));
    given::drop_all(other, admin, operator);
    world.end();
}

#[test]
fun an_address_is_that_of_sui() {
    assert_eq!(enclave::address_of(&signed::owner_key()), signed::owner_address());
}
