/// Evidence: two answers to one request that one enclave key signed, with another status or body. It costs the operator
/// his bond and ends the enclave; the reporter gets a small part, nobody gets the rest.
///
/// Objective only: two signatures that this contract checks. Once for each enclave, also when it is revoked or expired,
/// until the window after the later answer is over. Whoever copies evidence from a mempool may be first: the
/// reporter's part rewards the deed, not the finder.
module k3s_daas::evidence;

use k3s_daas::cluster::Cluster;
use k3s_daas::enclave::{Self, Enclave};
use k3s_daas::events;
use k3s_daas::request;
use k3s_daas::statement;
use sui::clock::Clock;
use sui::ed25519;

/// How far an enclave's clock may lie from the ledger's.
const MAX_CLOCK_SKEW_MS: u64 = 60_000;
const SIGNATURE_BYTES: u64 = 64;
/// Where penalties go: nobody holds its key.
const NOBODY: address = @0x0;

#[error]
const ETwoAnswers: vector<u8> = b"evidence is exactly two answers";
#[error]
const ESameAnswer: vector<u8> = b"both answers have the same status and the same body: that is no equivocation";
#[error]
const ESignature: vector<u8> = b"an answer is not signed by the enclave's key";
#[error]
const EWindowOver: vector<u8> = b"the window for evidence about these answers is over";
#[error]
const EFuture: vector<u8> = b"an answer was executed in the future";

/// Reports two signed answers of an enclave to one request. Each vector holds the first answer's value and the second's.
public(package) entry fun report_equivocation(
    cluster: &mut Cluster,
    enclave: &mut Enclave,
    request_id: ID,
    epochs: vector<u64>,
    sequences: vector<u64>,
    config_versions: vector<u64>,
    payload_hashes: vector<vector<u8>>,
    statuses: vector<u16>,
    body_hashes: vector<vector<u8>>,
    executed_at: vector<u64>,
    answer_until: vector<u64>,
    signatures: vector<vector<u8>>,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    cluster.assert_version(clock);
    // (1) Two answers that differ in what they say.
    assert!(
        epochs.length() == 2
            && sequences.length() == 2
            && config_versions.length() == 2
            && payload_hashes.length() == 2
            && statuses.length() == 2
            && body_hashes.length() == 2
            && executed_at.length() == 2
            && answer_until.length() == 2
            && signatures.length() == 2,
        ETwoAnswers,
    );
    assert!(statuses[0] != statuses[1] || body_hashes[0] != body_hashes[1], ESameAnswer);
    // (2) In the window, on both sides.
    let now = clock.timestamp_ms();
    let latest = executed_at[0].max(executed_at[1]);
    assert!(latest <= now + MAX_CLOCK_SKEW_MS, EFuture);
    assert!(now <= latest + cluster.delays().evidence_ms(), EWindowOver);
    // (3) Both signed by this enclave's key, as answers to this request.
    2u64.do!(|at| {
        let signed = statement::answer_bytes(
            cluster.chain_id(),
            cluster.package(),
            object::id(cluster),
            object::id(enclave),
            epochs[at],
            sequences[at],
            config_versions[at],
            request_id,
            payload_hashes[at],
            statuses[at],
            body_hashes[at],
            executed_at[at],
            answer_until[at],
        );
        let signature = &signatures[at];
        assert!(
            signature.length() == SIGNATURE_BYTES && ed25519::ed25519_verify(signature, enclave.public_key(), &signed),
            ESignature,
        );
    });
    // (4) Once for each enclave: it ends, and its operator's bond is gone.
    enclave::convict(cluster, enclave, clock);
    let mut bond = cluster.slash_bond(enclave.operator(), clock);
    let slashed = bond.value();
    let reward = cluster.penalties().reporter_reward(slashed);
    request::give(bond.split(reward), ctx.sender(), ctx);
    request::give(bond, NOBODY, ctx);
    events::equivocation_proven(
        object::id(enclave),
        object::id(cluster),
        enclave.operator(),
        request_id,
        ctx.sender(),
        slashed,
        reward,
        now,
    );
}
