//! Thresholds and randomness of consistent probability sampling, and the `ot` entry of trace state that carries them.
//!
//! A span is sampled if and only if `R >= T`. `R`, 56 bits, is the same for a whole trace: the sub-key `rv` if there is one, else
//! the lower 56 bits of the trace id. `T` follows from the share p of traces that are wanted, `(1 - p) * 2^56`, and goes into
//! the sub-key `th` of what was sampled, so that every stage after it knows for how many spans this one stands.
//!
//! in trace state              | is
//! ----------------------------|----------------------------------------------------------------
//! `ot=th:c`                   | T = 0xc0000000000000, so p = 1/4: 1 to 14 lower-case digits, zeroes to the right left out
//! `ot=rv:6e6d1a75832a2f`      | R, exactly 14 lower-case digits; never changed
//! `ot=th:c;rv:…;other:value`  | several; what is not ours is passed on
//!
//! Source: OpenTelemetry specification, "TraceState: Probability Sampling" and "TraceState Handling".

use crate::trace::{TraceId, TraceState};
use std::sync::LazyLock;

/// How many values `R` can have; a threshold of this many lets nothing pass.
pub const RANGE: u64 = 1 << 56;
/// Hexadecimal digits of a whole threshold or randomness.
const DIGITS: usize = 14;
/// The key of OpenTelemetry's own entry.
const KEY: &str = "ot";
/// Most characters of that entry.
const MAX_ENTRY: usize = 256;
/// Digits after the leading `f`s that a threshold made from a share keeps, as the specification recommends.
const PRECISION: u32 = 4;

/// `ot=th:0`: everything was sampled.
pub(super) static ALL: LazyLock<TraceState> =
    LazyLock::new(|| TraceState::parse(&format!("{KEY}=th:0")));

/// The threshold for a share from 2^-56 to 1, rounded to four digits after the leading `f`s; 2^56 for 0.
pub fn of_share(share: f64) -> u64 {
    // Multiplying by a power of two is exact, so only the last bit is rounded.
    let exact = RANGE - (share * RANGE as f64).round() as u64;
    if exact == 0 || exact == RANGE {
        return exact;
    }
    let leading = (RANGE - exact).leading_zeros() - (RANGE - 1).leading_zeros();
    let digits = (PRECISION + leading / 4).min(DIGITS as u32);
    let dropped = 4 * (DIGITS as u32 - digits);
    let half = (1u64 << dropped) >> 1;
    ((exact + half) >> dropped) << dropped
}

/// The share of traces that a threshold lets pass.
pub fn share_of(threshold: u64) -> f64 {
    (RANGE - threshold.min(RANGE)) as f64 / RANGE as f64
}

/// A threshold as it stands after `th:`.
pub fn digits(threshold: u64) -> String {
    let all = format!("{threshold:014x}");
    match all.trim_end_matches('0') {
        "" => "0".to_owned(),
        digits => digits.to_owned(),
    }
}

/// What the `ot` entry of a trace state says about sampling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct OtelState {
    /// T of the stage before; `None` where it is not known or not well-formed.
    pub threshold: Option<u64>,
    /// R, where the trace brings its own.
    pub randomness: Option<u64>,
}

impl OtelState {
    /// Reads the entry. A sub-key that is not well-formed is not there.
    pub fn of(state: &TraceState) -> Self {
        let entry = if state.is_empty() {
            None
        } else {
            state.get(KEY)
        };
        let Some(entry) = entry else {
            return Self::default();
        };
        let find = |key: &str| sub_keys(entry).find(|one| one.0 == key).map(|one| one.1);
        Self {
            threshold: find("th").and_then(|digits| number(digits, 1)),
            randomness: find("rv").and_then(|digits| number(digits, DIGITS)),
        }
    }

    /// R of a trace.
    #[inline]
    pub fn randomness_of(&self, trace_id: TraceId) -> u64 {
        self.randomness.unwrap_or(trace_id.low() % RANGE)
    }
}

/// `state` with this threshold in place of the one before; the same state if nothing changes, so that nothing is allocated.
///
/// The second part is false if there was no room for the threshold: then there is none.
pub(super) fn with_threshold(
    state: &TraceState,
    threshold: Option<u64>,
) -> (Option<TraceState>, bool) {
    let entry = state.get(KEY).unwrap_or_default();
    let before = sub_keys(entry).find(|(key, _)| *key == "th");
    let wanted = threshold.map(digits);
    if before.map(|(_, digits)| digits) == wanted.as_deref() {
        return (None, true);
    }
    let others = || {
        let kept = entry.split(';').filter(|member| !is_threshold(member));
        kept.filter(|member| !member.is_empty())
    };
    let mut members: Vec<&str> = Vec::new();
    let written = wanted.map(|digits| format!("th:{digits}"));
    members.extend(written.as_deref());
    members.extend(others());
    let value = members.join(";");
    if written.is_none() || value.len() <= MAX_ENTRY {
        return (Some(put(state, &value)), true);
    }
    // An entry this long is somebody else's; without room for the new threshold the old one would be a lie.
    let value = others().collect::<Vec<_>>().join(";");
    (Some(put(state, &value)), false)
}

fn put(state: &TraceState, value: &str) -> TraceState {
    if value.is_empty() {
        return state.without(KEY);
    }
    // What was well-formed before is so without a part of it.
    state.with(KEY, value).unwrap_or_else(|| state.without(KEY))
}

fn is_threshold(member: &str) -> bool {
    member.split_once(':').is_some_and(|(key, _)| key == "th")
}

fn sub_keys(entry: &str) -> impl Iterator<Item = (&str, &str)> {
    entry.split(';').filter_map(|member| member.split_once(':'))
}

/// Lower-case digits, as many as `least` to fourteen, the most significant first.
fn number(digits: &str, least: usize) -> Option<u64> {
    let fits = (least..=DIGITS).contains(&digits.len())
        && digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
    let shift = 4 * (DIGITS.saturating_sub(digits.len()));
    fits.then(|| {
        u64::from_str_radix(digits, 16)
            .ok()
            .map(|number| number << shift)
    })?
}

#[cfg(test)]
#[path = "threshold_tests.rs"]
mod tests;
