/// Stake leaves a token: announced by its owner, counted no longer from then, paid to him when it is due.
#[test_only]
module k3s_daas::stake_tests;

use k3s_daas::asks;
use k3s_daas::blame;
use k3s_daas::events::SealTokenChanged;
use k3s_daas::given;
use k3s_daas::seal_token;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::assert_eq;
use sui::event;

/// The withdrawal delay of the world.
const DELAY: u64 = 5_000;

fun announce(world: &mut World, who: address, amount: u64) {
    world::with_token!(world, who, |cluster, token, clock, ctx| {
        seal_token::announce_stake_withdrawal(cluster, token, amount, clock, ctx);
    });
}

fun withdraw(world: &mut World, who: address) {
    world::with_token!(world, who, |_, token, clock, ctx| seal_token::withdraw_stake(token, clock, ctx));
}

/// Announces and withdraws all of the stake, which comes to its owner.
fun take_all_out(mut world: World) {
    announce(&mut world, signed::owner_address(), given::min_stake());
    world.pass(DELAY);
    withdraw(&mut world, signed::owner_address());
    assert_eq!(blame::coins(&mut world, signed::owner_address()), given::min_stake());
    world.end();
}

#[test]
fun announced_stake_counts_no_longer() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 300);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    world::with_token!(&mut world, given::stranger(), |_, token, _, _| assert_eq!(token.counted_stake(), 700));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun no_change_is_allowed_by_stake_that_leaves() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 1);
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test]
fun reading_goes_on_without_stake() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), given::min_stake());
    world.submit(asks::ask());
    world.end();
}

#[test]
fun stake_that_is_added_counts_beside_what_leaves() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 1);
    world.add_stake(1);
    world.submit(asks::ask().ask_verb(b"create"));
    world.end();
}

#[test]
fun stake_is_paid_to_the_owner_from_its_millisecond_on() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 300);
    world.pass(DELAY);
    withdraw(&mut world, signed::owner_address());
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    assert_eq!(blame::coins(&mut world, signed::owner_address()), 300);
    world::with_token!(&mut world, given::stranger(), |_, token, _, _| assert_eq!(token.counted_stake(), 700));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun stake_is_not_paid_a_millisecond_before() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 300);
    world.pass(DELAY - 1);
    withdraw(&mut world, signed::owner_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun stake_is_paid_once() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 300);
    world.pass(DELAY);
    withdraw(&mut world, signed::owner_address());
    withdraw(&mut world, signed::owner_address());
    world.end();
}

#[test]
fun a_due_time_is_fixed_when_it_is_announced() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 300);
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.grow_delays(cap, given::delay_maxima(), clock));
    world.pass(DELAY);
    withdraw(&mut world, signed::owner_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENothingDue)]
fun a_grown_delay_holds_for_what_is_announced_later() {
    let mut world = world::ready();
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.grow_delays(cap, given::delay_maxima(), clock));
    announce(&mut world, signed::owner_address(), 300);
    world.pass(8_999);
    withdraw(&mut world, signed::owner_address());
    world.end();
}

// Refused

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOwner)]
fun a_stranger_announces_no_withdrawal() {
    let mut world = world::ready();
    announce(&mut world, given::stranger(), 300);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOwner)]
fun the_admin_announces_no_withdrawal() {
    let mut world = world::ready();
    announce(&mut world, given::admin(), 300);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOwner)]
fun a_stranger_withdraws_nothing() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 300);
    world.pass(DELAY);
    withdraw(&mut world, given::stranger());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongCluster)]
fun the_delay_is_that_of_the_tokens_own_cluster() {
    let mut world = world::ready();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_token!(&mut world, signed::owner_address(), |_, token, clock, ctx| {
        seal_token::announce_stake_withdrawal(&other, token, 300, clock, ctx);
    });
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENotEnough)]
fun no_more_leaves_than_there_is() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), given::min_stake() + 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::ENotEnough)]
fun nothing_leaves_twice() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), given::min_stake());
    announce(&mut world, signed::owner_address(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::EZeroAmount)]
fun a_withdrawal_of_nothing_is_refused() {
    let mut world = world::ready();
    announce(&mut world, signed::owner_address(), 0);
    world.end();
}

// What must never stop

#[test]
fun the_stake_of_a_revoked_token_leaves() {
    let mut world = world::ready();
    world.revoke_token(signed::owner_address());
    take_all_out(world);
}

#[test]
fun the_stake_of_an_expired_token_leaves() {
    let mut world = world::ready();
    world.pass(3_600_000);
    take_all_out(world);
}
