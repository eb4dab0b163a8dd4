/// Changes of settings: what loosens waits until it is due, what tightens holds at once, what waits can be taken back.
#[test_only]
module k3s_daas::setting_changes_tests;

use k3s_daas::given;
use k3s_daas::settings::{PendingSetting, Settings};
use k3s_daas::world;
use std::unit_test::assert_eq;

const NOW: u64 = 1_000_000;
const DUE: u64 = 1_001_500;
const YEAR: u64 = 31_536_000_000;

/// All values, in the order of `new_settings`.
fun values(settings: &Settings): vector<u64> {
    vector[
        settings.min_stake(),
        settings.min_bond(),
        settings.max_deadline_ms(),
        settings.max_stream_ms(),
        settings.enclave_lifetime_ms(),
        settings.challenge_lifetime_ms(),
        settings.request_inline_bytes(),
        settings.response_inline_bytes(),
        settings.receipt_deposit(),
    ]
}

/// The given settings, with another value at one place.
fun values_but(at: u64, value: u64): vector<u64> {
    let mut values = values(&given::settings());
    *(&mut values[at]) = value;
    values
}

/// Given settings after one change that would be due in a second and a half.
fun changed(name: vector<u8>, value: u64): (Settings, vector<PendingSetting>) {
    let (mut settings, mut pending) = (given::settings(), vector[]);
    settings.change(&mut pending, given::text(name), value, DUE, NOW);
    (settings, pending)
}

/// The setting at this place waits for its delay when it gets the looser value, and not when it gets the tighter one.
fun assert_direction(at: u64, name: vector<u8>, looser: u64, tighter: u64) {
    let (settings, pending) = changed(name, looser);
    assert_eq!(values(&settings.in_force(&pending, DUE - 1)), values(&given::settings()));
    assert_eq!(values(&settings.in_force(&pending, DUE)), values_but(at, looser));
    assert_eq!(pending.length(), 1);
    let (settings, pending) = changed(name, tighter);
    assert_eq!(values(&settings.in_force(&pending, NOW)), values_but(at, tighter));
    assert!(pending.is_empty());
}

#[test]
fun a_smaller_stake_waits() { assert_direction(0, b"min_stake", 999, 1_001); }

#[test]
fun a_smaller_bond_waits() { assert_direction(1, b"min_bond", 4_999, 5_001); }

#[test]
fun a_longer_deadline_waits() { assert_direction(2, b"max_deadline_ms", 30_001, 29_999); }

#[test]
fun a_longer_stream_waits() { assert_direction(3, b"max_stream_ms", 300_001, 299_999); }

#[test]
fun a_longer_enclave_lifetime_waits() { assert_direction(4, b"enclave_lifetime_ms", 86_400_001, 86_399_999); }

#[test]
fun a_longer_challenge_lifetime_waits() { assert_direction(5, b"challenge_lifetime_ms", 600_001, 599_999); }

#[test]
fun a_larger_request_inline_size_waits() { assert_direction(6, b"request_inline_bytes", 8_193, 8_191); }

#[test]
fun a_larger_response_inline_size_waits() { assert_direction(7, b"response_inline_bytes", 32_001, 31_999); }

#[test]
fun a_smaller_receipt_deposit_waits() { assert_direction(8, b"receipt_deposit", 299, 301); }

#[test]
fun settings_that_wait_are_due_each_at_its_own_time() {
    let (mut settings, mut pending) = changed(b"min_stake", 1);
    settings.change(&mut pending, given::text(b"min_bond"), 2, DUE + 5, NOW + 5);
    assert_eq!(pending.length(), 2);
    assert_eq!(settings.in_force(&pending, DUE - 1).min_stake(), 1_000);
    assert_eq!(settings.in_force(&pending, DUE + 4).min_stake(), 1);
    assert_eq!(settings.in_force(&pending, DUE + 4).min_bond(), 5_000);
    assert_eq!(settings.in_force(&pending, DUE + 5).min_bond(), 2);
}

#[test]
fun a_new_value_replaces_the_waiting_one_and_waits_anew() {
    let (mut settings, mut pending) = changed(b"min_stake", 1);
    settings.change(&mut pending, given::text(b"min_stake"), 2, DUE + 5, NOW + 5);
    assert_eq!(pending.length(), 1);
    assert_eq!(settings.in_force(&pending, DUE + 4).min_stake(), 1_000);
    assert_eq!(settings.in_force(&pending, DUE + 5).min_stake(), 2);
}

#[test]
fun the_value_in_force_takes_the_waiting_one_back() {
    let (mut settings, mut pending) = changed(b"min_stake", 1);
    settings.change(&mut pending, given::text(b"min_stake"), 1_000, DUE, NOW);
    assert!(pending.is_empty());
    assert_eq!(settings.in_force(&pending, DUE).min_stake(), 1_000);
}

#[test]
fun a_tighter_value_drops_the_waiting_one() {
    let (mut settings, mut pending) = changed(b"min_stake", 1);
    settings.change(&mut pending, given::text(b"min_stake"), 2_000, DUE, NOW);
    assert!(pending.is_empty());
    assert_eq!(settings.in_force(&pending, DUE).min_stake(), 2_000);
}

#[test]
fun taking_one_back_leaves_the_others_waiting() {
    let (mut settings, mut pending) = changed(b"min_stake", 1);
    settings.change(&mut pending, given::text(b"min_bond"), 2, DUE, NOW);
    settings.change(&mut pending, given::text(b"min_stake"), 1_000, DUE, NOW);
    assert_eq!(settings.in_force(&pending, DUE).min_stake(), 1_000);
    assert_eq!(settings.in_force(&pending, DUE).min_bond(), 2);
}

#[test]
fun what_is_due_is_judged_against_when_the_next_change_comes() {
    let (mut settings, mut pending) = changed(b"min_stake", 500);
    // 800 tightens once 500 holds, so it holds at once and what was due does not come back.
    settings.change(&mut pending, given::text(b"min_stake"), 800, DUE + 1_500, DUE);
    assert!(pending.is_empty());
    assert_eq!(settings.min_stake(), 800);
}

#[test]
fun what_is_due_does_not_wait_any_more() {
    let (mut settings, mut pending) = changed(b"min_stake", 500);
    settings.change(&mut pending, given::text(b"min_bond"), 6_000, DUE + 1_500, DUE);
    assert!(pending.is_empty());
    assert_eq!(settings.min_stake(), 500);
    assert_eq!(settings.min_bond(), 6_000);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::ENoChange)]
fun the_value_in_force_is_no_change() { changed(b"min_stake", 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::ENoChange)]
fun the_value_in_force_takes_nothing_back_of_another_setting() {
    let (mut settings, mut pending) = changed(b"min_stake", 1);
    settings.change(&mut pending, given::text(b"min_bond"), 5_000, DUE, NOW);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::ENoChange)]
fun a_value_that_is_due_is_the_one_in_force() {
    let (mut settings, mut pending) = changed(b"min_stake", 500);
    settings.change(&mut pending, given::text(b"min_stake"), 500, DUE + 1_500, DUE);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EUnknownSetting)]
fun an_unknown_setting_is_refused() { changed(b"answer_window_ms", 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EUnknownSetting)]
fun an_empty_name_is_refused() { changed(b"", 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_changed_deadline_is_not_zero() { changed(b"max_deadline_ms", 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::ESpanTooLong)]
fun a_changed_stream_is_not_longer_than_a_year() { changed(b"max_stream_ms", YEAR + 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_changed_inline_size_has_its_bounds() { changed(b"request_inline_bytes", 112_001); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EReceiptDeposit)]
fun a_changed_receipt_deposit_is_not_zero() { changed(b"receipt_deposit", 0); }

// In a cluster

#[test]
fun a_cluster_loosens_when_the_delay_is_over() {
    let mut world = world::empty();
    world.change_setting(b"min_stake", 10);
    world.pass(1_499);
    world::with_cluster!(&mut world, |cluster, clock| {
        assert_eq!(cluster.settings(clock).min_stake(), given::min_stake());
    });
    world.pass(1);
    world::with_cluster!(&mut world, |cluster, clock| assert_eq!(cluster.settings(clock).min_stake(), 10));
    world.end();
}

#[test]
fun a_cluster_tightens_at_once() {
    let mut world = world::empty();
    world.change_setting(b"min_stake", 10_000);
    world::with_cluster!(&mut world, |cluster, clock| assert_eq!(cluster.settings(clock).min_stake(), 10_000));
    world.end();
}

#[test]
fun before_it_is_shared_a_cluster_loosens_at_once() {
    let world = world::empty();
    let (mut cluster, admin, operator) = given::new_cluster(0x77);
    cluster.change_setting(&admin, given::text(b"min_stake"), 10, world.clock());
    assert_eq!(cluster.settings(world.clock()).min_stake(), 10);
    assert_eq!(cluster.config_version(), 1);
    given::drop_all(cluster, admin, operator);
    world.end();
}

#[test]
fun a_growing_delay_leaves_due_times_as_they_were_announced() {
    let mut world = world::empty();
    world.change_setting(b"min_stake", 10);
    world::by_admin!(&mut world, |cluster, cap, clock, _| {
        cluster.grow_delays(cap, given::delay_maxima(), clock);
    });
    world.change_setting(b"min_bond", 20);
    world.pass(1_500);
    world::with_cluster!(&mut world, |cluster, clock| {
        assert_eq!(cluster.settings(clock).min_stake(), 10);
        assert_eq!(cluster.settings(clock).min_bond(), given::min_bond());
    });
    world.pass(7_500);
    world::with_cluster!(&mut world, |cluster, clock| assert_eq!(cluster.settings(clock).min_bond(), 20));
    world.end();
}
