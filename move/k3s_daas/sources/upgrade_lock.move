/// The timelock of this package's UpgradeCap: a digest is announced in public, may be authorised after the delay and
/// for a while, and is then committed. Or the package is made immutable.
///
/// - Only the UpgradeCap of this package is accepted, and only while it has upgraded nothing.
/// - The lock knows the id of every version: a cluster moves to versions that stand here, and to no others.
/// - The delay only grows. UpgradeRight is the right to announce; it cannot shorten anything.
module k3s_daas::upgrade_lock;

use std::type_name;
use sui::clock::Clock;
use sui::event;
use sui::package::{Self, UpgradeCap, UpgradeReceipt, UpgradeTicket};

/// A year.
const MAX_DELAY_MS: u64 = 31_536_000_000;
/// How long an announced upgrade may be authorised once it is due: 30 days.
const OPEN_MS: u64 = 2_592_000_000;
const DIGEST_BYTES: u64 = 32;

#[error]
const EOtherPackage: vector<u8> = b"this UpgradeCap is that of another package";
#[error]
const EUpgradedBefore: vector<u8> = b"this UpgradeCap has upgraded the package before it was locked";
#[error]
const EDelay: vector<u8> = b"the delay is zero or longer than a year";
#[error]
const EDelayShrinks: vector<u8> = b"the delay would not grow";
#[error]
const ENotUpgradeRight: vector<u8> = b"this UpgradeRight belongs to another lock";
#[error]
const EDigestLength: vector<u8> = b"the digest of an upgrade is not 32 bytes long";
#[error]
const EAlreadyAnnounced: vector<u8> = b"an upgrade is announced already: cancel it first";
#[error]
const ENotAnnounced: vector<u8> = b"no upgrade is announced";
#[error]
const ENotDue: vector<u8> = b"the announced upgrade is not due yet";
#[error]
const ETooLate: vector<u8> = b"the announced upgrade was due more than 30 days ago: announce it again";
#[error]
const EUnknownVersion: vector<u8> = b"the package has no such version";

/// Shared. `packages` holds the id of each version, the original one first.
public struct UpgradeLock has key {
    id: UID,
    cap: Option<UpgradeCap>,
    packages: vector<address>,
    delay_ms: u64,
    announced: Option<Announced>,
}

/// The right to announce, authorise and cancel upgrades of one lock, and to end them for ever.
public struct UpgradeRight has key, store {
    id: UID,
    lock: ID,
}

/// An upgrade that everybody can look at before it happens.
public struct Announced has copy, drop, store {
    digest: vector<u8>,
    due: u64,
}

/// The UpgradeCap went into its lock.
public struct UpgradeLocked has copy, drop {
    lock: ID,
    right: ID,
    package: address,
    delay_ms: u64,
}

/// The lock's delay grew.
public struct UpgradeDelayGrown has copy, drop {
    lock: ID,
    package: address,
    delay_ms: u64,
}

/// Code of this digest may become the next version from `due` on, and until `open_until`.
public struct UpgradeAnnounced has copy, drop {
    lock: ID,
    package: address,
    version: u64,
    digest: vector<u8>,
    due: u64,
    open_until: u64,
}

/// An announced upgrade was taken back.
public struct UpgradeCancelled has copy, drop {
    lock: ID,
    package: address,
    digest: vector<u8>,
}

/// The package has a new version; clusters work with it when their admin says so and their delay is over.
public struct UpgradeCommitted has copy, drop {
    lock: ID,
    package: address,
    code: address,
    version: u64,
}

/// The package will never have another version.
public struct MadeImmutable has copy, drop {
    lock: ID,
    package: address,
    version: u64,
}

/// Locks the UpgradeCap of this package, fresh from its publication; the right to announce goes back to the caller.
public fun lock(cap: UpgradeCap, delay_ms: u64, ctx: &mut TxContext): UpgradeRight {
    let package = type_name::original_id<UpgradeLock>();
    assert!(cap.version() == 1, EUpgradedBefore);
    assert!(cap.package().to_address() == package, EOtherPackage);
    assert!(delay_ms > 0 && delay_ms <= MAX_DELAY_MS, EDelay);
    let lock = UpgradeLock {
        id: object::new(ctx),
        cap: option::some(cap),
        packages: vector[package],
        delay_ms,
        announced: option::none(),
    };
    let right = UpgradeRight { id: object::new(ctx), lock: object::id(&lock) };
    event::emit(UpgradeLocked { lock: object::id(&lock), right: object::id(&right), package, delay_ms });
    transfer::share_object(lock);
    right
}

/// Makes the delay longer; what is announced keeps its due time.
public fun grow_delay(lock: &mut UpgradeLock, right: &UpgradeRight, delay_ms: u64) {
    lock.assert_right(right);
    assert!(delay_ms <= MAX_DELAY_MS, EDelay);
    assert!(delay_ms > lock.delay_ms, EDelayShrinks);
    lock.delay_ms = delay_ms;
    event::emit(UpgradeDelayGrown { lock: object::id(lock), package: lock.packages[0], delay_ms });
}

/// Announces the digest of the next version's modules and dependencies.
public fun announce(lock: &mut UpgradeLock, right: &UpgradeRight, digest: vector<u8>, clock: &Clock) {
    lock.assert_right(right);
    assert!(digest.length() == DIGEST_BYTES, EDigestLength);
    assert!(lock.announced.is_none(), EAlreadyAnnounced);
    let due = clock.timestamp_ms() + lock.delay_ms;
    lock.announced = option::some(Announced { digest, due });
    event::emit(UpgradeAnnounced {
        lock: object::id(lock),
        package: lock.packages[0],
        version: lock.packages.length() + 1,
        digest,
        due,
        open_until: due + OPEN_MS,
    });
}

/// Takes an announced upgrade back.
public fun cancel(lock: &mut UpgradeLock, right: &UpgradeRight) {
    lock.assert_right(right);
    assert!(lock.announced.is_some(), ENotAnnounced);
    let Announced { digest, .. } = lock.announced.extract();
    event::emit(UpgradeCancelled { lock: object::id(lock), package: lock.packages[0], digest });
}

/// The ticket for the Upgrade command of this transaction, for exactly the announced digest.
public fun authorize(lock: &mut UpgradeLock, right: &UpgradeRight, clock: &Clock): UpgradeTicket {
    lock.assert_right(right);
    assert!(lock.announced.is_some(), ENotAnnounced);
    let Announced { digest, due } = lock.announced.extract();
    let now = clock.timestamp_ms();
    assert!(due <= now, ENotDue);
    assert!(now < due + OPEN_MS, ETooLate);
    let cap = lock.cap.borrow_mut();
    let policy = cap.policy();
    cap.authorize(policy, digest)
}

/// Takes note of the upgrade that the Upgrade command made.
public fun commit(lock: &mut UpgradeLock, receipt: UpgradeReceipt) {
    let code = receipt.package().to_address();
    lock.cap.borrow_mut().commit(receipt);
    lock.packages.push_back(code);
    event::emit(UpgradeCommitted {
        lock: object::id(lock),
        package: lock.packages[0],
        code,
        version: lock.packages.length(),
    });
}

/// Ends all upgrades for ever.
public fun make_immutable(lock: &mut UpgradeLock, right: UpgradeRight) {
    lock.assert_right(&right);
    let UpgradeRight { id, .. } = right;
    id.delete();
    package::make_immutable(lock.cap.extract());
    lock.announced = option::none();
    event::emit(MadeImmutable {
        lock: object::id(lock),
        package: lock.packages[0],
        version: lock.packages.length(),
    });
}

/// The package id of a version.
public fun package_of(self: &UpgradeLock, version: u64): address {
    assert!(version > 0 && version <= self.packages.length(), EUnknownVersion);
    self.packages[version - 1]
}

/// How many versions the package has.
public fun newest(self: &UpgradeLock): u64 { self.packages.length() }

fun assert_right(self: &UpgradeLock, right: &UpgradeRight) {
    assert!(right.lock == object::id(self), ENotUpgradeRight);
}

#[test_only]
public fun add_package_for_testing(self: &mut UpgradeLock, code: address) {
    self.packages.push_back(code);
}
