/// `submit_with_grant`: each yes and each no that is not a matter of the signature alone (see `signature_tests`).
#[test_only]
module k3s_daas::grant_tests;

use k3s_daas::asks::{Self, Ask};
use k3s_daas::events::K8sAPIRequest;
use k3s_daas::given;
use k3s_daas::signed;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::event;

const NOW: u64 = 1_000_000;
const ASKED_AT: u64 = 1_002_000;
const EXPIRES: u64 = 1_600_000;

fun ask(): Ask { asks::ask().ask_from(signed::enclave_address()) }

fun session(): vector<u8> { given::hash(0x5E) }

#[test]
fun the_active_enclave_submits_under_a_grant() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, vector[], signed::grant());
    assert_eq!(event::events_by_type<K8sAPIRequest>().length(), 1);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotDelegate)]
fun the_owner_cannot_use_the_grant_himself() {
    let mut world = world::ready();
    world.submit_with_grant(asks::ask(), session(), NOW, EXPIRES, vector[], signed::grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotDelegate)]
fun a_delegate_that_is_no_enclave_is_refused() {
    let mut world = world::ready();
    let ask = asks::ask().ask_from(signed::other_address());
    world.submit_with_grant(ask, session(), NOW, EXPIRES, vector[], signed::grant_to_other());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun a_grant_to_another_delegate_is_refused() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, vector[], signed::grant_to_other());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::enclave::ENotActive)]
fun an_enclave_that_is_not_active_is_refused() {
    let mut world = world::registered();
    world.issue(0);
    world.pass(2_000);
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, vector[], signed::grant());
    world.end();
}

#[test]
fun a_grant_holds_from_its_first_millisecond() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), ASKED_AT, EXPIRES, vector[], signed::grant_from_now());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ENotYetValid)]
fun a_future_grant_is_refused() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), ASKED_AT + 1, EXPIRES, vector[], signed::grant_from_later());
    world.end();
}

#[test]
fun a_grant_holds_until_its_last_millisecond() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), NOW, ASKED_AT + 1, vector[], signed::grant_until_later());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::EExpired)]
fun an_expired_grant_is_refused() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), NOW, ASKED_AT, vector[], signed::grant_until_now());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESessionLength)]
fun a_session_that_is_no_hash_is_refused() {
    let mut world = world::ready();
    let session = vector::tabulate!(31, |_| 0x5E);
    world.submit_with_grant(ask(), session, NOW, EXPIRES, vector[], signed::grant_short_session());
    world.end();
}

#[test]
fun a_narrowed_grant_allows_what_it_says() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"pods", b"", b"default", b"get"]];
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, narrowed, signed::narrow_grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ENotAllowed)]
fun a_narrowed_grant_denies_the_rest_of_the_token() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"pods", b"", b"default", b"get"]];
    let ask = ask().ask_verb(b"list");
    world.submit_with_grant(ask, session(), NOW, EXPIRES, narrowed, signed::narrow_grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::EWiderThanToken)]
fun a_grant_wider_than_the_token_is_refused() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"secrets", b"", b"default", b"get"]];
    let ask = ask().ask_resource(b"secrets", b"");
    world.submit_with_grant(ask, session(), NOW, EXPIRES, narrowed, signed::wide_grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ETooManyRules)]
fun a_grant_has_at_most_sixteen_rules() {
    let mut world = world::ready();
    let narrowed = vector::tabulate!(17, |_| vector[b"", b"pods", b"", b"default", b"get"]);
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, narrowed, signed::grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::grant::ESignature)]
fun rules_that_were_not_signed_are_refused() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"pods", b"", b"default", b"get"]];
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, narrowed, signed::grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ERevoked)]
fun a_grant_of_a_revoked_token_is_refused() {
    let mut world = world::ready();
    world.revoke_token(signed::owner_address());
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, vector[], signed::grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EStake)]
fun a_change_under_a_grant_needs_stake_too() {
    let mut world = world::registered();
    world.activate();
    world.issue(given::min_stake() - 1);
    world.pass(2_000);
    world.submit_with_grant(ask().ask_verb(b"create"), session(), NOW, EXPIRES, vector[], signed::grant());
    world.end();
}

#[test]
fun the_delegate_expires_what_it_asked() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, vector[], signed::grant());
    world.pass(30_001);
    world.expire(signed::enclave_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::request::ENotRequester)]
fun the_owner_waits_to_expire_what_the_delegate_asked() {
    let mut world = world::ready();
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, vector[], signed::grant());
    world.pass(30_001);
    world.expire(signed::owner_address());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ERuleText)]
fun a_rule_text_without_verbs_is_refused() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"pods", b"", b"default"]];
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, narrowed, signed::grant());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::EVerbLength)]
fun a_rule_text_is_a_rule_like_any_other() {
    let mut world = world::ready();
    let narrowed = vector[vector[b"", b"pods", b"", b"default", b""]];
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, narrowed, signed::grant());
    world.end();
}

#[test]
fun a_grant_may_have_16_rules() {
    let mut world = world::ready();
    let narrowed = vector::tabulate!(16, |_| vector[b"", b"pods", b"", b"default", b"get"]);
    world.submit_with_grant(ask(), session(), NOW, EXPIRES, narrowed, signed::grant_of_16_rules());
    world.end();
}
