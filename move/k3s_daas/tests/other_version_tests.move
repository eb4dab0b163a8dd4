/// A cluster that works with another version than this code: Caps open nothing in it, and what must never stop goes on.
#[test_only]
module k3s_daas::other_version_tests;

use k3s_daas::asks;
use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::events::K8sRequestProcessed;
use k3s_daas::given;
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::assert_eq;
use sui::coin::Coin;
use sui::event;
use sui::sui::SUI;
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

// What never stops

/// The same, with a request that waits.
fun other_version_with_request(): World {
    let mut world = world::ready();
    world.submit(asks::ask());
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(2));
    world
}

#[test]
fun at_another_version_a_request_expires() {
    let mut world = other_version_with_request();
    world.pass(30_001);
    world.expire(signed::owner_address());
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    world.end();
}

#[test]
fun at_another_version_a_bond_is_announced_to_leave_and_paid() {
    let mut world = other_version();
    world::by_operator!(&mut world, |cluster, cap, clock, _| {
        cluster.announce_bond_withdrawal(cap, given::min_bond(), clock);
    });
    world.pass(5_000);
    world::by_operator!(&mut world, |cluster, cap, clock, ctx| {
        assert_eq!(cluster.withdraw_bond(cap, clock, ctx).burn_for_testing(), given::min_bond());
    });
    world.end();
}

#[test]
fun at_another_version_a_former_operators_bond_is_paid() {
    let mut world = world::ready();
    world.replace_operator();
    world.pass(3_000);
    world::with_cluster!(&mut world, |cluster, _| cluster.set_version_for_testing(2));
    world.pass(5_000);
    world::by_operator!(&mut world, |cluster, cap, clock, ctx| {
        assert_eq!(cluster.withdraw_bond(cap, clock, ctx).burn_for_testing(), given::min_bond());
    });
    world.end();
}

/// Announces that all of the stake leaves, waits, and has it paid.
fun withdraw_stake(world: &mut World) {
    world::with_token!(world, signed::owner_address(), |cluster, token, clock, ctx| {
        seal_token::announce_stake_withdrawal(cluster, token, given::min_stake(), clock, ctx);
    });
    world.pass(5_000);
    world::with_token!(world, signed::owner_address(), |_, token, clock, ctx| {
        seal_token::withdraw_stake(token, clock, ctx);
    });
    world.scenario().next_tx(signed::owner_address());
    let paid = world.scenario().take_from_sender<Coin<SUI>>();
    assert_eq!(paid.burn_for_testing(), given::min_stake());
}

#[test]
fun at_another_version_a_stake_is_announced_to_leave_and_paid() {
    let mut world = other_version();
    withdraw_stake(&mut world);
    world.end();
}

#[test]
fun at_another_version_the_stake_of_another_versions_token_is_paid() {
    let mut world = other_version();
    world::with_token!(&mut world, given::stranger(), |_, token, _, _| token.set_version_for_testing(0));
    withdraw_stake(&mut world);
    world.end();
}

#[test]
fun at_another_version_the_stake_of_a_revoked_and_expired_token_is_paid() {
    let mut world = other_version();
    world.revoke_token(signed::owner_address());
    world.pass(3_600_000);
    withdraw_stake(&mut world);
    world.end();
}

// What stops

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun at_another_version_nothing_is_submitted() {
    let mut world = other_version();
    world.submit(asks::ask());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::EWrongVersion)]
fun at_another_version_nothing_is_answered() {
    let mut world = other_version_with_request();
    world.store(asks::reply());
    world.end();
}
