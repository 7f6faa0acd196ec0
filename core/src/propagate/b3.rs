//! B3, the headers of Zipkin: one header `b3`, or several that start with `x-b3-`.
//!
//! ```text
//! b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90
//!     trace id, 32 or 16 digits        span id          │ the parent's parent: read over, never sent
//!                                                       └ 1 sampled, 0 not, d debug, absent: undecided
//! ```
//!
//! `b3` and `b3multi` read both forms and differ in what they send. Of the two forms the single header counts.
//!
//! received                                        | meaning
//! ------------------------------------------------|-------------------------------------------------------
//! a trace id of 16 digits                         | the lower half; the upper half is zero
//! `b3: 0`, a sampling state alone                 | no caller: there are no ids that it could be said of
//! `x-b3-sampled: true` or `false`                 | as 1 or 0, as old tracers have it
//! `x-b3-flags: 1`                                 | debug, whatever `x-b3-sampled` says
//! `x-b3-sampled` or `x-b3-flags` that is malformed | as if it were absent
//! anything else                                   | no caller
//!
//! Source: openzipkin/b3-propagation; OpenTelemetry specification, "B3 Requirements".

use super::carrier::{Getter, first};
use super::found::{Found, Sampling};
use crate::trace::{SpanContext, SpanId, TraceId};

/// Name of the single header.
pub const B3: &str = "b3";
/// Name of the header with the trace id.
pub const TRACE_ID: &str = "x-b3-traceid";
/// Name of the header with the span id.
pub const SPAN_ID: &str = "x-b3-spanid";
/// Name of the header with the sampling decision.
pub const SAMPLED: &str = "x-b3-sampled";
/// Name of the header with the debug flag.
pub const FLAGS: &str = "x-b3-flags";

/// Reads either form.
pub(super) fn extract(getter: &dyn Getter) -> Option<Found> {
    match first(getter, B3).as_deref().and_then(parse) {
        Some(found) => Some(found),
        None => extract_multi(getter),
    }
}

/// Sends the single header.
pub(super) fn inject(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    let state = match Sampling::of(context) {
        Sampling::Debug => "-d",
        Sampling::Sampled => "-1",
        Sampling::Unsampled => "-0",
        Sampling::Undecided => "",
    };
    set(
        B3,
        &format!("{}-{}{state}", context.trace_id, context.span_id),
    );
}

/// Sends several headers.
pub(super) fn inject_multi(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    set(TRACE_ID, &context.trace_id.to_string());
    set(SPAN_ID, &context.span_id.to_string());
    match Sampling::of(context) {
        // Debug implies sampled; the standard asks not to send both.
        Sampling::Debug => set(FLAGS, "1"),
        Sampling::Sampled => set(SAMPLED, "1"),
        Sampling::Unsampled => set(SAMPLED, "0"),
        Sampling::Undecided => {}
    }
}

fn parse(header: &str) -> Option<Found> {
    let mut parts = header.split('-');
    let trace_id = trace_id(parts.next()?)?;
    let span_id = parts.next()?.parse().ok()?;
    let sampling = match parts.next() {
        None => Sampling::Undecided,
        Some("d") => Sampling::Debug,
        Some("1") => Sampling::Sampled,
        Some("0") => Sampling::Unsampled,
        Some(_) => return None,
    };
    // All that may follow is the parent's parent.
    if let Some(parent) = parts.next() {
        parent.parse::<SpanId>().ok()?;
    }
    match parts.next() {
        Some(_) => None,
        None => Found::new(trace_id, span_id, sampling),
    }
}

fn extract_multi(getter: &dyn Getter) -> Option<Found> {
    let trace_id = trace_id(&first(getter, TRACE_ID)?)?;
    let span_id = first(getter, SPAN_ID)?.parse().ok()?;
    let sampling = if first(getter, FLAGS).as_deref() == Some("1") {
        Sampling::Debug
    } else {
        match first(getter, SAMPLED).as_deref() {
            Some("1" | "true") => Sampling::Sampled,
            Some("0" | "false") => Sampling::Unsampled,
            _ => Sampling::Undecided,
        }
    };
    Found::new(trace_id, span_id, sampling)
}

/// A trace id of 128 or 64 bits.
fn trace_id(digits: &str) -> Option<TraceId> {
    match digits.len() {
        SpanId::DIGITS => {
            let low: SpanId = digits.parse().ok()?;
            Some(TraceId::from_parts(0, low.as_u64()))
        }
        _ => digits.parse().ok(),
    }
}

#[cfg(test)]
#[path = "b3_tests.rs"]
mod tests;
