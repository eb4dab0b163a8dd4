/// Creation, approvals over time, bond, and who may change a cluster.
#[test_only]
module k3s_daas::cluster_tests;

use k3s_daas::cluster::{Self, AdminCap, Cluster, OperatorCap};
use k3s_daas::events::ClusterChanged;
use k3s_daas::given;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::{assert_eq, destroy};
use sui::clock;
use sui::event;
use sui::test_scenario;

/// Adds another image and configuration to the shared cluster: the versions 3 and 4.
fun add_both(world: &mut World) {
    world.scenario().next_tx(given::admin());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    cluster.add_measurement(&cap, given::pcr(4), given::pcr(5), given::pcr(6), world.clock());
    cluster.add_configuration(&cap, given::hash(0xC0), world.clock());
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

#[test]
fun a_cluster_is_created_in_one_transaction() {
    let mut world = world::empty();
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let operator = world.scenario().take_from_address<OperatorCap>(given::operator());
    assert_eq!(object::id(&cluster).to_address(), signed::cluster_id());
    assert_eq!(cluster.chain_id(), signed::chain_id());
    assert_eq!(cluster.package(), @k3s_daas);
    assert_eq!(cluster.epoch(), 0);
    assert_eq!(cluster.config_version(), 1);
    assert_eq!(cluster.active_enclave(), option::none());
    assert_eq!(cluster.operator(world.clock()), object::id(&operator));
    assert_eq!(cluster.counted_bond(object::id(&operator), world.clock()), 0);
    assert_eq!(cluster.settings(world.clock()).min_stake(), given::min_stake());
    test_scenario::return_to_address(given::operator(), operator);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test]
fun sharing_announces_the_cluster_once() {
    let mut world = test_scenario::begin(given::admin());
    let clock = clock::create_for_testing(world.ctx());
    let (mut cluster, admin, operator) = given::new_cluster(0x77);
    cluster.add_measurement(&admin, given::pcr(1), given::pcr(2), given::pcr(3), &clock);
    cluster.add_configuration(&admin, given::hash(1), &clock);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 0);
    cluster.share(&clock);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    destroy(admin);
    destroy(operator);
    clock.destroy_for_testing();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EChainIdLength)]
fun a_chain_id_of_another_length_is_refused() {
    let mut ctx = given::context(given::stranger(), 0x77);
    let (cluster, admin, operator) = cluster::create(
        b"short",
        given::settings(),
        given::delays(),
        given::delay_maxima(),
        given::penalties(),
        &mut ctx,
    );
    given::drop_all(cluster, admin, operator);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_delay_over_its_maximum_is_refused() {
    let mut ctx = given::context(given::stranger(), 0x77);
    let (cluster, admin, operator) = cluster::create(
        signed::chain_id(),
        given::settings(),
        given::delay_maxima(),
        given::delays(),
        given::penalties(),
        &mut ctx,
    );
    given::drop_all(cluster, admin, operator);
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENothingApproved)]
fun a_cluster_that_approves_nothing_is_not_shared() {
    let mut ctx = given::context(given::stranger(), 0x70);
    let clock = clock::create_for_testing(&mut ctx);
    let (cluster, admin, operator) = given::new_cluster(0x77);
    cluster.share(&clock);
    clock.destroy_for_testing();
    destroy(admin);
    destroy(operator);
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENothingApproved)]
fun a_cluster_whose_only_image_is_retired_is_not_shared() {
    let mut ctx = given::context(given::stranger(), 0x70);
    let clock = clock::create_for_testing(&mut ctx);
    let (mut cluster, admin, operator) = given::new_cluster(0x77);
    cluster.add_configuration(&admin, given::hash(1), &clock);
    cluster.add_measurement(&admin, given::pcr(1), given::pcr(2), given::pcr(3), &clock);
    cluster.retire_measurement(&admin, 2, &clock);
    cluster.share(&clock);
    destroy(admin);
    destroy(operator);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENothingApproved)]
fun a_cluster_whose_only_configuration_is_retired_is_not_shared() {
    let mut ctx = given::context(given::stranger(), 0x70);
    let clock = clock::create_for_testing(&mut ctx);
    let (mut cluster, admin, operator) = given::new_cluster(0x77);
    cluster.add_configuration(&admin, given::hash(1), &clock);
    cluster.add_measurement(&admin, given::pcr(1), given::pcr(2), given::pcr(3), &clock);
    cluster.retire_configuration(&admin, 1, &clock);
    cluster.share(&clock);
    destroy(admin);
    destroy(operator);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENothingApproved)]
fun a_cluster_without_configuration_is_not_shared() {
    let mut ctx = given::context(given::stranger(), 0x70);
    let clock = clock::create_for_testing(&mut ctx);
    let (mut cluster, admin, operator) = given::new_cluster(0x77);
    cluster.add_measurement(&admin, given::pcr(1), given::pcr(2), given::pcr(3), &clock);
    cluster.share(&clock);
    destroy(admin);
    destroy(operator);
    clock.destroy_for_testing();
}

#[test]
fun what_is_approved_later_waits_for_its_delay() {
    let mut world = world::empty();
    add_both(&mut world);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 2);
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    assert_eq!(cluster.config_version(), 3);
    let in_force = cluster.approvals().measurement_in_force(
        &given::pcr(4),
        &given::pcr(5),
        &given::pcr(6),
        world.clock(),
    );
    assert_eq!(in_force, option::none());
    assert_eq!(cluster.approvals().configuration_in_force(&given::hash(0xC0), world.clock()), option::none());
    test_scenario::return_shared(cluster);
    world.end();
}

#[test]
fun what_is_approved_later_holds_after_its_delay() {
    let mut world = world::empty();
    add_both(&mut world);
    world.pass(1_000);
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let in_force = cluster.approvals().measurement_in_force(
        &given::pcr(4),
        &given::pcr(5),
        &given::pcr(6),
        world.clock(),
    );
    assert_eq!(in_force, option::some(3));
    assert_eq!(cluster.approvals().configuration_in_force(&given::hash(0xC0), world.clock()), option::some(4));
    test_scenario::return_shared(cluster);
    world.end();
}

#[test]
fun old_and_new_overlap_until_the_old_is_retired() {
    let mut world = world::registered();
    add_both(&mut world);
    world.pass(1_000);
    world.activate();
    world.end();
}

#[test]
fun a_retirement_holds_at_once_and_is_announced() {
    let mut world = world::empty();
    world.retire_measurement(1);
    world.retire_configuration(2);
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    assert!(!cluster.approvals().is_measurement_live(1));
    assert!(!cluster.approvals().is_configuration_live(2));
    assert_eq!(cluster.config_version(), 3);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test]
fun a_bond_adds_up_and_is_announced() {
    let mut world = world::empty();
    world.add_bond(3);
    world.add_bond(4);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    assert_eq!(cluster.counted_bond(cluster.operator(world.clock()), world.clock()), 7);
    assert_eq!(cluster.counted_bond(@0x1.to_id(), world.clock()), 0);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::EZeroAmount)]
fun a_bond_of_zero_is_refused() {
    let mut world = world::empty();
    world.add_bond(0);
    world.end();
}
