/// The bytes that are signed or hashed: BCS of one struct per purpose, each beginning with a domain of its own.
/// `tests/golden/statements.json` holds golden bytes of each; Move and Python assert the same ones.
module k3s_daas::statement;

use k3s_daas::rules::Rule;
use std::bcs;
use std::hash;

const ANSWER_DOMAIN: vector<u8> = b"k3s-daas::answer::v1";
const VIOLATION_DOMAIN: vector<u8> = b"k3s-daas::violation::v1";
const GRANT_DOMAIN: vector<u8> = b"k3s-daas::grant::v1";
const MANIFEST_DOMAIN: vector<u8> = b"k3s-daas::manifest::v1";

/// What an enclave signs about one request. The request's hash binds what was asked, the body's what was answered.
public struct AnswerStatement has copy, drop {
    domain: vector<u8>,
    chain_id: vector<u8>,
    package: address,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    request_id: ID,
    payload_hash: vector<u8>,
    status: u16,
    body_hash: vector<u8>,
    executed_at: u64,
    answer_until: u64,
}

/// What an enclave signs about a request whose payload opened but was not what its envelope said.
public struct ViolationStatement has copy, drop {
    domain: vector<u8>,
    chain_id: vector<u8>,
    package: address,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    request_id: ID,
    payload_hash: vector<u8>,
    found_at: u64,
    answer_until: u64,
}

/// What a token's owner signs so that an enclave's gateway may submit in his name for a while.
public struct GrantStatement has copy, drop {
    domain: vector<u8>,
    chain_id: vector<u8>,
    package: address,
    cluster: ID,
    token: ID,
    delegate: address,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    rules: vector<Rule>,
}

/// What an attestation document binds through the hash in its `user_data`.
public struct Manifest has copy, drop {
    domain: vector<u8>,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    cluster: ID,
    package: address,
    chain_id: vector<u8>,
    configuration: vector<u8>,
}

/// The bytes of an answer that the enclave's key signs.
public(package) fun answer_bytes(
    chain_id: vector<u8>,
    package: address,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    request_id: ID,
    payload_hash: vector<u8>,
    status: u16,
    body_hash: vector<u8>,
    executed_at: u64,
    answer_until: u64,
): vector<u8> {
    bcs::to_bytes(&AnswerStatement {
        domain: ANSWER_DOMAIN,
        chain_id,
        package,
        cluster,
        enclave,
        epoch,
        sequence,
        config_version,
        request_id,
        payload_hash,
        status,
        body_hash,
        executed_at,
        answer_until,
    })
}

/// The bytes of a violation that the enclave's key signs.
public(package) fun violation_bytes(
    chain_id: vector<u8>,
    package: address,
    cluster: ID,
    enclave: ID,
    epoch: u64,
    sequence: u64,
    config_version: u64,
    request_id: ID,
    payload_hash: vector<u8>,
    found_at: u64,
    answer_until: u64,
): vector<u8> {
    bcs::to_bytes(&ViolationStatement {
        domain: VIOLATION_DOMAIN,
        chain_id,
        package,
        cluster,
        enclave,
        epoch,
        sequence,
        config_version,
        request_id,
        payload_hash,
        found_at,
        answer_until,
    })
}

/// The bytes of a grant that the owner's key signs; no rules means all of the token's.
public(package) fun grant_bytes(
    chain_id: vector<u8>,
    package: address,
    cluster: ID,
    token: ID,
    delegate: address,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    rules: vector<Rule>,
): vector<u8> {
    bcs::to_bytes(&GrantStatement {
        domain: GRANT_DOMAIN,
        chain_id,
        package,
        cluster,
        token,
        delegate,
        session,
        not_before,
        expires_at,
        rules,
    })
}

/// SHA-256 of a manifest: the `user_data` of an attestation document.
public(package) fun manifest_hash(
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    cluster: ID,
    package: address,
    chain_id: vector<u8>,
    configuration: vector<u8>,
): vector<u8> {
    hash::sha2_256(bcs::to_bytes(&Manifest {
        domain: MANIFEST_DOMAIN,
        address,
        public_key,
        hpke_key,
        tls_ca_hash,
        cluster,
        package,
        chain_id,
        configuration,
    }))
}
