/// Enclaves: challenge, registration by an attestation document, activation, revocation, and the one rule of when an
/// enclave may be used. A document is never a key to anything: its signature is malleable.
module k3s_daas::enclave;

use k3s_daas::cluster::{AdminCap, Cluster, OperatorCap};
use k3s_daas::events;
use k3s_daas::statement;
use sui::address;
use sui::clock::Clock;
use sui::hash;
use sui::nitro_attestation::NitroAttestationDocument;

/// How far a document's time may lie from the Clock, on either side.
const MAX_DOCUMENT_SKEW_MS: u64 = 300_000;
const ED25519_FLAG: u8 = 0;
const ED25519_KEY_BYTES: u64 = 32;
const HASH_BYTES: u64 = 32;
const MAX_HPKE_KEY_BYTES: u64 = 2_048;

#[error]
const EWrongCluster: vector<u8> = b"the enclave or its challenge belongs to another cluster";
#[error]
const EChallengeExpired: vector<u8> = b"the challenge has expired";
#[error]
const EChallengeOperator: vector<u8> = b"the challenge was made by another operator";
#[error]
const ENonce: vector<u8> = b"the document's nonce is not the challenge";
#[error]
const EDocumentTime: vector<u8> = b"the document's time is more than 5 minutes away from the Clock";
#[error]
const EPcrAbsent: vector<u8> = b"the document lacks PCR0, PCR1 or PCR2";
#[error]
const EPublicKey: vector<u8> = b"the document's public key is not an Ed25519 key of 32 bytes";
#[error]
const EHpkeKey: vector<u8> = b"the HPKE key is empty or longer than 2,048 bytes";
#[error]
const ETlsCaHash: vector<u8> = b"the hash of the TLS CA is not 32 bytes long";
#[error]
const EManifest: vector<u8> = b"the document's user data is not the hash of the manifest";
#[error]
const EConfiguration: vector<u8> = b"the configuration is not approved, or not yet";
#[error]
const EMeasurement: vector<u8> = b"the measurement is not approved, or not yet";
#[error]
const EOtherKey: vector<u8> = b"the document speaks for another key than this enclave's";
#[error]
const EOtherOperator: vector<u8> = b"the enclave was registered by another operator";
#[error]
const EConvicted: vector<u8> = b"evidence against this enclave was accepted before";
#[error]
const EActivatedBefore: vector<u8> = b"the enclave was activated before: an enclave is activated once";
#[error]
const EAlreadyRevoked: vector<u8> = b"the enclave is revoked already";
#[error]
const ERevoked: vector<u8> = b"the enclave is revoked";
#[error]
const EExpired: vector<u8> = b"the enclave's registration has expired";
#[error]
const EMeasurementRetired: vector<u8> = b"the enclave's measurement is retired";
#[error]
const EConfigurationRetired: vector<u8> = b"the enclave's configuration is retired";
#[error]
const EBond: vector<u8> = b"the bond of the enclave's operator is not full";
#[error]
const ENotActive: vector<u8> = b"the enclave is not the cluster's active one";

/// One registered enclave; shared, and only read by requests.
public struct Enclave has key {
    id: UID,
    cluster: ID,
    operator: ID,
    epoch: u64,
    address: address,
    public_key: vector<u8>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    measurement: u64,
    configuration: u64,
    registered_at: u64,
    expires_at: u64,
    revoked: bool,
    convicted: bool,
}

/// What a document must carry as its nonce: the 32 bytes of this object's id. Owned, and used up by a registration.
public struct Challenge has key {
    id: UID,
    cluster: ID,
    operator: ID,
    expires_at: u64,
}

/// What a document proves once it has passed the rules.
public struct Proven has drop {
    challenge: ID,
    time: u64,
    address: address,
    public_key: vector<u8>,
    measurement: u64,
    configuration: u64,
}

/// The fields of a verified document that the rules look at.
public struct Attested has copy, drop {
    time: u64,
    pcr_indexes: vector<u8>,
    pcr_values: vector<vector<u8>>,
    public_key: Option<vector<u8>>,
    user_data: Option<vector<u8>>,
    nonce: Option<vector<u8>>,
}

/// A challenge for the next registration; it goes to the sender.
public fun new_challenge(cluster: &Cluster, operator: &OperatorCap, clock: &Clock, ctx: &mut TxContext): ID {
    cluster.assert_operator(operator, clock);
    let challenge = Challenge {
        id: object::new(ctx),
        cluster: object::id(cluster),
        operator: object::id(operator),
        expires_at: clock.timestamp_ms() + cluster.settings(clock).challenge_lifetime_ms(),
    };
    let id = object::id(&challenge);
    transfer::transfer(challenge, ctx.sender());
    id
}

/// Throws a challenge away; its owner gets the storage rebate.
public fun discard_challenge(challenge: Challenge) {
    let Challenge { id, .. } = challenge;
    id.delete();
}

/// Registers the enclave that a document speaks for. The document is the result of
/// `sui::nitro_attestation::load_nitro_attestation` in the command before; returns the enclave's id.
public fun register(
    cluster: &mut Cluster,
    operator: &OperatorCap,
    challenge: Challenge,
    document: NitroAttestationDocument,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    configuration: vector<u8>,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    let attested = read(&document);
    register_attested(cluster, operator, challenge, attested, hpke_key, tls_ca_hash, configuration, clock, ctx)
}

/// Lets a registration last longer, by a new document of the same key over a new challenge, before it ends. The image
/// and the configuration are those that the new document proves.
public fun renew(
    cluster: &Cluster,
    operator: &OperatorCap,
    enclave: &mut Enclave,
    challenge: Challenge,
    document: NitroAttestationDocument,
    configuration: vector<u8>,
    clock: &Clock,
) {
    renew_attested(cluster, operator, enclave, challenge, read(&document), configuration, clock)
}

/// Makes an enclave the one that new requests name; once in its life.
public fun activate(cluster: &mut Cluster, operator: &OperatorCap, enclave: &mut Enclave, clock: &Clock) {
    cluster.assert_operator(operator, clock);
    assert_usable(cluster, enclave, clock);
    assert!(enclave.epoch == 0, EActivatedBefore);
    enclave.epoch = cluster.set_active(object::id(enclave));
    events::enclave_activated(
        object::id(enclave),
        enclave.epoch,
        enclave.address,
        enclave.public_key,
        enclave.hpke_key,
        enclave.tls_ca_hash,
        enclave.expires_at,
        clock.timestamp_ms(),
        cluster.state(clock),
    );
}

/// Revokes an enclave by the operator in office.
public fun revoke(cluster: &Cluster, operator: &OperatorCap, enclave: &mut Enclave, clock: &Clock) {
    cluster.assert_operator(operator, clock);
    revoke_in(cluster, enclave, clock);
}

/// Revokes an enclave by the cluster's admin.
public fun revoke_by_admin(cluster: &Cluster, admin: &AdminCap, enclave: &mut Enclave, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    revoke_in(cluster, enclave, clock);
}

/// Aborts unless the enclave may be used at this moment, for something new.
public fun assert_usable(cluster: &Cluster, enclave: &Enclave, clock: &Clock) {
    assert_usable_with_bond(cluster, enclave, cluster.settings(clock).min_bond(), clock);
}

/// Aborts unless the enclave may be used at this moment; every use comes through here. What is in flight asks for the
/// bond that was asked for when it began, so that a change of settings alone ends nothing.
public(package) fun assert_usable_with_bond(cluster: &Cluster, enclave: &Enclave, min_bond: u64, clock: &Clock) {
    cluster.assert_version(clock);
    assert!(enclave.cluster == object::id(cluster), EWrongCluster);
    assert!(!enclave.revoked, ERevoked);
    assert!(clock.timestamp_ms() < enclave.expires_at, EExpired);
    assert!(cluster.approvals().is_measurement_live(enclave.measurement), EMeasurementRetired);
    assert!(cluster.approvals().is_configuration_live(enclave.configuration), EConfigurationRetired);
    assert!(cluster.counted_bond(enclave.operator, clock) >= min_bond, EBond);
}

/// Aborts unless the enclave is the one that new requests must name, and usable.
public fun assert_active(cluster: &Cluster, enclave: &Enclave, clock: &Clock) {
    assert_usable(cluster, enclave, clock);
    assert!(cluster.active_enclave() == option::some(object::id(enclave)), ENotActive);
}

/// The Sui address of the enclave's key: delegate of grants, sender of answers.
public fun sui_address(self: &Enclave): address { self.address }

/// The OperatorCap that registered it.
public fun operator(self: &Enclave): ID { self.operator }

/// The Ed25519 key that signs answers.
public fun public_key(self: &Enclave): &vector<u8> { &self.public_key }

/// The key that payloads are sealed to.
public fun hpke_key(self: &Enclave): &vector<u8> { &self.hpke_key }

/// SHA-256 of the DER of the CA of the enclave's TLS.
public fun tls_ca_hash(self: &Enclave): &vector<u8> { &self.tls_ca_hash }

/// The epoch in which it became active; 0 before.
public fun epoch(self: &Enclave): u64 { self.epoch }

/// When its registration ends.
public fun expires_at(self: &Enclave): u64 { self.expires_at }

/// The Sui address of an Ed25519 key.
public(package) fun address_of(public_key: &vector<u8>): address {
    let mut bytes = vector[ED25519_FLAG];
    bytes.append(*public_key);
    address::from_bytes(hash::blake2b256(&bytes))
}

/// A registration over plain fields.
public(package) fun register_attested(
    cluster: &mut Cluster,
    operator: &OperatorCap,
    challenge: Challenge,
    attested: Attested,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    configuration: vector<u8>,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    let proven = prove(cluster, operator, challenge, attested, hpke_key, tls_ca_hash, configuration, clock);
    let now = clock.timestamp_ms();
    let enclave = Enclave {
        id: object::new(ctx),
        cluster: object::id(cluster),
        operator: object::id(operator),
        epoch: 0,
        address: proven.address,
        public_key: proven.public_key,
        hpke_key,
        tls_ca_hash,
        measurement: proven.measurement,
        configuration: proven.configuration,
        registered_at: now,
        expires_at: now + cluster.settings(clock).enclave_lifetime_ms(),
        revoked: false,
        convicted: false,
    };
    let enclave_id = object::id(&enclave);
    cluster.remember_key(enclave.public_key, enclave_id);
    events::enclave_registered(
        enclave_id,
        enclave.cluster,
        enclave.operator,
        proven.challenge,
        enclave.address,
        enclave.public_key,
        enclave.hpke_key,
        enclave.tls_ca_hash,
        enclave.measurement,
        enclave.configuration,
        proven.time,
        enclave.registered_at,
        enclave.expires_at,
    );
    transfer::share_object(enclave);
    enclave_id
}

/// A renewal over plain fields.
public(package) fun renew_attested(
    cluster: &Cluster,
    operator: &OperatorCap,
    enclave: &mut Enclave,
    challenge: Challenge,
    attested: Attested,
    configuration: vector<u8>,
    clock: &Clock,
) {
    assert!(enclave.cluster == object::id(cluster), EWrongCluster);
    assert!(enclave.operator == object::id(operator), EOtherOperator);
    assert!(!enclave.revoked, ERevoked);
    assert!(clock.timestamp_ms() < enclave.expires_at, EExpired);
    let (hpke_key, tls_ca_hash) = (enclave.hpke_key, enclave.tls_ca_hash);
    let proven = prove(cluster, operator, challenge, attested, hpke_key, tls_ca_hash, configuration, clock);
    assert!(proven.public_key == enclave.public_key, EOtherKey);
    enclave.measurement = proven.measurement;
    enclave.configuration = proven.configuration;
    enclave.expires_at = clock.timestamp_ms() + cluster.settings(clock).enclave_lifetime_ms();
    events::enclave_renewed(
        object::id(enclave),
        enclave.cluster,
        proven.challenge,
        enclave.measurement,
        enclave.configuration,
        proven.time,
        clock.timestamp_ms(),
        enclave.expires_at,
    );
}

/// Marks an enclave whose key signed two answers to one request, once; it is revoked from then on.
public(package) fun convict(cluster: &Cluster, enclave: &mut Enclave, clock: &Clock) {
    assert!(enclave.cluster == object::id(cluster), EWrongCluster);
    assert!(!enclave.convicted, EConvicted);
    enclave.convicted = true;
    if (!enclave.revoked) revoke_in(cluster, enclave, clock);
}

/// The fields of a document, PCRs with their indexes.
fun read(document: &NitroAttestationDocument): Attested {
    Attested {
        time: *document.timestamp(),
        pcr_indexes: document.pcrs().map_ref!(|entry| entry.index()),
        pcr_values: document.pcrs().map_ref!(|entry| *entry.value()),
        public_key: *document.public_key(),
        user_data: *document.user_data(),
        nonce: *document.nonce(),
    }
}

/// The rules of a registration and of a renewal, in the order in which they are checked. Uses the challenge up.
fun prove(
    cluster: &Cluster,
    operator: &OperatorCap,
    challenge: Challenge,
    attested: Attested,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    configuration: vector<u8>,
    clock: &Clock,
): Proven {
    // (1) The operator in office, his own challenge for this cluster, still open.
    cluster.assert_operator(operator, clock);
    let now = clock.timestamp_ms();
    let Challenge { id: challenge_id, cluster: challenged, operator: challenger, expires_at } = challenge;
    let challenge = challenge_id.to_inner();
    challenge_id.delete();
    assert!(challenged == object::id(cluster), EWrongCluster);
    assert!(challenger == object::id(operator), EChallengeOperator);
    assert!(now < expires_at, EChallengeExpired);
    // (2) The document answers the challenge, now.
    let Attested { time, pcr_indexes, pcr_values, public_key, user_data, nonce } = attested;
    assert!(nonce == option::some(challenge.to_bytes()), ENonce);
    assert!(time.diff(now) <= MAX_DOCUMENT_SKEW_MS, EDocumentTime);
    // (3) Its key is an Ed25519 key, and its user data binds everything else that the enclave holds.
    assert!(public_key.is_some_and!(|key| key.length() == ED25519_KEY_BYTES), EPublicKey);
    let public_key = public_key.destroy_some();
    let address = address_of(&public_key);
    assert!(!hpke_key.is_empty() && hpke_key.length() <= MAX_HPKE_KEY_BYTES, EHpkeKey);
    assert!(tls_ca_hash.length() == HASH_BYTES, ETlsCaHash);
    let manifest = statement::manifest_hash(
        address,
        public_key,
        hpke_key,
        tls_ca_hash,
        object::id(cluster),
        cluster.package(),
        cluster.chain_id(),
        configuration,
    );
    assert!(user_data == option::some(manifest), EManifest);
    // (4) An approved image under an approved configuration.
    let pcr0 = pcr(&pcr_indexes, &pcr_values, 0);
    let pcr1 = pcr(&pcr_indexes, &pcr_values, 1);
    let pcr2 = pcr(&pcr_indexes, &pcr_values, 2);
    let measurement = cluster.approvals().measurement_in_force(pcr0, pcr1, pcr2, clock);
    assert!(measurement.is_some(), EMeasurement);
    let approved = cluster.approvals().configuration_in_force(&configuration, clock);
    assert!(approved.is_some(), EConfiguration);
    Proven {
        challenge,
        time,
        address,
        public_key,
        measurement: measurement.destroy_some(),
        configuration: approved.destroy_some(),
    }
}

/// A PCR by its index; positions say nothing, because a document need not list all of them.
fun pcr(indexes: &vector<u8>, values: &vector<vector<u8>>, index: u8): &vector<u8> {
    let found = indexes.find_index!(|entry| *entry == index);
    assert!(found.is_some(), EPcrAbsent);
    let value = &values[found.destroy_some()];
    k3s_daas::approvals::assert_pcr(value);
    value
}

fun revoke_in(cluster: &Cluster, enclave: &mut Enclave, clock: &Clock) {
    assert!(enclave.cluster == object::id(cluster), EWrongCluster);
    assert!(!enclave.revoked, EAlreadyRevoked);
    enclave.revoked = true;
    events::enclave_revoked(object::id(enclave), enclave.cluster, clock.timestamp_ms());
}

#[test_only]
public fun attested_for_testing(
    time: u64,
    pcr_indexes: vector<u8>,
    pcr_values: vector<vector<u8>>,
    public_key: Option<vector<u8>>,
    user_data: Option<vector<u8>>,
    nonce: Option<vector<u8>>,
): Attested {
    Attested { time, pcr_indexes, pcr_values, public_key, user_data, nonce }
}
