/// The numbers of a cluster: limits that requests are held to, the delays after which what loosens holds, and penalties.
///
/// - A setting that loosens waits in the list of pending ones until it is due; one that tightens holds at once.
/// - Delays and windows only grow, up to maxima that are fixed at creation. Penalties are fixed at creation.
/// Plain values; who may change them is the cluster's concern.
module k3s_daas::settings;

use std::string::String;

/// The smallest sealed payload limit that still carries a request line and its headers.
const MIN_INLINE_BYTES: u64 = 1_000;
/// Seven chunks of 16,000 bytes: what one transaction carries beside its other arguments.
const MAX_INLINE_BYTES: u64 = 112_000;
/// A year: no deadline or lifetime is longer.
const MAX_SPAN_MS: u64 = 31_536_000_000;
const ALL_BPS: u64 = 10_000;
/// A tenth: more would make it worth while to report oneself.
const MAX_REPORTER_BPS: u64 = 1_000;

#[error]
const EZeroSpan: vector<u8> = b"a deadline, window, lifetime or delay is zero";
#[error]
const ESpanTooLong: vector<u8> = b"a deadline, window, lifetime or delay is longer than a year";
#[error]
const EInlineSize: vector<u8> = b"an inline size is outside 1,000 to 112,000 bytes";
#[error]
const EReceiptDeposit: vector<u8> = b"the deposit of a receipt is zero";
#[error]
const EDelayOverMaximum: vector<u8> = b"a delay or window is over its maximum";
#[error]
const EDelayShrinks: vector<u8> = b"a delay or window would shrink: they only grow";
#[error]
const EEvidenceWindow: vector<u8> = b"the evidence window is not shorter than the withdrawal delay";
#[error]
const EUnknownSetting: vector<u8> = b"there is no setting of this name";
#[error]
const ENoChange: vector<u8> = b"the setting has this value already, and nothing else is pending";
#[error]
const EViolationPenalty: vector<u8> = b"the penalty for a violation is more than the whole stake";
#[error]
const EReporterShare: vector<u8> = b"the reporter's share is more than a tenth";

/// Limits of requests, answers and enclaves. Times are milliseconds, amounts MIST.
public struct Settings has copy, drop, store {
    min_stake: u64,
    min_bond: u64,
    max_deadline_ms: u64,
    max_stream_ms: u64,
    enclave_lifetime_ms: u64,
    challenge_lifetime_ms: u64,
    request_inline_bytes: u64,
    response_inline_bytes: u64,
    receipt_deposit: u64,
}

/// A looser value of one setting, which holds from `due` on.
public struct PendingSetting has copy, drop, store {
    name: String,
    value: u64,
    due: u64,
}

/// What an AdminCap loosens, adds or replaces holds after these, and two windows: how long after its deadline a
/// request may be answered, and how long after its execution an answer may be used as evidence. Milliseconds.
public struct Delays has copy, drop, store {
    measurement_ms: u64,
    settings_ms: u64,
    token_ms: u64,
    operator_ms: u64,
    withdrawal_ms: u64,
    evidence_ms: u64,
    upgrade_ms: u64,
    answer_window_ms: u64,
}

/// Parts in ten thousand: what a violation costs of the stake, and what a reporter gets of a bond.
public struct Penalties has copy, drop, store {
    violation_bps: u64,
    reporter_bps: u64,
}

/// Settings whose spans are positive and whose inline sizes fit a transaction.
public fun new_settings(
    min_stake: u64,
    min_bond: u64,
    max_deadline_ms: u64,
    max_stream_ms: u64,
    enclave_lifetime_ms: u64,
    challenge_lifetime_ms: u64,
    request_inline_bytes: u64,
    response_inline_bytes: u64,
    receipt_deposit: u64,
): Settings {
    let settings = Settings {
        min_stake,
        min_bond,
        max_deadline_ms,
        max_stream_ms,
        enclave_lifetime_ms,
        challenge_lifetime_ms,
        request_inline_bytes,
        response_inline_bytes,
        receipt_deposit,
    };
    settings.assert_bounds();
    settings
}

/// Delays and windows, all positive, the evidence window shorter than the withdrawal delay.
public fun new_delays(
    measurement_ms: u64,
    settings_ms: u64,
    token_ms: u64,
    operator_ms: u64,
    withdrawal_ms: u64,
    evidence_ms: u64,
    upgrade_ms: u64,
    answer_window_ms: u64,
): Delays {
    let delays = Delays {
        measurement_ms,
        settings_ms,
        token_ms,
        operator_ms,
        withdrawal_ms,
        evidence_ms,
        upgrade_ms,
        answer_window_ms,
    };
    delays.spans().do!(|span_ms| assert_span(span_ms));
    assert!(evidence_ms < withdrawal_ms, EEvidenceWindow);
    delays
}

/// Penalties within their bounds: all of a stake at most, a tenth of a bond for the reporter at most.
public fun new_penalties(violation_bps: u64, reporter_bps: u64): Penalties {
    assert!(violation_bps <= ALL_BPS, EViolationPenalty);
    assert!(reporter_bps <= MAX_REPORTER_BPS, EReporterShare);
    Penalties { violation_bps, reporter_bps }
}

/// Aborts unless no delay or window is over its maximum.
public(package) fun assert_within(delays: &Delays, maxima: &Delays) {
    delays.spans().zip_do!(maxima.spans(), |span_ms, maximum_ms| assert!(span_ms <= maximum_ms, EDelayOverMaximum));
}

/// Aborts unless every delay and window is at least as long as before.
public(package) fun assert_grown(delays: &Delays, before: &Delays) {
    delays.spans().zip_do!(before.spans(), |span_ms, before_ms| assert!(span_ms >= before_ms, EDelayShrinks));
}

/// The settings with what of the pending ones is due.
public(package) fun in_force(self: &Settings, pending: &vector<PendingSetting>, now: u64): Settings {
    let mut settings = *self;
    pending.do_ref!(|entry| {
        if (entry.due <= now) *settings.value_mut(entry.name.as_bytes()) = entry.value;
    });
    settings
}

/// Changes one setting: at once where that tightens, else at `due`. What was pending of this setting is dropped, so
/// the value in force takes back a pending one.
public(package) fun change(
    self: &mut Settings,
    pending: &mut vector<PendingSetting>,
    name: String,
    value: u64,
    due: u64,
    now: u64,
) {
    *self = self.in_force(pending, now);
    let waiting = (*pending).filter!(|entry| entry.due > now);
    *pending = waiting.filter!(|entry| entry.name != name);
    let mut wanted = *self;
    let before = *wanted.value_mut(name.as_bytes());
    *wanted.value_mut(name.as_bytes()) = value;
    wanted.assert_bounds();
    assert!(value != before || pending.length() < waiting.length(), ENoChange);
    if (loosens(name.as_bytes(), before, value) && due > now) {
        pending.push_back(PendingSetting { name, value, due });
    } else {
        *self = wanted;
    };
}

/// The stake that everything but get, list and watch needs; MIST.
public fun min_stake(self: &Settings): u64 { self.min_stake }

/// The bond without which an operator's enclaves are not usable; MIST.
public fun min_bond(self: &Settings): u64 { self.min_bond }

/// The longest time from now to the deadline of a request that is no stream.
public fun max_deadline_ms(self: &Settings): u64 { self.max_deadline_ms }

/// The longest time from now to the deadline of a stream.
public fun max_stream_ms(self: &Settings): u64 { self.max_stream_ms }

/// How long a registration lasts.
public fun enclave_lifetime_ms(self: &Settings): u64 { self.enclave_lifetime_ms }

/// How long a challenge may be used.
public fun challenge_lifetime_ms(self: &Settings): u64 { self.challenge_lifetime_ms }

/// Sealed payloads up to this size travel in the request's event.
public fun request_inline_bytes(self: &Settings): u64 { self.request_inline_bytes }

/// Sealed bodies up to this size travel in the answer's event.
public fun response_inline_bytes(self: &Settings): u64 { self.response_inline_bytes }

/// What a request that wants a receipt brings with it; MIST.
public fun receipt_deposit(self: &Settings): u64 { self.receipt_deposit }

/// The time before an added measurement or configuration holds.
public fun measurement_ms(self: &Delays): u64 { self.measurement_ms }

/// The time before a looser setting holds.
public fun settings_ms(self: &Delays): u64 { self.settings_ms }

/// The time before a token, or wider rules of one, hold.
public fun token_ms(self: &Delays): u64 { self.token_ms }

/// The time before a new operator is in office.
public fun operator_ms(self: &Delays): u64 { self.operator_ms }

/// The time before an announced withdrawal is paid.
public fun withdrawal_ms(self: &Delays): u64 { self.withdrawal_ms }

/// How long after its execution an answer may be used as evidence.
public fun evidence_ms(self: &Delays): u64 { self.evidence_ms }

/// The time before a cluster works with another version of this package.
public fun upgrade_ms(self: &Delays): u64 { self.upgrade_ms }

/// The time after its deadline during which a request may be answered.
public fun answer_window_ms(self: &Delays): u64 { self.answer_window_ms }

/// What a violation costs of a stake.
public(package) fun violation_penalty(self: &Penalties, stake: u64): u64 { part(stake, self.violation_bps) }

/// What the reporter gets of a bond.
public(package) fun reporter_reward(self: &Penalties, bond: u64): u64 { part(bond, self.reporter_bps) }

fun part(amount: u64, bps: u64): u64 {
    ((amount as u128) * (bps as u128) / (ALL_BPS as u128)) as u64
}

fun value_mut(self: &mut Settings, name: &vector<u8>): &mut u64 {
    if (name == b"min_stake") &mut self.min_stake
    else if (name == b"min_bond") &mut self.min_bond
    else if (name == b"max_deadline_ms") &mut self.max_deadline_ms
    else if (name == b"max_stream_ms") &mut self.max_stream_ms
    else if (name == b"enclave_lifetime_ms") &mut self.enclave_lifetime_ms
    else if (name == b"challenge_lifetime_ms") &mut self.challenge_lifetime_ms
    else if (name == b"request_inline_bytes") &mut self.request_inline_bytes
    else if (name == b"response_inline_bytes") &mut self.response_inline_bytes
    else if (name == b"receipt_deposit") &mut self.receipt_deposit
    else abort EUnknownSetting
}

/// What has to be put up loosens when it falls, everything else when it rises.
fun loosens(name: &vector<u8>, before: u64, value: u64): bool {
    if (name == b"min_stake" || name == b"min_bond" || name == b"receipt_deposit") value < before else value > before
}

fun spans(self: &Delays): vector<u64> {
    vector[
        self.measurement_ms,
        self.settings_ms,
        self.token_ms,
        self.operator_ms,
        self.withdrawal_ms,
        self.evidence_ms,
        self.upgrade_ms,
        self.answer_window_ms,
    ]
}

fun assert_bounds(self: &Settings) {
    assert_span(self.max_deadline_ms);
    assert_span(self.max_stream_ms);
    assert_span(self.enclave_lifetime_ms);
    assert_span(self.challenge_lifetime_ms);
    assert_inline(self.request_inline_bytes);
    assert_inline(self.response_inline_bytes);
    assert!(self.receipt_deposit > 0, EReceiptDeposit);
}

fun assert_span(span_ms: u64) {
    assert!(span_ms > 0, EZeroSpan);
    assert!(span_ms <= MAX_SPAN_MS, ESpanTooLong);
}

fun assert_inline(bytes: u64) {
    assert!(bytes >= MIN_INLINE_BYTES && bytes <= MAX_INLINE_BYTES, EInlineSize);
}
