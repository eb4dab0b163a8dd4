/// The timelock of upgrades: each yes and each no.
///
/// In tests this package is at 0x0, and an UpgradeCap with this id counts as authorised already. So what the lock lets
/// through ends at Sui's own check (`sui::package::EAlreadyAuthorized`) one line later; the way on, to the committed
/// upgrade, is gone on the embedded ledger.
#[test_only]
module k3s_daas::upgrade_lock_tests;

use k3s_daas::given;
use k3s_daas::upgrade_lock::{
    Self,
    MadeImmutable,
    UpgradeAnnounced,
    UpgradeCancelled,
    UpgradeDelayGrown,
    UpgradeLock,
    UpgradeLocked,
    UpgradeRight,
};
use std::unit_test::{assert_eq, destroy};
use sui::clock::{Self, Clock};
use sui::event;
use sui::package::{Self, UpgradeCap};
use sui::test_scenario::{Self, Scenario};

const DELAY: u64 = 1_000;
const YEAR: u64 = 31_536_000_000;
const OPEN: u64 = 2_592_000_000;

fun cap_of(package: address, ctx: &mut TxContext): UpgradeCap {
    package::test_publish(object::id_from_address(package), ctx)
}

/// A lock with this delay: it, the right to announce, and a clock at the time when all tests begin.
fun locked(delay_ms: u64): (Scenario, UpgradeLock, UpgradeRight, Clock) {
    let mut scenario = test_scenario::begin(given::admin());
    let right = upgrade_lock::lock(cap_of(@k3s_daas, scenario.ctx()), delay_ms, scenario.ctx());
    assert_eq!(event::events_by_type<UpgradeLocked>().length(), 1);
    let mut clock = clock::create_for_testing(scenario.ctx());
    clock.set_for_testing(given::now());
    scenario.next_tx(given::admin());
    let lock = scenario.take_shared<UpgradeLock>();
    (scenario, lock, right, clock)
}

/// The same, with an upgrade announced now.
fun announced(): (Scenario, UpgradeLock, UpgradeRight, Clock) {
    let (scenario, mut lock, right, clock) = locked(DELAY);
    lock.announce(&right, given::hash(1), &clock);
    (scenario, lock, right, clock)
}

fun end(scenario: Scenario, lock: UpgradeLock, right: UpgradeRight, clock: Clock) {
    destroy(right);
    clock.destroy_for_testing();
    test_scenario::return_shared(lock);
    scenario.end();
}

/// The right of another lock of this package.
fun other_right(scenario: &mut Scenario): UpgradeRight {
    upgrade_lock::lock(cap_of(@k3s_daas, scenario.ctx()), DELAY, scenario.ctx())
}

fun authorize(lock: &mut UpgradeLock, right: &UpgradeRight, clock: &Clock) {
    destroy(lock.authorize(right, clock));
}

// Locking.

#[test]
fun a_delay_may_be_a_year() {
    let (scenario, lock, right, clock) = locked(YEAR);
    assert_eq!(lock.package_of(1), @k3s_daas);
    end(scenario, lock, right, clock);
}

#[test]
fun a_delay_may_be_a_millisecond() {
    let (scenario, lock, right, clock) = locked(1);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EDelay)]
fun a_delay_is_not_zero() {
    let (scenario, lock, right, clock) = locked(0);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EDelay)]
fun a_delay_is_not_longer_than_a_year() {
    let (scenario, lock, right, clock) = locked(YEAR + 1);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EOtherPackage)]
fun the_cap_of_another_package_is_refused() {
    let ctx = &mut given::context(given::admin(), 1);
    destroy(upgrade_lock::lock(cap_of(@0xBAD, ctx), DELAY, ctx));
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EUpgradedBefore)]
fun a_cap_that_has_upgraded_is_refused() {
    let ctx = &mut given::context(given::admin(), 1);
    let mut cap = cap_of(@0xBAD, ctx);
    let ticket = cap.authorize(package::compatible_policy(), given::hash(1));
    cap.commit(package::test_upgrade(ticket));
    destroy(upgrade_lock::lock(cap, DELAY, ctx));
}

// The delay.

#[test, expected_failure(abort_code = ::sui::package::EAlreadyAuthorized)]
fun the_delay_grows_and_what_is_announced_keeps_its_due_time() {
    let (scenario, mut lock, right, mut clock) = announced();
    lock.grow_delay(&right, YEAR);
    assert_eq!(event::events_by_type<UpgradeDelayGrown>().length(), 1);
    clock.increment_for_testing(DELAY);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotDue)]
fun a_longer_delay_holds_for_what_is_announced_after_it() {
    let (scenario, mut lock, right, mut clock) = locked(DELAY);
    lock.grow_delay(&right, DELAY + 1);
    lock.announce(&right, given::hash(1), &clock);
    clock.increment_for_testing(DELAY);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EDelayShrinks)]
fun the_delay_does_not_stay_the_same() {
    let (scenario, mut lock, right, clock) = locked(DELAY);
    lock.grow_delay(&right, DELAY);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EDelayShrinks)]
fun the_delay_does_not_shrink() {
    let (scenario, mut lock, right, clock) = locked(DELAY);
    lock.grow_delay(&right, DELAY - 1);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EDelay)]
fun the_delay_does_not_grow_over_a_year() {
    let (scenario, mut lock, right, clock) = locked(DELAY);
    lock.grow_delay(&right, YEAR + 1);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotUpgradeRight)]
fun the_right_of_another_lock_grows_no_delay() {
    let (mut scenario, mut lock, right, clock) = locked(DELAY);
    let other = other_right(&mut scenario);
    lock.grow_delay(&other, YEAR);
    destroy(other);
    end(scenario, lock, right, clock);
}

// Announcing and cancelling.

#[test]
fun an_announced_upgrade_is_told() {
    let (scenario, lock, right, clock) = announced();
    assert_eq!(event::events_by_type<UpgradeAnnounced>().length(), 1);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EDigestLength)]
fun a_digest_has_thirty_two_bytes() {
    let (scenario, mut lock, right, clock) = locked(DELAY);
    lock.announce(&right, vector::tabulate!(31, |_| 1), &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EAlreadyAnnounced)]
fun two_upgrades_at_a_time_are_refused() {
    let (scenario, mut lock, right, clock) = announced();
    lock.announce(&right, given::hash(2), &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotUpgradeRight)]
fun the_right_of_another_lock_announces_nothing() {
    let (mut scenario, mut lock, right, clock) = locked(DELAY);
    let other = other_right(&mut scenario);
    lock.announce(&other, given::hash(1), &clock);
    destroy(other);
    end(scenario, lock, right, clock);
}

#[test]
fun a_cancelled_upgrade_makes_room_for_another() {
    let (scenario, mut lock, right, mut clock) = announced();
    lock.cancel(&right);
    assert_eq!(event::events_by_type<UpgradeCancelled>().length(), 1);
    clock.increment_for_testing(DELAY);
    lock.announce(&right, given::hash(2), &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotAnnounced)]
fun a_cancelled_upgrade_is_not_authorised() {
    let (scenario, mut lock, right, mut clock) = announced();
    lock.cancel(&right);
    clock.increment_for_testing(DELAY);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotAnnounced)]
fun what_is_not_announced_is_not_cancelled() {
    let (scenario, mut lock, right, clock) = locked(DELAY);
    lock.cancel(&right);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotUpgradeRight)]
fun the_right_of_another_lock_cancels_nothing() {
    let (mut scenario, mut lock, right, clock) = announced();
    let other = other_right(&mut scenario);
    lock.cancel(&other);
    destroy(other);
    end(scenario, lock, right, clock);
}

// Upgrading.

#[test, expected_failure(abort_code = ::sui::package::EAlreadyAuthorized)]
fun an_upgrade_is_let_through_from_its_millisecond_on() {
    let (scenario, mut lock, right, mut clock) = announced();
    clock.increment_for_testing(DELAY);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotDue)]
fun an_upgrade_is_not_let_through_a_millisecond_before() {
    let (scenario, mut lock, right, mut clock) = announced();
    clock.increment_for_testing(DELAY - 1);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::sui::package::EAlreadyAuthorized)]
fun an_upgrade_is_open_for_thirty_days() {
    let (scenario, mut lock, right, mut clock) = announced();
    clock.increment_for_testing(DELAY + OPEN - 1);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ETooLate)]
fun an_upgrade_that_nobody_made_is_over_after_thirty_days() {
    let (scenario, mut lock, right, mut clock) = announced();
    clock.increment_for_testing(DELAY + OPEN);
    authorize(&mut lock, &right, &clock);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotUpgradeRight)]
fun the_right_of_another_lock_authorises_nothing() {
    let (mut scenario, mut lock, right, mut clock) = announced();
    let other = other_right(&mut scenario);
    clock.increment_for_testing(DELAY);
    authorize(&mut lock, &other, &clock);
    destroy(other);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EUnknownVersion)]
fun there_is_no_version_zero() {
    let (scenario, lock, right, clock) = locked(DELAY);
    lock.package_of(0);
    end(scenario, lock, right, clock);
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::EUnknownVersion)]
fun an_announced_version_is_none_yet() {
    let (scenario, lock, right, clock) = announced();
    lock.package_of(2);
    end(scenario, lock, right, clock);
}

// The end of upgrades.

#[test]
fun an_immutable_package_knows_its_versions() {
    let (scenario, mut lock, right, clock) = announced();
    lock.make_immutable(right);
    assert_eq!(event::events_by_type<MadeImmutable>().length(), 1);
    assert_eq!(lock.package_of(1), @k3s_daas);
    clock.destroy_for_testing();
    test_scenario::return_shared(lock);
    scenario.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::upgrade_lock::ENotUpgradeRight)]
fun the_right_of_another_lock_ends_nothing() {
    let (mut scenario, mut lock, right, clock) = announced();
    lock.make_immutable(other_right(&mut scenario));
    end(scenario, lock, right, clock);
}
