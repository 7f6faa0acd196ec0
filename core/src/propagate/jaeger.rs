//! Jaeger's own headers: `uber-trace-id`, and baggage in headers that start with `uberctx-`.
//!
//! ```text
//! uber-trace-id: 0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1
//!                trace id, 1 to 32 digits         span id, 1 to 16 │ └ flags: 1 sampled, 2 debug
//!                                                                  └ the parent's parent: read over, sent as 0
//! uberctx-user: Am%C3%A9lie
//! jaeger-baggage: user=Am%C3%A9lie, tier=2
//! ```
//!
//! received                              | meaning
//! --------------------------------------|---------------------------------------------------------------
//! ids with fewer digits                 | zeroes in front of them
//! a percent-encoded `uber-trace-id`     | is decoded, as some clients encode it
//! debug without sampled                 | sampled
//! a malformed field, or not four of them | no caller
//! `jaeger-baggage`, written by hand     | entries; read, never sent
//!
//! Names of headers have no case, so baggage keys come in lower case. Baggage is bounded and redacted as in
//! the module `baggage`; its properties have no place here. Keys that end with `-bin` are left out: gRPC takes
//! their values for bytes.
//!
//! Source: jaegertracing.io, "Client Libraries", "Propagation Format".

use super::baggage::{self, Baggage, MAX_BYTES, MAX_MEMBERS, Redact};
use super::carrier::{Getter, first, is_binary};
use super::found::{Found, Sampling};
use crate::trace::{SpanContext, SpanId, TraceId};
use percent_encoding::percent_decode_str;

/// Name of the header with ids and flags.
pub const UBER_TRACE_ID: &str = "uber-trace-id";
/// What the name of a header with one baggage entry starts with.
pub const UBERCTX: &str = "uberctx-";
/// Name of the header with baggage written by hand.
pub const JAEGER_BAGGAGE: &str = "jaeger-baggage";

/// The longest header there can be, every character of it encoded.
const MAX_ENCODED: usize = 3 * (32 + 16 + 16 + 2 + 3);

/// Reads the caller's span.
pub(super) fn extract(getter: &dyn Getter) -> Option<Found> {
    let header = first(getter, UBER_TRACE_ID)?;
    if header.len() > MAX_ENCODED {
        return None;
    }
    parse(&percent_decode_str(&header).decode_utf8().ok()?)
}

fn parse(header: &str) -> Option<Found> {
    let mut parts = header.split(':');
    let trace_id = parts.next().filter(|digits| digits.len() <= 32)?;
    let (high, low) = trace_id.split_at_checked(trace_id.len().saturating_sub(16))?;
    let high = if high.is_empty() { 0 } else { number(high)? };
    let trace_id = TraceId::from_parts(high, number(low)?);
    let span_id = SpanId::from_u64(number(parts.next()?)?);
    // Some clients leave it empty.
    let _parent = parts
        .next()
        .filter(|id| id.is_empty() || number(id).is_some())?;
    let flags = parts
        .next()
        .filter(|digits| digits.len() <= 2)
        .and_then(number)?;
    let sampling = match flags & 3 {
        0 => Sampling::Unsampled,
        1 => Sampling::Sampled,
        _ => Sampling::Debug,
    };
    match parts.next() {
        Some(_) => None,
        None => Found::new(trace_id, span_id, sampling),
    }
}

/// One to sixteen hexadecimal digits.
fn number(digits: &str) -> Option<u64> {
    let only_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let number = u64::from_str_radix(digits, 16).ok()?;
    (digits.len() <= 16 && only_digits).then_some(number)
}

/// Sends the span.
pub(super) fn inject(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    let flags = match Sampling::of(context) {
        Sampling::Debug => 3,
        Sampling::Sampled => 1,
        // The format cannot leave the decision open.
        Sampling::Unsampled | Sampling::Undecided => 0,
    };
    let (trace_id, span_id) = (context.trace_id, context.span_id);
    set(UBER_TRACE_ID, &format!("{trace_id}:{span_id}:0:{flags}"));
}

/// Reads the caller's baggage. Of a header that came twice the first counts, and headers count before what is written by
/// hand.
pub(super) fn extract_baggage(getter: &dyn Getter) -> Baggage {
    let mut names: Vec<String> = Vec::new();
    getter.keys(&mut |name| {
        // A name that came a thousand times is looked up once, or all its values would come a thousand times.
        let is_known = |name| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if names.len() < MAX_MEMBERS && key_of(name).is_some() && !is_known(name) {
            names.push(name.to_ascii_lowercase());
        }
    });
    let mut entries = Baggage::new();
    let mut room = MAX_BYTES;
    for name in &names {
        let (Some(key), Some(value)) = (key_of(name), first(getter, name)) else {
            continue;
        };
        match room.checked_sub(key.len() + value.len()) {
            Some(left) => room = left,
            None => break,
        }
        entries.set(key, baggage::decode(&value));
    }
    let by_hand = getter.get(JAEGER_BAGGAGE);
    entries.complete_from(&baggage::parse(by_hand.iter().map(String::as_str)));
    entries
}

fn key_of(name: &str) -> Option<&str> {
    let (prefix, key) = name.split_at_checked(UBERCTX.len())?;
    let is_key = key.len() < MAX_BYTES && baggage::is_token(key) && !is_binary(key);
    (is_key && prefix.eq_ignore_ascii_case(UBERCTX)).then_some(key)
}

/// Sends the baggage, one header an entry, and tells how many entries are left out.
pub(super) fn inject_baggage(
    entries: &Baggage,
    redact: &Redact<'_>,
    set: &mut dyn FnMut(&str, &str),
) -> usize {
    let (mut room, mut written) = (MAX_BYTES, 0);
    for entry in entries {
        let name = format!("{UBERCTX}{}", entry.key().to_ascii_lowercase());
        let pair = baggage::pair(entry, redact).filter(|_| !is_binary(&name));
        let Some((key, value)) = pair.filter(|_| written < MAX_MEMBERS) else {
            continue;
        };
        if let Some(left) = room.checked_sub(key.len() + value.len()) {
            room = left;
            written += 1;
            set(&name, &value);
        }
    }
    entries.len() - written
}

#[cfg(test)]
#[path = "jaeger_tests.rs"]
mod tests;
