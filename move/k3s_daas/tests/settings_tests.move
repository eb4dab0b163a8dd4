/// Settings, delays and penalties as plain values: their bounds at creation, and which way delays may change.
#[test_only]
module k3s_daas::settings_tests;

use k3s_daas::given;
use k3s_daas::settings::{Self, Delays};
use std::unit_test::assert_eq;

const YEAR: u64 = 31_536_000_000;

// Settings

fun settings_with(span: u64, inline: u64) {
    settings::new_settings(0, 0, span, span, span, span, inline, inline, 1);
}

#[test]
fun settings_take_the_smallest_and_largest_values() {
    settings_with(1, 1_000);
    settings_with(YEAR, 112_000);
}

#[test]
fun settings_keep_what_they_were_given() {
    let settings = settings::new_settings(1, 2, 3, 4, 5, 6, 1_007, 1_008, 9);
    assert_eq!(settings.min_stake(), 1);
    assert_eq!(settings.min_bond(), 2);
    assert_eq!(settings.max_deadline_ms(), 3);
    assert_eq!(settings.max_stream_ms(), 4);
    assert_eq!(settings.enclave_lifetime_ms(), 5);
    assert_eq!(settings.challenge_lifetime_ms(), 6);
    assert_eq!(settings.request_inline_bytes(), 1_007);
    assert_eq!(settings.response_inline_bytes(), 1_008);
    assert_eq!(settings.receipt_deposit(), 9);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_deadline_of_zero_is_refused() { settings::new_settings(0, 0, 0, 1, 1, 1, 1_000, 1_000, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_stream_of_zero_is_refused() { settings::new_settings(0, 0, 1, 0, 1, 1, 1_000, 1_000, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_enclave_lifetime_of_zero_is_refused() { settings::new_settings(0, 0, 1, 1, 0, 1, 1_000, 1_000, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_challenge_lifetime_of_zero_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 0, 1_000, 1_000, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::ESpanTooLong)]
fun a_span_over_a_year_is_refused() { settings_with(YEAR + 1, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_small_request_inline_size_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 999, 1_000, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_large_request_inline_size_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 112_001, 1_000, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_small_response_inline_size_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 1_000, 999, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_large_response_inline_size_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 1_000, 112_001, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EReceiptDeposit)]
fun a_receipt_for_nothing_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 1_000, 1_000, 0); }

// Penalties

#[test]
fun a_violation_may_cost_all_of_the_stake() {
    let penalties = settings::new_penalties(10_000, 0);
    assert_eq!(penalties.violation_penalty(777), 777);
    assert_eq!(penalties.reporter_reward(777), 0);
}

#[test]
fun a_reporter_may_get_a_tenth_of_the_bond() {
    let penalties = settings::new_penalties(0, 1_000);
    assert_eq!(penalties.reporter_reward(777), 77);
    assert_eq!(penalties.violation_penalty(777), 0);
}

#[test]
fun penalties_of_all_sui_do_not_overflow() {
    let all = 10_000_000_000_000_000_000;
    assert_eq!(settings::new_penalties(9_999, 0).violation_penalty(all), 9_999_000_000_000_000_000);
    assert_eq!(settings::new_penalties(0, 1_000).reporter_reward(all), all / 10);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EViolationPenalty)]
fun a_violation_costs_no_more_than_the_stake() { settings::new_penalties(10_001, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EReporterShare)]
fun a_reporter_gets_no_more_than_a_tenth() { settings::new_penalties(0, 1_001); }

// Delays

/// Delays of 2, a withdrawal of 6 and an evidence window of 2, but for the one at `at`, which is `span`.
fun delays_but(at: u64, span: u64): Delays {
    let mut spans: vector<u64> = vector[2, 2, 2, 2, 6, 2, 2, 2];
    *(&mut spans[at]) = span;
    settings::new_delays(spans[0], spans[1], spans[2], spans[3], spans[4], spans[5], spans[6], spans[7])
}

fun base(): Delays { delays_but(0, 2) }

#[test]
fun delays_keep_what_they_were_given() {
    let delays = settings::new_delays(1, 2, 3, 4, 9, 5, 6, 7);
    assert_eq!(delays.measurement_ms(), 1);
    assert_eq!(delays.settings_ms(), 2);
    assert_eq!(delays.token_ms(), 3);
    assert_eq!(delays.operator_ms(), 4);
    assert_eq!(delays.withdrawal_ms(), 9);
    assert_eq!(delays.evidence_ms(), 5);
    assert_eq!(delays.upgrade_ms(), 6);
    assert_eq!(delays.answer_window_ms(), 7);
}

#[test]
fun a_delay_may_be_a_year() { delays_but(0, YEAR); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::ESpanTooLong)]
fun a_delay_over_a_year_is_refused() { delays_but(0, YEAR + 1); }

#[test]
fun the_evidence_window_may_be_just_shorter_than_the_withdrawal_delay() { delays_but(5, 5); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EEvidenceWindow)]
fun the_evidence_window_is_shorter_than_the_withdrawal_delay() { delays_but(5, 6); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EEvidenceWindow)]
fun the_withdrawal_delay_is_longer_than_the_evidence_window() { delays_but(4, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_measurement_delay_of_zero_is_refused() { delays_but(0, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_settings_delay_of_zero_is_refused() { delays_but(1, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_token_delay_of_zero_is_refused() { delays_but(2, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_operator_delay_of_zero_is_refused() { delays_but(3, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_withdrawal_delay_of_zero_is_refused() { delays_but(4, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_evidence_window_of_zero_is_refused() { delays_but(5, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_upgrade_delay_of_zero_is_refused() { delays_but(6, 0); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_answer_window_of_zero_is_refused() { delays_but(7, 0); }

#[test]
fun delays_at_their_maxima_are_within_them() { given::delay_maxima().assert_within(&given::delay_maxima()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_measurement_delay_over_its_maximum_is_refused() { delays_but(0, 3).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_settings_delay_over_its_maximum_is_refused() { delays_but(1, 3).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_token_delay_over_its_maximum_is_refused() { delays_but(2, 3).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_operator_delay_over_its_maximum_is_refused() { delays_but(3, 3).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_withdrawal_delay_over_its_maximum_is_refused() { delays_but(4, 7).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_evidence_window_over_its_maximum_is_refused() { delays_but(5, 3).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_upgrade_delay_over_its_maximum_is_refused() { delays_but(6, 3).assert_within(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_answer_window_over_its_maximum_is_refused() { delays_but(7, 3).assert_within(&base()); }

#[test]
fun each_delay_may_grow_by_itself() {
    8u64.do!(|at| delays_but(at, if (at == 4) 7 else 3).assert_grown(&base()));
    base().assert_grown(&base());
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun a_measurement_delay_does_not_shrink() { delays_but(0, 1).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun a_settings_delay_does_not_shrink() { delays_but(1, 1).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun a_token_delay_does_not_shrink() { delays_but(2, 1).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun an_operator_delay_does_not_shrink() { delays_but(3, 1).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun a_withdrawal_delay_does_not_shrink() { delays_but(4, 5).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun an_evidence_window_does_not_shrink() { delays_but(5, 1).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun an_upgrade_delay_does_not_shrink() { delays_but(6, 1).assert_grown(&base()); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayShrinks)]
fun an_answer_window_does_not_shrink() { delays_but(7, 1).assert_grown(&base()); }
