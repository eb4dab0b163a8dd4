/// Values that tests begin with: numbers, addresses, settings and rules of the world, and contexts with known ids.
#[test_only]
module k3s_daas::given;

use k3s_daas::cluster::{Self, AdminCap, Cluster, OperatorCap};
use k3s_daas::rules::{Self, Rule};
use k3s_daas::settings::{Self, Delays, Penalties, Settings};
use k3s_daas::signed;
use std::string::String;
use std::unit_test::destroy;
use sui::coin::{Self, Coin};
use sui::sui::SUI;

const NOW: u64 = 1_000_000;
const MIN_STAKE: u64 = 1_000;
const MIN_BOND: u64 = 5_000;
const LIFETIME: u64 = 86_400_000;
const RECEIPT_DEPOSIT: u64 = 300;
const VIOLATION_BPS: u64 = 2_500;
const REPORTER_BPS: u64 = 500;

public fun now(): u64 { NOW }

public fun min_stake(): u64 { MIN_STAKE }

public fun min_bond(): u64 { MIN_BOND }

public fun lifetime(): u64 { LIFETIME }

public fun receipt_deposit(): u64 { RECEIPT_DEPOSIT }

public fun admin(): address { @0xAD }

public fun operator(): address { @0x09 }

/// Where the OperatorCap of a successor goes.
public fun successor(): address { @0x0A }

public fun stranger(): address { @0x57 }

public fun pcr(byte: u8): vector<u8> { vector::tabulate!(48, |_| byte) }

public fun hash(byte: u8): vector<u8> { vector::tabulate!(32, |_| byte) }

public fun text(bytes: vector<u8>): String { bytes.to_string() }

public fun settings(): Settings {
    settings::new_settings(
        MIN_STAKE,
        MIN_BOND,
        30_000,
        300_000,
        LIFETIME,
        600_000,
        8_192,
        32_000,
        RECEIPT_DEPOSIT,
    )
}

/// Measurement 1 s, settings 1.5 s, token 2 s, operator 3 s, withdrawal 5 s, evidence 4 s, upgrade 2.5 s, answers 20 s.
public fun delays(): Delays { settings::new_delays(1_000, 1_500, 2_000, 3_000, 5_000, 4_000, 2_500, 20_000) }

public fun delay_maxima(): Delays { settings::new_delays(9_000, 9_000, 9_000, 9_000, 9_000, 8_000, 9_000, 60_000) }

/// A violation costs a quarter of the stake, a reporter gets a twentieth of the bond.
public fun penalties(): Penalties { settings::new_penalties(VIOLATION_BPS, REPORTER_BPS) }

public fun rule(
    group: vector<u8>,
    resource: vector<u8>,
    subresource: vector<u8>,
    namespace: vector<u8>,
    verbs: vector<vector<u8>>,
): Rule {
    rules::new_rule(text(group), text(resource), text(subresource), text(namespace), verbs.map!(|verb| text(verb)))
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

/// A cluster with both its Caps that is not shared; its ids follow from `transaction`.
public fun new_cluster(transaction: u8): (Cluster, AdminCap, OperatorCap) {
    let (settings, delays, maxima, penalties) = (settings(), delays(), delay_maxima(), penalties());
    let ctx = &mut context(stranger(), transaction);
    cluster::create(signed::chain_id(), settings, delays, maxima, penalties, ctx)
}

public fun drop_all(cluster: Cluster, admin: AdminCap, operator: OperatorCap) {
    destroy(cluster);
    destroy(admin);
    destroy(operator);
}

/// The same reference: an act may leave alone what it could change.
public fun same<T>(value: &mut T): &mut T { value }

public fun sui(amount: u64, ctx: &mut TxContext): Coin<SUI> { coin::mint_for_testing(amount, ctx) }
