//! Several formats in one carrier.
//!
//! **Read**: the first of the list whose headers hold a valid context wins. Others that are of the same trace (64-bit
//! formats compare the lower half) complete it, and `tracecontext`, which says most, takes its place; others that are not
//! are passed over. Baggage is that of all formats that carry it; of a key that several have, the first of the list counts.
//!
//! **Sent**: every format of the list, in its order; `baggage`, which two formats may write, once.

use super::baggage::{self, BAGGAGE, Baggage, Entry, Redact};
use super::carrier::Getter;
use super::found::Found;
use super::{Propagator, Propagators, b3, datadog, jaeger, sentry, w3c, xray};
use crate::trace::SpanContext;

impl Propagators {
    /// Hands the headers for a call from `context` to `set`, and tells how many baggage entries are left out.
    ///
    /// Baggage passes `redact` first. An invalid context and empty baggage set nothing.
    pub fn inject(
        &self,
        context: &SpanContext,
        baggage: &Baggage,
        redact: &Redact<'_>,
        set: &mut dyn FnMut(&str, &str),
    ) -> usize {
        let (mut left_out, mut baggage_is_written) = (0, false);
        for propagator in self.list() {
            if context.is_valid() {
                inject_context(*propagator, context, set);
            }
            match propagator {
                Propagator::Baggage | Propagator::Sentry if !baggage_is_written => {
                    left_out += self.inject_baggage(context, baggage, redact, set);
                    baggage_is_written = true;
                }
                Propagator::Jaeger => left_out += jaeger::inject_baggage(baggage, redact, set),
                _ => {}
            }
        }
        left_out
    }

    /// Writes the header `baggage`, which belongs to `baggage` and to `sentry`.
    fn inject_baggage(
        &self,
        context: &SpanContext,
        held: &Baggage,
        redact: &Redact<'_>,
        set: &mut dyn FnMut(&str, &str),
    ) -> usize {
        let all = self.list().contains(&Propagator::Baggage);
        let by_rule = self.list().contains(&Propagator::Sentry);
        let frozen = !by_rule || sentry::is_frozen(held, context);
        let own = if by_rule {
            sentry::own_entries(held, context, self.sentry_head())
        } else {
            Baggage::new()
        };
        let is_sent = |entry: &&Entry| match entry.key().starts_with(sentry::PREFIX) {
            true => frozen,
            false => all,
        };
        let (header, left_out) = baggage::format(held.iter().filter(is_sent).chain(&own), redact);
        if !header.is_empty() {
            set(BAGGAGE, &header);
        }
        left_out
    }

    /// Reads the caller's context and baggage; `get` returns all lines of a header in their order. What a format keeps in
    /// names of its own (`jaeger`: baggage) needs [`extract_from`](Self::extract_from).
    pub fn extract(&self, get: &dyn Fn(&str) -> Vec<String>) -> (Option<SpanContext>, Baggage) {
        self.extract_from(&super::carrier::Function(get))
    }

    /// Reads the caller's context and baggage from any carrier.
    pub fn extract_from(&self, carrier: &dyn Getter) -> (Option<SpanContext>, Baggage) {
        let mut context: Option<Found> = None;
        let mut baggage = Baggage::new();
        let mut foreign = false;
        for propagator in self.list() {
            let found = match propagator {
                Propagator::TraceContext => w3c::extract(carrier).map(Found::from),
                Propagator::B3 | Propagator::B3Multi => b3::extract(carrier),
                Propagator::Xray => xray::extract(carrier),
                Propagator::Datadog => datadog::extract(carrier),
                Propagator::Baggage => {
                    let lines = carrier.get(BAGGAGE);
                    baggage.complete_from(&baggage::parse(lines.iter().map(String::as_str)));
                    None
                }
                Propagator::Jaeger => {
                    baggage.complete_from(&jaeger::extract_baggage(carrier));
                    jaeger::extract(carrier)
                }
                Propagator::Sentry => {
                    let caller = sentry::extract(carrier, self.sentry_head());
                    baggage.complete_from(&caller.entries);
                    foreign |= caller.is_foreign;
                    caller.found
                }
            };
            context = merge(context, found, *propagator);
        }
        if foreign {
            baggage.retain(|entry| !entry.key().starts_with(sentry::PREFIX));
        }
        if let Some(found) = &mut context {
            found.marks.has_head = self.list().contains(&Propagator::Sentry);
        }
        (context.map(Found::into_context), baggage)
    }
}

/// What stands after one more format was read.
fn merge(earlier: Option<Found>, found: Option<Found>, propagator: Propagator) -> Option<Found> {
    match (earlier, found) {
        (Some(mut earlier), Some(mut found)) if earlier.same_trace(&found) => {
            if propagator == Propagator::TraceContext {
                found.complete_from(&earlier);
                Some(found)
            } else {
                earlier.complete_from(&found);
                Some(earlier)
            }
        }
        (earlier, found) => earlier.or(found),
    }
}

fn inject_context(propagator: Propagator, context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    match propagator {
        Propagator::TraceContext => w3c::inject(context, set),
        Propagator::B3 => b3::inject(context, set),
        Propagator::B3Multi => b3::inject_multi(context, set),
        Propagator::Jaeger => jaeger::inject(context, set),
        Propagator::Xray => xray::inject(context, set),
        Propagator::Datadog => datadog::inject(context, set),
        Propagator::Sentry => sentry::inject(context, set),
        Propagator::Baggage => {}
    }
}

#[cfg(test)]
#[path = "composite_tests.rs"]
mod tests;
