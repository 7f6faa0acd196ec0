//! Datadog's headers, and the trace state member in which they travel where headers are W3C's.
//!
//! header                        | is
//! ------------------------------|-----------------------------------------------------------------------
//! `x-datadog-trace-id`          | the lower 64 bits of the trace id, in decimal
//! `x-datadog-parent-id`         | the span id, in decimal
//! `x-datadog-sampling-priority` | above 0 sampled (2: the user asked for it), else not (-1: asked against it)
//! `x-datadog-origin`            | where the trace began, such as `synthetics`
//! `x-datadog-tags`              | `_dd.p.tid=…`, the upper 64 bits in sixteen digits; other `_dd.p.*` tags of the trace
//!
//! Priority, origin and tags are held as Datadog's own tracers write them into trace state, `dd=s:2;o:synthetics;t.dm:-4`,
//! so they survive languages and W3C hops. They are sent on as long as the sampling decision is the one they were made
//! for; else the priority is 1 or 0, and the tag that names the old decision's maker (`_dd.p.dm`) is left out.
//!
//! received                                  | meaning
//! ------------------------------------------|------------------------------------------------------------
//! an id that is 0 or no 64-bit number       | no caller
//! a priority that is absent or no number    | undecided
//! `_dd.p.tid` that is not sixteen digits    | the upper half is zero
//! tags longer than 512 characters           | none of them
//! tags that do not fit into trace state     | the first ones that do
//!
//! What is sent in `x-datadog-tags` has at most 512 characters too, for the member of trace state has at most 256.
//! Datadog's baggage is W3C's: name `baggage` as well.
//!
//! Source: docs.datadoghq.com, "Trace Context Propagation", and the Datadog tracers' `tracestate` format.

use super::carrier::{Getter, first};
use super::found::{Found, Sampling};
use crate::trace::{SpanContext, SpanId, TraceId, TraceState};

/// Name of the header with the lower half of the trace id.
pub const TRACE_ID: &str = "x-datadog-trace-id";
/// Name of the header with the span id.
pub const PARENT_ID: &str = "x-datadog-parent-id";
/// Name of the header with the sampling priority.
pub const SAMPLING_PRIORITY: &str = "x-datadog-sampling-priority";
/// Name of the header with the trace's origin.
pub const ORIGIN: &str = "x-datadog-origin";
/// Name of the header with the trace's tags.
pub const TAGS: &str = "x-datadog-tags";

/// Most characters of the tags that are read, and that can come of a trace state member.
pub const MAX_TAGS: usize = 512;
/// Most characters of the trace state member.
const MAX_MEMBER: usize = 256;
/// What the key of a tag of the whole trace starts with.
const TAG: &str = "_dd.p.";

/// Reads the caller's span.
pub(super) fn extract(getter: &dyn Getter) -> Option<Found> {
    let low = decimal(&first(getter, TRACE_ID)?)?;
    let span_id = SpanId::from_u64(decimal(&first(getter, PARENT_ID)?)?);
    let priority = first(getter, SAMPLING_PRIORITY).and_then(|text| text.parse::<i8>().ok());
    let tags = first(getter, TAGS).filter(|tags| tags.len() <= MAX_TAGS);
    let tags = tags.as_deref().unwrap_or_default();
    let sampling = match priority {
        Some(1..) => Sampling::Sampled,
        Some(_) => Sampling::Unsampled,
        None => Sampling::Undecided,
    };
    let trace_id = TraceId::from_parts(high(tags), low);
    let mut found = Found::new(trace_id, span_id, sampling)?;
    let member = member(priority, first(getter, ORIGIN).as_deref(), tags);
    if let Some(state) = TraceState::EMPTY.with("dd", &member) {
        found.context.state = state;
    }
    Some(found)
}

fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits)
}

/// The tags of the whole trace, without what their keys start with.
fn tags(header: &str) -> impl Iterator<Item = (&str, &str)> {
    header.split(',').filter_map(|tag| {
        let (key, value) = tag.trim().strip_prefix(TAG)?.split_once('=')?;
        (!key.is_empty() && !value.is_empty()).then_some((key, value))
    })
}

fn high(header: &str) -> u64 {
    let tid = tags(header).find(|(key, _)| *key == "tid");
    let id = tid.and_then(|(_, digits)| digits.parse().ok());
    id.map_or(0, SpanId::as_u64)
}

/// The value of the trace state member; empty if there is nothing to hold.
fn member(priority: Option<i8>, origin: Option<&str>, header: &str) -> String {
    let mut member = String::new();
    let mut push = |key: &str, value: &str| {
        let separator = usize::from(!member.is_empty());
        if member.len() + separator + key.len() + 1 + value.len() <= MAX_MEMBER {
            if separator > 0 {
                member.push(';');
            }
            member.extend([key, ":", value]);
        }
    };
    if let Some(priority) = priority {
        push("s", &priority.to_string());
    }
    if let Some(origin) = origin.filter(|origin| origin.len() < MAX_MEMBER) {
        push("o", &to_state(origin));
    }
    for (key, value) in tags(header).filter(|(key, _)| *key != "tid") {
        push(
            &format!("t.{}", to_state(key).replace(':', "_")),
            &to_state(value),
        );
    }
    // A blank at the end is not allowed in trace state.
    let end = member.trim_end_matches(' ').len();
    member.truncate(end);
    member
}

/// Sends the span and what came with it.
pub(super) fn inject(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    let held = Held::of(context);
    set(TRACE_ID, &context.trace_id.low().to_string());
    set(PARENT_ID, &context.span_id.as_u64().to_string());
    let sampling = Sampling::of(context);
    if sampling != Sampling::Undecided {
        let own = i8::from(sampling != Sampling::Unsampled);
        set(SAMPLING_PRIORITY, &held.priority.unwrap_or(own).to_string());
    }
    if let Some(origin) = held.origin {
        set(ORIGIN, &from_state(origin));
    }
    let tags = held.tags(context.trace_id.high());
    if !tags.is_empty() {
        set(TAGS, &tags);
    }
}

/// What the trace state holds for Datadog.
#[derive(Default)]
struct Held<'a> {
    /// If it agrees with the context's decision.
    priority: Option<i8>,
    origin: Option<&'a str>,
    tags: Vec<(&'a str, &'a str)>,
}

impl<'a> Held<'a> {
    fn of(context: &'a SpanContext) -> Self {
        let mut held = Self::default();
        let member = context.state.get("dd").unwrap_or_default();
        for (key, value) in member.split(';').filter_map(|pair| pair.split_once(':')) {
            match (key, key.strip_prefix("t.")) {
                ("s", _) => held.priority = value.parse().ok(),
                ("o", _) if !value.is_empty() => held.origin = Some(value),
                (_, Some(tag)) if tag != "tid" && !tag.is_empty() => held.tags.push((tag, value)),
                _ => {}
            }
        }
        held.priority = held
            .priority
            .filter(|priority| (*priority > 0) == context.is_sampled());
        if held.priority.is_none() {
            held.tags.retain(|(key, _)| *key != "dm");
        }
        held
    }

    /// The header, the upper half of the trace id first: it is the one that must not be left out.
    fn tags(&self, high: u64) -> String {
        let mut header = String::new();
        if high != 0 {
            header = format!("{TAG}tid={high:016x}");
        }
        for (key, value) in &self.tags {
            if !header.is_empty() {
                header.push(',');
            }
            header.extend([TAG, key, "=", &from_state(value)]);
        }
        header
    }
}

/// Text as it may stand in trace state: `=` as `~`, and `_` for what has no place there.
fn to_state(text: &str) -> String {
    let replaced = text.chars().map(|character| match character {
        '=' => '~',
        ' '..='~' if !matches!(character, ',' | ';' | '~') => character,
        _ => '_',
    });
    replaced.collect()
}

fn from_state(text: &str) -> String {
    text.replace('~', "=")
}

#[cfg(test)]
#[path = "datadog_tests.rs"]
mod tests;
