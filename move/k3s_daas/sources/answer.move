/// Answers and violations: the contract checks the enclave's signature and consumes the request, so that a second one
/// is impossible by type.
///
/// - Only the enclave that the request names sends these, while it is usable, until the request's "answer until".
/// - A batch is one call over vectors, because consuming a shared object ends what private entry functions may do with
///   the other inputs of that command.
module k3s_daas::answer;

use k3s_daas::chunks;
use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::{Self, Enclave};
use k3s_daas::events;
use k3s_daas::receipt;
use k3s_daas::request::{Self, Request, Terms};
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::statement;
use sui::clock::Clock;
use sui::ed25519;

/// How far an enclave's clock may lie from the ledger's.
const MAX_CLOCK_SKEW_MS: u64 = 60_000;
const SIGNATURE_BYTES: u64 = 64;
const MIN_STATUS: u16 = 100;
const MAX_STATUS: u16 = 599;
const OUTCOME_ANSWERED: u8 = 0;
const OUTCOME_VIOLATION: u8 = 2;
/// Where penalties go: nobody holds its key.
const NOBODY: address = @0x0;

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
const EOtherToken: vector<u8> = b"the request was made with another token";
#[error]
const EUnderGrant: vector<u8> = b"the request was not sent by the token's owner: what a gateway built is not his violation";

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
    ctx: &mut TxContext,
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
    ctx: &mut TxContext,
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

/// Stores that the payload of a request, which the token's owner sent himself, opened but was not what its envelope
/// said. A part of the stake is lost; nobody gets it.
public(package) entry fun store_k8s_violation(
    cluster: &Cluster,
    enclave: &Enclave,
    token: &mut SealToken,
    request: Request,
    sequence: u64,
    found_at: u64,
    signature: vector<u8>,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    assert_may_end(cluster, enclave, &request, found_at, clock, ctx);
    let request_id = request.id();
    let (terms, deposit) = request.close(OUTCOME_VIOLATION, clock);
    assert!(terms.token() == object::id(token), EOtherToken);
    assert!(terms.sender() == token.owner(), EUnderGrant);
    let signed = statement::violation_bytes(
        cluster.chain_id(),
        cluster.package(),
        terms.cluster(),
        terms.enclave(),
        terms.epoch(),
        sequence,
        terms.config_version(),
        request_id,
        terms.payload_hash(),
        found_at,
        terms.answer_until(),
    );
    assert_signed(enclave, &signature, &signed);
    let lost = seal_token::slash_violation(cluster, token);
    events::violation_stored(
        request_id,
        terms.cluster(),
        terms.enclave(),
        terms.epoch(),
        sequence,
        terms.config_version(),
        terms.token(),
        terms.payload_hash(),
        found_at,
        terms.answer_until(),
        clock.timestamp_ms(),
        lost.value(),
        signature,
    );
    request::give(lost, NOBODY, ctx);
    request::give(deposit, terms.sender(), ctx);
}

fun store(
    cluster: &Cluster,
    enclave: &Enclave,
    request: Request,
    answer: Answer,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    let Answer { sequence, status, body, body_hash, body_length, executed_at, signature } = answer;
    assert_may_end(cluster, enclave, &request, executed_at, clock, ctx);
    // A body that is what it says, here or fetched by its hash.
    assert!(status >= MIN_STATUS && status <= MAX_STATUS, EStatus);
    if (body.is_empty() && body_length > 0) {
        chunks::assert_hash_length(&body_hash);
    } else {
        chunks::assert_match(&body, &body_hash, body_length);
        let longest = request.terms().response_inline_bytes(&cluster.settings(clock));
        assert!(body_length <= longest, EBodyTooLong);
    };
    // Signed by the attested key, over this request and no other.
    let request_id = request.id();
    let terms = request.terms();
    let signed = signed_answer(cluster, &terms, request_id, sequence, status, body_hash, executed_at);
    assert_signed(enclave, &signature, &signed);
    let now = clock.timestamp_ms();
    events::response_stored(
        request_id,
        terms.cluster(),
        terms.enclave(),
        terms.epoch(),
        sequence,
        terms.config_version(),
        terms.payload_hash(),
        status,
        body,
        body_hash,
        body_length,
        executed_at,
        terms.answer_until(),
        now,
        signature,
    );
    let (_, deposit) = request.close(OUTCOME_ANSWERED, clock);
    if (deposit.value() > 0) {
        receipt::give(
            terms.sender(),
            request_id,
            terms.cluster(),
            terms.enclave(),
            sequence,
            status,
            body_hash,
            executed_at,
            now,
            signature,
            ctx,
        );
    };
    // The enclave paid for the receipt's storage.
    request::give(deposit, enclave.sui_address(), ctx);
}

/// Aborts unless the enclave that the request names sends this itself, is usable now, and is in time on both sides.
fun assert_may_end(
    cluster: &Cluster,
    enclave: &Enclave,
    request: &Request,
    executed_at: u64,
    clock: &Clock,
    ctx: &TxContext,
) {
    let terms = request.terms();
    let now = clock.timestamp_ms();
    assert!(terms.enclave() == object::id(enclave), EOtherEnclave);
    assert!(enclave.sui_address() == ctx.sender(), ENotEnclave);
    enclave::assert_usable_with_bond(cluster, enclave, terms.min_bond(&cluster.settings(clock)), clock);
    assert!(now <= terms.answer_until(), EAnswerTooLate);
    assert!(
        executed_at <= now + MAX_CLOCK_SKEW_MS && executed_at + MAX_CLOCK_SKEW_MS >= terms.asked_at(),
        EExecutedAt,
    );
}

fun signed_answer(
    cluster: &Cluster,
    terms: &Terms,
    request_id: ID,
    sequence: u64,
    status: u16,
    body_hash: vector<u8>,
    executed_at: u64,
): vector<u8> {
    statement::answer_bytes(
        cluster.chain_id(),
        cluster.package(),
        terms.cluster(),
        terms.enclave(),
        terms.epoch(),
        sequence,
        terms.config_version(),
        request_id,
        terms.payload_hash(),
        status,
        body_hash,
        executed_at,
        terms.answer_until(),
    )
}

fun assert_signed(enclave: &Enclave, signature: &vector<u8>, signed: &vector<u8>) {
    assert!(
        signature.length() == SIGNATURE_BYTES && ed25519::ed25519_verify(signature, enclave.public_key(), signed),
        ESignature,
    );
}
