/// The version of the package that a cluster works with: announced by the newer code, in force when it is due.
/// This code is version 1; a cluster of an older one is made by `set_version_for_testing(0)`.
#[test_only]
module k3s_daas::version_tests;

use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::cluster_state;
use k3s_daas::events::ClusterChanged;
use k3s_daas::given;
use k3s_daas::upgrade_lock::{Self, UpgradeLock};
use k3s_daas::world::{Self, World};
use std::bcs;
use std::unit_test::{assert_eq, destroy};
use sui::event;
use sui::package;
use sui::test_scenario;

/// A cluster that works with version 0, and the lock that knows version 1.
fun older(): World {
    let mut world = world::registered();
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(0));
    let ctx = &mut world.context(given::stranger());
    let cap = package::test_publish(@k3s_daas.to_id(), ctx);
    destroy(upgrade_lock::lock(cap, 1_000, ctx));
    world
}

fun announce(world: &mut World) {
    world.scenario().next_tx(given::admin());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    let lock = world.scenario().take_shared<UpgradeLock>();
    cluster.announce_version(&cap, &lock, world.clock());
    test_scenario::return_shared(lock);
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

/// The package has one version more than this code says.
fun release_that_kept_its_number(world: &mut World) {
    world.scenario().next_tx(given::stranger());
    let mut lock = world.scenario().take_shared<UpgradeLock>();
    lock.add_package_for_testing(@0xabc);
    test_scenario::return_shared(lock);
}

fun cancel(world: &mut World) {
    world::by_admin!(world, |cluster, cap, clock, _| cluster.cancel_version(cap, clock));
}

fun set_version(world: &mut World, version: u64) {
    world::with_cluster!(world, |cluster, _| cluster.set_version_for_testing(version));
}

fun version(world: &mut World): u64 {
    let version;
    world::with_cluster!(world, |cluster, clock| version = cluster.version(clock));
    version
}

#[test]
fun a_new_cluster_works_with_this_code() {
    let mut world = world::empty();
    assert_eq!(version(&mut world), 1);
    world.end();
}

#[test]
fun a_version_holds_from_its_millisecond_on() {
    let mut world = older();
    announce(&mut world);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    world.pass(2_499);
    assert_eq!(version(&mut world), 0);
    world.pass(1);
    assert_eq!(version(&mut world), 1);
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun new_code_is_refused_until_its_version_is_due() {
    let mut world = older();
    announce(&mut world);
    world.pass(2_499);
    world.activate();
    world.end();
}

#[test]
fun an_announced_version_is_told_with_its_code_and_due_time() {
    let mut world = older();
    announce(&mut world);
    let told = event::events_by_type<ClusterChanged>();
    assert_eq!(told.length(), 1);
    world::with_cluster!(&mut world, |cluster, clock| {
        let pending = cluster_state::new_pending_version(1, @k3s_daas, given::now() + 2_500);
        let state = cluster_state::new(
            object::id(cluster),
            0,
            @k3s_daas,
            option::some(pending),
            cluster.chain_id(),
            cluster.package(),
            given::settings(),
            vector[],
            given::delays(),
            given::delay_maxima(),
            given::penalties(),
            *cluster.approvals().measurements(),
            *cluster.approvals().configurations(),
            option::none(),
            0,
            3,
            cluster.operator(clock),
            option::none(),
            given::min_bond(),
        );
        assert_eq!(cluster.state(clock), state);
        let mut expected = bcs::to_bytes(&b"version announced");
        expected.append(bcs::to_bytes(&state));
        assert_eq!(bcs::to_bytes(&told[0]), expected);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EVersionNotNewer)]
fun a_cluster_does_not_move_to_the_version_it_works_with() {
    let mut world = older();
    set_version(&mut world, 1);
    announce(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EVersionNotNewer)]
fun a_cluster_does_not_move_to_an_older_version() {
    let mut world = older();
    set_version(&mut world, 2);
    announce(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EVersionNotNewer)]
fun a_version_that_is_due_is_the_one_it_works_with() {
    let mut world = older();
    announce(&mut world);
    world.pass(2_500);
    announce(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EVersionPending)]
fun two_versions_do_not_wait_at_a_time() {
    let mut world = older();
    announce(&mut world);
    announce(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_announces_no_version() {
    let mut world = older();
    let (other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let lock = world.scenario().take_shared<UpgradeLock>();
    world::with_cluster!(&mut world, |cluster, clock| cluster.announce_version(&admin, &lock, clock));
    test_scenario::return_shared(lock);
    given::drop_all(other, admin, operator);
    world.end();
}

#[test]
fun a_version_is_taken_back_by_the_code_in_force() {
    let mut world = older();
    announce(&mut world);
    // As if this code were the one in force, and what is announced a newer one.
    set_version(&mut world, 1);
    cancel(&mut world);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    world::with_cluster!(&mut world, |cluster, clock| {
        cluster.set_version_for_testing(0);
        assert_eq!(cluster.config_version(), 4);
        assert_eq!(cluster.version(clock), 0);
    });
    world.pass(2_500);
    assert_eq!(version(&mut world), 0);
    world.end();
}

#[test]
fun after_a_version_was_taken_back_it_may_be_announced_again() {
    let mut world = older();
    announce(&mut world);
    set_version(&mut world, 1);
    cancel(&mut world);
    set_version(&mut world, 0);
    announce(&mut world);
    world.pass(2_500);
    assert_eq!(version(&mut world), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_announced_code_does_not_take_itself_back() {
    let mut world = older();
    announce(&mut world);
    cancel(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENoVersionPending)]
fun where_no_version_is_announced_none_is_taken_back() {
    let mut world = world::empty();
    cancel(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENoVersionPending)]
fun a_version_that_is_due_is_not_taken_back() {
    let mut world = older();
    announce(&mut world);
    world.pass(2_500);
    cancel(&mut world);
    world.end();
}

#[test]
fun a_growing_delay_leaves_an_announced_version() {
    let mut world = older();
    announce(&mut world);
    set_version(&mut world, 1);
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.grow_delays(cap, given::delay_maxima(), clock));
    set_version(&mut world, 0);
    world.pass(2_500);
    assert_eq!(version(&mut world), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotNewest)]
fun code_that_forgot_its_number_is_not_announced() {
    let mut world = older();
    release_that_kept_its_number(&mut world);
    announce(&mut world);
    abort
}
