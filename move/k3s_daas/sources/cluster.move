/// A cluster: what is approved, the limits, the operator and his bond, and which enclave is the active one.
///
/// - Requests only read a cluster; only rare acts of the two Caps, and evidence, write it.
/// - What loosens, adds or replaces is announced and holds when it is due, without anybody's doing; what tightens or
///   retires holds at once. What is done in the creating transaction, before `share`, holds at once.
/// - Functions gated by a Cap are public, so that one programmable transaction can create all of a cluster.
/// - Bonds are paid out at every version of the package, and without an AdminCap.
module k3s_daas::cluster;

use k3s_daas::approvals::{Self, Approvals};
use k3s_daas::cluster_state::{Self, ClusterState, PendingVersion};
use k3s_daas::events;
use k3s_daas::operators::{Self, Operators};
use k3s_daas::settings::{Delays, Penalties, PendingSetting, Settings};
use k3s_daas::upgrade_lock::UpgradeLock;
use k3s_daas::version;
use std::string::String;
use std::type_name;
use sui::balance::Balance;
use sui::clock::Clock;
use sui::coin::Coin;
use sui::dynamic_field;
use sui::sui::SUI;

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
const EKeyRegistered: vector<u8> = b"this enclave key was registered before";
#[error]
const EVersionPending: vector<u8> = b"another version is announced already: cancel it first";
#[error]
const ENoVersionPending: vector<u8> = b"no other version is announced";
#[error]
const ENotNewest: vector<u8> = b"this code says that it is another version than the package's newest: upgrade the package to code that says what it is";
#[error]
const EVersionNotNewer: vector<u8> = b"the cluster works with this version or a newer one already";

/// Shared, and only read by requests.
public struct Cluster has key {
    id: UID,
    version: u64,
    code: address,
    pending_version: Option<PendingVersion>,
    chain_id: vector<u8>,
    package: address,
    settings: Settings,
    pending_settings: vector<PendingSetting>,
    delays: Delays,
    delay_maxima: Delays,
    penalties: Penalties,
    approvals: Approvals,
    active_enclave: Option<ID>,
    epoch: u64,
    config_version: u64,
    operators: Operators,
    is_shared: bool,
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
    penalties: Penalties,
    ctx: &mut TxContext,
): (Cluster, AdminCap, OperatorCap) {
    assert!(chain_id.length() == CHAIN_ID_BYTES, EChainIdLength);
    delays.assert_within(&delay_maxima);
    let id = object::new(ctx);
    let cluster_id = id.to_inner();
    let admin = AdminCap { id: object::new(ctx), cluster: cluster_id };
    let operator = OperatorCap { id: object::new(ctx), cluster: cluster_id };
    let package = type_name::original_id<Cluster>();
    let cluster = Cluster {
        id,
        version: version::current(),
        code: package,
        pending_version: option::none(),
        chain_id,
        package,
        settings,
        pending_settings: vector[],
        delays,
        delay_maxima,
        penalties,
        approvals: approvals::empty(),
        active_enclave: option::none(),
        epoch: 0,
        config_version: 1,
        operators: operators::new(object::id(&operator)),
        is_shared: false,
    };
    (cluster, admin, operator)
}

/// Ends the creation: from here on everybody can use the cluster and what loosens it is delayed.
public fun share(cluster: Cluster, clock: &Clock) {
    assert!(cluster.approvals.is_complete(), ENothingApproved);
    let mut cluster = cluster;
    cluster.is_shared = true;
    events::cluster_changed(b"created".to_string(), cluster.state(clock));
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
    cluster.assert_admin(admin, clock);
    let valid_from = cluster.loosened_from(cluster.delays.measurement_ms(), clock);
    cluster.approvals.add_measurement(pcr0, pcr1, pcr2, valid_from);
    cluster.changed(b"measurement added", clock);
}

/// Approves a configuration by its hash.
public fun add_configuration(cluster: &mut Cluster, admin: &AdminCap, hash: vector<u8>, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    let valid_from = cluster.loosened_from(cluster.delays.measurement_ms(), clock);
    cluster.approvals.add_configuration(hash, valid_from);
    cluster.changed(b"configuration added", clock);
}

/// Retires an image at once: its enclaves are not usable any more.
public fun retire_measurement(cluster: &mut Cluster, admin: &AdminCap, version: u64, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    cluster.approvals.retire_measurement(version, clock);
    cluster.changed(b"measurement retired", clock);
}

/// Retires a configuration at once: its enclaves are not usable any more.
public fun retire_configuration(cluster: &mut Cluster, admin: &AdminCap, version: u64, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    cluster.approvals.retire_configuration(version, clock);
    cluster.changed(b"configuration retired", clock);
}

/// Changes one setting by its name: at once where that tightens, else after the delay. The value in force takes a
/// pending one back.
public fun change_setting(cluster: &mut Cluster, admin: &AdminCap, name: String, value: u64, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    let due = cluster.loosened_from(cluster.delays.settings_ms(), clock);
    cluster.settings.change(&mut cluster.pending_settings, name, value, due, clock.timestamp_ms());
    cluster.changed(b"setting changed", clock);
}

/// Makes delays and windows longer, within their maxima. What was announced keeps its due time.
public fun grow_delays(cluster: &mut Cluster, admin: &AdminCap, delays: Delays, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    delays.assert_grown(&cluster.delays);
    delays.assert_within(&cluster.delay_maxima);
    cluster.delays = delays;
    cluster.changed(b"delays grown", clock);
}

/// Announces a new operator, whose OperatorCap goes to `successor` now and is in office after the delay. He may put up
/// his bond before. The bond of the one before begins to leave then.
public fun replace_operator(
    cluster: &mut Cluster,
    admin: &AdminCap,
    successor: address,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    cluster.assert_admin(admin, clock);
    let operator = OperatorCap { id: object::new(ctx), cluster: object::id(cluster) };
    let operator_id = object::id(&operator);
    let now = clock.timestamp_ms();
    let due = now + cluster.delays.operator_ms();
    cluster.operators.appoint(operator_id, due, due + cluster.delays.withdrawal_ms(), now);
    transfer::transfer(operator, successor);
    cluster.changed(b"operator announced", clock);
    operator_id
}

/// Takes the announcement of a new operator back, before he is in office.
public fun cancel_operator(cluster: &mut Cluster, admin: &AdminCap, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    let now = clock.timestamp_ms();
    cluster.operators.cancel(now + cluster.delays.withdrawal_ms(), now);
    cluster.changed(b"operator cancelled", clock);
}

/// Adds to an operator's own bond: of the one in office, or of the announced one.
public fun add_bond(cluster: &mut Cluster, operator: &OperatorCap, bond: Coin<SUI>, clock: &Clock) {
    cluster.assert_version(clock);
    let now = clock.timestamp_ms();
    assert!(
        operator.cluster == object::id(cluster) && cluster.operators.may_bond(object::id(operator), now),
        ENotOperator,
    );
    cluster.operators.add_bond(object::id(operator), bond.into_balance(), now);
    cluster.changed(b"bond added", clock);
}

/// Announces that an amount of an operator's own bond leaves; it counts no longer from now.
public fun announce_bond_withdrawal(cluster: &mut Cluster, operator: &OperatorCap, amount: u64, clock: &Clock) {
    assert!(operator.cluster == object::id(cluster), ENotOperator);
    let now = clock.timestamp_ms();
    let due = now + cluster.delays.withdrawal_ms();
    cluster.operators.announce_withdrawal(object::id(operator), amount, due, now);
    cluster.changed(b"bond withdrawal announced", clock);
}

/// Pays what is due of an operator's own bond, also to one who is not in office any more.
public fun withdraw_bond(
    cluster: &mut Cluster,
    operator: &OperatorCap,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<SUI> {
    assert!(operator.cluster == object::id(cluster), ENotOperator);
    let paid = cluster.operators.pay(object::id(operator), clock.timestamp_ms());
    cluster.changed(b"bond paid", clock);
    paid.into_coin(ctx)
}

/// Announces that the cluster will work with this code, which is newer than what it works with; the lock of the
/// UpgradeCap knows its id. It is called in the new package: code that takes itself for another version can never be
/// announced, and would leave the cluster without any that works. Only the newest version is announced, by its number
/// among the lock's: so a release that forgot to raise its number is never taken for a later one.
public fun announce_version(cluster: &mut Cluster, admin: &AdminCap, lock: &UpgradeLock, clock: &Clock) {
    assert!(admin.cluster == object::id(cluster), ENotAdmin);
    cluster.settle_version(clock);
    let version = version::current();
    assert!(version > cluster.version, EVersionNotNewer);
    assert!(version == lock.newest(), ENotNewest);
    assert!(cluster.pending_version.is_none(), EVersionPending);
    let due = clock.timestamp_ms() + cluster.delays.upgrade_ms();
    let pending = cluster_state::new_pending_version(version, lock.package_of(version), due);
    cluster.pending_version = option::some(pending);
    cluster.changed(b"version announced", clock);
}

/// Takes the announcement of another version back, before it holds.
public fun cancel_version(cluster: &mut Cluster, admin: &AdminCap, clock: &Clock) {
    cluster.assert_admin(admin, clock);
    cluster.settle_version(clock);
    assert!(cluster.pending_version.is_some(), ENoVersionPending);
    cluster.pending_version = option::none();
    cluster.changed(b"version cancelled", clock);
}

/// Hands the AdminCap to somebody else, with an event.
public fun hand_over_admin(cluster: &mut Cluster, admin: AdminCap, to: address, clock: &Clock) {
    cluster.assert_admin(&admin, clock);
    transfer::transfer(admin, to);
    cluster.changed(b"admin handed over", clock);
}

/// Burns the AdminCap: nobody ever changes the cluster again or issues tokens for it.
public fun burn_admin(cluster: &mut Cluster, admin: AdminCap, clock: &Clock) {
    cluster.assert_admin(&admin, clock);
    let AdminCap { id, .. } = admin;
    id.delete();
    cluster.changed(b"admin burnt", clock);
}

/// The genesis checkpoint's digest of the chain that the cluster lives on.
public fun chain_id(self: &Cluster): vector<u8> { self.chain_id }

/// The original id of this package.
public fun package(self: &Cluster): address { self.package }

/// Limits of requests, answers and enclaves, as they hold now.
public fun settings(self: &Cluster, clock: &Clock): Settings {
    self.settings.in_force(&self.pending_settings, clock.timestamp_ms())
}

/// How long what is loosened waits.
public fun delays(self: &Cluster): &Delays { &self.delays }

/// What violations and evidence cost.
public fun penalties(self: &Cluster): &Penalties { &self.penalties }

/// The enclave that new requests name.
public fun active_enclave(self: &Cluster): Option<ID> { self.active_enclave }

/// How many enclaves were activated so far.
public fun epoch(self: &Cluster): u64 { self.epoch }

/// Rises with every change of the cluster.
public fun config_version(self: &Cluster): u64 { self.config_version }

/// The version of this package that the cluster works with now.
public fun version(self: &Cluster, clock: &Clock): u64 {
    let now = clock.timestamp_ms();
    if (self.pending_version.is_some_and!(|pending| pending.due() <= now)) self.pending_version.borrow().version()
    else self.version
}

/// The OperatorCap that is in office now.
public fun operator(self: &Cluster, clock: &Clock): ID { self.operators.in_office(clock.timestamp_ms()) }

/// What counts of an operator's bond: nothing when he is not in office, and nothing that he announced to withdraw.
public fun counted_bond(self: &Cluster, operator: ID, clock: &Clock): u64 {
    self.operators.counted_bond(operator, clock.timestamp_ms())
}

public(package) fun approvals(self: &Cluster): &Approvals { &self.approvals }

/// Aborts unless this code is the version that the cluster works with.
public(package) fun assert_version(self: &Cluster, clock: &Clock) {
    assert!(self.version(clock) == version::current(), EWrongVersion);
}

/// Aborts unless the Cap is this cluster's, and the cluster works with this code.
public(package) fun assert_admin(self: &Cluster, admin: &AdminCap, clock: &Clock) {
    self.assert_version(clock);
    assert!(admin.cluster == object::id(self), ENotAdmin);
}

/// Aborts unless the Cap is the one in office, and the cluster works with this code.
public(package) fun assert_operator(self: &Cluster, operator: &OperatorCap, clock: &Clock) {
    self.assert_version(clock);
    assert!(operator.cluster == object::id(self) && object::id(operator) == self.operator(clock), ENotOperator);
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

/// Takes away all of an operator's bond.
public(package) fun slash_bond(self: &mut Cluster, operator: ID, clock: &Clock): Balance<SUI> {
    let taken = self.operators.slash(operator, clock.timestamp_ms());
    self.changed(b"bond slashed", clock);
    taken
}

/// Everything that the cluster decides by, for an event.
public(package) fun state(self: &Cluster, clock: &Clock): ClusterState {
    let now = clock.timestamp_ms();
    cluster_state::new(
        object::id(self),
        self.version,
        self.code,
        self.pending_version,
        self.chain_id,
        self.package,
        self.settings,
        self.pending_settings,
        self.delays,
        self.delay_maxima,
        self.penalties,
        *self.approvals.measurements(),
        *self.approvals.configurations(),
        self.active_enclave,
        self.epoch,
        self.config_version,
        self.operators.in_office(now),
        self.operators.successor(now),
        self.operators.counted_bond(self.operators.in_office(now), now),
    )
}

/// Counts and announces a change; one before `share` is part of the creation.
fun changed(self: &mut Cluster, change: vector<u8>, clock: &Clock) {
    if (!self.is_shared) return;
    self.config_version = self.config_version + 1;
    events::cluster_changed(change.to_string(), self.state(clock));
}

/// Takes over an announced version that is due.
fun settle_version(self: &mut Cluster, clock: &Clock) {
    if (!self.pending_version.is_some_and!(|pending| pending.due() <= clock.timestamp_ms())) return;
    let pending = self.pending_version.extract();
    self.version = pending.version();
    self.code = pending.code();
}

#[test_only]
public fun set_version_for_testing(self: &mut Cluster, version: u64) {
    self.version = version;
}
