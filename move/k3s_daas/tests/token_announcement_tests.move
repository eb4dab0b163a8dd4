/// What events say of a token: its full state, under a revision that rises with every change; and its migration.
#[test_only]
module k3s_daas::token_announcement_tests;

use k3s_daas::asks;
use k3s_daas::cluster::AdminCap;
use k3s_daas::events::SealTokenChanged;
use k3s_daas::given;
use k3s_daas::rules::Rule;
use k3s_daas::seal_token;
use k3s_daas::signed;
use k3s_daas::world::{Self, World};
use std::bcs;
use std::string::String;
use std::unit_test::assert_eq;
use sui::event;
use sui::test_scenario;

const EXPIRES: u64 = 4_600_000;
const USABLE_FROM: u64 = 1_002_000;

/// What SealTokenChanged is to say; events are compared by their bytes.
public struct Told has copy, drop {
    token: address,
    version: u64,
    revision: u64,
    cluster: address,
    owner: address,
    public_key: vector<u8>,
    rules: vector<Rule>,
    pending_rules: vector<Rule>,
    pending_from: u64,
    stake: u64,
    usable_from: u64,
    expires_at: u64,
    revoked: bool,
    note: String,
}

/// The state of the token of a ready world.
fun told(): Told {
    Told {
        token: signed::token_id(),
        version: 1,
        revision: 1,
        cluster: signed::cluster_id(),
        owner: signed::owner_address(),
        public_key: signed::owner_key(),
        rules: given::token_rules(),
        pending_rules: vector[],
        pending_from: 0,
        stake: given::min_stake(),
        usable_from: USABLE_FROM,
        expires_at: EXPIRES,
        revoked: false,
        note: given::text(b""),
    }
}

/// The last transaction told exactly this, once.
fun assert_told(told: &Told) {
    let events = event::events_by_type<SealTokenChanged>();
    assert_eq!(events.length(), 1);
    assert_eq!(bcs::to_bytes(&events[0]), bcs::to_bytes(told));
}

fun announce(world: &mut World) {
    world::with_token!(world, given::stranger(), |_, token, _, _| seal_token::announce_token(token));
}

fun migrate(world: &mut World) {
    world::with_token!(world, given::stranger(), |cluster, token, clock, _| {
        seal_token::migrate_token(cluster, token, clock);
    });
}

fun set_version(world: &mut World, version: u64) {
    world::with_token!(world, given::stranger(), |_, token, _, _| token.set_version_for_testing(version));
}

// Announcements

#[test]
fun an_issued_token_is_told_in_full() {
    let mut world = world::empty();
    let (owner, key, rules) = (signed::owner_address(), signed::owner_key(), given::token_rules());
    world.issue_with(owner, key, rules, given::min_stake(), EXPIRES, b"for tests");
    let mut told = told();
    told.note = given::text(b"for tests");
    assert_told(&told);
    world.end();
}

#[test]
fun an_announcement_tells_the_state_and_changes_nothing() {
    let mut world = world::ready();
    announce(&mut world);
    assert_told(&told());
    announce(&mut world);
    assert_told(&told());
    world.end();
}

#[test]
fun a_revoked_and_expired_token_is_announced_too() {
    let mut world = world::ready();
    world.revoke_token(signed::owner_address());
    world.pass(3_600_000);
    announce(&mut world);
    let mut told = told();
    told.revision = 2;
    told.revoked = true;
    assert_told(&told);
    world.end();
}

#[test]
fun each_change_of_a_token_raises_its_revision_and_tells_its_state() {
    let mut world = world::ready();
    let mut told = told();

    world.add_stake(50);
    told.revision = 2;
    told.stake = 1_050;
    assert_told(&told);

    world::with_token!(&mut world, signed::owner_address(), |cluster, token, clock, ctx| {
        seal_token::announce_stake_withdrawal(cluster, token, 250, clock, ctx);
    });
    told.revision = 3;
    told.stake = 800;
    assert_told(&told);

    let narrower = vector[vector[b"", b"pods", b"", b"default", b"get"].map!(|part| given::text(part))];
    world::with_token!(&mut world, signed::owner_address(), |_, token, clock, ctx| {
        seal_token::narrow(token, narrower, clock, ctx);
    });
    told.revision = 4;
    told.rules = vector[given::rule(b"", b"pods", b"", b"default", vector[b"get"])];
    assert_told(&told);

    world.pass(5_000);
    world::with_token!(&mut world, signed::owner_address(), |_, token, clock, ctx| {
        seal_token::withdraw_stake(token, clock, ctx);
    });
    told.revision = 5;
    assert_told(&told);

    world.revoke_token(signed::owner_address());
    told.revision = 6;
    told.revoked = true;
    assert_told(&told);
    world.end();
}

#[test]
fun wider_rules_are_told_as_pending_until_something_else_changes() {
    let mut world = world::ready();
    let wider = vector[given::rule(b"", b"*", b"", b"*", vector[b"get"])];
    world.scenario().next_tx(given::admin());
    let cap = world.scenario().take_from_sender<AdminCap>();
    world::with_token!(&mut world, given::admin(), |cluster, token, clock, _| {
        seal_token::rescope(cluster, &cap, token, wider, clock);
    });
    let mut told = told();
    told.revision = 2;
    told.pending_rules = wider;
    told.pending_from = USABLE_FROM + 2_000;
    assert_told(&told);

    // A widened token is told once more when the admin sets the rules that are in force: nothing waits then.
    world::with_token!(&mut world, given::admin(), |cluster, token, clock, _| {
        seal_token::rescope(cluster, &cap, token, given::token_rules(), clock);
    });
    told.revision = 3;
    told.pending_rules = vector[];
    told.pending_from = 0;
    assert_told(&told);
    test_scenario::return_to_address(given::admin(), cap);
    world.end();
}

// Migration

#[test]
fun a_migration_is_told_as_a_change() {
    let mut world = world::ready();
    set_version(&mut world, 0);
    migrate(&mut world);
    let mut told = told();
    told.revision = 2;
    assert_told(&told);
    world.submit(asks::ask());
    world.end();
}

#[test]
fun a_revoked_token_is_migrated_too() {
    let mut world = world::ready();
    world.revoke_token(signed::owner_address());
    set_version(&mut world, 0);
    migrate(&mut world);
    world.end();
}
