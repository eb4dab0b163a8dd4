/// A small world for tests: one cluster with its admin, operator, enclave and tokens, at ids that are known ahead,
/// so that `signed` can hold signatures over them. Each helper is one transaction.
#[test_only]
module k3s_daas::world;

use k3s_daas::cluster::{Self, AdminCap, Cluster, OperatorCap};
use k3s_daas::enclave::{Self, Challenge, Enclave};
use k3s_daas::request::{Self, Request};
use k3s_daas::rules::{Self, Rule};
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::settings::{Self, Delays, Settings};
use k3s_daas::signed;
use k3s_daas::statement;
use std::string::String;
use std::unit_test::destroy;
use sui::clock::{Self, Clock};
use sui::coin;
use sui::sui::SUI;
use sui::test_scenario::{Self, Scenario};

const NOW: u64 = 1_000_000;
const MIN_STAKE: u64 = 1_000;
const MIN_BOND: u64 = 5_000;
const LIFETIME: u64 = 86_400_000;

public struct World {
    scenario: Scenario,
    clock: Clock,
}

/// One request as it would be asked; `world::ask()` is a good one.
public struct Ask has copy, drop {
    sender: address,
    transaction: u8,
    verb: vector<u8>,
    group: vector<u8>,
    resource: vector<u8>,
    subresource: vector<u8>,
    namespace: vector<u8>,
    payload: vector<vector<u8>>,
    payload_hash: vector<u8>,
    payload_length: u64,
    deadline: u64,
    stream: bool,
}

/// One answer as it would be stored; `world::reply()` is a good one to `world::ask()`.
public struct Reply has copy, drop {
    sender: address,
    sequence: u64,
    status: u16,
    body: vector<vector<u8>>,
    body_hash: vector<u8>,
    body_length: u64,
    executed_at: u64,
    signature: vector<u8>,
}

/// One registration as it would be submitted; `world::proof()` is a good one.
public struct Proof has copy, drop {
    time: u64,
    indexes: vector<u8>,
    values: vector<vector<u8>>,
    public_key: Option<vector<u8>>,
    user_data: Option<vector<u8>>,
    nonce: Option<vector<u8>>,
    hpke_key: vector<u8>,
    tls_ca_hash: vector<u8>,
    configuration: vector<u8>,
}

// Constants that tests compare with.

public fun now(): u64 { NOW }

public fun min_stake(): u64 { MIN_STAKE }

public fun min_bond(): u64 { MIN_BOND }

public fun lifetime(): u64 { LIFETIME }

public fun admin(): address { @0xAD }

public fun operator(): address { @0x09 }

public fun stranger(): address { @0x57 }

public fun pcr(byte: u8): vector<u8> { vector::tabulate!(48, |_| byte) }

public fun hash(byte: u8): vector<u8> { vector::tabulate!(32, |_| byte) }

public fun text(bytes: vector<u8>): String { bytes.to_string() }

public fun settings(): Settings {
    settings::new_settings(MIN_STAKE, MIN_BOND, 30_000, 300_000, 20_000, LIFETIME, 600_000, 8_192, 32_000)
}

public fun delays(): Delays { settings::new_delays(1_000, 1_000, 2_000, 1_000, 5_000, 4_000, 1_000) }

public fun delay_maxima(): Delays { settings::new_delays(9_000, 9_000, 9_000, 9_000, 9_000, 8_000, 9_000) }

public fun rule(group: vector<u8>, resource: vector<u8>, sub: vector<u8>, namespace: vector<u8>, verbs: vector<vector<u8>>): Rule {
    rules::new_rule(text(group), text(resource), text(sub), text(namespace), verbs.map!(|verb| text(verb)))
}

/// What the owner's token allows: reading and creating pods and pods/exec in `default`.
public fun token_rules(): vector<Rule> {
    vector[
        rule(b"", b"pods", b"", b"default", vector[b"get", b"list", b"create"]),
        rule(b"", b"pods", b"exec", b"default", vector[b"create"]),
    ]
}

/// A context whose transaction digest is 32 times `transaction`: ids made in it are known ahead.
public fun context(sender: address, transaction: u8): TxContext {
    tx_context::new(sender, hash(transaction), 0, 0, 0)
}

// Worlds.

/// A shared cluster with an approved image and configuration; no bond, no enclave, no token.
public fun empty(): World {
    let mut scenario = test_scenario::begin(admin());
    let mut clock = clock::create_for_testing(scenario.ctx());
    clock.set_for_testing(NOW);
    let mut ctx = context(admin(), 0x01);
    let (mut cluster, cap, operator_cap) =
        cluster::create(signed::chain_id(), settings(), delays(), delay_maxima(), &mut ctx);
    cluster.add_measurement(&cap, pcr(1), pcr(2), pcr(3), &clock);
    cluster.add_configuration(&cap, hash(0xCF), &clock);
    cluster.share();
    transfer::public_transfer(cap, admin());
    transfer::public_transfer(operator_cap, operator());
    World { scenario, clock }
}

/// A cluster with a bond and a registered enclave that is not active.
public fun registered(): World {
    let mut world = empty();
    world.add_bond(MIN_BOND);
    world.challenge();
    let proof = proof();
    world.register(proof);
    world
}

/// Everything: an active enclave, and a token with enough stake.
public fun ready(): World {
    let mut world = registered();
    world.activate();
    world.issue(MIN_STAKE);
    world.pass(2_000);
    world
}

public fun end(world: World) {
    let World { scenario, clock } = world;
    clock.destroy_for_testing();
    scenario.end();
}

public fun clock(world: &World): &Clock { &world.clock }

public fun scenario(world: &mut World): &mut Scenario { &mut world.scenario }

public fun time(world: &World): u64 { world.clock.timestamp_ms() }

public fun pass(world: &mut World, ms: u64) { world.clock.increment_for_testing(ms) }

// Acts.

public fun add_bond(world: &mut World, amount: u64) {
    world.scenario.next_tx(operator());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    let bond = coin::mint_for_testing<SUI>(amount, world.scenario.ctx());
    cluster.add_bond(&cap, bond);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun challenge(world: &mut World) {
    world.scenario.next_tx(operator());
    let cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    let mut ctx = context(operator(), 0x03);
    enclave::new_challenge(&cluster, &cap, &world.clock, &mut ctx);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun register(world: &mut World, proof: Proof) { world.register_at(proof, 0x04) }

public fun register_at(world: &mut World, proof: Proof, transaction: u8) {
    world.scenario.next_tx(operator());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    let challenge = world.scenario.take_from_sender<Challenge>();
    let mut ctx = context(operator(), transaction);
    let attested = enclave::attested_for_testing(
        proof.time,
        proof.indexes,
        proof.values,
        proof.public_key,
        proof.user_data,
        proof.nonce,
    );
    enclave::register_attested(
        &mut cluster,
        &cap,
        challenge,
        attested,
        proof.hpke_key,
        proof.tls_ca_hash,
        proof.configuration,
        &world.clock,
        &mut ctx,
    );
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun activate(world: &mut World) {
    world.scenario.next_tx(operator());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let mut enclave = world.scenario.take_shared<Enclave>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    enclave::activate(&mut cluster, &cap, &mut enclave, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// Registers and activates another enclave, under the key `signed::other_key()`; returns its id.
public fun supersede(world: &mut World): ID {
    world.challenge();
    let proof = other_proof().proof_time(world.time());
    world.register_at(proof, 0x08);
    world.scenario.next_tx(operator());
    let id = signed::other_enclave_id().to_id();
    let mut cluster = world.scenario.take_shared<Cluster>();
    let mut enclave = world.scenario.take_shared_by_id<Enclave>(id);
    let cap = world.scenario.take_from_sender<OperatorCap>();
    enclave::activate(&mut cluster, &cap, &mut enclave, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
    id
}

/// Stores an answer by the enclave of this id.
public fun store_by(world: &mut World, enclave: ID, reply: Reply) {
    world.scenario.next_tx(reply.sender);
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared_by_id<Enclave>(enclave);
    let request = world.scenario.take_shared<Request>();
    request::store_k8s_response(
        &cluster,
        &enclave,
        request,
        reply.sequence,
        reply.status,
        reply.body,
        reply.body_hash,
        reply.body_length,
        reply.executed_at,
        reply.signature,
        &world.clock,
        world.scenario.ctx(),
    );
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

public fun revoke_enclave(world: &mut World) {
    world.scenario.next_tx(operator());
    let cluster = world.scenario.take_shared<Cluster>();
    let mut enclave = world.scenario.take_shared<Enclave>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    enclave::revoke(&cluster, &cap, &mut enclave, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// The token at the id that `signed` knows; it can be used from two seconds later on.
public fun issue(world: &mut World, stake: u64) {
    let rules = token_rules();
    let expires_at = world.time() + 3_600_000;
    world.issue_with(signed::owner_address(), signed::owner_key(), rules, stake, expires_at, b"");
}

public fun issue_with(
    world: &mut World,
    owner: address,
    public_key: vector<u8>,
    rules: vector<Rule>,
    stake: u64,
    expires_at: u64,
    note: vector<u8>,
) {
    world.scenario.next_tx(admin());
    let cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<AdminCap>();
    let stake = coin::mint_for_testing<SUI>(stake, world.scenario.ctx());
    let mut ctx = context(admin(), 0x02);
    seal_token::issue(&cluster, &cap, owner, public_key, rules, stake, expires_at, text(note), &world.clock, &mut ctx);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun add_stake(world: &mut World, amount: u64) {
    world.scenario.next_tx(stranger());
    let mut token = world.scenario.take_shared<SealToken>();
    let stake = coin::mint_for_testing<SUI>(amount, world.scenario.ctx());
    seal_token::add_stake(&mut token, stake);
    test_scenario::return_shared(token);
}

public fun revoke_token(world: &mut World, sender: address) {
    world.scenario.next_tx(sender);
    let mut token = world.scenario.take_shared<SealToken>();
    seal_token::revoke(&mut token, world.scenario.ctx());
    test_scenario::return_shared(token);
}

public fun retire_measurement(world: &mut World, version: u64) {
    world.scenario.next_tx(admin());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<AdminCap>();
    cluster.retire_measurement(&cap, version, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun retire_configuration(world: &mut World, version: u64) {
    world.scenario.next_tx(admin());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<AdminCap>();
    cluster.retire_configuration(&cap, version, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun submit(world: &mut World, ask: Ask) {
    world.scenario.next_tx(ask.sender);
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared<Enclave>();
    let token = world.scenario.take_shared<SealToken>();
    let mut ctx = context(ask.sender, ask.transaction);
    request::submit(
        &cluster,
        &enclave,
        &token,
        text(ask.verb),
        text(ask.group),
        text(ask.resource),
        text(ask.subresource),
        text(ask.namespace),
        ask.payload,
        ask.payload_hash,
        ask.payload_length,
        ask.deadline,
        ask.stream,
        &world.clock,
        &mut ctx,
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

public fun submit_with_grant(
    world: &mut World,
    ask: Ask,
    session: vector<u8>,
    not_before: u64,
    expires_at: u64,
    narrowed: vector<vector<vector<u8>>>,
    signature: vector<u8>,
) {
    world.scenario.next_tx(ask.sender);
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared<Enclave>();
    let token = world.scenario.take_shared<SealToken>();
    let mut ctx = context(ask.sender, ask.transaction);
    request::submit_with_grant(
        &cluster,
        &enclave,
        &token,
        session,
        not_before,
        expires_at,
        narrowed.map!(|rule| rule.map!(|part| text(part))),
        signature,
        text(ask.verb),
        text(ask.group),
        text(ask.resource),
        text(ask.subresource),
        text(ask.namespace),
        ask.payload,
        ask.payload_hash,
        ask.payload_length,
        ask.deadline,
        ask.stream,
        &world.clock,
        &mut ctx,
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

public fun store(world: &mut World, reply: Reply) {
    world.scenario.next_tx(reply.sender);
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared<Enclave>();
    let request = world.scenario.take_shared<Request>();
    request::store_k8s_response(
        &cluster,
        &enclave,
        request,
        reply.sequence,
        reply.status,
        reply.body,
        reply.body_hash,
        reply.body_length,
        reply.executed_at,
        reply.signature,
        &world.clock,
        world.scenario.ctx(),
    );
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// Answers the requests of the transactions 0x05 and 0x06 in one call.
public fun store_two(world: &mut World, first: Reply, second: Reply) {
    world.scenario.next_tx(first.sender);
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared<Enclave>();
    let one = world.scenario.take_shared_by_id<Request>(signed::request_id().to_id());
    let two = world.scenario.take_shared_by_id<Request>(signed::second_request_id().to_id());
    request::store_k8s_responses(
        &cluster,
        &enclave,
        vector[one, two],
        vector[first.sequence, second.sequence],
        vector[first.status, second.status],
        vector[first.body, second.body],
        vector[first.body_hash, second.body_hash],
        vector[first.body_length, second.body_length],
        vector[first.executed_at, second.executed_at],
        vector[first.signature, second.signature],
        &world.clock,
        world.scenario.ctx(),
    );
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

public fun expire(world: &mut World, sender: address) {
    world.scenario.next_tx(sender);
    let request = world.scenario.take_shared<Request>();
    request::expire_request(request, &world.clock, world.scenario.ctx());
}

public fun drop_object<T>(value: T) { destroy(value) }

// Good values, and how tests spoil them.

public fun proof(): Proof {
    let cluster = signed::cluster_id().to_id();
    let user_data = statement::manifest_hash(
        signed::enclave_address(),
        signed::enclave_key(),
        b"hpke",
        hash(0xCA),
        cluster,
        @k3s_daas,
        signed::chain_id(),
        hash(0xCF),
    );
    Proof {
        time: NOW,
        // Not in order, and with a PCR between: positions must not matter.
        indexes: vector[2, 4, 0, 1],
        values: vector[pcr(3), pcr(9), pcr(1), pcr(2)],
        public_key: option::some(signed::enclave_key()),
        user_data: option::some(user_data),
        nonce: option::some(signed::challenge_id().to_bytes()),
        hpke_key: b"hpke",
        tls_ca_hash: hash(0xCA),
        configuration: hash(0xCF),
    }
}

/// A good document of another enclave, under the key `signed::other_key()`.
public fun other_proof(): Proof {
    let user_data = statement::manifest_hash(
        signed::other_address(),
        signed::other_key(),
        b"hpke",
        hash(0xCA),
        signed::cluster_id().to_id(),
        @k3s_daas,
        signed::chain_id(),
        hash(0xCF),
    );
    proof().proof_public_key(option::some(signed::other_key())).proof_user_data(option::some(user_data))
}

public fun proof_time(mut self: Proof, time: u64): Proof { self.time = time; self }

public fun proof_pcrs(mut self: Proof, indexes: vector<u8>, values: vector<vector<u8>>): Proof {
    self.indexes = indexes;
    self.values = values;
    self
}

public fun proof_public_key(mut self: Proof, key: Option<vector<u8>>): Proof { self.public_key = key; self }

public fun proof_user_data(mut self: Proof, value: Option<vector<u8>>): Proof { self.user_data = value; self }

public fun proof_nonce(mut self: Proof, value: Option<vector<u8>>): Proof { self.nonce = value; self }

public fun proof_hpke_key(mut self: Proof, key: vector<u8>): Proof { self.hpke_key = key; self }

public fun proof_tls_ca_hash(mut self: Proof, value: vector<u8>): Proof { self.tls_ca_hash = value; self }

public fun proof_configuration(mut self: Proof, value: vector<u8>): Proof { self.configuration = value; self }

/// The owner gets pods in `default`, 10 seconds from the time when a ready world begins.
public fun ask(): Ask {
    Ask {
        sender: signed::owner_address(),
        transaction: 0x05,
        verb: b"get",
        group: b"",
        resource: b"pods",
        subresource: b"",
        namespace: b"default",
        payload: vector[b"sealed"],
        payload_hash: signed::payload_hash(),
        payload_length: 6,
        deadline: NOW + 12_000,
        stream: false,
    }
}

public fun ask_from(mut self: Ask, sender: address): Ask { self.sender = sender; self }

public fun ask_in(mut self: Ask, transaction: u8): Ask { self.transaction = transaction; self }

public fun ask_verb(mut self: Ask, verb: vector<u8>): Ask { self.verb = verb; self }

public fun ask_resource(mut self: Ask, resource: vector<u8>, subresource: vector<u8>): Ask {
    self.resource = resource;
    self.subresource = subresource;
    self
}

public fun ask_namespace(mut self: Ask, namespace: vector<u8>): Ask { self.namespace = namespace; self }

public fun ask_payload(mut self: Ask, payload: vector<vector<u8>>, hash: vector<u8>, length: u64): Ask {
    self.payload = payload;
    self.payload_hash = hash;
    self.payload_length = length;
    self
}

public fun ask_deadline(mut self: Ask, deadline: u64, stream: bool): Ask {
    self.deadline = deadline;
    self.stream = stream;
    self
}

/// The enclave answers `ask()` with 200 and a sealed body.
public fun reply(): Reply {
    Reply {
        sender: signed::enclave_address(),
        sequence: 7,
        status: 200,
        body: vector[b"answer"],
        body_hash: signed::body_hash(),
        body_length: 6,
        executed_at: NOW + 2_500,
        signature: signed::answer(),
    }
}

public fun reply_from(mut self: Reply, sender: address): Reply { self.sender = sender; self }

public fun reply_sequence(mut self: Reply, sequence: u64): Reply { self.sequence = sequence; self }

public fun reply_status(mut self: Reply, status: u16): Reply { self.status = status; self }

public fun reply_body(mut self: Reply, body: vector<vector<u8>>, hash: vector<u8>, length: u64): Reply {
    self.body = body;
    self.body_hash = hash;
    self.body_length = length;
    self
}

public fun reply_executed_at(mut self: Reply, executed_at: u64): Reply { self.executed_at = executed_at; self }

public fun reply_signature(mut self: Reply, signature: vector<u8>): Reply { self.signature = signature; self }
