//! AWS X-Ray: the header `x-amzn-trace-id`.
//!
//! ```text
//! x-amzn-trace-id: Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1
//!                       │ └ the trace id in two parts       span id             1, 0, or ? undecided
//!                       └ version
//! ```
//!
//! Fields may stand in any order with blanks around them. `Self`, `Lineage` and others that X-Ray adds are read over and
//! not sent. `Sampled` that is absent or anything else leaves the decision to us. A header without `Parent`, as a load
//! balancer makes it, names no span that could be a parent: a new trace begins.
//!
//! Source: AWS X-Ray developer guide, "Tracing header".

use super::carrier::{Getter, first};
use super::found::{Found, Sampling};
use crate::trace::{SpanContext, SpanId, TraceId};

/// Name of the header.
pub const TRACE_HEADER: &str = "x-amzn-trace-id";

/// Digits of the part of the trace id that was a time once.
const TIME_DIGITS: usize = 8;

/// Reads the caller's span.
pub(super) fn extract(getter: &dyn Getter) -> Option<Found> {
    parse(&first(getter, TRACE_HEADER)?)
}

fn parse(header: &str) -> Option<Found> {
    let (mut trace_id, mut span_id) = (None, None);
    let mut sampling = Sampling::Undecided;
    for field in header.split(';') {
        let Some((key, value)) = field.split_once('=') else {
            continue;
        };
        match (key.trim(), value.trim()) {
            ("Root", root) => trace_id = Some(self::trace_id(root)?),
            ("Parent", parent) => span_id = Some(parent.parse::<SpanId>().ok()?),
            ("Sampled", "1") => sampling = Sampling::Sampled,
            ("Sampled", "0") => sampling = Sampling::Unsampled,
            _ => {}
        }
    }
    Found::new(trace_id?, span_id?, sampling)
}

fn trace_id(root: &str) -> Option<TraceId> {
    let (time, unique) = root.strip_prefix("1-")?.split_once('-')?;
    if time.len() != TIME_DIGITS || unique.len() != TraceId::DIGITS - TIME_DIGITS {
        return None;
    }
    format!("{time}{unique}").parse().ok()
}

/// Sends the span.
pub(super) fn inject(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    let digits = context.trace_id.to_string();
    let (time, unique) = digits.split_at(TIME_DIGITS);
    let sampled = match Sampling::of(context) {
        Sampling::Sampled | Sampling::Debug => '1',
        Sampling::Unsampled => '0',
        Sampling::Undecided => '?',
    };
    let parent = context.span_id;
    set(
        TRACE_HEADER,
        &format!("Root=1-{time}-{unique};Parent={parent};Sampled={sampled}"),
    );
}

#[cfg(test)]
#[path = "xray_tests.rs"]
mod tests;
