/// Issue, stake, announcement and revocation of tokens.
#[test_only]
module k3s_daas::seal_token_tests;

use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::events::SealTokenChanged;
use k3s_daas::rules;
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::given;
use k3s_daas::signed;
use k3s_daas::world;
use std::unit_test::assert_eq;
use sui::clock;
use sui::coin;
use sui::event;
use sui::sui::SUI;
use sui::test_scenario;

fun issue(owner: address, key: vector<u8>, rules: vector<rules::Rule>, expires_at: u64, note: vector<u8>) {
    let mut world = world::empty();
    world.issue_with(owner, key, rules, 0, expires_at, note);
    world.end();
}

#[test]
fun a_token_is_issued_and_announced() {
    let mut world = world::empty();
    world.issue(5);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    world.scenario().next_tx(given::stranger());
    let token = world.scenario().take_shared<SealToken>();
    assert_eq!(object::id(&token).to_address(), signed::token_id());
    assert_eq!(token.owner(), signed::owner_address());
    assert_eq!(*token.public_key(), signed::owner_key());
    assert_eq!(token.rules(world.clock()).length(), 2);
    assert_eq!(token.counted_stake(), 5);
    assert_eq!(token.expires_at(), given::now() + 3_600_000);
    assert!(!token.is_revoked());
    test_scenario::return_shared(token);
    world.end();
}

#[test]
fun a_token_of_the_creating_transaction_is_usable_at_once() {
    let mut scenario = test_scenario::begin(given::admin());
    let clock = clock::create_for_testing(scenario.ctx());
    let stake = coin::zero<SUI>(scenario.ctx());
    let (cluster, admin, operator) = given::new_cluster(0x77);
    let mut ctx = given::context(given::admin(), 0x02);
    seal_token::issue(
        &cluster,
        &admin,
        signed::owner_address(),
        signed::owner_key(),
        given::token_rules(),
        stake,
        1,
        given::text(b""),
        &clock,
        &mut ctx,
    );
    scenario.next_tx(given::stranger());
    let token = scenario.take_shared<SealToken>();
    let envelope = rules::new_envelope(
        given::text(b"get"),
        given::text(b""),
        given::text(b"pods"),
        given::text(b""),
        given::text(b"default"),
    );
    seal_token::assert_allows(&cluster, &token, &envelope, &clock);
    test_scenario::return_shared(token);
    given::drop_all(cluster, admin, operator);
    clock.destroy_for_testing();
    scenario.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_issues_nothing() {
    let mut world = world::empty();
    let (other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let stake = coin::zero<SUI>(world.scenario().ctx());
    let mut ctx = given::context(given::stranger(), 0x79);
    seal_token::issue(
        &cluster,
        &admin,
        signed::owner_address(),
        signed::owner_key(),
        given::token_rules(),
        stake,
        9_000_000,
        given::text(b""),
        world.clock(),
        &mut ctx,
    );
    test_scenario::return_shared(cluster);
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EPublicKey)]
fun the_key_must_be_the_owners() {
    issue(signed::owner_address(), signed::other_key(), given::token_rules(), 9_000_000, b"");
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EPublicKey)]
fun the_key_must_have_32_bytes() {
    issue(signed::owner_address(), b"short", given::token_rules(), 9_000_000, b"");
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENoRules)]
fun a_token_without_rules_is_refused() {
    issue(signed::owner_address(), signed::owner_key(), vector[], 9_000_000, b"");
}

#[test]
fun a_token_may_have_64_rules() {
    let rules = vector::tabulate!(64, |_| given::rule(b"", b"pods", b"", b"a", vector[b"get"]));
    issue(signed::owner_address(), signed::owner_key(), rules, 9_000_000, b"");
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ETooManyRules)]
fun a_token_of_65_rules_is_refused() {
    let rules = vector::tabulate!(65, |_| given::rule(b"", b"pods", b"", b"a", vector[b"get"]));
    issue(signed::owner_address(), signed::owner_key(), rules, 9_000_000, b"");
}

#[test]
fun a_note_may_have_256_bytes() {
    let note = vector::tabulate!(256, |_| 0x61);
    issue(signed::owner_address(), signed::owner_key(), given::token_rules(), 9_000_000, note);
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENoteLength)]
fun a_longer_note_is_refused() {
    let note = vector::tabulate!(257, |_| 0x61);
    issue(signed::owner_address(), signed::owner_key(), given::token_rules(), 9_000_000, note);
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EExpiry)]
fun a_token_that_expires_before_it_is_usable_is_refused() {
    issue(signed::owner_address(), signed::owner_key(), given::token_rules(), given::now() + 2_000, b"");
}

#[test]
fun a_token_may_expire_just_after_it_is_usable() {
    issue(signed::owner_address(), signed::owner_key(), given::token_rules(), given::now() + 2_001, b"");
}

#[test]
fun anyone_adds_stake() {
    let mut world = world::empty();
    world.issue(1);
    world.add_stake(2);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    world.scenario().next_tx(given::stranger());
    let token = world.scenario().take_shared<SealToken>();
    assert_eq!(token.counted_stake(), 3);
    test_scenario::return_shared(token);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::deposit::EZeroAmount)]
fun a_stake_of_zero_is_refused() {
    let mut world = world::empty();
    world.issue(1);
    world.add_stake(0);
    world.end();
}

#[test]
fun anyone_announces_a_token() {
    let mut world = world::empty();
    world.issue(1);
    world.scenario().next_tx(given::stranger());
    let token = world.scenario().take_shared<SealToken>();
    seal_token::announce_token(&token);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    test_scenario::return_shared(token);
    world.end();
}

#[test]
fun the_owner_revokes() {
    let mut world = world::empty();
    world.issue(1);
    world.revoke_token(signed::owner_address());
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    world.scenario().next_tx(given::stranger());
    let token = world.scenario().take_shared<SealToken>();
    assert!(token.is_revoked());
    test_scenario::return_shared(token);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOwner)]
fun a_stranger_revokes_nothing() {
    let mut world = world::empty();
    world.issue(1);
    world.revoke_token(given::stranger());
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EAlreadyRevoked)]
fun a_token_is_revoked_once() {
    let mut world = world::empty();
    world.issue(1);
    world.revoke_token(signed::owner_address());
    world.revoke_token(signed::owner_address());
    world.end();
}

#[test]
fun the_admin_revokes() {
    let mut world = world::empty();
    world.issue(1);
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    let mut token = world.scenario().take_shared<SealToken>();
    seal_token::revoke_by_admin(&cluster, &cap, &mut token, world.clock());
    assert!(token.is_revoked());
    test_scenario::return_shared(token);
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongCluster)]
fun an_admin_revokes_no_token_of_another_cluster() {
    let mut world = world::empty();
    world.issue(1);
    let (other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let mut token = world.scenario().take_shared<SealToken>();
    seal_token::revoke_by_admin(&other, &admin, &mut token, world.clock());
    test_scenario::return_shared(token);
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_revokes_nothing() {
    let mut world = world::empty();
    world.issue(1);
    let (other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let cluster = world.scenario().take_shared<Cluster>();
    let mut token = world.scenario().take_shared<SealToken>();
    seal_token::revoke_by_admin(&cluster, &admin, &mut token, world.clock());
    test_scenario::return_shared(token);
    test_scenario::return_shared(cluster);
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongCluster)]
fun a_token_opens_no_other_cluster() {
    let mut world = world::empty();
    world.issue(1);
    let (other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let token = world.scenario().take_shared<SealToken>();
    let envelope = rules::new_envelope(
        given::text(b"get"),
        given::text(b""),
        given::text(b"pods"),
        given::text(b""),
        given::text(b"default"),
    );
    seal_token::assert_allows(&other, &token, &envelope, world.clock());
    test_scenario::return_shared(token);
    given::drop_all(other, admin, operator);
    world.end();
}
