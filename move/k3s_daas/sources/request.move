/// Requests and their answers. `submit` decides and emits K8sAPIRequest; `store_k8s_response` checks the enclave's
/// signature and consumes the request, so that a second answer is impossible by type.
///
/// - No object is written that another request writes too: cluster, enclave and token are only read.
/// - Functions here act for the sender, so they are `entry` and not `public`: no other package can act for him.
/// - A batch of answers is one call over vectors, because consuming a shared object ends what private entry functions
///   may do with the other inputs of that command.
module k3s_daas::request;

use k3s_daas::chunks;
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::{Self, Enclave};
use k3s_daas::events;
use k3s_daas::grant;
use k3s_daas::rules::{Self, Envelope, Rule};
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::statement;
use std::string::String;
use sui::clock::Clock;
use sui::ed25519;

/// 3 MiB and 64 KiB of sealing, headers and query.
const MAX_PAYLOAD_BYTES: u64 = 3_211_264;
/// How far an enclave's clock may lie from the ledger's.
const MAX_CLOCK_SKEW_MS: u64 = 60_000;
/// After this time anyone may expire a request that its requester left.
const KEEPER_DELAY_MS: u64 = 600_000;
const SIGNATURE_BYTES: u64 = 64;
const MIN_STATUS: u16 = 100;
const MAX_STATUS: u16 = 599;
const OUTCOME_ANSWERED: u8 = 0;
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
const EOtherEnclave: vector<u8> = b"the request names another enclave";
#[error]
const ENotEnclave: vector<u8> = b"the sender is not the address of the enclave";
#[error]
const EAnswerTooLate: vector<u8> = b"the time to answer this request is over";
#[error]
const EExecutedAt: vector<u8> = b"the time of execution lies before the request or in the future";
#[error]
const EStatus: vector<u8> = b"the status is not an HTTP status from 100 to 599";
#[error]
const EBodyTooLong: vector<u8> = b"the body is longer than an answer may carry in its event";
#[error]
const ESignature: vector<u8> = b"the answer is not signed by the enclave's key";
#[error]
const EBatchLength: vector<u8> = b"the vectors of a batch differ in length, or are empty";
#[error]
const ENotExpired: vector<u8> = b"the request can still be answered";
#[error]
const ENotRequester: vector<u8> = b"for 10 minutes only its requester may expire a request";

/// One request that waits for its answer; the sealed payload is in the event only.
public struct Request has key {
    id: UID,
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
}

/// What is asked, as both ways to submit take it.
public struct Asked has drop {
    envelope: Envelope,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
}

/// In whose name a delegate asks; empty where the owner asks himself.
public struct Granted has drop {
    session: vector<u8>,
    expires_at: u64,
    narrowed: vector<Rule>,
}

/// One answer, as both ways to store take it.
public struct Answer has drop {
    sequence: u64,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    signature: vector<u8>,
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
    let granted = Granted { session: vector[], expires_at: 0, narrowed: vector[] };
    let asked = Asked { envelope, payload, payload_hash, payload_length, deadline, stream };
    open(cluster, enclave, token, asked, granted, clock, ctx);
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
    assert!(enclave.sui_address() == ctx.sender(), ENotDelegate);
    let envelope = rules::new_envelope(verb, group, resource, subresource, namespace);
    let narrowed = rules::from_texts(narrowed);
    grant::assert_granted(
        cluster,
        token,
        ctx.sender(),
        session,
        not_before,
        expires_at,
        narrowed,
        &signature,
        &envelope,
        clock,
    );
    let granted = Granted { session, expires_at, narrowed };
    let asked = Asked { envelope, payload, payload_hash, payload_length, deadline, stream };
    open(cluster, enclave, token, asked, granted, clock, ctx);
}

/// Stores one answer. An empty body with a length means that the body, which has this hash, is fetched by its hash.
public(package) entry fun store_k8s_response(
    cluster: &Cluster,
    enclave: &Enclave,
    request: Request,
    sequence: u64,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    signature: vector<u8>,
    clock: &Clock,
    ctx: &TxContext,
) {
    let answer = Answer { sequence, status, body, body_hash, body_length, executed_at, signature };
    store(cluster, enclave, request, answer, clock, ctx);
}

/// Stores answers of one enclave, one for each request; all or none.
public(package) entry fun store_k8s_responses(
    cluster: &Cluster,
    enclave: &Enclave,
    requests: vector<Request>,
    sequences: vector<u64>,
    statuses: vector<u16>,
    bodies: vector<vector<vector<u8>>>,
    body_hashes: vector<vector<u8>>,
    body_lengths: vector<u64>,
    executed_at: vector<u64>,
    signatures: vector<vector<u8>>,
    clock: &Clock,
    ctx: &TxContext,
) {
    let count = requests.length();
    assert!(
        count > 0
            && sequences.length() == count
            && statuses.length() == count
            && bodies.length() == count
            && body_hashes.length() == count
            && body_lengths.length() == count
            && executed_at.length() == count
            && signatures.length() == count,
        EBatchLength,
    );
    let mut at = 0;
    requests.do!(|request| {
        let answer = Answer {
            sequence: sequences[at],
            status: statuses[at],
            body: bodies[at],
            body_hash: body_hashes[at],
            body_length: body_lengths[at],
            executed_at: executed_at[at],
            signature: signatures[at],
        };
        store(cluster, enclave, request, answer, clock, ctx);
        at = at + 1;
    });
}

/// Ends a request that was not answered in time: by its requester, or ten minutes later by anyone. It says that there
/// is no answer, not that nothing was executed. The storage rebate goes to whoever pays for this transaction.
public(package) entry fun expire_request(request: Request, clock: &Clock, ctx: &TxContext) {
    let now = clock.timestamp_ms();
    assert!(now > request.answer_until, ENotExpired);
    assert!(
        request.sender == ctx.sender() || now > request.answer_until + KEEPER_DELAY_MS,
        ENotRequester,
    );
    let Request { id, cluster, .. } = request;
    events::request_processed(id.to_inner(), cluster, OUTCOME_EXPIRED, now);
    id.delete();
}

fun open(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &SealToken,
    asked: Asked,
    granted: Granted,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    let Asked { envelope, payload, payload_hash, payload_length, deadline, stream } = asked;
    let Granted { session, expires_at, narrowed } = granted;
    // (1) The token allows it, with stake behind every change.
    seal_token::assert_allows(cluster, token, &envelope, clock);
    // (2) A deadline in the future, not further than the cluster allows.
    let now = clock.timestamp_ms();
    let settings = cluster.settings();
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
    let request = Request {
        id: object::new(ctx),
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
        answer_until: deadline + settings.answer_window_ms(),
        stream,
    };
    events::request_allowed(
        object::id(&request),
        request.cluster,
        request.enclave,
        request.epoch,
        request.config_version,
        request.token,
        token.owner(),
        request.sender,
        session,
        expires_at,
        narrowed,
        envelope,
        payload,
        payload_hash,
        payload_length,
        request.asked_at,
        request.deadline,
        request.answer_until,
        stream,
    );
    transfer::share_object(request);
}

fun store(
    cluster: &Cluster,
    enclave: &Enclave,
    request: Request,
    answer: Answer,
    clock: &Clock,
    ctx: &TxContext,
) {
    let Answer { sequence, status, body, body_hash, body_length, executed_at, signature } = answer;
    let now = clock.timestamp_ms();
    // (1) The enclave that the request names sends this itself, and is usable now.
    assert!(request.enclave == object::id(enclave), EOtherEnclave);
    assert!(enclave.sui_address() == ctx.sender(), ENotEnclave);
    enclave::assert_usable(cluster, enclave, clock);
    // (2) In time on both sides.
    assert!(now <= request.answer_until, EAnswerTooLate);
    assert!(
        executed_at + MAX_CLOCK_SKEW_MS >= request.asked_at && executed_at <= now + MAX_CLOCK_SKEW_MS,
        EExecutedAt,
    );
    // (3) A body that is what it says, here or fetched by its hash.
    assert!(status >= MIN_STATUS && status <= MAX_STATUS, EStatus);
    if (body.is_empty() && body_length > 0) {
        chunks::assert_hash_length(&body_hash);
    } else {
        chunks::assert_match(&body, &body_hash, body_length);
        assert!(body_length <= cluster.settings().response_inline_bytes(), EBodyTooLong);
    };
    // (4) Signed by the attested key, over this request and no other.
    let Request { id, cluster: cluster_id, epoch, config_version, payload_hash, answer_until, .. } = request;
    let request_id = id.to_inner();
    let signed = statement::answer_bytes(
        cluster.chain_id(),
        cluster.package(),
        cluster_id,
        object::id(enclave),
        epoch,
        sequence,
        config_version,
        request_id,
        payload_hash,
        status,
        body_hash,
        executed_at,
        answer_until,
    );
    assert!(
        signature.length() == SIGNATURE_BYTES && ed25519::ed25519_verify(&signature, enclave.public_key(), &signed),
        ESignature,
    );
    events::response_stored(
        request_id,
        cluster_id,
        object::id(enclave),
        epoch,
        sequence,
        config_version,
        payload_hash,
        status,
        body,
        body_hash,
        body_length,
        executed_at,
        answer_until,
        now,
        signature,
    );
    events::request_processed(request_id, cluster_id, OUTCOME_ANSWERED, now);
    id.delete();
}
