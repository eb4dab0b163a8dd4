/// A cluster: what is approved, the limits, the operator and his bond, and which enclave is the active one.
///
/// - Requests only read a cluster; only rare acts of the two Caps write it.
/// - What is approved in the creating transaction, before `share`, holds at once; what is approved later after a delay.
/// - Functions gated by a Cap are public, so that one programmable transaction can create all of a cluster.
module k3s_daas::cluster;

use k3s_daas::approvals::{Self, Approvals};
use k3s_daas::events;
use k3s_daas::settings::{Delays, Settings};
use std::type_name;
use sui::balance::{Self, Balance};
use sui::clock::Clock;
use sui::coin::Coin;
use sui::dynamic_field;
use sui::sui::SUI;

/// The version of this package's code; a cluster works with one version at a time.
const VERSION: u64 = 1;
const CHAIN_ID_BYTES: u64 = 32;

#[error]
const EWrongVersion: vector<u8> = b"the cluster works with another version of this package";
#[error]
const EChainIdLength: vector<u8> = b"the chain id is not 32 bytes long";
#[error]
const ENotAdmin: vector<u8> = b"this AdminCap belongs to another cluster";
#[error]
const ENotOperator: vector<u8> = b"this OperatorCap is not the one that the cluster has appointed";
#[error]
const ENothingApproved: vector<u8> = b"no measurement or no configuration is approved yet";
#[error]
const EZeroAmount: vector<u8> = b"the amount is zero";
#[error]
const EKeyRegistered: vector<u8> = b"this enclave key was registered before";

/// Shared, and only read by requests.
public struct Cluster has key {
    id: UID,
    version: u64,
    chain_id: vector<u8>,
    package: address,
    settings: Settings,
    delays: Delays,
    delay_maxima: Delays,
    approvals: Approvals,
    active_enclave: Option<ID>,
    epoch: u64,
    config_version: u64,
    operator: ID,
    bonds: vector<Bond>,
    is_shared: bool,
}

/// What an operator has put up; what he announced to withdraw counts no longer.
public struct Bond has store {
    operator: ID,
    balance: Balance<SUI>,
    leaving: u64,
    leaving_due: u64,
}

/// The right to change the cluster and to issue tokens.
public struct AdminCap has key, store {
    id: UID,
    cluster: ID,
}

/// The right to challenge, register and activate enclaves.
public struct OperatorCap has key, store {
    id: UID,
    cluster: ID,
}

/// Names the registration of an enclave key, one dynamic field each: the same key never registers twice.
public struct RegisteredKey has copy, drop, store {
    public_key: vector<u8>,
}

/// A new cluster with both its Caps; `share` comes last in the same transaction.
public fun create(
    chain_id: vector<u8>,
    settings: Settings,
    delays: Delays,
    delay_maxima: Delays,
    ctx: &mut TxContext,
): (Cluster, AdminCap, OperatorCap) {
    assert!(chain_id.length() == CHAIN_ID_BYTES, EChainIdLength);
    delays.assert_within(&delay_maxima);
    let id = object::new(ctx);
    let cluster_id = id.to_inner();
    let admin = AdminCap { id: object::new(ctx), cluster: cluster_id };
    let operator = OperatorCap { id: object::new(ctx), cluster: cluster_id };
    let operator_id = object::id(&operator);
    let cluster = Cluster {
        id,
        version: VERSION,
        chain_id,
        package: type_name::original_id<Cluster>(),
        settings,
        delays,
        delay_maxima,
        approvals: approvals::empty(),
        active_enclave: option::none(),
        epoch: 0,
        config_version: 1,
        operator: operator_id,
        bonds: vector[Bond { operator: operator_id, balance: balance::zero(), leaving: 0, leaving_due: 0 }],
        is_shared: false,
    };
    (cluster, admin, operator)
}

/// Ends the creation: from here on everybody can use the cluster and what loosens it is delayed.
public fun share(cluster: Cluster) {
    assert!(cluster.approvals.is_complete(), ENothingApproved);
    let mut cluster = cluster;
    cluster.is_shared = true;
    events::cluster_changed(b"created".to_string(), cluster.state());
    transfer::share_object(cluster);
}

/// Approves an image by its PCR0, PCR1 and PCR2.
public fun add_measurement(
    cluster: &mut Cluster,
    admin: &AdminCap,
    pcr0: vector<u8>,
    pcr1: vector<u8>,
    pcr2: vector<u8>,
    clock: &Clock,
) {
    cluster.assert_admin(admin);
    let valid_from = cluster.loosened_from(cluster.delays.measurement_ms(), clock);
    cluster.approvals.add_measurement(pcr0, pcr1, pcr2, valid_from);
    cluster.changed(b"measurement added");
}

/// Approves a configuration by its hash.
public fun add_configuration(cluster: &mut Cluster, admin: &AdminCap, hash: vector<u8>, clock: &Clock) {
    cluster.assert_admin(admin);
    let valid_from = cluster.loosened_from(cluster.delays.measurement_ms(), clock);
    cluster.approvals.add_configuration(hash, valid_from);
    cluster.changed(b"configuration added");
}

/// Retires an image at once: its enclaves are not usable any more.
public fun retire_measurement(cluster: &mut Cluster, admin: &AdminCap, version: u64, clock: &Clock) {
    cluster.assert_admin(admin);
    cluster.approvals.retire_measurement(version, clock);
    cluster.changed(b"measurement retired");
}

/// Retires a configuration at once: its enclaves are not usable any more.
public fun retire_configuration(cluster: &mut Cluster, admin: &AdminCap, version: u64, clock: &Clock) {
    cluster.assert_admin(admin);
    cluster.approvals.retire_configuration(version, clock);
    cluster.changed(b"configuration retired");
}

/// Adds to the operator's own bond.
public fun add_bond(cluster: &mut Cluster, operator: &OperatorCap, bond: Coin<SUI>) {
    cluster.assert_operator(operator);
    assert!(bond.value() > 0, EZeroAmount);
    let at = cluster.bond_index(cluster.operator).destroy_some();
    cluster.bonds[at].balance.join(bond.into_balance());
    cluster.changed(b"bond added");
}

/// The genesis checkpoint's digest of the chain that the cluster lives on.
public fun chain_id(self: &Cluster): vector<u8> { self.chain_id }

/// The original id of this package.
public fun package(self: &Cluster): address { self.package }

/// Limits of requests, answers and enclaves.
public fun settings(self: &Cluster): &Settings { &self.settings }

/// How long what is loosened waits.
public fun delays(self: &Cluster): &Delays { &self.delays }

/// The enclave that new requests name.
public fun active_enclave(self: &Cluster): Option<ID> { self.active_enclave }

/// How many enclaves were activated so far.
public fun epoch(self: &Cluster): u64 { self.epoch }

/// Rises with every change of the cluster.
public fun config_version(self: &Cluster): u64 { self.config_version }

/// The OperatorCap that is in office.
public fun operator(self: &Cluster): ID { self.operator }

/// What counts of an operator's bond: nothing when he is not in office, and nothing that he announced to withdraw.
public fun counted_bond(self: &Cluster, operator: ID): u64 {
    if (operator != self.operator) return 0;
    let found = self.bond_index(operator);
    if (found.is_none()) return 0;
    let bond = &self.bonds[found.destroy_some()];
    bond.balance.value() - bond.leaving
}

public(package) fun approvals(self: &Cluster): &Approvals { &self.approvals }

/// Aborts unless this code is the version that the cluster works with.
public(package) fun assert_version(self: &Cluster) {
    assert!(self.version == VERSION, EWrongVersion);
}

/// Aborts unless the Cap is this cluster's, and the cluster works with this code.
public(package) fun assert_admin(self: &Cluster, admin: &AdminCap) {
    self.assert_version();
    assert!(admin.cluster == object::id(self), ENotAdmin);
}

/// Aborts unless the Cap is the one in office, and the cluster works with this code.
public(package) fun assert_operator(self: &Cluster, operator: &OperatorCap) {
    self.assert_version();
    assert!(operator.cluster == object::id(self) && object::id(operator) == self.operator, ENotOperator);
}

/// From when on something holds that loosens the cluster: at once while it is being created, else after the delay.
public(package) fun loosened_from(self: &Cluster, delay_ms: u64, clock: &Clock): u64 {
    if (self.is_shared) clock.timestamp_ms() + delay_ms else clock.timestamp_ms()
}

/// Remembers an enclave's key for ever; aborts when it was registered before.
public(package) fun remember_key(self: &mut Cluster, public_key: vector<u8>, enclave: ID) {
    let name = RegisteredKey { public_key };
    assert!(!dynamic_field::exists_(&self.id, name), EKeyRegistered);
    dynamic_field::add(&mut self.id, name, enclave);
}

/// Makes an enclave the active one; returns its epoch.
public(package) fun set_active(self: &mut Cluster, enclave: ID): u64 {
    self.epoch = self.epoch + 1;
    self.active_enclave = option::some(enclave);
    self.epoch
}

/// Everything that the cluster decides by, for an event.
public(package) fun state(self: &Cluster): events::ClusterState {
    events::cluster_state(
        object::id(self),
        self.version,
        self.chain_id,
        self.package,
        self.settings,
        self.delays,
        self.delay_maxima,
        *self.approvals.measurements(),
        *self.approvals.configurations(),
        self.active_enclave,
        self.epoch,
        self.config_version,
        self.operator,
        self.counted_bond(self.operator),
    )
}

/// Counts and announces a change; one before `share` is part of the creation.
fun changed(self: &mut Cluster, change: vector<u8>) {
    if (!self.is_shared) return;
    self.config_version = self.config_version + 1;
    events::cluster_changed(change.to_string(), self.state());
}

fun bond_index(self: &Cluster, operator: ID): Option<u64> {
    self.bonds.find_index!(|bond| bond.operator == operator)
}

#[test_only]
public fun set_version_for_testing(self: &mut Cluster, version: u64) {
    self.version = version;
}

#[test_only]
public fun appoint_for_testing(self: &mut Cluster, ctx: &mut TxContext): OperatorCap {
    let successor = OperatorCap { id: object::new(ctx), cluster: object::id(self) };
    self.operator = object::id(&successor);
    successor
}
