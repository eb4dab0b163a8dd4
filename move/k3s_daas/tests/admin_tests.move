/// The AdminCap handed over and burnt, and what goes on without one: bonds, stakes and expiry.
#[test_only]
module k3s_daas::admin_tests;

use k3s_daas::asks;
use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::events::{ClusterChanged, K8sRequestProcessed};
use k3s_daas::given;
use k3s_daas::seal_token;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::{assert_eq, destroy};
use sui::coin::Coin;
use sui::event;
use sui::sui::SUI;
use sui::test_scenario;

fun burn(world: &mut World) {
    world.scenario().next_tx(given::admin());
    let cap = world.scenario().take_from_sender<AdminCap>();
    let mut cluster = world.scenario().take_shared<Cluster>();
    cluster.burn_admin(cap, world.clock());
    test_scenario::return_shared(cluster);
}

#[test]
fun an_admin_hands_his_cap_over() {
    let mut world = world::empty();
    world.scenario().next_tx(given::admin());
    let cap = world.scenario().take_from_sender<AdminCap>();
    let id = object::id(&cap);
    world::with_cluster!(&mut world, |cluster, clock| {
        cluster.hand_over_admin(cap, given::stranger(), clock);
        assert_eq!(cluster.config_version(), 2);
        assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    });
    world.scenario().next_tx(given::stranger());
    assert_eq!(test_scenario::most_recent_id_for_address<AdminCap>(given::stranger()), option::some(id));
    assert!(!test_scenario::has_most_recent_for_address<AdminCap>(given::admin()));
    world.end();
}

#[test]
fun a_cap_that_was_handed_over_is_as_good_as_before() {
    let mut world = world::empty();
    world.scenario().next_tx(given::admin());
    let cap = world.scenario().take_from_sender<AdminCap>();
    world::with_cluster!(&mut world, |cluster, clock| cluster.hand_over_admin(cap, given::stranger(), clock));
    world.scenario().next_tx(given::stranger());
    let cap = world.scenario().take_from_sender<AdminCap>();
    world::with_cluster!(&mut world, |cluster, clock| cluster.retire_measurement(&cap, 1, clock));
    destroy(cap);
    world.end();
}

#[test]
fun a_burnt_cap_is_gone_and_that_is_told() {
    let mut world = world::empty();
    burn(&mut world);
    assert_eq!(event::events_by_type<ClusterChanged>().length(), 1);
    let effects = world.scenario().next_tx(given::stranger());
    assert_eq!(effects.deleted().length(), 1);
    assert!(!test_scenario::has_most_recent_for_address<AdminCap>(given::admin()));
    world::with_cluster!(&mut world, |cluster, _| assert_eq!(cluster.config_version(), 2));
    world.end();
}

#[test]
fun what_an_admin_announced_before_he_burnt_his_cap_still_comes() {
    let mut world = world::empty();
    world.change_setting(b"min_stake", 10);
    world.replace_operator();
    burn(&mut world);
    world.pass(3_000);
    world::by_operator_at!(&mut world, given::successor(), |cluster, cap, clock, _| {
        assert_eq!(cluster.settings(clock).min_stake(), 10);
        cluster.assert_operator(cap, clock);
    });
    world.end();
}

// Without an AdminCap

#[test]
fun without_admin_requests_are_asked_and_answered() {
    let mut world = world::ready();
    // The answer's signature holds the number of changes at the time of the request.
    world.submit(asks::ask());
    burn(&mut world);
    world.store(asks::reply());
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    world.submit(asks::ask().ask_in(0x06));
    world.end();
}

#[test]
fun without_admin_a_request_expires() {
    let mut world = world::ready();
    world.submit(asks::ask());
    burn(&mut world);
    world.pass(30_001);
    world.expire(signed::owner_address());
    assert_eq!(event::events_by_type<K8sRequestProcessed>().length(), 1);
    world.end();
}

#[test]
fun without_admin_a_bond_is_paid() {
    let mut world = world::ready();
    burn(&mut world);
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
fun without_admin_a_stake_is_paid() {
    let mut world = world::ready();
    burn(&mut world);
    world::with_token!(&mut world, signed::owner_address(), |cluster, token, clock, ctx| {
        seal_token::announce_stake_withdrawal(cluster, token, given::min_stake(), clock, ctx);
    });
    world.pass(5_000);
    world::with_token!(&mut world, signed::owner_address(), |_, token, clock, ctx| {
        seal_token::withdraw_stake(token, clock, ctx);
    });
    world.scenario().next_tx(signed::owner_address());
    let paid = world.scenario().take_from_sender<Coin<SUI>>();
    assert_eq!(paid.burn_for_testing(), given::min_stake());
    world.end();
}

#[test]
fun without_admin_an_owner_revokes_his_token() {
    let mut world = world::ready();
    burn(&mut world);
    world.revoke_token(signed::owner_address());
    world::with_token!(&mut world, given::stranger(), |_, token, _, _| assert!(token.is_revoked()));
    world.end();
}

#[test]
fun without_admin_an_operator_revokes_and_replaces_his_enclave() {
    let mut world = world::ready();
    burn(&mut world);
    world.revoke_enclave();
    let id = world.supersede();
    world::with_cluster!(&mut world, |cluster, _| {
        assert_eq!(cluster.active_enclave(), option::some(id));
        assert_eq!(cluster.epoch(), 2);
    });
    world.end();
}
