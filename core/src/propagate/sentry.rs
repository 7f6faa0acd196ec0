//! Sentry: the header `sentry-trace`, and what it wants to know of a trace's head among the baggage.
//!
//! ```text
//! sentry-trace: 0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1
//!               trace id                         span id          └ 1 sampled, 0 not, absent: undecided
//! baggage: …,sentry-trace_id=0af7…,sentry-public_key=…,sentry-sample_rate=0.25,sentry-sampled=true,…
//! ```
//!
//! The baggage entries that start with `sentry-` are the *dynamic sampling context*: made once where the trace begins, and
//! *frozen* from then on.
//!
//! situation at inject                                | `sentry-` entries that are sent
//! ---------------------------------------------------|------------------------------------------------------
//! some came with this trace                          | those, unchanged
//! some are held that name another trace              | none of those
//! the trace began elsewhere, and none came           | none
//! the trace began here and the [`Head`] is known     | those of [`Head`], after all other entries
//!
//! With the propagator `baggage` beside it all baggage is sent, without it only these entries. A caller whose
//! `sentry-org_id` is known and is not ours is another organization's: its `sentry-trace` and `sentry-` entries are not
//! continued. What [`redact`](crate::redact) removes is removed here as well.
//!
//! `sentry-baggage` is read where there is no `baggage`, for the variable `SENTRY_BAGGAGE` that Sentry's tools set.
//!
//! Source: Sentry's SDK specification, "Trace Propagation" 1.9 and "Dynamic Sampling Context" 1.3.

use super::baggage::{self, BAGGAGE, Baggage};
use super::carrier::{Getter, first};
use super::found::{Found, Sampling};
use super::marks::Marks;
use crate::config::Dsn;
use crate::trace::SpanContext;

/// Name of the header with ids and decision.
pub const SENTRY_TRACE: &str = "sentry-trace";
/// Read where there is no `baggage`.
pub const SENTRY_BAGGAGE: &str = "sentry-baggage";
/// What the keys of the dynamic sampling context start with.
pub const PREFIX: &str = "sentry-";

/// What this process says of the traces that begin in it.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Head {
    /// The public key of the Sentry project, from its DSN.
    pub public_key: String,
    /// The organization; `None` if the DSN does not tell it.
    pub org_id: Option<String>,
    /// `deployment.environment.name` of the resource.
    pub environment: Option<String>,
    /// `service.version` of the resource.
    pub release: Option<String>,
    /// The share of traces that the sampler samples at roots; without it nothing is said.
    pub sample_rate: Option<f64>,
}

impl Head {
    /// What a DSN tells of the project.
    pub(crate) fn of(dsn: &Dsn) -> Self {
        Self {
            public_key: dsn.public_key().to_owned(),
            org_id: dsn.org_id().map(str::to_owned),
            ..Self::default()
        }
    }

    /// Whether these entries came from another organization.
    fn is_foreign(&self, theirs: &Baggage) -> bool {
        let org_id = theirs.get("sentry-org_id");
        self.org_id
            .as_deref()
            .zip(org_id)
            .is_some_and(|(ours, theirs)| ours != theirs)
    }

    /// The entries for a trace that began here.
    fn entries(&self, context: &SpanContext) -> Baggage {
        let Some(rate) = self.sample_rate else {
            return Baggage::new();
        };
        let sampled = context.is_sampled();
        let mut entries = Baggage::new();
        let mut set = |key: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                entries.set(format!("{PREFIX}{key}"), value);
            }
        };
        set("trace_id", Some(context.trace_id.to_string()));
        set("public_key", Some(self.public_key.clone()));
        set("org_id", self.org_id.clone());
        set("environment", self.environment.clone());
        set("release", self.release.clone());
        set("sample_rate", Some(rate.to_string()));
        set("sample_rand", sample_rand(context, rate));
        set("sampled", Some(sampled.to_string()));
        entries
    }
}

/// The number in [0, 1) that stands for the decision: below the rate exactly if the trace is sampled. It follows from the
/// trace id, so every span of the trace gives the same. `None` if the rate does not allow the decision.
fn sample_rand(context: &SpanContext, rate: f64) -> Option<String> {
    /// Six decimals, as Sentry has it.
    const STEPS: f64 = 1e6;
    let share = (context.trace_id.low() & ((1 << 53) - 1)) as f64 / (1_u64 << 53) as f64;
    // Steps that lie wholly on the side of the decision.
    let edge = (rate * STEPS).ceil();
    let (from, to) = if context.is_sampled() {
        (0.0, edge)
    } else {
        (edge, STEPS)
    };
    let step = (from + share * (to - from)).floor();
    (step < to).then(|| format!("{:.6}", step / STEPS))
}

/// What the headers say: the caller, and the entries that came with it. Nothing if they are another organization's.
pub(super) struct Caller {
    pub(super) found: Option<Found>,
    pub(super) entries: Baggage,
    pub(super) is_foreign: bool,
}

/// Reads the headers.
pub(super) fn extract(getter: &dyn Getter, head: Option<&Head>) -> Caller {
    let mut lines = getter.get(BAGGAGE);
    if lines.is_empty() {
        lines = getter.get(SENTRY_BAGGAGE);
    }
    let mut entries = baggage::parse(lines.iter().map(String::as_str));
    entries.retain(|entry| entry.key().starts_with(PREFIX));
    if head.is_some_and(|head| head.is_foreign(&entries)) {
        return Caller {
            found: None,
            entries: Baggage::new(),
            is_foreign: true,
        };
    }
    Caller {
        found: first(getter, SENTRY_TRACE).as_deref().and_then(parse),
        entries,
        is_foreign: false,
    }
}

fn parse(header: &str) -> Option<Found> {
    let mut parts = header.split('-');
    let trace_id = parts.next()?.parse().ok()?;
    let span_id = parts.next()?.parse().ok()?;
    let sampling = match parts.next() {
        None | Some("") => Sampling::Undecided,
        Some("1") => Sampling::Sampled,
        Some("0") => Sampling::Unsampled,
        Some(_) => return None,
    };
    match parts.next() {
        Some(_) => None,
        None => Found::new(trace_id, span_id, sampling),
    }
}

/// Sends the span.
pub(super) fn inject(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    let state = match Sampling::of(context) {
        Sampling::Sampled | Sampling::Debug => "-1",
        Sampling::Unsampled => "-0",
        Sampling::Undecided => "",
    };
    let (trace_id, span_id) = (context.trace_id, context.span_id);
    set(SENTRY_TRACE, &format!("{trace_id}-{span_id}{state}"));
}

/// Whether the held entries are those of this context's trace; without a context there is nothing to hold against them.
pub(super) fn is_frozen(held: &Baggage, context: &SpanContext) -> bool {
    let trace_id = held.get("sentry-trace_id");
    !context.is_valid() || trace_id.is_none_or(|id| id == context.trace_id.to_string())
}

/// The entries that this process adds itself: none unless the trace began here and none came with it.
pub(super) fn own_entries(held: &Baggage, context: &SpanContext, head: Option<&Head>) -> Baggage {
    let came = is_frozen(held, context) && held.iter().any(|e| e.key().starts_with(PREFIX));
    match head {
        Some(head) if context.is_valid() && !came && !Marks::of(&context.state).has_head => {
            head.entries(context)
        }
        _ => Baggage::new(),
    }
}

#[cfg(test)]
#[path = "sentry_tests.rs"]
mod tests;
