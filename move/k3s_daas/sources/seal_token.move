/// Seal tokens: what an owner may ask of a cluster, and the stake that stands behind his changes.
/// A token is shared and only read by requests. AdminCap issues and widens; the owner uses, narrows and revokes.
module k3s_daas::seal_token;

use k3s_daas::cluster::{AdminCap, Cluster};
use k3s_daas::enclave;
use k3s_daas::events;
use k3s_daas::rules::{Self, Envelope, Rule};
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
const EZeroAmount: vector<u8> = b"the amount is zero";
#[error]
const EWrongCluster: vector<u8> = b"the token belongs to another cluster";
#[error]
const ENotOwner: vector<u8> = b"the sender is not the token's owner";
#[error]
const EAlreadyRevoked: vector<u8> = b"the token is revoked already";
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

/// What its owner may do in a cluster.
public struct SealToken has key {
    id: UID,
    version: u64,
    cluster: ID,
    owner: address,
    public_key: vector<u8>,
    rules: vector<Rule>,
    stake: Balance<SUI>,
    leaving: u64,
    leaving_due: u64,
    usable_from: u64,
    expires_at: u64,
    revoked: bool,
    note: String,
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
    cluster.assert_admin(admin);
    assert!(public_key.length() == ED25519_KEY_BYTES && enclave::address_of(&public_key) == owner, EPublicKey);
    assert!(!rules.is_empty(), ENoRules);
    rules::assert_count(&rules, MAX_RULES);
    assert!(note.length() <= MAX_NOTE_BYTES, ENoteLength);
    let usable_from = cluster.loosened_from(cluster.delays().token_ms(), clock);
    assert!(expires_at > usable_from, EExpiry);
    let token = SealToken {
        id: object::new(ctx),
        version: 1,
        cluster: object::id(cluster),
        owner,
        public_key,
        rules,
        stake: stake.into_balance(),
        leaving: 0,
        leaving_due: 0,
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
    assert!(stake.value() > 0, EZeroAmount);
    token.stake.join(stake.into_balance());
    token.changed();
}

/// Emits a token's full state again, for whoever came later; open to anyone.
public(package) entry fun announce_token(token: &SealToken) {
    token.changed();
}

/// Revokes a token by its owner, at once and for ever.
public(package) entry fun revoke(token: &mut SealToken, ctx: &TxContext) {
    assert!(token.owner == ctx.sender(), ENotOwner);
    token.revoke_in();
}

/// Revokes a token by the cluster's admin, at once and for ever.
public fun revoke_by_admin(cluster: &Cluster, admin: &AdminCap, token: &mut SealToken) {
    cluster.assert_admin(admin);
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    token.revoke_in();
}

/// Whose token it is.
public fun owner(self: &SealToken): address { self.owner }

/// The owner's Ed25519 key; it signs grants.
public fun public_key(self: &SealToken): &vector<u8> { &self.public_key }

/// What the token allows.
public fun rules(self: &SealToken): &vector<Rule> { &self.rules }

/// The stake that counts: not what was announced to be withdrawn.
public fun counted_stake(self: &SealToken): u64 { self.stake.value() - self.leaving }

/// When the token ends.
public fun expires_at(self: &SealToken): u64 { self.expires_at }

/// Whether the token was revoked.
public fun is_revoked(self: &SealToken): bool { self.revoked }

/// Aborts unless the token may be used for this at this moment.
public fun assert_allows(cluster: &Cluster, token: &SealToken, envelope: &Envelope, clock: &Clock) {
    let now = clock.timestamp_ms();
    assert!(token.cluster == object::id(cluster), EWrongCluster);
    assert!(!token.revoked, ERevoked);
    assert!(token.usable_from <= now, ENotYetUsable);
    assert!(now < token.expires_at, EExpired);
    assert!(rules::allow(&token.rules, envelope), ENotAllowed);
    assert!(rules::is_read(envelope) || token.counted_stake() >= cluster.settings().min_stake(), EStake);
}

fun revoke_in(token: &mut SealToken) {
    assert!(!token.revoked, EAlreadyRevoked);
    token.revoked = true;
    token.changed();
}

fun changed(token: &SealToken) {
    events::seal_token_changed(
        object::id(token),
        token.cluster,
        token.owner,
        token.public_key,
        token.rules,
        token.counted_stake(),
        token.usable_from,
        token.expires_at,
        token.revoked,
        token.note,
    );
}
