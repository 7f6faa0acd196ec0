//! Finished spans to read: what an OTLP request says, as plain Rust values.
//!
//! The way from a span to its destinations is bytes only; this is for those who look at the other end, tests
//! ([`super::memory`]) and the console ([`super::console`]). What is here is what leaves the process: redacted and cut.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ScopeSpans, Span, Status};
use prost::{DecodeError, Message};

use crate::trace::{OwnedValue, SpanId, SpanKind, TraceFlags, TraceId};

/// Whether the remoteness of the parent or of a link is known, and what it is (`trace.proto`, `SpanFlags`).
const HAS_IS_REMOTE: u32 = 1 << 8;
const IS_REMOTE: u32 = 1 << 9;

/// Attributes in their order; keys are unique.
pub type FinishedAttributes = Vec<(String, OwnedValue)>;

/// A span that has ended, as it leaves the process.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FinishedSpan {
    /// The trace it belongs to.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// Its parent; `None` for a root.
    pub parent_span_id: Option<SpanId>,
    /// Whether the parent is in another process; `None` if that is not known.
    pub parent_is_remote: Option<bool>,
    /// The W3C flags of its context.
    pub flags: TraceFlags,
    /// The `tracestate` of its context, empty if there is none.
    pub trace_state: String,
    /// Its name.
    pub name: String,
    /// Its place between processes.
    pub kind: SpanKind,
    /// When it started.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// How it went.
    pub status: FinishedStatus,
    /// Its attributes.
    pub attributes: FinishedAttributes,
    /// Attributes that a limit dropped.
    pub dropped_attributes: u32,
    /// Its events, in the order in which they were added.
    pub events: Vec<FinishedEvent>,
    /// Events that a limit dropped.
    pub dropped_events: u32,
    /// Its links, in the order in which they were added.
    pub links: Vec<FinishedLink>,
    /// Links that a limit dropped.
    pub dropped_links: u32,
    /// What made it.
    pub scope: Arc<FinishedScope>,
    /// The attributes of what produced it, such as `service.name`.
    pub resource: Arc<FinishedAttributes>,
}

/// How an operation went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum FinishedStatus {
    /// Nobody said.
    #[default]
    Unset,
    /// It went well.
    Ok,
    /// It failed, with a description that may be empty.
    Error(String),
}

/// Something that happened at a moment of a span.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FinishedEvent {
    /// When.
    pub time: SystemTime,
    /// What.
    pub name: String,
    /// Its attributes.
    pub attributes: FinishedAttributes,
    /// Attributes that a limit dropped.
    pub dropped_attributes: u32,
}

/// A reference to a span that is not the parent.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FinishedLink {
    /// The trace of the other span.
    pub trace_id: TraceId,
    /// The other span.
    pub span_id: SpanId,
    /// The W3C flags of its context.
    pub flags: TraceFlags,
    /// Whether it is in another process; `None` if that is not known.
    pub is_remote: Option<bool>,
    /// The `tracestate` of its context, empty if there is none.
    pub trace_state: String,
    /// The link's attributes.
    pub attributes: FinishedAttributes,
    /// Attributes that a limit dropped.
    pub dropped_attributes: u32,
}

/// The part of a program that made a span.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedScope {
    /// Such as the name of a library.
    pub name: String,
    /// Its version, empty if there is none.
    pub version: String,
    /// Where its attributes are defined, empty if nowhere.
    pub schema_url: String,
    /// Its attributes.
    pub attributes: FinishedAttributes,
}

impl FinishedSpan {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&OwnedValue> {
        find(&self.attributes, key)
    }

    /// `service.name` of the resource; empty if there is none.
    pub fn service(&self) -> &str {
        match find(&self.resource, "service.name") {
            Some(OwnedValue::Str(name)) => name,
            _ => "",
        }
    }

    /// How long it took.
    pub fn duration(&self) -> Duration {
        self.end.duration_since(self.start).unwrap_or_default()
    }

    /// Whether it is the first span of its trace in this process.
    pub fn is_local_root(&self) -> bool {
        self.parent_span_id.is_none() || self.parent_is_remote == Some(true)
    }
}

/// The value of a key.
pub(super) fn find<'a>(attributes: &'a FinishedAttributes, key: &str) -> Option<&'a OwnedValue> {
    let found = attributes.iter().find(|(name, _)| name == key);
    found.map(|(_, value)| value)
}

/// The spans of an encoded `ExportTraceServiceRequest`, in their order.
pub(super) fn spans(request: &[u8]) -> Result<Vec<FinishedSpan>, DecodeError> {
    let request = ExportTraceServiceRequest::decode(request)?;
    let mut spans = Vec::new();
    for resource_spans in request.resource_spans {
        let resource = resource_spans.resource.unwrap_or_default();
        let resource = Arc::new(attributes(resource.attributes));
        for scope_spans in resource_spans.scope_spans {
            let scope = Arc::new(scope(&scope_spans));
            let of_scope = scope_spans.spans.into_iter();
            spans.extend(of_scope.map(|one| span(one, &scope, &resource)));
        }
    }
    Ok(spans)
}

fn scope(scope_spans: &ScopeSpans) -> FinishedScope {
    let scope = scope_spans.scope.clone().unwrap_or_default();
    FinishedScope {
        name: scope.name,
        version: scope.version,
        schema_url: scope_spans.schema_url.clone(),
        attributes: attributes(scope.attributes),
    }
}

fn span(
    span: Span,
    scope: &Arc<FinishedScope>,
    resource: &Arc<FinishedAttributes>,
) -> FinishedSpan {
    FinishedSpan {
        trace_id: trace_id(&span.trace_id),
        span_id: span_id(&span.span_id),
        parent_span_id: Some(span_id(&span.parent_span_id)).filter(|id| id.is_valid()),
        parent_is_remote: is_remote(span.flags),
        flags: w3c(span.flags),
        trace_state: span.trace_state,
        name: span.name,
        kind: SpanKind::from_number(span.kind.unsigned_abs()),
        start: time(span.start_time_unix_nano),
        end: time(span.end_time_unix_nano),
        status: status(span.status.unwrap_or_default()),
        attributes: attributes(span.attributes),
        dropped_attributes: span.dropped_attributes_count,
        events: span.events.into_iter().map(event).collect(),
        dropped_events: span.dropped_events_count,
        links: span.links.into_iter().map(link).collect(),
        dropped_links: span.dropped_links_count,
        scope: scope.clone(),
        resource: resource.clone(),
    }
}

fn event(event: Event) -> FinishedEvent {
    FinishedEvent {
        time: time(event.time_unix_nano),
        name: event.name,
        attributes: attributes(event.attributes),
        dropped_attributes: event.dropped_attributes_count,
    }
}

fn link(link: Link) -> FinishedLink {
    FinishedLink {
        trace_id: trace_id(&link.trace_id),
        span_id: span_id(&link.span_id),
        flags: w3c(link.flags),
        is_remote: is_remote(link.flags),
        trace_state: link.trace_state,
        attributes: attributes(link.attributes),
        dropped_attributes: link.dropped_attributes_count,
    }
}

fn status(status: Status) -> FinishedStatus {
    match status.code() {
        StatusCode::Unset => FinishedStatus::Unset,
        StatusCode::Ok => FinishedStatus::Ok,
        StatusCode::Error => FinishedStatus::Error(status.message),
    }
}

pub(super) fn attributes(pairs: Vec<KeyValue>) -> FinishedAttributes {
    let pairs = pairs.into_iter();
    pairs.map(|pair| (pair.key, value(pair.value))).collect()
}

fn value(given: Option<AnyValue>) -> OwnedValue {
    use any_value::Value;
    match given.and_then(|given| given.value) {
        Some(Value::StringValue(text)) => OwnedValue::Str(text),
        Some(Value::BoolValue(truth)) => OwnedValue::Bool(truth),
        Some(Value::IntValue(number)) => OwnedValue::Int(number),
        Some(Value::DoubleValue(number)) => OwnedValue::Double(number),
        Some(Value::BytesValue(bytes)) => OwnedValue::Bytes(bytes),
        Some(Value::ArrayValue(list)) => {
            let values = list.values.into_iter();
            OwnedValue::Array(values.map(|one| value(Some(one))).collect())
        }
        Some(Value::KvlistValue(map)) => OwnedValue::Map(attributes(map.values)),
        // An index into a string table belongs to profiles.
        Some(_) | None => OwnedValue::Empty,
    }
}

fn trace_id(bytes: &[u8]) -> TraceId {
    TraceId::from_bytes(bytes.try_into().unwrap_or_default())
}

fn span_id(bytes: &[u8]) -> SpanId {
    SpanId::from_bytes(bytes.try_into().unwrap_or_default())
}

fn w3c(flags: u32) -> TraceFlags {
    TraceFlags::new((flags & 0xff) as u8)
}

fn is_remote(flags: u32) -> Option<bool> {
    (flags & HAS_IS_REMOTE != 0).then_some(flags & IS_REMOTE != 0)
}

fn time(unix_nanos: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(unix_nanos)
}
