/// Seal tokens: what an owner may ask of a cluster, and the stake that stands behind his changes.
///
/// - A token is shared and only read by requests. AdminCap issues and widens; the owner uses, narrows and revokes.
/// - Wider rules wait for the cluster's delay, narrower ones hold at once and drop what was waiting.
/// - Stake is paid out at every version, from revoked and expired tokens too.
module k3s_daas::seal_token;

use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::deposit::{Self, Deposit};
use k3s_daas::enclave;
use k3s_daas::events;
use k3s_daas::rules::{Self, Envelope, Rule};
use k3s_daas::version;
use std::string::String;
use sui::balance::Balance;
use sui::clock::Clock;
use sui::coin::Coin;
use sui::sui::SUI;

const MAX_RULES: u64 = 64;
const MAX_NOTE_BYTES: u64 = 256;
const ED25519_KEY_BYTES: u64 = 32;

#[error]
const EPublicKey: vector<u8> = b"the public key is not an Ed25519 key of the owner's address";
#[error]
const ENoRules: vector<u8> = b"a token without rules allows nothing";
#[error]
const ENoteLength: vector<u8> = b"the note is longer than 256 bytes";
#[error]
const EExpiry: vector<u8> = b"the token would expire before it is usable";
#[error]
const EWrongCluster: vector<u8> = b"the token belongs to another cluster";
#[error]
const ENotOwner: vector<u8> = b"the sender is not the token's owner";
#[error]
const EAlreadyRevoked: vector<u8> = b"the token is revoked already";
#[error]
const EWider: vector<u8> = b"the rules are wider than the token's: only the cluster's admin can widen a token";
#[error]
const EWrongVersion: vector<u8> = b"the token is of another version than its cluster: migrate it";
#[error]
const ENotOlder: vector<u8> = b"the token is of its cluster's version already";
#[error]
const ERevoked: vector<u8> = b"the token is revoked";
#[error]
const ENotYetUsable: vector<u8> = b"the token is not usable yet";
#[error]
const EExpired: vector<u8> = b"the token has expired";
#[error]
const ENotAllowed: vector<u8> = b"no rule of the token allows this";
#[error]
const EStake: vector<u8> = b"the token's stake is below the cluster's minimum for changes";

/// What its owner may do in a cluster. `revision` rises with every change.
public struct SealToken has key {
    id: UID,
    version: u64,
    revision: u64,
    cluster: ID,
    owner: address,
    public_key: vector<u8>,
    rules: vector<Rule>,
    pending_rules: Option<PendingRules>,
    stake: Deposit,
    usable_from: u64,
    expires_at: u64,
    revoked: bool,
    note: String,
}

/// Wider rules, which replace the token's from `due` on.
public struct PendingRules has copy, drop, store {
    rules: vector<Rule>,
    due: u64,
}

/// Issues a token to `owner`, whose Ed25519 key must hash to his address, and shares it; returns its id.
/// The stake may be a coin of zero. Usable at once in the cluster's creating transaction, else after the delay.
public fun issue(
    cluster: &Cluster,
    admin: &AdminCap,
    owner: address,
    public_key: vector<u8>,
    rules: vector<Rule>,
    stake: Coin<SUI>,
    expires_at: u64,
    note: String,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    cluster.assert_admin(admin, clock);
    assert!(public_key.length() == ED25519_KEY_BYTES && enclave::address_of(&public_key) == owner, EPublicKey);
    assert_rules(&rules);
    assert!(note.length() <= MAX_NOTE_BYTES, ENoteLength);
    let usable_from = cluster.loosened_from(cluster.delays().token_ms(), clock);
    assert!(expires_at > usable_from, EExpiry);
    let mut token = SealToken {
        id: object::new(ctx),
        version: version::current(),
        revision: 0,
        cluster: object::id(cluster),
        owner,
        public_key,
        rules,
        pending_rules: option::none(),
        stake: deposit::new(stake.into_balance()),
        usable_from,
        expires_at,
        revoked: false,
        note,
    };
    let id = object::id(&token);
    token.changed();
    transfer::share_object(token);
    id
}

/// Adds to a token's stake; it belongs to the token's owner from then on.
public(package) entry fun add_stake(token: &mut SealToken, stake: Coin<SUI>) {
    token.stake.add(stake.into_balance());
    token.changed();
}

/// Announces that an amount of the stake leaves, by the token's owner; it counts no longer from now.
public(package) entry fun announce_stake_withdrawal(
    cluster: &Cluster,
    token: &mut SealToken,
    amount: u64,
    clock: &Clock,
    ctx: &TxContext,
) {
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    assert!(token.owner == ctx.sender(), ENotOwner);
    token.stake.announce(amount, clock.timestamp_ms() + cluster.delays().withdrawal_ms());
    token.changed();
}

/// Pays what is due of the stake to the token's owner, the sender.
public(package) entry fun withdraw_stake(token: &mut SealToken, clock: &Clock, ctx: &mut TxContext) {
    assert!(token.owner == ctx.sender(), ENotOwner);
    let paid = token.stake.pay(clock.timestamp_ms());
    token.changed();
    transfer::public_transfer(paid.into_coin(ctx), token.owner);
}

/// Emits a token's full state again, for whoever came later; open to anyone.
public(package) entry fun announce_token(token: &SealToken) {
    token.announce();
}

/// Brings a token to its cluster's version of this package; open to anyone.
public(package) entry fun migrate_token(cluster: &Cluster, token: &mut SealToken, clock: &Clock) {
    cluster.assert_version(clock);
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    assert!(token.version < version::current(), ENotOlder);
    token.version = version::current();
    token.changed();
}

/// Replaces the rules by narrower ones at once, by the token's owner. The rules come as texts (`rules::from_texts`).
public(package) entry fun narrow(token: &mut SealToken, narrower: vector<vector<String>>, clock: &Clock, ctx: &TxContext) {
    assert!(token.owner == ctx.sender(), ENotOwner);
    let narrower = rules::from_texts(narrower);
    assert_rules(&narrower);
    assert!(rules::is_within(&narrower, &token.rules(clock)), EWider);
    token.rules = narrower;
    token.pending_rules = option::none();
    token.changed();
}

/// Replaces the rules by the cluster's admin: at once where that narrows, else after the delay. In both cases what was
/// waiting is dropped, so the rules in force take waiting ones back.
public fun rescope(cluster: &Cluster, admin: &AdminCap, token: &mut SealToken, rules: vector<Rule>, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    assert_rules(&rules);
    token.rules = token.rules(clock);
    if (rules::is_within(&rules, &token.rules)) {
        token.rules = rules;
        token.pending_rules = option::none();
    } else {
        let due = clock.timestamp_ms() + cluster.delays().token_ms();
        token.pending_rules = option::some(PendingRules { rules, due });
    };
    token.changed();
}

/// Revokes a token by its owner, at once and for ever.
public(package) entry fun revoke(token: &mut SealToken, ctx: &TxContext) {
    assert!(token.owner == ctx.sender(), ENotOwner);
    token.revoke_in();
}

/// Revokes a token by the cluster's admin, at once and for ever.
public fun revoke_by_admin(cluster: &Cluster, admin: &AdminCap, token: &mut SealToken, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    token.revoke_in();
}

/// Whose token it is.
public fun owner(self: &SealToken): address { self.owner }

/// The owner's Ed25519 key; it signs grants.
public fun public_key(self: &SealToken): &vector<u8> { &self.public_key }

/// What the token allows now.
public fun rules(self: &SealToken, clock: &Clock): vector<Rule> {
    let now = clock.timestamp_ms();
    if (self.pending_rules.is_some_and!(|pending| pending.due <= now)) self.pending_rules.borrow().rules
    else self.rules
}

/// The stake that counts: not what was announced to be withdrawn.
public fun counted_stake(self: &SealToken): u64 { self.stake.counted() }

/// When the token ends.
public fun expires_at(self: &SealToken): u64 { self.expires_at }

/// Whether the token was revoked.
public fun is_revoked(self: &SealToken): bool { self.revoked }

/// Aborts unless the token may be used for this at this moment.
public fun assert_allows(cluster: &Cluster, token: &SealToken, envelope: &Envelope, clock: &Clock) {
    let now = clock.timestamp_ms();
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    assert!(token.version == version::current(), EWrongVersion);
    assert!(!token.revoked, ERevoked);
    assert!(token.usable_from <= now, ENotYetUsable);
    assert!(now < token.expires_at, EExpired);
    assert!(rules::allow(&token.rules(clock), envelope), ENotAllowed);
    assert!(rules::is_read(envelope) || token.counted_stake() >= cluster.settings(clock).min_stake(), EStake);
}

/// Takes away what a violation costs of the whole stake, what is leaving too.
public(package) fun slash_violation(cluster: &Cluster, token: &mut SealToken): Balance<SUI> {
    let penalty = cluster.penalties().violation_penalty(token.stake.total());
    let taken = token.stake.slash(penalty);
    token.changed();
    taken
}

fun revoke_in(token: &mut SealToken) {
    assert!(!token.revoked, EAlreadyRevoked);
    token.revoked = true;
    token.changed();
}

fun assert_rules(rules: &vector<Rule>) {
    assert!(!rules.is_empty(), ENoRules);
    rules::assert_count(rules, MAX_RULES);
}

fun changed(token: &mut SealToken) {
    token.revision = token.revision + 1;
    token.announce();
}

fun announce(token: &SealToken) {
    let (pending_rules, pending_from) = if (token.pending_rules.is_some()) {
        let PendingRules { rules, due } = token.pending_rules.destroy_some();
        (rules, due)
    } else (vector[], 0);
    events::seal_token_changed(
        object::id(token),
        token.version,
        token.revision,
        token.cluster,
        token.owner,
        token.public_key,
        token.rules,
        pending_rules,
        pending_from,
        token.counted_stake(),
        token.usable_from,
        token.expires_at,
        token.revoked,
        token.note,
    );
}

#[test_only]
public fun set_version_for_testing(self: &mut SealToken, version: u64) {
    self.version = version;
}
