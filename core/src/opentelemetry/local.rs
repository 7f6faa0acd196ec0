//! Finds polyspan's own span behind a context of the `opentelemetry` crate.
//!
//! That API shows of an active span its ids, flags and trace state, and nothing else of the object behind them. What a child
//! needs besides (the local trace with its clock, and a trace state that the API may not be able to hold) is kept here under
//! the span's id, for as long as the object lives.

use super::convert;
use crate::shards::Shards;
use crate::trace::Elder;
use crate::{SpanContext, SpanId};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;

struct Known {
    context: SpanContext,
    elder: Elder,
}

static KNOWN: Shards<Known> = Shards::new();

/// Remembers a span that the API is about to get.
pub(super) fn remember(context: &SpanContext, elder: Elder) {
    let known = Known {
        context: context.clone(),
        elder,
    };
    let id = context.span_id.as_u64();
    KNOWN.lock(id).insert(id, known);
}

/// Forgets a span that the API has dropped.
pub(super) fn forget(id: SpanId) {
    let id = id.as_u64();
    // Dropped when the lock is open again.
    let _known = KNOWN.lock(id).remove(&id);
}

/// What was extracted, as it was: the API's own context cannot hold every trace state. A value in the API's context.
pub(super) struct Extracted(pub(super) SpanContext);

/// Whom a context of the API names.
pub(crate) struct Parentage {
    pub(crate) context: SpanContext,
    /// Present for a live span of polyspan in this process.
    pub(crate) elder: Option<Elder>,
}

/// The parent that a context of the API names, if it is a valid one.
pub(crate) fn parentage(context: &Context) -> Option<Parentage> {
    if !context.has_active_span() {
        return None;
    }
    let span = context.span();
    let seen = span.span_context();
    if !seen.is_valid() {
        return None;
    }
    let id = convert::span_id(seen);
    let is_seen = |context: &SpanContext| {
        context.span_id == id && context.trace_id.to_bytes() == seen.trace_id().to_bytes()
    };
    if !seen.is_remote() {
        let shard = KNOWN.lock(id.as_u64());
        if let Some(known) = shard.get(&id.as_u64())
            && is_seen(&known.context)
        {
            return Some(Parentage {
                context: known.context.clone(),
                elder: Some(known.elder),
            });
        }
    }
    let context = match context.get::<Extracted>() {
        Some(Extracted(extracted)) if is_seen(extracted) => extracted.clone(),
        _ => convert::from_api(seen),
    };
    Some(Parentage {
        context,
        elder: None,
    })
}
