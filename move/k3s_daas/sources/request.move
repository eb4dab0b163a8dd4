/// Requests: the contract decides, makes a `Request` and emits K8sAPIRequest.
///
/// - No object is written that another request writes too: cluster, enclave and token are only read.
/// - Functions here act for the sender, so they are `entry` and not `public`: no other package can act for him.
/// - A batch is one call over vectors: one token, one grant, and any number of things to do.
/// - A request is consumed by its answer, its violation or its expiry, so that none of them happens twice.
module k3s_daas::request;

use k3s_daas::chunks;
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::{Self, Enclave};
use k3s_daas::events;
use k3s_daas::grant;
use k3s_daas::rules::{Self, Envelope, Rule};
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::settings::Settings;
use std::string::String;
use sui::balance::{Self, Balance};
use sui::clock::Clock;
use sui::coin::Coin;
use sui::sui::SUI;

/// 3 MiB and 64 KiB of sealing, headers and query.
const MAX_PAYLOAD_BYTES: u64 = 3_211_264;
/// After this time anyone may expire a request that its requester left.
const KEEPER_DELAY_MS: u64 = 600_000;
const OUTCOME_EXPIRED: u8 = 1;

#[error]
const ENotOwner: vector<u8> = b"the sender is not the token's owner";
#[error]
const ENotDelegate: vector<u8> = b"the sender is not the address of the enclave that the request names";
#[error]
const EDeadlinePassed: vector<u8> = b"the deadline has passed";
#[error]
const EDeadlineTooFar: vector<u8> = b"the deadline is further away than the cluster allows";
#[error]
const ENoPayload: vector<u8> = b"the payload is empty";
#[error]
const EPayloadTooLong: vector<u8> = b"the payload is longer than allowed";
#[error]
const EDeposit: vector<u8> = b"the deposit is not what the cluster asks for a receipt";
#[error]
const EBatchLength: vector<u8> = b"the vectors of a batch differ in length, or are empty";
#[error]
const ENotExpired: vector<u8> = b"the request can still be answered";
#[error]
const ENotRequester: vector<u8> = b"for 10 minutes only its requester may expire a request";

/// One request that waits for its answer; the sealed payload is in the event only. A deposit asks for a receipt.
public struct Request has key {
    id: UID,
    terms: Terms,
    deposit: Balance<SUI>,
}

/// What was asked, by whom, of whom, and until when; and the settings that its answer is held to, so that a change of
/// settings alone ends nothing that is in flight.
public struct Terms has copy, drop, store {
    cluster: ID,
    enclave: ID,
    epoch: u64,
    config_version: u64,
    token: ID,
    sender: address,
    envelope: Envelope,
    payload_hash: vector<u8>,
    payload_length: u64,
    asked_at: u64,
    deadline: u64,
    answer_until: u64,
    stream: bool,
    min_bond: u64,
    response_inline_bytes: u64,
}

/// What is asked, as all ways to submit take it.
public struct Asked has drop {
    envelope: Envelope,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
}

/// In whose name a delegate asks; empty where the owner asks himself.
public struct Granted has copy, drop {
    session: vector<u8>,
    expires_at: u64,
    narrowed: vector<Rule>,
}

/// Asks for something by the token's owner himself. An empty payload means that the sealed bytes, which have this
/// hash and length, reach the enclave beside the chain.
public(package) entry fun submit(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    assert!(token.owner() == ctx.sender(), ENotOwner);
    let envelope = rules::new_envelope(verb, group, resource, subresource, namespace);
    let asked = Asked { envelope, payload, payload_hash, payload_length, deadline, stream };
    open(cluster, enclave, token, asked, no_grant(), balance::zero(), clock, ctx);
}

/// Asks as `submit` does, and leaves the deposit for a receipt.
public(package) entry fun submit_with_receipt(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
    deposit: Coin<SUI>,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    assert!(token.owner() == ctx.sender(), ENotOwner);
    assert!(deposit.value() == cluster.settings(clock).receipt_deposit(), EDeposit);
    let envelope = rules::new_envelope(verb, group, resource, subresource, namespace);
    let asked = Asked { envelope, payload, payload_hash, payload_length, deadline, stream };
    open(cluster, enclave, token, asked, no_grant(), deposit.into_balance(), clock, ctx);
}

/// Asks for several things by the token's owner himself; all or none.
public(package) entry fun submit_many(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    verbs: vector<String>,
    groups: vector<String>,
    resources: vector<String>,
    subresources: vector<String>,
    namespaces: vector<String>,
    payloads: vector<vector<vector<u8>>>,
    payload_hashes: vector<vector<u8>>,
    payload_lengths: vector<u64>,
    deadlines: vector<u64>,
    streams: vector<bool>,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    assert!(token.owner() == ctx.sender(), ENotOwner);
    let envelopes = envelopes(verbs, groups, resources, subresources, namespaces);
    let asked = asked(envelopes, payloads, payload_hashes, payload_lengths, deadlines, streams);
    asked.do!(|one| open(cluster, enclave, token, one, no_grant(), balance::zero(), clock, ctx));
}

/// Asks for something by the active enclave's gateway, under a grant of the token's owner. The grant's narrower rules
/// come as texts (`rules::from_texts`); none means all of the token's.
public(package) entry fun submit_with_grant(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    narrowed: vector<vector<String>>,
    signature: vector<u8>,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    let narrowed = rules::from_texts(narrowed);
    let granted = granted(cluster, enclave, token, session, not_before, expires_at, narrowed, signature, clock, ctx);
    let envelope = rules::new_envelope(verb, group, resource, subresource, namespace);
    let asked = Asked { envelope, payload, payload_hash, payload_length, deadline, stream };
    open(cluster, enclave, token, asked, granted, balance::zero(), clock, ctx);
}

/// Asks for several things under one grant; all or none.
public(package) entry fun submit_many_with_grant(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    narrowed: vector<vector<String>>,
    signature: vector<u8>,
    verbs: vector<String>,
    groups: vector<String>,
    resources: vector<String>,
    subresources: vector<String>,
    namespaces: vector<String>,
    payloads: vector<vector<vector<u8>>>,
    payload_hashes: vector<vector<u8>>,
    payload_lengths: vector<u64>,
    deadlines: vector<u64>,
    streams: vector<bool>,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    let narrowed = rules::from_texts(narrowed);
    let granted = granted(cluster, enclave, token, session, not_before, expires_at, narrowed, signature, clock, ctx);
    let envelopes = envelopes(verbs, groups, resources, subresources, namespaces);
    let asked = asked(envelopes, payloads, payload_hashes, payload_lengths, deadlines, streams);
    asked.do!(|one| open(cluster, enclave, token, one, granted, balance::zero(), clock, ctx));
}

/// Ends a request that was not answered in time: by its requester, or ten minutes later by anyone. It says that there
/// is no answer, not that nothing was executed. The storage rebate goes to whoever pays for this transaction, the
/// deposit of a receipt back to the requester. At every version of this package.
public(package) entry fun expire_request(request: Request, clock: &Clock, ctx: &mut TxContext) {
    let now = clock.timestamp_ms();
    assert!(now > request.terms.answer_until, ENotExpired);
    assert!(
        request.terms.sender == ctx.sender() || now > request.terms.answer_until + KEEPER_DELAY_MS,
        ENotRequester,
    );
    let (terms, deposit) = request.close(OUTCOME_EXPIRED, clock);
    give(deposit, terms.sender, ctx);
}

/// The request's id.
public(package) fun id(self: &Request): ID { self.id.to_inner() }

/// What was asked, by whom, of whom, and until when.
public(package) fun terms(self: &Request): Terms { self.terms }

/// Ends a request with an outcome, and says so; gives its terms and what was left for a receipt.
public(package) fun close(self: Request, outcome: u8, clock: &Clock): (Terms, Balance<SUI>) {
    let Request { id, terms, deposit } = self;
    events::request_processed(id.to_inner(), terms.cluster, outcome, clock.timestamp_ms());
    id.delete();
    (terms, deposit)
}

/// Gives what a deposit holds to somebody, if it holds anything.
public(package) fun give(deposit: Balance<SUI>, to: address, ctx: &mut TxContext) {
    if (deposit.value() > 0) transfer::public_transfer(deposit.into_coin(ctx), to) else deposit.destroy_zero();
}

public(package) fun cluster(self: &Terms): ID { self.cluster }

public(package) fun enclave(self: &Terms): ID { self.enclave }

public(package) fun epoch(self: &Terms): u64 { self.epoch }

public(package) fun config_version(self: &Terms): u64 { self.config_version }

public(package) fun token(self: &Terms): ID { self.token }

public(package) fun sender(self: &Terms): address { self.sender }

public(package) fun payload_hash(self: &Terms): vector<u8> { self.payload_hash }

public(package) fun asked_at(self: &Terms): u64 { self.asked_at }

public(package) fun answer_until(self: &Terms): u64 { self.answer_until }

/// The bond that its answer asks for: never more than when it was asked.
public(package) fun min_bond(self: &Terms, settings: &Settings): u64 { self.min_bond.min(settings.min_bond()) }

/// How long an answer in the event may be: never shorter than when it was asked.
public(package) fun response_inline_bytes(self: &Terms, settings: &Settings): u64 {
    self.response_inline_bytes.max(settings.response_inline_bytes())
}

fun no_grant(): Granted {
    Granted { session: vector[], expires_at: 0, narrowed: vector[] }
}

fun granted(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    narrowed: vector<Rule>,
    signature: vector<u8>,
    clock: &Clock,
    ctx: &TxContext,
): Granted {
    let delegate = ctx.sender();
    assert!(enclave.sui_address() == delegate, ENotDelegate);
    grant::assert_signed(cluster, token, delegate, session, not_before, expires_at, narrowed, &signature, clock);
    Granted { session, expires_at, narrowed }
}

fun envelopes(
    verbs: vector<String>,
    groups: vector<String>,
    resources: vector<String>,
    subresources: vector<String>,
    namespaces: vector<String>,
): vector<Envelope> {
    let count = verbs.length();
    assert!(
        groups.length() == count
            && resources.length() == count
            && subresources.length() == count
            && namespaces.length() == count,
        EBatchLength,
    );
    vector::tabulate!(count, |at| {
        rules::new_envelope(verbs[at], groups[at], resources[at], subresources[at], namespaces[at])
    })
}

fun asked(
    envelopes: vector<Envelope>,
    payloads: vector<vector<vector<u8>>>,
    payload_hashes: vector<vector<u8>>,
    payload_lengths: vector<u64>,
    deadlines: vector<u64>,
    streams: vector<bool>,
): vector<Asked> {
    let count = envelopes.length();
    assert!(
        count > 0
            && payloads.length() == count
            && payload_hashes.length() == count
            && payload_lengths.length() == count
            && deadlines.length() == count
            && streams.length() == count,
        EBatchLength,
    );
    vector::tabulate!(count, |at| Asked {
        envelope: envelopes[at],
        payload: payloads[at],
        payload_hash: payload_hashes[at],
        payload_length: payload_lengths[at],
        deadline: deadlines[at],
        stream: streams[at],
    })
}

fun open(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    asked: Asked,
    granted: Granted,
    deposit: Balance<SUI>,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    let Asked { envelope, payload, payload_hash, payload_length, deadline, stream } = asked;
    let Granted { session, expires_at, narrowed } = granted;
    // (1) The token allows it, the grant too, with stake behind every change.
    seal_token::assert_allows(cluster, token, &envelope, clock);
    grant::assert_allows(&narrowed, &envelope);
    // (2) A deadline in the future, not further than the cluster allows.
    let now = clock.timestamp_ms();
    let settings = cluster.settings(clock);
    let longest = if (stream) settings.max_stream_ms() else settings.max_deadline_ms();
    assert!(now < deadline, EDeadlinePassed);
    assert!(deadline <= now + longest, EDeadlineTooFar);
    // (3) The cluster's active enclave, usable now.
    enclave::assert_active(cluster, enclave, clock);
    // (4) A payload that is what it says, here or beside the chain.
    assert!(payload_length > 0, ENoPayload);
    if (payload.is_empty()) {
        chunks::assert_hash_length(&payload_hash);
        assert!(payload_length <= MAX_PAYLOAD_BYTES, EPayloadTooLong);
    } else {
        chunks::assert_match(&payload, &payload_hash, payload_length);
        assert!(payload_length <= settings.request_inline_bytes(), EPayloadTooLong);
    };
    let terms = Terms {
        cluster: object::id(cluster),
        enclave: object::id(enclave),
        epoch: enclave.epoch(),
        config_version: cluster.config_version(),
        token: object::id(token),
        sender: ctx.sender(),
        envelope,
        payload_hash,
        payload_length,
        asked_at: now,
        deadline,
        answer_until: deadline + cluster.delays().answer_window_ms(),
        stream,
        min_bond: settings.min_bond(),
        response_inline_bytes: settings.response_inline_bytes(),
    };
    let request = Request { id: object::new(ctx), terms, deposit };
    events::request_allowed(
        object::id(&request),
        terms.cluster,
        terms.enclave,
        terms.epoch,
        terms.config_version,
        terms.token,
        token.owner(),
        terms.sender,
        session,
        expires_at,
        narrowed,
        envelope,
        payload,
        payload_hash,
        payload_length,
        terms.asked_at,
        terms.deadline,
        terms.answer_until,
        stream,
    );
    transfer::share_object(request);
}
