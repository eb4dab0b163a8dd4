/// Operators and their bonds: replacement and its taking back, what counts when, and what is paid to whom.
#[test_only]
module k3s_daas::operators_tests;

use k3s_daas::cluster::{Cluster, OperatorCap};
use k3s_daas::enclave;
use k3s_daas::given;
use k3s_daas::operators;
use k3s_daas::world::{Self, World};
use std::unit_test::{assert_eq, destroy};
use sui::balance;
use sui::test_scenario;

/// What counts of the bond of the one who has his OperatorCap at this address.
fun counted_at(world: &mut World, who: address): u64 {
    let counted;
    world::by_operator_at!(world, who, |cluster, cap, clock, _| {
        counted = cluster.counted_bond(object::id(cap), clock);
    });
    counted
}

fun assert_in_office(world: &mut World, who: address) {
    world::by_operator_at!(world, who, |cluster, cap, clock, _| cluster.assert_operator(cap, clock));
}

fun announce(world: &mut World, who: address, amount: u64) {
    world::by_operator_at!(world, who, |cluster, cap, clock, _| cluster.announce_bond_withdrawal(cap, amount, clock));
}

fun withdraw(world: &mut World, who: address): u64 {
    let paid;
    world::by_operator_at!(world, who, |cluster, cap, clock, ctx| {
        paid = cluster.withdraw_bond(cap, clock, ctx).burn_for_testing();
    });
    paid
}

fun cancel(world: &mut World) {
    world::by_admin!(world, |cluster, cap, clock, _| cluster.cancel_operator(cap, clock));
}

/// A bonded operator, and a successor who has put up a bond too and is in office.
fun replaced(): World {
    let mut world = world::registered();
    world.replace_operator();
    world.add_bond_at(given::successor(), 7_000);
    world.pass(3_000);
    world
}

// Withdrawal

#[test]
fun a_bond_counts_no_longer_when_it_is_announced_to_leave() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), 1_000);
    assert_eq!(counted_at(&mut world, given::operator()), 4_000);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::EBond)]
fun an_announced_withdrawal_ends_the_enclaves_use() {
    let mut world = world::ready();
    announce(&mut world, given::operator(), 1);
    world::with_enclave!(&mut world, |cluster, enclave, clock| enclave::assert_usable(cluster, enclave, clock));
    world.end();
}

#[test]
fun a_bond_is_paid_from_its_millisecond_on() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), 1_000);
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::operator()), 1_000);
    assert_eq!(counted_at(&mut world, given::operator()), 4_000);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun a_bond_is_not_paid_a_millisecond_before() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), 1_000);
    world.pass(4_999);
    withdraw(&mut world, given::operator());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::operators::ENoBond)]
fun without_a_bond_nothing_leaves() {
    let mut world = world::empty();
    announce(&mut world, given::operator(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::operators::ENoBond)]
fun a_bond_that_was_paid_in_full_is_forgotten() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), given::min_bond());
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::operator()), given::min_bond());
    withdraw(&mut world, given::operator());
    world.end();
}

#[test]
fun an_operator_may_bond_again_after_he_withdrew_everything() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), given::min_bond());
    world.pass(5_000);
    withdraw(&mut world, given::operator());
    world.add_bond(9);
    assert_eq!(counted_at(&mut world, given::operator()), 9);
    world.end();
}

#[test]
fun an_operator_cannot_withdraw_what_another_has_put_up() {
    let mut world = replaced();
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::operator()), given::min_bond());
    assert_eq!(counted_at(&mut world, given::successor()), 7_000);
    world.end();
}

// Replacement

#[test]
fun a_successor_is_in_office_from_his_millisecond_on() {
    let mut world = world::registered();
    world.replace_operator();
    world.pass(2_999);
    assert_in_office(&mut world, given::operator());
    assert_eq!(counted_at(&mut world, given::operator()), given::min_bond());
    world.pass(1);
    assert_in_office(&mut world, given::successor());
    assert_eq!(counted_at(&mut world, given::operator()), 0);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_successor_is_not_in_office_a_millisecond_before() {
    let mut world = world::registered();
    world.replace_operator();
    world.pass(2_999);
    assert_in_office(&mut world, given::successor());
    world.end();
}

#[test]
fun a_successor_bonds_before_he_is_in_office() {
    let mut world = world::registered();
    world.replace_operator();
    world.add_bond_at(given::successor(), 7_000);
    assert_eq!(counted_at(&mut world, given::successor()), 0);
    world.pass(3_000);
    assert_eq!(counted_at(&mut world, given::successor()), 7_000);
    world.end();
}

#[test]
fun a_successor_bonds_once_he_is_in_office() {
    let mut world = replaced();
    world.add_bond_at(given::successor(), 1);
    assert_eq!(counted_at(&mut world, given::successor()), 7_001);
    world.end();
}

#[test]
fun the_one_in_office_bonds_while_a_successor_waits() {
    let mut world = world::registered();
    world.replace_operator();
    world.add_bond(1);
    assert_eq!(counted_at(&mut world, given::operator()), given::min_bond() + 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_former_operator_bonds_nothing() {
    let mut world = replaced();
    world.add_bond(1);
    world.end();
}

#[test]
fun a_former_bond_is_paid_to_the_former_operator() {
    let mut world = replaced();
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::operator()), given::min_bond());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun a_former_bond_is_not_paid_a_millisecond_before() {
    let mut world = replaced();
    world.pass(4_999);
    withdraw(&mut world, given::operator());
    world.end();
}

#[test]
fun a_former_bond_leaves_when_its_successor_comes_whenever_that_is_noticed() {
    let mut world = replaced();
    // Nobody wrote the cluster since the successor came; his own due time counts, not the time of this call.
    world.pass(4_000);
    world.add_bond_at(given::successor(), 1);
    world.pass(1_000);
    assert_eq!(withdraw(&mut world, given::operator()), given::min_bond());
    world.end();
}

#[test]
fun what_a_former_operator_had_announced_keeps_its_own_due_time() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), 1_000);
    world.replace_operator();
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::operator()), 1_000);
    world.pass(3_000);
    assert_eq!(withdraw(&mut world, given::operator()), 4_000);
    world.end();
}

#[test]
fun a_former_bond_is_slashable_until_it_is_paid() {
    let mut world = replaced();
    world.pass(5_000);
    world.scenario().next_tx(given::operator());
    let former = world.scenario().take_from_sender<OperatorCap>();
    let mut cluster = world.scenario().take_shared<Cluster>();
    let taken = cluster.slash_bond(object::id(&former), world.clock());
    assert_eq!(taken.destroy_for_testing(), given::min_bond());
    let nothing = cluster.slash_bond(object::id(&former), world.clock());
    assert_eq!(nothing.destroy_for_testing(), 0);
    test_scenario::return_shared(cluster);
    world.scenario().return_to_sender(former);
    assert_eq!(counted_at(&mut world, given::successor()), 7_000);
    world.end();
}

#[test]
fun a_bond_in_office_is_slashed_with_what_is_leaving() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), 1_000);
    world::by_operator!(&mut world, |cluster, cap, clock, _| {
        let taken = cluster.slash_bond(object::id(cap), clock);
        assert_eq!(taken.destroy_for_testing(), given::min_bond());
    });
    assert_eq!(counted_at(&mut world, given::operator()), 0);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::operators::ENoBond)]
fun a_slashed_bond_is_not_paid() {
    let mut world = world::registered();
    announce(&mut world, given::operator(), given::min_bond());
    world::by_operator!(&mut world, |cluster, cap, clock, _| {
        destroy(cluster.slash_bond(object::id(cap), clock));
    });
    world.pass(5_000);
    withdraw(&mut world, given::operator());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::operators::ESuccessorPending)]
fun two_successors_at_a_time_are_refused() {
    let mut world = world::empty();
    world.replace_operator();
    world.replace_operator();
    world.end();
}

#[test]
fun after_a_successor_came_another_may_be_announced() {
    let mut world = replaced();
    world::by_admin!(&mut world, |cluster, cap, clock, ctx| {
        cluster.replace_operator(cap, @0x0B, clock, ctx);
    });
    assert_in_office(&mut world, given::successor());
    world.pass(3_000);
    assert_in_office(&mut world, @0x0B);
    assert_eq!(counted_at(&mut world, given::successor()), 0);
    world.end();
}

#[test]
fun a_growing_delay_leaves_the_due_times_of_a_replacement() {
    let mut world = world::registered();
    world.replace_operator();
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.grow_delays(cap, given::delay_maxima(), clock);
    });
    world.pass(3_000);
    assert_in_office(&mut world, given::successor());
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::operator()), given::min_bond());
    world.end();
}

// Taking back

#[test]
fun a_replacement_is_taken_back() {
    let mut world = world::registered();
    world.replace_operator();
    world.pass(2_999);
    cancel(&mut world);
    world.pass(10_000);
    assert_in_office(&mut world, given::operator());
    assert_eq!(counted_at(&mut world, given::operator()), given::min_bond());
    world.end();
}

#[test]
fun the_bond_of_a_cancelled_successor_is_paid_back() {
    let mut world = world::registered();
    world.replace_operator();
    world.add_bond_at(given::successor(), 7_000);
    cancel(&mut world);
    world.pass(5_000);
    assert_eq!(withdraw(&mut world, given::successor()), 7_000);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotOperator)]
fun a_cancelled_successor_bonds_nothing() {
    let mut world = world::registered();
    world.replace_operator();
    cancel(&mut world);
    world.add_bond_at(given::successor(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::operators::ENoSuccessor)]
fun where_nobody_is_announced_nobody_is_cancelled() {
    let mut world = world::empty();
    cancel(&mut world);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::operators::ENoSuccessor)]
fun a_successor_in_office_is_not_cancelled() {
    let mut world = world::empty();
    world.replace_operator();
    world.pass(3_000);
    cancel(&mut world);
    world.end();
}

#[test]
fun after_a_cancellation_another_may_be_announced() {
    let mut world = world::empty();
    world.replace_operator();
    cancel(&mut world);
    world::by_admin!(&mut world, |cluster, cap, clock, ctx| {
        cluster.replace_operator(cap, @0x0B, clock, ctx);
    });
    world.pass(3_000);
    assert_in_office(&mut world, @0x0B);
    world.end();
}

// Many

fun id(number: u8): ID { object::id_from_bytes(given::hash(number)) }

/// The operators numbered 1 to `count`, each of whom put up 1 MIST before he came into office.
fun bonded(count: u64): operators::Operators {
    let mut all = operators::new(id(1));
    all.add_bond(id(1), balance::create_for_testing(1), 0);
    (count - 1).do!(|at| {
        let next = id((at + 2) as u8);
        all.appoint(next, at + 1, 1_000, at);
        all.add_bond(next, balance::create_for_testing(1), at);
    });
    all
}

#[test]
fun former_bonds_that_nobody_collects_keep_nobody_out() {
    let mut all = bonded(40);
    assert_eq!(all.in_office(39), id(40));
    assert_eq!(all.counted_bond(id(40), 39), 1);
    assert_eq!(all.pay(id(1), 1_000).destroy_for_testing(), 1);
    destroy(all);
}
