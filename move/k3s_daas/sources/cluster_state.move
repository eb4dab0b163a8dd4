/// All that a cluster decides by, as its events carry it. What is pending stands beside what holds, with its due time:
/// a reader who knows the time knows the cluster.
module k3s_daas::cluster_state;

use k3s_daas::approvals::{Configuration, Measurement};
use k3s_daas::operators::Successor;
use k3s_daas::settings::{Delays, Penalties, PendingSetting, Settings};

/// `version` and `code` are the package version that the cluster works with and that version's package id; `package`
/// is the original id. `bond` is what counts of the operator's bond.
public struct ClusterState has copy, drop, store {
    cluster: ID,
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
    measurements: vector<Measurement>,
    configurations: vector<Configuration>,
    active_enclave: Option<ID>,
    epoch: u64,
    config_version: u64,
    operator: ID,
    successor: Option<Successor>,
    bond: u64,
}

/// Another version of the package, with which the cluster works from `due` on.
public struct PendingVersion has copy, drop, store {
    version: u64,
    code: address,
    due: u64,
}

public(package) fun new(
    cluster: ID,
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
    measurements: vector<Measurement>,
    configurations: vector<Configuration>,
    active_enclave: Option<ID>,
    epoch: u64,
    config_version: u64,
    operator: ID,
    successor: Option<Successor>,
    bond: u64,
): ClusterState {
    ClusterState {
        cluster,
        version,
        code,
        pending_version,
        chain_id,
        package,
        settings,
        pending_settings,
        delays,
        delay_maxima,
        penalties,
        measurements,
        configurations,
        active_enclave,
        epoch,
        config_version,
        operator,
        successor,
        bond,
    }
}

public(package) fun new_pending_version(version: u64, code: address, due: u64): PendingVersion {
    PendingVersion { version, code, due }
}

/// The announced version.
public(package) fun version(self: &PendingVersion): u64 { self.version }

/// The id of the announced version's package.
public(package) fun code(self: &PendingVersion): address { self.code }

/// From when on it holds.
public(package) fun due(self: &PendingVersion): u64 { self.due }
