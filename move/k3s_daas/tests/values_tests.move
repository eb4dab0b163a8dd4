/// Approvals, chunks and rules as plain values: their bounds.
#[test_only]
module k3s_daas::values_tests;

use k3s_daas::approvals;
use k3s_daas::chunks;
use k3s_daas::given;
use k3s_daas::rules;
use std::unit_test::assert_eq;
use sui::clock;

// Approvals

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrLength)]
fun a_short_pcr_is_not_approved() {
    approvals::empty().add_measurement(given::hash(1), given::pcr(2), given::pcr(3), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrLength)]
fun a_long_pcr_is_not_approved() {
    let mut long = given::pcr(1);
    long.push_back(1);
    approvals::empty().add_measurement(given::pcr(1), given::pcr(2), long, 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EPcrZero)]
fun a_zero_pcr_is_not_approved() {
    approvals::empty().add_measurement(given::pcr(1), given::pcr(0), given::pcr(3), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyApproved)]
fun an_image_is_approved_once() {
    let mut lists = approvals::empty();
    lists.add_measurement(given::pcr(1), given::pcr(2), given::pcr(3), 0);
    lists.add_measurement(given::pcr(1), given::pcr(2), given::pcr(3), 0);
}

#[test]
fun a_retired_image_may_be_approved_again_under_a_new_version() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    let first = lists.add_measurement(given::pcr(1), given::pcr(2), given::pcr(3), 0);
    lists.retire_measurement(first, &clock);
    let second = lists.add_measurement(given::pcr(1), given::pcr(2), given::pcr(3), 0);
    assert!(first != second);
    assert!(!lists.is_measurement_live(first));
    assert!(lists.is_measurement_live(second));
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EConfigurationLength)]
fun a_configuration_hash_of_another_length_is_not_approved() {
    approvals::empty().add_configuration(given::pcr(1), 0);
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EConfigurationZero)]
fun a_zero_configuration_hash_is_not_approved() { approvals::empty().add_configuration(given::hash(0), 0); }

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyApproved)]
fun a_configuration_is_approved_once() {
    let mut lists = approvals::empty();
    lists.add_configuration(given::hash(1), 0);
    lists.add_configuration(given::hash(1), 0);
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
    let version = lists.add_measurement(given::pcr(1), given::pcr(2), given::pcr(3), 0);
    lists.retire_measurement(version, &clock);
    lists.retire_measurement(version, &clock);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::EAlreadyRetired)]
fun a_configuration_is_retired_once() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    let version = lists.add_configuration(given::hash(1), 0);
    lists.retire_configuration(version, &clock);
    lists.retire_configuration(version, &clock);
    clock.destroy_for_testing();
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::ETooManyEntries)]
fun seventeen_images_at_a_time_are_too_many() {
    let mut lists = approvals::empty();
    17u8.do!(|at| { lists.add_measurement(given::pcr(at + 1), given::pcr(2), given::pcr(3), 0); });
}

#[test, expected_failure(abort_code = ::k3s_daas::approvals::ETooManyEntries)]
fun seventeen_configurations_at_a_time_are_too_many() {
    let mut lists = approvals::empty();
    17u8.do!(|at| { lists.add_configuration(given::hash(at + 1), 0); });
}

#[test]
fun the_oldest_retired_entries_are_forgotten() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let mut lists = approvals::empty();
    40u8.do!(|at| {
        let image = lists.add_measurement(given::pcr(at + 1), given::pcr(2), given::pcr(3), 0);
        lists.retire_measurement(image, &clock);
        let configuration = lists.add_configuration(given::hash(at + 1), 0);
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
fun a_rule_without_verbs_is_refused() { given::rule(b"", b"pods", b"", b"a", vector[]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::ETooManyVerbs)]
fun a_rule_of_33_verbs_is_refused() {
    given::rule(b"", b"pods", b"", b"a", vector::tabulate!(33, |_| b"get"));
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun an_empty_verb_is_refused() { given::rule(b"", b"pods", b"", b"a", vector[b""]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun a_verb_of_64_bytes_is_refused() {
    given::rule(b"", b"pods", b"", b"a", vector[vector::tabulate!(64, |_| 0x61)]);
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENoResource)]
fun a_rule_without_resource_is_refused() { given::rule(b"apps", b"", b"", b"a", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::ENameLength)]
fun a_long_name_is_refused() {
    given::rule(b"", vector::tabulate!(254, |_| 0x61), b"", b"a", vector[b"get"]);
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EMixedRule)]
fun a_url_rule_with_a_group_is_refused() { given::rule(b"apps", b"", b"/metrics", b"", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EMixedRule)]
fun a_url_rule_with_a_resource_is_refused() { given::rule(b"", b"pods", b"/metrics", b"", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EMixedRule)]
fun a_url_rule_with_a_namespace_is_refused() { given::rule(b"", b"", b"/metrics", b"a", vector[b"get"]); }

#[test, expected_failure(abort_code = ::k3s_daas::rules::EPathLength)]
fun a_long_path_is_refused() {
    let mut path = vector::tabulate!(1_024, |_| 0x61);
    path.insert(0x2f, 0);
    given::rule(b"", b"", path, b"", vector[b"get"]);
}

#[test]
fun a_narrower_rule_lies_within() {
    let wide = vector[given::rule(b"*", b"*", b"", b"*", vector[b"*"])];
    let narrow = vector[
        given::rule(b"apps", b"deployments", b"", b"a", vector[b"get", b"create"]),
        given::rule(b"", b"nodes", b"", b"", vector[b"list"]),
        given::rule(b"*", b"*", b"", b"*", vector[b"*"]),
    ];
    assert!(rules::is_within(&narrow, &wide));
}

#[test]
fun nothing_lies_within_everything() {
    assert!(rules::is_within(&vector[], &vector[]));
}

#[test]
fun a_wider_verb_does_not_lie_within() {
    let wide = vector[given::rule(b"", b"pods", b"", b"a", vector[b"get"])];
    assert!(!rules::is_within(&vector[given::rule(b"", b"pods", b"", b"a", vector[b"get", b"list"])], &wide));
    assert!(!rules::is_within(&vector[given::rule(b"", b"pods", b"", b"a", vector[b"*"])], &wide));
}

#[test]
fun a_wider_namespace_does_not_lie_within() {
    let wide = vector[given::rule(b"", b"pods", b"", b"a", vector[b"get"])];
    assert!(!rules::is_within(&vector[given::rule(b"", b"pods", b"", b"*", vector[b"get"])], &wide));
}

#[test]
fun a_subresource_does_not_lie_within_a_star_resource() {
    let wide = vector[given::rule(b"*", b"*", b"", b"*", vector[b"*"])];
    assert!(!rules::is_within(&vector[given::rule(b"", b"pods", b"exec", b"a", vector[b"create"])], &wide));
    assert!(!rules::is_within(&vector[given::rule(b"", b"pods", b"*", b"a", vector[b"create"])], &wide));
}

#[test]
fun a_longer_path_lies_within_its_prefix() {
    let wide = vector[given::rule(b"", b"", b"/metrics/*", b"", vector[b"get"])];
    assert!(rules::is_within(&vector[given::rule(b"", b"", b"/metrics/a*", b"", vector[b"get"])], &wide));
    assert!(!rules::is_within(&vector[given::rule(b"", b"", b"/m*", b"", vector[b"get"])], &wide));
}

#[test]
fun rules_of_a_narrow_set_may_lie_in_different_wide_ones() {
    let wide = vector[
        given::rule(b"", b"pods", b"", b"a", vector[b"get"]),
        given::rule(b"", b"pods", b"", b"b", vector[b"list"]),
    ];
    let narrow = vector[
        given::rule(b"", b"pods", b"", b"b", vector[b"list"]),
        given::rule(b"", b"pods", b"", b"a", vector[b"get"]),
    ];
    assert!(rules::is_within(&narrow, &wide));
}
