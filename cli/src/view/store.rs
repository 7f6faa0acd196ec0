//! The traces in memory: a bounded store that always knows where every received span went.
//!
//! received = kept + duplicates + evicted + refused (no room) + invalid (unusable ids); tests assert it.
//!
//! A span is kept in its encoded form, so its cost is known to the byte. When the bound is reached, whole
//! traces go, the one that arrived first foremost. A trace that alone is too big loses its newest spans: the
//! part that is there stays readable.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

use super::json::hex;
use super::metrics::Metrics;
use super::origin::Origin;
use super::trace::{Kept, Patience, StoredSpan, Story, Summary, Trace, TraceId};

/// What a trace costs beside its spans. Maps and vectors are on average half full, hence the factors.
const TRACE_BYTES: usize = 2 * size_of::<Trace>() + 320;
/// The same for a span: its entry, its id in the set, the allocator's own bytes.
const SPAN_BYTES: usize = 2 * size_of::<Kept>() + 40;
/// Decoded spans take several times the memory of kept ones, so only so many are handed out at once.
const TOLD_AT_ONCE: usize = 2_000;

/// Traces, metrics and the accounting of both.
pub(crate) struct Store {
    pub(crate) metrics: Metrics,
    patience: Patience,
    limit_bytes: usize,
    bytes: usize,
    traces: HashMap<TraceId, Trace>,
    by_arrival: BTreeMap<u64, TraceId>,
    /// Traces with spans that were not handed to the printer yet.
    untold: HashSet<TraceId>,
    origins: HashSet<Arc<Origin>>,
    arrivals: u64,
    counts: Counts,
}

/// Counters since the start; each is counted where it happens, none is computed from others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) requests: u64,
    pub(crate) rejected_requests: u64,
    pub(crate) received_spans: u64,
    pub(crate) duplicate_spans: u64,
    pub(crate) invalid_spans: u64,
    pub(crate) refused_spans: u64,
    pub(crate) evicted_traces: u64,
    pub(crate) evicted_spans: u64,
}

/// What was not kept of one request, for its partial-success answer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Rejected {
    pub(crate) count: usize,
    pub(crate) reason: String,
}

/// The present size of the store.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) traces: usize,
    pub(crate) spans: usize,
    pub(crate) bytes: usize,
    pub(crate) limit_bytes: usize,
}

impl Store {
    pub(crate) fn new(limit_bytes: usize, patience: Patience) -> Self {
        Store {
            metrics: Metrics::default(),
            patience,
            limit_bytes,
            bytes: 0,
            traces: HashMap::new(),
            by_arrival: BTreeMap::new(),
            untold: HashSet::new(),
            origins: HashSet::new(),
            arrivals: 0,
            counts: Counts::default(),
        }
    }

    /// Takes in the spans of one request.
    pub(crate) fn receive(&mut self, request: Vec<ResourceSpans>, now: Instant) -> Rejected {
        let mut rejected = Rejected::default();
        for ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        } in request
        {
            for ScopeSpans {
                scope,
                spans,
                schema_url: scope_schema_url,
            } in scope_spans
            {
                let scope = ScopeSpans {
                    scope,
                    spans: Vec::new(),
                    schema_url: scope_schema_url,
                };
                let origin = self.intern(Origin::new(ResourceSpans {
                    resource: resource.clone(),
                    scope_spans: vec![scope],
                    schema_url: schema_url.clone(),
                }));
                for span in spans {
                    self.counts.received_spans += 1;
                    if let Err(reason) = self.keep(&origin, &span, now) {
                        rejected.count += 1;
                        rejected.reason = reason;
                    }
                }
                self.release(&origin);
            }
        }
        rejected
    }

    fn intern(&mut self, origin: Origin) -> Arc<Origin> {
        if let Some(known) = self.origins.get(&origin) {
            return known.clone();
        }
        let origin = Arc::new(origin);
        self.origins.insert(origin.clone());
        origin
    }

    /// Forgets an origin that only the table and the caller still hold.
    fn release(&mut self, origin: &Arc<Origin>) {
        if Arc::strong_count(origin) == 2 {
            self.origins.remove(origin);
        }
    }

    fn keep(&mut self, origin: &Arc<Origin>, span: &Span, now: Instant) -> Result<(), String> {
        let (Some(id), Some(span_id)) = (id::<16>(&span.trace_id), id::<8>(&span.span_id)) else {
            self.counts.invalid_spans += 1;
            return Err(format!(
                "span {:?} has trace id \"{}\" and span id \"{}\"; they must be 16 and 8 bytes, not all zero",
                span.name,
                hex(&span.trace_id),
                hex(&span.span_id)
            ));
        };
        let known = self.traces.get(&id);
        if known.is_some_and(|trace| trace.ids.contains(&span_id)) {
            self.counts.duplicate_spans += 1;
            return Ok(());
        }
        let new_origin = !known.is_some_and(|trace| trace.has(origin));
        let cost = SPAN_BYTES
            + span.encoded_len()
            + if new_origin { origin.memory_bytes() } else { 0 }
            + if known.is_none() { TRACE_BYTES } else { 0 };
        self.make_room(cost, id)?;

        let trace = self.traces.entry(id).or_insert_with(|| {
            self.arrivals += 1;
            self.by_arrival.insert(self.arrivals, id);
            Trace::new(self.arrivals, now)
        });
        trace.add(origin.clone(), span, span_id, now);
        trace.bytes += cost;
        self.bytes += cost;
        self.untold.insert(id);
        Ok(())
    }

    /// Evicts the oldest traces, but never `spared`, until `cost` more bytes fit.
    fn make_room(&mut self, cost: usize, spared: TraceId) -> Result<(), String> {
        let others = self.bytes - self.traces.get(&spared).map_or(0, |trace| trace.bytes);
        if self.bytes - others + cost > self.limit_bytes {
            self.counts.refused_spans += 1;
            return Err(format!(
                "trace {} alone fills the viewer's memory bound of {} bytes; raise --memory-mb",
                hex(&spared),
                self.limit_bytes
            ));
        }
        while self.bytes + cost > self.limit_bytes {
            let oldest = self
                .by_arrival
                .iter()
                .find(|(_, id)| **id != spared)
                .map(|(arrival, id)| (*arrival, *id));
            let Some((arrival, id)) = oldest else { break };
            self.by_arrival.remove(&arrival);
            self.untold.remove(&id);
            if let Some(trace) = self.traces.remove(&id) {
                self.bytes -= trace.bytes;
                self.counts.evicted_traces += 1;
                self.counts.evicted_spans += trace.spans.len() as u64;
                drop(trace.spans);
                for origin in trace.origins {
                    self.release(&origin);
                }
            }
        }
        Ok(())
    }

    /// The first of the traces whose time to be told has come; each span is told once.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Story> {
        self.tell(|trace, patience| trace.due_at(patience) <= now)
    }

    /// The first of everything untold, for the end of the program.
    pub(crate) fn rest(&mut self) -> Vec<Story> {
        self.tell(|_, _| true)
    }

    fn tell(&mut self, is_due: impl Fn(&Trace, Patience) -> bool) -> Vec<Story> {
        let patience = self.patience;
        let mut due: Vec<_> = self
            .untold
            .iter()
            .filter_map(|id| Some((self.traces.get(id)?, *id)))
            .filter(|(trace, _)| is_due(trace, patience))
            .map(|(trace, id)| (trace.last_seen, trace.arrival, id))
            .collect();
        due.sort_unstable();
        let mut stories: Vec<Story> = Vec::new();
        let mut spans = 0;
        for (_, _, id) in due {
            if spans >= TOLD_AT_ONCE {
                break;
            }
            self.untold.remove(&id);
            if let Some(trace) = self.traces.get_mut(&id) {
                let story = trace.story();
                spans += story.spans.len();
                stories.push(story);
            }
        }
        stories
    }

    /// When [`Store::due`] will next have something, if nothing else arrives.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.untold
            .iter()
            .filter_map(|id| self.traces.get(id))
            .map(|trace| trace.due_at(self.patience))
            .min()
    }

    /// Whether every trace has been told.
    pub(crate) fn is_idle(&self) -> bool {
        self.untold.is_empty()
    }

    /// All spans of one trace, in the order of their arrival.
    pub(crate) fn trace(&self, id: &TraceId) -> Option<Vec<StoredSpan>> {
        Some(self.traces.get(id)?.decode())
    }

    /// The traces, the newest first.
    pub(crate) fn summaries(&self, most: usize) -> Vec<Summary> {
        let newest = self.by_arrival.values().rev().take(most);
        newest
            .filter_map(|id| Some(self.traces.get(id)?.summary(*id)))
            .collect()
    }

    pub(crate) fn size(&self) -> Size {
        Size {
            traces: self.traces.len(),
            spans: self.traces.values().map(|trace| trace.spans.len()).sum(),
            bytes: self.bytes,
            limit_bytes: self.limit_bytes,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) fn count_request(&mut self, accepted: bool) {
        self.counts.requests += 1;
        self.counts.rejected_requests += u64::from(!accepted);
    }
}

fn id<const LENGTH: usize>(bytes: &[u8]) -> Option<[u8; LENGTH]> {
    bytes.try_into().ok().filter(|id| *id != [0; LENGTH])
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
