/// Grants: for a while, an owner lets the active enclave's gateway submit in his name, by a signature of his own key.
/// A grant is public once used; what it opens at a gateway is the secret whose hash is its session.
module k3s_daas::grant;

use k3s_daas::cluster::Cluster;
use k3s_daas::rules::{Self, Envelope, Rule};
use k3s_daas::seal_token::SealToken;
use k3s_daas::statement;
use sui::clock::Clock;
use sui::ed25519;

const SESSION_BYTES: u64 = 32;
const SIGNATURE_BYTES: u64 = 64;
const MAX_RULES: u64 = 16;

#[error]
const ESessionLength: vector<u8> = b"the grant's session is not a hash of 32 bytes";
#[error]
const ENotYetValid: vector<u8> = b"the grant is not valid yet";
#[error]
const EExpired: vector<u8> = b"the grant has expired";
#[error]
const EWiderThanToken: vector<u8> = b"the grant's rules are wider than the token's";
#[error]
const ENotAllowed: vector<u8> = b"no rule of the grant allows this";
#[error]
const ESignature: vector<u8> = b"the grant is not signed by the token's owner";

/// Aborts unless the owner of the token has granted the delegate something at this moment.
public(package) fun assert_signed(
    cluster: &Cluster,
    token: &SealToken,
    delegate: address,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    narrowed: vector<Rule>,
    signature: &vector<u8>,
    clock: &Clock,
) {
    let now = clock.timestamp_ms();
    assert!(session.length() == SESSION_BYTES, ESessionLength);
    assert!(not_before <= now, ENotYetValid);
    assert!(now < expires_at, EExpired);
    if (!narrowed.is_empty()) {
        rules::assert_count(&narrowed, MAX_RULES);
        assert!(rules::is_within(&narrowed, &token.rules(clock)), EWiderThanToken);
    };
    let signed = statement::grant_bytes(
        cluster.chain_id(),
        cluster.package(),
        object::id(cluster),
        object::id(token),
        delegate,
        session,
        not_before,
        expires_at,
        narrowed,
    );
    assert!(
        signature.length() == SIGNATURE_BYTES && ed25519::ed25519_verify(signature, token.public_key(), &signed),
        ESignature,
    );
}

/// Aborts unless the grant's own rules allow this; without rules it grants all that the token allows.
public(package) fun assert_allows(narrowed: &vector<Rule>, envelope: &Envelope) {
    assert!(narrowed.is_empty() || rules::allow(narrowed, envelope), ENotAllowed);
}
