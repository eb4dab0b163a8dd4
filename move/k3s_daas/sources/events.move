/// Every event of the package. An enclave and a client know what they act on from these alone, so those about a
/// token or a cluster carry its full state.
module k3s_daas::events;

use k3s_daas::cluster_state::ClusterState;
use k3s_daas::rules::{Envelope, Rule};
use std::string::String;
use sui::event;

/// A cluster was made or changed.
public struct ClusterChanged has copy, drop {
    change: String,
    state: ClusterState,
}

/// An enclave proved its keys by an attestation document.
public struct EnclaveRegistered has copy, drop {
    enclave: ID,
    cluster: ID,
    operator: ID,
    challenge: ID,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    measurement: u64,
    configuration: u64,
    document_time: u64,
    registered_at: u64,
    expires_at: u64,
}

/// A registration lasts longer, by a new document of the same key.
public struct EnclaveRenewed has copy, drop {
    enclave: ID,
    cluster: ID,
    challenge: ID,
    measurement: u64,
    configuration: u64,
    document_time: u64,
    renewed_at: u64,
    expires_at: u64,
}

/// An enclave became the one that new requests name.
public struct EnclaveActivated has copy, drop {
    enclave: ID,
    epoch: u64,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    expires_at: u64,
    activated_at: u64,
    state: ClusterState,
}

/// An enclave was revoked: nothing that it signs counts from here on.
public struct EnclaveRevoked has copy, drop {
    enclave: ID,
    cluster: ID,
    revoked_at: u64,
}

/// An enclave's key signed two answers to one request: its operator's bond is gone.
public struct EquivocationProven has copy, drop {
    enclave: ID,
    cluster: ID,
    operator: ID,
    request_id: ID,
    reporter: address,
    slashed: u64,
    reward: u64,
    proven_at: u64,
}

/// A token was made, changed, or announced again: its full state. `revision` rises with every change; of two states
/// the higher one holds. Pending rules replace the others from their time on; there are none where they are empty.
public struct SealTokenChanged has copy, drop {
    token: ID,
    version: u64,
    revision: u64,
    cluster: ID,
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

/// The contract allowed a request: the enclave it names executes it.
public struct K8sAPIRequest has copy, drop {
    request_id: ID,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    config_version: u64,
    token: ID,
    owner: address,
    sender: address,
    session: vector<u8>,
    grant_expires_at: u64,
    narrowed: vector<Rule>,
    verb: String,
    group: String,
    resource: String,
    subresource: String,
    namespace: String,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    asked_at: u64,
    deadline: u64,
    answer_until: u64,
    stream: bool,
}

/// The contract accepted an answer's signature.
public struct K8sResponseStored has copy, drop {
    request_id: ID,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    payload_hash: vector<u8>,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    answer_until: u64,
    stored_at: u64,
    signature: vector<u8>,
}

/// The contract accepted that a request's payload was not what its envelope said; `lost` is what it cost of the stake.
public struct K8sViolationStored has copy, drop {
    request_id: ID,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    token: ID,
    payload_hash: vector<u8>,
    found_at: u64,
    answer_until: u64,
    stored_at: u64,
    lost: u64,
    signature: vector<u8>,
}

/// A request is over: answered (0), expired (1), or a violation (2).
public struct K8sRequestProcessed has copy, drop {
    request_id: ID,
    cluster: ID,
    outcome: u8,
    processed_at: u64,
}

public(package) fun cluster_changed(change: String, state: ClusterState) {
    event::emit(ClusterChanged { change, state });
}

public(package) fun enclave_registered(
    enclave: ID,
    cluster: ID,
    operator: ID,
    challenge: ID,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    measurement: u64,
    configuration: u64,
    document_time: u64,
    registered_at: u64,
    expires_at: u64,
) {
    event::emit(EnclaveRegistered {
        enclave,
        cluster,
        operator,
        challenge,
        address,
        public_key,
        hpke_key,
        tls_ca_hash,
        measurement,
        configuration,
        document_time,
        registered_at,
        expires_at,
    });
}

public(package) fun enclave_activated(
    enclave: ID,
    epoch: u64,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    expires_at: u64,
    activated_at: u64,
    state: ClusterState,
) {
    event::emit(EnclaveActivated {
        enclave,
        epoch,
        address,
        public_key,
        hpke_key,
        tls_ca_hash,
        expires_at,
        activated_at,
        state,
    });
}

public(package) fun enclave_revoked(enclave: ID, cluster: ID, revoked_at: u64) {
    event::emit(EnclaveRevoked { enclave, cluster, revoked_at });
}

public(package) fun seal_token_changed(
    token: ID,
    version: u64,
    revision: u64,
    cluster: ID,
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
) {
    event::emit(SealTokenChanged {
        token,
        version,
        revision,
        cluster,
        owner,
        public_key,
        rules,
        pending_rules,
        pending_from,
        stake,
        usable_from,
        expires_at,
        revoked,
        note,
    });
}

public(package) fun request_allowed(
    request_id: ID,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    config_version: u64,
    token: ID,
    owner: address,
    sender: address,
    session: vector<u8>,
    grant_expires_at: u64,
    narrowed: vector<Rule>,
    envelope: Envelope,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    asked_at: u64,
    deadline: u64,
    answer_until: u64,
    stream: bool,
) {
    event::emit(K8sAPIRequest {
        request_id,
        cluster,
        enclave,
        epoch,
        config_version,
        token,
        owner,
        sender,
        session,
        grant_expires_at,
        narrowed,
        verb: envelope.verb(),
        group: envelope.group(),
        resource: envelope.resource(),
        subresource: envelope.subresource(),
        namespace: envelope.namespace(),
        payload,
        payload_hash,
        payload_length,
        asked_at,
        deadline,
        answer_until,
        stream,
    });
}

public(package) fun response_stored(
    request_id: ID,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    payload_hash: vector<u8>,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    answer_until: u64,
    stored_at: u64,
    signature: vector<u8>,
) {
    event::emit(K8sResponseStored {
        request_id,
        cluster,
        enclave,
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
        stored_at,
        signature,
    });
}

public(package) fun request_processed(request_id: ID, cluster: ID, outcome: u8, processed_at: u64) {
    event::emit(K8sRequestProcessed { request_id, cluster, outcome, processed_at });
}

public(package) fun enclave_renewed(
    enclave: ID,
    cluster: ID,
    challenge: ID,
    measurement: u64,
    configuration: u64,
    document_time: u64,
    renewed_at: u64,
    expires_at: u64,
) {
    event::emit(EnclaveRenewed {
        enclave,
        cluster,
        challenge,
        measurement,
        configuration,
        document_time,
        renewed_at,
        expires_at,
    });
}

public(package) fun equivocation_proven(
    enclave: ID,
    cluster: ID,
    operator: ID,
    request_id: ID,
    reporter: address,
    slashed: u64,
    reward: u64,
    proven_at: u64,
) {
    event::emit(EquivocationProven {
        enclave,
        cluster,
        operator,
        request_id,
        reporter,
        slashed,
        reward,
        proven_at,
    });
}

public(package) fun violation_stored(
    request_id: ID,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    token: ID,
    payload_hash: vector<u8>,
    found_at: u64,
    answer_until: u64,
    stored_at: u64,
    lost: u64,
    signature: vector<u8>,
) {
    event::emit(K8sViolationStored {
        request_id,
        cluster,
        enclave,
        epoch,
        sequence,
        config_version,
        token,
        payload_hash,
        found_at,
        answer_until,
        stored_at,
        lost,
        signature,
    });
}
