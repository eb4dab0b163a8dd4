/// Rules of a token change: narrower by its owner at once, any by the admin, wider ones after the delay.
#[test_only]
module k3s_daas::token_rules_tests;

use k3s_daas::asks;
use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::events::SealTokenChanged;
use k3s_daas::given;
use k3s_daas::rules::{Self, Rule};
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

/// The delay of tokens in the world.
const DELAY: u64 = 2_000;

fun get_pods(): vector<vector<u8>> { vector[b"", b"pods", b"", b"default", b"get"] }

fun pods_rule(): Rule { given::rule(b"", b"pods", b"", b"default", vector[b"get"]) }

fun secrets_rule(): Rule { given::rule(b"", b"secrets", b"", b"default", vector[b"get"]) }

/// What the token allows already, and secrets too.
fun wider(): vector<Rule> {
    let mut rules = given::token_rules();
    rules.push_back(secrets_rule());
    rules
}

fun narrow(world: &mut World, who: address, texts: vector<vector<vector<u8>>>) {
    let texts = texts.map!(|rule| rule.map!(|part| given::text(part)));
    world::with_token!(world, who, |_, token, clock, ctx| seal_token::narrow(token, texts, clock, ctx));
}

fun rescope(world: &mut World, rules: vector<Rule>) {
    world.scenario().next_tx(given::admin());
    let cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    let mut token = world.scenario().take_shared<SealToken>();
    seal_token::rescope(&cluster, &cap, &mut token, rules, world.clock());
    test_scenario::return_shared(token);
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

/// Whether the token's rules allow this verb on a resource in `default` now.
fun allows(world: &mut World, verb: vector<u8>, resource: vector<u8>): bool {
    let allowed;
    world::with_token!(world, given::stranger(), |_, token, clock, _| {
        let (verb, resource, none) = (given::text(verb), given::text(resource), given::text(b""));
        let envelope = rules::new_envelope(verb, none, resource, none, given::text(b"default"));
        allowed = rules::allow(&token.rules(clock), &envelope);
    });
    allowed
}

// By the owner

#[test]
fun the_owner_narrows_at_once() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[get_pods()]);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    assert!(allows(&mut world, b"get", b"pods"));
    assert!(!allows(&mut world, b"list", b"pods"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun what_was_narrowed_away_is_denied() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[get_pods()]);
    world.submit(asks::ask().ask_verb(b"list"));
    world.end();
}

#[test]
fun the_same_rules_are_no_wider() {
    let mut world = world::ready();
    narrow(
        &mut world,
        signed::owner_address(),
        vector[
            vector[b"", b"pods", b"", b"default", b"get", b"list", b"create"],
            vector[b"", b"pods", b"exec", b"default", b"create"],
        ],
    );
    assert!(allows(&mut world, b"list", b"pods"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWider)]
fun the_owner_adds_no_resource() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[get_pods(), vector[b"", b"secrets", b"", b"default", b"get"]]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWider)]
fun the_owner_adds_no_verb() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[vector[b"", b"pods", b"", b"default", b"get", b"delete"]]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWider)]
fun the_owner_adds_no_namespace() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[vector[b"", b"pods", b"", b"*", b"get"]]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWider)]
fun the_owner_adds_no_subresource() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[vector[b"", b"pods", b"*", b"default", b"create"]]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotOwner)]
fun a_stranger_narrows_nothing() {
    let mut world = world::ready();
    narrow(&mut world, given::stranger(), vector[get_pods()]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENoRules)]
fun the_owner_leaves_at_least_one_rule() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[]);
    world.end();
}

#[test]
fun the_owner_may_leave_64_rules() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector::tabulate!(64, |_| get_pods()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ETooManyRules)]
fun the_owner_leaves_no_65_rules() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector::tabulate!(65, |_| get_pods()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ERuleText)]
fun a_narrower_rule_has_verbs() {
    let mut world = world::ready();
    narrow(&mut world, signed::owner_address(), vector[vector[b"", b"pods", b"", b"default"]]);
    world.end();
}

#[test]
fun narrowing_drops_what_was_waiting() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    narrow(&mut world, signed::owner_address(), vector[get_pods()]);
    world.pass(DELAY);
    assert!(!allows(&mut world, b"get", b"secrets"));
    assert!(!allows(&mut world, b"list", b"pods"));
    assert!(allows(&mut world, b"get", b"pods"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWider)]
fun the_owner_takes_nothing_that_is_only_waiting() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world.pass(DELAY - 1);
    narrow(&mut world, signed::owner_address(), vector[vector[b"", b"secrets", b"", b"default", b"get"]]);
    world.end();
}

#[test]
fun the_owner_narrows_within_what_has_become_due() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world.pass(DELAY);
    narrow(&mut world, signed::owner_address(), vector[vector[b"", b"secrets", b"", b"default", b"get"]]);
    assert!(allows(&mut world, b"get", b"secrets"));
    assert!(!allows(&mut world, b"get", b"pods"));
    world.end();
}

// By the admin

#[test]
fun the_admin_narrows_at_once() {
    let mut world = world::ready();
    rescope(&mut world, vector[pods_rule()]);
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    assert!(!allows(&mut world, b"list", b"pods"));
    world.end();
}

#[test]
fun wider_rules_hold_from_their_millisecond_on() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    assert_eq!(event::events_by_type<SealTokenChanged>().length(), 1);
    world.pass(DELAY - 1);
    assert!(!allows(&mut world, b"get", b"secrets"));
    world.pass(1);
    assert!(allows(&mut world, b"get", b"secrets"));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENotAllowed)]
fun wider_rules_open_nothing_a_millisecond_before() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world.pass(DELAY - 1);
    world.submit(asks::ask().ask_resource(b"secrets", b""));
    world.end();
}

#[test]
fun wider_rules_open_a_request_when_they_are_due() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world.pass(DELAY);
    world.submit(asks::ask().ask_resource(b"secrets", b""));
    world.end();
}

#[test]
fun until_they_are_due_the_rules_before_hold_in_full() {
    let mut world = world::ready();
    rescope(&mut world, vector[secrets_rule()]);
    world.pass(DELAY - 1);
    assert!(allows(&mut world, b"list", b"pods"));
    world.pass(1);
    assert!(!allows(&mut world, b"list", b"pods"));
    world.end();
}

#[test]
fun the_rules_in_force_take_waiting_ones_back() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    rescope(&mut world, given::token_rules());
    world.pass(DELAY);
    assert!(!allows(&mut world, b"get", b"secrets"));
    world.end();
}

#[test]
fun waiting_rules_are_replaced_by_later_ones_with_a_delay_of_their_own() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world.pass(DELAY - 1);
    rescope(&mut world, vector[given::rule(b"", b"nodes", b"", b"*", vector[b"get"])]);
    world.pass(1);
    assert!(!allows(&mut world, b"get", b"secrets"));
    world.pass(DELAY - 1);
    assert!(allows(&mut world, b"get", b"nodes"));
    world.end();
}

#[test]
fun rules_that_are_due_stay_when_others_begin_to_wait() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world.pass(DELAY);
    rescope(&mut world, vector[given::rule(b"", b"*", b"", b"default", vector[b"*"])]);
    assert!(allows(&mut world, b"get", b"secrets"));
    assert!(!allows(&mut world, b"get", b"nodes"));
    world.end();
}

#[test]
fun a_due_time_is_fixed_when_it_is_announced() {
    let mut world = world::ready();
    rescope(&mut world, wider());
    world::by_admin!(&mut world, |cluster, cap, clock, _| cluster.grow_delays(cap, given::delay_maxima(), clock));
    world.pass(DELAY);
    assert!(allows(&mut world, b"get", b"secrets"));
    world.end();
}

#[test]
fun the_admin_may_give_64_rules() {
    let mut world = world::ready();
    rescope(&mut world, vector::tabulate!(64, |_| secrets_rule()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::rules::ETooManyRules)]
fun the_admin_gives_no_65_rules() {
    let mut world = world::ready();
    rescope(&mut world, vector::tabulate!(65, |_| secrets_rule()));
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::ENoRules)]
fun the_admin_gives_at_least_one_rule() {
    let mut world = world::ready();
    rescope(&mut world, vector[]);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::cluster::ENotAdmin)]
fun another_admin_rescopes_nothing() {
    let mut world = world::ready();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_token!(&mut world, given::stranger(), |cluster, token, clock, _| {
        seal_token::rescope(cluster, &admin, token, vector[pods_rule()], clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}

#[test, expected_failure(abort_code = ::k3s_daas::seal_token::EWrongCluster)]
fun an_admin_rescopes_no_token_of_another_cluster() {
    let mut world = world::ready();
    let (other, admin, operator) = given::new_cluster(0x77);
    world::with_token!(&mut world, given::stranger(), |_, token, clock, _| {
        seal_token::rescope(&other, &admin, token, vector[pods_rule()], clock);
    });
    given::drop_all(other, admin, operator);
    world.end();
}
