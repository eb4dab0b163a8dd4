/// A small world for tests: one cluster with its admin, operator, enclave and tokens, at ids that are known ahead,
/// so that `signed` can hold signatures over them. Each act is one transaction.
/// The macros are transactions of an admin, an operator or another: `by_admin!(world, |cluster, cap, clock, ctx| …)`.
#[test_only]
module k3s_daas::world;

use k3s_daas::answer;
use k3s_daas::asks::{Ask, Reply};
use k3s_daas::cluster::{AdminCap, Cluster, OperatorCap};
use k3s_daas::enclave::{Self, Challenge, Enclave};
use k3s_daas::given;
use k3s_daas::proofs::{Self, Proof};
use k3s_daas::request::{Self, Request};
use k3s_daas::rules::Rule;
use k3s_daas::seal_token::{Self, SealToken};
use k3s_daas::signed;
use sui::clock::{Self, Clock};
use sui::test_scenario::{Self, Scenario};

public struct World {
    scenario: Scenario,
    clock: Clock,
    contexts: u8,
}

// Worlds.

/// A shared cluster with an approved image and configuration; no bond, no enclave, no token.
public fun empty(): World {
    let mut scenario = test_scenario::begin(given::admin());
    let mut clock = clock::create_for_testing(scenario.ctx());
    clock.set_for_testing(given::now());
    let (mut cluster, admin, operator) = given::new_cluster(0x01);
    cluster.add_measurement(&admin, given::pcr(1), given::pcr(2), given::pcr(3), &clock);
    cluster.add_configuration(&admin, given::hash(0xCF), &clock);
    cluster.share(&clock);
    transfer::public_transfer(admin, given::admin());
    transfer::public_transfer(operator, given::operator());
    World { scenario, clock, contexts: 0x80 }
}

/// A cluster with a bond and a registered enclave that is not active.
public fun registered(): World {
    let mut world = empty();
    world.add_bond(given::min_bond());
    world.challenge();
    world.register(proofs::proof());
    world
}

/// Everything: an active enclave, and a token with enough stake that is usable since now.
public fun ready(): World {
    let mut world = registered();
    world.activate();
    world.issue(given::min_stake());
    world.pass(2_000);
    world
}

public fun end(world: World) {
    let World { scenario, clock, .. } = world;
    clock.destroy_for_testing();
    scenario.end();
}

public fun clock(world: &World): &Clock { &world.clock }

public fun scenario(world: &mut World): &mut Scenario { &mut world.scenario }

public fun time(world: &World): u64 { world.clock.timestamp_ms() }

public fun pass(world: &mut World, ms: u64) { world.clock.increment_for_testing(ms) }

/// A context of its own for each call, so that no two objects have the same id.
public fun context(world: &mut World, sender: address): TxContext {
    world.contexts = world.contexts + 1;
    given::context(sender, world.contexts)
}

// Who does something.

/// A transaction of the admin with his Cap.
public macro fun by_admin($world: &mut World, $act: |&mut Cluster, &AdminCap, &Clock, &mut TxContext|) {
    let world = $world;
    world.scenario().next_tx(given::admin());
    let mut ctx = world.context(given::admin());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<AdminCap>();
    $act(given::same(&mut cluster), &cap, world.clock(), given::same(&mut ctx));
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

/// A transaction of the first operator with his Cap.
public macro fun by_operator($world: &mut World, $act: |&mut Cluster, &OperatorCap, &Clock, &mut TxContext|) {
    by_operator_at!($world, given::operator(), $act)
}

/// A transaction of the operator at this address with his Cap.
public macro fun by_operator_at(
    $world: &mut World,
    $who: address,
    $act: |&mut Cluster, &OperatorCap, &Clock, &mut TxContext|,
) {
    let (world, who) = ($world, $who);
    world.scenario().next_tx(who);
    let mut ctx = world.context(who);
    let mut cluster = world.scenario().take_shared<Cluster>();
    let cap = world.scenario().take_from_sender<OperatorCap>();
    $act(given::same(&mut cluster), &cap, world.clock(), given::same(&mut ctx));
    world.scenario().return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

/// A transaction of somebody who has both Caps of another cluster, on this one.
public macro fun by_other_caps(
    $world: &mut World,
    $act: |&mut Cluster, &AdminCap, &OperatorCap, &Clock, &mut TxContext|,
) {
    let world = $world;
    let (other, admin, operator) = given::new_cluster(0x77);
    world.scenario().next_tx(given::stranger());
    let mut ctx = world.context(given::stranger());
    let mut cluster = world.scenario().take_shared<Cluster>();
    $act(given::same(&mut cluster), &admin, &operator, world.clock(), given::same(&mut ctx));
    test_scenario::return_shared(cluster);
    given::drop_all(other, admin, operator);
}

/// A transaction of anybody, who may change the cluster only in what a test puts there.
public macro fun with_cluster($world: &mut World, $act: |&mut Cluster, &Clock|) {
    let world = $world;
    world.scenario().next_tx(given::stranger());
    let mut cluster = world.scenario().take_shared<Cluster>();
    $act(given::same(&mut cluster), world.clock());
    test_scenario::return_shared(cluster);
}

/// A transaction of anybody with the one enclave.
public macro fun with_enclave($world: &mut World, $act: |&mut Cluster, &mut Enclave, &Clock|) {
    let world = $world;
    world.scenario().next_tx(given::stranger());
    let mut cluster = world.scenario().take_shared<Cluster>();
    let mut enclave = world.scenario().take_shared<Enclave>();
    $act(given::same(&mut cluster), given::same(&mut enclave), world.clock());
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// A transaction of this sender with the one token.
public macro fun with_token(
    $world: &mut World,
    $who: address,
    $act: |&Cluster, &mut SealToken, &Clock, &mut TxContext|,
) {
    let (world, who) = ($world, $who);
    world.scenario().next_tx(who);
    let mut ctx = world.context(who);
    let cluster = world.scenario().take_shared<Cluster>();
    let mut token = world.scenario().take_shared<SealToken>();
    $act(&cluster, given::same(&mut token), world.clock(), given::same(&mut ctx));
    test_scenario::return_shared(token);
    test_scenario::return_shared(cluster);
}

// Acts on cluster and enclave.

public fun add_bond(world: &mut World, amount: u64) { world.add_bond_at(given::operator(), amount) }

public fun add_bond_at(world: &mut World, who: address, amount: u64) {
    by_operator_at!(world, who, |cluster, cap, clock, ctx| cluster.add_bond(cap, given::sui(amount, ctx), clock));
}

public fun challenge(world: &mut World) {
    by_operator!(world, |cluster, cap, clock, _| {
        let mut ctx = given::context(given::operator(), 0x03);
        enclave::new_challenge(cluster, cap, clock, &mut ctx);
    });
}

public fun register(world: &mut World, proof: Proof) { world.register_at(proof, 0x04) }

public fun register_at(world: &mut World, proof: Proof, transaction: u8) {
    world.scenario.next_tx(given::operator());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    let challenge = world.scenario.take_from_sender<Challenge>();
    enclave::register_attested(
        &mut cluster,
        &cap,
        challenge,
        proof.attested(),
        proof.hpke_key(),
        proof.tls_ca_hash(),
        proof.configuration(),
        &world.clock,
        &mut given::context(given::operator(), transaction),
    );
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(cluster);
}

public fun activate(world: &mut World) { world.activate_id(signed::enclave_id().to_id()) }

public fun activate_id(world: &mut World, id: ID) {
    world.scenario.next_tx(given::operator());
    let mut cluster = world.scenario.take_shared<Cluster>();
    let mut enclave = world.scenario.take_shared_by_id<Enclave>(id);
    let cap = world.scenario.take_from_sender<OperatorCap>();
    enclave::activate(&mut cluster, &cap, &mut enclave, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// Registers and activates another enclave, under the key `signed::other_key()`; returns its id.
public fun supersede(world: &mut World): ID {
    world.challenge();
    let proof = proofs::other_proof().proof_time(world.time());
    world.register_at(proof, 0x08);
    let id = signed::other_enclave_id().to_id();
    world.activate_id(id);
    id
}

public fun revoke_enclave(world: &mut World) {
    world.scenario.next_tx(given::operator());
    let cluster = world.scenario.take_shared<Cluster>();
    let mut enclave = world.scenario.take_shared<Enclave>();
    let cap = world.scenario.take_from_sender<OperatorCap>();
    enclave::revoke(&cluster, &cap, &mut enclave, &world.clock);
    world.scenario.return_to_sender(cap);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

/// The admin announces that the OperatorCap at `given::successor()` comes into office in three seconds.
public fun replace_operator(world: &mut World) {
    by_admin!(world, |cluster, cap, clock, ctx| { cluster.replace_operator(cap, given::successor(), clock, ctx); });
}

public fun retire_measurement(world: &mut World, version: u64) {
    by_admin!(world, |cluster, cap, clock, _| cluster.retire_measurement(cap, version, clock));
}

public fun retire_configuration(world: &mut World, version: u64) {
    by_admin!(world, |cluster, cap, clock, _| cluster.retire_configuration(cap, version, clock));
}

public fun change_setting(world: &mut World, name: vector<u8>, value: u64) {
    by_admin!(world, |cluster, cap, clock, _| cluster.change_setting(cap, given::text(name), value, clock));
}

// Acts on tokens.

/// The token at the id that `signed` knows; it can be used from two seconds later on.
public fun issue(world: &mut World, stake: u64) {
    let rules = given::token_rules();
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
    by_admin!(world, |cluster, cap, clock, ctx| {
        let stake = given::sui(stake, ctx);
        let ctx = &mut given::context(given::admin(), 0x02);
        let note = given::text(note);
        seal_token::issue(cluster, cap, owner, public_key, rules, stake, expires_at, note, clock, ctx);
    });
}

public fun add_stake(world: &mut World, amount: u64) {
    with_token!(world, given::stranger(), |_, token, _, ctx| seal_token::add_stake(token, given::sui(amount, ctx)));
}

public fun revoke_token(world: &mut World, sender: address) {
    with_token!(world, sender, |_, token, _, ctx| seal_token::revoke(token, ctx));
}

// Acts on requests.

public fun submit(world: &mut World, ask: Ask) {
    world.scenario.next_tx(ask.sender());
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared<Enclave>();
    let token = world.scenario.take_shared<SealToken>();
    request::submit(
        &cluster,
        &enclave,
        &token,
        given::text(ask.verb()),
        given::text(ask.group()),
        given::text(ask.resource()),
        given::text(ask.subresource()),
        given::text(ask.namespace()),
        ask.payload(),
        ask.payload_hash(),
        ask.payload_length(),
        ask.deadline(),
        ask.stream(),
        &world.clock,
        &mut given::context(ask.sender(), ask.transaction()),
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
    world.scenario.next_tx(ask.sender());
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared<Enclave>();
    let token = world.scenario.take_shared<SealToken>();
    request::submit_with_grant(
        &cluster,
        &enclave,
        &token,
        session,
        not_before,
        expires_at,
        narrowed.map!(|rule| rule.map!(|part| given::text(part))),
        signature,
        given::text(ask.verb()),
        given::text(ask.group()),
        given::text(ask.resource()),
        given::text(ask.subresource()),
        given::text(ask.namespace()),
        ask.payload(),
        ask.payload_hash(),
        ask.payload_length(),
        ask.deadline(),
        ask.stream(),
        &world.clock,
        &mut given::context(ask.sender(), ask.transaction()),
    );
    test_scenario::return_shared(token);
    test_scenario::return_shared(enclave);
    test_scenario::return_shared(cluster);
}

public fun store(world: &mut World, reply: Reply) { world.store_by(signed::enclave_id().to_id(), reply) }

/// Stores an answer by the enclave of this id.
public fun store_by(world: &mut World, enclave: ID, reply: Reply) {
    world.scenario.next_tx(reply.sender());
    let cluster = world.scenario.take_shared<Cluster>();
    let enclave = world.scenario.take_shared_by_id<Enclave>(enclave);
    let request = world.scenario.take_shared<Request>();
    answer::store_k8s_response(
        &cluster,
        &enclave,
        request,
        reply.sequence(),
        reply.status(),
        reply.body(),
        reply.body_hash(),
        reply.body_length(),
        reply.executed_at(),
        reply.signature(),
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
