/// Settings, approvals, chunks and rules as plain values: their bounds.
#[test_only]
module k3s_daas::values_tests;

use k3s_daas::approvals;
use k3s_daas::chunks;
use k3s_daas::rules;
use k3s_daas::settings;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::clock;

const YEAR: u64 = 31_536_000_000;

// Settings

fun settings_with(span: u64, inline: u64) {
    settings::new_settings(0, 0, span, span, span, span, span, inline, inline);
}

#[test]
fun settings_take_the_smallest_and_largest_values() {
    settings_with(1, 1_000);
    settings_with(YEAR, 112_000);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_deadline_of_zero_is_refused() { settings::new_settings(0, 0, 0, 1, 1, 1, 1, 1_000, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_stream_of_zero_is_refused() { settings::new_settings(0, 0, 1, 0, 1, 1, 1, 1_000, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_answer_window_of_zero_is_refused() { settings::new_settings(0, 0, 1, 1, 0, 1, 1, 1_000, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_enclave_lifetime_of_zero_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 0, 1, 1_000, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_challenge_lifetime_of_zero_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 0, 1_000, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::ESpanTooLong)]
fun a_span_over_a_year_is_refused() { settings_with(YEAR + 1, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_small_request_inline_size_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 1, 999, 1_000); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EInlineSize)]
fun a_large_response_inline_size_is_refused() { settings::new_settings(0, 0, 1, 1, 1, 1, 1, 1_000, 112_001); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EEvidenceWindow)]
fun the_evidence_window_is_shorter_than_the_withdrawal_delay() { settings::new_delays(1, 1, 1, 1, 5, 5, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_measurement_delay_of_zero_is_refused() { settings::new_delays(0, 1, 1, 1, 5, 4, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_settings_delay_of_zero_is_refused() { settings::new_delays(1, 0, 1, 1, 5, 4, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun a_token_delay_of_zero_is_refused() { settings::new_delays(1, 1, 0, 1, 5, 4, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_operator_delay_of_zero_is_refused() { settings::new_delays(1, 1, 1, 0, 5, 4, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_evidence_window_of_zero_is_refused() { settings::new_delays(1, 1, 1, 1, 5, 0, 1); }

#[test, expected_failure(abort_code = ::k3s_daas::settings::EZeroSpan)]
fun an_upgrade_delay_of_zero_is_refused() { settings::new_delays(1, 1, 1, 1, 5, 4, 0); }

#[test]
fun delays_at_their_maxima_are_within_them() {
    world::delay_maxima().assert_within(&world::delay_maxima());
}

#[test]
fun each_delay_has_its_own_maximum() {
    let maxima = settings::new_delays(2, 2, 2, 2, 6, 2, 2);
    settings::new_delays(2, 2, 2, 2, 6, 2, 2).assert_within(&maxima);
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_measurement_delay_over_its_maximum_is_refused() {
    settings::new_delays(3, 2, 2, 2, 6, 2, 2).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_settings_delay_over_its_maximum_is_refused() {
    settings::new_delays(2, 3, 2, 2, 6, 2, 2).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_token_delay_over_its_maximum_is_refused() {
    settings::new_delays(2, 2, 3, 2, 6, 2, 2).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_operator_delay_over_its_maximum_is_refused() {
    settings::new_delays(2, 2, 2, 3, 6, 2, 2).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun a_withdrawal_delay_over_its_maximum_is_refused() {
    settings::new_delays(2, 2, 2, 2, 7, 2, 2).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_evidence_delay_over_its_maximum_is_refused() {
    settings::new_delays(2, 2, 2, 2, 6, 3, 2).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

#[test, expected_failure(abort_code = ::k3s_daas::settings::EDelayOverMaximum)]
fun an_upgrade_delay_over_its_maximum_is_refused() {
    settings::new_delays(2, 2, 2, 2, 6, 2, 3).assert_within(&settings::new_delays(2, 2, 2, 2, 6, 2, 2));
}

// Approvals

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrLength)]
fun a_short_pcr_is_not_approved() {
    approvals::empty().add_measurement(world::hash(1), world::pcr(2), world::pcr(3), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrLength)]
fun a_long_pcr_is_not_approved() {
    let mut long = world::pcr(1);
    long.push_back(1);
    approvals::empty().add_measurement(world::pcr(1), world::pcr(2), long, 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun a_zero_pcr_is_not_approved() {
    approvals::empty().add_measurement(world::pcr(1), world::pcr(0), world::pcr(3), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyApproved)]
fun an_image_is_approved_once() {
    let mut lists = approvals::empty();
    lists.add_measurement(world::pcr(1), world::pcr(2), world::pcr(3), 0);
    lists.add_measurement(world::pcr(1), world::pcr(2), world::pcr(3), 0);
}

#[test]
fun a_retired_image_may_be_approved_again_under_a_new_version() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    let first = lists.add_measurement(world::pcr(1), world::pcr(2), world::pcr(3), 0);
    lists.retire_measurement(first, &clock);
    let second = lists.add_measurement(world::pcr(1), world::pcr(2), world::pcr(3), 0);
    assert!(first != second);
    assert!(!lists.is_measurement_live(first));
    assert!(lists.is_measurement_live(second));
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EConfigurationLength)]
fun a_configuration_hash_of_another_length_is_not_approved() {
    approvals::empty().add_configuration(world::pcr(1), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EConfigurationZero)]
fun a_zero_configuration_hash_is_not_approved() { approvals::empty().add_configuration(world::hash(0), 0); }

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyApproved)]
fun a_configuration_is_approved_once() {
    let mut lists = approvals::empty();
    lists.add_configuration(world::hash(1), 0);
    lists.add_configuration(world::hash(1), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EUnknownVersion)]
fun an_unknown_image_is_not_retired() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    approvals::empty().retire_measurement(1, &clock);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EUnknownVersion)]
fun an_unknown_configuration_is_not_retired() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    approvals::empty().retire_configuration(1, &clock);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyRetired)]
fun an_image_is_retired_once() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    let version = lists.add_measurement(world::pcr(1), world::pcr(2), world::pcr(3), 0);
    lists.retire_measurement(version, &clock);
    lists.retire_measurement(version, &clock);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyRetired)]
fun a_configuration_is_retired_once() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    let version = lists.add_configuration(world::hash(1), 0);
    lists.retire_configuration(version, &clock);
    lists.retire_configuration(version, &clock);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::ETooManyEntries)]
fun seventeen_images_at_a_time_are_too_many() {
    let mut lists = approvals::empty();
    17u8.do!(|at| { lists.add_measurement(world::pcr(at + 1), world::pcr(2), world::pcr(3), 0); });
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::ETooManyEntries)]
fun seventeen_configurations_at_a_time_are_too_many() {
    let mut lists = approvals::empty();
    17u8.do!(|at| { lists.add_configuration(world::hash(at + 1), 0); });
}

#[test]
fun the_oldest_retired_entries_are_forgotten() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    40u8.do!(|at| {
        let image = lists.add_measurement(world::pcr(at + 1), world::pcr(2), world::pcr(3), 0);
        lists.retire_measurement(image, &clock);
        let configuration = lists.add_configuration(world::hash(at + 1), 0);
        lists.retire_configuration(configuration, &clock);
    });
    assert_eq!(lists.measurements().length(), 32);
    assert_eq!(lists.configurations().length(), 32);
    assert!(!lists.is_measurement_live(1));
    assert!(!lists.is_configuration_live(2));
    clock.destroy_for_testing();
}

// Chunks

#[test]
fun seven_full_chunks_are_well_formed() {
    let full: vector<u8> = vector::tabulate!(16_000, |_| 1);
    assert_eq!(chunks::length(&vector::tabulate!(7, |_| full)), 112_000);
}

#[test, expected_failure(abort_code = ::k3s_daas::chunks::ETooManyChunks)]
fun eight_chunks_are_too_many() { chunks::length(&vector::tabulate!(8, |_| vector[1])); }

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EChunkLength)]
fun an_empty_chunk_is_refused() { chunks::length(&vector[vector[]]); }

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EChunkLength)]
fun a_chunk_of_16_001_bytes_is_refused() { chunks::length(&vector[vector::tabulate!(16_001, |_| 1)]); }

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EChunkLength)]
fun a_short_chunk_before_the_last_is_refused() { chunks::length(&vector[vector[1], vector[2]]); }

#[test, expected_failure(abort_code = ::k3s_daas::chunks::EHashLength)]
fun a_hash_of_31_bytes_is_refused() { chunks::assert_hash_length(&vector::tabulate!(31, |_| 1)); }

// Rules

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENoVerbs)]
fun a_rule_without_verbs_is_refused() { world::rule(b"", b"pods", b"", b"a", vector[]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::ETooManyVerbs)]
fun a_rule_of_33_verbs_is_refused() {
    world::rule(b"", b"pods", b"", b"a", vector::tabulate!(33, |_| b"get"));
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun an_empty_verb_is_refused() { world::rule(b"", b"pods", b"", b"a", vector[b""]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun a_verb_of_64_bytes_is_refused() {
    world::rule(b"", b"pods", b"", b"a", vector[vector::tabulate!(64, |_| 0x61)]);
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENoResource)]
fun a_rule_without_resource_is_refused() { world::rule(b"apps", b"", b"", b"a", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENameLength)]
fun a_long_name_is_refused() {
    world::rule(b"", vector::tabulate!(254, |_| 0x61), b"", b"a", vector[b"get"]);
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EMixedRule)]
fun a_url_rule_with_a_group_is_refused() { world::rule(b"apps", b"", b"/metrics", b"", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EMixedRule)]
fun a_url_rule_with_a_resource_is_refused() { world::rule(b"", b"pods", b"/metrics", b"", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EMixedRule)]
fun a_url_rule_with_a_namespace_is_refused() { world::rule(b"", b"", b"/metrics", b"a", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EPathLength)]
fun a_long_path_is_refused() {
    let mut path = vector::tabulate!(1_024, |_| 0x61);
    path.insert(0x2f, 0);
    world::rule(b"", b"", path, b"", vector[b"get"]);
}

#[test]
fun a_narrower_rule_lies_within() {
    let wide = vector[world::rule(b"*", b"*", b"", b"*", vector[b"*"])];
    let narrow = vector[
        world::rule(b"apps", b"deployments", b"", b"a", vector[b"get", b"create"]),
        world::rule(b"", b"nodes", b"", b"", vector[b"list"]),
        world::rule(b"*", b"*", b"", b"*", vector[b"*"]),
    ];
    assert!(rules::is_within(&narrow, &wide));
}

#[test]
fun nothing_lies_within_everything() {
    assert!(rules::is_within(&vector[], &vector[]));
}

#[test]
fun a_wider_verb_does_not_lie_within() {
    let wide = vector[world::rule(b"", b"pods", b"", b"a", vector[b"get"])];
    assert!(!rules::is_within(&vector[world::rule(b"", b"pods", b"", b"a", vector[b"get", b"list"])], &wide));
    assert!(!rules::is_within(&vector[world::rule(b"", b"pods", b"", b"a", vector[b"*"])], &wide));
}

#[test]
fun a_wider_namespace_does_not_lie_within() {
    let wide = vector[world::rule(b"", b"pods", b"", b"a", vector[b"get"])];
    assert!(!rules::is_within(&vector[world::rule(b"", b"pods", b"", b"*", vector[b"get"])], &wide));
}

#[test]
fun a_subresource_does_not_lie_within_a_star_resource() {
    let wide = vector[world::rule(b"*", b"*", b"", b"*", vector[b"*"])];
    assert!(!rules::is_within(&vector[world::rule(b"", b"pods", b"exec", b"a", vector[b"create"])], &wide));
    assert!(!rules::is_within(&vector[world::rule(b"", b"pods", b"*", b"a", vector[b"create"])], &wide));
}

#[test]
fun a_longer_path_lies_within_its_prefix() {
    let wide = vector[world::rule(b"", b"", b"/metrics/*", b"", vector[b"get"])];
    assert!(rules::is_within(&vector[world::rule(b"", b"", b"/metrics/a*", b"", vector[b"get"])], &wide));
    assert!(!rules::is_within(&vector[world::rule(b"", b"", b"/m*", b"", vector[b"get"])], &wide));
}

#[test]
fun rules_of_a_narrow_set_may_lie_in_different_wide_ones() {
    let wide = vector[
        world::rule(b"", b"pods", b"", b"a", vector[b"get"]),
        world::rule(b"", b"pods", b"", b"b", vector[b"list"]),
    ];
    let narrow = vector[
        world::rule(b"", b"pods", b"", b"b", vector[b"list"]),
        world::rule(b"", b"pods", b"", b"a", vector[b"get"]),
    ];
    assert!(rules::is_within(&narrow, &wide));
}
