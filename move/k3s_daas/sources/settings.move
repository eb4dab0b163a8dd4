/// The numbers of a cluster: limits that requests are held to, and the delays after which what loosens holds.
/// Plain values; who may change them, and when, is the cluster's concern.
module k3s_daas::settings;

/// The smallest sealed payload limit that still carries a request line and its headers.
const MIN_INLINE_BYTES: u64 = 1_000;
/// Seven chunks of 16,000 bytes: what one transaction carries beside its other arguments.
const MAX_INLINE_BYTES: u64 = 112_000;
/// A year: no deadline or lifetime is longer.
const MAX_SPAN_MS: u64 = 31_536_000_000;

#[error]
const EZeroSpan: vector<u8> = b"a deadline, window, lifetime or delay is zero";
#[error]
const ESpanTooLong: vector<u8> = b"a deadline, window, lifetime or delay is longer than a year";
#[error]
const EInlineSize: vector<u8> = b"an inline size is outside 1,000 to 112,000 bytes";
#[error]
const EDelayOverMaximum: vector<u8> = b"a delay is over its maximum";
#[error]
const EEvidenceWindow: vector<u8> = b"the evidence window is not shorter than the withdrawal delay";

/// Limits of requests, answers and enclaves. Times are milliseconds, amounts MIST.
public struct Settings has copy, drop, store {
    min_stake: u64,
    min_bond: u64,
    max_deadline_ms: u64,
    max_stream_ms: u64,
    answer_window_ms: u64,
    enclave_lifetime_ms: u64,
    challenge_lifetime_ms: u64,
    request_inline_bytes: u64,
    response_inline_bytes: u64,
}

/// What an AdminCap loosens, adds or replaces holds after these; milliseconds.
public struct Delays has copy, drop, store {
    measurement_ms: u64,
    settings_ms: u64,
    token_ms: u64,
    operator_ms: u64,
    withdrawal_ms: u64,
    evidence_ms: u64,
    upgrade_ms: u64,
}

/// Settings whose spans are positive and whose inline sizes fit a transaction.
public fun new_settings(
    min_stake: u64,
    min_bond: u64,
    max_deadline_ms: u64,
    max_stream_ms: u64,
    answer_window_ms: u64,
    enclave_lifetime_ms: u64,
    challenge_lifetime_ms: u64,
    request_inline_bytes: u64,
    response_inline_bytes: u64,
): Settings {
    assert_span(max_deadline_ms);
    assert_span(max_stream_ms);
    assert_span(answer_window_ms);
    assert_span(enclave_lifetime_ms);
    assert_span(challenge_lifetime_ms);
    assert_inline(request_inline_bytes);
    assert_inline(response_inline_bytes);
    Settings {
        min_stake,
        min_bond,
        max_deadline_ms,
        max_stream_ms,
        answer_window_ms,
        enclave_lifetime_ms,
        challenge_lifetime_ms,
        request_inline_bytes,
        response_inline_bytes,
    }
}

/// Delays, all positive, the evidence window shorter than the withdrawal delay.
public fun new_delays(
    measurement_ms: u64,
    settings_ms: u64,
    token_ms: u64,
    operator_ms: u64,
    withdrawal_ms: u64,
    evidence_ms: u64,
    upgrade_ms: u64,
): Delays {
    assert_span(measurement_ms);
    assert_span(settings_ms);
    assert_span(token_ms);
    assert_span(operator_ms);
    assert_span(withdrawal_ms);
    assert_span(evidence_ms);
    assert_span(upgrade_ms);
    assert!(evidence_ms < withdrawal_ms, EEvidenceWindow);
    Delays { measurement_ms, settings_ms, token_ms, operator_ms, withdrawal_ms, evidence_ms, upgrade_ms }
}

/// Aborts unless no delay is over its maximum.
public(package) fun assert_within(delays: &Delays, maxima: &Delays) {
    assert!(delays.measurement_ms <= maxima.measurement_ms, EDelayOverMaximum);
    assert!(delays.settings_ms <= maxima.settings_ms, EDelayOverMaximum);
    assert!(delays.token_ms <= maxima.token_ms, EDelayOverMaximum);
    assert!(delays.operator_ms <= maxima.operator_ms, EDelayOverMaximum);
    assert!(delays.withdrawal_ms <= maxima.withdrawal_ms, EDelayOverMaximum);
    assert!(delays.evidence_ms <= maxima.evidence_ms, EDelayOverMaximum);
    assert!(delays.upgrade_ms <= maxima.upgrade_ms, EDelayOverMaximum);
}

/// The stake that everything but get, list and watch needs; MIST.
public fun min_stake(self: &Settings): u64 { self.min_stake }

/// The bond without which an operator's enclaves are not usable; MIST.
public fun min_bond(self: &Settings): u64 { self.min_bond }

/// The longest time from now to the deadline of a request that is no stream.
public fun max_deadline_ms(self: &Settings): u64 { self.max_deadline_ms }

/// The longest time from now to the deadline of a stream.
public fun max_stream_ms(self: &Settings): u64 { self.max_stream_ms }

/// The time after its deadline during which a request may be answered.
public fun answer_window_ms(self: &Settings): u64 { self.answer_window_ms }

/// How long a registration lasts.
public fun enclave_lifetime_ms(self: &Settings): u64 { self.enclave_lifetime_ms }

/// How long a challenge may be used.
public fun challenge_lifetime_ms(self: &Settings): u64 { self.challenge_lifetime_ms }

/// Sealed payloads up to this size travel in the request's event.
public fun request_inline_bytes(self: &Settings): u64 { self.request_inline_bytes }

/// Sealed bodies up to this size travel in the answer's event.
public fun response_inline_bytes(self: &Settings): u64 { self.response_inline_bytes }

/// The time before an added measurement or configuration holds.
public fun measurement_ms(self: &Delays): u64 { self.measurement_ms }

/// The time before a token, or wider rules of one, hold.
public fun token_ms(self: &Delays): u64 { self.token_ms }

/// The time before an announced withdrawal is paid.
public fun withdrawal_ms(self: &Delays): u64 { self.withdrawal_ms }

fun assert_span(span_ms: u64) {
    assert!(span_ms > 0, EZeroSpan);
    assert!(span_ms <= MAX_SPAN_MS, ESpanTooLong);
}

fun assert_inline(bytes: u64) {
    assert!(bytes >= MIN_INLINE_BYTES && bytes <= MAX_INLINE_BYTES, EInlineSize);
}
