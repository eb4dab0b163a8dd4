/// Every change of a cluster counts, and is told once with the cluster's full state, what is pending too.
#[test_only]
module k3s_daas::cluster_changes_tests;

use k3s_daas::cluster_state;
use k3s_daas::events::ClusterChanged;
use k3s_daas::given;
use k3s_daas::operators;
use k3s_daas::settings;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::unit_test::{assert_eq, destroy};
use sui::event;

/// The change that was made last is number `config_version`, and its event has these words and the state as it is.
fun assert_told(world: &mut World, change: vector<u8>, config_version: u64) {
    let told = event::events_by_type<ClusterChanged>();
    assert_eq!(told.length(), 1);
    world::with_cluster!(world, |cluster, clock| {
        assert_eq!(cluster.config_version(), config_version);
        let mut expected = bcs::to_bytes(&change);
        expected.append(bcs::to_bytes(&cluster.state(clock)));
        assert_eq!(bcs::to_bytes(&told[0]), expected);
    });
}

/// Announces that 1,000 MIST of the operator's bond leave.
fun announce(world: &mut World) {
    world::by_operator!(world, |cluster, cap, clock, _| cluster.announce_bond_withdrawal(cap, 1_000, clock));
}

// Each change

#[test]
fun an_added_measurement_is_told() {
    let mut world = world::empty();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.add_measurement(cap, given::pcr(4), given::pcr(5), given::pcr(6), clock);
    });
    assert_told(&mut world, b"measurement added", 2);
    world.end();
}

#[test]
fun an_added_configuration_is_told() {
    let mut world = world::empty();
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.add_configuration(cap, given::hash(4), clock));
    assert_told(&mut world, b"configuration added", 2);
    world.end();
}

#[test]
fun a_retired_measurement_is_told() {
    let mut world = world::empty();
    world.retire_measurement(1);
    assert_told(&mut world, b"measurement retired", 2);
    world.end();
}

#[test]
fun a_retired_configuration_is_told() {
    let mut world = world::empty();
    world.retire_configuration(2);
    assert_told(&mut world, b"configuration retired", 2);
    world.end();
}

#[test]
fun a_changed_setting_is_told() {
    let mut world = world::empty();
    world.change_setting(b"min_stake", 1);
    assert_told(&mut world, b"setting changed", 2);
    world.change_setting(b"min_stake", 2_000);
    assert_told(&mut world, b"setting changed", 3);
    world.end();
}

#[test]
fun grown_delays_are_told() {
    let mut world = world::empty();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.grow_delays(cap, given::delay_maxima(), clock);
        assert_eq!(*cluster.delays(), given::delay_maxima());
    });
    assert_told(&mut world, b"delays grown", 2);
    world.end();
}

#[test]
fun an_announced_operator_is_told() {
    let mut world = world::empty();
    world.replace_operator();
    assert_told(&mut world, b"operator announced", 2);
    world.end();
}

#[test]
fun a_cancelled_operator_is_told() {
    let mut world = world::empty();
    world.replace_operator();
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.cancel_operator(cap, clock));
    assert_told(&mut world, b"operator cancelled", 3);
    world.end();
}

#[test]
fun an_added_bond_is_told() {
    let mut world = world::empty();
    world.add_bond(1);
    assert_told(&mut world, b"bond added", 2);
    world.end();
}

#[test]
fun a_leaving_bond_is_told() {
    let mut world = world::registered();
    announce(&mut world);
    assert_told(&mut world, b"bond withdrawal announced", 3);
    world.end();
}

#[test]
fun a_paid_bond_is_told() {
    let mut world = world::registered();
    announce(&mut world);
    world.pass(5_000);
    world::by_operator!(&mut world, |cluster, cap, clock, ctx| destroy(cluster.withdraw_bond(cap, clock, ctx)));
    assert_told(&mut world, b"bond paid", 4);
    world.end();
}

#[test]
fun a_slashed_bond_is_told() {
    let mut world = world::registered();
    world::by_operator!(&mut world, |cluster, cap, clock, _| {
        destroy(cluster.slash_bond(object::id(cap), clock));
    });
    assert_told(&mut world, b"bond slashed", 3);
    world.end();
}

// Delays of a cluster

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun delays_of_a_cluster_do_not_shrink() {
    let mut world = world::empty();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.grow_delays(cap, given::delay_maxima(), clock);
        cluster.grow_delays(cap, given::delays(), clock);
    });
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun delays_of_a_cluster_keep_to_their_maxima() {
    let mut world = world::empty();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        let more = settings::new_delays(9_001, 9_000, 9_000, 9_000, 9_000, 8_000, 9_000, 60_000);
        cluster.grow_delays(cap, more, clock);
    });
    world.end();
}

#[test]
fun a_grown_delay_holds_for_what_comes_after() {
    let mut world = world::empty();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.add_configuration(cap, given::hash(1), clock);
        cluster.grow_delays(cap, given::delay_maxima(), clock);
        cluster.add_configuration(cap, given::hash(2), clock);
    });
    world.pass(1_000);
    world::with_cluster!(&mut world, |cluster, clock| {
        assert!(cluster.approvals().configuration_in_force(&given::hash(1), clock).is_some());
        assert!(cluster.approvals().configuration_in_force(&given::hash(2), clock).is_none());
    });
    world.pass(8_000);
    world::with_cluster!(&mut world, |cluster, clock| {
        assert!(cluster.approvals().configuration_in_force(&given::hash(2), clock).is_some());
    });
    world.end();
}

// The state

#[test]
fun the_state_holds_all_that_is_pending() {
    let mut world = world::registered();
    let successor;
    world.change_setting(b"min_stake", 10);
    world::by_admin!(&mut world, |cluster, cap, clock, ctx| {
        successor = cluster.replace_operator(cap, given::successor(), clock, ctx);
    });
    announce(&mut world);
    world::with_cluster!(&mut world, |cluster, clock| {
        let (mut settings, mut pending) = (given::settings(), vector[]);
        let name = given::text(b"min_stake");
        settings.change(&mut pending, name, 10, given::now() + 1_500, given::now());
        let mut operators = operators::new(cluster.operator(clock));
        operators.appoint(successor, given::now() + 3_000, given::now() + 8_000, given::now());
        let expected = cluster_state::new(
            object::id(cluster),
            1,
            @k3s_daas,
            option::none(),
            signed::chain_id(),
            @k3s_daas,
            given::settings(),
            pending,
            given::delays(),
            given::delay_maxima(),
            given::penalties(),
            *cluster.approvals().measurements(),
            *cluster.approvals().configurations(),
            option::none(),
            0,
            5,
            cluster.operator(clock),
            operators.successor(given::now()),
            given::min_bond() - 1_000,
        );
        assert_eq!(cluster.state(clock), expected);
        destroy(operators);
    });
    world.end();
}
