//! Between the types of the `opentelemetry` crate and polyspan's.

use crate::propagate::Baggage;
use crate::trace::gathered;
use crate::{SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState, Value};
use opentelemetry::baggage::{Baggage as ApiBaggage, BaggageMetadata};
use opentelemetry::trace as api;
use opentelemetry::{Array, Key, KeyValue, StringValue, Value as ApiValue};
use std::time::{SystemTime, UNIX_EPOCH};

/// A context as the API has it. Members of the trace state that the API refuses, though the standard allows them, are left
/// out; polyspan keeps the whole state wherever it sees the context again.
pub(super) fn to_api(context: &SpanContext) -> api::SpanContext {
    let state = if context.state.is_empty() {
        api::TraceState::NONE
    } else {
        // `insert` puts a member in front.
        let members: Vec<_> = context.state.members().collect();
        let members = members.into_iter().rev();
        members.fold(api::TraceState::NONE, |state, (key, value)| {
            state.insert(key, value).unwrap_or(state)
        })
    };
    api::SpanContext::new(
        api::TraceId::from_bytes(context.trace_id.to_bytes()),
        api::SpanId::from_bytes(context.span_id.to_bytes()),
        api::TraceFlags::new(context.flags.bits()),
        context.remote,
        state,
    )
}

/// A context of the API as polyspan has it.
pub(super) fn from_api(context: &api::SpanContext) -> SpanContext {
    let state = context.trace_state();
    let state = match state.into_iter().len() {
        0 => TraceState::EMPTY,
        _ => TraceState::parse(&state.header()),
    };
    SpanContext {
        trace_id: TraceId::from_bytes(context.trace_id().to_bytes()),
        span_id: span_id(context),
        flags: TraceFlags::new(context.trace_flags().to_u8()),
        remote: context.is_remote(),
        state,
    }
}

pub(super) fn span_id(context: &api::SpanContext) -> SpanId {
    SpanId::from_bytes(context.span_id().to_bytes())
}

pub(super) fn kind(kind: Option<&api::SpanKind>) -> SpanKind {
    match kind {
        Some(api::SpanKind::Server) => SpanKind::Server,
        Some(api::SpanKind::Client) => SpanKind::Client,
        Some(api::SpanKind::Producer) => SpanKind::Producer,
        Some(api::SpanKind::Consumer) => SpanKind::Consumer,
        Some(api::SpanKind::Internal) | None => SpanKind::Internal,
    }
}

pub(super) fn status(status: &api::Status) -> Status<'_> {
    match status {
        api::Status::Unset => Status::Unset,
        api::Status::Ok => Status::Ok,
        api::Status::Error { description } => Status::Error(description),
    }
}

/// Nanoseconds since the Unix epoch; a time before it is the epoch.
pub(super) fn unix_nanos(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}

/// Calls `with` with these attributes.
pub(super) fn attributes<'a, R>(
    attributes: impl IntoIterator<Item = &'a KeyValue>,
    with: impl FnOnce(&[(&'a str, Value<'a>)]) -> R,
) -> R {
    let attributes = attributes.into_iter();
    gathered(
        attributes.map(|attribute| (attribute.key.as_str(), value(&attribute.value))),
        with,
    )
}

/// A link's span, and the attributes of the link.
pub(super) type LinkParts<'a> = (SpanContext, Vec<(&'a str, Value<'a>)>);

/// The links of a span that is about to start. Most have none, and then nothing is allocated.
pub(super) fn links(links: &[api::Link]) -> Vec<LinkParts<'_>> {
    let parts = links.iter().map(|link| -> LinkParts<'_> {
        let attributes = link.attributes.iter();
        let attributes = attributes.map(|one| (one.key.as_str(), value(&one.value)));
        (from_api(&link.span_context), attributes.collect())
    });
    parts.collect()
}

pub(super) fn value(value: &ApiValue) -> Value<'_> {
    match value {
        ApiValue::Bool(value) => Value::Bool(*value),
        ApiValue::I64(value) => Value::Int(*value),
        ApiValue::F64(value) => Value::Double(*value),
        ApiValue::String(value) => Value::Str(value.as_str()),
        ApiValue::Array(array) => Value::Array(match array {
            Array::Bool(values) => values.iter().copied().map(Value::Bool).collect(),
            Array::I64(values) => values.iter().copied().map(Value::Int).collect(),
            Array::F64(values) => values.iter().copied().map(Value::Double).collect(),
            Array::String(values) => values
                .iter()
                .map(|text| Value::Str(text.as_str()))
                .collect(),
            // A list of a type that the API got later.
            _ => Vec::new(),
        }),
        // Likewise a value.
        _ => Value::Empty,
    }
}

pub(super) fn baggage_to_api(baggage: &Baggage) -> ApiBaggage {
    let mut entries = ApiBaggage::new();
    for entry in baggage {
        entries.insert_with_metadata(
            Key::from(entry.key().to_owned()),
            StringValue::from(entry.value().to_owned()),
            BaggageMetadata::from(entry.metadata()),
        );
    }
    entries
}

pub(super) fn baggage_from_api(entries: &ApiBaggage) -> Baggage {
    let mut sorted: Vec<_> = entries.iter().collect();
    sorted.sort_unstable_by_key(|(key, _)| key.as_str());
    let mut baggage = Baggage::new();
    for (key, (value, metadata)) in sorted {
        baggage.set_with_metadata(key.as_str(), value.as_str(), metadata.as_str());
    }
    baggage
}
