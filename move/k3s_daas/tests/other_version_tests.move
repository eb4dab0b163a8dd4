/// A cluster that works with another version than this code: Caps open nothing in it, and what must never stop goes on.
#[test_only]
module k3s_daas::other_version_tests;

use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::given;
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::world::{Self, World};
use sui::test_scenario;

/// A cluster that works with another version than this code.
fun other_version(): World {
    let mut world = world::ready();
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(2));
    world
}

// The admin's, at another version

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_adds_no_measurement() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.add_measurement(cap, given::pcr(4), given::pcr(5), given::pcr(6), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_adds_no_configuration() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.add_configuration(cap, given::hash(1), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_retires_no_measurement() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.retire_measurement(cap, 1, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_retires_no_configuration() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.retire_configuration(cap, 2, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_changes_no_setting() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.change_setting(cap, given::text(b"min_stake"), 1, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_grows_no_delays() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.grow_delays(cap, given::delay_maxima(), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_replaces_no_operator() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, ctx| {
        cluster.replace_operator(cap, given::stranger(), clock, ctx);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_cancels_no_operator() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.cancel_operator(cap, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_cancels_no_version() {
    let mut world = other_version();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.cancel_version(cap, clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_hands_nothing_over() {
    let mut world = other_version();
    world.scenario().next_tx(given::admin());
    let cap = world.scenario().take_from_sender<AdminCap>();
    world::with_cluster!(&mut world, |cluster, clock| cluster.hand_over_admin(cap, given::stranger(), clock));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_burns_nothing() {
    let mut world = other_version();
    world.scenario().next_tx(given::admin());
    let cap = world.scenario().take_from_sender<AdminCap>();
    world::with_cluster!(&mut world, |cluster, clock| cluster.burn_admin(cap, clock));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_issues_no_token() {
    let mut world = other_version();
    world.issue(0);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_rescopes_no_token() {
    let mut world = other_version();
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    let mut token = world.scenario().take_shared<SealToken>();
    seal_token::rescope(&cluster, &cap, &mut token, given::token_rules(), world.clock());
    test_scenario::return_shared(token);
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_admin_revokes_no_token() {
    let mut world = other_version();
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    let mut token = world.scenario().take_shared<SealToken>();
    seal_token::revoke_by_admin(&cluster, &cap, &mut token, world.clock());
    test_scenario::return_shared(token);
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
    world.end();
}

// The operator's, at another version

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_operator_bonds_nothing() {
    let mut world = other_version();
    world.add_bond(1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_operator_makes_no_challenge() {
    let mut world = other_version();
    world.challenge();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_operator_activates_nothing() {
    let mut world = other_version();
    world.activate();
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun the_operator_revokes_nothing() {
    let mut world = other_version();
    world.revoke_enclave();
    world.end();
}
