/// What a cluster approves: images, by their measurement, and configurations, by their hash.
/// Both are lists in which old and new overlap during a change; an entry holds from a time on until it is retired,
/// and a retired entry never holds again. Entries are named by a version that is never used twice.
module k3s_daas::approvals;

use sui::clock::Clock;

const PCR_BYTES: u64 = 48;
const HASH_BYTES: u64 = 32;
/// Entries that are not retired, of each list.
const MAX_LIVE: u64 = 16;
/// Entries of a list at all; the oldest retired ones are forgotten first.
const MAX_ENTRIES: u64 = 32;

#[error]
const EPcrLength: vector<u8> = b"a PCR is not 48 bytes long";
#[error]
const EPcrZero: vector<u8> = b"a PCR is zero: a debug enclave reports zeros";
#[error]
const EConfigurationLength: vector<u8> = b"a configuration hash is not 32 bytes long";
#[error]
const EConfigurationZero: vector<u8> = b"a configuration hash is zero";
#[error]
const ETooManyEntries: vector<u8> = b"too many entries are approved at the same time: retire one first";
#[error]
const EAlreadyApproved: vector<u8> = b"this entry is approved already";
#[error]
const EUnknownVersion: vector<u8> = b"no entry has this version";
#[error]
const EAlreadyRetired: vector<u8> = b"this entry is retired already";

/// One approved image: PCR0, PCR1 and PCR2.
public struct Measurement has copy, drop, store {
    version: u64,
    pcr0: vector<u8>,
    pcr1: vector<u8>,
    pcr2: vector<u8>,
    valid_from: u64,
    retired_at: Option<u64>,
}

/// One approved configuration, by the SHA-256 of its BCS.
public struct Configuration has copy, drop, store {
    version: u64,
    hash: vector<u8>,
    valid_from: u64,
    retired_at: Option<u64>,
}

/// Both lists of a cluster.
public struct Approvals has copy, drop, store {
    next_version: u64,
    measurements: vector<Measurement>,
    configurations: vector<Configuration>,
}

/// Lists that approve nothing.
public(package) fun empty(): Approvals {
    Approvals { next_version: 1, measurements: vector[], configurations: vector[] }
}

/// Approves an image from `valid_from` on; returns the entry's version.
public(package) fun add_measurement(
    self: &mut Approvals,
    pcr0: vector<u8>,
    pcr1: vector<u8>,
    pcr2: vector<u8>,
    valid_from: u64,
): u64 {
    assert_pcr(&pcr0);
    assert_pcr(&pcr1);
    assert_pcr(&pcr2);
    assert!(find_measurement(self, &pcr0, &pcr1, &pcr2).is_none(), EAlreadyApproved);
    let live = self.measurements.count!(|entry| entry.retired_at.is_none());
    assert!(live < MAX_LIVE, ETooManyEntries);
    if (self.measurements.length() == MAX_ENTRIES) {
        let oldest = self.measurements.find_index!(|entry| entry.retired_at.is_some());
        self.measurements.remove(oldest.destroy_some());
    };
    let version = self.next_version;
    self.next_version = version + 1;
    self.measurements.push_back(Measurement { version, pcr0, pcr1, pcr2, valid_from, retired_at: option::none() });
    version
}

/// Approves a configuration from `valid_from` on; returns the entry's version.
public(package) fun add_configuration(self: &mut Approvals, hash: vector<u8>, valid_from: u64): u64 {
    assert!(hash.length() == HASH_BYTES, EConfigurationLength);
    assert!(hash != x"0000000000000000000000000000000000000000000000000000000000000000", EConfigurationZero);
    assert!(find_configuration(self, &hash).is_none(), EAlreadyApproved);
    let live = self.configurations.count!(|entry| entry.retired_at.is_none());
    assert!(live < MAX_LIVE, ETooManyEntries);
    if (self.configurations.length() == MAX_ENTRIES) {
        let oldest = self.configurations.find_index!(|entry| entry.retired_at.is_some());
        self.configurations.remove(oldest.destroy_some());
    };
    let version = self.next_version;
    self.next_version = version + 1;
    self.configurations.push_back(Configuration { version, hash, valid_from, retired_at: option::none() });
    version
}

/// Retires an image at once and for ever.
public(package) fun retire_measurement(self: &mut Approvals, version: u64, clock: &Clock) {
    let found = self.measurements.find_index!(|entry| entry.version == version);
    assert!(found.is_some(), EUnknownVersion);
    let entry = &mut self.measurements[found.destroy_some()];
    assert!(entry.retired_at.is_none(), EAlreadyRetired);
    entry.retired_at = option::some(clock.timestamp_ms());
}

/// Retires a configuration at once and for ever.
public(package) fun retire_configuration(self: &mut Approvals, version: u64, clock: &Clock) {
    let found = self.configurations.find_index!(|entry| entry.version == version);
    assert!(found.is_some(), EUnknownVersion);
    let entry = &mut self.configurations[found.destroy_some()];
    assert!(entry.retired_at.is_none(), EAlreadyRetired);
    entry.retired_at = option::some(clock.timestamp_ms());
}

/// The version of the entry that approves these PCRs now.
public(package) fun measurement_in_force(
    self: &Approvals,
    pcr0: &vector<u8>,
    pcr1: &vector<u8>,
    pcr2: &vector<u8>,
    clock: &Clock,
): Option<u64> {
    let found = find_measurement(self, pcr0, pcr1, pcr2);
    found.and!(|at| {
        let entry = &self.measurements[at];
        if (entry.valid_from <= clock.timestamp_ms()) option::some(entry.version) else option::none()
    })
}

/// The version of the entry that approves this configuration now.
public(package) fun configuration_in_force(self: &Approvals, hash: &vector<u8>, clock: &Clock): Option<u64> {
    let found = find_configuration(self, hash);
    found.and!(|at| {
        let entry = &self.configurations[at];
        if (entry.valid_from <= clock.timestamp_ms()) option::some(entry.version) else option::none()
    })
}

/// Whether the image of this version is still approved; a forgotten version counts as retired.
public(package) fun is_measurement_live(self: &Approvals, version: u64): bool {
    self.measurements.any!(|entry| entry.version == version && entry.retired_at.is_none())
}

/// Whether the configuration of this version is still approved; a forgotten version counts as retired.
public(package) fun is_configuration_live(self: &Approvals, version: u64): bool {
    self.configurations.any!(|entry| entry.version == version && entry.retired_at.is_none())
}

/// Whether something is approved, of both kinds: without it no enclave can ever register.
public(package) fun is_complete(self: &Approvals): bool {
    self.measurements.any!(|entry| entry.retired_at.is_none())
        && self.configurations.any!(|entry| entry.retired_at.is_none())
}

/// All images, retired ones too.
public(package) fun measurements(self: &Approvals): &vector<Measurement> { &self.measurements }

/// All configurations, retired ones too.
public(package) fun configurations(self: &Approvals): &vector<Configuration> { &self.configurations }

/// Aborts unless this is a PCR of SHA-384 that is not zero.
public(package) fun assert_pcr(pcr: &vector<u8>) {
    assert!(pcr.length() == PCR_BYTES, EPcrLength);
    let zero =
        x"000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000";
    assert!(pcr != &zero, EPcrZero);
}

fun find_measurement(self: &Approvals, pcr0: &vector<u8>, pcr1: &vector<u8>, pcr2: &vector<u8>): Option<u64> {
    self.measurements.find_index!(|entry| {
        entry.retired_at.is_none() && &entry.pcr0 == pcr0 && &entry.pcr1 == pcr1 && &entry.pcr2 == pcr2
    })
}

fun find_configuration(self: &Approvals, hash: &vector<u8>): Option<u64> {
    self.configurations.find_index!(|entry| entry.retired_at.is_none() && &entry.hash == hash)
}
